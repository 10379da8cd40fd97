//! How Python words things.

use landfall_client::{
    Error, FoundNetwork, TransportError,
    protocomm::{client::Error as HandshakeError, wire::AuthMode},
};

use crate::print::text::{hex, printable};

/// What the original prints where a request failed.
pub(super) fn error_text(error: &Error) -> String {
    match error {
        Error::Transport(error) => transport_error_text(error),
        // An error status raises an error without text there (spec esp_prov.md 6).
        Error::Status { .. } => String::new(),
        // The device closes the connection on a wrong proof, and that is all that can be seen.
        Error::WrongSecret => transport_error_text(&TransportError::Refused),
        other => other.to_string(),
    }
}

fn transport_error_text(error: &TransportError) -> String {
    match error {
        TransportError::Refused => "Connection Failure : Remote end closed connection without response".into(),
        TransportError::NoSuchEndpoint => "Server responded with error code 404".into(),
        TransportError::Busy => "Server responded with error code 503".into(),
        TransportError::TimedOut(_) => "Connection Failure : timed out".into(),
        TransportError::Unreachable(why) | TransportError::Lost(why) => format!("Connection Failure : {why}"),
        other => format!("Connection Failure : {other}"),
    }
}

/// The cause that is printed where no session came about (spec esp_prov.md 2, step 6).
pub(super) fn session_error_text(error: &Error, scheme: u8) -> String {
    match (error, scheme) {
        (Error::Handshake(HandshakeError::SchemeMismatch), _) => "Incorrect security scheme".into(),
        (Error::Handshake(HandshakeError::WrongProof | HandshakeError::InvalidParameter(_)), 1) => {
            "Failed to verify device!".into()
        }
        (Error::Handshake(HandshakeError::WrongProof), _) => "Failed to verify device proof".into(),
        (Error::Handshake(HandshakeError::InvalidParameter(_)), _) => "Failed to generate client proof!".into(),
        (Error::Handshake(_), _) => "Unsupported security protocol".into(),
        _ => error_text(error),
    }
}

/// Bytes as a Python literal.
pub(super) fn bytes_literal(octets: &[u8]) -> String {
    let quote = if octets.contains(&b'\'') && !octets.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let inner: String = octets
        .iter()
        .map(|&byte| match byte {
            b'\\' => "\\\\".into(),
            b'\t' => "\\t".into(),
            b'\n' => "\\n".into(),
            b'\r' => "\\r".into(),
            b'\'' if quote == '\'' => "\\'".into(),
            0x20..0x7f => char::from(byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        })
        .collect();
    format!("b{quote}{inner}{quote}")
}

/// Seconds as Python prints a float.
pub(super) fn seconds(duration: core::time::Duration) -> String {
    format!("{:?} sec", duration.as_secs_f64())
}

/// The headings of the scan table.
pub(super) fn scan_heading() -> String {
    row("S.N.", "SSID", "BSSID", "CHN", "RSSI", "AUTH")
}

/// One row of the scan table.
pub(super) fn scan_row(number: usize, network: &FoundNetwork) -> String {
    row(
        &format!("[{number:>2}]"),
        &ssid(&network.ssid),
        &hex(&network.bssid),
        &network.channel.to_string(),
        &network.rssi.to_string(),
        &auth_name(network.auth),
    )
}

/// A network's name as it is shown.
pub(super) fn ssid(octets: &[u8]) -> String {
    let end = octets.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    printable(octets.get(..end).unwrap_or_default())
}

fn row(number: &str, ssid: &str, bssid: &str, channel: &str, rssi: &str, auth: &str) -> String {
    format!("{number:>4} {ssid:<33} {bssid:<12} {channel:>4} {rssi:<4} {auth:<16}")
}

fn auth_name(auth: AuthMode) -> String {
    match auth {
        AuthMode::Open => "Open".into(),
        AuthMode::Wep => "WEP".into(),
        AuthMode::WpaPsk => "WPA_PSK".into(),
        AuthMode::Wpa2Psk => "WPA2_PSK".into(),
        AuthMode::WpaWpa2Psk => "WPA_WPA2_PSK".into(),
        AuthMode::Wpa2Enterprise => "WPA2_ENTERPRISE".into(),
        AuthMode::Wpa3Psk => "WPA3_PSK".into(),
        AuthMode::Wpa2Wpa3Psk => "WPA2_WPA3_PSK".into(),
        AuthMode::WapiPsk => "WAPI_PSK".into(),
        AuthMode::Owe => "OWE".into(),
        AuthMode::Wpa3Enterprise192 => "WPA3_ENT_192".into(),
        AuthMode::Other(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_quoted_as_python_quotes_them() {
        assert_eq!(bytes_literal(b"SUCCESS\0"), r"b'SUCCESS\x00'");
        assert_eq!(bytes_literal(b"it's"), r#"b"it's""#);
        assert_eq!(bytes_literal(b"'\"\\\n\x7f\xff"), r#"b'\'"\\\n\x7f\xff'"#);
    }

    #[test]
    fn the_seed_s_rows_come_out_in_its_columns() {
        let network = FoundNetwork {
            ssid: b"MyHomeWiFiAP".to_vec(),
            bssid: vec![0x78, 0x8a, 0x20, 0x84, 0x19, 0x96],
            channel: 1,
            rssi: -45,
            auth: AuthMode::Wpa2Psk,
        };
        assert_eq!(
            scan_heading(),
            "S.N. SSID                              BSSID         CHN RSSI AUTH            "
        );
        assert_eq!(
            scan_row(1, &network),
            "[ 1] MyHomeWiFiAP                      788a20841996    1 -45  WPA2_PSK        "
        );
    }

    #[test]
    fn authentication_modes_beyond_the_protocol_s_are_listed() {
        assert_eq!(auth_name(AuthMode::Owe), "OWE");
        assert_eq!(auth_name(AuthMode::Other(16)), "16");
    }
}

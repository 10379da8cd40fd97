//! How Python words things.

use landfall_client::{Error, TransportError, protocomm::client::Error as HandshakeError};

use super::link::Way;
use crate::print::text::printable;

/// What the original prints where a request failed that went this `way`.
pub(super) fn error_text(error: &Error, way: Way) -> String {
    match error {
        Error::Transport(error) => transport_error_text(error, way),
        // An error status raises an error without text there (spec esp_prov.md 6).
        Error::Status { .. } => String::new(),
        // The device does not answer a wrong proof, and that is all that can be seen.
        Error::WrongSecret => transport_error_text(&TransportError::Refused, way),
        other => other.to_string(),
    }
}

/// What the original prints of a connection that failed.
pub(super) fn transport_error_text(error: &TransportError, way: Way) -> String {
    match (error, way) {
        (error, Way::Http) => http_error_text(error),
        // Of an endpoint that there is not.
        (TransportError::Protocol(text), _) => text.clone(),
        (TransportError::Refused, Way::ByHand) => "Connection Failure : the device gave no answer".into(),
        // There the Bluetooth library's own exceptions end the program.
        (TransportError::Unreachable(why) | TransportError::Lost(why), _) => format!("Connection Failure : {why}"),
        (other, _) => format!("Connection Failure : {other}"),
    }
}

fn http_error_text(error: &TransportError) -> String {
    match error {
        TransportError::Refused => "Connection Failure : Remote end closed connection without response".into(),
        TransportError::NoSuchEndpoint => server_error_text(404),
        TransportError::Busy => server_error_text(503),
        TransportError::HttpStatus(status) => server_error_text(*status),
        TransportError::TimedOut(_) => "Connection Failure : timed out".into(),
        TransportError::Unreachable(why) | TransportError::Lost(why) => {
            format!("Connection Failure : {}", system_error_text(why))
        }
        other => format!("Connection Failure : {other}"),
    }
}

fn server_error_text(status: u16) -> String {
    format!("Server responded with error code {status}")
}

/// An error of the system in Python's words: its number comes first. Other text stays as it is.
fn system_error_text(text: &str) -> String {
    let numbered = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once(" (os error "))
        .filter(|(_, number)| number.parse::<u16>().is_ok());
    match numbered {
        Some((what, number)) => format!("[Errno {number}] {what}"),
        None => text.to_owned(),
    }
}

/// The cause that is printed where no session came about (spec esp_prov.md 2, step 6).
pub(super) fn session_error_text(error: &Error, scheme: u8, way: Way) -> String {
    match (error, scheme) {
        (Error::Handshake(HandshakeError::SchemeMismatch), _) => "Incorrect security scheme".into(),
        (Error::Handshake(HandshakeError::WrongProof | HandshakeError::InvalidParameter(_)), 1) => {
            "Failed to verify device!".into()
        }
        (Error::Handshake(HandshakeError::WrongProof), _) => "Failed to verify device proof".into(),
        (Error::Handshake(HandshakeError::InvalidParameter(_)), _) => "Failed to generate client proof!".into(),
        (Error::Handshake(_), _) => "Unsupported security protocol".into(),
        _ => error_text(error, way),
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

/// A text of several lines as it is shown. The original prints it raw; here its lines and tabs stay as they are, and
/// nothing else drives a terminal.
pub(super) fn printable_text(text: &str) -> String {
    let line = |line: &str| {
        let parts: Vec<_> = line.split('\t').map(|part| printable(part.as_bytes())).collect();
        parts.join("\t")
    };
    let lines: Vec<_> = text.lines().map(line).collect();
    lines.join("\n")
}

/// A network's name as it is shown.
pub(super) fn ssid(octets: &[u8]) -> String {
    let end = octets.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    printable(octets.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_lines_and_tabs_and_nothing_else_that_drives_a_terminal() {
        assert_eq!(
            printable_text("{\r\n\t\"prov\":\t{\x1b[2J}\n\n}"),
            "{\n\t\"prov\":\t{\\x1b[2J}\n\n}"
        );
    }

    #[test]
    fn bytes_are_quoted_as_python_quotes_them() {
        assert_eq!(bytes_literal(b"SUCCESS\0"), r"b'SUCCESS\x00'");
        assert_eq!(bytes_literal(b"it's"), r#"b"it's""#);
        assert_eq!(bytes_literal(b"'\"\\\n\x7f\xff"), r#"b'\'"\\\n\x7f\xff'"#);
    }

    #[test]
    fn connections_fail_in_python_s_words() {
        for (error, expected) in [
            (
                TransportError::Unreachable("Connection refused (os error 111)".into()),
                "Connection Failure : [Errno 111] Connection refused",
            ),
            (
                TransportError::Unreachable("a reason (os error unknown)".into()),
                "Connection Failure : a reason (os error unknown)",
            ),
            (TransportError::TimedOut(60), "Connection Failure : timed out"),
            (TransportError::NoSuchEndpoint, "Server responded with error code 404"),
            (TransportError::HttpStatus(431), "Server responded with error code 431"),
        ] {
            assert_eq!(transport_error_text(&error, Way::Http), expected);
        }
    }
}

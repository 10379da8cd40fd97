//! Bytes from the air as text that cannot drive a terminal.

use core::fmt::Write as _;

use landfall_client::protocomm::wire::AuthMode;
use serde::{Deserialize, Serialize};

/// A network's name for machines: text, and hex where text cannot say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    pub(crate) ssid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ssid_hex: Option<String>,
}

impl Name {
    /// Takes the octets of a name.
    pub(crate) fn new(octets: &[u8]) -> Self {
        let ssid = String::from_utf8_lossy(octets).into_owned();
        let ssid_hex = core::str::from_utf8(octets).is_err().then(|| hex(octets));
        Self { ssid, ssid_hex }
    }
}

/// Text where it is text; control characters and bytes that are no UTF-8 as `\xNN`, so that nothing a device or a
/// network says can drive a terminal.
pub(crate) fn printable(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || is_invisible(c) {
                let mut buffer = [0; 4];
                c.encode_utf8(&mut buffer)
                    .bytes()
                    .for_each(|byte| escape(&mut text, byte));
            } else {
                text.push(c);
            }
        }
        chunk.invalid().iter().for_each(|byte| escape(&mut text, *byte));
    }
    text
}

/// A line of JSON that says the same, in which nothing can drive a terminal: outside of strings there is none of these
/// characters, and inside of them each can be written by its number.
pub(crate) fn printable_json(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_control() || is_invisible(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// Whether a character turns the direction of what follows, or makes two names look alike: joiners, marks, line and
/// paragraph separators, embeddings, isolates, annotations, tags, the byte order mark (Unicode Standard Annex 9; general
/// category Cf).
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// A network's name, or a word for one that hides it.
pub(crate) fn network_name(octets: &[u8]) -> String {
    if octets.is_empty() {
        "(hidden)".to_owned()
    } else {
        printable(octets)
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads hex digits, blanks and colons between them allowed; `None` if it is anything else.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// An access point's address as people write it.
pub(crate) fn address(octets: &[u8]) -> String {
    octets
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}

/// A way of authentication as people call it.
pub(crate) fn auth_name(auth: AuthMode) -> String {
    match auth {
        AuthMode::Open => "open".into(),
        AuthMode::Wep => "WEP".into(),
        AuthMode::WpaPsk => "WPA".into(),
        AuthMode::Wpa2Psk => "WPA2".into(),
        AuthMode::WpaWpa2Psk => "WPA/WPA2".into(),
        AuthMode::Wpa2Enterprise => "WPA2 Enterprise".into(),
        AuthMode::Wpa3Psk => "WPA3".into(),
        AuthMode::Wpa2Wpa3Psk => "WPA2/WPA3".into(),
        AuthMode::WapiPsk => "WAPI".into(),
        AuthMode::Owe => "OWE".into(),
        AuthMode::Wpa3Enterprise192 => "WPA3 Enterprise".into(),
        AuthMode::Other(number) => format!("mode {number}"),
    }
}

fn escape(text: &mut String, byte: u8) {
    let _ = write!(text, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_drive_a_terminal() {
        assert_eq!(printable(b"caf\xc3\xa9 \x1b[2J\xff"), "café \\x1b[2J\\xff");
        assert_eq!(printable("\u{9b}31m".as_bytes()), "\\xc2\\x9b31m");
        assert_eq!(printable("a\u{202e}b".as_bytes()), "a\\xe2\\x80\\xaeb");
        assert_eq!(printable("a\u{61c}b".as_bytes()), "a\\xd8\\x9cb");
    }

    #[test]
    fn json_that_says_the_same_cannot_either() {
        let name = "caf\u{e9} \u{9b}31m\u{202e}\u{e0041}\u{7f}";
        let line = serde_json::to_string(name).expect("text");
        let shown = printable_json(&line);
        assert_eq!(shown, "\"caf\u{e9} \\u009b31m\\u202e\\udb40\\udc41\\u007f\"");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), name);
    }

    #[test]
    fn names_that_are_no_text_carry_their_hex() {
        assert_eq!(Name::new(b"home").ssid_hex, None);
        assert_eq!(Name::new(b"\xffhome").ssid_hex.as_deref(), Some("ff686f6d65"));
    }

    #[test]
    fn hex_is_read_back_and_halves_are_refused() {
        assert_eq!(from_hex(&hex(&[0, 0x7f, 0xff])), Some(vec![0, 0x7f, 0xff]));
        assert_eq!(from_hex("78:8a 20"), Some(vec![0x78, 0x8a, 0x20]));
        assert_eq!(from_hex("abc"), None);
        assert_eq!(from_hex("zz"), None);
    }
}

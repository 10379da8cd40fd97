//! Answers as people paste them.

/// Why pasted text is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotHex {
    /// It is something else.
    Text,
    /// It is the word of a Bluetooth tool for a link that is not secure enough.
    Unpaired,
}

/// Reads bytes as tools show them: two digits each, in either case; blanks, commas, colons, dashes and `0x` between
/// them do not matter. Nothing at all means that the device gave no answer.
pub(super) fn read(text: &str) -> Result<Vec<u8>, NotHex> {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | '-');
    let digits: String = text
        .split(is_separator)
        .filter(|group| *group != "(0x)")
        .map(|group| group.trim_start_matches("0x").trim_start_matches("0X"))
        .collect();
    crate::print::text::from_hex(&digits).ok_or_else(|| {
        if is_link_error(text) {
            NotHex::Unpaired
        } else {
            NotHex::Text
        }
    })
}

/// Whether a tool says Insufficient Authentication (0x05), Authorization (0x08) or Encryption (0x0F): devices with
/// FORCE_ENCRYPTION refuse writes so until the link is encrypted (spec transports.md 1.5).
fn is_link_error(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "insuf",
        "authentic",
        "encrypt",
        "authoriz",
        "not permitted",
        "notpermitted",
    ]
    .iter()
    .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_tools_show_them() {
        for text in [
            "10015a25",
            "10015A25",
            "  10 01 5a 25\r",
            "0x10015a25",
            "0x10 0x01 0x5A 0X25",
            "(0x) 10-01-5A-25",
            "10:01:5a:25",
            "10, 01, 5a, 25",
        ] {
            assert_eq!(read(text), Ok(vec![0x10, 0x01, 0x5a, 0x25]), "{text:?}");
        }
        assert_eq!(read("00"), Ok(vec![0]));
    }

    #[test]
    fn nothing_is_no_answer() {
        for text in ["", " ", "\r", "0x", "(0x)"] {
            assert_eq!(read(text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_hex_is_told_from_a_link_that_is_not_secure() {
        for text in ["1", "100", "hello", "10 01 5g", "é", "error: timeout"] {
            assert_eq!(read(text), Err(NotHex::Text), "{text:?}");
        }
        for text in [
            "Insufficient Authentication (0x05)",
            "GATT INSUF ENCRYPTION",
            "Attribute requires authentication before read/write",
            "org.bluez.Error.NotPermitted",
        ] {
            assert_eq!(read(text), Err(NotHex::Unpaired), "{text:?}");
        }
    }
}

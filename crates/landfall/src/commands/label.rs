//! The text of a device's QR code (spec manager.md 9).

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// What a code tells. Unknown members are ignored.
#[derive(Deserialize)]
pub(super) struct Label {
    pub(super) pop: Option<Zeroizing<String>>,
    pub(super) username: Option<String>,
    pub(super) security: Option<u8>,
    transport: Option<String>,
}

impl Label {
    /// Reads the text of a code, or the address that devices print under it.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let payload = text.split_once("?data=").map_or(text, |(_, payload)| payload).trim();
        let label: Self = serde_json::from_str(payload).map_err(|_| {
            Failure::usage("the text of the QR code cannot be read")
                .because("it is not JSON of the kind that devices show")
                .hint("quote it for the shell: --qr '{\"ver\":\"v1\",\"name\":...}'")
        })?;
        match label.transport.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("softap") => Ok(label),
            Some(other) => Err(Failure::usage(format!(
                "the device is reached by {}",
                crate::print::text::printable(other.as_bytes())
            ))
            .because("this version of the program speaks HTTP only")
            .hint("provision it with a phone, or switch the device to SoftAP")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_and_the_address_under_it_mean_the_same() {
        let payload =
            r#"{"ver":"v1","name":"PROV_EA69FC","username":"wifiprov","pop":"abcd1234","transport":"softap"}"#;
        let url = format!("https://espressif.github.io/esp-jumpstart/qrcode.html?data={payload}");
        for text in [payload, &url] {
            let label = Label::parse(text).expect("a good label");
            assert_eq!(label.pop.as_ref().map(|pop| pop.as_str()), Some("abcd1234"));
            assert_eq!(label.username.as_deref(), Some("wifiprov"));
        }
    }

    #[test]
    fn a_bluetooth_device_is_refused_with_a_way_out() {
        let failure = Label::parse(r#"{"ver":"v1","name":"PROV_EA69FC","transport":"ble"}"#)
            .err()
            .expect("a failure");
        assert!(!failure.hints.is_empty());
    }

    #[test]
    fn a_text_that_cannot_be_read_is_not_repeated() {
        let failure = Label::parse("{\"pop\":\"s3cret\"").err().expect("a failure");
        assert!(!format!("{failure:?}").contains("s3cret"));
    }
}

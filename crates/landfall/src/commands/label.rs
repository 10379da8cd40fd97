//! A device's label: what its QR code says (spec manager.md 9).

use std::{
    fs::File,
    io::{self, Read},
};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::picture;
use crate::{
    args::TransportKind,
    failure::{Failure, Problem},
    print::text::printable,
};

/// What a code tells. Unknown members are ignored.
#[derive(Deserialize)]
pub(super) struct Label {
    pub(super) name: Option<String>,
    /// The secret, whatever the scheme.
    pub(super) pop: Option<Zeroizing<String>>,
    pub(super) username: Option<String>,
    /// The scheme, which the device may have outgrown since the label was printed.
    pub(super) security: Option<u8>,
    transport: Option<String>,
    /// The key of the device's access point.
    #[serde(rename = "password")]
    pub(super) service_key: Option<Zeroizing<String>>,
}

impl Label {
    /// The label that `given` is or leads to: a code's text, the address under it, a file with one of these or with a
    /// picture of a code; `-` is standard input.
    ///
    /// # Errors
    /// [`Problem::FileUnreadable`], [`Problem::QrPicture`], [`Problem::QrUnreadable`]. None of them repeats what was
    /// given: it may be a secret.
    pub(super) fn find(given: &str) -> Result<Self, Failure> {
        if is_text(given) {
            Self::parse(given)
        } else {
            Self::from_file(given)
        }
    }

    /// How the device is reached, if the label says it.
    ///
    /// # Errors
    /// [`Problem::QrTransport`] if that is a way that this program does not have.
    pub(super) fn transport(&self) -> Result<Option<TransportKind>, Failure> {
        match self.transport.as_deref() {
            None => Ok(None),
            Some(transport) if transport.eq_ignore_ascii_case("softap") => Ok(Some(TransportKind::Softap)),
            Some(transport) if transport.eq_ignore_ascii_case("ble") => Ok(Some(TransportKind::Ble)),
            Some(other) => Err(Failure::new(Problem::QrTransport).saying(format!(
                "the device is reached by {}",
                printable(other.to_ascii_lowercase().as_bytes())
            ))),
        }
    }

    /// Reads the text of a code, or the address that devices print under it.
    fn parse(text: &str) -> Result<Self, Failure> {
        Self::read(text).ok_or_else(|| Failure::new(Problem::QrUnreadable))
    }

    fn from_file(path: &str) -> Result<Self, Failure> {
        let content = read_file(path).map_err(|error| {
            Failure::new(Problem::FileUnreadable)
                .saying("the file given with --qr cannot be read")
                .because(error)
                .hint("a code's text begins with a brace: quote it for the shell, --qr '{\"ver\":\"v1\",...}'")
        })?;
        if picture::is_picture(&content) {
            return Self::from_picture(content);
        }
        match core::str::from_utf8(&content) {
            Ok(text) if is_text(text) => Self::parse(text),
            _ => Err(Failure::new(Problem::QrPicture)
                .saying("the file given with --qr holds neither a picture nor the text of a code")
                .because("pictures are read in the formats PNG and JPEG")
                .hint("save the picture as PNG or JPEG")),
        }
    }

    /// The first label among the codes of a picture.
    fn from_picture(picture: Zeroizing<Vec<u8>>) -> Result<Self, Failure> {
        let texts = picture::codes(picture, |text| Self::read(text).is_some())?;
        let label = texts.iter().find_map(|text| Self::read(text));
        label.ok_or_else(|| no_label(&texts))
    }

    /// `None` if `text` is no label: one says at least who the device is or how it is reached.
    fn read(text: &str) -> Option<Self> {
        let payload = match text.split_once(ADDRESS_MARK) {
            None => Zeroizing::new(text.to_owned()),
            Some((_, payload)) if payload.starts_with('%') => percent_decoded(payload)?,
            Some((_, payload)) => Zeroizing::new(payload.to_owned()),
        };
        let payload = payload.trim();
        payload.starts_with('{').then_some(())?;
        let label: Self = serde_json::from_str(payload).ok()?;
        let says_something = label.name.is_some() || label.pop.is_some() || label.transport.is_some();
        let scheme_exists = label.security.is_none_or(|scheme| scheme <= 2);
        (says_something && scheme_exists).then_some(label)
    }
}

/// Whether `given` is meant to be a code's text, or the address under it.
fn is_text(given: &str) -> bool {
    given.trim_start().starts_with('{') || given.contains(ADDRESS_MARK)
}

/// What stands in an address before the text of the code (spec manager.md 9).
const ADDRESS_MARK: &str = "?data=";

/// What a file is read up to: more than any phone makes of a picture.
const LONGEST_FILE: u64 = 64 * 1024 * 1024;

fn read_file(path: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    let source: &mut dyn Read = match path {
        "-" => &mut io::stdin().lock(),
        path => &mut File::open(path)?,
    };
    let mut content = Zeroizing::new(Vec::new());
    source.take(LONGEST_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST_FILE {
        return Err(io::Error::other("it is longer than 64 MiB"));
    }
    Ok(content)
}

/// The text behind the `%XX` that a browser's address line makes of special characters; `None` if one is incomplete.
fn percent_decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut parts = text.split('%');
    let mut octets = Zeroizing::new(parts.next()?.as_bytes().to_vec());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        octets.extend(crate::print::text::from_hex(digits)?);
        octets.extend_from_slice(rest.as_bytes());
    }
    core::str::from_utf8(&octets)
        .ok()
        .map(|text| Zeroizing::new(text.to_owned()))
}

/// Codes were found, but none is a device's. They may hold secrets: only their kind is told.
fn no_label(texts: &[Zeroizing<String>]) -> Failure {
    let kinds: Vec<&str> = texts.iter().map(|text| kind(text)).collect();
    Failure::new(Problem::QrPicture)
        .saying("the picture shows no device's QR code")
        .because(format!("what its codes say is another thing: {}", kinds.join(", ")))
        .hint("look for the code on the device's label, its packing or its display")
}

/// What a foreign code is for, as far as its beginning tells.
fn kind(text: &str) -> &'static str {
    let begins_with = |start: &str| {
        text.get(..start.len())
            .is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
    };
    if begins_with("WIFI:") {
        "the login of a Wi-Fi network"
    } else if begins_with("MT:") {
        "the set-up code of a Matter device"
    } else if begins_with("http:") || begins_with("https:") {
        "an address on the web"
    } else {
        "some text"
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
    fn an_address_copied_from_a_browser_is_read_too() {
        let url = "https://espressif.github.io/esp-jumpstart/qrcode.html?data=%7B%22ver%22:%22v1%22,%22pop%22:%22caf%C3%A9%22%7D";
        let label = Label::parse(url).expect("a good label");
        assert_eq!(label.pop.as_ref().map(|pop| pop.as_str()), Some("café"));
        for broken in ["?data=%7", "?data=%zz", "?data=%7B%ff%7D", "?data=%é"] {
            assert!(Label::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn members_of_other_makers_do_not_matter_but_a_label_says_something() {
        assert!(Label::parse(r#"{"name":"PROV_EA69FC","network":"wifi","x":[{}],"password":"softap"}"#).is_ok());
        for other in [
            "{}",
            "[]",
            r#"["PROV_EA69FC"]"#,
            r#"{"network":"wifi"}"#,
            r#"{"name":"x","security":3}"#,
            "",
        ] {
            assert!(Label::parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_a_foreign_code_holds_is_told_by_kind_only() {
        let texts = ["WIFI:S:home;P:s3cret;;", "https://example.com", "wi"].map(|text| Zeroizing::new(text.to_owned()));
        assert_eq!(
            no_label(&texts).cause(),
            "what its codes say is another thing: the login of a Wi-Fi network, an address on the web, some text"
        );
    }

    #[test]
    fn a_label_says_how_its_device_is_reached() {
        let transport = |text: &str| Label::parse(text).expect("a good label").transport();
        for (text, expected) in [
            (r#"{"name":"PROV_EA69FC","transport":"ble"}"#, Some(TransportKind::Ble)),
            (
                r#"{"name":"PROV_EA69FC","transport":"SoftAP"}"#,
                Some(TransportKind::Softap),
            ),
            (r#"{"name":"PROV_EA69FC"}"#, None),
        ] {
            assert_eq!(transport(text).expect("a way that there is"), expected);
        }
        let failure = transport(r#"{"name":"PROV_EA69FC","transport":"Pigeon"}"#).expect_err("no such way");
        assert_eq!(
            (failure.problem, failure.message()),
            (Problem::QrTransport, "the device is reached by pigeon")
        );
    }

    #[test]
    fn a_text_that_cannot_be_read_is_not_repeated() {
        let failure = Label::parse("{\"pop\":\"s3cret\"").err().expect("a failure");
        assert!(!format!("{failure:?}").contains("s3cret"));
    }
}

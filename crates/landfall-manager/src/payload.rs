use core::fmt::{self, Write as _};

/// What the QR code of a device says, from which Espressif's apps start (spec manager.md 9).
///
/// Its `Display` is the text of the code. That contains the secret, as the QR code of any such device does; `Debug`
/// shows none.
///
/// ```
/// use landfall_manager::{Payload, PayloadSecret, PayloadTransport};
///
/// let payload = Payload {
///     name: "PROV_EA69FC",
///     secret: PayloadSecret::Pop("abcd1234"),
///     transport: PayloadTransport::Ble,
/// };
/// let text = r#"{"ver":"v1","name":"PROV_EA69FC","pop":"abcd1234","transport":"ble"}"#;
/// assert_eq!(payload.to_string(), text);
/// assert_eq!(payload.url().to_string(), [Payload::PAGE, text].concat());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// Name of the device.
    pub name: &'a str,
    /// What the code tells of the device's secret.
    pub secret: PayloadSecret<'a>,
    /// How the device is reached.
    pub transport: PayloadTransport<'a>,
}

/// What a provisioning payload tells of the device's secret.
#[derive(Clone, Copy)]
pub enum PayloadSecret<'a> {
    /// Nothing: there is none, or the user types it.
    Hidden,
    /// The proof of possession of security 1.
    Pop(&'a str),
    /// User and password of security 2.
    UsernameAndPop {
        /// User.
        username: &'a str,
        /// Password; it stands under the key `pop`.
        pop: &'a str,
    },
}

/// How a device that shows a payload is reached.
#[derive(Clone, Copy)]
pub enum PayloadTransport<'a> {
    /// Over its own access point, with HTTP.
    SoftAp {
        /// Key of the access point, if it has one; it stands under the key `password`, from which Espressif's apps
        /// read it.
        service_key: Option<&'a str>,
    },
    /// Over Bluetooth LE.
    Ble,
}

impl Payload<'_> {
    /// The page that draws as a QR code what follows in its address.
    pub const PAGE: &'static str = "https://espressif.github.io/esp-jumpstart/qrcode.html?data=";
    /// The longest payload that Espressif's firmware can print, in bytes; the buffer there has one more, for the NUL.
    pub const ORIGINAL_MAX_LEN: usize = 149;

    /// The address of the page that draws this payload. As devices print it, the payload in it is not URL-encoded.
    pub fn url(&self) -> impl fmt::Display {
        Url(self)
    }

    /// Length of the text, in bytes.
    pub fn encoded_len(&self) -> usize {
        let mut counter = Counter(0);
        // It takes any text.
        let _ = write!(counter, "{self}");
        counter.0
    }
}

impl fmt::Display for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"{"ver":"v1""#)?;
        member(f, "name", self.name)?;
        match self.secret {
            PayloadSecret::Hidden => {}
            PayloadSecret::Pop(pop) => member(f, "pop", pop)?,
            PayloadSecret::UsernameAndPop { username, pop } => {
                member(f, "username", username)?;
                member(f, "pop", pop)?;
            }
        }
        match self.transport {
            PayloadTransport::SoftAp { service_key } => {
                member(f, "transport", "softap")?;
                service_key.map_or(Ok(()), |key| member(f, "password", key))?;
            }
            PayloadTransport::Ble => member(f, "transport", "ble")?,
        }
        f.write_char('}')
    }
}

impl fmt::Debug for PayloadSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hidden => "Hidden",
            Self::Pop(_) => "Pop(..)",
            Self::UsernameAndPop { .. } => "UsernameAndPop { .. }",
        })
    }
}

impl fmt::Debug for PayloadTransport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SoftAp { .. } => "SoftAp { .. }",
            Self::Ble => "Ble",
        })
    }
}

/// Writes a further member; `value` may hold any text, and stays within its quotes (RFC 8259 7).
fn member(f: &mut fmt::Formatter<'_>, key: &str, value: &str) -> fmt::Result {
    write!(f, r#","{key}":""#)?;
    for c in value.chars() {
        match c {
            '"' => f.write_str(r#"\""#)?,
            '\\' => f.write_str(r"\\")?,
            '\u{8}' => f.write_str(r"\b")?,
            '\t' => f.write_str(r"\t")?,
            '\n' => f.write_str(r"\n")?,
            '\u{c}' => f.write_str(r"\f")?,
            '\r' => f.write_str(r"\r")?,
            ..' ' => write!(f, r"\u{:04x}", u32::from(c))?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

struct Url<'p>(&'p Payload<'p>);

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Payload::PAGE, self.0)
    }
}

/// Counts the bytes of a text.
struct Counter(usize);

impl fmt::Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        format,
        string::{String, ToString},
    };

    use super::*;

    const POP: PayloadSecret<'_> = PayloadSecret::Pop("abcd1234");
    const USER: PayloadSecret<'_> = PayloadSecret::UsernameAndPop {
        username: "wifiprov",
        pop: "abcd1234",
    };
    const OPEN: PayloadTransport<'_> = PayloadTransport::SoftAp { service_key: None };
    const CLOSED: PayloadTransport<'_> = PayloadTransport::SoftAp {
        service_key: Some("a good key"),
    };

    fn payload<'a>(name: &'a str, secret: PayloadSecret<'a>, transport: PayloadTransport<'a>) -> Payload<'a> {
        Payload {
            name,
            secret,
            transport,
        }
    }

    #[test]
    fn payloads_are_those_of_the_example() {
        for (secret, transport, expected) in [
            (
                POP,
                PayloadTransport::Ble,
                r#"{"ver":"v1","name":"PROV_EA69FC","pop":"abcd1234","transport":"ble"}"#,
            ),
            (
                USER,
                OPEN,
                r#"{"ver":"v1","name":"PROV_EA69FC","username":"wifiprov","pop":"abcd1234","transport":"softap"}"#,
            ),
            (
                POP,
                CLOSED,
                r#"{"ver":"v1","name":"PROV_EA69FC","pop":"abcd1234","transport":"softap","password":"a good key"}"#,
            ),
            (
                PayloadSecret::Hidden,
                PayloadTransport::Ble,
                r#"{"ver":"v1","name":"PROV_EA69FC","transport":"ble"}"#,
            ),
        ] {
            let payload = payload("PROV_EA69FC", secret, transport);
            assert_eq!(payload.to_string(), expected);
            assert_eq!(payload.encoded_len(), expected.len());
            assert!(payload.encoded_len() <= Payload::ORIGINAL_MAX_LEN);
            assert_eq!(payload.url().to_string(), format!("{}{expected}", Payload::PAGE));
        }
    }

    #[test]
    fn every_character_is_escaped_as_a_json_library_does() {
        let ascii: String = (0..=0x7f_u8).map(char::from).collect();
        for text in [&ascii, "é\u{80}\u{2028}🦀", "a\",\"pop\":\"x", ""] {
            let secret = PayloadSecret::UsernameAndPop {
                username: text,
                pop: text,
            };
            let service_key = Some(text);
            let payload = payload(text, secret, PayloadTransport::SoftAp { service_key }).to_string();
            let json = serde_json::Value::from(text).to_string();
            let expected = [
                r#"{"ver":"v1","name":"#,
                &json,
                r#","username":"#,
                &json,
                r#","pop":"#,
                &json,
                r#","transport":"softap","password":"#,
                &json,
                "}",
            ];
            assert_eq!(payload, expected.concat());
        }
    }

    #[test]
    fn no_secret_shows_in_debug() {
        for (secret, transport) in [(POP, CLOSED), (USER, OPEN), (USER, CLOSED)] {
            let shown = format!("{:?}", payload("PROV_EA69FC", secret, transport));
            assert!(!shown.contains("abcd1234") && !shown.contains("good"), "{shown}");
            assert!(shown.contains("PROV_EA69FC"), "{shown}");
        }
    }
}

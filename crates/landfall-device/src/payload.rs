use core::fmt::Write;

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
        /// Key of the access point, if it has one; it stands under the key `password`.
        service_key: Option<&'a str>,
    },
    /// Over Bluetooth LE.
    Ble,
}

/// The text of the QR code from which Espressif's apps start (spec manager.md 9).
///
/// It contains the secret, as the QR code of any such device does. The member `password` is what Espressif's apps read
/// the access point's key from.
pub fn provisioning_payload(name: &str, secret: &PayloadSecret<'_>, transport: PayloadTransport<'_>) -> String {
    let mut payload = String::from(r#"{"ver":"v1""#);
    push_member(&mut payload, "name", name);
    match secret {
        PayloadSecret::Hidden => {}
        PayloadSecret::Pop(pop) => push_member(&mut payload, "pop", pop),
        PayloadSecret::UsernameAndPop { username, pop } => {
            push_member(&mut payload, "username", username);
            push_member(&mut payload, "pop", pop);
        }
    }
    match transport {
        PayloadTransport::SoftAp { service_key } => {
            push_member(&mut payload, "transport", "softap");
            if let Some(key) = service_key {
                push_member(&mut payload, "password", key);
            }
        }
        PayloadTransport::Ble => push_member(&mut payload, "transport", "ble"),
    }
    payload.push('}');
    payload
}

/// The address of the page that draws `payload` as a QR code. The payload is not URL-encoded, as devices print it.
pub fn payload_url(payload: &str) -> String {
    format!("https://espressif.github.io/esp-jumpstart/qrcode.html?data={payload}")
}

fn push_member(payload: &mut String, key: &str, value: &str) {
    write!(payload, r#","{key}":{}"#, serde_json::Value::from(value)).expect("a String takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_those_of_the_example() {
        let pop = PayloadSecret::Pop("abcd1234");
        let user = PayloadSecret::UsernameAndPop {
            username: "wifiprov",
            pop: "abcd1234",
        };
        for (secret, transport, expected) in [
            (
                pop,
                PayloadTransport::Ble,
                r#"{"ver":"v1","name":"PROV_EA69FC","pop":"abcd1234","transport":"ble"}"#,
            ),
            (
                user,
                PayloadTransport::SoftAp { service_key: None },
                r#"{"ver":"v1","name":"PROV_EA69FC","username":"wifiprov","pop":"abcd1234","transport":"softap"}"#,
            ),
            (
                pop,
                PayloadTransport::SoftAp {
                    service_key: Some("a good key"),
                },
                r#"{"ver":"v1","name":"PROV_EA69FC","pop":"abcd1234","transport":"softap","password":"a good key"}"#,
            ),
            (
                PayloadSecret::Hidden,
                PayloadTransport::Ble,
                r#"{"ver":"v1","name":"PROV_EA69FC","transport":"ble"}"#,
            ),
        ] {
            assert_eq!(provisioning_payload("PROV_EA69FC", &secret, transport), expected);
        }
    }

    #[test]
    fn names_and_secrets_cannot_leave_their_member() {
        let secret = PayloadSecret::Pop("q\"\\\n");
        let transport = PayloadTransport::SoftAp {
            service_key: Some("k\"}\\"),
        };
        let payload = provisioning_payload("a\",\"pop\":\"x", &secret, transport);
        let parsed: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
        assert_eq!(parsed["name"], "a\",\"pop\":\"x");
        assert_eq!(parsed["pop"], "q\"\\\n");
        assert_eq!(parsed["password"], "k\"}\\");
    }
}

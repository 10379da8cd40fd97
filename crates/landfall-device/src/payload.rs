use landfall_manager::{Payload, PayloadSecret, PayloadTransport};

/// The text of the QR code from which Espressif's apps start (spec manager.md 9): [`Payload`], written out.
pub fn provisioning_payload(name: &str, secret: &PayloadSecret<'_>, transport: PayloadTransport<'_>) -> String {
    let secret = *secret;
    Payload {
        name,
        secret,
        transport,
    }
    .to_string()
}

/// The address of the page that draws `payload` as a QR code. The payload is not URL-encoded, as devices print it.
pub fn payload_url(payload: &str) -> String {
    format!("{}{payload}", Payload::PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_and_address_are_those_of_the_manager() {
        let secret = PayloadSecret::UsernameAndPop {
            username: "wifiprov",
            pop: "abcd1234",
        };
        let text = provisioning_payload("PROV_EA69FC", &secret, PayloadTransport::SoftAp { service_key: None });
        let expected =
            r#"{"ver":"v1","name":"PROV_EA69FC","username":"wifiprov","pop":"abcd1234","transport":"softap"}"#;
        assert_eq!(text, expected);
        let page = "https://espressif.github.io/esp-jumpstart/qrcode.html?data=";
        assert_eq!(payload_url(&text), format!("{page}{expected}"));
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

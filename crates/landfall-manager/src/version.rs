use landfall_protocomm::{NonceRule, device::Security};

use crate::{AppInfo, Config, Generation, text::Text};

/// Writes what `proto-ver` answers, byte for byte as cJSON prints it (spec protocol.md 7); gives its length, or nothing
/// if `buffer` is too small.
pub(crate) fn write(config: &Config<'_>, security: &Security<'_>, buffer: &mut [u8]) -> Option<usize> {
    let mut text = Text::new(buffer);
    text.push(b"{\n");
    for info in config.app_info {
        write_app_info(info, &mut text);
    }
    write_protocol(config.generation, security, &mut text);
    text.push(b"}");
    Some(text.as_bytes()?.len())
}

fn write_app_info(info: &AppInfo<'_>, text: &mut Text<'_>) {
    text.push(b"\t");
    write_quoted(info.label, text);
    text.push(b":\t{\n\t\t\"ver\":\t");
    write_quoted(info.version, text);
    text.push(b",\n\t\t\"cap\":\t[");
    for (index, capability) in info.capabilities.iter().enumerate() {
        text.push(if index == 0 { b"" } else { b", " });
        write_quoted(capability, text);
    }
    text.push(b"]\n\t},\n");
}

fn write_protocol(generation: Generation, security: &Security<'_>, text: &mut Text<'_>) {
    let (version, network) = match generation {
        Generation::WifiProvisioning => ("v1.1", None),
        Generation::NetworkProvisioning => ("netprov-v1.2", Some("wifi_prov")),
    };
    // Only a missing proof of possession shows; an empty one does not.
    let (scheme, patch, less): (&[u8], Option<&[u8]>, _) = match security {
        Security::Security0 => (b"0", Some(b"0"), Some("no_sec")),
        Security::Security1 { pop: None } => (b"1", Some(b"0"), Some("no_pop")),
        Security::Security1 { pop: Some(_) } => (b"1", Some(b"0"), None),
        Security::Security2 {
            nonce_rule: NonceRule::Counter,
            ..
        } => (b"2", Some(b"1"), None),
        // The absence of the member is what tells clients of the static IV.
        Security::Security2 {
            nonce_rule: NonceRule::StaticInsecure2022,
            ..
        } => (b"2", None, None),
    };
    text.push(b"\t\"prov\":\t{\n\t\t\"ver\":\t");
    write_quoted(version, text);
    text.push(b",\n\t\t\"sec_ver\":\t");
    text.push(scheme);
    if let Some(patch) = patch {
        text.push(b",\n\t\t\"sec_patch_ver\":\t");
        text.push(patch);
    }
    text.push(b",\n\t\t\"cap\":\t[");
    for capability in [less, network].into_iter().flatten() {
        write_quoted(capability, text);
        text.push(b", ");
    }
    text.push(b"\"wifi_scan\"]\n\t}\n");
}

/// Writes a JSON string, escaped as cJSON escapes: quotation mark, backslash and control characters.
fn write_quoted(string: &str, text: &mut Text<'_>) {
    text.push(b"\"");
    for byte in string.bytes() {
        match byte {
            b'"' | b'\\' => text.push(&[b'\\', byte]),
            0x08 => text.push(b"\\b"),
            0x0c => text.push(b"\\f"),
            b'\n' => text.push(b"\\n"),
            b'\r' => text.push(b"\\r"),
            b'\t' => text.push(b"\\t"),
            0..b' ' => text.push(&[b'\\', b'u', b'0', b'0', b'0' + byte / 16, HEX[usize::from(byte % 16)]]),
            _ => text.push(&[byte]),
        }
    }
    text.push(b"\"");
}

const HEX: &[u8; 16] = b"0123456789abcdef";

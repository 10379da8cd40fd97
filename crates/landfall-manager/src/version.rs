use core::fmt::{self, Write};

use landfall_protocomm::{NonceRule, device::Security};

use crate::{AppInfo, Config, Generation, text::Text};

/// Writes what `proto-ver` answers, byte for byte as cJSON prints it (spec protocol.md 7); gives its length.
///
/// # Errors
/// If `buffer` is too small.
pub(crate) fn write(config: &Config<'_>, security: &Security<'_>, buffer: &mut [u8]) -> Result<usize, fmt::Error> {
    let mut text = Text::new(buffer);
    text.write_str("{\n")?;
    for info in config.app_info {
        write_app_info(info, &mut text)?;
    }
    write_protocol(config.generation, security, &mut text)?;
    text.write_str("}")?;
    Ok(text.as_bytes().len())
}

fn write_app_info(info: &AppInfo<'_>, text: &mut Text<'_>) -> fmt::Result {
    writeln!(text, "\t{}:\t{{", Quoted(info.label))?;
    writeln!(text, "\t\t\"ver\":\t{},", Quoted(info.version))?;
    writeln!(text, "\t\t\"cap\":\t{}", Array(info.capabilities))?;
    text.write_str("\t},\n")
}

fn write_protocol(generation: Generation, security: &Security<'_>, text: &mut Text<'_>) -> fmt::Result {
    let (version, network) = match generation {
        Generation::WifiProvisioning => ("v1.1", None),
        Generation::NetworkProvisioning => ("netprov-v1.2", Some("wifi_prov")),
    };
    // Only a missing proof of possession shows; an empty one does not.
    let (scheme, patch, less) = match security {
        Security::Security0 => (0, Some(0), Some("no_sec")),
        Security::Security1 { pop: None } => (1, Some(0), Some("no_pop")),
        Security::Security1 { pop: Some(_) } => (1, Some(0), None),
        Security::Security2 {
            nonce_rule: NonceRule::Counter,
            ..
        } => (2, Some(1), None),
        // The absence of the member is what tells clients of the static IV.
        Security::Security2 {
            nonce_rule: NonceRule::StaticInsecure2022,
            ..
        } => (2, None, None),
    };
    writeln!(text, "\t\"prov\":\t{{")?;
    writeln!(text, "\t\t\"ver\":\t{},", Quoted(version))?;
    writeln!(text, "\t\t\"sec_ver\":\t{scheme},")?;
    if let Some(patch) = patch {
        writeln!(text, "\t\t\"sec_patch_ver\":\t{patch},")?;
    }
    let mut capabilities = [""; 3];
    let present = [less, network, Some("wifi_scan")].into_iter().flatten();
    let count = capabilities
        .iter_mut()
        .zip(present)
        .map(|(slot, name)| *slot = name)
        .count();
    writeln!(
        text,
        "\t\t\"cap\":\t{}",
        Array(capabilities.get(..count).unwrap_or_default())
    )?;
    text.write_str("\t}\n")
}

/// A JSON string, escaped as cJSON escapes: quotation mark, backslash and control characters.
struct Quoted<'s>(&'s str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A JSON array of strings, on one line.
struct Array<'s>(&'s [&'s str]);

impl fmt::Display for Array<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (index, item) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", Quoted(item))?;
        }
        f.write_char(']')
    }
}

//! The net that fails a run in which a secret shows, in whatever form people and programs print bytes.

use core::fmt;
use std::{
    panic,
    sync::{Arc, Mutex, PoisonError},
};

/// Secrets to look for. Its own `Debug` names them only.
#[derive(Clone)]
pub struct SecretNet {
    needles: Vec<Needle>,
    /// Indices of the needles that begin with a byte, for each byte: what is searched is long, and needles are many.
    by_first: Vec<Vec<usize>>,
}

/// A secret that showed. Says which and where, not what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {secret} shows ({form}) in {place}")]
pub struct Leak {
    /// Name of the secret.
    pub secret: String,
    /// In which form.
    pub form: &'static str,
    /// Where.
    pub place: String,
}

impl SecretNet {
    /// A net for these secrets, each with a name for messages.
    ///
    /// # Panics
    /// If a secret has fewer than 6 bytes: innocent bytes would be taken for it.
    #[track_caller]
    pub fn new(secrets: &[(&str, &[u8])]) -> Self {
        let needles = secrets.iter().flat_map(|(name, secret)| {
            assert!(secret.len() >= 6, "{name} is too short to be searched for");
            needles(name, secret)
        });
        let needles: Vec<_> = needles.collect();
        let mut by_first = vec![Vec::new(); 256];
        for (index, needle) in needles.iter().enumerate() {
            by_first[usize::from(needle.bytes[0])].push(index);
        }
        Self { needles, by_first }
    }

    /// Looks for the secrets in what was seen at `place`.
    ///
    /// # Errors
    /// [`Leak`], if one is there.
    pub fn check(&self, place: &str, seen: impl AsRef<[u8]>) -> Result<(), Leak> {
        let seen = seen.as_ref();
        let found = self
            .find(seen, Search::Exact)
            .or_else(|| self.find(&fold(seen), Search::Folded));
        match found {
            None => Ok(()),
            Some(needle) => Err(Leak {
                secret: needle.secret.clone(),
                form: needle.form,
                place: place.to_owned(),
            }),
        }
    }

    /// Looks for the secrets in `value` as `{:?}`, `{:#?}` and `{:x?}` print it.
    ///
    /// # Errors
    /// [`Leak`], if one is there.
    pub fn check_debug(&self, place: &str, value: &impl fmt::Debug) -> Result<(), Leak> {
        self.check(place, format!("{value:?} {value:#?} {value:x?}"))
    }

    /// Watches the messages of all panics in this process until the watch is dropped.
    pub fn watch_panics(&self) -> PanicWatch {
        let leaks = Arc::new(Mutex::new(Vec::new()));
        let (net, found) = (self.clone(), Arc::clone(&leaks));
        let former = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let leak = net.check("a panic message", panic.to_string());
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(leak.err());
            former(panic);
        }));
        PanicWatch { leaks }
    }

    fn find(&self, seen: &[u8], search: Search) -> Option<&Needle> {
        let mut positions = seen.iter().enumerate();
        positions.find_map(|(position, &first)| {
            let mut candidates = self.by_first[usize::from(first)]
                .iter()
                .map(|&index| &self.needles[index]);
            candidates.find(|needle| needle.search == search && seen[position..].starts_with(&needle.bytes))
        })
    }
}

impl fmt::Debug for SecretNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.needles.iter().map(|needle| &needle.secret).collect();
        names.dedup();
        f.debug_tuple("SecretNet").field(&names).finish()
    }
}

/// Scans panic messages while it lives.
#[derive(Debug)]
pub struct PanicWatch {
    leaks: Arc<Mutex<Vec<Leak>>>,
}

impl PanicWatch {
    /// What panics have shown so far.
    pub fn leaks(&self) -> Vec<Leak> {
        self.leaks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        // A hook cannot be changed while panicking; it then stays until the process ends, and does no harm.
        if !std::thread::panicking() {
            drop(panic::take_hook());
        }
    }
}

#[derive(Clone)]
struct Needle {
    secret: String,
    form: &'static str,
    search: Search,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Search {
    /// Byte for byte.
    Exact,
    /// In lower case, without separators: hex and lists of numbers are written in many ways.
    Folded,
}

/// `secret` in every form that is looked for.
fn needles(name: &str, secret: &[u8]) -> Vec<Needle> {
    let text = String::from_utf8_lossy(secret);
    let numbers = |number: fn(&u8) -> String| -> String { secret.iter().map(number).collect() };
    let list = |number: fn(&u8) -> String| -> String { secret.iter().map(number).collect::<Vec<_>>().join(",") };
    let mut forms = vec![
        ("as it is", Search::Exact, secret.to_vec()),
        ("escaped", Search::Exact, secret.escape_ascii().to_string().into()),
        ("escaped", Search::Exact, text.escape_debug().to_string().into()),
        ("escaped", Search::Exact, text.escape_default().to_string().into()),
        ("escaped for JSON", Search::Exact, json(&text).into()),
        ("escaped for a URL", Search::Exact, percent(secret).into()),
        (
            "as \\x escapes",
            Search::Folded,
            numbers(|byte| format!("\\x{byte:02x}")).into(),
        ),
        ("as hex", Search::Folded, numbers(|byte| format!("{byte:02x}")).into()),
        (
            "as a list of bytes",
            Search::Folded,
            list(|byte| byte.to_string()).into(),
        ),
        (
            "as a list of hex bytes",
            Search::Folded,
            list(|byte| format!("{byte:x}")).into(),
        ),
        (
            "as a list of hex bytes",
            Search::Folded,
            list(|byte| format!("0x{byte:02x}")).into(),
        ),
    ];
    let base64 = base64_forms(secret)
        .into_iter()
        .map(|form| ("as base64", Search::Exact, form));
    forms.extend(base64);
    let needle = |(form, search, bytes)| Needle {
        secret: name.to_owned(),
        form,
        search,
        bytes,
    };
    forms.into_iter().map(needle).collect()
}

/// Lower case, without blanks and without what people put between hex digits.
fn fold(seen: &[u8]) -> Vec<u8> {
    let kept = seen
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b':' | b'-' | b'_'));
    kept.map(u8::to_ascii_lowercase).collect()
}

fn json(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn percent(secret: &[u8]) -> String {
    let escape = |&byte: &u8| match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    secret.iter().map(escape).collect()
}

/// The digits that `secret` alone decides, wherever it stands in what is encoded: in three positions, in both alphabets.
fn base64_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |position: usize, alphabet: &[u8; 64]| -> Vec<u8> {
        let bits = (position * 8).div_ceil(6)..(position + secret.len()) * 8 / 6;
        let bit = |index: usize| match (index / 8).checked_sub(position).and_then(|byte| secret.get(byte)) {
            Some(byte) => byte >> (7 - index % 8) & 1,
            None => 0,
        };
        let digit = |digit: usize| (0..6).fold(0, |value, offset| value << 1 | bit(digit * 6 + offset));
        bits.map(|index| alphabet[usize::from(digit(index))]).collect()
    };
    let mut url = *STANDARD;
    (url[62], url[63]) = (b'-', b'_');
    (0..3)
        .flat_map(|position| [digits(position, STANDARD), digits(position, &url)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"s3cret \"quoted\"\n";

    fn net() -> SecretNet {
        SecretNet::new(&[("passphrase", SECRET)])
    }

    #[track_caller]
    fn caught(seen: impl AsRef<[u8]>) -> &'static str {
        net().check("here", seen).expect_err("the secret shows").form
    }

    #[test]
    fn innocent_text_passes() {
        assert_eq!(net().check("here", "a passphrase of 16 bytes (hidden)"), Ok(()));
        assert_eq!(net().check("here", ""), Ok(()));
        assert_eq!(net().check_debug("here", &[0u8; 64]), Ok(()));
    }

    #[test]
    fn the_bytes_themselves_are_caught() {
        assert_eq!(caught([b"\x12\x20", SECRET, b"\x1a"].concat()), "as it is");
    }

    #[test]
    fn hex_is_caught_in_both_cases_and_with_separators() {
        let hex = |separator: &str| {
            SECRET
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<Vec<_>>()
                .join(separator)
        };
        assert_eq!(caught(hex("")), "as hex");
        assert_eq!(caught(format!("00{}ff", hex("").to_uppercase())), "as hex");
        assert_eq!(caught(hex(":")), "as hex");
        assert_eq!(caught(hex(" ")), "as hex");
        let escapes: String = SECRET.iter().map(|byte| format!("\\x{byte:02X}")).collect();
        assert_eq!(caught(escapes), "as \\x escapes");
    }

    #[test]
    fn debug_lists_of_bytes_are_caught() {
        let within = [b"ab", SECRET, b"yz"].concat();
        assert_eq!(caught(format!("{SECRET:?}")), "as a list of bytes");
        assert_eq!(caught(format!("{within:?}")), "as a list of bytes");
        assert_eq!(caught(format!("{:#?}", Some(&within))), "as a list of bytes");
        assert_eq!(caught(format!("{within:x?}")), "as a list of hex bytes");
        assert_eq!(caught(format!("{within:#04x?}")), "as a list of hex bytes");
    }

    #[test]
    fn base64_is_caught_wherever_the_secret_stands() {
        // Made with coreutils' base64 from "", "x" and "xy", each followed by the secret and "z".
        let encoded = [
            "czNjcmV0ICJxdW90ZWQiCno=",
            "eHMzY3JldCAicXVvdGVkIgp6",
            "eHlzM2NyZXQgInF1b3RlZCIKeg==",
        ];
        for text in encoded {
            assert_eq!(caught(text), "as base64", "{text}");
        }
        let net = SecretNet::new(&[("key", b"\xfb\xff\xbf\xfb\xff\xbf")]);
        assert!(net.check("here", "-_-_-_-_").is_err());
        assert!(net.check("here", "+/+/+/+/").is_err());
    }

    #[test]
    fn escaped_text_is_caught() {
        let text = String::from_utf8_lossy(SECRET);
        assert_eq!(caught(format!("{text:?}")), "escaped");
        assert_eq!(caught(SECRET.escape_ascii().to_string()), "escaped");
        let quoted = SecretNet::new(&[("word", b"se\"cr\\et")]);
        assert!(quoted.check("here", r#"{"pop":"se\"cr\\et"}"#).is_err());
        let url = SecretNet::new(&[("word", b"se cr&et")]);
        assert!(url.check("here", "data=se%20cr%26et").is_err());
    }

    #[test]
    fn a_derived_debug_is_caught() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "read by the derived Debug, which is what is tested")]
        struct Careless {
            passphrase: Vec<u8>,
        }
        let careless = Careless {
            passphrase: SECRET.to_vec(),
        };
        assert!(net().check_debug("here", &careless).is_err());
    }

    #[test]
    fn a_leak_does_not_repeat_the_secret() {
        let leak = net().check("the log", SECRET).expect_err("the secret shows");
        assert_eq!(leak.to_string(), "the passphrase shows (as it is) in the log");
        assert_eq!(net().check("a leak", leak.to_string()), Ok(()));
        assert_eq!(net().check_debug("the net", &net()), Ok(()));
    }

    #[test]
    fn panic_messages_are_watched() {
        let net = SecretNet::new(&[("watchword", b"mellon-mellon")]);
        let watch = net.watch_panics();
        let panicked = panic::catch_unwind(|| panic!("cannot join with {:?}", "mellon-mellon"));
        assert!(panicked.is_err());
        let leaks = watch.leaks();
        assert_eq!(leaks.len(), 1, "{leaks:?}");
        assert_eq!(leaks[0].secret, "watchword");
    }
}

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use landfall_protocomm::NonceRule;
use serde_json::{Map, Value};

/// What a device says of itself on `proto-ver` (spec protocol.md 7). Unauthenticated: anyone on the way can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// The answer as it came.
    pub text: String,
    /// `prov.ver`, or the whole text if it is no JSON with a `prov` object.
    pub version: String,
    /// `prov.sec_ver`, if told.
    pub security: Option<u8>,
    /// `prov.sec_patch_ver`, if told.
    pub security_patch: Option<u32>,
    /// `prov.cap`; `None` if the answer is no JSON with a `prov` object.
    pub capabilities: Option<Capabilities>,
    /// Names of the application's own entries.
    pub applications: Vec<String>,
}

/// The capabilities a device lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities(pub Vec<String>);

impl Capabilities {
    /// Whether `name` is listed.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|c| c == name)
    }
}

impl VersionInfo {
    /// Reads the answer of `proto-ver`; never fails, as old devices answer with plain words.
    ///
    /// A member that is missing or of another type than expected counts as not told.
    pub fn parse(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer).into_owned();
        let json = match serde_json::from_str(&text) {
            Ok(Value::Object(json)) => json,
            _ => Map::new(),
        };
        let prov = json.get("prov").and_then(Value::as_object);
        Self {
            version: match prov {
                Some(prov) => prov.get("ver").and_then(Value::as_str).unwrap_or_default().to_owned(),
                None => text.clone(),
            },
            // A number too large for us is still a scheme that we do not know, and not "none told".
            security: number(prov, "sec_ver").map(|n| u8::try_from(n).unwrap_or(u8::MAX)),
            security_patch: number(prov, "sec_patch_ver").map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            capabilities: prov.map(Capabilities::of),
            applications: json
                .keys()
                .filter(|name| *name != "prov")
                .map(ToString::to_string)
                .collect(),
            text,
        }
    }

    /// The scheme to use: `sec_ver`; without it `no_sec` -> 0, JSON without both -> 1; no JSON -> `None`.
    pub fn scheme(&self) -> Option<u8> {
        let capabilities = self.capabilities.as_ref()?;
        // Firmware from before `sec_ver` had schemes 0 and 1 only (spec protocol.md 7).
        Some(self.security.unwrap_or_else(|| u8::from(!capabilities.has("no_sec"))))
    }

    /// The rule for security 2's IVs: `Counter` exactly if `sec_patch_ver` is 1 (spec protocol.md 6.5).
    pub fn nonce_rule(&self) -> NonceRule {
        if self.security_patch == Some(1) {
            NonceRule::Counter
        } else {
            NonceRule::StaticInsecure2022
        }
    }

    /// Whether security 1 works without a proof of possession here.
    pub fn needs_no_pop(&self) -> bool {
        self.capabilities.as_ref().is_some_and(|c| c.has("no_pop"))
    }
}

impl Capabilities {
    fn of(prov: &Map<String, Value>) -> Self {
        let listed = prov.get("cap").and_then(Value::as_array).into_iter().flatten();
        Self(listed.filter_map(Value::as_str).map(ToOwned::to_owned).collect())
    }
}

fn number(prov: Option<&Map<String, Value>>, name: &str) -> Option<u64> {
    prov?.get(name)?.as_u64()
}

use zbus::ObjectPath;

/// What answers BlueZ's questions about pairing: somebody without display and keys (Just Works, spec transports.md
/// 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Agreed.
    Accept,
    /// Refused.
    Reject,
}

/// What it can do: nothing.
pub(crate) const CAPABILITY: &str = "NoInputNoOutput";
/// The path under which BlueZ finds it.
pub(crate) const PATH: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/org/landfall/agent");

/// The answer to one of BlueZ's questions. Whoever is near may pair, as with any device without keys; codes that
/// somebody would have to type, and services of other programs, are refused.
pub(crate) fn verdict(method: &str) -> Verdict {
    match method {
        "Release" | "Cancel" | "RequestConfirmation" | "RequestAuthorization" => Verdict::Accept,
        _ => Verdict::Reject,
    }
}

use landfall_manager::Ssid;

/// Why Wi-Fi cannot be used, or a wish was not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system's message bus does not answer.
    #[error("this computer's message bus (D-Bus) cannot be reached")]
    NoBus,
    /// No service is running that could drive Wi-Fi.
    #[error("neither NetworkManager nor wpa_supplicant is running")]
    NotRunning,
    /// The service has no Wi-Fi adapter.
    #[error("{0} drives no Wi-Fi adapter")]
    NoWifi(&'static str),
    /// Wi-Fi is switched off, in software or by a switch (rfkill).
    #[error("Wi-Fi is switched off")]
    Off,
    /// The service refuses this user.
    #[error("this user may not ask {0}")]
    NotPermitted(&'static str),
    /// The service is silent.
    #[error("{0} does not answer")]
    NotAnswering(&'static str),
    /// The service answers something else than it should.
    #[error("what {0} answers makes no sense")]
    NotUnderstood(&'static str),
    /// The service says no.
    #[error("{service} refuses to tell: {why}")]
    Refused {
        /// Which.
        service: &'static str,
        /// In its words.
        why: String,
    },
    /// No interface has this name, or it is no Wi-Fi.
    #[error("there is no Wi-Fi interface {0}")]
    NoInterface(String),
    /// The machine has no Wi-Fi.
    #[error("this machine has no Wi-Fi adapter")]
    NoAdapter,
    /// Changing the network's set-up needs rights.
    #[error("{0} needs the right to change the network's set-up (CAP_NET_ADMIN)")]
    NeedsRights(&'static str),
    /// The kernel says no.
    #[error("the kernel refuses to {what}: {why}")]
    Kernel {
        /// What was asked.
        what: &'static str,
        /// In its words.
        why: String,
    },
    /// A program that is needed is not there.
    #[error("none of these programs is installed: {0}")]
    NoProgram(&'static str),
    /// A program ended or did not do its work.
    #[error("{program} failed: {why}")]
    Program {
        /// Which.
        program: &'static str,
        /// As much as it said.
        why: String,
    },
    /// No access point can be made there.
    #[error("{interface} cannot be an access point: {why}")]
    NoSoftAp {
        /// The interface that was asked for.
        interface: String,
        /// Why, and what can be done.
        why: &'static str,
    },
    /// Another program of this kind has an access point open.
    #[error("another program has this machine's setup access point open")]
    InUse,
    /// Something took too long.
    #[error("{0} took too long")]
    TooLate(&'static str),
    /// The network cannot be joined, for this reason.
    #[error("the network was not joined: {0}")]
    NotJoined(String),
    /// No access point of this name is in range.
    #[error("no access point called {0} is heard")]
    NotHeard(Ssid),
    /// The access point refuses the key.
    #[error("the access point refuses the key")]
    WrongKey,
    /// The access point asks for a key.
    #[error("the access point asks for a key")]
    KeyMissing,
    /// The access point asks for no key, but whoever wants to join knows one: it may be somebody else's.
    #[error("the access point is open, though it should ask for a key")]
    KeyNotAsked,
    /// The machine is not on the network again that it was on before.
    #[error("this computer is not back on {0} yet")]
    NotBack(Ssid),
}

//! What ends the original with a traceback: its exceptions, as a catalogue with causes and ways out.
//!
//! What the program prints and what docs/errors.md lists both come from here.

use std::io::{self, ErrorKind};

use crate::{
    exit::Exit,
    failure::{Failure, Problem},
};

/// What is known of an exception before it is raised.
pub(crate) struct Entry {
    /// The exception's name in Python.
    pub(crate) kind: &'static str,
    /// Its text; scripts may look for it.
    pub(crate) text: &'static str,
    /// Why it is raised.
    pub(crate) why: &'static str,
    /// What to do next.
    pub(crate) way_out: &'static str,
}

/// Makes the enum and the list of all entries from one table, so that neither lacks what the other has.
macro_rules! exceptions {
    ($($name:ident, $kind:literal: $text:literal because $why:literal then $way_out:literal;)*) => {
        /// A kind of exception.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Exception {
            $(
                #[doc = $text]
                $name,
            )*
        }

        impl Exception {
            /// All of them, in the order of a run.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// What is known of it.
            pub(crate) const fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$name => &Entry { kind: $kind, text: $text, why: $why, way_out: $way_out },)*
                }
            }
        }
    };
}

exceptions! {
    NoCredentials, "ValueError": "Username/password cannot be empty for security scheme 2 (SRP6a)"
        because "--sec2_gen_cred makes salt and verifier of both"
        then "give --sec2_username and --sec2_pwd";
    NoConnection, "RuntimeError": "Failed to establish connection"
        because "there is no way to the device; the line before tells more"
        then "check --transport and --service_name";
    InvalidScheme, "ValueError": "Invalid Security Version"
        because "--sec_ver names a scheme that does not exist, or the device does not tell its own"
        then "give --sec_ver 0, 1 or 2";
    WrongVersion, "RuntimeError": "Error in protocol version matching"
        because "the device speaks another version than --proto_ver names"
        then "leave out --proto_ver; what the device speaks: landfall info";
    NoSession, "RuntimeError": "Error in establishing session"
        because "the secret or the scheme is another one than the device's; the lines before tell more"
        then "check the secret on the device's label, and leave out --sec_ver to have the scheme chosen";
    CustomDataRefused, "RuntimeError": "Error in custom data"
        because "the device has no endpoint custom-data, or refuses what was sent"
        then "leave out --custom_data; what the device offers: landfall info";
    NoScan, "RuntimeError": "Wi-Fi Scan List is not supported by provisioning service"
        because "the device cannot scan"
        then "name the network yourself: --ssid NAME";
    ScanFailed, "RuntimeError": "Error in scanning Wi-Fi APs"
        because "the device refuses to scan, or was lost meanwhile; also said of Thread Networks"
        then "try again, or name the network yourself: --ssid NAME";
    ConfigRefused, "RuntimeError": "Error in send Wi-Fi config"
        because "the device refuses the name or the passphrase, which have at most 32 and 63 bytes"
        then "check --ssid and --passphrase";
    ApplyRefused, "RuntimeError": "Error in apply Wi-Fi config"
        because "the device holds on to an earlier attempt"
        then "esp-prov --reset, then try again";
    DatasetRefused, "RuntimeError": "Error in send Thread config"
        because "the device refuses the dataset"
        then "check --dataset_tlvs";
    ThreadApplyRefused, "RuntimeError": "Error in apply Thread config"
        because "the device holds on to an earlier attempt"
        then "esp-prov --reset, then try again";
    BadValue, "ValueError": "a value that was given cannot be used"
        because "it breaks a rule that its text names"
        then "correct the option that the text names: esp-prov --help";
    TooManyAnswers, "ValueError": "too many answers that make no sense"
        because "one question was answered 20 times with something else than it asks for"
        then "type what it asks for, or give it as an option: esp-prov --help";
    EndOfInput, "EOFError": "EOF when reading a line"
        because "the input has fewer lines than there are questions"
        then "give more lines, or give the answers as options: esp-prov --help";
    Interrupted, "KeyboardInterrupt": "interrupted"
        because "Ctrl-C was typed"
        then "run it again";
    Terminated, "SystemExit": "ended by the system"
        because "the system asked the program to end (SIGTERM)"
        then "run it again";
    SystemRefuses, "RuntimeError": "the system refuses what the program needs"
        because "it is out of memory or files, or forbids them"
        then "look at the limits of the system, then try again";
}

/// An exception that was raised.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {text}", kind = .exception.entry().kind)]
pub(super) struct Raised {
    exception: Exception,
    text: String,
    hint: Option<String>,
}

impl Raised {
    /// The exception as the catalogue has it.
    pub(super) fn new(exception: Exception) -> Self {
        Self {
            exception,
            text: exception.entry().text.to_owned(),
            hint: None,
        }
    }

    /// What it means that the input failed.
    pub(super) fn of_input(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::Interrupted => Self::new(Exception::Interrupted),
            _ => Self::new(Exception::SystemRefuses).saying(error.to_string()),
        }
    }

    /// What it means that the run as a whole failed.
    pub(super) fn of_run(failure: &Failure) -> Self {
        match failure.problem {
            Problem::Interrupted => Self::new(Exception::Interrupted),
            Problem::Terminated => Self::new(Exception::Terminated),
            _ => Self::new(Exception::SystemRefuses).saying(failure.message()),
        }
    }

    /// Says more exactly what happened.
    pub(super) fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Says better than the catalogue what to do in this very case.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Why it was raised.
    pub(super) fn cause(&self) -> &'static str {
        self.exception.entry().why
    }

    /// What to do next.
    pub(super) fn way_out(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.exception.entry().way_out)
    }

    /// The code the program ends with: that of the signal that ended it, as shells see it, or the original's.
    pub(super) fn exit(&self) -> Exit {
        match self.exception {
            Exception::Interrupted => Exit::Interrupted,
            Exception::Terminated => Exit::Terminated,
            _ => Exit::Failure,
        }
    }
}

//! The device's own access point, which this computer is to join.

use std::path::PathBuf;

use clap::Args;

use crate::secrets::{Hidden, Source};

/// Which access point, its key, and what joins it.
#[derive(Args, Clone)]
#[command(next_help_heading = "Device's access point")]
pub(crate) struct JoinArgs {
    /// Join the device's access point with this computer's Wi-Fi, and go back after the work; the label knows its name
    #[arg(long, value_name = "NAME", num_args = 0..=1, conflicts_with = "port")]
    join: Option<Option<String>>,
    /// Its passphrase, if it has one (also LANDFALL_SERVICE_KEY) [default: what the label says]
    #[arg(long, value_name = "KEY", requires = "join")]
    service_key: Option<Hidden>,
    /// File that holds it; - is standard input
    #[arg(long, value_name = "FILE", requires = "join", conflicts_with = "service_key")]
    service_key_file: Option<PathBuf>,
    /// Wi-Fi interface that joins, such as wlan0 [default: the first one]
    #[arg(long, value_name = "NAME", requires = "join")]
    pub(crate) interface: Option<String>,
}

impl JoinArgs {
    /// Whether an access point is to be joined.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.join.is_some()
    }

    /// Its name, if it was given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.join.as_ref()?.as_deref()
    }

    /// Where its key may come from.
    pub(crate) fn key_source(&self) -> Source<'_> {
        Source {
            name: "access point's key",
            flag: self.service_key.as_ref(),
            file: self.service_key_file.as_ref(),
            variable: "LANDFALL_SERVICE_KEY",
        }
    }
}

//! How the programs end.

use std::process::ExitCode;

/// The codes both programs end with. Scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done.
    Success = 0,
    /// Anything without a code of its own.
    Failure = 1,
    /// The command line makes no sense; clap uses this number too.
    Usage = 2,
    /// Nothing answers where the device should be.
    Unreachable = 3,
    /// The device does not take the proof of possession, user name or password.
    SecretRefused = 4,
    /// The network does not take the passphrase.
    WrongPassphrase = 5,
    /// The device sees no network of this name.
    NetworkNotFound = 6,
    /// The device came to no result, or gave no answer, in time.
    TimedOut = 7,
    /// The device is busy with another client.
    Busy = 8,
    /// Ctrl-C was typed: 128 and the number of SIGINT, as shells have it.
    Interrupted = 130,
    /// The system asked the program to end: 128 and the number of SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// The table for `--help`.
    pub(crate) const HELP: &'static str = "\
Exit codes:
  0  done
  1  any other failure
  2  the command line is wrong
  3  the device cannot be reached
  4  the device refuses the secret (proof of possession, user name or password)
  5  the Wi-Fi password is wrong
  6  the Wi-Fi network was not found
  7  timed out
  8  the device is busy with another client
  130  interrupted by Ctrl-C; 143: ended by the system";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

//! What it means to the user that this computer's Wi-Fi does not do what it should.

use landfall_wlan::Error;

use super::{Failure, Problem};

impl Failure {
    /// What `error` of this computer's Wi-Fi means.
    pub(crate) fn of_wlan(error: &Error) -> Self {
        let problem = match error {
            Error::NoBus | Error::NotRunning => Problem::WifiNoService,
            Error::NoAdapter | Error::NoWifi(_) | Error::NoInterface(_) => Problem::WifiNoAdapter,
            Error::Off => Problem::WifiOff,
            Error::NotPermitted(_) | Error::NeedsRights(_) => Problem::WifiNotPermitted,
            Error::NotHeard(_) => Problem::AccessPointNotHeard,
            Error::WrongKey => Problem::ServiceKeyWrong,
            Error::KeyMissing => Problem::ServiceKeyMissing,
            Error::KeyNotAsked => Problem::ServiceKeyNotAsked,
            Error::NotJoined(why) => return Self::new(Problem::AccessPointNotJoined).because(why),
            Error::NotBack(_) => Problem::NotBack,
            error => return Self::new(Problem::WifiBroken).because(error),
        };
        let failure = Self::new(problem);
        match error {
            // The catalogue says as much.
            Error::Off | Error::WrongKey | Error::KeyMissing | Error::KeyNotAsked => failure,
            Error::NotHeard(_) | Error::NotBack(_) | Error::NoInterface(_) | Error::NoAdapter | Error::NoWifi(_) => {
                failure.saying(error.to_string())
            }
            error => failure.because(error),
        }
    }
}

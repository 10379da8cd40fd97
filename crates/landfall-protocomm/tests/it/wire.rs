//! The codec: against the recorded messages, rule by rule, and against prost.

mod differential;
mod recorded;
mod rules;
mod vectors;

use core::fmt::Debug;

use landfall_protocomm::wire::{
    ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, DecodeError, ScanRequest, ScanResponse, SessionData,
};

/// The shape that all messages share, so that a test can be written for any of them.
trait Codec<'a>: Sized + PartialEq + Debug {
    fn decoded(bytes: &'a [u8]) -> Result<Self, DecodeError>;

    fn encoded(&self) -> Vec<u8>;
}

macro_rules! codec {
    ($($message:ty),+) => {
        $(impl<'a> Codec<'a> for $message {
            fn decoded(bytes: &'a [u8]) -> Result<Self, DecodeError> {
                Self::decode(bytes)
            }

            #[track_caller]
            fn encoded(&self) -> Vec<u8> {
                let mut out = vec![0xEE; self.encoded_len() + 1];
                let length = self.encode(&mut out).expect("the buffer is as long as the message says");
                assert_eq!(length, self.encoded_len());
                assert_eq!(out.pop(), Some(0xEE), "wrote beyond the announced length");
                out
            }
        })+
    };
}

codec!(
    SessionData<'a>,
    ConfigRequest<'a>,
    ConfigResponse<'a>,
    ScanRequest,
    ScanResponse<'a>,
    CtrlRequest,
    CtrlResponse
);

//! Every recorded message, from bytes to value and from value to bytes; and every beginning of each.

use core::fmt::Debug;

use landfall_emulator::{
    tally::{Tally, Wrong, require},
    vectors::{MESSAGES, TRANSCRIPT},
};
use landfall_protocomm::wire::{
    ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, ScanRequest, ScanResponse, SessionData, Status,
};

use crate::recorded::{
    CONFIG_REQUESTS, CONFIG_RESPONSES, CTRL_REQUESTS, CTRL_RESPONSES, SCAN_REQUESTS, SCAN_RESPONSES, SESSION, Table,
    WRITTEN_SHORTER,
};

pub(crate) fn check(tally: &mut Tally) {
    let mut checked = table(tally, CONFIG_REQUESTS);
    checked += table(tally, CONFIG_RESPONSES);
    checked += table(tally, SCAN_REQUESTS);
    checked += table(tally, SCAN_RESPONSES);
    checked += table(tally, CTRL_REQUESTS);
    checked += table(tally, CTRL_RESPONSES);
    checked += table(tally, SESSION);
    let complete = require(
        checked == MESSAGES.len() && TRANSCRIPT.len() == 12,
        "there are more or fewer",
    );
    tally.count("recorded messages", "all of them are checked", complete);
    transcript(tally);
    for message in MESSAGES {
        tally.count("beginnings of a message", message.name, beginnings(message.bytes));
    }
}

/// The shape that all messages share.
trait Codec<'a>: Sized + PartialEq + Debug + 'a {
    fn decoded(bytes: &'a [u8]) -> Option<Self>;

    /// Writes into `out`; gives what was written.
    fn encoded<'o>(&self, out: &'o mut [u8]) -> Option<&'o [u8]>;
}

macro_rules! codec {
    ($($message:ty),+) => {
        $(impl<'a> Codec<'a> for $message {
            fn decoded(bytes: &'a [u8]) -> Option<Self> {
                Self::decode(bytes).ok()
            }

            fn encoded<'o>(&self, out: &'o mut [u8]) -> Option<&'o [u8]> {
                let len = self.encode(out).ok()?;
                (len == self.encoded_len()).then_some(())?;
                out.get(..len)
            }
        })+
    };
}

macro_rules! settles {
    ($bytes:ident, $message:ident) => {
        if let Ok(value) = $message::decode($bytes) {
            let mut out = [0; 512];
            let again = value.encoded(&mut out).and_then(|bytes| $message::decode(bytes).ok());
            require(
                again == Some(value),
                concat!("does not come back: ", stringify!($message)),
            )?;
        }
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

/// Gives how many messages were checked.
fn table<M: Codec<'static>>(tally: &mut Tally, table: Table<M>) -> usize {
    for (name, value) in table {
        tally.count("recorded message", name, recorded(name, value));
    }
    table.len()
}

fn recorded<M: Codec<'static>>(name: &str, value: &M) -> Result<(), Wrong> {
    let message = MESSAGES
        .iter()
        .find(|message| message.name == name)
        .ok_or("not recorded")?;
    let decoded = M::decoded(message.bytes).ok_or("does not decode")?;
    require(decoded == *value, "decodes to something else")?;
    let mut out = [0; 512];
    let written = value.encoded(&mut out).ok_or("does not encode")?;
    let expected = if WRITTEN_SHORTER.contains(&name) {
        message.bytes.get(..2).unwrap_or_default()
    } else {
        message.bytes
    };
    require(written == expected, "encodes to something else")
}

/// The console transcript: its handshake, and the plain texts that follow from it.
fn transcript(tally: &mut Tally) {
    let handshake = TRANSCRIPT
        .iter()
        .skip(2)
        .take(4)
        .try_for_each(|bytes| same::<SessionData<'_>>(bytes));
    tally.count("console transcript", "handshake", handshake);
    let plain = |value: Option<bool>| require(value == Some(true), "encodes to something else");
    let mut out = [0; 16];
    let set = ConfigResponse::SetConfig(Status::Success);
    tally.count(
        "console transcript",
        "SetConfig response",
        plain(set.encoded(&mut out).map(|b| b == b"\x08\x03\x6a\x00")),
    );
    let apply = ConfigResponse::ApplyConfig(Status::Success);
    tally.count(
        "console transcript",
        "ApplyConfig response",
        plain(apply.encoded(&mut out).map(|b| b == b"\x08\x05\x7a\x00")),
    );
}

/// What decodes encodes to the same bytes.
fn same<'a, M: Codec<'a>>(bytes: &'a [u8]) -> Result<(), Wrong> {
    let mut out = [0; 512];
    let value = M::decoded(bytes).ok_or("does not decode")?;
    require(value.encoded(&mut out) == Some(bytes), "encodes to something else")
}

/// Every beginning of a message decodes as what it may be, or fails; what decodes encodes to the same meaning.
fn beginnings(bytes: &[u8]) -> Result<(), Wrong> {
    (0..=bytes.len())
        .filter_map(|len| bytes.get(..len))
        .try_for_each(|cut| {
            settles!(cut, SessionData);
            settles!(cut, ConfigRequest);
            settles!(cut, ConfigResponse);
            settles!(cut, ScanRequest);
            settles!(cut, ScanResponse);
            settles!(cut, CtrlRequest);
            settles!(cut, CtrlResponse);
            Ok(())
        })
}

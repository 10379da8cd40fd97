use zeroize::Zeroize;

/// The values of a service's characteristics, as one client writes and reads them (spec transports.md 1.3).
///
/// A write is a request; what the device answers can be read at the same characteristic until the next write to it.
/// When the client is gone, [`Values::clear`] takes everything away before another one comes. The parts of a long
/// write are put together by the stack underneath.
pub struct Values<const N: usize> {
    responses: [Response; N],
}

/// What a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// A request: the write is answered when the request is.
    Request,
    /// Nothing: the write is acknowledged.
    Nothing,
}

/// Why a write or a read failed: the error codes of the attribute protocol that the original gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttError {
    /// There is no such characteristic.
    #[error("no such attribute")]
    InvalidHandle,
    /// The request failed (the original says "invalid PDU", whatever the reason).
    #[error("the request failed")]
    RequestFailed,
    /// A read began after the value's end, or a write not at its beginning.
    #[error("invalid offset")]
    InvalidOffset,
    /// More than 512 bytes.
    #[error("invalid length")]
    InvalidLength,
}

impl AttError {
    /// The code, as it travels.
    pub const fn code(self) -> u8 {
        match self {
            Self::InvalidHandle => 0x01,
            Self::RequestFailed => 0x04,
            Self::InvalidOffset => 0x07,
            Self::InvalidLength => 0x0d,
        }
    }
}

impl<const N: usize> Values<N> {
    /// The longest request and the longest response.
    pub const MAX_LEN: usize = MAX_LEN;

    /// Values as a client finds them that just connected: empty.
    pub const fn new() -> Self {
        Self {
            responses: [const { Response::EMPTY }; N],
        }
    }

    /// Takes what a client writes. A request ends what could be read before; an empty write changes nothing.
    ///
    /// # Errors
    /// When there is no such characteristic, the write does not begin at 0, or is too long.
    pub fn write(&mut self, characteristic: usize, offset: usize, value: &[u8]) -> Result<Written, AttError> {
        let response = self.responses.get_mut(characteristic).ok_or(AttError::InvalidHandle)?;
        if offset != 0 {
            return Err(AttError::InvalidOffset);
        }
        match value.len() {
            0 => Ok(Written::Nothing),
            1..=MAX_LEN => {
                response.clear();
                Ok(Written::Request)
            }
            _ => Err(AttError::InvalidLength),
        }
    }

    /// Keeps what the device answered to the last request; `None` if the request failed.
    ///
    /// # Errors
    /// What to tell the client that waits for its write: the request failed, there is no such characteristic, or the
    /// answer is too long.
    pub fn respond(&mut self, characteristic: usize, answer: Option<&[u8]>) -> Result<(), AttError> {
        let response = self.responses.get_mut(characteristic).ok_or(AttError::InvalidHandle)?;
        response.set(answer.ok_or(AttError::RequestFailed)?)
    }

    /// What a client reads that has `offset` bytes already.
    ///
    /// # Errors
    /// When there is no such characteristic, or `offset` is after the value's end.
    pub fn read(&self, characteristic: usize, offset: usize) -> Result<&[u8], AttError> {
        let response = self.responses.get(characteristic).ok_or(AttError::InvalidHandle)?;
        response.bytes().get(offset..).ok_or(AttError::InvalidOffset)
    }

    /// Takes everything away: the client is gone.
    pub fn clear(&mut self) {
        self.responses.iter_mut().for_each(Response::clear);
    }
}

impl<const N: usize> Default for Values<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Drop for Values<N> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The longest value that the attribute protocol knows.
const MAX_LEN: usize = 512;

/// What can be read at one characteristic.
struct Response {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl Response {
    const EMPTY: Self = Self {
        bytes: [0; MAX_LEN],
        len: 0,
    };

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }

    fn set(&mut self, value: &[u8]) -> Result<(), AttError> {
        self.clear();
        let place = self.bytes.get_mut(..value.len()).ok_or(AttError::InvalidLength)?;
        place.copy_from_slice(value);
        self.len = value.len();
        Ok(())
    }

    fn clear(&mut self) {
        self.bytes.zeroize();
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_read_until_the_next_write_to_its_characteristic() {
        let mut values = Values::<2>::new();
        assert_eq!(values.read(0, 0), Ok(&[][..]));
        assert_eq!(values.write(0, 0, b"one"), Ok(Written::Request));
        assert_eq!(values.respond(0, Some(b"answer")), Ok(()));
        assert_eq!(values.write(1, 0, b"other"), Ok(Written::Request));
        assert_eq!(values.read(0, 0), Ok(&b"answer"[..]));
        assert_eq!(values.read(0, 4), Ok(&b"er"[..]));
        assert_eq!(values.read(0, 6), Ok(&[][..]));
        assert_eq!(values.read(0, 7), Err(AttError::InvalidOffset));
        assert_eq!(values.write(0, 0, b"two"), Ok(Written::Request));
        assert_eq!(values.read(0, 0), Ok(&[][..]));
    }

    #[test]
    fn an_empty_write_changes_nothing() {
        let mut values = Values::<1>::new();
        assert_eq!(values.write(0, 0, b"one"), Ok(Written::Request));
        assert_eq!(values.respond(0, Some(b"answer")), Ok(()));
        assert_eq!(values.write(0, 0, b""), Ok(Written::Nothing));
        assert_eq!(values.read(0, 0), Ok(&b"answer"[..]));
    }

    #[test]
    fn a_failed_request_leaves_nothing_to_read() {
        let mut values = Values::<1>::new();
        assert_eq!(values.respond(0, Some(b"before")), Ok(()));
        assert_eq!(values.write(0, 0, b"one"), Ok(Written::Request));
        assert_eq!(values.respond(0, None), Err(AttError::RequestFailed));
        assert_eq!(values.read(0, 0), Ok(&[][..]));
    }

    #[test]
    fn values_end_at_512_bytes() {
        let mut values = Values::<1>::new();
        assert_eq!(values.write(0, 0, &[1; 512]), Ok(Written::Request));
        assert_eq!(values.write(0, 0, &[1; 513]), Err(AttError::InvalidLength));
        assert_eq!(values.respond(0, Some(&[1; 512])), Ok(()));
        assert_eq!(values.respond(0, Some(&[1; 513])), Err(AttError::InvalidLength));
        assert_eq!(values.read(0, 0), Ok(&[][..]));
    }

    #[test]
    fn writes_begin_at_the_beginning() {
        let mut values = Values::<1>::new();
        assert_eq!(values.write(0, 1, b"one"), Err(AttError::InvalidOffset));
        assert_eq!(values.write(1, 0, b"one"), Err(AttError::InvalidHandle));
        assert_eq!(values.read(1, 0), Err(AttError::InvalidHandle));
    }

    proptest! {
        #[test]
        fn nothing_is_left_for_the_next_client(answers: Vec<(usize, Vec<u8>)>) {
            let mut values = Values::<4>::new();
            for (characteristic, answer) in &answers {
                let _ = values.respond(characteristic % 4, Some(answer));
            }
            values.clear();
            for characteristic in 0..4 {
                prop_assert_eq!(values.read(characteristic, 0), Ok(&[][..]));
                prop_assert!(values.responses[characteristic].bytes.iter().all(|byte| *byte == 0));
            }
        }

        #[test]
        fn reads_of_any_size_join_to_the_answer(answer in prop::collection::vec(any::<u8>(), 0..=512), step in 22_usize..512) {
            let mut values = Values::<1>::new();
            prop_assert_eq!(values.respond(0, Some(&answer)), Ok(()));
            let mut joined = Vec::new();
            loop {
                let rest = values.read(0, joined.len()).expect("an offset inside the value");
                let part = &rest[..rest.len().min(step)];
                joined.extend_from_slice(part);
                if part.len() < step {
                    break;
                }
            }
            prop_assert_eq!(joined, answer);
        }
    }
}

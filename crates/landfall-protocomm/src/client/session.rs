use core::fmt;

use super::{Error, software_failed};
use crate::{
    CryptoFailed, Software,
    cipher::{CipherError, SessionCipher},
};

/// An established session: encrypt a request, send it, decrypt the answer, in turn.
///
/// Both ends count what they encrypt and decrypt, so a request whose answer never came leaves them in doubt of each
/// other. Such a session sends nothing more: the next request might go out under an IV or a piece of key stream that
/// has already been used. Under security 0 nothing can go wrong, and messages pass unchanged in any order.
pub struct Session(State);

impl Session {
    /// Bytes a message grows by when encrypted, at most (the GCM tag).
    pub const MAX_OVERHEAD: usize = 16;

    /// Encrypts the first `len` bytes of `buffer` in place and gives the length of the message.
    ///
    /// # Errors
    /// [`Error::InDoubt`] if the answer to the previous request was never decrypted; [`Error::CounterExhausted`],
    /// [`Error::EmptyRequest`], [`Error::BufferTooSmall`]. After a failed answer: that failure again.
    pub fn encrypt(&mut self, buffer: &mut [u8], len: usize) -> Result<usize, Error> {
        if len == 0 {
            return Err(Error::EmptyRequest);
        }
        match &mut self.0 {
            State::Plain if len <= buffer.len() => Ok(len),
            State::Plain => Err(Error::BufferTooSmall { needed: len }),
            State::Established { turn: Turn::Answer, .. } => Err(Error::InDoubt),
            State::Established { cipher, turn } => match cipher.seal(&mut Software, buffer, len) {
                Ok(sent) => {
                    *turn = Turn::Answer;
                    Ok(sent)
                }
                Err(CipherError::BufferTooSmall { needed }) => Err(Error::BufferTooSmall { needed }),
                Err(error) => Err(self.fail(error)),
            },
            State::Failed(error) => Err(*error),
        }
    }

    /// Decrypts an answer in place and gives the plain part of `message`.
    ///
    /// # Errors
    /// [`Error::Decrypt`], [`Error::CounterExhausted`]: the session is gone. [`Error::UnexpectedMessage`] if no answer
    /// is outstanding, as when one arrives twice: nothing changes then.
    pub fn decrypt<'m>(&mut self, message: &'m mut [u8]) -> Result<&'m mut [u8], Error> {
        match &mut self.0 {
            State::Plain => Ok(message),
            State::Established {
                turn: Turn::Request, ..
            } => Err(Error::UnexpectedMessage),
            State::Established { cipher, turn } => match cipher.open(&mut Software, message) {
                Ok(plain) => {
                    *turn = Turn::Request;
                    Ok(plain)
                }
                Err(error) => Err(self.fail(error)),
            },
            State::Failed(error) => Err(*error),
        }
    }

    /// Whether another request can be sent: no answer is outstanding and nothing failed.
    pub fn is_usable(&self) -> bool {
        matches!(
            self.0,
            State::Plain
                | State::Established {
                    turn: Turn::Request,
                    ..
                }
        )
    }

    pub(super) fn plain() -> Self {
        Self(State::Plain)
    }

    pub(super) fn over(cipher: SessionCipher) -> Self {
        Self(State::Established {
            cipher,
            turn: Turn::Request,
        })
    }

    /// Wipes the keys; the session answers this failure from now on.
    fn fail(&mut self, error: CipherError) -> Error {
        let error = match error {
            CipherError::CounterExhausted => Error::CounterExhausted,
            CipherError::Forged | CipherError::BufferTooSmall { .. } => Error::Decrypt,
            CipherError::Crypto => software_failed(CryptoFailed),
        };
        self.0 = State::Failed(error);
        error
    }
}

impl fmt::Debug for Session {
    /// Shows where the session stands, never a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Plain => "Session(Plain)",
            State::Established {
                turn: Turn::Request, ..
            } => "Session(Ready)",
            State::Established { turn: Turn::Answer, .. } => "Session(AwaitingAnswer)",
            State::Failed(_) => "Session(Failed)",
        })
    }
}

enum State {
    /// Security 0.
    Plain,
    /// Security 1 and 2.
    Established { cipher: SessionCipher, turn: Turn },
    /// The keys are gone.
    Failed(Error),
}

/// Whose message the cipher takes next.
enum Turn {
    Request,
    Answer,
}

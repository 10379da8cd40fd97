use subtle::ConstantTimeEq;

use super::{Error, Session, require_success, software_failed, write};
use crate::{
    Random, Software,
    cipher::{KeyPair, KeyStream, SessionCipher},
    session::{COMMAND0, COMMAND1, RESPONSE0, RESPONSE1},
    wire::{Scheme, Sec1Body, SessionPayload},
};

/// The client's key has been sent (spec protocol.md 5.3, step 1).
pub(super) struct AwaitResponse0<'a> {
    keys: KeyPair,
    pop: &'a [u8],
}

impl<'a> AwaitResponse0<'a> {
    pub(super) fn start(pop: &'a [u8], request: &mut [u8], random: &mut dyn Random) -> Result<(Self, usize), Error> {
        let keys = KeyPair::draw(random);
        let command = Sec1Body::Command0 {
            client_pubkey: keys.public(),
        };
        let len = write(
            Scheme::Security1,
            SessionPayload::Sec1 {
                msg: COMMAND0,
                body: Some(command),
            },
            request,
        )?;
        Ok((Self { keys, pop }, len))
    }

    /// Agrees on the key and proves it: the device's public key under the key stream.
    pub(super) fn advance(
        self,
        payload: SessionPayload<'_>,
        request: &mut [u8],
    ) -> Result<(AwaitResponse1, usize), Error> {
        let SessionPayload::Sec1 {
            msg: RESPONSE0,
            body:
                Some(Sec1Body::Response0 {
                    status,
                    device_pubkey,
                    device_random,
                }),
        } = payload
        else {
            return Err(Error::UnexpectedMessage);
        };
        require_success(status)?;
        let device_public: [u8; 32] = device_pubkey
            .try_into()
            .map_err(|_| Error::InvalidParameter("the device's public key has not 32 bytes"))?;
        let initial_block = device_random
            .try_into()
            .map_err(|_| Error::InvalidParameter("the device's random has not 16 bytes"))?;
        let client_public = *self.keys.public();
        let key = self
            .keys
            .agree(&mut Software, &device_public, self.pop)
            .map_err(software_failed)?
            .ok_or(Error::InvalidParameter("the device's public key is of low order"))?;
        let mut stream = KeyStream::new(key, initial_block);
        let mut verify_data = device_public;
        stream.apply(&mut Software, &mut verify_data).map_err(software_failed)?;
        let command = Sec1Body::Command1 {
            client_verify_data: &verify_data,
        };
        let len = write(
            Scheme::Security1,
            SessionPayload::Sec1 {
                msg: COMMAND1,
                body: Some(command),
            },
            request,
        )?;
        Ok((AwaitResponse1 { stream, client_public }, len))
    }
}

/// The client's proof has been sent (step 3).
pub(super) struct AwaitResponse1 {
    stream: KeyStream,
    client_public: [u8; 32],
}

impl AwaitResponse1 {
    /// Checks the device's proof: the client's public key under the key stream.
    pub(super) fn advance(mut self, payload: SessionPayload<'_>) -> Result<Session, Error> {
        let SessionPayload::Sec1 {
            msg: RESPONSE1,
            body: Some(Sec1Body::Response1 {
                status,
                device_verify_data,
            }),
        } = payload
        else {
            return Err(Error::UnexpectedMessage);
        };
        require_success(status)?;
        let mut verify_data: [u8; 32] = device_verify_data
            .try_into()
            .map_err(|_| Error::InvalidParameter("the device's verify data has not 32 bytes"))?;
        self.stream
            .apply(&mut Software, &mut verify_data)
            .map_err(software_failed)?;
        if !bool::from(verify_data.ct_eq(&self.client_public)) {
            return Err(Error::WrongProof);
        }
        Ok(Session::over(SessionCipher::Stream(self.stream)))
    }
}

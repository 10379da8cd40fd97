use core::mem;

use subtle::ConstantTimeEq;

use super::{Device, Error, State, Turn};
use crate::{
    Crypto, CryptoFailed, Random,
    cipher::{KeyPair, KeyStream, SessionCipher},
    session::{COMMAND0, COMMAND1, RESPONSE0, RESPONSE1},
    wire::{Scheme, Sec1Body, SessionPayload, Status},
};

/// CMD1 of security 1: both public keys and the key stream that proves who knows the PoP.
pub(super) struct Verify {
    stream: KeyStream,
    client_public: [u8; 32],
    device_public: [u8; 32],
}

impl<C: Crypto> Device<'_, C> {
    /// Takes a message of security 1 (spec protocol.md 5.3 to 5.5).
    pub(super) fn security1(
        &mut self,
        pop: &[u8],
        msg: i32,
        body: Option<Sec1Body<'_>>,
        turn: Turn<'_>,
    ) -> Result<usize, Error> {
        match msg {
            COMMAND0 => self.security1_command0(pop, body, turn),
            COMMAND1 => self.security1_command1(body, turn),
            _ => Err(Error::UnexpectedMessage),
        }
    }

    fn security1_command0(
        &mut self,
        pop: &[u8],
        body: Option<Sec1Body<'_>>,
        mut turn: Turn<'_>,
    ) -> Result<usize, Error> {
        self.lockout.check(turn.now)?;
        self.wipe();
        let Some(Sec1Body::Command0 { client_pubkey }) = body else {
            return Err(self.refuse_parameter("Command0 has no content"));
        };
        let Ok(client_public) = client_pubkey.try_into() else {
            return Err(self.refuse_parameter("the client's public key has not 32 bytes"));
        };
        let (verify, initial_block) = Verify::begin(&mut self.crypto, pop, client_public, turn.random)?;
        let response = Sec1Body::Response0 {
            status: Status::Success,
            device_pubkey: &verify.device_public,
            device_random: &initial_block,
        };
        let len = turn.reply(
            Scheme::Security1,
            SessionPayload::Sec1 {
                msg: RESPONSE0,
                body: Some(response),
            },
        )?;
        self.state = State::Verify(verify);
        Ok(len)
    }

    fn security1_command1(&mut self, body: Option<Sec1Body<'_>>, mut turn: Turn<'_>) -> Result<usize, Error> {
        if !matches!(self.state, State::Verify(_)) {
            return Err(Error::UnexpectedMessage);
        }
        let Some(Sec1Body::Command1 { client_verify_data }) = body else {
            return Err(self.refuse_parameter("Command1 has no content"));
        };
        let Ok(client_verify_data) = client_verify_data.try_into() else {
            return Err(self.refuse_parameter("the client's verify data has not 32 bytes"));
        };
        let verify = self.take_verify()?;
        let Some((stream, device_verify_data)) = verify.finish(&mut self.crypto, client_verify_data)? else {
            return Err(self.refuse_proof(turn.now));
        };
        let response = Sec1Body::Response1 {
            status: Status::Success,
            device_verify_data: &device_verify_data,
        };
        let len = turn.reply(
            Scheme::Security1,
            SessionPayload::Sec1 {
                msg: RESPONSE1,
                body: Some(response),
            },
        )?;
        self.establish(SessionCipher::Stream(stream));
        Ok(len)
    }

    /// Takes what Command1 works with out of the session: right or wrong, it is used once.
    fn take_verify(&mut self) -> Result<Verify, Error> {
        match mem::replace(&mut self.state, State::Idle) {
            State::Verify(verify) => Ok(verify),
            other => {
                self.state = other;
                Err(Error::UnexpectedMessage)
            }
        }
    }
}

impl Verify {
    /// Agrees on a key with a client; also gives the key stream's initial counter block.
    fn begin(
        crypto: &mut dyn Crypto,
        pop: &[u8],
        client_public: [u8; 32],
        random: &mut dyn Random,
    ) -> Result<(Self, [u8; 16]), Error> {
        let keys = KeyPair::draw(random);
        let mut initial_block = [0; 16];
        random.fill(&mut initial_block);
        let device_public = *keys.public();
        let key = keys
            .agree(crypto, &client_public, pop)?
            .ok_or(Error::InvalidParameter("the client's public key is of low order"))?;
        let stream = KeyStream::new(key, initial_block);
        Ok((
            Self {
                stream,
                client_public,
                device_public,
            },
            initial_block,
        ))
    }

    /// Compares the client's verify data; gives the device's own and the stream that goes on, if they are right.
    fn finish(
        mut self,
        crypto: &mut dyn Crypto,
        mut client_verify_data: [u8; 32],
    ) -> Result<Option<(KeyStream, [u8; 32])>, CryptoFailed> {
        self.stream.apply(crypto, &mut client_verify_data)?;
        if !bool::from(client_verify_data.ct_eq(&self.device_public)) {
            return Ok(None);
        }
        let mut device_verify_data = self.client_public;
        self.stream.apply(crypto, &mut device_verify_data)?;
        Ok(Some((self.stream, device_verify_data)))
    }
}

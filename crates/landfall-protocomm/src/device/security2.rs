use core::ops::RangeInclusive;

use super::{Device, Error, State, Turn};
use crate::{
    Crypto, CryptoFailed, NonceRule, Random,
    cipher::{Key, MessageCipher, Nonces, SessionCipher},
    session::{COMMAND0, COMMAND1, RESPONSE0, RESPONSE1},
    srp::{self, ClientPublic, DeviceProofs, Ephemeral, SecretFailed, Verifier},
    wire::{Scheme, Sec2Body, SessionPayload, Status},
};

/// CMD1 of security 2 before the exponentiation: what the client's message said. The device's key pair is in
/// `Device::ephemeral`.
pub(super) struct Exchange {
    username_hash: [u8; 64],
    client_public: ClientPublic,
}

impl<C: Crypto> Device<'_, C> {
    /// Takes a message of security 2 (spec protocol.md 6.3, 6.4).
    pub(super) fn security2(
        &mut self,
        verifier: Verifier<'_>,
        nonce_rule: NonceRule,
        msg: i32,
        body: Option<Sec2Body<'_>>,
        turn: Turn<'_>,
    ) -> Result<usize, Error> {
        match msg {
            COMMAND0 => self.security2_command0(&verifier, body, turn),
            COMMAND1 => self.security2_command1(&verifier, nonce_rule, body, turn),
            _ => Err(Error::UnexpectedMessage),
        }
    }

    /// Works out the shared secret of the handshake under way, if that is still to be done.
    ///
    /// The handshake ends if that fails, which no honest pair of keys makes happen.
    pub(super) fn share_secret(&mut self, verifier: &Verifier<'_>) -> Result<(), Error> {
        let (State::Exchange(exchange), Some(ephemeral)) = (&self.state, &self.ephemeral) else {
            return Ok(());
        };
        let proofs = DeviceProofs::new(
            &mut self.crypto,
            verifier,
            ephemeral,
            &exchange.username_hash,
            &exchange.client_public,
        );
        self.wipe();
        self.state = State::Prove(proofs.map_err(|error| match error {
            SecretFailed::Parameter(what) => Error::InvalidParameter(what),
            SecretFailed::Crypto => Error::Crypto(CryptoFailed),
        })?);
        Ok(())
    }

    /// Draws the key pair of the next handshake.
    #[inline(never)]
    pub(super) fn draw_ephemeral(&mut self, verifier: &Verifier<'_>, random: &mut dyn Random) -> Result<(), Error> {
        self.ephemeral = Some(Ephemeral::draw(&mut self.crypto, verifier, random)?);
        Ok(())
    }

    fn security2_command0(
        &mut self,
        verifier: &Verifier<'_>,
        body: Option<Sec2Body<'_>>,
        mut turn: Turn<'_>,
    ) -> Result<usize, Error> {
        self.lockout.check(turn.now)?;
        // The only refusal that keeps an old session, and one without an event (spec protocol.md 5.4, 6.4).
        let Some(Sec2Body::Command0 {
            client_username,
            client_pubkey,
        }) = body
        else {
            return Err(Error::InvalidParameter("Command0 has no content"));
        };
        self.wipe();
        if !PUBLIC_KEY.contains(&client_pubkey.len()) {
            return Err(self.refuse_parameter("the client's public key has not 384 bytes"));
        }
        if !USERNAME.contains(&client_username.len()) {
            return Err(self.refuse_parameter("the user name is empty or too long"));
        }
        let exchange = Exchange {
            client_public: ClientPublic::new(client_pubkey).map_err(Error::InvalidParameter)?,
            username_hash: srp::hash_username(client_username),
        };
        if self.ephemeral.is_none() {
            self.draw_ephemeral(verifier, turn.random)?;
        }
        let device_pubkey = self.ephemeral.as_ref().map(Ephemeral::public).unwrap_or_default();
        self.state = State::Exchange(exchange);
        let response = Sec2Body::Response0 {
            status: Status::Success,
            device_pubkey,
            device_salt: verifier.salt(),
        };
        let replied = turn.reply(
            Scheme::Security2,
            SessionPayload::Sec2 {
                msg: RESPONSE0,
                body: Some(response),
            },
        );
        if replied.is_err() {
            self.wipe();
        }
        replied
    }

    fn security2_command1(
        &mut self,
        verifier: &Verifier<'_>,
        nonce_rule: NonceRule,
        body: Option<Sec2Body<'_>>,
        mut turn: Turn<'_>,
    ) -> Result<usize, Error> {
        if !matches!(self.state, State::Exchange(_) | State::Prove(_)) {
            return Err(Error::UnexpectedMessage);
        }
        let Some(Sec2Body::Command1 { client_proof }) = body else {
            return Err(Error::InvalidParameter("Command1 has no content"));
        };
        if !PROOF.contains(&client_proof.len()) {
            return Err(Error::InvalidParameter("the client's proof has not 64 bytes"));
        }
        self.share_secret(verifier)?;
        let State::Prove(proofs) = &self.state else {
            return Err(Error::UnexpectedMessage);
        };
        let Some(accepted) = proofs.check(client_proof) else {
            return Err(self.refuse_proof(turn.now));
        };
        self.wipe();
        let nonces = Nonces::draw(nonce_rule, turn.random);
        let device_nonce = nonces.iv();
        let response = Sec2Body::Response1 {
            status: Status::Success,
            device_proof: &accepted.device_proof,
            device_nonce: device_nonce.as_bytes(),
        };
        let len = turn.reply(
            Scheme::Security2,
            SessionPayload::Sec2 {
                msg: RESPONSE1,
                body: Some(response),
            },
        )?;
        let cipher = MessageCipher::new(Key::new(accepted.key), nonces);
        self.establish(SessionCipher::Messages(cipher));
        Ok(len)
    }
}

/// Lengths of A: 384 bytes, or less from clients that drop leading zero bytes (spec protocol.md 6.2).
const PUBLIC_KEY: RangeInclusive<usize> = 376..=384;

/// Lengths of a user name.
const USERNAME: RangeInclusive<usize> = 1..=65535;

/// Lengths of M1: 64 bytes, or less from clients that drop leading zero bytes.
const PROOF: RangeInclusive<usize> = 56..=64;

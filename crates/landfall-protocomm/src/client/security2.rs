use super::{Error, Session, XRule, require_success, write};
use crate::{
    NonceRule, Random,
    cipher::{Key, MessageCipher, Nonces, SessionCipher},
    session::{COMMAND0, COMMAND1, RESPONSE0, RESPONSE1},
    srp::{ClientEphemeral, ClientProofs},
    wire::{Scheme, Sec2Body, SessionPayload},
};

/// What [`super::Security::Security2`] carries.
pub(super) struct Account<'a> {
    pub(super) username: &'a [u8],
    pub(super) password: &'a [u8],
    pub(super) nonce_rule: NonceRule,
    pub(super) x_rule: XRule,
}

/// User name and A have been sent (spec protocol.md 6.3, step 1).
pub(super) struct AwaitResponse0<'a> {
    account: Account<'a>,
    ephemeral: ClientEphemeral,
}

impl<'a> AwaitResponse0<'a> {
    pub(super) fn start(
        account: Account<'a>,
        request: &mut [u8],
        random: &mut dyn Random,
    ) -> Result<(Self, usize), Error> {
        if account.username.is_empty() {
            return Err(Error::InvalidCredentials("the user name is empty"));
        }
        if account.username.len() > MAX_USERNAME {
            return Err(Error::InvalidCredentials("the user name is longer than 65535 bytes"));
        }
        Self::with(account, ClientEphemeral::draw(random), request)
    }

    /// Starts with a given key pair.
    pub(super) fn with(
        account: Account<'a>,
        ephemeral: ClientEphemeral,
        request: &mut [u8],
    ) -> Result<(Self, usize), Error> {
        let command = Sec2Body::Command0 {
            client_username: account.username,
            client_pubkey: ephemeral.public(),
        };
        let len = write(
            Scheme::Security2,
            SessionPayload::Sec2 {
                msg: COMMAND0,
                body: Some(command),
            },
            request,
        )?;
        Ok((Self { account, ephemeral }, len))
    }

    /// Works out the shared secret and proves it.
    pub(super) fn advance(
        self,
        payload: SessionPayload<'_>,
        request: &mut [u8],
    ) -> Result<(AwaitResponse1, usize), Error> {
        let SessionPayload::Sec2 {
            msg: RESPONSE0,
            body:
                Some(Sec2Body::Response0 {
                    status,
                    device_pubkey,
                    device_salt,
                }),
        } = payload
        else {
            return Err(Error::UnexpectedMessage);
        };
        require_success(status)?;
        let Account {
            username,
            password,
            nonce_rule,
            x_rule,
        } = self.account;
        let proofs = ClientProofs::new(self.ephemeral, username, password, x_rule, device_salt, device_pubkey)
            .map_err(Error::InvalidParameter)?;
        let command = Sec2Body::Command1 {
            client_proof: proofs.proof(),
        };
        let len = write(
            Scheme::Security2,
            SessionPayload::Sec2 {
                msg: COMMAND1,
                body: Some(command),
            },
            request,
        )?;
        Ok((AwaitResponse1 { proofs, nonce_rule }, len))
    }
}

/// M1 has been sent (step 3).
pub(super) struct AwaitResponse1 {
    proofs: ClientProofs,
    nonce_rule: NonceRule,
}

impl AwaitResponse1 {
    /// Checks M2 before anything else is believed, then takes the device's nonce.
    pub(super) fn advance(self, payload: SessionPayload<'_>) -> Result<Session, Error> {
        let SessionPayload::Sec2 {
            msg: RESPONSE1,
            body:
                Some(Sec2Body::Response1 {
                    status,
                    device_proof,
                    device_nonce,
                }),
        } = payload
        else {
            return Err(Error::UnexpectedMessage);
        };
        require_success(status)?;
        let key = self
            .proofs
            .accept(device_proof)
            .map(Key::new)
            .ok_or(Error::WrongProof)?;
        let nonces = Nonces::from_device(self.nonce_rule, device_nonce)
            .ok_or(Error::InvalidParameter("the device's nonce has a wrong length"))?;
        if nonces.is_exhausted() {
            return Err(Error::CounterExhausted);
        }
        Ok(Session::over(SessionCipher::Messages(MessageCipher::new(key, nonces))))
    }
}

/// The device's limit (spec protocol.md 6.4).
const MAX_USERNAME: usize = 65535;

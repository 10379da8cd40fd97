use alloc::vec;

use landfall_protocomm::{
    Endpoint,
    client::{self, Handshake, Security, Step, XRule},
};

use crate::{Connection, Environment, Error, Secret, Transport, TransportError, connection::OpenSession};

impl<T: Transport, E: Environment> Connection<T, E> {
    /// Opens a session with `secret`, choosing the scheme from what the device says unless the secret insists.
    ///
    /// A refused security 2 proof is tried once more with the other rule for x, only where the rules differ. Nothing
    /// else is tried twice: devices count wrong proofs and lock their clients out.
    ///
    /// # Errors
    /// [`Error::WrongSecret`], [`Error::SecretNeeded`], [`Error::UnknownScheme`], [`Error::InsecureDevice`],
    /// [`Error::Downgrade`], [`Error::Handshake`], [`Error::Transport`].
    pub async fn open_session(&mut self, secret: &Secret) -> Result<(), Error> {
        self.session = None;
        let security = secret.security(self.version().await?)?;
        let session = match self.handshake(security).await {
            Err(Error::WrongSecret) if security.x_rules_differ() => {
                // The verifier may have been made by a tool with the other rule (spec protocol.md 6.2, quirks). A
                // refusal over HTTP has closed the connection.
                self.transport.reconnect().await?;
                self.handshake(with_stripped_x(security)).await?
            }
            other => other?,
        };
        let (scheme, nonce_rule) = match security {
            Security::Security0 => (0, None),
            Security::Security1 { .. } => (1, None),
            Security::Security2 { nonce_rule, .. } => (2, Some(nonce_rule)),
        };
        self.session = Some(OpenSession {
            session,
            scheme,
            nonce_rule,
        });
        Ok(())
    }

    async fn handshake(&mut self, security: Security<'_>) -> Result<client::Session, Error> {
        let mut message = vec![0; Handshake::MAX_MESSAGE + username_len(&security)];
        let environment = &mut self.environment;
        let mut random = |bytes: &mut [u8]| environment.fill_random(bytes);
        let (mut handshake, mut len) =
            Handshake::start(security, &mut message, &mut random).map_err(Error::Handshake)?;
        let mut proof_sent = false;
        loop {
            let request = message.get(..len).unwrap_or_default();
            let answer = match self.transport.send(Endpoint::SESSION.as_str(), request).await {
                // A device says no by not answering (spec protocol.md 9). To the proof that means "wrong"; a
                // connection that broke by itself means nothing.
                Err(TransportError::Refused) if proof_sent => return Err(Error::WrongSecret),
                answer => answer?,
            };
            match handshake.advance(&answer, &mut message).map_err(Error::Handshake)? {
                Step::Send(next, next_len) => (handshake, len) = (next, next_len),
                Step::Done(session) => return Ok(session),
            }
            proof_sent = true;
        }
    }
}

fn with_stripped_x(security: Security<'_>) -> Security<'_> {
    match security {
        Security::Security2 {
            username,
            password,
            nonce_rule,
            ..
        } => Security::Security2 {
            username,
            password,
            nonce_rule,
            x_rule: XRule::Stripped,
        },
        other => other,
    }
}

fn username_len(security: &Security<'_>) -> usize {
    match security {
        Security::Security2 { username, .. } => username.len(),
        _ => 0,
    }
}

//! A device on the other end, as every client command needs it.

use core::time::Duration;

use landfall_client::{Connection, Error, Secret, SystemEnvironment, http::HttpTransport, protocomm::NonceRule};
use zeroize::Zeroizing;

use super::label::Label;
use crate::{
    args::{SecretArgs, Target},
    failure::Failure,
    print::{Event, Printer},
};

/// A connection and where it goes.
pub(super) struct Remote {
    pub(super) connection: Connection<HttpTransport, SystemEnvironment>,
    host: String,
}

impl Remote {
    /// Prepares a connection; nothing is sent yet.
    pub(super) fn new(target: &Target) -> Result<Self, Failure> {
        let transport = HttpTransport::new(&target.host)
            .map_err(|error| Failure::of_client(&error.into(), &target.host))?
            .with_timeout(Duration::from_secs(target.timeout).min(LONGEST_ANSWER));
        Ok(Self {
            connection: Connection::new(transport, SystemEnvironment::new()),
            host: target.host.clone(),
        })
    }

    /// Opens a session, asking the user for what is missing, and tells of it.
    pub(super) async fn open(target: &Target, args: &SecretArgs, printer: &Printer) -> Result<Self, Failure> {
        let mut remote = Self::new(target)?;
        let secret = remote.secret(args, printer).await?;
        remote.open_session(&secret, printer).await?;
        Ok(remote)
    }

    /// Opens a session with `secret` and tells of it.
    pub(super) async fn open_session(&mut self, secret: &Secret, printer: &Printer) -> Result<(), Failure> {
        self.connection
            .open_session(secret)
            .await
            .map_err(|error| self.failure(&error))?;
        if let Some((scheme, nonce_rule)) = self.connection.session_scheme() {
            printer.event(&Event::SessionEstablished { scheme });
            if nonce_rule == Some(NonceRule::StaticInsecure2022) {
                printer.hint(
                    "whoever records this session can read parts of it (firmware before March 2025): update the device",
                );
            }
        }
        Ok(())
    }

    /// The secret that this device wants, from the arguments or from the user.
    pub(super) async fn secret(&mut self, args: &SecretArgs, printer: &Printer) -> Result<Secret, Failure> {
        let label = args.qr.as_ref().map(|text| Label::parse(text.expose())).transpose()?;
        warn_of_exposed(args, printer);
        let mut secret = given(args, label)?;
        let version = match self.connection.version().await {
            Ok(version) => version,
            Err(error) => return Err(Failure::of_client(&error, &self.host)),
        };
        match secret.scheme.or_else(|| version.scheme()) {
            Some(1) if secret.pop.is_none() && !version.needs_no_pop() => {
                secret.pop = args.pop.source().find_or_ask("Proof of possession: ")?;
            }
            Some(2) => {
                secret.username.get_or_insert_with(|| DEFAULT_USERNAME.to_owned());
                if secret.password.is_none() {
                    secret.password = args.password.source().find_or_ask("Password: ")?;
                }
            }
            _ => {}
        }
        Ok(secret)
    }

    /// What `error` means to the user.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        Failure::of_client(error, &self.host)
    }
}

/// The user of Espressif's examples; their app takes it too where a QR code names none (spec manager.md 9).
const DEFAULT_USERNAME: &str = "wifiprov";

/// A blocking scan takes up to 10 s; nothing takes longer.
const LONGEST_ANSWER: Duration = Duration::from_secs(15);

fn given(args: &SecretArgs, label: Option<Label>) -> Result<Secret, Failure> {
    let (label_pop, label_username, label_scheme) = label.map_or((None, None, None), |label| {
        let pop = label.pop.map(|pop| Zeroizing::new(pop.as_bytes().to_vec()));
        (pop, label.username, label.security)
    });
    Ok(Secret {
        pop: args.pop.source().find()?.or_else(|| label_pop.clone()),
        username: args.username.clone().or(label_username),
        // A code has one secret, whatever the scheme: the key is `pop` for a password too (spec manager.md 9).
        password: args.password.source().find()?.or(label_pop),
        scheme: args.sec_ver.or(label_scheme),
        require_patched: args.require_patched,
    })
}

fn warn_of_exposed(args: &SecretArgs, printer: &Printer) {
    let exposed = [("--pop", args.pop.source()), ("--password", args.password.source())];
    for (flag, _) in exposed.iter().filter(|(_, source)| source.is_exposed()) {
        printer.exposed(flag);
    }
}

//! A device on the other end, as every client command needs it.

use landfall_client::{
    Connection, Error, Secret, SystemEnvironment, TransportError, VersionInfo, protocomm::NonceRule,
};
use zeroize::Zeroizing;

use super::{label::Label, link::Link, visits::Visits};
use crate::{
    args::{SecretArgs, Target},
    failure::{Failure, Problem},
    input,
    print::{Event, Printer},
    secrets::Hidden,
};

/// A connection and where it goes.
pub(super) struct Remote {
    pub(super) connection: Connection<Link, SystemEnvironment>,
    place: String,
}

impl Remote {
    /// Goes to the device that `target` means, or its `label`; over a network nothing is sent yet.
    pub(super) async fn reach(
        target: &Target,
        label: Option<&Label>,
        visits: &Visits,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let (link, place) = Link::open(target, label, visits, printer).await?;
        Ok(Self {
            connection: Connection::new(link, SystemEnvironment::new()),
            place,
        })
    }

    /// Opens a session, asking the user for what is missing, and tells of it.
    pub(super) async fn open(
        target: &Target,
        args: &SecretArgs,
        visits: &Visits,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let (mut remote, secret) = Self::with_secret(target, args, visits, printer).await?;
        remote.open_session(&secret, printer).await?;
        Ok(remote)
    }

    /// Goes to the device, and finds the secret that it wants in the arguments or by asking the user.
    pub(super) async fn with_secret(
        target: &Target,
        args: &SecretArgs,
        visits: &Visits,
        printer: &Printer,
    ) -> Result<(Self, Secret), Failure> {
        let label = match &args.qr {
            Some(given) => Some(find_label(given).await?),
            None => None,
        };
        if let Some(name) = label.as_ref().and_then(|label| label.name.as_deref()) {
            printer.event(&Event::Label { name });
        }
        warn_of_exposed(args, printer);
        let mut secret = given(args, label.as_ref()).await?;
        let mut remote = Self::reach(target, label.as_ref(), visits, printer).await?;
        let label_scheme = label.and_then(|label| label.security);
        remote.complete(&mut secret, label_scheme, args, printer).await?;
        Ok((remote, secret))
    }

    /// Where the device is.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Opens a session with `secret` and tells of it.
    pub(super) async fn open_session(&mut self, secret: &Secret, printer: &Printer) -> Result<(), Failure> {
        printer.step("Opening the session");
        if let Err(error) = self.connection.open_session(secret).await {
            return Err(self.handshake_failure(&error, secret));
        }
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

    /// Asks the device which secret it wants, and the user for what is missing of it.
    async fn complete(
        &mut self,
        secret: &mut Secret,
        label_scheme: Option<u8>,
        args: &SecretArgs,
        printer: &Printer,
    ) -> Result<(), Failure> {
        printer.step("Asking the device what it is");
        let version = match self.connection.version().await {
            Ok(version) => version.clone(),
            Err(error) => return Err(self.failure(&error)),
        };
        if secret.scheme.is_none() {
            refuse_less_than(label_scheme, &version)?;
        }
        match secret.scheme.or_else(|| version.scheme()) {
            Some(1) if secret.pop.is_none() && !version.needs_no_pop() => {
                secret.pop = args.pop.source().find_or_ask("Proof of possession: ").await?;
            }
            Some(2) => {
                secret.username.get_or_insert_with(|| DEFAULT_USERNAME.to_owned());
                if secret.password.is_none() {
                    secret.password = args.password.source().find_or_ask("Password: ").await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What `error` of a handshake means: a device that is asked for another scheme than its own just refuses.
    fn handshake_failure(&self, error: &Error, secret: &Secret) -> Failure {
        let own = self.connection.known_version().and_then(VersionInfo::scheme);
        match (error, own, secret.scheme) {
            (Error::Transport(TransportError::Refused), Some(own), Some(insisted)) if own != insisted => {
                Failure::new(Problem::SchemeMismatch).because(format!("it speaks security {own}, not {insisted}"))
            }
            _ => self.failure(error),
        }
    }

    /// What `error` means to the user.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        self.connection.transport().failure(error, &self.place)
    }
}

/// The user of Espressif's examples; their app takes it too where a QR code names none (spec manager.md 9).
const DEFAULT_USERNAME: &str = "wifiprov";

/// Standard input and large pictures take their time: this can be interrupted.
async fn find_label(given: &Hidden) -> Result<Label, Failure> {
    let given = given.clone();
    input::apart(move || Ok(Label::find(given.expose())))
        .await
        .map_err(|error| input::failure(&error, "QR code"))?
}

async fn given(args: &SecretArgs, label: Option<&Label>) -> Result<Secret, Failure> {
    let label_pop = label.and_then(|label| label.pop.as_ref());
    let label_pop = label_pop.map(|pop| Zeroizing::new(pop.as_bytes().to_vec()));
    let label_username = label.and_then(|label| label.username.clone());
    Ok(Secret {
        pop: args.pop.source().find_apart().await?.or_else(|| label_pop.clone()),
        username: args.username.clone().or(label_username),
        // A code has one secret, whatever the scheme: the key is `pop` for a password too (spec manager.md 9).
        password: args.password.source().find_apart().await?.or(label_pop),
        scheme: args.sec_ver,
        require_patched: args.require_patched,
    })
}

/// A device may speak a better scheme than its label says: it was updated. A worse one may be somebody on the way, as
/// what a device says of itself is not protected.
fn refuse_less_than(label: Option<u8>, version: &VersionInfo) -> Result<(), Failure> {
    match (label, version.scheme()) {
        (Some(label), Some(device)) if device < label => Err(Failure::new(Problem::LabelMismatch).because(format!(
            "the label says security {label} and the device {device}, which somebody on the way could have changed"
        ))),
        _ => Ok(()),
    }
}

fn warn_of_exposed(args: &SecretArgs, printer: &Printer) {
    let exposed = [("--pop", args.pop.source()), ("--password", args.password.source())];
    for (flag, _) in exposed.iter().filter(|(_, source)| source.is_exposed()) {
        printer.exposed(flag);
    }
}

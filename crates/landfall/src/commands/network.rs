//! Which network a device is to join, and its passphrase: from the arguments, or asked for.

use landfall_client::{Network, ScanOptions, Secret, Transport as _, protocomm::wire::AuthMode};
use tokio::sync::mpsc::UnboundedSender;
use zeroize::Zeroizing;

use super::{remote::Remote, scan};
use crate::{
    args::NetworkArgs,
    failure::{Failure, Problem},
    input,
    print::{
        Event, FoundNetworks, NetworkRow, Printer,
        text::{auth_name, from_hex, network_name},
    },
    terminal::{self, Choice, Networks},
};

/// A network to join.
pub(super) struct Wanted {
    pub(super) network: Network,
    /// Whether somebody was asked for its passphrase, and so can be asked again.
    pub(super) is_asked: bool,
}

/// Who is asked what the arguments leave open.
#[derive(Clone, Copy)]
pub(super) struct Chooser<'a> {
    pub(super) args: &'a NetworkArgs,
    pub(super) printer: &'a Printer,
}

/// A network without its passphrase.
struct Chosen {
    ssid: Vec<u8>,
    /// How it protects itself, if the device sees it.
    auth: Option<AuthMode>,
}

impl Chooser<'_> {
    /// The network that the arguments name, if they name one.
    pub(super) async fn named(&self) -> Result<Option<Wanted>, Failure> {
        let ssid = match (&self.args.ssid, &self.args.ssid_hex) {
            (Some(ssid), _) => ssid.clone().into_bytes(),
            (None, Some(digits)) => {
                from_hex(digits).ok_or_else(|| Failure::new(Problem::NotHex).saying("--ssid-hex is not hex"))?
            }
            (None, None) => return Ok(None),
        };
        self.with_passphrase(Chosen { ssid, auth: None }).await.map(Some)
    }

    /// Has somebody choose among the networks that the device sees, with `note` before their eyes. `None` if they leave
    /// without a choice.
    pub(super) async fn choose(
        &self,
        remote: &mut Remote,
        secret: &Secret,
        mut note: Option<String>,
    ) -> Result<Option<Wanted>, Failure> {
        loop {
            let choice = if self.printer.can_choose() {
                let scan = async |pages: UnboundedSender<Vec<NetworkRow>>| {
                    let found = scan_anew(remote, secret, |found| drop(pages.send(found.networks))).await?;
                    Ok(found.networks)
                };
                terminal::pick(Networks, scan, note.take()).await?
            } else {
                note.take().iter().for_each(|note| self.printer.remark(note));
                Some(self.choose_by_number(remote, secret).await?)
            };
            let chosen = match choice {
                None => return Ok(None),
                Some(Choice::Listed(row)) if !row.octets.is_empty() => Some(Chosen {
                    ssid: row.octets,
                    auth: Some(row.auth_mode),
                }),
                Some(Choice::Listed(hidden)) => self.name_hidden(Some(hidden.auth_mode)).await?,
                Some(Choice::Other) => self.name_hidden(None).await?,
            };
            if let Some(chosen) = chosen {
                return self.with_passphrase(chosen).await.map(Some);
            }
        }
    }

    /// The same network with another passphrase; `None` if nobody gives one.
    pub(super) async fn try_again(&self, network: Network) -> Result<Option<Wanted>, Failure> {
        let prompt = "The network refuses the passphrase. Try again (empty to give up): ";
        let typed = self.args.passphrase_source().ask_apart(prompt).await?;
        let passphrase = typed.filter(|passphrase| !passphrase.is_empty());
        Ok(passphrase.map(|passphrase| Wanted {
            network: Network { passphrase, ..network },
            is_asked: true,
        }))
    }

    /// Adds the passphrase; an open network has none.
    async fn with_passphrase(&self, Chosen { ssid, auth }: Chosen) -> Result<Wanted, Failure> {
        let given = self.args.passphrase_source().find_apart().await?;
        let is_asked = given.is_none();
        let name = network_name(&ssid);
        let passphrase = match (given, auth) {
            (Some(given), _) => given,
            (None, Some(AuthMode::Open)) => {
                self.remark(&format!(
                    "{name} is open: no passphrase is needed, everyone can read along."
                ));
                Zeroizing::default()
            }
            (None, Some(AuthMode::Owe)) => {
                self.remark(&format!("{name} is open, but encrypts (OWE): no passphrase is needed."));
                Zeroizing::default()
            }
            (None, Some(auth)) => {
                self.ask_passphrase(&format!("Passphrase of {name} ({}): ", auth_name(auth)), Some(auth))
                    .await?
            }
            (None, None) => {
                self.ask_passphrase(&format!("Passphrase of {name} (empty if it is open): "), None)
                    .await?
            }
        };
        let network = Network {
            ssid,
            passphrase,
            bssid: None,
            channel: None,
        };
        Ok(Wanted { network, is_asked })
    }

    /// Asks until the answer can be a passphrase of such a network.
    async fn ask_passphrase(&self, prompt: &str, auth: Option<AuthMode>) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let source = self.args.passphrase_source();
        loop {
            let typed = source.ask_apart(prompt).await?.ok_or_else(|| {
                Failure::new(Problem::AnswerMissing).saying("the passphrase of the network is missing").hint(
                    "give it with --passphrase-file FILE or LANDFALL_PASSPHRASE; --passphrase '' for an open network",
                )
            })?;
            match flaw(&typed, auth) {
                None => return Ok(typed),
                Some(flaw) => self.printer.remark(flaw),
            }
        }
    }

    /// Asks for a name that the device does not see; `None` for the list again.
    async fn name_hidden(&self, auth: Option<AuthMode>) -> Result<Option<Chosen>, Failure> {
        let prompt = if self.printer.can_choose() {
            "Name of the network (empty for the list): "
        } else {
            "Name of the network: "
        };
        loop {
            let ssid = self.ask("name of the network", prompt).await?.into_bytes();
            match ssid.len() {
                0 if self.printer.can_choose() => return Ok(None),
                1..=32 => return Ok(Some(Chosen { ssid, auth })),
                _ => self.printer.remark("A network name has 1 to 32 bytes."),
            }
        }
    }

    /// Shows what the device sees until a number of it was given.
    async fn choose_by_number(&self, remote: &mut Remote, secret: &Secret) -> Result<Choice<NetworkRow>, Failure> {
        loop {
            self.printer.event(&Event::Scanning);
            self.printer.step("Scanning");
            let found = scan_anew(remote, secret, |_| {}).await?;
            self.printer.event(&Event::Networks(found.clone()));
            if found.networks.is_empty() {
                return Err(Failure::new(Problem::NoNetworks));
            }
            if let Some(choice) = self.ask_number(&found.networks).await? {
                return Ok(choice);
            }
        }
    }

    /// What somebody picks by number; `None` to scan again.
    async fn ask_number(&self, rows: &[NetworkRow]) -> Result<Option<Choice<NetworkRow>>, Failure> {
        let prompt = format!("Network (1 to {}, 0 to scan again, h for a hidden one): ", rows.len());
        loop {
            let typed = self.ask("choice", &prompt).await?;
            match (typed.trim(), typed.trim().parse::<usize>()) {
                ("h" | "hidden", _) => return Ok(Some(Choice::Other)),
                (_, Ok(0)) => return Ok(None),
                (_, Ok(number)) => match rows.get(number - 1) {
                    Some(row) => return Ok(Some(Choice::Listed(row.clone()))),
                    None => self.printer.remark(&format!("There are {} networks.", rows.len())),
                },
                _ => self.printer.remark("That is not a number."),
            }
        }
    }

    async fn ask(&self, name: &str, prompt: &str) -> Result<String, Failure> {
        let prompt = prompt.to_owned();
        input::apart(move || input::visible(&prompt, std::io::stderr()))
            .await
            .map_err(|error| input::failure(&error, name))?
            .ok_or_else(|| {
                Failure::new(Problem::AnswerMissing)
                    .saying("no network was chosen")
                    .hint("name it: --ssid NAME")
            })
    }

    fn remark(&self, words: &str) {
        if !self.printer.is_quiet() {
            self.printer.remark(words);
        }
    }
}

/// Has the device scan. One that has forgotten a client that was silent for long is asked in a new session.
async fn scan_anew(
    remote: &mut Remote,
    secret: &Secret,
    mut on_page: impl FnMut(FoundNetworks),
) -> Result<FoundNetworks, Failure> {
    match scan::find(remote, ScanOptions::default(), &mut on_page).await {
        Err(_) if !remote.connection.has_session() => {
            reopen(remote, secret).await.map_err(|error| remote.failure(&error))?;
            scan::find(remote, ScanOptions::default(), &mut on_page).await
        }
        result => result,
    }
}

async fn reopen(remote: &mut Remote, secret: &Secret) -> Result<(), landfall_client::Error> {
    remote.connection.transport_mut().reconnect().await?;
    remote.connection.open_session(secret).await
}

/// Why no network of this kind can have this passphrase, if none can. WEP and WPA3 have rules of their own.
fn flaw(passphrase: &[u8], auth: Option<AuthMode>) -> Option<&'static str> {
    let is_wpa = matches!(
        auth,
        Some(AuthMode::WpaPsk | AuthMode::Wpa2Psk | AuthMode::WpaWpa2Psk | AuthMode::Wpa2Wpa3Psk)
    );
    match passphrase.len() {
        0..8 if is_wpa => Some("A passphrase of WPA has 8 to 63 characters; this one is too short."),
        64.. => Some("A passphrase has at most 63 characters; this one is too long."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_that_wpa_cannot_have_is_told_before_it_travels() {
        for auth in [
            AuthMode::WpaPsk,
            AuthMode::Wpa2Psk,
            AuthMode::WpaWpa2Psk,
            AuthMode::Wpa2Wpa3Psk,
        ] {
            assert!(flaw(&[b'x'; 7], Some(auth)).is_some());
            assert!(flaw(&[b'x'; 8], Some(auth)).is_none());
            assert!(flaw(&[b'x'; 63], Some(auth)).is_none());
            assert!(flaw(&[b'x'; 64], Some(auth)).is_some());
        }
    }

    #[test]
    fn a_key_of_wep_and_what_is_unknown_may_be_short() {
        assert!(flaw(b"12345", Some(AuthMode::Wep)).is_none());
        assert!(flaw(b"", None).is_none());
        assert!(flaw(b"1", Some(AuthMode::Wpa3Psk)).is_none());
    }
}

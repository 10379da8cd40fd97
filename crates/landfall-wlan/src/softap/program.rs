//! The programs that can be an access point, and how each is told.

use core::fmt::Write as _;
use std::{
    env,
    path::{Path, PathBuf},
};

use landfall_manager::{Passphrase, Ssid};
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::{Error, channel::channel};

/// A program that can be an access point.
#[derive(Debug, Clone)]
pub(super) struct Program {
    kind: Kind,
    file: PathBuf,
}

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hostapd,
    WpaSupplicant,
}

/// What an access point is to be.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) interface: String,
    pub(super) ssid: Ssid,
    pub(super) key: Passphrase,
}

impl Program {
    /// The one that is installed: hostapd, which is made for this, or wpa_supplicant, which is there anyhow.
    pub(super) fn find() -> Result<Self, Error> {
        let path = env::var_os("PATH").unwrap_or_default();
        // The folders that a user's path often lacks.
        let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
        let folders: Vec<PathBuf> = env::split_paths(&path).chain(more).collect();
        Self::find_in(&folders).ok_or(Error::NoProgram("hostapd, wpa_supplicant"))
    }

    fn find_in(folders: &[PathBuf]) -> Option<Self> {
        let find = |kind: Kind| {
            let mut files = folders.iter().map(|folder| folder.join(kind.name()));
            files.find(|file| file.is_file()).map(|file| Self { kind, file })
        };
        find(Kind::Hostapd).or_else(|| find(Kind::WpaSupplicant))
    }

    pub(super) const fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Whoever looks at the machine's processes sees a file's name and no key.
    pub(super) fn command(&self, configuration: &Path, interface: &str) -> Command {
        let mut command = Command::new(&self.file);
        if self.kind == Kind::WpaSupplicant {
            command.args(["-D", "nl80211", "-i", interface, "-c"]);
        }
        command.arg(configuration);
        // Ours may hold secrets.
        command.env_clear();
        command
    }

    /// Its configuration for a `wish` at this frequency in MHz, with its control socket in `sockets`.
    pub(super) fn configuration(
        &self,
        wish: &Wish,
        frequency: u32,
        sockets: &Path,
    ) -> Result<Zeroizing<String>, Error> {
        // Long enough not to move, which would leave copies.
        let mut text = Zeroizing::new(String::with_capacity(2048));
        let written = match self.kind {
            Kind::Hostapd => hostapd(&mut text, wish, frequency, sockets),
            Kind::WpaSupplicant => wpa_supplicant(&mut text, wish, frequency, sockets),
        };
        written.map(|()| text).ok_or_else(|| Error::Program {
            program: self.name(),
            why: format!("no access point can be made at {frequency} MHz with this name and key"),
        })
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Hostapd => "hostapd",
            Self::WpaSupplicant => "wpa_supplicant",
        }
    }
}

/// Why a name or a key is none of an access point's.
pub(super) fn fault(ssid: &Ssid, passphrase: &Passphrase) -> Option<&'static str> {
    if ssid.is_empty() {
        return Some("its name is empty");
    }
    match key(passphrase) {
        Key::Unfit => Some("its key has to be 8 to 63 characters, none of which is a control character"),
        Key::Open | Key::Text(_) => None,
    }
}

/// What a passphrase is to an access point.
enum Key<'a> {
    Open,
    Text(&'a str),
    Unfit,
}

/// A passphrase goes into a line of a file as it is: what could end the line is none (IEEE 802.11 has printable
/// characters only; others than ASCII are common all the same).
fn key(passphrase: &Passphrase) -> Key<'_> {
    if passphrase.is_empty() {
        return Key::Open;
    }
    match str::from_utf8(passphrase.expose()) {
        Ok(text) if text.len() >= LEAST_KEY && !text.contains(char::is_control) => Key::Text(text),
        _ => Key::Unfit,
    }
}

/// Without 802.11n: what travels here are some hundred bytes, and every radio can do without.
fn hostapd(text: &mut String, wish: &Wish, frequency: u32, sockets: &Path) -> Option<()> {
    let band = if frequency < FIVE_GHZ { "g" } else { "a" };
    let channel = channel(frequency).filter(|_| frequency < SIX_GHZ)?;
    writeln!(text, "interface={}\ndriver=nl80211", wish.interface).ok()?;
    writeln!(text, "ctrl_interface={}", sockets.to_str()?).ok()?;
    writeln!(text, "hw_mode={band}\nchannel={channel}\nmax_num_sta={MOST_GUESTS}").ok()?;
    writeln!(text, "ssid2={}", hex(wish.ssid.as_bytes())).ok()?;
    match key(&wish.key) {
        Key::Open => writeln!(text, "wpa=0").ok(),
        Key::Text(key) => writeln!(
            text,
            "wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase={key}"
        )
        .ok(),
        Key::Unfit => None,
    }
}

fn wpa_supplicant(text: &mut String, wish: &Wish, frequency: u32, sockets: &Path) -> Option<()> {
    channel(frequency).filter(|_| frequency < SIX_GHZ)?;
    // An access point is not looked for before it is made (2), nor anywhere else than where it is to be.
    writeln!(text, "ctrl_interface={}\nap_scan=2", sockets.to_str()?).ok()?;
    writeln!(text, "freq_list={frequency}\nnetwork={{\nmode=2\nfrequency={frequency}").ok()?;
    writeln!(text, "ssid={}", hex(wish.ssid.as_bytes())).ok()?;
    match key(&wish.key) {
        Key::Open => writeln!(text, "key_mgmt=NONE").ok()?,
        // The last quotation mark of the line ends it: any others are its own.
        Key::Text(key) => writeln!(text, "key_mgmt=WPA-PSK\nproto=RSN\npairwise=CCMP\npsk=\"{key}\"").ok()?,
        Key::Unfit => return None,
    }
    writeln!(text, "}}").ok()
}

/// So that no byte of a name means anything else.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As Espressif's (spec transports.md 2.1).
const MOST_GUESTS: u8 = 5;
const LEAST_KEY: usize = 8;
const FIVE_GHZ: u32 = 5000;
const SIX_GHZ: u32 = 5935;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn wish(ssid: &[u8], key: &[u8]) -> Wish {
        Wish {
            interface: "landfall0".to_owned(),
            ssid: Ssid::new(ssid).expect("short enough"),
            key: Passphrase::new(key).expect("short enough"),
        }
    }

    fn configuration(kind: Kind, wish: &Wish, frequency: u32) -> Result<Zeroizing<String>, Error> {
        let file = PathBuf::from("/usr/sbin").join(kind.name());
        Program { kind, file }.configuration(wish, frequency, Path::new("/run/x"))
    }

    #[test]
    fn hostapd_gets_the_band_of_the_frequency_and_the_name_as_bytes() {
        let text = configuration(Kind::Hostapd, &wish(b"a\nb=\xff", b"correct horse"), 5180).expect("can be");
        for line in [
            "hw_mode=a",
            "channel=36",
            "ssid2=610a623dff",
            "wpa=2",
            "wpa_passphrase=correct horse",
        ] {
            assert!(text.lines().any(|is| is == line), "{line} in {}", *text);
        }
        let open = configuration(Kind::Hostapd, &wish(b"x", b""), 2484).expect("can be");
        assert!(open.contains("hw_mode=g\nchannel=14\n") && open.contains("wpa=0"));
    }

    #[test]
    fn wpa_supplicant_gets_the_same() {
        let text = configuration(Kind::WpaSupplicant, &wish(b"x\"", b"pass \"#word"), 2437).expect("can be");
        for line in [
            "mode=2",
            "frequency=2437",
            "ssid=7822",
            "psk=\"pass \"#word\"",
            "key_mgmt=WPA-PSK",
        ] {
            assert!(text.lines().any(|is| is == line), "{line} in {}", *text);
        }
    }

    #[test]
    fn a_key_cannot_begin_a_line_of_its_own() {
        for key in [
            &b"12345678\ninterface=eth0"[..],
            b"12345678\r",
            b"1234567\0",
            b"short",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            let wish = wish(b"x", key);
            assert!(fault(&wish.ssid, &wish.key).is_some(), "{key:?}");
            for kind in [Kind::Hostapd, Kind::WpaSupplicant] {
                assert!(configuration(kind, &wish, 2412).is_err(), "{key:?}");
            }
        }
        let fault = |wish: &Wish| fault(&wish.ssid, &wish.key);
        assert_eq!(fault(&wish(b"x", "pässwörd".as_bytes())), None);
        assert!(fault(&wish(b"", b"")).is_some());
    }

    #[test]
    fn frequencies_outside_the_bands_of_old_stations_are_refused() {
        for frequency in [0, 868, 5955, 60_480] {
            for kind in [Kind::Hostapd, Kind::WpaSupplicant] {
                assert!(configuration(kind, &wish(b"x", b""), frequency).is_err());
            }
        }
    }

    #[test]
    fn hostapd_is_preferred_wherever_it_is() {
        let (first, second) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let folders = [first.path().to_owned(), second.path().to_owned()];
        assert!(Program::find_in(&folders).is_none());
        fs::write(first.path().join("wpa_supplicant"), "").expect("writes");
        assert_eq!(Program::find_in(&folders).expect("is there").name(), "wpa_supplicant");
        fs::write(second.path().join("hostapd"), "").expect("writes");
        assert_eq!(Program::find_in(&folders).expect("is there").name(), "hostapd");
    }
}

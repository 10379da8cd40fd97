//! The catalogue of everything that can go wrong: one entry a problem, with its code, its cause and the way out.
//!
//! What the programs print and what docs/errors.md lists both come from here.

use crate::exit::Exit;

/// What is known of a problem before it happens.
pub(crate) struct Entry {
    /// Its name for searches and scripts. Scripts rely on it: never changed, never used again.
    pub(crate) code: &'static str,
    /// The code the program ends with.
    pub(crate) exit: Exit,
    /// What happened, without a full stop; replaced by something more exact where more is known.
    pub(crate) what: &'static str,
    /// Why it happens; replaced by the very reason where it is known.
    pub(crate) why: &'static str,
    /// What to do next, best first.
    pub(crate) way_out: &'static [&'static str],
}

/// Makes the enum and the list of all entries from one table, so that neither lacks what the other has.
macro_rules! problems {
    ($($group:literal {
        $($name:ident, $code:literal, $exit:ident: $what:literal
            because $why:literal
            then [$($way_out:literal),* $(,)?];)*
    })*) => {
        /// A kind of failure that a user can meet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Problem {
            $($(
                #[doc = $what]
                $name,
            )*)*
        }

        impl Problem {
            /// All of them, in groups, in the order of the documentation.
            #[cfg(test)]
            pub(super) const GROUPS: &[(&str, &[Self])] = &[$(($group, &[$(Self::$name),*])),*];

            /// What is known of it.
            pub(crate) const fn entry(self) -> &'static Entry {
                match self {
                    $($(Self::$name => &Entry {
                        code: $code,
                        exit: Exit::$exit,
                        what: $what,
                        why: $why,
                        way_out: &[$($way_out),*],
                    },)*)*
                }
            }
        }
    };
}

problems! {
    "The device does not answer" {
        Unreachable, "unreachable", Unreachable: "no device can be reached"
            because "nothing answers at its address, or this computer is in another network"
            then ["have this computer join the device's own Wi-Fi network: --join NAME; or say where the device is: --host HOST:PORT"];
        NoAnswer, "no-answer", TimedOut: "the device does not answer"
            because "it is out of range, switched off, or busy for longer than was waited"
            then ["move closer to it, or wait longer with --timeout SECONDS"];
        ConnectionLost, "connection-lost", Failure: "the connection to the device was lost"
            because "the device went away or restarted, or its access point changed its channel"
            then ["rejoin the device's own Wi-Fi network and try again"];
        NotADevice, "not-a-device", Failure: "what answers is not a device in provisioning"
            because "it does not speak the protocol"
            then ["check the address: --host HOST:PORT"];
        Busy, "busy", Busy: "the device is busy with another client"
            because "it serves one client at a time"
            then ["close the other app or program, or try again in some seconds"];
        RequestRefused, "request-refused", Failure: "the device refused the request without an answer"
            because "its provisioning is over, it does not know this request, or the session has ended"
            then ["see what it offers: landfall info"];
        NoSuchEndpoint, "no-such-endpoint", Failure: "the device has no endpoint of this name"
            because "its firmware did not create one"
            then ["names are case-sensitive; what the device offers: landfall info"];
        RequestTooLong, "request-too-long", Failure: "the request is longer than the device takes"
            because "over a console the original firmware takes lines of at most 255 characters, and security 2 needs more"
            then ["use another transport, or security 1"];
        NothingFound, "nothing-found", Unreachable: "no device was found"
        because "nothing answers where a device would be, none is heard over Bluetooth, no access point of one is in range, and no serial port is plugged in"
        then ["switch the device on, and join its Wi-Fi network; its name begins with PROV_ where the maker chose no other",
              "say where else to ask: --host HOST:PORT, or --port PATH for a serial port"];
    PortUnusable, "port-unusable", Unreachable: "the serial port cannot be used"
            because "it is not there, in use by another program, or not permitted"
            then ["close serial monitors, and check that your user may open it (group dialout on Debian)"];
    }

    "Bluetooth" {
        DeviceNotHeard, "device-not-heard", Unreachable: "no such device is heard over Bluetooth"
            because "the device is switched off, out of range, provisioned already, or busy with a phone or another program"
            then ["bring it close, have it wait for provisioning, and close the app on the phone",
                  "see every device that is heard: --prefix '' in place of --device"];
        SeveralDevices, "several-devices", Usage: "several devices are heard over Bluetooth"
            because "each of them may be meant, and nobody can be asked"
            then ["name the one that is meant, or give its address: --device NAME",
                  "on a terminal you can choose"];
        BluetoothUnreachable, "bluetooth-unreachable", Unreachable: "the device cannot be reached over Bluetooth"
            because "it went out of range, or another phone or computer is connected to it"
            then ["bring it close, close other apps that use it, and try again"];
        BluetoothNoAnswer, "bluetooth-no-answer", TimedOut: "the device does not answer over Bluetooth"
            because "it is out of range, switched off, or busy; an answer is waited for 30 s, whatever --timeout says"
            then ["bring it close and try again; if it stays, restart the device",
                  "if it was the connecting that took too long, wait longer with --timeout SECONDS"];
        BluetoothLost, "bluetooth-lost", Failure: "the Bluetooth connection to the device was lost"
            because "the device went out of range, restarted, or ended it"
            then ["bring it close and try again"];
        NotProvisioning, "not-provisioning", Failure: "the device is not in provisioning"
            because "it has no provisioning service over Bluetooth, or what it answers there is not the protocol"
            then ["check that it is the device you mean: --device NAME",
                  "have it wait for provisioning: restart it, or reset it to factory settings"];
        NotEncrypted, "not-encrypted", Failure: "the device wants an encrypted connection, and none could be made"
            because "pairing failed: it was refused, or one side still has a key that the other has lost"
            then ["make this computer forget the device, then try again: bluetoothctl remove ADDRESS"];
        ControllerUnusable, "controller-unusable", Unreachable: "the Bluetooth controller cannot be used"
            because "it is not there, in use by another program, or no Bluetooth controller"
            then ["check --hci: tcp:HOST:PORT, or the path of its serial port"];
        ControllerSilent, "controller-silent", TimedOut: "the Bluetooth controller does not answer"
            because "what is there is no controller, speaks at another speed, or has crashed"
            then ["unplug it and plug it in again; check its speed, as in --hci /dev/ttyACM0,115200"];
        BluetoothOff, "bluetooth-off", Unreachable: "Bluetooth is switched off on this computer"
            because "its adapter is off"
            then ["switch it on: bluetoothctl power on"];
        BluetoothBlocked, "bluetooth-blocked", Unreachable: "Bluetooth is blocked on this computer"
            because "airplane mode, rfkill or a switch of the computer keeps its adapter off"
            then ["end airplane mode, or unblock it: rfkill unblock bluetooth"];
        BluetoothNotPermitted, "bluetooth-not-permitted", Unreachable: "this user may not use Bluetooth"
            because "the system's message bus or its Bluetooth service does not allow it"
            then ["add your user to the group bluetooth, then log in anew: sudo usermod -aG bluetooth $USER",
                  "over SSH and in services polkit may have to allow it"];
        BluetoothNoService, "bluetooth-no-service", Unreachable: "the system's Bluetooth service is not running"
            because "BlueZ (bluetoothd) is not installed, or not started"
            then ["start it: sudo systemctl start bluetooth", "or use a controller of its own, without the service: --hci CONTROLLER"];
        BluetoothNoAdapter, "bluetooth-no-adapter", Unreachable: "there is no such Bluetooth adapter on this computer"
            because "it has none, or the kernel does not know it"
            then ["plug one in, use another computer, or name a controller of its own: --hci CONTROLLER"];
        BluetoothBroken, "bluetooth-broken", Unreachable: "the system's Bluetooth does not work"
            because "its service answers with an error"
            then ["restart it: sudo systemctl restart bluetooth"];
    }

    "This computer's Wi-Fi" {
        AccessPointNotHeard, "access-point-not-heard", Unreachable: "the device's access point is not heard"
            because "the device is switched off, out of range, provisioned already, or its access point has another name"
            then ["bring it close, and have it wait for provisioning",
                  "see the access points of devices: landfall discover"];
        AccessPointNotJoined, "access-point-not-joined", Unreachable: "the device's access point cannot be joined"
            because "it went out of range, takes no more guests, or gives no addresses"
            then ["bring the device close, let others leave its network, and try again"];
        ServiceKeyWrong, "service-key-wrong", SecretRefused: "the device's access point refuses the key"
            because "it is another device's, or misspelled"
            then ["it stands on the device's label: give it with --service-key-file FILE or LANDFALL_SERVICE_KEY"];
        ServiceKeyMissing, "service-key-missing", SecretRefused: "the device's access point asks for a key"
            because "its network is protected, and no key was given"
            then ["it stands on the device's label: give it with --service-key-file FILE or LANDFALL_SERVICE_KEY"];
        ServiceKeyNotAsked, "service-key-not-asked", Failure: "the access point asks for no key, but one was given"
            because "it is open: somebody else may have taken the device's name"
            then ["if you are sure that this device's access point is open, leave out the key"];
        NotBack, "not-back", Failure: "this computer is not back on its own network"
            because "the network was not joined again in a minute"
            then ["join it by hand, as after a start of the computer", "see whether it is in range"];
        WifiOff, "wifi-off", Unreachable: "Wi-Fi is switched off on this computer"
            because "airplane mode, rfkill or a switch of the computer keeps it off"
            then ["end airplane mode, or unblock it: rfkill unblock wifi"];
        WifiNoService, "wifi-no-service", Unreachable: "nobody drives this computer's Wi-Fi"
            because "neither NetworkManager nor wpa_supplicant is running, or the system's message bus is not there"
            then ["start it: sudo systemctl start NetworkManager",
                  "or join the device's network by hand, and leave out --join"];
        WifiNotPermitted, "wifi-not-permitted", Unreachable: "this user may not change this computer's Wi-Fi"
            because "the service that drives it does not allow it (polkit, or the rules of the message bus)"
            then ["run it where you are logged in at the computer itself, or with sudo",
                  "or join the device's network by hand, and leave out --join"];
        WifiNoAdapter, "wifi-no-adapter", Unreachable: "there is no such Wi-Fi adapter on this computer"
            because "it has none, the kernel does not know it, or the service that drives Wi-Fi leaves it alone"
            then ["plug one in, or name another: --interface NAME; those of this computer: iw dev"];
        WifiBroken, "wifi-broken", Unreachable: "this computer's Wi-Fi does not work"
            because "the service that drives it answers with an error"
            then ["restart it: sudo systemctl restart NetworkManager"];
    }

    "The session with the device" {
        WrongSecret, "wrong-secret", SecretRefused: "the device refuses the secret"
            because "it was made with another proof of possession, user name or password"
            then ["they are on the device's label or in its QR code: try --qr 'TEXT OF THE CODE'",
                  "after several wrong tries a device may refuse everyone for a while: wait, then try again"];
        PopMissing, "pop-missing", SecretRefused: "the device wants a proof of possession"
            because "it speaks security 1, and none was given"
            then ["give it with --pop-file FILE, --pop or LANDFALL_POP; it is on the device's label or in its QR code"];
        PasswordMissing, "password-missing", SecretRefused: "the device wants a user name and a password"
            because "it speaks security 2, and they were not given"
            then ["give them with --username and --password-file FILE (or --password, or LANDFALL_PASSWORD)"];
        Impostor, "impostor", SecretRefused: "the device could not prove that it knows the secret"
            because "the secret is another device's, or this one is an impostor"
            then ["check the secret on the device's label"];
        Downgrade, "downgrade", Failure: "the device says that it asks for no secret, but one was given"
            because "what it says is not protected: somebody on the way may want to read along"
            then ["check that it is the device you mean"];
        SchemeMismatch, "scheme-mismatch", Failure: "the device uses another security scheme"
            because "--sec-ver names one that it does not speak"
            then ["leave out --sec-ver to have the device's own one chosen"];
        LabelMismatch, "label-mismatch", Failure: "the device uses a weaker security scheme than its label says"
        because "it is another device, it has other firmware, or somebody on the way changed what it says"
        then ["check that the label is this device's", "if you trust the way to it, insist on its scheme: --sec-ver 0, 1 or 2"];
    SchemeUnknown, "scheme-unknown", Failure: "the device does not tell its security scheme"
            because "its firmware is older than the scheme's announcement"
            then ["say which one: --sec-ver 0, 1 or 2"];
        InsecureDevice, "insecure-device", Failure: "the device is refused, as --require-patched asks"
            because "its security 2 uses one nonce for all messages (firmware before March 2025)"
            then ["update its firmware, or leave out --require-patched to accept the risk"];
        NoSession, "no-session", Failure: "no session could be opened with the device"
            because "its part of the handshake makes no sense"
            then ["try again; if it stays, restart the device"];
    }

    "Provisioning" {
        WrongPassphrase, "wrong-passphrase", WrongPassphrase: "the passphrase of the network is wrong"
            because "the access point refuses it"
            then ["the device still waits: run the same command with the right passphrase"];
        NetworkNotFound, "network-not-found", NetworkNotFound: "the device sees no network of this name"
            because "the name is misspelled, the network out of reach, or on 5 GHz only"
            then ["see what the device sees: landfall scan"];
        NoNetworks, "no-networks", NetworkNotFound: "the device sees no network"
            because "there is none in reach, or all are on 5 GHz"
            then ["move it closer to an access point, or name a hidden network: --ssid NAME"];
        NotJoined, "not-joined", Failure: "the device could not join the network"
            because "it gave a reason that has no name"
            then ["see what the device sees: landfall scan"];
        NoResult, "no-result", TimedOut: "the device came to no result"
            because "it is still trying to join"
            then ["run the same command again: it waits for the attempt that is under way",
                  "wait longer with --timeout SECONDS"];
        ScanUnsupported, "scan-unsupported", Failure: "the device cannot scan for networks"
            because "its firmware has no scan endpoint"
            then ["name the network yourself: --ssid NAME"];
        ResetRefused, "reset-refused", Failure: "the device refuses to be reset"
            because "it takes a reset only after a failed attempt to join a network"
            then ["just provision it: landfall provision"];
        ReprovisionRefused, "reprovision-refused", Failure: "the device refuses to be provisioned again"
            because "only a device that was built to stay in service takes this"
            then ["do a factory reset on the device itself"];
        StatusRefused, "status-refused", Failure: "the device refuses"
            because "it answers with an error status"
            then ["if it holds on to an earlier attempt: landfall reset"];
        BadAnswer, "bad-answer", Failure: "the device gives an answer that cannot be understood"
            because "its firmware is broken, or newer than this program"
            then ["run it again with -v, and tell the device's maker if it stays"];
        Interrupted, "interrupted", Interrupted: "interrupted"
            because "Ctrl-C was typed, or the question was left"
            then ["run the same command again: it waits for an attempt that is under way"];
        Terminated, "terminated", Terminated: "ended by the system"
            because "the system asked the program to end (SIGTERM)"
            then ["run the same command again: it waits for an attempt that is under way"];
    }

    "What was typed, and files" {
        BadArgument, "bad-argument", Usage: "this cannot be used"
            because "it breaks a rule of the protocol"
            then ["see --help of the command"];
        NotHex, "not-hex", Usage: "this is not hex"
            because "hex has two digits a byte, as in 0a0b0c"
            then ["leave blanks and colons in if you like; give text without the hex option"];
        NotText, "not-text", Usage: "this secret is no text"
            because "clients could not send it"
            then ["use UTF-8 text"];
        AnswerMissing, "answer-missing", Usage: "something is missing that could not be asked for"
            because "the input ended before the answer came"
            then ["give it as an option, a file or in the environment: see --help of the command"];
        NothingToSend, "nothing-to-send", Usage: "there is nothing to send"
            because "devices refuse empty requests"
            then ["give some data, as text, with --hex, or with --data-file FILE"];
        FileUnreadable, "file-unreadable", Usage: "the file cannot be read"
            because "it is not there, or not permitted"
            then ["check the path"];
        FileUnwritable, "file-unwritable", Failure: "the file cannot be written"
            because "its directory is not there, or not permitted"
            then ["check the path"];
        QrUnreadable, "qr-unreadable", Usage: "the QR code cannot be read"
            because "it is not JSON of the kind that devices show"
            then ["quote it for the shell: --qr '{\"ver\":\"v1\",\"name\":...}'"];
        QrPicture, "qr-picture", Usage: "the picture shows no QR code that can be read"
            because "there is none, or it is too small, blurred or cut"
            then ["take it again, straight from above and near, or give the code's text: --qr 'TEXT'"];
        QrTransport, "qr-transport", Usage: "the device is reached in a way that this program does not have"
            because "labels are followed over Wi-Fi and Bluetooth"
            then ["say how to reach it: --host HOST:PORT, --port PATH or --device NAME", "or provision it with a phone"];
        QrTooLong, "qr-too-long", Usage: "the text is too long for a QR code"
            because "a code holds at most 2953 bytes"
            then ["shorten it"];
        WorldInvalid, "world-invalid", Usage: "the file describes no world"
            because "it is not TOML of the kind that docs/world.md describes"
            then ["the file's format is described in docs/world.md"];
        SettingUnknown, "setting-unknown", Usage: "the configuration has a setting that does not exist"
            because "its name is misspelled, or belongs to another program"
            then ["see all settings: landfall simulate --print-config"];
        SettingInvalid, "setting-invalid", Usage: "the configuration cannot be used"
            because "a setting has a value that makes no sense"
            then ["the settings are described in docs/configuration.md"];
    }

    "This machine as a device" {
        DeviceNotRunning, "device-not-running", Unreachable: "no device runs on this machine"
            because "nobody listens at its control socket"
            then ["start it: systemctl start landfall, or landfall device run",
                  "if its socket is elsewhere, say where: --control PATH"];
        DeviceRunning, "device-running", Busy: "a device runs on this machine already"
            because "somebody listens at its control socket"
            then ["see what it does: landfall device status", "end it: systemctl stop landfall"];
        DeviceRefuses, "device-refuses", Failure: "the running device cannot do this"
            because "something it needs is missing"
            then ["see what it does: landfall device status", "see what it has said: journalctl -u landfall"];
        DeviceSilent, "device-silent", TimedOut: "the running device does not answer as it should"
            because "it is busy, or another version of this program"
            then ["restart it: systemctl restart landfall"];
        ControlUnusable, "control-unusable", Failure: "the control socket cannot be used"
            because "its directory is not there, or not permitted"
            then ["run it as root or as a member of the group landfall, or take another socket: --control PATH"];
        HookUnusable, "hook-unusable", Usage: "the hook cannot be run"
            because "it is not there, or no program"
            then ["check the path, and make it executable: chmod +x PROGRAM"];
        ButtonUnusable, "button-unusable", Usage: "the button cannot be watched"
            because "the chip is not there, the line has another user, or this user may not"
            then ["see which chips and lines there are: gpiodetect, gpioinfo",
                  "run it as root or as a member of the group gpio"];
    }

    "The simulated device, and the system" {
        AddressTaken, "address-taken", Failure: "the address cannot be listened on"
            because "another program has it"
            then ["take any free port: --listen 127.0.0.1:0"];
        StoreUnusable, "store-unusable", Failure: "the device's credentials cannot be kept"
            because "their directory cannot be written"
            then ["check the directory, or take another one with --state"];
        DeviceBroken, "device-broken", Failure: "the device cannot run"
            because "this is not expected to happen"
            then ["tell the authors, with the cause"];
        SystemRefuses, "system-refuses", Failure: "the system refuses what the program needs"
            because "it is out of memory, files or random numbers, or forbids them"
            then ["look at the limits of the system, then try again"];
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, env, fs, path::Path};

    use super::*;
    use crate::esp_prov::{Entry as ExceptionEntry, Exception};

    #[test]
    fn every_problem_has_a_code_of_its_own_and_a_way_out() {
        let mut codes = BTreeSet::new();
        for entry in Problem::GROUPS
            .iter()
            .flat_map(|(_, all)| *all)
            .map(|problem| problem.entry())
        {
            let code = entry.code;
            assert!(codes.insert(code), "{code} is there twice");
            assert!(
                code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{code}"
            );
            assert!(!entry.why.is_empty() && !entry.way_out.is_empty(), "{code}");
            assert_ne!(entry.exit, Exit::Success, "{code}");
        }
    }

    #[test]
    fn the_documentation_lists_every_problem_as_it_is() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
        if env::var_os("LANDFALL_REGENERATE").is_some() {
            fs::write(&path, page()).expect("the file can be written");
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page(),
            "docs/errors.md is out of date: LANDFALL_REGENERATE=1 cargo test -p landfall --lib documentation"
        );
    }

    fn page() -> String {
        let groups = Problem::GROUPS.iter().map(|(title, all)| {
            let sections = all.iter().map(|problem| section(problem.entry())).collect::<String>();
            format!("\n## {title}\n{sections}")
        });
        let exceptions = Exception::ALL
            .iter()
            .map(|exception| exception_section(exception.entry()));
        let (groups, exceptions) = (groups.collect::<String>(), exceptions.collect::<String>());
        format!("{INTRODUCTION}{groups}{ESP_PROV}{exceptions}")
    }

    fn exception_section(entry: &ExceptionEntry) -> String {
        let ExceptionEntry {
            kind,
            text,
            why,
            way_out,
        } = entry;
        format!("\n### {kind}: {text}\n\nCause: {why}.\n\nThe way out:\n\n* {way_out}\n")
    }

    fn section(entry: &Entry) -> String {
        let way_out: String = entry.way_out.iter().map(|hint| format!("* {hint}\n")).collect();
        let (code, what, why, exit) = (entry.code, entry.what, entry.why, entry.exit as u8);
        format!("\n### {code}\n\n**{what}** (exit code {exit})\n\nCause: {why}.\n\nThe way out:\n\n{way_out}")
    }

    const INTRODUCTION: &str = "\
# Errors

What `landfall` prints when something fails has three parts: `error[CODE]:` and what happened, `cause:` and why, `hint:` and
what to do next. With `--json` the same is one event: `{\"event\":\"error\",\"code\":4,\"problem\":\"wrong-secret\",...}`, where
`code` is the [exit code](exit-codes.md) and `problem` the code of this page. Codes stay as they are from version to
version. Where the program knows more in a case at hand, it says that in place of the words below.

This page is made from the programs' own catalogues (`crates/landfall/src/failure/problem.rs` and `esp_prov/raised.rs`
beside it), and a test compares them.
";
    const ESP_PROV: &str = "
## esp-prov

`esp-prov` ends with the exceptions of `esp_prov.py`, as one line `KIND: text` on standard error without a traceback, and
with `cause:` and `hint:` lines that say why and what to do next. Exit code 1; `KeyboardInterrupt` has 130.
";
}

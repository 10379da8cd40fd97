//! Events as words.

use clap::builder::styling::{AnsiColor, Style};

use super::{
    devices,
    event::{Advertised, DeviceEvent, Event, Place, Reason},
    qr, style, table,
    text::printable,
};

/// The lines that tell of `event`, which happened `at_ms` milliseconds after the start.
pub(super) fn lines(event: &Event<'_>, at_ms: u64) -> Vec<String> {
    match event {
        Event::Device(event) => device(event, at_ms),
        Event::Info { .. } => info(event),
        Event::Networks(found) if found.networks.is_empty() => vec!["No networks found.".into()],
        Event::Networks(found) => table::lines(&found.networks),
        Event::Answer { octets, .. } => vec![printable(octets)],
        Event::Credentials { salt, verifier, .. } => vec![format!("salt     {salt}"), format!("verifier {verifier}")],
        Event::Qr { payload, url } => code(payload, url),
        Event::Written { file } => vec![file.clone()],
        Event::Discovered(device) => devices::lines(device),
        Event::Joined {
            shown,
            ip,
            channel,
            auth,
            ..
        } => {
            let words = format!("The device is on {shown} as {ip} (channel {channel}, {auth}).");
            vec![step(at_ms, &colored(AnsiColor::Green, &words))]
        }
        Event::Failed { reason } => vec![step(at_ms, &colored(AnsiColor::Red, failed(*reason)))],
        Event::Setting { shown, .. } => vec![shown.clone()],
        Event::ResetDone => vec!["The device accepts new credentials.".into()],
        Event::ReprovisionDone => vec!["The device has left its network and accepts new credentials.".into()],
        Event::DeviceStatus(status) => status.lines(),
        Event::DeviceOpened => vec!["The device is open for clients.".into()],
        Event::DeviceForgot => vec!["The device has forgotten its network.".into()],
        Event::DemoDone { seconds } => vec![colored(
            AnsiColor::Green,
            &format!("Done: from no network to a network in {seconds:.1} s."),
        )],
        // Who chooses sees it in the list, and nobody else needs it.
        Event::BluetoothFound(_) => Vec::new(),
        progress => vec![step(at_ms, &going(progress))],
    }
}

/// The steps on the way.
fn going(event: &Event<'_>) -> String {
    match event {
        Event::BluetoothScanning => "Listening for devices over Bluetooth ...".into(),
        Event::BluetoothConnecting(device) => format!("Connecting to {} over Bluetooth ...", device.label()),
        Event::AccessPointJoining { shown, interface, .. } => format!("Joining {shown} with {interface} ..."),
        Event::AccessPointJoined { interface, ip } => format!("Joined: {interface} has the address {ip}."),
        Event::AccessPointLeft { shown: Some(shown), .. } => format!("Back on {shown}."),
        Event::AccessPointLeft { interface, .. } => format!("{interface} has left; it was in no network before."),
        Event::Scanning => "The device scans for networks ...".into(),
        Event::Label { name } => format!("Device {}", printable(name.as_bytes())),
        Event::SessionEstablished { scheme: 0 } => "Session open, without any security.".into(),
        Event::SessionEstablished { scheme } => format!("Session open, encrypted (security {scheme})."),
        Event::CredentialsSent { shown, .. } => format!("Credentials for {shown} sent."),
        Event::Applied => "The device takes them and begins to join ...".into(),
        Event::Connecting => "The device is connecting ...".into(),
        Event::AttemptFailed { attempts_remaining: 1 } => "An attempt failed; one more is left.".into(),
        Event::AttemptFailed { attempts_remaining } => {
            format!("An attempt failed; {attempts_remaining} more are left.")
        }
        Event::Reconnecting => "The connection to the device was lost; making it again ...".into(),
        _ => String::new(),
    }
}

fn failed(reason: Reason) -> &'static str {
    match reason {
        Reason::WrongPassword => "The device could not join: the network refuses the passphrase.",
        Reason::NetworkNotFound => "The device could not join: it sees no network of this name.",
        Reason::Unknown => "The device could not join, for a reason it cannot name.",
    }
}

fn info(event: &Event<'_>) -> Vec<String> {
    let Event::Info {
        host,
        version,
        security,
        security_patch,
        capabilities,
        applications,
    } = event
    else {
        return Vec::new();
    };
    let security = match (security, security_patch) {
        (None, _) => "not told: give it with --sec-ver".into(),
        (Some(2), Some(1)) => "2 (user name and password), patched".into(),
        (Some(2), _) => "2 (user name and password), with the broken nonce of before March 2025".into(),
        (Some(1), _) if capabilities.contains(&"no_pop") => "1, without a proof of possession".into(),
        (Some(1), _) => "1 (proof of possession)".into(),
        (Some(0), _) => "0: none at all".into(),
        (Some(other), _) => format!("{other}: unknown to this program"),
    };
    let listed = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names
            .iter()
            .map(|name| printable(name.as_bytes()))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let row = |label: &str, value: &str| {
        let bold = Style::new().bold();
        format!("{bold}{label:<14}{bold:#}{value}")
    };
    let mut lines = vec![
        row("Device", host),
        row("Version", &printable(version.as_bytes())),
        row("Security", &security),
        row("Capabilities", &listed(capabilities)),
    ];
    if !applications.is_empty() {
        lines.push(row("Applications", &listed(applications)));
    }
    lines
}

/// A device's log, worded as the example application words it (spec manager.md 9).
fn device(event: &DeviceEvent<'_>, at_ms: u64) -> Vec<String> {
    use DeviceEvent as E;
    let app = |level, text: &str| vec![log(level, at_ms, "app", text)];
    match event {
        E::DeviceUnprovisioned => app(Level::Info, "Starting provisioning"),
        E::DeviceAlreadyProvisioned => app(Level::Info, "Already provisioned, starting Wi-Fi STA"),
        E::DeviceStarted => app(Level::Info, "Provisioning started"),
        E::DeviceListening { name, place } => {
            let manager = format!("Provisioning started with service name : {name} ");
            vec![
                log(Level::Info, at_ms, "wifi_prov_mgr", &manager),
                log(Level::Info, at_ms, "landfall", &listening(place)),
            ]
        }
        E::DeviceQr { payload, url } => {
            let mut lines = app(
                Level::Info,
                "Scan this QR code from the provisioning application for Provisioning.",
            );
            lines.extend(qr::lines(payload).unwrap_or_default());
            lines.extend(app(
                Level::Info,
                "If QR code is not visible, copy paste the below URL in a browser.",
            ));
            lines.push(url.clone());
            lines
        }
        E::DeviceCredentialsReceived { shown, .. } => paragraph(
            Level::Info,
            at_ms,
            "Received Wi-Fi credentials",
            &[&format!("SSID     : {shown}"), "Password : ********"],
        ),
        E::DeviceAttemptFailed { reason, remaining } => {
            let why = reason.map_or("connection failed", why);
            app(Level::Warning, &format!("{why}; trying again, {remaining} left"))
        }
        E::DeviceCredentialsFailed { reason } => paragraph(
            Level::Error,
            at_ms,
            "Provisioning failed!",
            &[
                &format!("Reason : {}", why(*reason)),
                "Please reset to factory and retry provisioning",
            ],
        ),
        E::DeviceCredentialsSucceeded => app(Level::Info, "Provisioning successful"),
        E::DeviceConnected { ip } => app(Level::Info, &format!("Connected with IP Address:{ip}")),
        E::DeviceDisconnected => app(Level::Info, "Disconnected. Connecting to the AP again..."),
        E::DeviceClientConnected { transport, .. } => app(Level::Info, &format!("{transport} transport: Connected!")),
        E::DeviceClientDisconnected { transport, .. } => {
            app(Level::Info, &format!("{transport} transport: Disconnected!"))
        }
        E::DeviceUnreachable { reason } => app(
            Level::Warning,
            &format!("no client can find the device: {}", printable(reason.as_bytes())),
        ),
        E::DeviceReachable => app(Level::Info, "Clients can find the device again"),
        E::DeviceSessionEstablished => app(Level::Info, "Secured session established!"),
        E::DeviceSecretRefused => app(
            Level::Error,
            "Received incorrect username and/or PoP for establishing secure session!",
        ),
        E::DeviceBadHandshake => app(
            Level::Error,
            "Received invalid security parameters for establishing secure session!",
        ),
        E::DeviceLockedOut => app(
            Level::Error,
            "Too many wrong secrets: new sessions are refused for a while",
        ),
        E::DeviceDataReceived { octets } => app(Level::Info, &format!("Received data: {}", printable(octets))),
        E::DeviceClosed => app(Level::Info, "Closed for clients: open again with landfall device open"),
        E::DeviceReset => app(Level::Info, "The network is forgotten"),
        E::DeviceWarning { text } => app(Level::Warning, text),
        E::DeviceEnded => vec![log(Level::Info, at_ms, "wifi_prov_mgr", "Provisioning stopped")],
        E::DeviceHello => app(Level::Info, "Hello World!"),
    }
}

fn listening(place: &Place) -> String {
    match place {
        Place::SoftAp { url } | Place::Console { url } => format!("Listening on {url}"),
        Place::Ble(Advertised {
            adapter,
            controller,
            address,
            service_uuid,
        }) => {
            let on = match (adapter, controller) {
                (Some(adapter), _) => format!(", adapter {adapter}"),
                (None, Some(controller)) => format!(", controller {controller}"),
                (None, None) => String::new(),
            };
            let address = address
                .as_ref()
                .map(|address| format!(", address {address}"))
                .unwrap_or_default();
            format!("Listening on Bluetooth{on}{address}, service {service_uuid}")
        }
    }
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::WrongPassword => "Wi-Fi station authentication failed",
        Reason::NetworkNotFound => "Wi-Fi access-point not found",
        Reason::Unknown => "connection failed",
    }
}

fn code(payload: &str, url: &str) -> Vec<String> {
    let mut lines = qr::lines(payload).unwrap_or_default();
    lines.extend([payload.to_owned(), url.to_owned()]);
    lines
}

#[derive(Clone, Copy)]
enum Level {
    Info,
    Warning,
    Error,
}

/// A line as ESP-IDF's monitor shows it.
fn log(level: Level, at_ms: u64, tag: &str, text: &str) -> String {
    let (letter, color) = match level {
        Level::Info => ('I', AnsiColor::Green),
        Level::Warning => ('W', AnsiColor::Yellow),
        Level::Error => ('E', AnsiColor::Red),
    };
    colored(color, &format!("{letter} ({at_ms}) {tag}: {text}"))
}

fn paragraph(level: Level, at_ms: u64, first: &str, indented: &[&str]) -> Vec<String> {
    let rest = indented.iter().map(|line| format!("\t{line}"));
    core::iter::once(log(level, at_ms, "app", first)).chain(rest).collect()
}

/// A step with the time it was taken at.
fn step(at_ms: u64, text: &str) -> String {
    let dim = Style::new().dimmed();
    format!("{dim}{:>7.3} s{dim:#}  {text}", at_ms as f64 / 1000.0)
}

fn colored(color: AnsiColor, text: &str) -> String {
    let style = style(color);
    format!("{style}{text}{style:#}")
}

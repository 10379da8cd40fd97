//! The serial ports of this computer.

use core::time::Duration;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{Answer, Finding, Findings, ask, is_device, send};
use crate::{args::Discover, commands::link::Link, print::DiscoveredState};

/// A port that something is plugged into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) path: PathBuf,
    /// What the system calls the hardware.
    pub(super) hardware: Option<String>,
}

/// The ports to ask, each once, and the others.
pub(super) fn ports(args: &Discover) -> (Vec<Port>, Vec<Port>) {
    let mut plugged_in = plugged_in(&args.device_dir);
    let mut asked: Vec<Port> = Vec::new();
    for named in &args.port {
        let path = real(named);
        let place = plugged_in.iter().position(|port| real(&port.path) == path);
        let hardware = place.and_then(|place| plugged_in.remove(place).hardware);
        if !asked.iter().any(|port| real(&port.path) == path) {
            asked.push(Port {
                path: named.clone(),
                hardware,
            });
        }
    }
    (asked, plugged_in)
}

pub(super) async fn ask_port(port: Port, baud: u32, limit: Duration, tell: Findings) {
    let answer = match Link::console(&port.path, baud, limit) {
        Ok(link) => match ask(link, limit).await {
            Ok(version) if is_device(&version) => Answer::ready(version),
            _ => Answer::from(DiscoveredState::NoAnswer),
        },
        Err(failure) => Answer {
            reason: Some(failure.cause().to_owned()),
            ..Answer::from(DiscoveredState::Unusable)
        },
    };
    send(&tell, Finding::Port(port, answer));
}

/// The ports below `devices`, usually `/dev`, that USB gave the system, each once. None is opened.
fn plugged_in(devices: &Path) -> Vec<Port> {
    let mut ports = BTreeMap::new();
    for name in names(devices).filter(|name| KINDS.iter().any(|kind| name.starts_with(kind))) {
        let path = devices.join(name);
        ports.insert(real(&path), Port { path, hardware: None });
    }
    let by_id = devices.join("serial/by-id");
    for name in names(&by_id) {
        // A link that leads nowhere is left from what was unplugged.
        if let Ok(path) = fs::canonicalize(by_id.join(&name)) {
            let port = ports.entry(path.clone()).or_insert(Port { path, hardware: None });
            port.hardware = Some(name);
        }
    }
    ports.into_values().collect()
}

/// What `path` leads to, by which two paths to one port are known.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Adapters, and chips that speak USB themselves.
const KINDS: [&str; 2] = ["ttyUSB", "ttyACM"];

/// The entries of a directory; none where there is no directory.
fn names(directory: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn each_port_is_listed_once_with_its_hardware_where_that_is_known() {
        let devices = tempfile::tempdir().expect("a directory");
        let root = devices.path();
        for name in ["ttyUSB0", "ttyACM1", "ttyS0", "null"] {
            fs::write(root.join(name), "").expect("it is written");
        }
        fs::create_dir_all(root.join("serial/by-id")).expect("it is made");
        for (target, link) in [("ttyUSB0", "usb-CP2102N"), ("ttyUSB7", "usb-unplugged")] {
            symlink(Path::new("../..").join(target), root.join("serial/by-id").join(link)).expect("a link");
        }
        let port = |name: &str, hardware: Option<&str>| Port {
            path: root.join(name),
            hardware: hardware.map(str::to_owned),
        };
        assert_eq!(
            plugged_in(root),
            [port("ttyACM1", None), port("ttyUSB0", Some("usb-CP2102N"))]
        );
    }

    #[test]
    fn a_computer_without_ports_has_none() {
        assert_eq!(plugged_in(Path::new("/nowhere")), []);
    }
}

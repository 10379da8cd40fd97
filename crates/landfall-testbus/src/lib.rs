//! A message bus of a test's own: stand-ins of system services (BlueZ, NetworkManager) are served on it, and what is
//! tested speaks to them as it does to the real ones.

pub mod bluez;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use zbus::{Connection, connection::Builder};

/// A dbus-daemon, which ends with this.
#[derive(Debug)]
pub struct TestBus {
    daemon: Child,
    address: String,
    _home: TempDir,
}

impl TestBus {
    /// Starts a bus on which anybody may own any name and say anything, but for what `rules` forbid (`<deny .../>` and
    /// `<allow .../>` elements of a dbus-daemon policy).
    ///
    /// # Panics
    /// If the program `dbus-daemon` is not there.
    pub fn start_with(rules: &str) -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let socket = home.path().join("bus");
        let config = home.path().join("bus.conf");
        fs::write(&config, configuration(&socket.to_string_lossy(), rules)).expect("a file in a folder of our own");
        let mut daemon = Command::new("dbus-daemon")
            .arg("--nofork")
            .arg("--print-address")
            .arg(format!("--config-file={}", config.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon, of the Debian package dbus-daemon");
        let mut address = String::new();
        let output = daemon.stdout.take().expect("a pipe, as asked for");
        BufReader::new(output)
            .read_line(&mut address)
            .expect("the bus tells its address");
        Self {
            daemon,
            address: address.trim_end().to_owned(),
            _home: home,
        }
    }

    /// Starts a bus that forbids nothing.
    ///
    /// # Panics
    /// As [`TestBus::start_with`].
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// Its address, for `DBUS_SYSTEM_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Another connection to it.
    ///
    /// # Panics
    /// If the bus does not take it.
    pub async fn connect(&self) -> Connection {
        let builder = Builder::address(self.address());
        builder.build().await.expect("a bus that was just started")
    }
}

impl Drop for TestBus {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.daemon.kill());
        drop(self.daemon.wait());
    }
}

fn configuration(socket: &str, rules: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    {rules}
  </policy>
</busconfig>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_owned_and_seen() {
        let bus = TestBus::start();
        let service = bus.connect().await;
        service.request_name("org.bluez").await.expect("nobody else owns it");
        let client = bus.connect().await;
        let proxy = zbus::fdo::DBusProxy::new(&client).await.expect("the bus itself");
        let owned = proxy.name_has_owner("org.bluez".try_into().expect("a name")).await;
        assert!(owned.expect("the bus answers"));
    }

    #[tokio::test]
    async fn rules_forbid() {
        let bus = TestBus::start_with(r#"<deny own="org.bluez"/>"#);
        let service = bus.connect().await;
        service
            .request_name("org.bluez")
            .await
            .expect_err("the rules forbid it");
    }
}

//! Somebody who asks for an IPv4 address, beside wpa_supplicant, which does not.
//!
//! systemd-networkd or dhcpcd do, on an interface that they manage. Else this starts a DHCP client that is installed. It
//! goes on when this program ends, as the link does: a later one finds it again. It ends when its network is left, and
//! what it had put onto the interface is taken away.

mod client;
mod script;

use core::time::Duration;
use std::{
    env, fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use futures_util::TryStreamExt as _;
use netlink_packet_route::{
    AddressFamily,
    address::{AddressHeaderFlags, AddressMessage},
};
use tokio::{
    process::Child,
    time::{sleep, timeout},
};

use self::client::Client;
use crate::{
    Error,
    bus::{Bus, Service},
    kernel::{self, AddressWatch, drive},
};

/// Sees to it that somebody asks for the addresses of one interface.
#[derive(Debug)]
pub(super) struct Dhcp {
    bus: Bus,
    interface: kernel::Interface,
    folder: PathBuf,
    /// It is large.
    child: Mutex<Option<Box<Child>>>,
}

impl Dhcp {
    pub(super) fn new(bus: &Bus, interface: &kernel::Interface) -> Self {
        Self {
            bus: bus.clone(),
            interface: interface.clone(),
            folder: folder().join(&interface.name),
            child: Mutex::new(None),
        }
    }

    /// Has somebody ask for an address in a network that was just joined; without a way to the rest of the world if it is
    /// for a visit.
    pub(super) async fn begin(&self, is_visit: bool) -> Result<(), Error> {
        if self.is_managed().await {
            return Ok(());
        }
        let client = Client::find(is_visit)?;
        script::write(&self.folder)?;
        let child = client.start(&self.interface.name, &self.folder, is_visit)?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(child));
        Ok(())
    }

    /// The same, unless somebody does already.
    pub(super) async fn ensure(&self) -> Result<(), Error> {
        if self.has_client() {
            if self.has_address().await {
                return Ok(());
            }
            // Somebody has taken its address away, of which it does not hear; or it waits for its next try.
            self.end().await;
        }
        self.begin(false).await
    }

    fn has_client(&self) -> bool {
        let is_running = match self.child.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => false,
        };
        is_running || client::left_behind(&self.interface.name, &self.folder).is_some()
    }

    async fn has_address(&self) -> bool {
        let Ok(mut watch) = AddressWatch::new(self.interface.index) else {
            return false;
        };
        watch.now().await.is_ok_and(|addresses| addresses.v4.is_some())
    }

    /// Ends the client, and takes away what it has got.
    pub(super) async fn end(&self) {
        if self.is_managed().await {
            return;
        }
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            if let Some(id) = child.id() {
                client::terminate(id);
            }
            if timeout(END_TIME, child.wait()).await.is_err() {
                // Nothing else is left to be done about it.
                let _ = child.start_kill();
            }
        }
        self.end_left_behind().await;
        remove_leased(self.interface.index).await;
    }

    /// Ends the client of an earlier run of this program.
    async fn end_left_behind(&self) {
        let find = || client::left_behind(&self.interface.name, &self.folder);
        let Some(id) = find() else { return };
        client::terminate(id);
        let gone = async {
            while find().is_some() {
                sleep(LOOK_AGAIN).await;
            }
        };
        // It may hang; its network is left in any case.
        let _ = timeout(END_TIME, gone).await;
    }

    /// Whether others see to the interface's addresses.
    async fn is_managed(&self) -> bool {
        let is_networkds = is_networkds(self.interface.index) && self.bus.running(&NETWORKD).await.is_ok();
        is_networkds || is_dhcpcds(&self.interface.name)
    }
}

/// Where the clients work: no place that others can write to.
fn folder() -> PathBuf {
    let given = env::var_os("RUNTIME_DIRECTORY").filter(|folder| !folder.is_empty());
    given
        .map_or_else(|| PathBuf::from("/run/landfall"), PathBuf::from)
        .join("dhcp")
}

/// What systemd-networkd says of its links to everybody; it is there still when networkd has ended.
fn is_networkds(index: u32) -> bool {
    let link = fs::read_to_string(format!("/run/systemd/netif/links/{index}")).unwrap_or_default();
    let state = link.lines().find_map(|line| line.strip_prefix("ADMIN_STATE="));
    state.is_some_and(|state| state != "unmanaged")
}

/// dhcpcd has a file with its process's number, for all interfaces or for one; where, depends on its version.
fn is_dhcpcds(interface: &str) -> bool {
    let files = [
        "/run/dhcpcd/pid".to_owned(),
        "/run/dhcpcd.pid".to_owned(),
        format!("/run/dhcpcd/{interface}.pid"),
        format!("/run/dhcpcd-{interface}.pid"),
    ];
    let is_running = |file: &String| {
        let id = fs::read_to_string(file);
        id.is_ok_and(|id| client::is_running(id.trim(), "dhcpcd"))
    };
    files.iter().any(is_running)
}

/// Takes away the IPv4 addresses that hold for a time only. One that somebody has set by hand holds for ever and stays.
async fn remove_leased(index: u32) {
    let Ok((connection, handle, _)) = rtnetlink::new_connection() else {
        return;
    };
    let _driving = drive(connection);
    let mut addresses = handle.address().get().set_link_index_filter(index).execute();
    let mut leased = Vec::new();
    // An interface that is gone has none.
    while let Ok(Some(address)) = addresses.try_next().await {
        if is_leased(&address) {
            leased.push(address);
        }
    }
    for address in leased {
        // It may have run out just now.
        let _ = handle.address().del(address).execute().await;
    }
}

fn is_leased(address: &AddressMessage) -> bool {
    let is_v4 = address.header.family == AddressFamily::Inet;
    is_v4 && !address.header.flags.contains(AddressHeaderFlags::Permanent)
}

static NETWORKD: Service = Service {
    label: "systemd-networkd",
    bus_name: "org.freedesktop.network1",
    root: "/org/freedesktop/network1",
};

/// A client that is asked to end has this long to say so to its server.
const END_TIME: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

//! DHCP and DNS on an access point's interface, and nowhere else.

use core::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};
use std::io;

use landfall_protocomm::Instant as Moment;
use landfall_softap::{
    dhcp::{self, Dhcp},
    dns,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::UdpSocket,
    time::{Instant, sleep},
};

use crate::{
    Error,
    kernel::{Driving, drive, refused},
};

/// Gives addresses and answers to the guests on `interface`, for as long as what it gives lives.
pub(super) fn serve(interface: &str, own: Ipv4Addr) -> Result<[Driving; 2], Error> {
    let open = |address, port, what| {
        let socket = bind(interface, SocketAddrV4::new(address, port));
        socket.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => refused(what, &"another program has its port on all interfaces"),
            io::ErrorKind::PermissionDenied => Error::NeedsRights("an access point"),
            _ => refused(what, &error),
        })
    };
    let addresses = open(
        Ipv4Addr::UNSPECIFIED,
        dhcp::PORT,
        "serve DHCP on the access point (UDP port 67)",
    )?;
    let names = open(own, dns::PORT, "serve DNS on the access point (UDP port 53)")?;
    Ok([drive(give_addresses(addresses, own)), drive(answer_names(names, own))])
}

fn bind(interface: &str, address: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // Others may serve the machine's other networks, and do as this.
    socket.set_reuse_address(true)?;
    socket.bind_device(Some(interface.as_bytes()))?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

async fn give_addresses(socket: UdpSocket, own: Ipv4Addr) {
    let mut leases = Dhcp::<{ dhcp::MAX_LEASES }>::new(own);
    let begin = Instant::now();
    let mut packet = [0; MOST_PACKET];
    loop {
        let Ok((len, _)) = socket.recv_from(&mut packet).await else {
            sleep(PAUSE).await;
            continue;
        };
        let packet = packet.get(..len).unwrap_or_default();
        if let Some(answer) = leases.answer(packet, Moment::new(begin.elapsed())) {
            let to = SocketAddrV4::new(answer.to.unwrap_or(Ipv4Addr::BROADCAST), dhcp::GUEST_PORT);
            // A guest that hears nothing asks again.
            let _ = socket.send_to(&answer.bytes, to).await;
        }
    }
}

async fn answer_names(socket: UdpSocket, own: Ipv4Addr) {
    let mut packet = [0; MOST_PACKET];
    loop {
        let Ok((len, from)) = socket.recv_from(&mut packet).await else {
            sleep(PAUSE).await;
            continue;
        };
        if let Some(answer) = dns::answer(packet.get(..len).unwrap_or_default(), own) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// Octets of a packet that are looked at; no guest sends more.
const MOST_PACKET: usize = 1500;
/// After the kernel refused to give a packet, lest it be asked without end.
const PAUSE: Duration = Duration::from_millis(200);

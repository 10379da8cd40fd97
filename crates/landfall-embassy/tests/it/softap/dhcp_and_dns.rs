//! Addresses and names for the guests.

use core::{net::Ipv4Addr, time::Duration};

use embassy_futures::select::select;
use embassy_net::{
    Config, DhcpConfig, IpAddress, Stack,
    dns::DnsQueryType,
    udp::{PacketMetadata, UdpSocket},
};
use landfall_embassy::softap::ADDRESS;
use tokio::time::timeout;

use super::{
    echo::with_guest,
    guest::{Connection, PATIENCE, all},
};

/// Waits for the guest's lease: its address ends with this.
async fn lease(stack: Stack<'static>) -> u8 {
    timeout(PATIENCE, stack.wait_config_up()).await.expect("a lease");
    let config = stack.config_v4().expect("configured");
    assert_eq!(config.address.prefix_len(), 24);
    assert_eq!(
        (config.gateway, config.dns_servers.as_slice()),
        (Some(ADDRESS), [ADDRESS].as_slice())
    );
    let [192, 168, 4, host] = config.address.address().octets() else {
        panic!("{}", config.address);
    };
    host
}

#[tokio::test]
async fn guests_get_an_address_each_and_reach_the_device_by_any_name() {
    with_guest(async |device| {
        let mut one = device.air.host(Config::dhcpv4(DhcpConfig::default()), all);
        let mut other = device.air.host(Config::dhcpv4(DhcpConfig::default()), all);
        let (first, second) = (one.stack, other.stack);
        let work = async {
            let hosts = [lease(first).await, lease(second).await];
            assert!(
                hosts[0] != hosts[1] && hosts.iter().all(|host| (10..18).contains(host)),
                "{hosts:?}"
            );
            let found = first.dns_query("connectivitycheck.gstatic.com", DnsQueryType::A);
            let found = timeout(PATIENCE, found).await.expect("in time").expect("a name");
            assert_eq!(found.as_slice(), [IpAddress::Ipv4(ADDRESS)]);
            let mut connection = Connection::open(second).await;
            assert_eq!(
                connection.post("echo", None, b"hi").await.expect("answered").body,
                b"hi"
            );
        };
        select(work, select(one.runner.run(), other.runner.run())).await;
    })
    .await;
}

#[tokio::test]
async fn noise_on_their_ports_does_not_keep_the_servers_from_answering() {
    with_guest(async |device| {
        let mut meta = [[PacketMetadata::EMPTY; 4]; 2];
        let [incoming, outgoing] = &mut meta;
        let room = || Box::leak(vec![0; 4096].into_boxed_slice());
        let (incoming, outgoing) = (Box::leak(Box::new(*incoming)), Box::leak(Box::new(*outgoing)));
        let mut socket = UdpSocket::new(device.guest, incoming, room(), outgoing, room());
        socket.bind(5300).expect("a free port");
        for port in [53, 67] {
            for len in (0..1400).step_by(100) {
                let noise: Vec<u8> = (0..len).map(|at| (at * 167) as u8).collect();
                socket.send_to(&noise, (ADDRESS, port)).await.expect("sent");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03any\x04name\x00\x00\x01\x00\x01";
        socket.send_to(question, (ADDRESS, 53)).await.expect("sent");
        let mut answer = [0; 512];
        loop {
            let (len, from) = timeout(PATIENCE, socket.recv_from(&mut answer))
                .await
                .expect("in time")
                .expect("short");
            assert_eq!(from.endpoint.port, 53);
            if answer.starts_with(b"\x12\x34") {
                assert!(answer[..len].ends_with(&[0, 4, 192, 168, 4, 1]));
                break;
            }
        }
        let mut guest = device.air.host(Config::dhcpv4(DhcpConfig::default()), all);
        let stack = guest.stack;
        select(lease(stack), guest.runner.run()).await;
        let _: Ipv4Addr = stack.config_v4().expect("configured").address.address();
    })
    .await;
}

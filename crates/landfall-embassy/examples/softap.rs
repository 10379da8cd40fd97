//! The firmware's example application on this machine: the network stack of its access point is real, and in memory; who
//! connects to this machine is a guest in it. Wi-Fi is played (one network, `myssid` with `mypassword`, can be joined), and
//! the memory forgets.
//!
//! `softap --listen 127.0.0.1:0 --sec-ver 2`, with the secrets of Espressif's example; `landfall provision --host
//! 127.0.0.1:PORT` provisions it. Further: `--no-auto-stop` for a service that stays, `--scan-ms N` and `--join-ms N`.

#[path = "../tests/it/softap/air.rs"]
mod air;
mod parts;

use core::{error::Error, net::Ipv4Addr, time::Duration};

use embassy_futures::select::{Either, Either3, select, select3};
use embassy_net::{Stack, tcp::TcpSocket};
use landfall_embassy::{
    Device, MemoryStore,
    softap::{self, Room, SoftApService},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{LocalSet, spawn_local},
    time::{sleep, timeout},
};

use self::{
    air::Air as AccessPoint,
    parts::{Air, Application, Arguments, Secrets, random},
};

/// Where the guest is that all connections come from.
const GUEST: Ipv4Addr = Ipv4Addr::new(192, 168, 4, 2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::of_this_process();
    let secrets = Secrets::of_the_example()?;
    let listener = TcpListener::bind(arguments.value("--listen").unwrap_or("127.0.0.1:0")).await?;
    // As `landfall simulate --json` says it.
    Application::log(&format!(
        "{{\"event\":\"device_listening\",\"url\":\"http://{}\"}}",
        listener.local_addr()?
    ));

    let access_point = AccessPoint::default();
    let mut host = access_point.host(softap::config(softap::ADDRESS), |_| true);
    let mut guest = access_point.host(softap::config(GUEST), |_| true);
    let mut room = Room::<3, 1024>::new();
    let service = SoftApService::new(host.stack, &mut room, random);
    let mut device = Device::new(
        secrets.config(&arguments)?,
        Air::new(&arguments)?,
        MemoryStore::default(),
        random,
    );
    let mut app = Application;

    let guests = LocalSet::new();
    let accepted = guests.run_until(accept(listener, guest.stack));
    let runners = select(host.runner.run(), guest.runner.run());
    match select3(device.provision(service, &mut app), accepted, runners).await {
        Either3::First(ended) => ended?,
        Either3::Second(never) => match never {},
        Either3::Third(Either::First(never) | Either::Second(never)) => never,
    };
    Application::log("the access point is off");
    Ok(())
}

async fn accept(listener: TcpListener, guest: Stack<'static>) -> core::convert::Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(spawn_local(carry(stream, guest))),
            // Out of files, perhaps: they come back.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Carries bytes between a client of this machine and the device, both ways, until one of them has left.
async fn carry(mut stream: TcpStream, guest: Stack<'static>) {
    let (mut received, mut sent) = ([0; 4096], [0; 4096]);
    let mut socket = TcpSocket::new(guest, &mut received, &mut sent);
    let _ = stream.set_nodelay(true);
    socket.set_nagle_enabled(false);
    // A device with all its connections taken refuses; this machine has taken the client's already.
    for _ in 0..100 {
        if socket.connect((softap::ADDRESS, 80)).await.is_ok() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (mut up, mut down) = ([0; 1024], [0; 1024]);
    let mut is_open = true;
    loop {
        let from_client = async {
            match is_open {
                true => stream.read(&mut up).await,
                false => core::future::pending().await,
            }
        };
        match select(from_client, socket.read(&mut down)).await {
            Either::First(Ok(len @ 1..)) => {
                let mut left = &up[..len];
                while let [_, ..] = left
                    && let Ok(written) = socket.write(left).await
                {
                    left = &left[written..];
                }
            }
            Either::First(_) => {
                is_open = false;
                socket.close();
            }
            Either::Second(Ok(len @ 1..)) => {
                if stream.write_all(&down[..len]).await.is_err() {
                    break;
                }
            }
            Either::Second(_) => break,
        }
    }
    socket.close();
    // The end has to leave before the socket goes.
    let _ = timeout(Duration::from_secs(1), socket.flush()).await;
}

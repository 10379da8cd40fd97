//! A device that answers every request with the request, to try a client's Bluetooth on: `echo tcp:HOST:PORT`, and
//! `echo tcp:HOST:PORT encrypted` for one whose clients have to pair. The request `late` is answered after 3 seconds,
//! `fail` fails, and `stop` takes the device off the air.

use core::error::Error;
use std::env;

use embassy_futures::select::{Either, select};
use embassy_time::Timer;
use landfall_protocomm::gatt::ServiceUuid;
use landfall_trouble::{
    Seed,
    hci::HciAddress,
    peripheral::{Config, Event, Link, Pairing, run},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: HciAddress = env::args()
        .nth(1)
        .ok_or("the controller's address is missing")?
        .parse()?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let seed = Seed::new(bytes);
    let config = Config {
        service: ServiceUuid::EXAMPLE,
        endpoints: &[
            "prov-session",
            "proto-ver",
            "prov-config",
            "prov-scan",
            "prov-ctrl",
            "custom-data",
        ],
        name: "PROV_ECHO",
        manufacturer_data: b"\xe5\x02echo",
        address: Some([0x01, 0x02, 0x03, 0x04, 0x05, 0xc6]),
        mtu: 508,
        pairing: match env::args().nth(2).as_deref() {
            Some("encrypted") => Pairing::Required(&seed),
            _ => Pairing::Offered(&seed),
        },
        notify: false,
    };
    let link = Link::new();
    match select(run(address.open().await?, &config, &link), echo(&link)).await {
        Either::First(ended) => Ok(ended?),
        Either::Second(()) => Ok(()),
    }
}

#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
async fn echo(link: &Link) {
    loop {
        match link.next().await {
            Event::Request { number, message, .. } => match &*message {
                b"fail" => link.respond(number, None).await,
                b"late" => {
                    Timer::after_secs(3).await;
                    link.respond(number, Some(b"late")).await;
                }
                b"stop" => link.stop(),
                _ => link.respond(number, Some(&message)).await,
            },
            event => println!("{event:?}"),
        }
    }
}

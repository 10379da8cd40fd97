//! An access point of this machine's by hand, and the station beside it: `softap INTERFACE SSID [KEY] [--take] [--channel N]`,
//! then on standard input, a line at a time, `station` (drives the station's interface from now on), `connect SSIDHEX
//! PASSPHRASE`, `disconnect`, `move MHZ`, `close`. Whoever posts to `/proto-ver` is answered. Made for the radio lab.

#![expect(clippy::print_stdout, reason = "it is a program")]

use core::error::Error;
use std::io;

use landfall_device::{
    Service, ServiceEvent, SoftApService,
    manager::{Credentials, Passphrase, Ssid},
};
use landfall_wlan::{Mover, Report, SoftApOptions, Station, StationOptions};
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut service = SoftApService::new(options()?);
    let interface = std::env::args().nth(1).ok_or("INTERFACE")?;
    let mut lines = standard_input();
    let mut station = None;
    if let Err(error) = service.start(&["proto-ver"]).await {
        println!("NOT OPEN {error}");
        return Ok(());
    }
    println!("OPEN");
    loop {
        tokio::select! {
            line = lines.recv() => match line.as_deref().map(|line| line.split_whitespace().collect::<Vec<_>>()).as_deref() {
                Some(["station"]) => station = Some(open(&interface, service.mover()).await?),
                Some(["connect", ssid, passphrase]) => {
                    station.as_mut().ok_or("no station")?.connect(&credentials(ssid, passphrase)?);
                }
                Some(["disconnect"]) => station.as_mut().ok_or("no station")?.disconnect(),
                Some(["move", frequency]) => move_to(service.mover(), frequency.parse()?),
                Some(["close"]) | None => break,
                other => return Err(format!("unknown line {other:?}").into()),
            },
            report = report(station.as_mut()) => show(&report),
            event = service.next() => match event {
                ServiceEvent::Request { id, .. } => service.respond(id, Some(b"hello from the access point")),
                event => println!("EVENT {event:?}"),
            },
        }
    }
    service.stop().await;
    println!("CLOSED");
    Ok(())
}

fn options() -> Result<SoftApOptions, Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let interface = words.next().ok_or("INTERFACE")?;
    let ssid = Ssid::new(words.next().ok_or("SSID")?.as_bytes()).ok_or("SSID too long")?;
    let mut options = SoftApOptions::new(ssid, interface);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--take" => options.takes_interface = true,
            "--channel" => options.channel = Some(words.next().ok_or("N")?.parse()?),
            key => options.key = Passphrase::new(key.as_bytes()).ok_or("key too long")?,
        }
    }
    Ok(options)
}

async fn open(interface: &str, mover: Mover) -> Result<Station, Box<dyn Error>> {
    let mut options = StationOptions::default();
    options.interface = Some(interface.to_owned());
    options.beside = Some(mover);
    let station = Station::open(options).await?;
    println!("STATION {:?}", station.backend());
    Ok(station)
}

fn move_to(mover: Mover, frequency: u32) {
    tokio::spawn(async move {
        match mover.move_to(frequency).await {
            Ok(()) => println!("MOVED {frequency}"),
            Err(error) => println!("NOT MOVED {error}"),
        }
    });
}

fn credentials(ssid: &str, passphrase: &str) -> Result<Credentials, Box<dyn Error>> {
    let digits: Vec<char> = ssid.chars().collect();
    let octet = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    let octets = digits.chunks(2).map(octet).collect::<Result<Vec<u8>, _>>()?;
    Ok(Credentials {
        ssid: Ssid::new(&octets).ok_or("SSID too long")?,
        passphrase: Passphrase::new(passphrase.as_bytes()).ok_or("passphrase too long")?,
        bssid: None,
        channel: None,
    })
}

/// Lines, read where nobody waits for them.
fn standard_input() -> mpsc::UnboundedReceiver<String> {
    let (tell, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

async fn report(station: Option<&mut Station>) -> Report {
    match station {
        Some(station) => station.next().await,
        None => core::future::pending().await,
    }
}

fn show(report: &Report) {
    match report {
        Report::Connected(station) => println!("CONNECTED {} {}", station.ip, station.channel),
        Report::Disconnected(reason) => println!("DISCONNECTED {reason:?}"),
        Report::Trouble(why) => println!("TROUBLE {why}"),
        other => println!("{other:?}"),
    }
}

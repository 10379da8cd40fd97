//! Drives this machine's Wi-Fi by hand, a line at a time: `wlan station [--interface I] [--backend B]`, then on standard
//! input `scan`, `connect SSIDHEX PASSPHRASE [BSSIDHEX|-] [CHANNEL]`, `rejoin SSIDHEX PASSPHRASE`, `disconnect`, `keep`,
//! `forget`. Made for the radio lab; a passphrase of `-` is none.

#![expect(clippy::print_stdout, reason = "it is a program")]

use core::error::Error;
use std::io;

use landfall_manager::{Bssid, Credentials, Passphrase, ScanChannels, ScanPlan, Ssid};
use landfall_wlan::{Backend, Report, Station, StationOptions};
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut station = Station::open(options()?).await?;
    println!("STATION {} {:?}", station.interface(), station.backend());
    let mut lines = standard_input();
    let mut last = None;
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => obey(&mut station, &line, &mut last).await?,
                None => return Ok(()),
            },
            report = station.next() => show(&report),
        }
    }
}

fn options() -> Result<StationOptions, Box<dyn Error>> {
    let mut options = StationOptions::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "station" => {}
            "--interface" => options.interface = words.next(),
            "--backend" => {
                options.backend = match words.next().as_deref() {
                    Some("networkmanager") => Some(Backend::NetworkManager),
                    Some("wpa_supplicant") => Some(Backend::WpaSupplicant),
                    other => return Err(format!("no back end {other:?}").into()),
                }
            }
            other => return Err(format!("unknown word {other}").into()),
        }
    }
    Ok(options)
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

async fn obey(station: &mut Station, line: &str, last: &mut Option<Credentials>) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["scan"] => station.scan(ScanPlan {
            channels: ScanChannels::All,
            passive: false,
            dwell: None,
        }),
        ["connect", rest @ ..] => {
            let credentials = credentials(rest)?;
            station.connect(&credentials);
            *last = Some(credentials);
        }
        ["rejoin", rest @ ..] => {
            let credentials = credentials(rest)?;
            station.rejoin(&credentials);
            *last = Some(credentials);
        }
        ["disconnect"] => station.disconnect(),
        ["keep"] => station.keep(last.as_ref().ok_or("nothing was joined")?),
        ["forget"] => match station.forget().await {
            Ok(()) => println!("FORGOTTEN"),
            Err(error) => println!("NOT FORGOTTEN {error}"),
        },
        _ => return Err(format!("unknown line {line}").into()),
    }
    Ok(())
}

fn credentials(words: &[&str]) -> Result<Credentials, Box<dyn Error>> {
    let [ssid, passphrase, rest @ ..] = words else {
        return Err("SSIDHEX PASSPHRASE".into());
    };
    let passphrase = if *passphrase == "-" { "" } else { passphrase };
    let bssid = match rest.first() {
        None | Some(&"-") => None,
        Some(text) => Some(Bssid(octets(text)?.try_into().map_err(|_| "BSSID")?)),
    };
    let channel = rest.get(1).map(|text| text.parse()).transpose()?;
    Ok(Credentials {
        ssid: Ssid::new(&octets(ssid)?).ok_or("SSID too long")?,
        passphrase: Passphrase::new(passphrase.as_bytes()).ok_or("passphrase too long")?,
        bssid,
        channel,
    })
}

fn octets(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits: Vec<char> = hex.chars().collect();
    let octet = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    Ok(digits.chunks(2).map(octet).collect::<Result<_, _>>()?)
}

fn show(report: &Report) {
    match report {
        Report::ScanDone(found) => {
            println!("SCANNED {}", found.len());
            for point in found {
                println!(
                    "HEARD {} {} {} {} {:?}",
                    point.ssid, point.bssid, point.channel, point.rssi, point.auth
                );
            }
        }
        Report::ScanFailed => println!("SCAN FAILED"),
        Report::Connected(s) => println!("CONNECTED {} {} {} {} {:?}", s.ip, s.ssid, s.bssid, s.channel, s.auth),
        Report::Disconnected(reason) => println!("DISCONNECTED {reason:?}"),
        Report::Trouble(why) => println!("TROUBLE {why}"),
        other => println!("{other:?}"),
    }
}

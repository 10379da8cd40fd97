//! What devices in one process take of memory.

use core::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use std::fs;

use landfall_device::{Device, Event, HttpService, Security, SimulatedWifi, World};
use landfall_manager as manager;
use tokio::{
    sync::mpsc,
    task::{LocalSet, spawn_local},
};

use crate::say;

/// Starts `count` simulated devices, one after the other, and prints the resident memory with each of them idle, and
/// what each further one takes on average.
pub(crate) fn run(count: usize) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, start(count))
}

async fn start(count: usize) -> Result<(), Box<dyn Error>> {
    let mut residents = Vec::new();
    for number in 1..=count {
        start_one(number).await?;
        let resident = resident_kilobytes()?;
        say(&format!("devices-{number} {resident}"));
        residents.push(resident);
    }
    if let [first, .., last] = residents[..] {
        say(&format!("each-further {:.1}", (last - first) / (count - 1) as f64));
    }
    Ok(())
}

/// Starts a device and waits until it serves and has drawn its first ephemeral key.
async fn start_one(number: usize) -> Result<(), Box<dyn Error>> {
    let service = HttpService::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let wifi = SimulatedWifi::new(World::built_in());
    let mut device = Device::builder(&format!("PROV_{number:06X}"), Security::development())
        .wifi(wifi)
        .build()?;
    let (started, mut is_started) = mpsc::unbounded_channel();
    spawn_local(async move {
        let tell = |event: &Event| {
            if matches!(event, Event::Manager(manager::Event::Started)) {
                // Nobody listens once the first has come.
                let _ = started.send(());
            }
        };
        device.provision(service, tell).await
    });
    is_started.recv().await.ok_or("the device ended before it began")?;
    tokio::time::sleep(SETTLING).await;
    Ok(())
}

const SETTLING: Duration = Duration::from_millis(50);

fn resident_kilobytes() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no VmRSS in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

//! The provisioning example of ESP-IDF in Rust: a device that a phone brings onto a network, and that says hello from then
//! on. The boot button, held for three seconds, makes it forget the network.
//!
//! Everything that another firmware could use is in `landfall-embassy` and `landfall-esp`.

#![no_std]
#![no_main]

extern crate alloc;

mod choices;
mod crypto;
mod example;
mod log;
mod scheme;
mod secret;

use alloc::boxed::Box;
use core::error::Error;

use embassy_executor::Spawner;
use embassy_futures::select::{Either3, select3};
use embassy_time::{Duration, Timer, with_timeout};
use esp_backtrace as _;
use esp_hal::{
    clock::CpuClock,
    gpio::{Input, InputConfig, Pull},
    timer::timg::TimerGroup,
};
use landfall_embassy::{
    Config, Control, Device, Store,
    flash::{FlashError, FlashStore},
    manager::{AutoStop, Payload, PayloadSecret},
    protocomm::{Endpoint, device::Security},
    qr::{self, Background, QrError},
};
use landfall_esp::{Entropy, Partition, Wifi};

use crate::example::{Example, greet};

esp_bootloader_esp_idf::esp_app_desc!();

/// The device that this application makes.
type Board = Device<'static, Wifi, FlashStore<Partition<'static>>, Entropy, crypto::Chosen>;

/// The data partition that credentials are kept in (partitions.csv).
const PARTITION: &str = "landfall";
/// How long the button is to be held.
const HELD: Duration = Duration::from_secs(3);

/// What the drivers of the radio get besides, bytes: the C2 has no more to give.
const SECOND_HEAP: usize = if cfg!(feature = "esp32c2") { 24 } else { 64 } * 1024;

static CONTROL: Control = Control::new();

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    let Err(error) = run(spawner).await;
    log::error(format_args!("{error}; restarting"));
    Timer::after(Duration::from_secs(5)).await;
    esp_hal::system::software_reset();
}

/// Runs the device; comes back with what makes it impossible.
async fn run(spawner: Spawner) -> Result<core::convert::Infallible, Box<dyn Error>> {
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // The drivers of the radio need a heap; the first piece is what the boot loader leaves.
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: SECOND_HEAP);
    esp_rtos::start(TimerGroup::new(chip.TIMG0).timer0, chip.FROM_CPU_INTR0);

    let mut flash = chip.FLASH;
    let secret = secret::read(flash.reborrow()).await?;
    let partition = Partition::find(flash, PARTITION)?;
    let range = partition.range();
    let mut store = FlashStore::new(partition, range)?;
    let is_new = match store.load().await {
        // What is damaged is gone: a phone can bring it back.
        Err(FlashError::Damaged) => true,
        stored => stored?.is_none(),
    };
    let wifi = Wifi::new(spawner, chip.WIFI)?;
    let stack = wifi.stack();
    let entropy = wifi.entropy().ok_or("the chip has no source of randomness")?;
    #[cfg(not(feature = "accelerated"))]
    let crypto = landfall_embassy::protocomm::Software;
    #[cfg(feature = "accelerated")]
    let crypto = {
        let mut crypto = crypto::Chosen::new(chip.RSA, chip.AES, chip.SHA);
        if is_new {
            landfall_esp::crypto::self_test(&mut crypto, &mut entropy.clone())?;
            log::info("The cryptographic peripherals compute as the software does");
        }
        crypto
    };
    let mut device = Device::with_crypto(config(secret.security), wifi, store, entropy, crypto);
    let button = Input::new(chip.GPIO9, InputConfig::default().with_pull(Pull::Up));

    #[cfg(feature = "ble")]
    let port = (chip.BT, secret.service);
    #[cfg(feature = "softap")]
    let port = spawner;
    #[cfg(all(feature = "console", feature = "esp32c2"))]
    let port = serial(chip.UART0, chip.GPIO19, chip.GPIO20)?;
    #[cfg(all(feature = "console", feature = "esp32c3"))]
    let port = serial(chip.UART0, chip.GPIO20, chip.GPIO21)?;
    #[cfg(all(feature = "console", feature = "esp32c6"))]
    let port = serial(chip.UART0, chip.GPIO17, chip.GPIO16)?;

    let control = cfg!(feature = "reprovisioning").then_some(&CONTROL);
    let online = async {
        if is_new {
            let own = landfall_esp::service_name();
            let name = secret.name.unwrap_or(own.as_str());
            invite(name, secret.label)?;
            scheme::provision(&mut device, port, name).await?;
        }
        device.stay_joined(&mut Example).await?;
        Ok::<_, Box<dyn Error>>(())
    };
    match select3(online, greet(stack, control), held(button)).await {
        Either3::First(ended) => ended?,
        Either3::Second(never) => match never {},
        Either3::Third(()) => {
            log::info("Forgetting the network");
            device.reset().await?;
        }
    }
    Err("the device starts anew".into())
}

fn config(security: Security<'static>) -> Config<'static> {
    let mut config = Config::new(security);
    config.provisioning.endpoints = &[Endpoint::CUSTOM_DATA];
    if cfg!(feature = "reprovisioning") {
        config.provisioning.auto_stop = AutoStop::Disabled;
        config.stay_home = true;
        config.control = Some(&CONTROL);
    }
    config
}

/// Shows what a phone scans, if a phone can reach the device.
fn invite(name: &str, secret: PayloadSecret<'_>) -> Result<(), QrError> {
    let Some(transport) = scheme::TRANSPORT else {
        return Ok(());
    };
    let payload = Payload {
        name,
        secret,
        transport,
    };
    qr::invite(&payload, Background::Dark, &mut esp_println::Printer)
}

/// The first serial port with the pins that the boot loader uses: where the log goes on boards with a USB bridge.
#[cfg(feature = "console")]
fn serial(
    port: esp_hal::peripherals::UART0<'static>,
    rx: impl esp_hal::gpio::interconnect::PeripheralInput<'static>,
    tx: impl esp_hal::gpio::interconnect::PeripheralOutput<'static>,
) -> Result<esp_hal::uart::Uart<'static, esp_hal::Async>, esp_hal::uart::ConfigError> {
    let uart = esp_hal::uart::Uart::new(port, esp_hal::uart::Config::default())?;
    Ok(uart.with_rx(rx).with_tx(tx).into_async())
}

/// Waits until the button was held long enough.
async fn held(mut button: Input<'_>) {
    loop {
        button.wait_for_low().await;
        if with_timeout(HELD, button.wait_for_high()).await.is_err() {
            return;
        }
    }
}

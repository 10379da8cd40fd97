//! A lamp that a phone brings onto the Wi-Fi.

#![no_std]
#![no_main]
#![deny(
    clippy::mem_forget,
    reason = "mem::forget is generally not safe to do with esp_hal types, especially those \
    holding buffers for the duration of a data transfer."
)]
#![deny(clippy::large_stack_frames)]

use embassy_executor::Spawner;
use embassy_net::Stack;
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::timer::timg::TimerGroup;
use landfall_embassy::ble::{self, BleService, Options};
use landfall_embassy::flash::{FlashError, FlashStore};
use landfall_embassy::manager::{Payload, PayloadSecret, PayloadTransport};
use landfall_embassy::protocomm::device::Security;
use landfall_embassy::qr::{self, Background};
use landfall_embassy::{App, Config, Device, Event};
use landfall_esp::{Partition, Wifi};
use log::info;

extern crate alloc;

esp_bootloader_esp_idf::esp_app_desc!();

/// Whoever knows it can bring the lamp onto a network: one that everybody knows, for trials.
const POP: &str = "abcd1234";

/// What the lamp asks of a phone.
const SECURITY: Security<'static> = Security::Security1 {
    pop: Some(POP.as_bytes()),
};

/// The application: it logs what happens.
struct Lamp;

impl App for Lamp {
    fn on_event(&mut self, event: &Event<'_>) {
        info!("{event}");
    }
}

#[allow(
    clippy::large_stack_frames,
    reason = "it's not unusual to allocate larger buffers etc. in main"
)]
#[esp_rtos::main]
async fn main(spawner: Spawner) -> ! {
    esp_println::logger::init_logger_from_env();

    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let peripherals = esp_hal::init(config);

    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 66320);
    esp_alloc::heap_allocator!(size: 64 * 1024);

    let timg0 = TimerGroup::new(peripherals.TIMG0);
    esp_rtos::start(timg0.timer0, peripherals.FROM_CPU_INTR0);

    let flash = Partition::find(peripherals.FLASH, "landfall").expect("partitions.csv names it");
    let range = flash.range();
    let store = FlashStore::new(flash, range).expect("the partition is large enough");
    let wifi = Wifi::new(spawner, peripherals.WIFI).expect("Wi-Fi starts");
    let stack = wifi.stack();
    let random = wifi.entropy().expect("the radio is on");
    spawner.spawn(shine(stack).expect("it is spawned once"));

    let mut device = Device::new(Config::new(SECURITY), wifi, store, random);
    let is_new = match device.stored().await {
        Err(FlashError::Damaged) => true,
        stored => stored.expect("the flash can be read").is_none(),
    };
    if is_new {
        let name = landfall_esp::service_name();
        show_label(name.as_str());
        let controller = landfall_esp::ble::controller(peripherals.BT).expect("Bluetooth starts");
        let options = Options::new(name.as_str());
        let provision = async |service: &mut BleService<'_>| device.provision(service, &mut Lamp).await;
        let ended = ble::on_air(controller, &options, provision).await;
        ended.expect("Bluetooth works");
    }
    let ended = device.stay_joined(&mut Lamp).await;
    panic!("nobody told the lamp to leave its network: {ended:?}");
}

/// Prints the code that a phone scans.
fn show_label(name: &str) {
    let label = Payload {
        name,
        secret: PayloadSecret::Pop(POP),
        transport: PayloadTransport::Ble,
    };
    qr::invite(&label, Background::Dark, &mut esp_println::Printer).expect("a serial port takes everything");
}

/// What the lamp does: your code, with the network under it.
#[embassy_executor::task]
async fn shine(stack: Stack<'static>) {
    loop {
        stack.wait_config_up().await;
        info!("The lamp is on the network");
        stack.wait_config_down().await;
        info!("The lamp is off the network");
    }
}

//! The firmware's example application on this machine: real Bluetooth on a controller of one's own, Wi-Fi that is played
//! (one network, `myssid` with `mypassword`, can be joined), and memory that forgets.
//!
//! `simulated --hci tcp:HOST:PORT --name PROV_261FCC --sec-ver 2`, with the secrets of Espressif's example. Further:
//! `--no-auto-stop` for a service that stays, `--ble-mtu N`, `--ble-encryption`, `--keep-ble-on`,
//! `--keep-ble-on=disconnect`, `--scan-ms N` and `--join-ms N`.

mod parts;

use core::{error::Error, future::pending};

use landfall_embassy::{
    Device, MemoryStore,
    ble::{self, AfterProvisioning, Options, Pairing, Seed},
};
use landfall_trouble::hci::HciAddress;

use self::parts::{Air, Application, Arguments, Secrets, random};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::of_this_process();
    let secrets = Secrets::of_the_example()?;
    let mut seed = [0; 32];
    random(&mut seed);
    let seed = Seed::new(seed);
    let options = options(&arguments, &seed)?;
    let controller = arguments
        .value("--hci")
        .ok_or("--hci is missing")?
        .parse::<HciAddress>()?
        .open()
        .await?;

    let air = Air::new(&arguments)?;
    let mut device = Device::new(secrets.config(&arguments)?, air, MemoryStore::default(), random);
    let mut app = Application;
    ble::on_air(controller, &options, async |service| {
        let ended = device.provision(service, &mut app).await;
        if options.after != AfterProvisioning::Off {
            Application::log("Bluetooth stays on");
            pending::<()>().await;
        }
        ended
    })
    .await?;
    Application::log("Bluetooth is off");
    Ok(())
}

fn options<'a>(arguments: &'a Arguments, seed: &'a Seed) -> Result<Options<'a>, Box<dyn Error>> {
    let mut options = Options::new(arguments.value("--name").unwrap_or("PROV_261FCC"));
    if let Some(mtu) = arguments.value("--ble-mtu") {
        options.mtu = mtu.parse()?;
    }
    // A virtual controller has no address of its own.
    options.address = Some([0x01, 0x02, 0x03, 0x04, 0x05, 0xc6]);
    options.pairing = match arguments.has("--ble-encryption") {
        true => Pairing::Required(seed),
        false => Pairing::Refused,
    };
    options.after = match (
        arguments.has("--keep-ble-on"),
        arguments.has("--keep-ble-on=disconnect"),
    ) {
        (false, false) => AfterProvisioning::Off,
        (_, disconnect) => AfterProvisioning::KeepOn { disconnect },
    };
    Ok(options)
}

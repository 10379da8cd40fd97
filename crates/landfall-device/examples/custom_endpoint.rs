//! A device with an endpoint of its own. Try it:
//!
//! ```text
//! cargo run -p landfall-device --example custom_endpoint
//! cargo run -p landfall -- send --host 127.0.0.1:8080 custom-data hello
//! ```
use landfall_device::{Device, Ended, Event, HttpService, Security, SimulatedWifi, World};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    // User `wifiprov`, password `abcd1234`: for trials. A product has Security::from_password, made once per device.
    let mut device = Device::builder("PROV_EXAMPLE", Security::development())
        .wifi(SimulatedWifi::new(World::built_in()))
        .app_info("my-app", "1.0", &["echo"])
        .endpoint("custom-data", |request| {
            println!("custom-data: {}", request.escape_ascii());
            Some([b"You said: ", request].concat())
        })
        .build()?;

    let service = HttpService::bind("127.0.0.1:8080".parse()?).await?;
    println!("{} waits at http://{}", device.name(), service.local_addr());
    let ended = device.provision(service, |event| println!("{event:?}")).await?;
    if let Ended::Provisioned(ssid) = ended {
        println!("The device is on {ssid}, and stays there.");
        let told = |event: &Event| println!("{event:?}");
        device.join_stored(told).await?;
    }
    Ok(())
}

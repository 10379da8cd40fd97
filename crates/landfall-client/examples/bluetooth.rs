//! Brings the first device that is heard onto a network: `bluetooth RADIO SECRET SSID PASSPHRASE`. The radio is
//! `system` (the operating system's Bluetooth), or a controller of one's own (`tcp:HOST:PORT`). The secret is a proof of
//! possession, or `USER:PASSWORD`.
use core::time::Duration;

use landfall_client::{
    Connection, Network, Provisioning, ScanOptions, Secret, SystemEnvironment,
    ble::{
        Filter,
        radio::{self, Radio},
    },
};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "this is what a program is for")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let [radio, secret, ssid, passphrase] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "4 arguments")?;
    let network = Network {
        ssid: ssid.into(),
        passphrase: passphrase.into_bytes().into(),
        bssid: None,
        channel: None,
    };

    let radio = match &*radio {
        "system" => Radio::System { adapter: None },
        address => Radio::Hci(address.parse()?),
    };
    let filter = Filter {
        prefix: Some(Filter::COMMON_PREFIX.to_owned()),
        ..Filter::default()
    };
    let found = radio::find(&radio, &filter, Duration::from_secs(10)).await?;
    let found = found.ok_or("no device is heard")?;
    println!("{found:?}");

    let mut transport = radio::connect(&radio, &found).await?;
    println!("{:?}", transport.endpoint_names().await?);
    let mut device = Connection::new(transport, SystemEnvironment::new());
    let secret = read_secret(&secret);
    device.open_session(&secret).await?;
    let networks = device.scan(ScanOptions::default(), |_, _| {}).await?;
    println!("{} networks, the best: {:?}", networks.len(), networks.first());
    let progress = |progress| println!("{progress:?}");
    let outcome = device
        .provision(&secret, &network, Provisioning::default(), progress)
        .await?;
    println!("{outcome:?}");
    Ok(())
}

fn read_secret(text: &str) -> Secret {
    match text.split_once(':') {
        Some((username, password)) => Secret {
            username: Some(username.to_owned()),
            password: Some(password.as_bytes().to_vec().into()),
            ..Secret::default()
        },
        None => Secret {
            pop: Some(text.as_bytes().to_vec().into()),
            ..Secret::default()
        },
    }
}

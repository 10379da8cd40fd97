//! Brings a device with its own access point onto a network: `provision POP SSID PASSPHRASE`.
use landfall_client::{Connection, Network, Provisioning, Secret, SystemEnvironment, http::HttpTransport};

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "this is what a program is for")]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let [pop, ssid, passphrase] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "3 arguments")?;
    let secret = Secret {
        pop: Some(pop.into_bytes().into()),
        ..Secret::default()
    };
    let network = Network {
        ssid: ssid.into(),
        passphrase: passphrase.into_bytes().into(),
        bssid: None,
        channel: None,
    };

    let transport = HttpTransport::new(HttpTransport::DEFAULT_HOST)?;
    let mut device = Connection::new(transport, SystemEnvironment::new());
    let progress = |progress| println!("{progress:?}");
    let outcome = device
        .provision(&secret, &network, Provisioning::default(), progress)
        .await?;
    println!("{outcome:?}");
    Ok(())
}

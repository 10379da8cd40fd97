//! Steps 7 to 13 of spec esp_prov.md 2 for a device that joins Wi-Fi.

mod scan;
mod status;

use landfall_client::{
    FoundNetwork, Network, Secret,
    protocomm::wire::{ConfigRequest, CtrlRequest, SetConfig},
};
use zeroize::Zeroizing;

use super::{
    Exception, Raised,
    console::{self, say},
    flow::Run,
    poll::poll,
    scan::choose,
    text::{bytes_literal, ssid},
};
use crate::exit::Exit;

/// Does what the arguments ask for once the session is there.
pub(super) async fn provision(run: &mut Run<'_>, secret: &Secret) -> Result<Exit, Raised> {
    if let Some(exit) = run.only_control("WiFi", CtrlRequest::Reset, CtrlRequest::Reprov).await {
        return Ok(exit);
    }
    if !run.args.custom_data.is_empty() {
        send_custom_data(run).await?;
    }
    let Some(network) = network(run).await? else {
        return Ok(Exit::Success);
    };
    send_credentials(run, &network).await?;
    apply(run).await?;
    Ok(poll::<status::Station>(run, secret).await.into())
}

/// Step 8.
async fn send_custom_data(run: &mut Run<'_>) -> Result<(), Raised> {
    say("\n==== Sending Custom data to Target ====");
    match run.device.request("custom-data", run.args.custom_data.as_bytes()).await {
        Ok(answer) => say(&format!("++++ CustomData response: {}++++", bytes_literal(&answer))),
        Err(error) => {
            run.say_error(&error);
            return Err(Raised::new(Exception::CustomDataRefused));
        }
    }
    say("==== Custom data sent successfully ====");
    Ok(())
}

/// Steps 9 and 10; `None` where there is none to choose.
async fn network(run: &mut Run<'_>) -> Result<Option<Network>, Raised> {
    let octets = if run.args.ssid.is_empty() {
        if !run.has_capability("wifi_scan").await {
            return Err(Raised::new(Exception::NoScan));
        }
        match choose::<FoundNetwork>(run).await? {
            Some(network) => network.ssid,
            None => return Ok(None),
        }
    } else {
        run.args.ssid.clone().into_bytes()
    };
    let passphrase = match &run.args.passphrase {
        Some(given) => given.to_bytes(),
        None => {
            let typed = console::ask_hidden(&format!("Enter passphrase for {} : ", ssid(&octets))).await?;
            Zeroizing::new(typed.as_bytes().to_vec())
        }
    };
    Ok(Some(Network {
        ssid: octets,
        passphrase,
        bssid: None,
        channel: None,
    }))
}

/// Step 11.
async fn send_credentials(run: &mut Run<'_>, network: &Network) -> Result<(), Raised> {
    say("\n==== Sending Wi-Fi Credentials to Target ====");
    run.show_config(&ConfigRequest::SetConfig(SetConfig::default()));
    if let Err(error) = run.device.set_network(network).await {
        return Err(run.refused(&error, Exception::ConfigRefused));
    }
    say("==== Wi-Fi Credentials sent successfully ====");
    Ok(())
}

/// Step 12.
async fn apply(run: &mut Run<'_>) -> Result<(), Raised> {
    say("\n==== Applying Wi-Fi Config to Target ====");
    run.show_config(&ConfigRequest::ApplyConfig);
    if let Err(error) = run.device.apply().await {
        return Err(run.refused(&error, Exception::ApplyRefused));
    }
    say("==== Apply config sent successfully ====");
    Ok(())
}

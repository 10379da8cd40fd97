//! Steps 7 to 13 of spec esp_prov.md 2 for a device that attaches to Thread.

mod dataset;
mod scan;
mod status;

use landfall_client::{
    Secret,
    protocomm::wire::{ConfigRequest, ConfigResponse, CtrlRequest},
};

use super::{
    Exception, Raised,
    console::{ask, ask_hidden, ask_until, say},
    flow::Run,
    poll::poll,
    request::success,
    scan::choose,
};
use crate::exit::Exit;
use dataset::{Dataset, NetworkKey};
use scan::ThreadNetwork;

/// Does what the arguments ask for once the session is there. There is no custom data in this branch.
pub(super) async fn provision(run: &mut Run<'_>, secret: &Secret) -> Result<Exit, Raised> {
    if let Some(exit) = run
        .only_control("Thread", CtrlRequest::ThreadReset, CtrlRequest::ThreadReprov)
        .await
    {
        return Ok(exit);
    }
    let Some(dataset) = dataset(run).await? else {
        return Ok(Exit::Success);
    };
    send_dataset(run, &dataset).await?;
    apply(run).await?;
    Ok(poll::<status::Interface>(run, secret).await.into())
}

/// The dataset: given, typed, or of a network that the user picks; `None` where there is none to pick.
async fn dataset(run: &mut Run<'_>) -> Result<Option<Dataset>, Raised> {
    if let Some(given) = &run.args.dataset_tlvs {
        let dataset = Dataset::from_hex(given.expose());
        return dataset
            .map(Some)
            .map_err(|why| Raised::new(Exception::BadValue).saying(format!("--dataset_tlvs: {why}")));
    }
    if !run.has_capability("thread_scan").await {
        let question = async || ask("Enter Thread dataset tlvs string : ").await;
        let typed = ask_until(question, |typed| {
            Dataset::from_hex(typed).map_err(|why| why.to_string())
        });
        return typed.await.map(Some);
    }
    let Some(network) = choose::<ThreadNetwork>(run).await? else {
        return Ok(None);
    };
    let key = ask_until(
        async || ask_hidden("Enter Thread network key string : ").await,
        |typed| NetworkKey::from_hex(typed).map_err(|why| why.to_string()),
    )
    .await?;
    Dataset::of(&network, &key)
        .map(Some)
        .map_err(|why| Raised::new(Exception::BadValue).saying(why.to_string()))
}

async fn send_dataset(run: &mut Run<'_>, dataset: &Dataset) -> Result<(), Raised> {
    say("\n==== Sending Thread Dataset to Target ====");
    let request = ConfigRequest::SetThreadConfig {
        dataset: dataset.as_bytes(),
    };
    let sent = run.config(request, |response| match response {
        ConfigResponse::SetThreadConfig(status) => Some(status),
        _ => None,
    });
    let sent = sent.await.and_then(|status| success("SetThreadConfig", status));
    if let Err(error) = sent {
        return Err(run.refused(&error, Exception::DatasetRefused));
    }
    say("==== Thread Dataset sent successfully ====");
    Ok(())
}

async fn apply(run: &mut Run<'_>) -> Result<(), Raised> {
    say("\n==== Applying Thread Config to Target ====");
    let applied = run.config(ConfigRequest::ApplyThreadConfig, |response| match response {
        ConfigResponse::ApplyThreadConfig(status) => Some(status),
        _ => None,
    });
    let applied = applied.await.and_then(|status| success("ApplyThreadConfig", status));
    if let Err(error) = applied {
        return Err(run.refused(&error, Exception::ThreadApplyRefused));
    }
    say("==== Apply config sent successfully ====");
    Ok(())
}

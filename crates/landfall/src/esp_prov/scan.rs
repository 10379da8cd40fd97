//! The scan and the choice (spec esp_prov.md 2, step 9).

use core::time::Duration;

use landfall_client::{
    Environment, Error, FoundNetwork, Transport,
    protocomm::{
        Endpoint,
        wire::{ScanRequest, ScanResponse, ScanResponseBody, ScanStart, Status},
    },
};

use super::{
    Raised,
    console::{ask, say},
    flow::Run,
    text::{error_text, scan_heading, scan_row, seconds},
};

/// Has the device scan until the user has chosen; gives the network's name, or `None` where there is none.
pub(super) async fn choose<T: Transport, E: Environment>(run: &mut Run<'_, T, E>) -> Result<Option<Vec<u8>>, Raised> {
    if !run.has_capability("wifi_scan").await {
        return Err(
            Raised::runtime("Wi-Fi Scan List is not supported by provisioning service")
                .hint("name the network yourself: --ssid NAME"),
        );
    }
    loop {
        say("\n==== Scanning Wi-Fi APs ====");
        let began = run.device.environment().now();
        let found = scan(run, began).await;
        if let Err(error) = &found {
            say(&error_text(error));
        }
        say(&format!("\n++++ Scan finished in {}", seconds(since(run, began))));
        let Ok(found) = found else {
            return Err(Raised::runtime("Error in scanning Wi-Fi APs"));
        };
        if found.is_empty() {
            say("No APs found!");
            return Ok(None);
        }
        say("==== Wi-Fi Scan results ====");
        say(&scan_heading());
        found
            .iter()
            .enumerate()
            .for_each(|(index, network)| say(&scan_row(index + 1, network)));
        if let Some(network) = select(&found)? {
            return Ok(Some(network.ssid.clone()));
        }
    }
}

/// The network that the user picks by number; `None` to scan again.
fn select(found: &[FoundNetwork]) -> Result<Option<&FoundNetwork>, Raised> {
    loop {
        match ask("Select AP by number (0 to rescan) : ")?.trim().parse::<usize>() {
            Ok(0) => return Ok(None),
            Ok(number) if number <= found.len() => return Ok(found.get(number - 1)),
            _ => say("Invalid input! Retry"),
        }
    }
}

async fn scan<T: Transport, E: Environment>(
    run: &mut Run<'_, T, E>,
    began: Duration,
) -> Result<Vec<FoundNetwork>, Error> {
    let start = ScanStart {
        blocking: true,
        passive: false,
        group_channels: run.device.transport().scan_group_channels(),
        period_ms: 120,
    };
    exchange(run, ScanRequest::Start(start), |body| {
        matches!(body, ScanResponseBody::Start).then_some(())
    })
    .await?;
    say(&format!("++++ Scan process executed in {}", seconds(since(run, began))));
    let total = exchange(run, ScanRequest::Status, |body| match body {
        // A blocking scan is over when it is answered; the original does not look either.
        ScanResponseBody::Status { result_count, .. } => Some(result_count),
        _ => None,
    })
    .await?;
    say(&format!("++++ Scan results : {total}"));
    let mut found = Vec::new();
    let mut start_index = 0;
    while start_index < total {
        let count = PAGE.min(total - start_index);
        let page: Vec<FoundNetwork> = exchange(run, ScanRequest::Result { start_index, count }, |body| match body {
            ScanResponseBody::Result(entries) => Some(entries.iter().map(FoundNetwork::from).collect()),
            _ => None,
        })
        .await?;
        found.extend(page);
        start_index += count;
    }
    Ok(found)
}

/// Entries that the original asks for at once over HTTP.
const PAGE: u32 = 100;

async fn exchange<T: Transport, E: Environment, A>(
    run: &mut Run<'_, T, E>,
    request: ScanRequest,
    read: impl FnOnce(ScanResponseBody<'_>) -> Option<A>,
) -> Result<A, Error> {
    let unreadable = Error::BadAnswer { operation: "the scan" };
    let mut message = vec![0; request.encoded_len()];
    request
        .encode(&mut message)
        .map_err(|_| Error::InvalidInput("the request is too long"))?;
    let answer = run.device.request(Endpoint::SCAN.as_str(), &message).await?;
    let response = ScanResponse::decode(&answer).map_err(|_| unreadable.clone())?;
    if response.status != Status::Success {
        return Err(Error::Status {
            operation: "the scan",
            status: response.status,
        });
    }
    read(response.body).ok_or(unreadable)
}

fn since<T: Transport, E: Environment>(run: &Run<'_, T, E>, began: Duration) -> Duration {
    run.device.environment().now().saturating_sub(began)
}

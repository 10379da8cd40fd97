//! The scan and the choice, the same for both kinds of network (spec esp_prov.md 2, step 9).

use core::time::Duration;

use landfall_client::{
    Error, Transport as _,
    protocomm::wire::{ScanRequest, ScanResponseBody},
};

use super::{
    Exception, Raised,
    console::{ask, ask_until, say},
    flow::Run,
    text::seconds,
};

/// A network that a device has found, and how the original words its scan.
pub(super) trait Found: Sized {
    /// What is scanned for, as the original calls it.
    const WHAT: &'static str;
    /// What stands above the table.
    const RESULTS: &'static str;
    /// What is said where nothing was found.
    const NONE: &'static str;
    /// The question for the choice.
    const QUESTION: &'static str;

    /// The request that starts a scan.
    fn start(group_channels: u32) -> ScanRequest;
    /// The request for the number of entries.
    fn status() -> ScanRequest;
    /// The request for some entries.
    fn entries(start_index: u32, count: u32) -> ScanRequest;
    /// Entries to ask for at once over a transport that takes `page`.
    fn page(page: u32) -> u32;
    /// The entries of an answer.
    fn read(body: ScanResponseBody<'_>) -> Option<Vec<Self>>;
    /// The headings of the table.
    fn heading() -> String;
    /// One row of the table.
    fn row(&self, number: usize) -> String;
}

/// Has the device scan until the user has chosen; `None` where there is none to choose.
pub(super) async fn choose<N: Found>(run: &mut Run<'_>) -> Result<Option<N>, Raised> {
    loop {
        say(&format!("\n==== Scanning {} ====", N::WHAT));
        let began = run.now();
        let found = scan::<N>(run, began).await;
        if let Err(error) = &found {
            run.say_error(error);
        }
        say(&format!("\n++++ Scan finished in {}", seconds(run.since(began))));
        let Ok(mut found) = found else {
            return Err(Raised::new(Exception::ScanFailed).saying(format!("Error in scanning {}", N::WHAT)));
        };
        if found.is_empty() {
            say(N::NONE);
            return Ok(None);
        }
        say(N::RESULTS);
        say(&N::heading());
        found
            .iter()
            .enumerate()
            .for_each(|(index, network)| say(&network.row(index + 1)));
        if let Some(index) = select(N::QUESTION, found.len()).await? {
            return Ok(Some(found.swap_remove(index)));
        }
    }
}

/// The index of the entry that the user picks by number; `None` to scan again.
pub(super) async fn select(question: &str, len: usize) -> Result<Option<usize>, Raised> {
    ask_until(
        async || ask(question).await,
        |typed| match typed.trim().parse::<usize>() {
            Ok(number) if number <= len => Ok(number.checked_sub(1)),
            _ => Err("Invalid input! Retry".into()),
        },
    )
    .await
}

async fn scan<N: Found>(run: &mut Run<'_>, began: Duration) -> Result<Vec<N>, Error> {
    let group_channels = run.device.transport().scan_group_channels();
    let started = run.scan(N::start(group_channels), |body| {
        matches!(body, ScanResponseBody::Start | ScanResponseBody::ThreadStart).then_some(())
    });
    let started = started.await;
    // The original says so as soon as there is an answer, whatever it says.
    if !matches!(started, Err(Error::Transport(_) | Error::NoSession)) {
        say(&format!("++++ Scan process executed in {}", seconds(run.since(began))));
    }
    started?;
    let total = run.scan(N::status(), |body| match body {
        // A blocking scan is over when it is answered; the original does not look either.
        ScanResponseBody::Status { result_count, .. } | ScanResponseBody::ThreadStatus { result_count, .. } => {
            Some(result_count)
        }
        _ => None,
    });
    let total = total.await?;
    say(&format!("++++ Scan results : {total}"));
    read_all(run, total.min(MOST_NETWORKS)).await
}

async fn read_all<N: Found>(run: &mut Run<'_>, total: u32) -> Result<Vec<N>, Error> {
    let page = N::page(run.device.transport().scan_page());
    let mut found = Vec::new();
    let mut start_index = 0;
    while start_index < total {
        let count = page.min(total - start_index);
        let entries = run.scan(N::entries(start_index, count), N::read).await?;
        found.extend(entries.into_iter().take(count as usize));
        start_index += count;
    }
    Ok(found)
}

/// The most a device can be configured to list (spec protocol.md 8.2).
const MOST_NETWORKS: u32 = 255;

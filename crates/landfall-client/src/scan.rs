use alloc::vec::Vec;
use core::{cmp::Reverse, time::Duration};

use landfall_protocomm::wire::{AuthMode, ScanEntry, ScanRequest, ScanResponseBody, ScanStart, Status};

use crate::{Connection, Environment, Error, Transport, message::success};

/// How a device should scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanOptions {
    /// Listen for beacons instead of probing.
    pub passive: bool,
    /// Dwell time per channel.
    pub period: Duration,
}

impl Default for ScanOptions {
    /// Active, 120 ms per channel, as the known clients ask.
    fn default() -> Self {
        Self {
            passive: false,
            period: Duration::from_millis(120),
        }
    }
}

/// One access point that the device sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundNetwork {
    /// Name, any octets; empty if hidden.
    pub ssid: Vec<u8>,
    /// Address of the access point, as sent (6 bytes from honest devices).
    pub bssid: Vec<u8>,
    /// Channel.
    pub channel: u32,
    /// Signal strength, dBm.
    pub rssi: i32,
    /// Authentication.
    pub auth: AuthMode,
}

impl<T: Transport, E: Environment> Connection<T, E> {
    /// Has the device scan, and gives all it found, strongest first. `on_page` sees the list grow: what is known so
    /// far, and how many entries there will be.
    ///
    /// # Errors
    /// [`Error::ScanUnsupported`], [`Error::Status`], [`Error::TimedOut`] if the device does not finish in 30 s,
    /// [`Error::BadAnswer`], and those of [`Connection::request`].
    pub async fn scan(
        &mut self,
        options: ScanOptions,
        mut on_page: impl FnMut(&[FoundNetwork], u32),
    ) -> Result<Vec<FoundNetwork>, Error> {
        if self
            .known_capabilities()
            .is_some_and(|capabilities| !capabilities.has("wifi_scan"))
        {
            return Err(Error::ScanUnsupported);
        }
        self.start_scan(options).await?;
        let deadline = self.environment.now() + LONGEST_SCAN;
        let total = self.finished_scan(deadline).await?;
        let mut found = Vec::new();
        while let Some(start_index) = u32::try_from(found.len()).ok().filter(|read| *read < total) {
            let count = self.transport.scan_page().clamp(1, total - start_index);
            let (status, page) = self.scan_page(start_index, count).await?;
            let read = page.len();
            found.extend(page);
            found.sort_by_key(|network: &FoundNetwork| Reverse(network.rssi));
            on_page(&found, total);
            if status == Status::InternalError || read == 0 {
                // The list was shorter than promised; what there is has been read (spec protocol.md 8.2).
                break;
            }
            self.check(deadline)?;
        }
        Ok(found)
    }

    async fn start_scan(&mut self, options: ScanOptions) -> Result<(), Error> {
        let start = ScanStart {
            blocking: true,
            passive: options.passive,
            group_channels: self.transport.scan_group_channels(),
            period_ms: u32::try_from(options.period.as_millis()).unwrap_or(u32::MAX),
        };
        let status = self
            .prov_scan(ScanRequest::Start(start), |response| {
                matches!(response.body, ScanResponseBody::Start).then_some(response.status)
            })
            .await?;
        success("ScanStart", status)
    }

    /// Waits until no scan is running and gives the number of entries. A blocking scan is over when it is answered,
    /// but one that was running already is answered at once (spec protocol.md 8.2).
    async fn finished_scan(&mut self, deadline: Duration) -> Result<u32, Error> {
        loop {
            let (status, finished, count) = self
                .prov_scan(ScanRequest::Status, |response| match response.body {
                    ScanResponseBody::Status {
                        scan_finished,
                        result_count,
                    } => Some((response.status, scan_finished, result_count)),
                    _ => None,
                })
                .await?;
            success("ScanStatus", status)?;
            if finished {
                return Ok(count.min(MOST_NETWORKS));
            }
            self.check(deadline)?;
            self.environment.sleep(SCAN_POLL).await;
        }
    }

    /// Reads at most `count` entries, whatever the device sends.
    async fn scan_page(&mut self, start_index: u32, count: u32) -> Result<(Status, Vec<FoundNetwork>), Error> {
        let most = count as usize;
        let (status, page) = self
            .prov_scan(ScanRequest::Result { start_index, count }, |response| {
                match response.body {
                    ScanResponseBody::Result(entries) => Some((
                        response.status,
                        entries.iter().take(most).map(FoundNetwork::from).collect(),
                    )),
                    _ => None,
                }
            })
            .await?;
        match status {
            Status::InternalError => {}
            other => success("ScanResult", other)?,
        }
        Ok((status, page))
    }

    fn check(&self, deadline: Duration) -> Result<(), Error> {
        if self.environment.now() < deadline {
            Ok(())
        } else {
            Err(Error::TimedOut(LONGEST_SCAN.as_secs()))
        }
    }
}

impl From<ScanEntry<'_>> for FoundNetwork {
    /// No network has a longer name or address (IEEE 802.11): what a device sends beyond that is nobody's.
    fn from(entry: ScanEntry<'_>) -> Self {
        let at_most = |octets: &[u8], most| octets.iter().copied().take(most).collect();
        Self {
            ssid: at_most(entry.ssid, LONGEST_SSID),
            bssid: at_most(entry.bssid, BSSID),
            channel: entry.channel,
            rssi: entry.rssi,
            auth: entry.auth,
        }
    }
}

const LONGEST_SSID: usize = 32;
const BSSID: usize = 6;
/// Time for everything after the answer to ScanStart.
const LONGEST_SCAN: Duration = Duration::from_secs(30);
const SCAN_POLL: Duration = Duration::from_millis(250);
/// The most a device can be configured to list (spec protocol.md 8.2).
const MOST_NETWORKS: u32 = 255;

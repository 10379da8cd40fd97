use core::{future, time::Duration};
use std::collections::HashMap;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};
use zbus::{OwnedObjectPath, Variant};

use super::{PROPERTIES, WIRELESS, access_point::Point};
use crate::{
    Error,
    bus::{Object, Properties, Signals},
};

/// A scan that NetworkManager was asked for.
pub(super) struct Scan<'a> {
    adapter: &'a Object<'a>,
    changes: Signals,
    begin: Instant,
    /// When the last one ended.
    last: Option<i64>,
    /// Why it was not told to scan, if it was not: also if a scan is under way or was just over, whose results are as good.
    pub(super) refusal: Option<Error>,
}

/// What an adapter has heard.
pub(super) struct Found {
    /// All that NetworkManager remembers, and whether it is the one that the adapter is joined to.
    points: Vec<(Point, bool)>,
    /// When the last scan has ended, in the same measure as [`Point::seen`].
    ended: Option<i64>,
    /// How long all of it took.
    pub(super) took: Duration,
}

impl<'a> Scan<'a> {
    /// Has `adapter` scan, calling the networks of these names as well.
    pub(super) async fn begin(adapter: &'a Object<'a>, names: &[&[u8]]) -> Result<Self, Error> {
        let begin = Instant::now();
        let changes = adapter.signals(PROPERTIES, "PropertiesChanged").await?;
        let last: Option<i64> = adapter.properties(WIRELESS).await?.take("LastScan");
        let mut options: HashMap<&str, Variant<'_>> = HashMap::new();
        if !names.is_empty() {
            options.insert("ssids", Variant::from(names.to_vec()));
        }
        let refusal = adapter.call::<_, ()>(WIRELESS, "RequestScan", &(options,)).await.err();
        if let Some(error @ (Error::NotRunning | Error::NoBus)) = refusal {
            return Err(error);
        }
        Ok(Self {
            adapter,
            changes,
            begin,
            last,
            refusal,
        })
    }

    /// Waits until one ends, though not for longer than `time`. Whether one has ended.
    pub(super) async fn ended(&mut self, time: Duration) -> bool {
        let ended = timeout(time, async {
            if self.last.is_none_or(|last| last <= 0) {
                // Of its very first scan NetworkManager tells the beginning as if it were an end.
                self.last = change(&mut self.changes, self.last).await;
            }
            self.last = change(&mut self.changes, self.last).await;
        });
        ended.await.is_ok()
    }

    /// What was heard so far.
    pub(super) async fn found(&self) -> Result<Found, Error> {
        sleep(SETTLING_TIME).await;
        let mut properties = self.adapter.properties(WIRELESS).await?;
        let joined: Option<OwnedObjectPath> = properties.take("ActiveAccessPoint");
        let last: Option<i64> = properties.take("LastScan");
        let points: Vec<OwnedObjectPath> = properties.take("AccessPoints").unwrap_or_default();
        let points = points.into_iter().map(async |path| {
            let is_joined = joined.as_ref() == Some(&path);
            // One that is gone by now is none.
            Some((Point::of(self.adapter.other(path)).await.ok()?, is_joined))
        });
        Ok(Found {
            points: join_all(points).await.into_iter().flatten().collect(),
            ended: last.map(|milliseconds| milliseconds / 1000),
            took: self.begin.elapsed(),
        })
    }
}

/// Waits until the time of the last scan is another than `before`, and gives it. NetworkManager changes it when one ends.
async fn change(changes: &mut Signals, before: Option<i64>) -> Option<i64> {
    while let Some(signal) = changes.next().await {
        let last = Properties::changed(&signal, WIRELESS).and_then(|mut changed| changed.take::<i64>("LastScan"));
        // Some of what is told may be older than what was asked.
        if last.is_some() && last != before {
            return last;
        }
    }
    // The bus is gone: the caller's time limit helps.
    future::pending().await
}

impl Found {
    /// What was heard in the last `seconds` before the scan's end.
    pub(super) fn heard_within(self, seconds: i64) -> impl Iterator<Item = (Point, bool)> {
        let oldest = self.ended.map(|ended| ended - seconds);
        let is_old = move |point: &Point| matches!((point.seen, oldest), (Some(seen), Some(oldest)) if seen < oldest);
        self.points.into_iter().filter(move |(point, _)| !is_old(point))
    }
}

/// When a scan has ended, NetworkManager reads what was heard last, one by one.
const SETTLING_TIME: Duration = Duration::from_millis(300);

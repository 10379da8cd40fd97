//! The way to a device over Bluetooth: the one that was named, the one that somebody chooses, or the only one there is.

use core::{ops::ControlFlow, time::Duration};

use landfall_client::{
    TransportError,
    ble::{
        BleTransport, Filter, Found,
        radio::{AnyLink, Radio, connect as connect_to, discover},
    },
};
use tokio::{sync::mpsc::UnboundedSender, time::timeout};

use super::radio::{is_usual, radio};
use crate::{
    args::{BluetoothArgs, Target},
    failure::{Failure, Problem},
    print::{Event, HeardDevice, Printer, text::printable},
    terminal::{self, Choice, Devices},
};

/// Connects to the device that `target` means, or the one called `label_name`; somebody is asked if it may be several.
/// Gives the device's name for messages as well.
pub(super) async fn connect(
    target: &Target,
    label_name: Option<&str>,
    printer: &Printer,
) -> Result<(BleTransport<AnyLink>, String), Failure> {
    let (longest, args) = (Duration::from_secs(target.timeout), &target.bluetooth);
    let search = Search {
        radio: radio(args.hci.as_ref(), args.adapter.as_deref())?,
        wanted: Wanted::of(args, label_name),
        printer,
    };
    printer.event(&Event::BluetoothScanning);
    let device = match &search.wanted {
        Wanted::One { name, .. } => search.wait_for(name, NAMED_TIME.min(longest)).await?,
        Wanted::Any(_) if printer.can_choose() => search.choose().await?,
        Wanted::Any(_) => search.only_one(UNNAMED_TIME.min(longest)).await?,
    };
    let label = device.label();
    printer.event(&Event::BluetoothConnecting(device.clone()));
    printer.step(&format!("Connecting to {label}"));
    let connected = timeout(longest, connect_to(&search.radio, &device.found)).await;
    match connected.unwrap_or(Err(TransportError::TimedOut(target.timeout))) {
        Ok(transport) => Ok((transport, label)),
        Err(error) => Err(Failure::of_bluetooth(&error, &label)),
    }
}

/// A device that was named is heard in this time: it advertises several times a second, but some packets are lost.
const NAMED_TIME: Duration = Duration::from_secs(10);
/// So are all that there are to choose from, where nobody can be asked.
const UNNAMED_TIME: Duration = Duration::from_secs(5);
/// Somebody who chooses may have to switch the device on first, and can scan again.
const CHOOSING_TIME: Duration = Duration::from_secs(30);

/// Looking for a device.
struct Search<'a> {
    radio: Radio,
    wanted: Wanted,
    printer: &'a Printer,
}

/// Which device is meant.
enum Wanted {
    /// The one with this name or address, which any of the filters finds.
    One { name: String, filters: Vec<Filter> },
    /// One of those that the filter finds, or of the usual ones.
    Any(Option<Filter>),
}

impl Wanted {
    fn of(args: &BluetoothArgs, label_name: Option<&str>) -> Self {
        // Whoever says what to choose from wants to choose, whatever the label says.
        let filter = args.filter();
        let label_name = label_name.filter(|name| !name.is_empty() && filter.is_none());
        match args.device.as_deref().or(label_name) {
            Some(name) => Self::One {
                name: name.to_owned(),
                filters: named(name),
            },
            None => Self::Any(filter),
        }
    }

    fn matches(&self, found: &Found) -> bool {
        match self {
            Self::One { filters, .. } => filters.iter().any(|filter| filter.matches(found)),
            Self::Any(Some(filter)) => filter.matches(found),
            Self::Any(None) => is_usual(found),
        }
    }

    /// What the devices that are meant are like, after a number or "no".
    fn words(&self) -> String {
        let Self::Any(Some(Filter { prefix, service, .. })) = self else {
            return "devices to provision".into();
        };
        let mut words = "devices".to_owned();
        if let Some(prefix) = prefix {
            words += &format!(" called {}...", printable(prefix.as_bytes()));
        }
        if let Some(service) = service {
            words += &format!(" with the service {}", service.uuid());
        }
        words
    }
}

impl Search<'_> {
    /// The device that is meant, as soon as it is heard.
    async fn wait_for(&self, name: &str, time: Duration) -> Result<HeardDevice, Failure> {
        self.printer
            .step(&format!("Looking for {}", printable(name.as_bytes())));
        let mut meant = None;
        let heard = self
            .listen(time, |device| {
                if device.matches {
                    meant = Some(device.clone());
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })
            .await?;
        meant.ok_or_else(|| {
            let failure = Failure::new(Problem::DeviceNotHeard)
                .saying(format!("{} is not heard over Bluetooth", printable(name.as_bytes())));
            match others(&heard) {
                Some(others) => failure.because(format!(
                    "heard in {} s were: {others}; it is off, out of range, provisioned already or busy",
                    time.as_secs()
                )),
                None => failure,
            }
        })
    }

    /// The only device that may be meant.
    async fn only_one(&self, time: Duration) -> Result<HeardDevice, Failure> {
        self.printer.step("Looking for devices");
        let heard = self.listen(time, |_| ControlFlow::Continue(())).await?;
        let mut meant: Vec<HeardDevice> = heard.iter().filter(|device| device.matches).cloned().collect();
        match meant.len() {
            1 => meant.pop().ok_or_else(|| Failure::new(Problem::DeviceNotHeard)),
            0 => {
                let none = format!("no {} are heard over Bluetooth", self.wanted.words());
                let failure = Failure::new(Problem::DeviceNotHeard).saying(none);
                Err(match others(&heard) {
                    Some(others) => failure.because(format!("heard in {} s were others: {others}", time.as_secs())),
                    None => failure,
                })
            }
            several => {
                meant.sort_by_key(|device| core::cmp::Reverse(device.strength()));
                let labels: Vec<String> = meant.iter().map(HeardDevice::label).collect();
                Err(Failure::new(Problem::SeveralDevices)
                    .saying(format!("{several} {} are heard over Bluetooth", self.wanted.words()))
                    .because(format!("each may be meant, strongest first: {}", labels.join(", "))))
            }
        }
    }

    /// The device that somebody at the terminal chooses.
    async fn choose(&self) -> Result<HeardDevice, Failure> {
        let scan = async |pages: UnboundedSender<Vec<HeardDevice>>| {
            let mut heard: Vec<HeardDevice> = Vec::new();
            self.listen(CHOOSING_TIME, |device| {
                match heard.iter_mut().find(|known| known.is_same(device)) {
                    Some(known) => *known = device.clone(),
                    None => heard.push(device.clone()),
                }
                // Nobody waits for it any more once something is chosen.
                drop(pages.send(heard.clone()));
                ControlFlow::Continue(())
            })
            .await
        };
        match terminal::pick(Devices::new(self.wanted.words()), scan, None).await? {
            Some(Choice::Listed(device)) => Ok(device),
            _ => Err(Failure::new(Problem::Interrupted).saying("no device was chosen")),
        }
    }

    /// Listens, and gives all that was heard.
    async fn listen(
        &self,
        time: Duration,
        mut on_heard: impl FnMut(&HeardDevice) -> ControlFlow<()>,
    ) -> Result<Vec<HeardDevice>, Failure> {
        let as_heard = |found: &Found| HeardDevice::new(found, self.wanted.matches(found));
        let on_found = |found: &Found| {
            let device = as_heard(found);
            let flow = on_heard(&device);
            self.printer.event(&Event::BluetoothFound(device));
            flow
        };
        match discover(&self.radio, time, on_found).await {
            Ok(all) => Ok(all.iter().map(as_heard).collect()),
            Err(error) => Err(Failure::of_bluetooth(&error, "the device")),
        }
    }
}

/// Finds the device that is called so. A text that is an address means that address; no known device has such a name.
fn named(name: &str) -> Vec<Filter> {
    if let Ok(address) = name.parse() {
        let address = Some(address);
        return vec![Filter {
            address,
            ..Filter::default()
        }];
    }
    let called = |name: String| Filter {
        name: Some(name),
        ..Filter::default()
    };
    let mut filters = vec![called(name.to_owned())];
    if let Some(cut) = name.as_bytes().get(..LONGEST_NAME) {
        filters.push(called(String::from_utf8_lossy(cut).into_owned()));
    }
    filters
}

/// Longer names are cut in the scan response (spec transports.md 1.4).
pub(super) const LONGEST_NAME: usize = 29;

/// Names of what was heard, as many as a line has room for; `None` if nothing with a name was.
fn others(heard: &[HeardDevice]) -> Option<String> {
    let mut named: Vec<&HeardDevice> = heard.iter().filter(|device| device.found.name.is_some()).collect();
    named.sort_by_key(|device| core::cmp::Reverse(device.strength()));
    let names: Vec<String> = named.iter().take(SHOWN_OTHERS).map(|device| device.handle()).collect();
    match named.len().saturating_sub(names.len()) {
        _ if names.is_empty() => None,
        0 => Some(names.join(", ")),
        more => Some(format!("{} and {more} more", names.join(", "))),
    }
}

const SHOWN_OTHERS: usize = 5;

#[cfg(test)]
mod tests {
    use landfall_client::ble::Address;

    use super::*;
    use crate::terminal::examples::heard;

    fn finds(wanted: &str, device: &HeardDevice) -> bool {
        named(wanted).iter().any(|filter| filter.matches(&device.found))
    }

    #[test]
    fn a_device_is_meant_by_its_whole_name_or_its_address() {
        let device = heard("PROV_261FCC", 1, -50);
        assert!(finds("PROV_261FCC", &device));
        assert!(finds("c0:00:00:00:00:01", &device));
        for other in ["PROV_", "PROV_261fcc", "PROV_261FCC2", "C0:00:00:00:00:02"] {
            assert!(!finds(other, &device), "{other}");
        }
    }

    #[test]
    fn a_name_too_long_for_the_air_is_known_by_its_beginning() {
        let whole = "PROV_the device in the kitchen, left";
        assert!(finds(whole, &heard(&whole[..29], 1, -50)));
        assert!(
            finds(whole, &heard(whole, 1, -50)),
            "the system may know it from elsewhere"
        );
        assert!(!finds(whole, &heard(&whole[..28], 1, -50)));
        let halved = "PROV_0123456789012345678901é";
        assert_eq!(halved.len(), 29);
        let halved = format!("x{halved}");
        let on_air = String::from_utf8_lossy(&halved.as_bytes()[..29]).into_owned();
        assert!(finds(&halved, &heard(&on_air, 1, -50)), "a letter may be cut in two");
    }

    #[test]
    fn an_address_is_no_name() {
        let filters = named("C0:00:00:00:00:01");
        assert_eq!(filters.len(), 1);
        assert_eq!(filters[0].address, Some(Address([0xc0, 0, 0, 0, 0, 1])));
        assert_eq!(filters[0].name, None);
    }

    #[test]
    fn others_are_named_strongest_first_and_not_without_end() {
        assert_eq!(others(&[heard("", 1, -50)]), None);
        let two = [heard("weak", 1, -80), heard("strong", 2, -30), heard("", 3, -20)];
        assert_eq!(others(&two).as_deref(), Some("strong, weak"));
        let many: Vec<HeardDevice> = (1..=8)
            .map(|number| heard(&format!("d{number}"), number, -30 - number as i8))
            .collect();
        assert_eq!(others(&many).as_deref(), Some("d1, d2, d3, d4, d5 and 3 more"));
    }
}

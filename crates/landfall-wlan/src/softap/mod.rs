//! An access point of the machine's own.
//!
//! It is a program of our own, hostapd or else wpa_supplicant, on an interface of its own beside the station's
//! ([`interface`]), whoever drives the station: only so it can be told to move with its guests ([`process`]), which
//! NetworkManager does not offer. One task has all of it and takes it away in the end ([`keeper`]).

mod control;
mod interface;
mod keeper;
mod place;
mod process;
mod program;
mod serve;
mod watch;

use core::{fmt, net::Ipv4Addr, time::Duration};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use landfall_manager::{Passphrase, Ssid};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::sleep,
};

use self::{
    interface::OwnInterface,
    keeper::{Keeper, Move},
    place::Place,
    process::Process,
    program::{Program, Wish},
};
use crate::{
    Error, channel,
    kernel::{self, Interface, radio},
};

/// What a [`SoftAp`] is made with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SoftApOptions {
    /// Its network's name.
    pub ssid: Ssid,
    /// Its key (WPA2), 8 to 63 characters; empty: an open network.
    pub key: Passphrase,
    /// The station's interface, on whose radio it is, as an interface of its own beside it; or an interface of another
    /// radio, which it takes for itself (`takes_interface`).
    pub interface: String,
    /// Whether `interface` is on another radio than the station, and becomes the access point.
    pub takes_interface: bool,
    /// Its channel in the 2.4 GHz band; `None`: 6. A radio that can be on one channel at a time, and is in a network, has
    /// it on that network's channel, whatever is said here.
    pub channel: Option<u8>,
    /// The machine's address in its network, of a /24: 192.168.4.1, if nothing else is said (spec transports.md 2.1).
    pub address: Ipv4Addr,
    /// What moves it. It is there before the access point, and moves every one that is opened with it.
    pub mover: Mover,
}

/// An access point, with DHCP for its guests and a DNS that answers every name with the machine's own address.
///
/// Dropped, it is taken down soon after; [`SoftAp::close`] waits for that.
#[derive(Debug)]
pub struct SoftAp {
    interface: String,
    address: Ipv4Addr,
    mover: Mover,
    failed: oneshot::Receiver<Error>,
    end: oneshot::Sender<()>,
    keeping: JoinHandle<()>,
}

/// Moves an access point to another channel with its guests, by announcements (CSA); from anywhere, any time.
#[derive(Clone, Default)]
pub struct Mover(Arc<Mutex<Moves>>);

/// What a [`Mover`] knows.
#[derive(Default)]
struct Moves {
    /// The way to the keeper of the access point that is open.
    keeper: Option<mpsc::Sender<Move>>,
    /// Where the station was about to go last, in MHz.
    wanted: Option<u32>,
}

impl SoftApOptions {
    /// An open access point called `ssid` beside the station on `interface`.
    pub fn new(ssid: Ssid, interface: impl Into<String>) -> Self {
        Self {
            ssid,
            key: Passphrase::EMPTY,
            interface: interface.into(),
            takes_interface: false,
            channel: None,
            address: Ipv4Addr::new(192, 168, 4, 1),
            mover: Mover::default(),
        }
    }
}

impl SoftAp {
    /// Brings the access point up: it is on the air, and serves its guests. What an earlier life has left behind, if that
    /// was killed, is taken away first.
    ///
    /// # Errors
    /// [`Error`], when the radio cannot, a program or the rights for it are missing, or somebody else is in the way.
    pub async fn open(options: SoftApOptions) -> Result<Self, Error> {
        let usual = options.channel.unwrap_or(USUAL_CHANNEL);
        let frequency = channel::frequency(usual).filter(|frequency| *frequency < FIVE_GHZ);
        Self::open_at(options, frequency).await
    }

    /// The same, after one has failed: where the station was about to go when that failed, so as not to be in its way. If
    /// that cannot be, the next time is as the first.
    ///
    /// # Errors
    /// As [`SoftAp::open`].
    pub async fn reopen(options: SoftApOptions) -> Result<Self, Error> {
        let wanted = options.mover.moves().wanted.take();
        match wanted {
            Some(frequency) => Self::open_at(options, Some(frequency)).await,
            None => Self::open(options).await,
        }
    }

    async fn open_at(options: SoftApOptions, frequency: Option<u32>) -> Result<Self, Error> {
        let refuse = |why| Error::NoSoftAp {
            interface: options.interface.clone(),
            why,
        };
        if let Some(why) = program::fault(&options.ssid, &options.key) {
            return Err(refuse(why));
        }
        let program = Program::find()?;
        let station = kernel::interface(Some(&options.interface)).await?;
        if kernel::is_blocked(&station) {
            return Err(Error::Off);
        }
        let radio = radio::radio(station.wiphy).await;
        if let Some(why) = radio.unfit(options.takes_interface) {
            return Err(refuse(why));
        }
        let has_to_follow = !options.takes_interface && radio.channels_together == 1;
        let present = station.frequency.filter(|_| has_to_follow && station.is_station);
        let start = Start {
            program,
            place: Place::take()?,
            follows: has_to_follow.then(|| station.name.clone()),
            frequency: present
                .or(frequency)
                .ok_or_else(|| refuse("there is no such channel at 2.4 GHz"))?,
        };
        start.open(options, &station).await
    }

    /// The interface that it is on.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// The machine's address in its network.
    pub const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// What moves it.
    pub fn mover(&self) -> Mover {
        self.mover.clone()
    }

    /// Waits until it has failed, and says why: its program died, or Wi-Fi was switched off. It has to be opened anew
    /// then. Dropping the future loses nothing; after it has ended, it is not to be asked again.
    pub async fn failed(&mut self) -> Error {
        (&mut self.failed).await.unwrap_or(Error::NotRunning)
    }

    /// Takes it down: its guests are told, and interface and addresses are as they were before.
    pub async fn close(self) {
        drop(self.end);
        // A task that panicked has said so; what it left behind is taken away by the next one.
        let _ = self.keeping.await;
    }
}

impl Mover {
    /// Has the access point on this channel, which is told by its frequency in MHz. At once, if it is there, if the radio
    /// can be on both channels, or if no access point is open.
    ///
    /// Its guests hear an announcement for a second and go along. Where that is not possible, because the driver cannot
    /// or because it is another band, it is closed and opened there: its guests lose it and find it again by its name.
    ///
    /// A station that is in another network has to leave that first: until then the radio cannot be elsewhere.
    ///
    /// # Errors
    /// When there is no access point any more: the channel may not be used by one (at 5 GHz that is common), or the
    /// station is still somewhere else. The radio is free for the station then; [`SoftAp::failed`] tells as well.
    pub async fn move_to(&self, frequency: u32) -> Result<(), Error> {
        let keeper = {
            let mut moves = self.moves();
            moves.wanted = Some(frequency);
            moves.keeper.clone()
        };
        let (done, answer) = oneshot::channel();
        let wanted = Move { frequency, done };
        match keeper {
            Some(keeper) if keeper.send(wanted).await.is_ok() => answer.await.unwrap_or(Ok(())),
            _ => Ok(()),
        }
    }

    /// Whether there is an access point to be moved.
    pub(crate) fn is_open(&self) -> bool {
        self.moves().keeper.as_ref().is_some_and(|keeper| !keeper.is_closed())
    }

    /// A way to the keeper of the access point that is open from now on.
    fn connect(&self) -> mpsc::Receiver<Move> {
        let (keeper, taken) = mpsc::channel(1);
        self.moves().keeper = Some(keeper);
        taken
    }

    fn moves(&self) -> MutexGuard<'_, Moves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mover").finish_non_exhaustive()
    }
}

/// What is known before anything is changed.
struct Start {
    program: Program,
    place: Place,
    /// The station whose channel has to be its own.
    follows: Option<String>,
    frequency: u32,
}

impl Start {
    async fn open(self, options: SoftApOptions, station: &Interface) -> Result<SoftAp, Error> {
        // The program of an earlier life has to leave the interface first.
        let left = if options.takes_interface {
            &station.name
        } else {
            interface::NAME
        };
        let cleared = self.place.clear(left).await;
        cleared.map_err(|error| failed("take away an earlier access point's files", &error))?;
        let interface = match options.takes_interface {
            true => OwnInterface::take(station, options.address).await?,
            false => OwnInterface::add(station, options.address).await?,
        };
        let wish = Wish {
            interface: interface.name.clone(),
            ssid: options.ssid,
            key: options.key.clone(),
        };
        let (process, serving) = match self.serve(&wish, &interface, options.address).await {
            Ok(parts) => parts,
            Err(error) => {
                interface.give_back().await;
                return Err(error);
            }
        };
        let keeper = Keeper {
            place: self.place,
            program: self.program,
            wish,
            interface,
            frequency: self.frequency,
            follows: self.follows,
            process: Some(process),
            _serving: serving,
        };
        Ok(keep(keeper, options))
    }

    /// Starts the program for the first time on an interface. One that gives up at once is started again: somebody else may
    /// just be about to let go of the interface, or have taken it.
    async fn begin(&self, wish: &Wish, interface: &OwnInterface) -> Result<Process, Error> {
        for pause in PAUSES {
            match Process::start(&self.program, &self.place, wish, self.frequency).await {
                Err(Error::Program { .. }) => {
                    sleep(pause).await;
                    interface.claim().await?;
                }
                started => return started,
            }
        }
        Process::start(&self.program, &self.place, wish, self.frequency).await
    }

    async fn serve(
        &self,
        wish: &Wish,
        interface: &OwnInterface,
        address: Ipv4Addr,
    ) -> Result<(Process, [kernel::Driving; 2]), Error> {
        let process = self.begin(wish, interface).await?;
        match serve::serve(&wish.interface, address) {
            Ok(serving) => Ok((process, serving)),
            Err(error) => {
                process.stop().await;
                Err(error)
            }
        }
    }
}

fn keep(keeper: Keeper, options: SoftApOptions) -> SoftAp {
    let (end, ended) = oneshot::channel();
    let (tell, failed) = oneshot::channel();
    let moves = options.mover.connect();
    SoftAp {
        interface: keeper.wish.interface.clone(),
        address: options.address,
        mover: options.mover,
        failed,
        end,
        keeping: tokio::spawn(keeper.run(moves, tell, ended)),
    }
}

/// How an access point gets from one channel to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its guests are told and go along.
    Announced,
    /// In another band no guest follows: Linux's own stations leave an access point that announces one.
    Anew,
}

impl Way {
    const fn between(here: u32, there: u32) -> Self {
        if (here < FIVE_GHZ) == (there < FIVE_GHZ) {
            Self::Announced
        } else {
            Self::Anew
        }
    }
}

fn failed(what: &'static str, why: &io::Error) -> Error {
    match why.kind() {
        io::ErrorKind::PermissionDenied => Error::NeedsRights("an access point"),
        _ => kernel::refused(what, why),
    }
}

/// Between one start and the next. All in all not so long that the error of a driver that cannot keeps anybody waiting.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_secs(2),
];
const USUAL_CHANNEL: u8 = 6;
/// The least frequency of the higher band, in MHz.
const FIVE_GHZ: u32 = 5000;

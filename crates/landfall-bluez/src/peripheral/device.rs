mod access;
mod ending;

use core::{future::pending, pin::Pin, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use zbus::{Message, OwnedObjectPath};

use super::{
    Address, Config, Event, Order, advertisement, call,
    client::{Client, MAX_ENDPOINTS, Reply},
    objects::{Exported, ROOT},
    registration::{Worked, advertise, hide, register, take_back},
    watch::{Heard, Watch},
};
use crate::{
    Adapter, Bluez, Error,
    agent::{self, Verdict},
};

/// A device on the air: what BlueZ has of it, and who is connected.
///
/// Nothing here follows a script. After each thing that happens, the piece of work is begun that is missing
/// ([`Device::missing`]); so a daemon that ends, an adapter that is pulled and an advertisement that BlueZ takes away
/// are the same case as the beginning.
pub(super) struct Device<'a, T> {
    bluez: Bluez,
    /// The adapter that was asked for.
    wanted: Option<&'a str>,
    exported: Exported,
    name: &'a str,
    encryption: bool,
    tell: T,
    stage: Stage,
    /// The adapter that has the service in its table.
    adapter: Option<Adapter>,
    /// Whether that is switched off.
    off: bool,
    /// Adapters that are called like the device, and their own names.
    renamed: Vec<(Adapter, String)>,
    advertising: bool,
    /// Whether it ever was on the air.
    began: bool,
    /// Why it is not.
    interrupted: Option<Error>,
    client: Option<Client<Message>>,
    last_request: u32,
    work: Option<Work>,
    /// When work that failed is tried again.
    again: Option<Instant>,
    /// How long that is waited for.
    patience: Duration,
}

/// What BlueZ is being asked to do.
type Work = Pin<Box<dyn Future<Output = Result<Worked, Error>> + Send>>;

/// How far the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Clients are served.
    Open,
    /// Only the client that is there is, for what it has still to read.
    Ending,
    /// Nobody is.
    Kept,
}

/// What happens next.
enum Next {
    Heard(Option<Heard>),
    Worked(Result<Worked, Error>),
    /// Somebody cannot be left waiting any longer.
    Late,
    /// What failed is tried again.
    Again,
}

/// Before the first attempt to bring the device back on the air; twice as long before each other.
const FIRST_PATIENCE: Duration = Duration::from_millis(250);
const LAST_PATIENCE: Duration = Duration::from_secs(4);

impl<'a, T: FnMut(Event)> Device<'a, T> {
    pub(super) fn new(bluez: &Bluez, wanted: Option<&'a str>, config: &Config<'a>, tell: T) -> Result<Self, Error> {
        if config.description().characteristics().count() > MAX_ENDPOINTS {
            return Err(Error::TooManyEndpoints { most: MAX_ENDPOINTS });
        }
        Ok(Self {
            bluez: bluez.clone(),
            wanted,
            exported: Exported::new(config),
            name: config.name,
            encryption: config.encryption,
            tell,
            stage: Stage::Open,
            adapter: None,
            off: false,
            renamed: Vec::new(),
            advertising: false,
            began: false,
            interrupted: None,
            client: None,
            last_request: 0,
            work: None,
            again: None,
            patience: FIRST_PATIENCE,
        })
    }

    /// Stays on the air until it is told otherwise, and takes back then what BlueZ has of it.
    pub(super) async fn run(mut self, orders: mpsc::UnboundedReceiver<Order>) -> Result<(), Error> {
        let ended = self.serve(orders).await;
        self.give_names_back().await;
        if let Some(adapter) = &self.adapter {
            take_back(adapter).await;
        }
        ended
    }

    async fn serve(&mut self, mut orders: mpsc::UnboundedReceiver<Order>) -> Result<(), Error> {
        // Has the daemon started, so that somebody is there to listen to.
        self.bluez.adapters().await?;
        let mut watch = Watch::new(&self.bluez).await?;
        loop {
            let order = tokio::select! {
                next = self.next(&mut watch) => {
                    self.take(next).await?;
                    continue;
                }
                order = orders.recv() => order,
            };
            match order {
                Some(Order::Respond(number, message)) => {
                    let message = message.as_deref();
                    let reply = self.client.as_mut().and_then(|client| client.answer(number, message));
                    self.send(reply).await;
                }
                Some(Order::KeepOn { disconnect }) => {
                    self.end(&mut watch, disconnect).await;
                    self.stage = Stage::Kept;
                    (self.tell)(Event::KeptOn);
                }
                Some(Order::Stop) | None => {
                    // First, as the program may not wait for all of the goodbye.
                    self.give_names_back().await;
                    self.end(&mut watch, true).await;
                    return Ok(());
                }
            }
        }
    }

    /// Waits for the next thing that happens. Dropping the future loses nothing.
    async fn next(&mut self, watch: &mut Watch) -> Next {
        if self.work.is_none() && self.again.is_none() && watch.has_daemon() {
            self.work = self.missing();
        }
        let late = self.client.as_ref().and_then(Client::deadline);
        tokio::select! {
            heard = watch.next() => Next::Heard(heard),
            worked = done(&mut self.work) => Next::Worked(worked),
            () = until(late) => Next::Late,
            () = until(self.again) => Next::Again,
        }
    }

    /// The work that brings what is there nearer to what should be.
    fn missing(&self) -> Option<Work> {
        let Some(adapter) = self.adapter.clone() else {
            let wanted = self.wanted.map(str::to_owned);
            let name = self.name.to_owned();
            let register = || register(self.bluez.clone(), wanted, name, self.encryption);
            return (self.stage == Stage::Open).then(|| Box::pin(register()) as Work);
        };
        let advertised = self.stage == Stage::Open && self.client.is_none() && !self.off;
        match (advertised, self.advertising) {
            (true, false) => Some(Box::pin(advertise(adapter))),
            (false, true) => Some(Box::pin(hide(adapter))),
            _ => None,
        }
    }

    /// Takes what happened.
    ///
    /// # Errors
    /// When the device did not come on the air at first, or the bus is gone.
    async fn take(&mut self, next: Next) -> Result<(), Error> {
        match next {
            Next::Heard(None) => return Err(Error::NoBus("the connection to it is lost".to_owned())),
            Next::Heard(Some(heard)) => return self.on_heard(heard).await,
            Next::Worked(Ok(worked)) => self.on_worked(worked),
            Next::Worked(Err(error)) => return self.on_failed(error).await,
            Next::Late => {
                let reply = self.client.as_mut().and_then(Client::put_off);
                self.send(reply).await;
            }
            Next::Again => self.again = None,
        }
        Ok(())
    }

    async fn on_heard(&mut self, heard: Heard) -> Result<(), Error> {
        match heard {
            Heard::Call(call) => self.on_call(&call).await,
            Heard::Came => self.again = None,
            Heard::Went => return self.on_lost(Error::NotRunning).await,
            Heard::Pulled(path) if self.is_ours(&path) => return self.on_lost(Error::Gone).await,
            Heard::Powered(path, on) if self.is_ours(&path) => self.on_powered(on).await,
            Heard::Disconnected(path) if self.client.as_ref().is_some_and(|client| *client.path() == path) => {
                self.close().await;
            }
            _ => {}
        }
        Ok(())
    }

    fn is_ours(&self, path: &OwnedObjectPath) -> bool {
        self.adapter.as_ref().is_some_and(|adapter| adapter.path() == **path)
    }

    fn on_worked(&mut self, worked: Worked) {
        match worked {
            Worked::Registered { adapter, alias } => {
                self.off = false;
                // A daemon that restarts knows the adapter by our name.
                if !self.renamed.iter().any(|(of, _)| of.address() == adapter.address()) {
                    self.renamed.push(((*adapter).clone(), alias));
                }
                self.adapter = Some(*adapter);
            }
            Worked::Advertised => {
                self.advertising = true;
                self.began = true;
                self.interrupted = None;
                self.patience = FIRST_PATIENCE;
                if let Some(adapter) = &self.adapter
                    && let Some(address) = Address::read(adapter.address(), adapter.has_random_address())
                {
                    let adapter = adapter.name().to_owned();
                    (self.tell)(Event::Advertising { adapter, address });
                }
            }
            Worked::Hidden => self.advertising = false,
            Worked::SentAway => {}
        }
    }

    /// Begins anew after a while, with what is there already as with what is not.
    async fn on_failed(&mut self, error: Error) -> Result<(), Error> {
        self.again = Some(Instant::now() + self.patience);
        self.patience = LAST_PATIENCE.min(2 * self.patience);
        self.on_lost(error).await
    }

    /// The device is off the air; that is the end only if it never was on it.
    async fn on_lost(&mut self, error: Error) -> Result<(), Error> {
        self.adapter = None;
        self.advertising = false;
        self.work = None;
        self.close().await;
        if !self.began {
            return Err(error);
        }
        self.interrupt(error);
        Ok(())
    }

    async fn on_powered(&mut self, on: bool) {
        self.off = !on;
        self.advertising = false;
        self.work = None;
        if let Some(adapter) = self.adapter.as_ref().filter(|_| !on) {
            let error = if adapter.is_blocked() {
                Error::Blocked
            } else {
                Error::Off {
                    adapter: adapter.name().to_owned(),
                    why: "somebody switched it off".to_owned(),
                }
            };
            self.interrupt(error);
            self.close().await;
        }
    }

    fn interrupt(&mut self, error: Error) {
        // A daemon that ends may first be seen by what it did not answer, and one that begins finds its adapters a moment
        // later.
        let follows = self.interrupted.is_some()
            && matches!(
                error,
                Error::NoAdapter | Error::NoSuchAdapter { .. } | Error::NotRunning | Error::Gone
            );
        if !follows && self.interrupted.as_ref() != Some(&error) && self.stage == Stage::Open {
            (self.tell)(Event::Interrupted(error.clone()));
            self.interrupted = Some(error);
        }
    }

    /// The client is gone, and nothing of it stays behind.
    async fn close(&mut self) {
        if let Some(mut client) = self.client.take() {
            self.send(client.give_up()).await;
            (self.tell)(Event::Disconnected);
        }
    }

    /// Answers a question of BlueZ's.
    async fn on_call(&mut self, call: &Message) {
        let header = call.header();
        let (Some(path), Some(method)) = (header.path(), header.member()) else {
            return;
        };
        // Others may share the connection.
        if !path.starts_with(ROOT) {
            return;
        }
        match method.as_str() {
            "ReadValue" | "WriteValue" => self.on_access(call, path, method == "WriteValue").await,
            _ if *path == agent::PATH => self.on_pairing(call, method).await,
            "Release" if *path == advertisement::path() => {
                self.advertising = false;
                self.again = Some(Instant::now() + self.patience);
                self.reply(call, &()).await;
            }
            // Nothing is ever notified.
            "StartNotify" | "StopNotify" | "Confirm" => self.reply(call, &()).await,
            _ => call::describe(self.bluez.connection(), call, &self.exported).await,
        }
    }

    async fn on_pairing(&self, call: &Message, method: &str) {
        match agent::verdict(method) {
            // There is no device any more to pair with.
            Verdict::Accept if self.stage == Stage::Kept => {
                let connection = self.bluez.connection();
                call::refuse(connection, call, "org.bluez.Error.Rejected", "the service has ended").await;
            }
            Verdict::Accept => self.reply(call, &()).await,
            Verdict::Reject => {
                let connection = self.bluez.connection();
                call::refuse(connection, call, "org.bluez.Error.Rejected", "no keys and no display").await;
            }
        }
    }

    async fn send(&self, reply: Option<Reply<Message>>) {
        if let Some((call, answer)) = reply {
            call::answer(self.bluez.connection(), &call, &answer).await;
        }
    }

    async fn reply(&self, call: &Message, body: &()) {
        call::reply(self.bluez.connection(), call, body).await;
    }
}

/// Waits for work to be done, and takes it away.
async fn done(work: &mut Option<Work>) -> Result<Worked, Error> {
    let Some(working) = work else {
        return pending().await;
    };
    let worked = working.await;
    *work = None;
    worked
}

/// Waits for a time, if there is one.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

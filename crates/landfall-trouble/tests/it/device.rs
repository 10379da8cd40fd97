//! A device on the air.

use core::cell::RefCell;

use landfall_protocomm::gatt::ServiceUuid;
use landfall_trouble::{
    Seed,
    peripheral::{Config, Error, Event, Link, Pairing, RequestNumber, run},
};
use tokio::{select, sync::Notify};

use crate::air::{Air, DEVICE};

/// What a device tells, and how it answers: backwards; `fail` fails, and `wait` gets no answer.
pub(crate) struct Device {
    pub(crate) link: Link,
    told: RefCell<Vec<String>>,
    news: Notify,
    /// Requests that got no answer.
    waiting: RefCell<Vec<RequestNumber>>,
}

/// Random static, as it travels.
pub(crate) const ADDRESS: [u8; 6] = [9, 0, 0, 0, 0, 0xc0];
pub(crate) static SEED: Seed = Seed::new([7; 32]);

pub(crate) fn config() -> Config<'static> {
    Config {
        service: ServiceUuid::EXAMPLE,
        endpoints: &["prov-session", "proto-ver"],
        name: "PROV_TEST",
        manufacturer_data: &[],
        address: Some(ADDRESS),
        mtu: 256,
        pairing: Pairing::Refused,
        notify: false,
    }
}

impl Device {
    /// Runs a device while `test` is done, which must come to its end first.
    pub(crate) async fn with(config: Config<'_>, air: &Air, test: impl AsyncFnOnce(&Self)) {
        let device = Self {
            link: Link::new(),
            told: RefCell::default(),
            news: Notify::new(),
            waiting: RefCell::default(),
        };
        select! {
            ended = device.run(config, air) => panic!("the device ended: {ended:?}, told {:?}", device.told.borrow()),
            () = test(&device) => {}
        }
    }

    /// Runs a device to its end while `test` is done.
    pub(crate) async fn to_its_end(config: Config<'_>, air: &Air, test: impl AsyncFnOnce(&Self)) -> Result<(), Error> {
        let device = Self {
            link: Link::new(),
            told: RefCell::default(),
            news: Notify::new(),
            waiting: RefCell::default(),
        };
        let (ended, ()) = tokio::join!(device.run(config, air), test(&device));
        ended
    }

    async fn run(&self, config: Config<'_>, air: &Air) -> Result<(), Error> {
        select! {
            ended = run(air.card(DEVICE), &config, &self.link) => ended,
            () = self.answer() => unreachable!("that has no end"),
        }
    }

    async fn answer(&self) {
        loop {
            let event = self.link.next().await;
            if let Event::Request { number, message, .. } = &event {
                let backwards: Vec<u8> = message.iter().rev().copied().collect();
                match &**message {
                    b"wait" => self.waiting.borrow_mut().push(*number),
                    b"fail" => self.link.respond(*number, None).await,
                    _ => self.link.respond(*number, Some(&backwards)).await,
                }
            }
            let told = match event {
                Event::Connected(_) => "connected".to_owned(),
                Event::Request { message, .. } => String::from_utf8_lossy(&message).into_owned(),
                event => format!("{event:?}").to_lowercase(),
            };
            self.told.borrow_mut().push(told);
            self.news.notify_one();
        }
    }

    /// Answers the first request that got no answer.
    pub(crate) async fn answer_the_first(&self, answer: &[u8]) {
        let number = self.waiting.borrow_mut().remove(0);
        self.link.respond(number, Some(answer)).await;
    }

    /// Waits until something was told, and forgets all before it.
    pub(crate) async fn until_told(&self, what: &str) {
        let wait = async {
            loop {
                let found = self.told.borrow().iter().position(|told| told == what);
                if let Some(at) = found {
                    self.told.borrow_mut().drain(..=at);
                    return;
                }
                self.news.notified().await;
            }
        };
        let waited = tokio::time::timeout(core::time::Duration::from_secs(20), wait).await;
        waited.unwrap_or_else(|_| panic!("never told {what}, but {:?}", self.told.borrow()));
    }
}

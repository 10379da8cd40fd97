//! Tests only: where client and device meet. They may not know each other, so this crate knows both.
//!
//! * [`Pair`]: a [`VirtualDevice`] and clients on bad [`Link`]s, in one virtual time ([`Clock`]) and from one seed.
//! * [`Case`]: a whole provisioning drawn from a seed, and what must hold of every one of them ([`properties`]).
//! * [`SecretNet`]: finds secrets in whatever is printed or sent.
//!
//! A run that fails names its seed: `LANDFALL_SEED=7 cargo test -p landfall-testkit NAME` runs it again, and
//! `LANDFALL_SEEDS=100000` runs more of them.

mod case;
mod clock;
mod device;
mod link;
pub mod networks;
mod pair;
pub mod properties;
mod random;
mod record;
mod scheme;
mod secrets;
mod seeds;
mod sessions;
mod transport;

pub use case::{Case, Ended, Target};
pub use clock::{Bounds, Clock, Hung, VirtualEnvironment, block_on};
pub use device::{Answer, Build, History, VirtualDevice};
pub use link::{Conditions, Fate, Link, Packet, Path};
pub use pair::{CLEAN, Client, LONGEST, Pair};
pub use properties::Violation;
pub use random::Seeded;
pub use record::{Exchange, ExchangeEnd, Record};
pub use scheme::{PASSWORD, POP, Scheme, USERNAME};
pub use secrets::{Leak, PanicWatch, SecretNet};
pub use seeds::for_each_seed;
pub use sessions::Caller;
pub use transport::VirtualTransport;

//! The bad network, without I/O and without a clock: what becomes of each message, decided by a seed.

use core::{ops::RangeInclusive, time::Duration};

use crate::Seeded;

/// How bad one direction is. Chances are in a thousand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// Time a message takes, in milliseconds.
    pub delay_ms: RangeInclusive<u64>,
    /// A message vanishes.
    pub loss: u16,
    /// A message arrives without its end.
    pub truncation: u16,
    /// A message arrives with one to three bits turned.
    pub corruption: u16,
    /// A message arrives twice.
    pub duplication: u16,
    /// A message is held back and arrives together with the next one, before or after it.
    pub reordering: u16,
    /// The connection breaks instead of carrying the message.
    pub disconnection: u16,
    /// The connection breaks instead of carrying the message of this number, counted from 0.
    pub cut_at: Option<u32>,
}

impl Conditions {
    /// Nothing goes wrong, and a message takes 5 ms.
    pub const CLEAN: Self = Self {
        delay_ms: 5..=5,
        loss: 0,
        truncation: 0,
        corruption: 0,
        duplication: 0,
        reordering: 0,
        disconnection: 0,
        cut_at: None,
    };

    /// Whether a message may arrive otherwise than it was sent.
    pub fn alters(&self) -> bool {
        self.truncation > 0 || self.corruption > 0
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self::CLEAN
    }
}

/// Both directions of a connection.
#[derive(Debug, Clone)]
pub struct Link {
    /// From client to device.
    pub up: Path,
    /// From device to client.
    pub down: Path,
}

impl Link {
    /// A link whose two directions have these conditions.
    pub fn new(up: Conditions, down: Conditions, random: &mut Seeded) -> Self {
        Self {
            up: Path::new(up, random.fork()),
            down: Path::new(down, random.fork()),
        }
    }
}

/// What travels: bytes for, or from, an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Packet {
    /// Name of the endpoint; never damaged.
    pub endpoint: String,
    /// Request or answer.
    pub bytes: Vec<u8>,
}

impl Packet {
    /// `bytes` for, or from, `endpoint`.
    pub fn new(endpoint: &str, bytes: &[u8]) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            bytes: bytes.to_vec(),
        }
    }
}

/// One direction.
#[derive(Debug, Clone)]
pub struct Path {
    conditions: Conditions,
    random: Seeded,
    sent: u32,
    held: Option<Packet>,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It does not arrive (now).
    Lost,
    /// It does not arrive, and the connection is gone.
    Disconnected,
    /// So much later these arrive, in this order; at least one.
    Arrives(Duration, Vec<Packet>),
}

impl Path {
    /// A path that nothing has been sent on.
    pub fn new(conditions: Conditions, random: Seeded) -> Self {
        Self {
            conditions,
            random,
            sent: 0,
            held: None,
        }
    }

    /// Sends `packet`.
    pub fn send(&mut self, packet: &Packet) -> Fate {
        let number = self.sent;
        self.sent += 1;
        if self.conditions.cut_at == Some(number) || self.random.chance(self.conditions.disconnection) {
            self.held = None;
            return Fate::Disconnected;
        }
        if self.random.chance(self.conditions.loss) {
            return Fate::Lost;
        }
        let packet = self.damaged(packet.clone());
        if self.held.is_none() && self.random.chance(self.conditions.reordering) {
            self.held = Some(packet);
            return Fate::Lost;
        }
        let (first, last) = (*self.conditions.delay_ms.start(), *self.conditions.delay_ms.end());
        let delay = first + self.random.below(last.saturating_sub(first) + 1);
        Fate::Arrives(Duration::from_millis(delay), self.arrivals(packet))
    }

    fn damaged(&mut self, mut packet: Packet) -> Packet {
        let bytes = &mut packet.bytes;
        if self.random.chance(self.conditions.truncation) {
            bytes.truncate(self.random.below(bytes.len() as u64) as usize);
        }
        if self.random.chance(self.conditions.corruption) && !bytes.is_empty() {
            for _ in 0..=self.random.below(3) {
                let bit = self.random.below(bytes.len() as u64 * 8) as usize;
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
        packet
    }

    fn arrivals(&mut self, packet: Packet) -> Vec<Packet> {
        let mut arrivals = vec![packet];
        if self.random.chance(self.conditions.duplication) {
            arrivals.push(arrivals[0].clone());
        }
        if let Some(held) = self.held.take() {
            let position = self.random.below(arrivals.len() as u64 + 1) as usize;
            arrivals.insert(position, held);
        }
        arrivals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"0123456789";

    fn packet(bytes: &[u8]) -> Packet {
        Packet::new("prov-config", bytes)
    }

    fn fates(conditions: Conditions) -> Vec<Fate> {
        let mut path = Path::new(conditions, Seeded::new(3));
        (0..1000).map(|_| path.send(&packet(MESSAGE))).collect()
    }

    fn arrivals(fates: &[Fate]) -> impl Iterator<Item = &Vec<u8>> {
        let arrived = fates.iter().filter_map(|fate| match fate {
            Fate::Arrives(_, messages) => Some(messages),
            Fate::Lost | Fate::Disconnected => None,
        });
        arrived.flatten().map(|packet| &packet.bytes)
    }

    #[test]
    fn a_clean_path_changes_nothing() {
        let arrived = Fate::Arrives(Duration::from_millis(5), vec![packet(MESSAGE)]);
        assert!(fates(Conditions::CLEAN).iter().all(|fate| *fate == arrived));
    }

    #[test]
    fn a_seed_replays() {
        let conditions = Conditions {
            delay_ms: 1..=500,
            loss: 100,
            truncation: 100,
            corruption: 100,
            duplication: 100,
            reordering: 100,
            disconnection: 100,
            cut_at: None,
        };
        assert_eq!(fates(conditions.clone()), fates(conditions));
    }

    #[test]
    fn losses_are_about_as_many_as_asked_for() {
        let fates = fates(Conditions {
            loss: 200,
            ..Conditions::CLEAN
        });
        let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
        assert!((150..250).contains(&lost), "{lost}");
        assert_eq!(arrivals(&fates).count(), 1000 - lost);
    }

    #[test]
    fn truncation_only_shortens() {
        let fates = fates(Conditions {
            truncation: 1000,
            ..Conditions::CLEAN
        });
        assert!(arrivals(&fates).all(|message| message.len() < MESSAGE.len() && MESSAGE.starts_with(message)));
        assert!(arrivals(&fates).any(Vec::is_empty));
    }

    #[test]
    fn corruption_turns_one_to_three_bits() {
        let fates = fates(Conditions {
            corruption: 1000,
            ..Conditions::CLEAN
        });
        let turned =
            |message: &Vec<u8>| -> u32 { message.iter().zip(MESSAGE).map(|(a, b)| (a ^ b).count_ones()).sum() };
        assert!(arrivals(&fates).all(|message| message.len() == MESSAGE.len() && turned(message) <= 3));
        assert!(arrivals(&fates).any(|message| turned(message) == 3));
    }

    #[test]
    fn duplication_delivers_twice() {
        let fates = fates(Conditions {
            duplication: 1000,
            ..Conditions::CLEAN
        });
        assert_eq!(arrivals(&fates).count(), 2000);
    }

    #[test]
    fn what_is_held_back_arrives_with_the_next_message() {
        let conditions = Conditions {
            reordering: 1000,
            ..Conditions::CLEAN
        };
        let mut path = Path::new(conditions, Seeded::new(5));
        assert_eq!(path.send(&packet(b"first")), Fate::Lost);
        let Fate::Arrives(_, mut messages) = path.send(&packet(b"second")) else {
            panic!("held twice")
        };
        messages.sort();
        assert_eq!(messages, [packet(b"first"), packet(b"second")]);
    }

    #[test]
    fn the_connection_breaks_at_the_message_named() {
        let fates = fates(Conditions {
            cut_at: Some(7),
            ..Conditions::CLEAN
        });
        let cuts: Vec<_> = (0..)
            .zip(&fates)
            .filter(|(_, fate)| **fate == Fate::Disconnected)
            .collect();
        assert_eq!(cuts, [(7, &Fate::Disconnected)]);
    }

    #[test]
    fn delays_stay_in_their_range() {
        let fates = fates(Conditions {
            delay_ms: 10..=20,
            ..Conditions::CLEAN
        });
        let delay = |fate: &Fate| match fate {
            Fate::Arrives(delay, _) => delay.as_millis(),
            Fate::Lost | Fate::Disconnected => panic!("a clean path loses nothing"),
        };
        assert_eq!(fates.iter().map(delay).min(), Some(10));
        assert_eq!(fates.iter().map(delay).max(), Some(20));
    }
}

use core::{cell::Cell, fmt};

use bt_hci::{
    FromHciBytes as _,
    cmd::{
        Cmd as _, SyncCmd,
        controller_baseband::SetEventMaskPage2,
        le::{LeRand, LeSetResolvablePrivateAddrTimeout},
    },
};
use zeroize::Zeroize as _;

/// Random bytes that the keys of encrypted links are drawn from, wiped when dropped. Each is for one use.
pub struct Seed([u8; LEN]);

const LEN: usize = 32;
/// What the host is given at a time.
const PIECE_LEN: usize = 8;

impl Seed {
    /// Takes bytes from a random source that is fit for keys.
    pub const fn new(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    /// The pieces one after the other; from the fifth on they come again, changed, so that no four are ever the same.
    fn piece(&self, number: u64) -> [u8; PIECE_LEN] {
        const PIECES: u64 = (LEN / PIECE_LEN) as u64;
        let mut piece = (number / PIECES).to_le_bytes();
        let bytes = self.0.iter().skip(PIECE_LEN * (number % PIECES) as usize);
        piece.iter_mut().zip(bytes).for_each(|(place, byte)| *place ^= byte);
        piece
    }
}

/// Without the bytes.
impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Answers in a controller's place what the host asks it for the sake of pairing.
///
/// The host draws all its keys from LE Rand, of whose quality a controller says nothing. It sets how long private
/// addresses last, which nobody here has and older controllers refuse. And it has newer controllers say in a new way
/// that a link is encrypted, to which it does not listen.
pub(crate) struct Stand<'a> {
    seed: Option<&'a Seed>,
    given: Cell<u64>,
}

impl<'a> Stand<'a> {
    /// Stands in with what `seed` gives. Without one nobody is to pair, and the keys do not matter.
    pub(crate) const fn new(seed: Option<&'a Seed>) -> Self {
        Self {
            seed,
            given: Cell::new(0),
        }
    }

    /// The answer to a command, unless it is one for the controller.
    pub(crate) fn answer<Q: SyncCmd>(&self) -> Option<Q::Return> {
        if [LeSetResolvablePrivateAddrTimeout::OPCODE, SetEventMaskPage2::OPCODE].contains(&Q::OPCODE) {
            return Q::Return::from_hci_bytes_complete(&[]).ok();
        }
        if Q::OPCODE != LeRand::OPCODE {
            return None;
        }
        let number = self.given.get();
        self.given.set(number.wrapping_add(1));
        let piece = self.seed.map_or([0; PIECE_LEN], |seed| seed.piece(number));
        Q::Return::from_hci_bytes_complete(&piece).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, format, vec::Vec};

    use bt_hci::cmd::controller_baseband::Reset;

    use super::*;

    #[test]
    fn the_host_gets_the_seed_and_never_the_same_again() {
        let bytes: [u8; LEN] = core::array::from_fn(|n| n as u8);
        let seed = Seed::new(bytes);
        let stand = Stand::new(Some(&seed));
        let drawn: Vec<_> = (0..4000)
            .map(|_| stand.answer::<LeRand>().expect("answered here"))
            .collect();
        assert_eq!(drawn[..4].concat(), bytes);
        let draws: BTreeSet<_> = drawn.chunks(4).collect();
        assert_eq!(draws.len(), 1000);
    }

    #[test]
    fn other_commands_are_the_controllers() {
        let stand = Stand::new(None);
        assert_eq!(stand.answer::<Reset>(), None);
        assert_eq!(stand.answer::<LeSetResolvablePrivateAddrTimeout>(), Some(()));
        assert_eq!(stand.answer::<LeRand>(), Some([0; PIECE_LEN]));
    }

    #[test]
    fn a_seed_does_not_show_its_bytes() {
        assert_eq!(format!("{:?}", Seed::new([7; LEN])), "Seed");
    }
}

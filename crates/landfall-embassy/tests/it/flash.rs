//! Credentials in flash memory: power cuts, damage, and other people's data.

mod chip;

use core::ops::Range;

use chip::{Chip, Noise, PAGE, PowerCut, Tear};
use embassy_futures::block_on;
use landfall_embassy::{
    Store,
    flash::{FlashError, FlashStore, InvalidRange},
    manager::{Bssid, Credentials, Passphrase, Ssid, crc32},
};

type Stored = Result<Option<Credentials>, FlashError<PowerCut>>;

/// Where the store is; before and behind it belong to others.
fn range(pages: u32) -> Range<u32> {
    PAGE..PAGE * (1 + pages)
}

fn credentials(number: u32) -> Credentials {
    Credentials {
        ssid: Ssid::new(format!("network {number}").as_bytes()).expect("short enough"),
        passphrase: Passphrase::new(passphrase(number).as_bytes()).expect("short enough"),
        bssid: number.is_multiple_of(2).then_some(Bssid([number as u8; 6])),
        channel: (!number.is_multiple_of(3)).then_some(6),
    }
}

fn passphrase(number: u32) -> String {
    format!("the passphrase number {number}")
}

/// What is done to the store in these tests: saving, or erasing.
#[derive(Clone, Copy, Debug)]
enum Act {
    Save(u32),
    Erase,
}

impl Act {
    /// What is stored when it was done.
    fn outcome(self) -> Option<Credentials> {
        match self {
            Self::Save(number) => Some(credentials(number)),
            Self::Erase => None,
        }
    }
}

/// A chip and what the device has on it.
struct Device {
    chip: Chip,
    pages: u32,
}

impl Device {
    fn new(pages: u32) -> Self {
        let chip = Chip::new(range(pages));
        Self { chip, pages }
    }

    fn store(&mut self) -> FlashStore<&mut Chip> {
        let range = range(self.pages);
        FlashStore::new(&mut self.chip, range).expect("a good range")
    }

    fn load(&mut self) -> Stored {
        block_on(self.store().load())
    }

    fn act(&mut self, act: Act) -> Result<(), FlashError<PowerCut>> {
        match act {
            Act::Save(number) => block_on(self.store().save(&credentials(number))),
            Act::Erase => block_on(self.store().erase()),
        }
    }

    /// Does it, and cuts the power after so many words and pages; gives what is stored when the power is back, and
    /// whether the power was gone before it was done.
    #[track_caller]
    fn act_cut(&mut self, act: Act, after: u32, tear: Tear) -> (Option<Credentials>, bool) {
        let before = self.load().expect("readable before");
        self.chip.cut_after(after, tear);
        let done = self.act(act);
        let cut = self.chip.restore();
        assert_eq!(done, if cut { Err(FlashError::Flash(PowerCut)) } else { Ok(()) });
        let stored = self.load();
        let stored = stored.unwrap_or_else(|error| panic!("{error} ({act:?}, cut after {after}, {tear:?})"));
        let possible = stored == act.outcome() || cut && stored == before;
        assert!(possible, "{stored:?} after {act:?}, cut after {after}, {tear:?}");
        (stored, cut)
    }
}

#[test]
fn what_is_saved_is_loaded_until_it_is_erased() {
    for pages in [2, 3, 6] {
        let mut device = Device::new(pages);
        assert_eq!(device.load(), Ok(None));
        for number in 0..20 {
            device.act(Act::Save(number)).expect("saved");
            assert_eq!(device.load(), Ok(Some(credentials(number))));
        }
        device.act(Act::Erase).expect("erased");
        assert_eq!(device.load(), Ok(None));
        device.act(Act::Save(20)).expect("saved");
        assert_eq!(device.load(), Ok(Some(credentials(20))));
    }
}

#[test]
fn longest_and_shortest_credentials_are_kept() {
    let mut device = Device::new(2);
    for (name, passphrase) in [(32, 63), (0, 0), (1, 0), (32, 8)] {
        let credentials = Credentials {
            ssid: Ssid::new(&[0xff; 32][..name]).expect("short enough"),
            passphrase: Passphrase::new(&[0xff; 63][..passphrase]).expect("short enough"),
            bssid: None,
            channel: None,
        };
        block_on(device.store().save(&credentials)).expect("saved");
        assert_eq!(device.load(), Ok(Some(credentials)));
    }
}

/// After `history` saves, each act is cut at every word and page; then the next one is done.
fn cut_everywhere(pages: u32, history: u32, act: Act, tear: Tear) -> u32 {
    for after in 1.. {
        let mut device = Device::new(pages);
        (0..history).for_each(|number| device.act(Act::Save(number)).expect("saved"));
        let (_, cut) = device.act_cut(act, after, tear);
        for next in [Act::Save(100), Act::Erase, Act::Save(101)] {
            device.act(next).expect("the next one works");
            assert_eq!(device.load(), Ok(next.outcome()), "{act:?} cut after {after}, {tear:?}");
        }
        if !cut {
            return after;
        }
    }
    unreachable!("an act has an end")
}

#[test]
fn power_cut_at_any_moment_leaves_the_old_or_the_new_and_the_next_act_works() {
    for pages in [2, 3] {
        for (history, tear) in (0..=pages).flat_map(|history| Tear::ALL.map(|tear| (history, tear))) {
            // Each word of a record and its mark, and the erasures.
            let steps = cut_everywhere(pages, history, Act::Save(99), tear);
            assert!(steps > 36, "{steps}");
            cut_everywhere(pages, history, Act::Erase, tear);
        }
    }
}

#[test]
fn two_power_cuts_in_a_row_at_any_moments_leave_one_of_the_three() {
    for tear in Tear::ALL {
        for history in [0, 1] {
            // All but the words in the middle of a record, which are like their neighbours.
            let moments = || (1..8).chain(30..44);
            for (first, second) in moments().flat_map(|first| moments().map(move |second| (first, second))) {
                let mut device = Device::new(2);
                (0..history).for_each(|number| device.act(Act::Save(number)).expect("saved"));
                device.act_cut(Act::Save(98), first, tear);
                device.act_cut(Act::Save(99), second, tear);
                device.act(Act::Save(100)).expect("the next one works");
                assert_eq!(device.load(), Ok(Some(credentials(100))));
            }
        }
    }
}

/// A life of power cuts: acts, moments and tears by chance.
#[test]
fn thousands_of_power_cuts_never_lose_what_was_stored() {
    let mut noise = Noise(0x1234_5678_9abc_def1);
    for pages in [2, 3, 5] {
        let mut device = Device::new(pages);
        device.act(Act::Save(0)).expect("saved");
        let mut cuts = 0;
        for number in 1..4000 {
            let act = if noise.below(8) == 0 {
                Act::Erase
            } else {
                Act::Save(number)
            };
            let tear = Tear::ALL[noise.below(7) as usize];
            let (_, cut) = device.act_cut(act, 1 + noise.below(50), tear);
            cuts += u32::from(cut);
        }
        assert!(cuts > 2000, "{cuts}");
    }
}

#[test]
fn earlier_passphrases_are_gone_when_a_save_or_an_erasure_returns() {
    for pages in [2, 3, 6] {
        let mut device = Device::new(pages);
        for number in 0..10 {
            device.act(Act::Save(number)).expect("saved");
            assert!(device.chip.holds(passphrase(number).as_bytes()));
            for earlier in 0..number {
                assert!(!device.chip.holds(passphrase(earlier).as_bytes()));
                assert!(!device.chip.holds(format!("network {earlier}").as_bytes()));
            }
        }
        device.act(Act::Erase).expect("erased");
        assert!(!device.chip.holds(b"passphrase") && !device.chip.holds(b"network"));
    }
}

/// Also those of a save that was cut off.
#[test]
fn passphrase_that_was_cut_off_is_gone_after_an_erasure() {
    for after in 1..45 {
        let mut device = Device::new(4);
        device.act_cut(Act::Save(1), after, Tear::SomeBits);
        device.act(Act::Erase).expect("erased");
        assert!(!device.chip.holds(b"passphrase"), "{after}");
    }
}

#[test]
fn pages_wear_alike() {
    let mut device = Device::new(4);
    (0..400).for_each(|number| device.act(Act::Save(number)).expect("saved"));
    let erasures = &device.chip.erasures[1..5];
    assert!(
        erasures.iter().all(|&count| (199..=200).contains(&count)),
        "{erasures:?}"
    );
}

#[test]
fn single_bit_that_fell_is_told_or_harmless_and_the_next_save_works() {
    let mut damaged = 0;
    for bit in 0..144 * 8 {
        let mut device = Device::new(2);
        device.act(Act::Save(1)).expect("saved");
        device.chip.range()[bit / 8] ^= 1 << (bit % 8);
        match device.load() {
            Ok(stored) => assert_eq!(stored, Some(credentials(1)), "{bit}"),
            Err(error) => {
                assert_eq!(error, FlashError::Damaged, "{bit}");
                damaged += 1;
            }
        }
        device.act(Act::Save(2)).expect("saved");
        assert_eq!(device.load(), Ok(Some(credentials(2))));
    }
    // All of them but the mark's.
    assert_eq!(damaged, 128 * 8);
}

#[test]
fn damaged_record_beside_an_earlier_one_gives_that() {
    let mut device = Device::new(2);
    device.act(Act::Save(1)).expect("saved");
    // The second one is written, but the first not erased yet.
    device.act_cut(Act::Save(2), 38, Tear::Before);
    assert_eq!(device.load(), Ok(Some(credentials(2))));
    device.chip.range()[PAGE as usize + 60] ^= 4;
    assert_eq!(device.load(), Ok(Some(credentials(1))));
}

/// The beginning of a page of ESP-IDF's NVS, active, with one entry; and other things that may be in a partition.
fn foreign_data() -> Vec<(&'static str, Vec<u8>)> {
    let mut nvs = vec![0xff; 2 * PAGE as usize];
    nvs[..12].copy_from_slice(&[0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
    nvs[28..36].copy_from_slice(&[0x86, 0x12, 0x4b, 0x23, 0xfa, 0xff, 0xff, 0xff]);
    nvs[64..72].copy_from_slice(&[0, 1, 1, 0xff, 0x4a, 0x2e, 0x61, 0x9b]);
    nvs[72..80].copy_from_slice(b"nvs.net8");
    let mut noise = Noise(77);
    let mut late = vec![0xff; 2 * PAGE as usize];
    late[PAGE as usize + 4000] = 0;
    vec![
        ("NVS", nvs),
        ("random", (0..2 * PAGE).map(|_| noise.byte()).collect()),
        ("zeros", vec![0; 2 * PAGE as usize]),
        ("one byte far behind", late),
        ("text", b"{\"ssid\":\"home\"}".repeat(100)),
    ]
}

#[test]
fn other_people_s_data_is_refused_and_left_alone_until_formatted() {
    for (what, data) in foreign_data() {
        let mut device = Device::new(2);
        device.chip.range()[..data.len()].copy_from_slice(&data);
        let before = device.chip.bytes.clone();
        assert_eq!(device.load(), Err(FlashError::Foreign), "{what}");
        assert_eq!(device.act(Act::Save(1)), Err(FlashError::Foreign), "{what}");
        assert_eq!(device.act(Act::Erase), Err(FlashError::Foreign), "{what}");
        assert!(device.chip.bytes == before, "{what}");
        block_on(device.store().format()).expect("formatted");
        assert!(device.chip.range().iter().all(|&byte| byte == 0xff), "{what}");
        assert_eq!(device.load(), Ok(None));
        device.act(Act::Save(1)).expect("saved");
        assert_eq!(device.load(), Ok(Some(credentials(1))));
    }
}

#[test]
fn record_of_a_later_format_is_told_and_left_alone() {
    let mut device = Device::new(2);
    device.act(Act::Save(1)).expect("saved");
    let bytes = device.chip.range();
    bytes[8] = 2;
    let checksum = crc32(&bytes[..124]).to_le_bytes();
    bytes[124..128].copy_from_slice(&checksum);
    let before = device.chip.bytes.clone();
    let later = FlashError::LaterFormat { version: 2 };
    assert_eq!(device.load(), Err(later));
    assert_eq!(device.act(Act::Save(2)), Err(later));
    assert_eq!(device.act(Act::Erase), Err(later));
    assert!(device.chip.bytes == before);
}

#[test]
fn values_out_of_range_under_a_right_check_sum_are_damage() {
    for (at, value) in [(9, 2), (16, 2), (24, 33), (25, 64), (25, 255)] {
        let mut device = Device::new(2);
        device.act(Act::Save(1)).expect("saved");
        let bytes = device.chip.range();
        bytes[at] = value;
        let checksum = crc32(&bytes[..124]).to_le_bytes();
        bytes[124..128].copy_from_slice(&checksum);
        assert_eq!(device.load(), Err(FlashError::Damaged), "{at}");
    }
}

#[test]
fn worn_flash_is_told_and_the_earlier_credentials_stay() {
    let mut device = Device::new(2);
    device.act(Act::Save(1)).expect("saved");
    device.chip.is_worn = true;
    assert_eq!(device.act(Act::Save(2)), Err(FlashError::NotKept));
    assert_eq!(device.load(), Ok(Some(credentials(1))));
}

#[test]
fn ranges_that_cannot_work_are_refused() {
    let refused = |range: Range<u32>| FlashStore::new(Chip::new(PAGE..3 * PAGE), range).err();
    assert_eq!(refused(PAGE..2 * PAGE + 4), Some(InvalidRange::PageBoundary));
    assert_eq!(refused(PAGE + 2048..4 * PAGE), Some(InvalidRange::PageBoundary));
    assert_eq!(refused(PAGE..2 * PAGE), Some(InvalidRange::TooSmall));
    #[expect(clippy::reversed_empty_ranges, reason = "what a slip may give")]
    let reversed = 3 * PAGE..PAGE;
    assert_eq!(refused(reversed), Some(InvalidRange::TooSmall));
    assert_eq!(refused(PAGE..5 * PAGE), Some(InvalidRange::BeyondTheEnd));
    assert_eq!(refused(PAGE..3 * PAGE), None);
}

#[test]
fn nothing_stored_shows_in_debug() {
    let mut device = Device::new(2);
    device.act(Act::Save(1)).expect("saved");
    let shown = format!("{:?}", device.store());
    assert_eq!(shown, "FlashStore(0x1000..0x3000)");
}

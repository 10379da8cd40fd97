//! Channels and frequencies (IEEE 802.11, annex E).

/// The channel of a frequency in MHz; `None` outside the bands of Wi-Fi.
pub(crate) const fn channel(frequency: u32) -> Option<u32> {
    match frequency {
        2484 => Some(14),
        2412..=2472 => Some((frequency - 2407) / 5),
        5160..=5885 => Some((frequency - 5000) / 5),
        5955..=7115 => Some((frequency - 5950) / 5),
        _ => None,
    }
}

/// The frequency of a channel of the bands at 2.4 and 5 GHz, in MHz, which is all that the protocol's channel numbers
/// can mean; `None` for no channel.
pub(crate) const fn frequency(channel: u8) -> Option<u32> {
    match channel {
        14 => Some(2484),
        1..=13 => Some(2407 + 5 * channel as u32),
        32..=177 => Some(5000 + 5 * channel as u32),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_follow_from_frequencies() {
        for (frequency, expected) in [
            (2412, Some(1)),
            (2437, Some(6)),
            (2472, Some(13)),
            (2484, Some(14)),
            (5180, Some(36)),
            (5825, Some(165)),
            (5955, Some(1)),
            (7115, Some(233)),
            (0, None),
            (868, None),
            (u32::MAX, None),
        ] {
            assert_eq!(channel(frequency), expected, "{frequency} MHz");
        }
    }

    #[test]
    fn frequencies_lead_back_to_their_channels() {
        for number in 0..=u8::MAX {
            if let Some(mhz) = frequency(number) {
                assert_eq!(channel(mhz), Some(number.into()), "channel {number}");
            }
        }
    }
}

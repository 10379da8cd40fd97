//! How strongly this computer hears the access point it has joined, from what Linux tells in `/proc/net`.

use core::net::Ipv4Addr;
use std::fs;

/// The strength, in dBm, of the wireless link over which `address` is reached; `None` if it is reached otherwise.
pub(super) fn towards(address: Ipv4Addr) -> Option<i32> {
    // No interface carries what stays on this computer, so no route tells of it.
    if address.is_loopback() {
        return None;
    }
    let routes = fs::read_to_string("/proc/net/route").ok()?;
    let links = fs::read_to_string("/proc/net/wireless").ok()?;
    strength(&links, interface(&routes, address)?)
}

/// The interface over which `address` is reached: the one whose route says most exactly where it leads.
fn interface(routes: &str, address: Ipv4Addr) -> Option<&str> {
    let routes = routes.lines().skip(1).filter_map(Route::parse);
    let leading_there = routes.filter(|route| route.leads_to(address));
    leading_there
        .max_by_key(|route| (route.mask, core::cmp::Reverse(route.metric)))
        .map(|route| route.interface)
}

/// A line of `/proc/net/route`.
struct Route<'a> {
    interface: &'a str,
    network: u32,
    mask: u32,
    metric: u32,
}

impl<'a> Route<'a> {
    /// `None` for a line that is no route, or one that is down or refuses what takes it.
    fn parse(line: &'a str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [interface, network, _, flags, _, _, metric, mask, ..] = *fields.as_slice() else {
            return None;
        };
        let flags = u32::from_str_radix(flags, 16).ok()?;
        (flags & UP != 0 && flags & REFUSED == 0).then_some(Self {
            interface,
            network: address(network)?,
            mask: address(mask)?,
            metric: metric.parse().ok()?,
        })
    }

    fn leads_to(&self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.mask == self.network
    }
}

const UP: u32 = 0x1;
const REFUSED: u32 = 0x200;

/// Linux prints the four octets as one number of this machine's byte order.
fn address(digits: &str) -> Option<u32> {
    let number = u32::from_str_radix(digits, 16).ok()?;
    Some(u32::from_be_bytes(number.to_ne_bytes()))
}

/// The level of `interface` in `/proc/net/wireless`, in dBm; `None` where the driver tells it in a measure of its own.
fn strength(links: &str, interface: &str) -> Option<i32> {
    let (_, values) = links
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == interface)?;
    // Status, quality, level; a full stop marks what was measured since the last look.
    let level: i32 = values
        .split_ascii_whitespace()
        .nth(2)?
        .trim_end_matches('.')
        .parse()
        .ok()?;
    (-120..0).contains(&level).then_some(level)
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    const ROUTES: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
wlan0\t00000000\t0104A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
wlan0\t0004A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
wlan1\t0005A8C0\t00000000\t0000\t0\t0\t600\t00FFFFFF\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
";

    const LINKS: &str = "\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0      9        0
 wlan1: 0000   70.  200.  0        0      0      0      0      9        0
 wlan2: 0000    0  -256.  -256        0      0      0      0      9        0
 wlan3: 0000
";

    #[test]
    fn the_most_exact_route_that_is_up_tells_the_interface() {
        for (address, expected) in [
            ([192, 168, 4, 1], "wlan0"),
            ([192, 168, 1, 7], "eth0"),
            ([192, 168, 5, 1], "eth0"),
            ([8, 8, 8, 8], "eth0"),
        ] {
            assert_eq!(interface(ROUTES, address.into()), Some(expected), "{address:?}");
        }
        assert_eq!(interface("", Ipv4Addr::new(192, 168, 4, 1)), None);
        assert_eq!(
            interface("Iface\nwlan0\t0004A8C0\n", Ipv4Addr::new(192, 168, 4, 1)),
            None
        );
    }

    #[test]
    fn a_level_that_is_no_dbm_is_none() {
        assert_eq!(strength(LINKS, "wlan0"), Some(-56));
        for other in ["wlan1", "wlan2", "wlan3", "eth0", "wlan", ""] {
            assert_eq!(strength(LINKS, other), None, "{other}");
        }
    }

    #[test]
    fn what_stays_on_this_computer_has_no_signal() {
        assert_eq!(towards(Ipv4Addr::LOCALHOST), None);
    }
}

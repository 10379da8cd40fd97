use core::{net::Ipv4Addr, time::Duration};

use tokio::time::timeout;

use super::NotJoined;
use crate::kernel::AddressWatch;

/// Waits for an address on the interface with this number: an IPv4 address, or any if `ipv6_only` networks count as well,
/// which then is 0.0.0.0. If none comes in `time`, says what did.
pub(crate) async fn address(index: u32, ipv6_only: bool, time: Duration) -> Result<Ipv4Addr, NotJoined> {
    let unknown = |error: crate::Error| NotJoined::other(error.to_string());
    let mut watch = AddressWatch::new(index).map_err(unknown)?;
    let mut has_v6 = false;
    let found = async {
        loop {
            let addresses = watch.now().await.map_err(unknown)?;
            has_v6 = addresses.has_v6;
            match addresses.v4 {
                Some(v4) => return Ok(v4),
                None if has_v6 && ipv6_only => return Ok(Ipv4Addr::UNSPECIFIED),
                None => watch.changed().await,
            }
        }
    };
    match timeout(time, found).await {
        Ok(found) => found,
        Err(_) if has_v6 => Err(NotJoined::other(
            "the network gives IPv6 addresses only, which this device is not set up for",
        )),
        Err(_) => Err(NotJoined::other("the network gave no address (DHCP)")),
    }
}

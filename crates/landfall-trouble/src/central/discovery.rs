use core::ops::ControlFlow;

use heapless::Vec;
use landfall_protocomm::gatt::Uuid;
use trouble_host::types::uuid::Uuid as HostUuid;

use super::{Controller, Error, Peer};

/// A primary service of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its UUID.
    pub uuid: Uuid,
    first: u16,
    last: u16,
}

/// A characteristic of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characteristic {
    /// Its UUID.
    pub uuid: Uuid,
    /// The handle of its value.
    pub handle: u16,
    /// Its user description (0x2901), as it is; cut if it is longer than any endpoint's name.
    pub name: Option<Vec<u8, 64>>,
}

/// Most services that a device is asked for.
pub(super) const MOST_SERVICES: usize = 32;
/// Most characteristics of a service; devices have eight or so.
const MOST_CHARACTERISTICS: usize = 64;

impl<C: Controller> Peer<'_, '_, C> {
    /// Looks for the primary service `uuid`.
    ///
    /// # Errors
    /// [`Error::Att`] and the like; a service that is not there is no error.
    pub async fn service(&self, uuid: Uuid) -> Result<Option<Service>, Error> {
        let found = self.client.services_by_uuid(&host_uuid(uuid)).await?;
        Ok(found.first().map(|service| Service {
            uuid,
            first: *service.handle_range().start(),
            last: *service.handle_range().end(),
        }))
    }

    /// Lists all primary services.
    ///
    /// # Errors
    /// [`Error::Att`] and the like.
    pub async fn services(&self) -> Result<Vec<Service, MOST_SERVICES>, Error> {
        let found = self.client.services().await?;
        let service = |service: &trouble_host::prelude::ServiceHandle| {
            Some(Service {
                uuid: uuid_from(service.uuid().as_raw())?,
                first: *service.handle_range().start(),
                last: *service.handle_range().end(),
            })
        };
        Ok(found.iter().filter_map(service).collect())
    }

    /// Lists the characteristics of `service`, with their user descriptions.
    ///
    /// Descriptions are asked for by their type, several at a time, and not one by one.
    ///
    /// # Errors
    /// [`Error::Att`] and the like; a device that does not give descriptions this way is taken to have none.
    pub async fn characteristics(&self, service: &Service) -> Result<Vec<Characteristic, MOST_CHARACTERISTICS>, Error> {
        let mut found = Vec::<Characteristic, MOST_CHARACTERISTICS>::new();
        self.each(service, DECLARATION, |declaration| {
            declared(declaration).is_some_and(|characteristic| found.push(characteristic).is_ok())
        })
        .await?;
        let longest = self.longest_listed();
        let last_value = found.iter().map(|found| found.handle).max();
        let mut cut = Vec::<u16, MOST_CHARACTERISTICS>::new();
        let named = self
            .each(service, DESCRIPTION, |(handle, text)| {
                if text.len() < longest {
                    name(&mut found, handle, text);
                } else if cut.push(handle).is_err() {
                    return false;
                }
                Some(handle) < last_value
            })
            .await;
        match named {
            Ok(()) | Err(Error::Att(_)) => {}
            Err(error) => return Err(error),
        }
        for handle in cut {
            let mut text = [0; 64];
            let len = self.read(handle, &mut text).await?;
            name(&mut found, handle, text.get(..len).unwrap_or_default());
        }
        Ok(found)
    }

    /// Hands each attribute of a type to `take`, as long as it wants more.
    async fn each(
        &self,
        service: &Service,
        kind: u16,
        mut take: impl FnMut((u16, &[u8])) -> bool,
    ) -> Result<(), Error> {
        let mut before = 0;
        // No type is there more than once for each characteristic. A device could list 65,000, an answer each.
        let mut left = MOST_CHARACTERISTICS;
        let kind = HostUuid::new_short(kind);
        self.client
            .read_by_type(service.first, service.last, &kind, |handle, value| {
                // A device that does not go on would be asked for ever.
                let goes_on = handle > before;
                before = handle;
                left = left.saturating_sub(1);
                // Where a service's end is known, there may be no room for another: it needs a characteristic of its
                // own, whose declaration and value come first. (Most devices say that their last service has no end.)
                let is_last = handle.saturating_add(3) > service.last;
                if goes_on && take((handle, value)) && !is_last && left > 0 {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })
            .await?;
        Ok(())
    }

    /// Length from which on a value in a list may have been cut: what one packet holds beside the list's own bytes, and
    /// no more than the length's byte can say.
    fn longest_listed(&self) -> usize {
        self.mtu().saturating_sub(4).min(253)
    }
}

/// Reads a characteristic's declaration: properties, handle of the value, UUID.
fn declared((_, declaration): (u16, &[u8])) -> Option<Characteristic> {
    let [_, low, high, uuid @ ..] = declaration else {
        return None;
    };
    Some(Characteristic {
        uuid: uuid_from(uuid)?,
        handle: u16::from_le_bytes([*low, *high]),
        name: None,
    })
}

/// Gives the description at `handle` to the characteristic that it belongs to: the last one before it.
fn name(found: &mut [Characteristic], handle: u16, text: &[u8]) {
    let owner = found
        .iter_mut()
        .filter(|found| found.handle < handle)
        .max_by_key(|found| found.handle);
    if let Some(owner) = owner {
        owner.name = Vec::from_slice(text.get(..64).unwrap_or(text)).ok();
    }
}

fn uuid_from(bytes: &[u8]) -> Option<Uuid> {
    match *bytes {
        [low, high] => Some(Uuid::from_assigned(u16::from_le_bytes([low, high]))),
        _ => bytes.try_into().ok().map(Uuid::from_le_bytes),
    }
}

/// The UUID as the host has it. Those that Bluetooth has assigned are found by their short form only.
fn host_uuid(uuid: Uuid) -> HostUuid {
    let bytes = uuid.to_le_bytes();
    let [.., low, high, _, _] = bytes;
    let number = u16::from_le_bytes([low, high]);
    if Uuid::from_assigned(number) == uuid {
        HostUuid::new_short(number)
    } else {
        HostUuid::new_long(bytes)
    }
}

const DECLARATION: u16 = 0x2803;
const DESCRIPTION: u16 = 0x2901;

use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use heapless::Vec;
use landfall_protocomm::gatt::CharacteristicDescription;
use trouble_host::prelude::{
    AttributeServer, AttributeTable, CharacteristicProp, DefaultPacketPool, PermissionLevel, Service, Uuid,
};

use super::{Config, Error, Pairing};

/// The endpoints that a device can have.
pub const MAX_ENDPOINTS: usize = 16;

/// The service's declaration, and for each characteristic its declaration, its value, what a client sets for its
/// notifications, and its description.
const ATTRIBUTES: usize = 1 + 4 * MAX_ENDPOINTS;
const READ: CharacteristicProp = CharacteristicProp::Read;
const WRITE: CharacteristicProp = CharacteristicProp::Write;
/// Characteristic User Description.
const USER_DESCRIPTION: u16 = 0x2901;

/// The attributes that clients find, in the order of spec transports.md 1.2 and with consecutive handles from 1: as on
/// NimBLE before v5.5.5, which has neither the generic access service (0x1800) nor the generic attribute service
/// (0x1801). trouble-host adds none by itself.
///
/// The values are not the host's: [`Client`](super::client::Client) keeps them. The host only knows who may reach them.
pub(super) struct Table<'a> {
    server: AttributeServer<'a, NoopRawMutex, DefaultPacketPool, ATTRIBUTES, 1>,
    values: Vec<u16, MAX_ENDPOINTS>,
}

impl<'a> Table<'a> {
    /// Lays out the table of a device.
    ///
    /// # Errors
    /// When it has too many endpoints, or wants encryption that is not built in.
    pub(super) fn new(config: &Config<'a>) -> Result<Self, Error> {
        let description = config.description();
        // The table would panic when it is full.
        if description.characteristics().count() > MAX_ENDPOINTS {
            return Err(Error::TooManyEndpoints);
        }
        let permission = match config.pairing {
            Pairing::Required(_) if !cfg!(feature = "security") => return Err(Error::NoEncryption),
            Pairing::Required(_) => PermissionLevel::EncryptionRequired,
            Pairing::Offered(_) | Pairing::Refused => PermissionLevel::Allowed,
        };
        let properties: &[_] = if config.notify {
            &[READ, WRITE, CharacteristicProp::Notify]
        } else {
            &[READ, WRITE]
        };
        let mut table = AttributeTable::<'a, NoopRawMutex, ATTRIBUTES>::new();
        let mut service = table.add_service(Service::new(Uuid::Uuid128(description.uuid.uuid().to_le_bytes())));
        let mut values = Vec::new();
        for CharacteristicDescription { name, uuid } in description.characteristics() {
            // With notifications the host puts the descriptor 0x2902 here, before the other one, as NimBLE does.
            let mut characteristic = service
                .add_characteristic_small::<Vec<u8, 0>, _, _>(Uuid::Uuid128(uuid.to_le_bytes()), properties, Vec::new())
                .read_permission(permission)
                .write_permission(permission);
            characteristic.add_descriptor_ro::<str, _>(
                Uuid::new_short(USER_DESCRIPTION),
                PermissionLevel::Allowed,
                name,
            );
            let handle = characteristic.build().handle;
            values.push(handle).map_err(|_| Error::TooManyEndpoints)?;
        }
        Ok(Self {
            server: AttributeServer::new(table),
            values,
        })
    }

    pub(super) const fn server(&self) -> &AttributeServer<'a, NoopRawMutex, DefaultPacketPool, ATTRIBUTES, 1> {
        &self.server
    }

    /// The characteristic whose value has this handle.
    pub(super) fn characteristic(&self, handle: u16) -> Option<usize> {
        self.values.iter().position(|value| *value == handle)
    }
}

//! The world as BlueZ shows it on the bus.

use std::collections::HashMap;

use zbus::{OwnedVariant, Variant};

use super::{FakeAdapter, FakeDevice, FakeService, World};

pub(super) type Properties = HashMap<String, OwnedVariant>;
pub(super) type Interfaces = HashMap<String, Properties>;

pub(super) const ADAPTER: &str = "org.bluez.Adapter1";
pub(super) const DEVICE: &str = "org.bluez.Device1";
pub(super) const SERVICE: &str = "org.bluez.GattService1";
pub(super) const CHARACTERISTIC: &str = "org.bluez.GattCharacteristic1";
pub(super) const DESCRIPTOR: &str = "org.bluez.GattDescriptor1";

/// All objects, by path.
pub(super) fn all(world: &World) -> HashMap<String, Interfaces> {
    let mut objects = HashMap::new();
    for adapter in &world.adapters {
        let interfaces = Interfaces::from([(ADAPTER.to_owned(), of_adapter(adapter))]);
        objects.insert(format!("/org/bluez/{}", adapter.name), interfaces);
    }
    for device in world.devices.iter().filter(|device| device.is_listed) {
        let interfaces = Interfaces::from([(DEVICE.to_owned(), of_device(device))]);
        objects.insert(device_path(device), interfaces);
        let known = device.remembered.as_ref();
        if let Some(service) = known.or_else(|| device.is_connected.then_some(&device.service)) {
            objects.extend(of_service(&device_path(device), service));
        }
    }
    objects
}

pub(super) fn device_path(device: &FakeDevice) -> String {
    format!("/org/bluez/hci0/dev_{}", device.address.replace(':', "_"))
}

/// Whether `path` is that of `object`, or of something of its.
pub(super) fn is_below(path: &str, object: &str) -> bool {
    path.strip_prefix(object)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn of_adapter(adapter: &FakeAdapter) -> Properties {
    let state = match (adapter.is_on, adapter.is_blocked) {
        (true, _) => "on",
        (false, true) => "off-blocked",
        (false, false) => "off",
    };
    properties([
        ("Address", Variant::from(adapter.address.clone())),
        ("Powered", Variant::from(adapter.is_on)),
        ("PowerState", Variant::from(state)),
    ])
}

/// What is told of a device in the list. That it is near is told during a scan only.
fn of_device(device: &FakeDevice) -> Properties {
    let mut told = properties([
        ("Address", Variant::from(device.address.clone())),
        ("AddressType", Variant::from("random")),
        ("Alias", Variant::from(device.address.replace(':', "-"))),
        ("Paired", Variant::from(device.is_paired)),
        ("Trusted", Variant::from(false)),
        ("Connected", Variant::from(device.is_connected)),
        ("ServicesResolved", Variant::from(device.is_connected)),
        ("UUIDs", Variant::from(vec![device.service.uuid.clone()])),
    ]);
    if let Some(name) = device.name.as_ref().filter(|_| device.name_comes.is_zero()) {
        told.insert("Name".to_owned(), owned(Variant::from(name.clone())));
    }
    told
}

/// What is told of a device that is heard.
pub(super) fn of_heard(device: &FakeDevice) -> Properties {
    let mut told = of_device(device);
    told.insert("RSSI".to_owned(), owned(Variant::from(-60_i16)));
    if let Some((company, data)) = &device.manufacturer_data {
        let data = HashMap::from([(*company, Variant::from(data.clone()))]);
        told.insert("ManufacturerData".to_owned(), owned(Variant::from(data)));
    }
    told
}

/// A service's objects. The paths end with handles; each characteristic takes three.
pub(super) fn of_service(device: &str, service: &FakeService) -> HashMap<String, Interfaces> {
    let path = format!("{device}/service0010");
    let uuid = |uuid: &str| properties([("UUID", Variant::from(uuid.to_owned()))]);
    let mut objects = HashMap::new();
    for ((characteristic, name), handle) in service.characteristics.iter().zip((0x11..).step_by(3)) {
        let path = format!("{path}/char{handle:04x}");
        if name.is_some() {
            let interfaces = [(DESCRIPTOR.to_owned(), uuid("00002901-0000-1000-8000-00805f9b34fb"))];
            objects.insert(format!("{path}/desc{:04x}", handle + 2), Interfaces::from(interfaces));
        }
        objects.insert(
            path,
            Interfaces::from([(CHARACTERISTIC.to_owned(), uuid(characteristic))]),
        );
    }
    objects.insert(path, Interfaces::from([(SERVICE.to_owned(), uuid(&service.uuid))]));
    objects
}

/// The place of a characteristic, given the path of it or of its descriptor.
pub(super) fn place(path: &str) -> Option<usize> {
    let (_, rest) = path.split_once("/char")?;
    let handle = usize::from_str_radix(rest.get(..4)?, 16).ok()?;
    Some((handle.checked_sub(0x11)?) / 3)
}

pub(super) fn properties<const N: usize>(list: [(&str, Variant<'static>); N]) -> Properties {
    list.into_iter()
        .map(|(name, value)| (name.to_owned(), owned(value)))
        .collect()
}

fn owned(value: Variant<'static>) -> OwnedVariant {
    OwnedVariant::try_from(value).expect("no file descriptors")
}

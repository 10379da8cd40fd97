use landfall_protocomm::gatt::Uuid;
use zbus::{ObjectPath, Variant};

use super::{
    Config,
    objects::{Objects, object, path},
};

/// The objects that make up a GATT service for BlueZ: the service, a characteristic for each endpoint, and their
/// descriptions (spec transports.md 1.2).
pub(super) struct Application {
    objects: Objects,
    /// The endpoints' names.
    names: Vec<String>,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute<'a> {
    /// The characteristic with this number.
    Value(usize),
    /// A characteristic's description, with its text.
    Description(&'a str),
}

const SERVICE: &str = "org.bluez.GattService1";
const CHARACTERISTIC: &str = "org.bluez.GattCharacteristic1";
const DESCRIPTOR: &str = "org.bluez.GattDescriptor1";

/// Characteristic User Description.
const USER_DESCRIPTION: Uuid = Uuid::from_assigned(0x2901);

impl Application {
    pub(super) fn new(config: &Config<'_>) -> Self {
        let description = config.description();
        let service = path("/application/service");
        let properties = [
            ("UUID", text(description.uuid.uuid())),
            ("Primary", Variant::from(true)),
        ];
        let mut objects = Objects::from([object(service.clone(), SERVICE, properties.into())]);
        let mut names = Vec::new();
        for (number, characteristic) in description.characteristics().enumerate() {
            let value = value_path(number);
            let properties = [
                ("UUID", text(characteristic.uuid)),
                ("Service", Variant::from(service.clone())),
                ("Flags", Variant::from(flags(config))),
            ];
            let description = [
                ("UUID", text(USER_DESCRIPTION)),
                ("Characteristic", Variant::from(value.clone())),
                // Read before anybody pairs.
                ("Flags", Variant::from(vec!["read"])),
            ];
            objects.extend([
                object(value, CHARACTERISTIC, properties.into()),
                object(description_path(number), DESCRIPTOR, description.into()),
            ]);
            names.push(characteristic.name.to_owned());
        }
        Self { objects, names }
    }

    /// The path under which BlueZ finds the objects.
    pub(super) fn path() -> ObjectPath<'static> {
        path("/application")
    }

    pub(super) const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// What stands at `path`.
    pub(super) fn find(&self, path: &ObjectPath<'_>) -> Option<Attribute<'_>> {
        self.names.iter().enumerate().find_map(|(number, name)| {
            if *path == value_path(number) {
                Some(Attribute::Value(number))
            } else if *path == description_path(number) {
                Some(Attribute::Description(name))
            } else {
                None
            }
        })
    }
}

/// With leading zeros, so that paths are in the order of the numbers.
fn value_path(number: usize) -> ObjectPath<'static> {
    path(&format!("/application/service/value{number:03}"))
}

fn description_path(number: usize) -> ObjectPath<'static> {
    path(&format!("/application/service/value{number:03}/description"))
}

/// What can be done with a value.
fn flags(config: &Config<'_>) -> Vec<&'static str> {
    let mut flags = if config.encryption {
        vec!["encrypt-read", "encrypt-write"]
    } else {
        vec!["read", "write"]
    };
    if config.notify {
        flags.push("notify");
    }
    flags
}

fn text(uuid: Uuid) -> Variant<'static> {
    Variant::from(uuid.to_string())
}

#[cfg(test)]
mod tests {
    use landfall_protocomm::gatt::ServiceUuid;

    use super::*;

    const PLAIN: Config<'static> = Config {
        service: ServiceUuid::EXAMPLE,
        endpoints: &["prov-session", "prov-ctrl", "second", "first"],
        name: "PROV_A",
        manufacturer_data: &[],
        encryption: false,
        notify: false,
    };

    fn property(application: &Application, path: &ObjectPath<'_>, name: &str) -> String {
        let interfaces = &application.objects[path];
        interfaces.values().next().expect("one")[name].to_string()
    }

    #[test]
    fn the_table_is_in_the_order_of_the_original() {
        let application = Application::new(&PLAIN);
        let uuids: Vec<_> = application
            .objects
            .keys()
            .map(|path| property(&application, path, "UUID")[1..9].to_owned())
            .collect();
        let expected = [
            "021a9004", "021aff4f", "00002901", "021aff51", "00002901", "021aff54", "00002901", "021aff55", "00002901",
        ];
        assert_eq!(uuids, expected);
    }

    #[test]
    fn descriptions_are_found_by_their_paths() {
        let application = Application::new(&PLAIN);
        assert_eq!(application.find(&value_path(1)), Some(Attribute::Value(1)));
        assert_eq!(
            application.find(&description_path(1)),
            Some(Attribute::Description("prov-session"))
        );
        assert_eq!(application.find(&value_path(4)), None);
        assert_eq!(application.find(&Application::path()), None);
    }

    #[test]
    fn values_ask_for_encryption_and_descriptions_never_do() {
        let flags = |config: Config<'_>| {
            let application = Application::new(&config);
            [value_path(0), description_path(0)].map(|path| property(&application, &path, "Flags"))
        };
        assert_eq!(flags(PLAIN), [r#"["read", "write"]"#, r#"["read"]"#]);
        let encrypted = Config {
            encryption: true,
            notify: true,
            ..PLAIN
        };
        assert_eq!(
            flags(encrypted),
            [r#"["encrypt-read", "encrypt-write", "notify"]"#, r#"["read"]"#]
        );
    }
}

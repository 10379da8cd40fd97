use std::collections::BTreeMap;

use zbus::{ObjectPath, Variant};

use super::{
    Config,
    advertisement::{self, ADVERTISEMENT},
    application::{Application, Attribute},
};

/// What an object says of itself under one of its interfaces.
pub(super) type Properties = BTreeMap<&'static str, Variant<'static>>;

/// Objects with their interfaces. BlueZ makes its table in the order in which they are told, so that is a matter of
/// their paths.
pub(super) type Objects = BTreeMap<ObjectPath<'static>, BTreeMap<&'static str, Properties>>;

/// Under which all objects of ours stand.
pub(super) const ROOT: &str = "/org/landfall";

/// All objects that BlueZ can ask.
pub(super) struct Exported {
    application: Application,
    advertisement: Objects,
}

impl Exported {
    pub(super) fn new(config: &Config<'_>) -> Self {
        let properties = advertisement::properties(config);
        Self {
            application: Application::new(config),
            advertisement: [object(advertisement::path(), ADVERTISEMENT, properties)].into(),
        }
    }

    /// The objects under `path`, where BlueZ looks for them.
    pub(super) fn under(&self, path: &ObjectPath<'_>) -> Option<&Objects> {
        if *path == Application::path() {
            Some(self.application.objects())
        } else if *path == advertisement::path() {
            Some(&self.advertisement)
        } else {
            None
        }
    }

    /// What the object at `path` says of itself.
    pub(super) fn properties(&self, path: &ObjectPath<'_>, interface: &str) -> Option<&Properties> {
        let path = path.to_owned();
        let mut all = [self.application.objects(), &self.advertisement].into_iter();
        all.find_map(|objects| objects.get(&path)?.get(interface))
    }

    /// What can be read or written at `path`.
    pub(super) fn attribute(&self, path: &ObjectPath<'_>) -> Option<Attribute<'_>> {
        self.application.find(path)
    }
}

/// An object with one interface.
pub(super) fn object(
    path: ObjectPath<'static>,
    interface: &'static str,
    properties: Properties,
) -> (ObjectPath<'static>, BTreeMap<&'static str, Properties>) {
    (path, BTreeMap::from([(interface, properties)]))
}

/// The path of an object of ours.
pub(super) fn path(tail: &str) -> ObjectPath<'static> {
    let path = format!("{ROOT}{tail}");
    debug_assert!(ObjectPath::try_from(path.as_str()).is_ok(), "{path}");
    ObjectPath::from_string_unchecked(path)
}

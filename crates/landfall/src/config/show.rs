//! What all settings are set to, and where that comes from.

use core::str;
use std::{os::unix::ffi::OsStrExt as _, path};

use serde_json::Value as Json;

use super::{
    layers::Layers,
    setting::{Given, Kind, Origin, Setting, Value, quoted},
};
use crate::print::{Event, Printer};

/// Prints every setting: as a file that can be used again, or as events. Secrets are masked.
pub(super) fn all(layers: &Layers<'_>, printer: &Printer) {
    for (setting, given) in layers.all() {
        let value = Shown::of(setting, given);
        let origin = given.map(|given| &given.origin);
        printer.event(&Event::Setting {
            key: setting.key(),
            value: value.json(),
            origin: origin.map_or_else(|| "default".to_owned(), |origin| origin.layer().to_string()),
            place: origin.and_then(Origin::place),
            secret: setting.is_secret(),
            shown: value.line(setting, origin),
        });
    }
}

/// How a value is shown.
enum Shown {
    /// As a file has it.
    Value(Json),
    /// There is one, but it stays hidden, or a file cannot say it: what stands in its place.
    Masked(&'static str),
    /// Nobody has set it, and it has no default.
    Nothing,
}

impl Shown {
    fn of(setting: &Setting, given: Option<&Given<'_>>) -> Self {
        let octets = match given.map(|given| &given.value) {
            Some(_) if setting.is_secret() => return Self::Masked("********"),
            Some(Value::World(_)) => return Self::Masked("(a table)"),
            Some(Value::Typed(octets)) => octets.as_slice(),
            None => match setting.default() {
                Some(default) => default.as_bytes(),
                None => return Self::Nothing,
            },
        };
        let Ok(text) = str::from_utf8(octets) else {
            return Self::Masked("(no UTF-8 text)");
        };
        Self::Value(match setting.kind() {
            Kind::Switch => (text == "true").into(),
            Kind::Number => text.parse::<u64>().map_or_else(|_| text.into(), Json::from),
            _ if setting.is_path(text) => absolute(text).into(),
            _ => text.into(),
        })
    }

    fn json(&self) -> Json {
        match self {
            Self::Value(value) => value.clone(),
            Self::Masked(mask) => (*mask).into(),
            Self::Nothing => Json::Null,
        }
    }

    /// The line of a file that sets `setting` so. What is masked is a comment, and so is what nobody has set, with its
    /// meaning.
    fn line(&self, setting: &Setting, origin: Option<&Origin>) -> String {
        let key = setting.key();
        let assignment = match self {
            Self::Value(Json::String(text)) => format!("{key} = {}", quoted(text)),
            Self::Value(value) => format!("{key} = {value}"),
            Self::Masked(mask) => format!("# {key} = {}", quoted(mask)),
            Self::Nothing => format!("# {key} = {}", setting.example()),
        };
        let remark = match (self, origin) {
            (Self::Nothing, _) => setting.meaning(),
            (_, None) => "default".to_owned(),
            (_, Some(Origin::CommandLine)) => "from the command line".to_owned(),
            (_, Some(origin)) => format!("from {}", origin.place().unwrap_or_default()),
        };
        format!("{assignment:<36} # {remark}")
    }
}

/// A path that is the same from everywhere, since the file may be used in another directory.
fn absolute(text: &str) -> String {
    let absolute = path::absolute(text).ok();
    absolute
        .and_then(|path| path.into_os_string().into_string().ok())
        .unwrap_or_else(|| text.to_owned())
}

//! The configuration file.

use core::ops::Range;
use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use landfall_device::World;
use rustix::process::{getegid, geteuid};
use serde::Deserialize as _;
use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue, ValueDeserializer},
};
use zeroize::Zeroizing;

use super::setting::{Given, Kind, Origin, Setting, Value};
use crate::{
    failure::{Failure, Problem},
    print::{Printer, text::printable},
};

/// A file that was read.
pub(super) struct ConfigFile<'a> {
    path: PathBuf,
    given: Vec<Given<'a>>,
}

/// Reads the file at `path`, which can set `settings`.
///
/// # Errors
///
/// A file that is not there or no TOML, a key that is no setting, a value of the wrong type. What they say never repeats
/// a line of the file, where a secret may stand.
pub(super) fn read<'a>(path: &Path, settings: &'a [Setting]) -> Result<ConfigFile<'a>, Failure> {
    let shown = printable(path.as_os_str().as_bytes());
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        Failure::new(Problem::FileUnreadable)
            .saying(format!("the configuration cannot be read from {shown}"))
            .because(error)
    })?;
    let reader = Reader {
        shown: &shown,
        directory: path.parent().unwrap_or_else(|| Path::new("")),
        text: &text,
        settings,
    };
    let given = reader.read()?;
    Ok(ConfigFile {
        path: path.to_owned(),
        given,
    })
}

impl<'a> ConfigFile<'a> {
    /// What it sets.
    pub(super) fn into_given(self) -> Vec<Given<'a>> {
        self.given
    }

    /// Advises against a secret where others can read it.
    pub(super) fn warn_of_readers(&self, printer: &Printer) {
        let Some(secret) = self.given.iter().find(|given| given.holds_secret()) else {
            return;
        };
        let Ok(found) = fs::metadata(&self.path) else { return };
        let path = printable(self.path.as_os_str().as_bytes());
        let is_ours = found.uid() == geteuid().as_raw();
        // A group that is not the owner's own was chosen: a service reads it by that.
        let readers = if is_ours && found.gid() == getegid().as_raw() {
            READABLE_BY_GROUP | READABLE_BY_ALL
        } else {
            READABLE_BY_ALL
        };
        if found.mode() & readers != 0 {
            let key = secret.setting.key();
            let way_out = if is_ours {
                format!("chmod 600 {path}")
            } else {
                format!("chgrp it to the group of who has to, then chmod 640 {path}")
            };
            printer.hint(&format!(
                "others on this machine can read {path}, and it holds `{key}`: {way_out}"
            ));
        }
    }
}

/// A file in the middle of being read.
struct Reader<'a, 'i> {
    /// Its name, for messages.
    shown: &'i str,
    /// Where it is: its paths begin there.
    directory: &'i Path,
    text: &'i str,
    settings: &'a [Setting],
}

impl<'a, 'i> Reader<'a, 'i> {
    fn read(&self) -> Result<Vec<Given<'a>>, Failure> {
        let table = DeTable::parse(self.text).map_err(|error| {
            Failure::new(Problem::SettingInvalid)
                .saying(format!("{} is not TOML", self.place(error.span().unwrap_or_default())))
                .because(printable(error.message().as_bytes()))
        })?;
        let mut entries: Vec<_> = table.into_inner().into_iter().collect();
        // Of several errors the first in the file is told.
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
            .into_iter()
            .map(|(key, value)| {
                let name = key.get_ref();
                let setting = self.settings.iter().find(|setting| setting.key() == name);
                let setting = setting.ok_or_else(|| self.unknown(name, key.span()))?;
                Ok(Given {
                    setting,
                    origin: self.origin(key.span()),
                    value: self.value(setting, value)?,
                })
            })
            .collect()
    }

    fn value(&self, setting: &Setting, value: Spanned<DeValue<'i>>) -> Result<Value, Failure> {
        let span = value.span();
        match (setting.kind(), value.get_ref()) {
            (Kind::Switch, DeValue::Boolean(on)) => Ok(Value::typed(on.to_string())),
            (Kind::Number, DeValue::Integer(number)) => Ok(Value::typed(decimal(number))),
            (Kind::Text, DeValue::String(text)) => Ok(Value::typed(text.as_bytes())),
            (Kind::Path | Kind::World, DeValue::String(text)) => Ok(Value::typed(self.path(setting, text))),
            (Kind::World, DeValue::Table(_)) => self.world(value),
            (_, other) => Err(Failure::new(Problem::SettingInvalid)
                .saying(format!(
                    "{}: `{}` takes {}",
                    self.place(span),
                    setting.key(),
                    setting.takes()
                ))
                .because(format!("what stands there is of type {}", other.type_str()))
                .hint(format!("for example: {} = {}", setting.key(), setting.example()))),
        }
    }

    /// A path as seen from where the program runs.
    fn path(&self, setting: &Setting, text: &str) -> Vec<u8> {
        if setting.is_path(text) {
            self.directory.join(text).into_os_string().into_encoded_bytes()
        } else {
            text.into()
        }
    }

    fn world(&self, table: Spanned<DeValue<'i>>) -> Result<Value, Failure> {
        let span = table.span();
        World::deserialize(ValueDeserializer::from(table))
            .map(Value::World)
            .map_err(|error| {
                let span = error.span().unwrap_or(span);
                Failure::new(Problem::WorldInvalid)
                    .saying(format!("{}: `world` describes no world", self.place(span)))
                    .because(printable(error.message().as_bytes()))
            })
    }

    fn unknown(&self, key: &str, span: Range<usize>) -> Failure {
        let failure = Failure::new(Problem::SettingUnknown).saying(format!(
            "{}: there is no setting `{}`",
            self.place(span),
            printable(key.as_bytes())
        ));
        match nearest(key, self.settings) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => {
                let keys: Vec<_> = self.settings.iter().map(Setting::key).collect();
                failure.hint(format!("there are: {}", keys.join(", ")))
            }
        }
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let (line, column) = self.position(span);
        Origin::File {
            file: self.shown.to_owned(),
            line,
            column,
        }
    }

    /// The place for messages, as compilers and editors have it.
    fn place(&self, span: Range<usize>) -> String {
        let (line, column) = self.position(span);
        format!("{}:{line}:{column}", self.shown)
    }

    /// Line and column, from 1.
    fn position(&self, span: Range<usize>) -> (usize, usize) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        (before.matches('\n').count() + 1, column + 1)
    }
}

/// The number as clap reads it. One that is too long for any setting stays as it was written, for clap to refuse.
fn decimal(number: &DeInteger<'_>) -> String {
    i128::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string())
}

/// The setting whose name is most like `key`, if any is like it at all.
fn nearest<'a>(key: &str, settings: &'a [Setting]) -> Option<&'a str> {
    let key = key.to_lowercase().replace('-', "_");
    let likeness = |setting: &Setting| strsim::jaro_winkler(&key, setting.key());
    let nearest = settings
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(nearest) > LIKE).then(|| nearest.key())
}

/// From here on two names look like each other; 1.0 is the same name.
const LIKE: f64 = 0.8;

/// Permissions to read.
const READABLE_BY_GROUP: u32 = 0o040;
const READABLE_BY_ALL: u32 = 0o004;

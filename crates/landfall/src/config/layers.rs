//! One layer over the other, and what comes of it.

use std::ffi::{OsStr, OsString};

use clap::{
    ArgMatches, Error, FromArgMatches as _,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::{
    complete,
    file::ConfigFile,
    setting::{Given, Layer, Origin, Setting, Value},
};
use crate::{
    args::{Cli, Command, WorldSource},
    failure::{Failure, Problem},
    print::text::printable,
};

/// Settings and what they are set to, by the layers that were added. Those added first win.
pub(super) struct Layers<'a> {
    settings: &'a [Setting],
    given: Vec<Given<'a>>,
}

impl<'a> Layers<'a> {
    /// No layer yet.
    pub(super) fn new(settings: &'a [Setting]) -> Self {
        Self {
            settings,
            given: Vec::new(),
        }
    }

    /// Adds what was typed. Whether that goes together is clap's to say.
    pub(super) fn add_typed(&mut self, typed: &ArgMatches) {
        let is_typed = |setting: &&Setting| typed.value_source(setting.key()) == Some(ValueSource::CommandLine);
        for setting in self.settings.iter().filter(is_typed) {
            // A switch without a value is on.
            let last = typed.get_raw(setting.key()).and_then(Iterator::last);
            self.given.push(Given {
                setting,
                value: Value::typed(last.map_or(&b"true"[..], OsStr::as_encoded_bytes)),
                origin: Origin::CommandLine,
            });
        }
    }

    /// Adds the environment, as `find` knows it.
    ///
    /// # Errors
    ///
    /// Two variables that exclude each other.
    pub(super) fn add_variables(&mut self, find: &dyn Fn(&OsStr) -> Option<OsString>) -> Result<(), Failure> {
        let variables = self.settings.iter().filter_map(|setting| {
            let value = find(setting.variable())?;
            Some(Given {
                setting,
                value: Value::typed(value.into_encoded_bytes()),
                origin: Origin::Variable(setting.variable().to_string_lossy().into_owned()),
            })
        });
        self.add(variables.collect())
    }

    /// Whether nothing is set.
    pub(super) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Adds what a file says of these settings; it may be another command's file, with more.
    ///
    /// # Errors
    ///
    /// Two of its settings that exclude each other.
    pub(super) fn add_file(&mut self, file: ConfigFile<'a>) -> Result<(), Failure> {
        let mut given = file.into_given();
        given.retain(|given| self.settings.iter().any(|setting| setting.key() == given.setting.key()));
        self.add(given)
    }

    /// Adds a layer: what the ones above have set, or exclude, gives way.
    fn add(&mut self, mut layer: Vec<Given<'a>>) -> Result<(), Failure> {
        layer.retain(|given| {
            let gives_way =
                |above: &Given<'_>| above.setting.key() == given.setting.key() || above.setting.excludes(given.setting);
            !self.given.iter().any(gives_way)
        });
        for (at, one) in layer.iter().enumerate() {
            let others = layer.iter().skip(at + 1);
            if let Some(other) = others.into_iter().find(|other| one.setting.excludes(other.setting)) {
                return Err(exclusive(one, other));
            }
        }
        self.given.append(&mut layer);
        Ok(())
    }

    /// All settings with what they are set to, if anything; in the order of the definitions.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a Setting, Option<&Given<'a>>)> {
        self.settings.iter().map(|setting| (setting, self.of(setting.key())))
    }

    /// The command to which the names of `path` lead, with all that was set.
    ///
    /// # Errors
    ///
    /// A value that its setting cannot have, or a setting that another one needs. Where only what was typed can be the
    /// cause, the process ends as clap does.
    pub(super) fn command(&self, path: &[&str]) -> Result<Command, Failure> {
        let words = self
            .given
            .iter()
            .filter_map(|given| given.value.as_typed(given.setting));
        let names = ["landfall"].iter().chain(path).map(OsString::from);
        let line = names.chain(words);
        let matches = complete().try_get_matches_from(line);
        let matches = matches.map_err(|error| self.failure(error))?;
        // What was parsed has all that the command needs, or the definitions contradict themselves.
        let mut command = Cli::from_arg_matches(&matches)
            .unwrap_or_else(|error| error.exit())
            .command;
        if let Some(secret) = command.device_secret() {
            secret.settle_scheme(|key| self.layer(key));
        }
        if let (Command::Simulate(simulate), Some(Value::World(world))) =
            (&mut command, self.of("world").map(|given| &given.value))
        {
            simulate.world = Some(WorldSource::Table(world.clone()));
        }
        Ok(command)
    }

    fn of(&self, key: &str) -> Option<&Given<'a>> {
        self.given.iter().find(|given| given.setting.key() == key)
    }

    fn layer(&self, key: &str) -> Option<Layer> {
        self.of(key).map(|given| given.origin.layer())
    }

    /// What an error of clap's means where the value was not typed.
    fn failure(&self, error: Error) -> Failure {
        let named = strings(&error, ContextKind::InvalidArg);
        let is_meant = |setting: &Setting| named.iter().any(|name| setting.is_called(name));
        let given = self.given.iter().find(|given| is_meant(given.setting));
        match given {
            Some(given) if given.origin != Origin::CommandLine => invalid(given, &error),
            None if self.given.iter().any(|given| given.origin != Origin::CommandLine) => {
                let missing = self.settings.iter().filter(|setting| is_meant(setting));
                missing_beside(missing.map(Setting::key).collect::<Vec<_>>().join("`, `"))
            }
            _ => error.exit(),
        }
    }
}

/// The strings of `kind` in an error.
fn strings(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}

/// A value that its setting cannot have.
fn invalid(given: &Given<'_>, error: &Error) -> Failure {
    let name = given.origin.name(given.setting);
    let failure = Failure::new(Problem::SettingInvalid);
    let value = strings(error, ContextKind::InvalidValue).concat();
    let failure = if given.setting.is_secret() || value.is_empty() {
        failure.saying(format!("{name} has a value that it cannot have"))
    } else {
        failure.saying(format!("{name} cannot be {}", printable(value.as_bytes())))
    };
    let why = core::error::Error::source(error).map(|source| printable(source.to_string().as_bytes()));
    match (error.kind(), why) {
        (ErrorKind::ValueValidation, Some(why)) => failure.because(why),
        _ => failure.because(format!("it takes {}", given.setting.takes())),
    }
    .hint(example(given.setting, &given.origin))
}

/// How it would be right, there where it is wrong.
fn example(setting: &Setting, origin: &Origin) -> String {
    let example = setting.example();
    match origin {
        Origin::File { .. } => format!("for example: {} = {example}", setting.key()),
        Origin::Variable(name) => format!("for example: {name}={}", example.trim_matches('"')),
        Origin::CommandLine => format!("for example: {}={}", setting.flag(), example.trim_matches('"')),
    }
}

fn exclusive(one: &Given<'_>, other: &Given<'_>) -> Failure {
    Failure::new(Problem::SettingInvalid)
        .saying(format!(
            "{} cannot stand beside `{}`",
            other.origin.name(other.setting),
            one.setting.key()
        ))
        .because("they are two ways to say one thing")
        .hint("leave out one of them")
}

fn missing_beside(keys: String) -> Failure {
    Failure::new(Problem::SettingInvalid)
        .saying(format!("`{keys}` is missing"))
        .because("another setting needs it")
        .hint("set both or none of them")
}

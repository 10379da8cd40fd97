//! What can be set: the arguments of a command, seen as settings.

use core::{any::TypeId, fmt, str};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStringExt as _,
};

use clap::{Arg, CommandFactory as _, ValueHint};
use landfall_device::World;
use zeroize::Zeroizing;

use crate::{
    args::{Cli, ConfigArgs, WorldSource},
    print::text::from_hex,
    secrets::Hidden,
};

/// One setting, as an argument defines it.
pub(super) struct Setting {
    arg: Arg,
    /// The keys of those it cannot stand beside.
    excludes: Vec<String>,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Number,
    /// Text.
    Text,
    /// The path of a file or directory.
    Path,
    /// The path of a world file, or the world itself.
    World,
}

/// A value that some layer gives a setting.
pub(super) struct Given<'a> {
    pub(super) setting: &'a Setting,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// What a setting is set to.
pub(super) enum Value {
    /// As it would be typed. It may be a secret, so it is wiped.
    Typed(Zeroizing<Vec<u8>>),
    /// A table of the file.
    World(World),
}

/// Where a value comes from; the later ones win over the earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The configuration file.
    File { file: String, line: usize, column: usize },
    /// A variable of the environment.
    Variable(String),
    /// The command line.
    CommandLine,
}

/// How near to the user a value was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    File,
    Environment,
    CommandLine,
}

/// The settings of the command to which the names of `path` lead, in the order of its help; none if it has no
/// configuration.
pub(super) fn all_of(path: &[&str]) -> Vec<Setting> {
    let mut cli = Cli::command();
    cli.build();
    let found = path.iter().try_fold(&cli, |outer, name| outer.find_subcommand(name));
    let Some(command) = found.filter(|command| ConfigArgs::are_in(command)) else {
        return Vec::new();
    };
    let settings = || {
        let own = command.get_arguments().filter(|arg| !arg.is_global_set());
        own.filter(|arg| arg.get_env().is_some() && !ConfigArgs::own(arg))
    };
    let exclude = |one: &Arg, other: &Arg| {
        let excluded = command.get_arg_conflicts_with(one);
        excluded.iter().any(|arg| arg.get_id() == other.get_id())
    };
    let excluded_by = |arg: &Arg| {
        let others = settings().filter(|other| exclude(arg, other) || exclude(other, arg));
        others.map(|other| other.get_id().to_string()).collect()
    };
    settings()
        .map(|arg| Setting {
            excludes: excluded_by(arg),
            arg: arg.clone(),
        })
        .collect()
}

/// The settings that a file for the command may have: what forgets in place of a device takes the device's.
pub(super) fn all_in_file_of(path: &[&str]) -> Vec<Setting> {
    all_of(if path == DEVICE_RESET { &["device", "run"] } else { path })
}

/// The names that lead to the command that forgets in place of a device.
pub(super) const DEVICE_RESET: [&str; 2] = ["device", "reset"];

impl Setting {
    /// Its name in a file.
    pub(super) fn key(&self) -> &str {
        self.arg.get_id().as_str()
    }

    /// Its name on the command line.
    pub(super) fn flag(&self) -> String {
        format!("--{}", self.arg.get_long().unwrap_or_default())
    }

    /// Its name as clap's errors have it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.arg.to_string() == name
    }

    /// Its name in the environment.
    pub(super) fn variable(&self) -> &OsStr {
        self.arg.get_env().unwrap_or_default()
    }

    /// What it takes.
    pub(super) fn kind(&self) -> Kind {
        let holds = |id: TypeId| self.arg.get_value_parser().type_id() == id;
        if holds(TypeId::of::<bool>()) {
            Kind::Switch
        } else if [
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
        ]
        .into_iter()
        .any(holds)
        {
            Kind::Number
        } else if holds(TypeId::of::<WorldSource>()) {
            Kind::World
        } else if matches!(
            self.arg.get_value_hint(),
            ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath
        ) {
            Kind::Path
        } else {
            Kind::Text
        }
    }

    /// Whether its value must not be shown.
    pub(super) fn is_secret(&self) -> bool {
        self.arg.get_value_parser().type_id() == TypeId::of::<Hidden>()
    }

    /// Whether both cannot be set.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        self.excludes.iter().any(|key| key == other.key())
    }

    /// Whether `text` is the path of something to be read from or written to, and not the value itself: standard input
    /// is no path, and neither are the digits of a verifier.
    pub(super) fn is_path(&self, text: &str) -> bool {
        match self.kind() {
            Kind::Path | Kind::World => text != "-" && !(self.is_secret() && from_hex(text).is_some()),
            Kind::Switch | Kind::Number | Kind::Text => false,
        }
    }

    /// What it is set to where nobody sets it.
    pub(super) fn default(&self) -> Option<&OsStr> {
        self.arg.get_default_values().first().map(|value| value.as_os_str())
    }

    /// What it is for, in a line.
    pub(super) fn meaning(&self) -> String {
        let help = self.arg.get_help().map(ToString::to_string).unwrap_or_default();
        let variable = format!(" (also {})", self.variable().display());
        help.replace(&variable, "")
    }

    /// What it takes, in words.
    pub(super) fn takes(&self) -> String {
        match self.kind() {
            Kind::Switch => "true or false".to_owned(),
            Kind::Number => "a whole number".to_owned(),
            Kind::Text if !self.choices().is_empty() => self.choices().join(" or "),
            Kind::Text => "text".to_owned(),
            Kind::Path if self.is_secret() => "hex or a path".to_owned(),
            Kind::Path => "a path".to_owned(),
            Kind::World => "a path or a table".to_owned(),
        }
    }

    /// The values it can have, if they have names.
    fn choices(&self) -> Vec<String> {
        let all = self.arg.get_possible_values();
        all.iter().map(|value| value.get_name().to_owned()).collect()
    }

    /// A value that can be written, or what to write in its place, as in a file.
    pub(super) fn example(&self) -> String {
        let names = self.arg.get_value_names().and_then(|names| names.first());
        // The last of several alternatives, as in `0|1|2`.
        let name = || names.and_then(|name| name.split('|').next_back());
        let shown = match (self.default(), self.choices().into_iter().next()) {
            (Some(default), _) => default.to_string_lossy().into_owned(),
            (None, Some(choice)) => choice,
            (None, None) => name().unwrap_or_default().to_owned(),
        };
        match self.kind() {
            Kind::Switch => "true".to_owned(),
            Kind::Number => shown,
            _ => quoted(&shown),
        }
    }
}

impl Given<'_> {
    /// Whether the value is a secret itself, and not the path of a file that holds one.
    pub(super) fn holds_secret(&self) -> bool {
        let is_path = match &self.value {
            Value::Typed(octets) => str::from_utf8(octets).is_ok_and(|text| self.setting.is_path(text)),
            Value::World(_) => false,
        };
        self.setting.is_secret() && !is_path
    }
}

impl Value {
    /// A value as it would be typed.
    pub(super) fn typed(octets: impl Into<Vec<u8>>) -> Self {
        Self::Typed(Zeroizing::new(octets.into()))
    }

    /// The words of a command line that give this value; clap keeps a copy of them that nobody wipes, as it does of what
    /// was really typed.
    pub(super) fn as_typed(&self, setting: &Setting) -> Option<OsString> {
        let Self::Typed(octets) = self else { return None };
        let mut words = format!("{}=", setting.flag()).into_bytes();
        words.extend_from_slice(octets);
        Some(OsString::from_vec(words))
    }
}

impl Origin {
    /// How near to the user it is.
    pub(super) fn layer(&self) -> Layer {
        match self {
            Self::File { .. } => Layer::File,
            Self::Variable(_) => Layer::Environment,
            Self::CommandLine => Layer::CommandLine,
        }
    }

    /// What `setting` is called there, and where that is.
    pub(super) fn name(&self, setting: &Setting) -> String {
        match self {
            Self::File { file, line, column } => format!("{file}:{line}:{column}: `{}`", setting.key()),
            Self::Variable(name) => name.clone(),
            Self::CommandLine => setting.flag(),
        }
    }

    /// The place, short: a line of a file, or a variable's name.
    pub(super) fn place(&self) -> Option<String> {
        match self {
            Self::File { file, line, .. } => Some(format!("{file}:{line}")),
            Self::Variable(name) => Some(name.clone()),
            Self::CommandLine => None,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
        })
    }
}

/// Text as TOML writes it, without anything that could drive a terminal.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

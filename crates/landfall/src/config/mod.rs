//! Where settings come from: the command line, the environment and a file, in this order.
//!
//! The definitions of the arguments are the one source of what can be set. What the command line leaves open is taken
//! from the environment, what that leaves open from the file, and all of it then goes through the same definitions as if
//! it had been typed: types, ranges, names of values and what excludes what are said once. docs/configuration.md is the
//! user's side of this.

mod file;
mod layers;
mod setting;
mod show;
#[cfg(test)]
mod tests;

use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{Arg, ArgMatches, CommandFactory as _, FromArgMatches as _, Id, Parser as _, builder::Resettable};

use crate::{
    args::{Cli, Command, ConfigArgs, Output},
    failure::Failure,
    print::Printer,
};

use layers::Layers;

/// What was typed, before anything else is looked at.
pub(crate) struct CommandLine {
    cli: Cli,
    matches: ArgMatches,
}

impl CommandLine {
    /// Reads this process's command line. Ends the process, as clap does, where that asks for help or makes no sense.
    pub(crate) fn read() -> Self {
        let typed: Vec<OsString> = env::args_os().collect();
        let parsed = lenient().try_get_matches_from(&typed).and_then(|matches| {
            let cli = Cli::from_arg_matches(&matches)?;
            Ok(Self { cli, matches })
        });
        parsed.unwrap_or_else(|error| {
            if !error.use_stderr() {
                // Help shows the definitions as they are, not the lenient ones.
                Cli::parse_from(&typed);
            }
            error.exit()
        })
    }

    /// How to print.
    pub(crate) fn output(&self) -> &Output {
        &self.cli.output
    }

    /// The command with all its settings, or `None` if showing them is all that was asked for.
    ///
    /// # Errors
    ///
    /// A setting that does not exist or makes no sense, a file that cannot be read.
    pub(crate) fn complete(self, printer: &Printer) -> Result<Option<Command>, Failure> {
        let (path, typed) = innermost(&self.matches);
        let settings = setting::all_of(&path);
        if settings.is_empty() {
            return Ok(Some(self.cli.command));
        }
        let mut layers = Layers::new(&settings);
        layers.add_typed(typed);
        layers.add_variables(&variable)?;
        let in_file = setting::all_in_file_of(&path);
        let usual = || usual_file(&path).filter(|_| layers.is_empty());
        if let Some(path) = config_file(typed).or_else(usual) {
            let file = file::read(&path, &in_file)?;
            file.warn_of_readers(printer);
            layers.add_file(file)?;
        }
        let command = layers.command(&path)?;
        if typed.get_flag("print_config") {
            show::all(&layers, printer);
            return Ok(None);
        }
        Ok(Some(command))
    }
}

/// The definitions with settings that need and exclude nothing and know no variables: whether what was typed goes
/// together can only be said when all of it is known.
fn lenient() -> clap::Command {
    with_settings(|arg| {
        without_variable(arg)
            .requires(Resettable::<Id>::Reset)
            .conflicts_with(Resettable::<Id>::Reset)
    })
}

/// The definitions, whose variables were read already.
fn complete() -> clap::Command {
    with_settings(without_variable)
}

fn without_variable(arg: Arg) -> Arg {
    arg.env(Resettable::Reset)
}

/// The definitions, changed by `change` in commands that can be configured.
fn with_settings(change: fn(Arg) -> Arg) -> clap::Command {
    Cli::command().mut_subcommands(|command| changed(command, change))
}

fn changed(command: clap::Command, change: fn(Arg) -> Arg) -> clap::Command {
    let command = if ConfigArgs::are_in(&command) {
        command.mut_args(change)
    } else {
        command
    };
    command.mut_subcommands(|inner| changed(inner, change))
}

/// The names that lead to the command that was typed, and what was typed for it.
fn innermost(matches: &ArgMatches) -> (Vec<&str>, &ArgMatches) {
    let (mut path, mut typed) = (Vec::new(), matches);
    while let Some((name, inner)) = typed.subcommand() {
        path.push(name);
        typed = inner;
    }
    (path, typed)
}

/// A variable of the environment. An empty one is as good as none.
fn variable(name: &OsStr) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The file of the device that `landfall device reset` stands in for, which is the service if nothing says otherwise.
fn usual_file(path: &[&str]) -> Option<PathBuf> {
    let is_reset = path == setting::DEVICE_RESET;
    Some(PathBuf::from(SERVICE_FILE)).filter(|file| is_reset && file.exists())
}

/// What landfall.service names.
const SERVICE_FILE: &str = "/etc/landfall/device.toml";

fn config_file(typed: &ArgMatches) -> Option<PathBuf> {
    let typed = typed.get_one::<PathBuf>("config").cloned();
    typed.or_else(|| variable(OsStr::new("LANDFALL_CONFIG")).map(PathBuf::from))
}

//! `landfall completions`

use clap::CommandFactory as _;

use crate::{
    args::{Cli, Completions, Program},
    esp_prov,
    print::Printer,
};

/// Prints a shell's completion script, made from the definitions of the arguments.
pub(super) fn run(args: &Completions, printer: &Printer) {
    let mut command = match args.program {
        Program::Landfall => Cli::command(),
        Program::EspProv => esp_prov::Args::command(),
    };
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    printer.raw(&script);
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn every_choice_of_an_option_is_offered() {
        for mut command in [Cli::command(), esp_prov::Args::command()] {
            let mut script = Vec::new();
            let name = command.get_name().to_owned();
            clap_complete::generate(Shell::Bash, &mut command, name, &mut script);
            let script = String::from_utf8(script).expect("text");
            for choices in command.get_subcommands().chain([&command]).flat_map(choices) {
                assert!(script.contains(&choices), "{choices}");
            }
        }
    }

    /// What may stand behind each option of `command`, as bash takes it.
    fn choices(command: &Command) -> Vec<String> {
        let options = command.get_opts().filter(|option| !option.is_hide_set());
        let values = options
            .map(|option| option.get_possible_values())
            .filter(|values| !values.is_empty());
        values
            .map(|values| {
                let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
                format!("compgen -W \"{}\"", names.join(" "))
            })
            .collect()
    }
}

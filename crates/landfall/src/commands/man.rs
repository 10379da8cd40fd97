//! `landfall man`

use std::{fs, io, path::Path};

use clap::{Command, CommandFactory as _};
use clap_mangen::{
    Man as Page,
    roff::{Roff, roman},
};

use super::files;
use crate::{
    args::{Cli, Man},
    esp_prov,
    failure::{Failure, Problem},
    print::{Event, Printer},
};

/// Writes the manual pages, made from the definitions of the arguments.
pub(super) fn run(args: &Man, printer: &Printer) -> Result<(), Failure> {
    let landfall = built(Cli::command());
    let Some(directory) = &args.directory else {
        printer.raw(&page(&landfall));
        return Ok(());
    };
    fs::create_dir_all(directory).map_err(|error| {
        Failure::new(Problem::FileUnwritable)
            .saying(format!("the directory {} cannot be made", directory.display()))
            .because(error)
    })?;
    let esp_prov = built(esp_prov::Args::command());
    let pages = [&landfall, &esp_prov].into_iter().flat_map(with_subcommands);
    let written: Vec<String> = pages
        .map(|command| write(command, directory))
        .collect::<Result<_, _>>()?;
    // Told in the end only: a reader that goes away in between ends the program.
    for file in written {
        printer.event(&Event::Written { file });
    }
    Ok(())
}

/// `command` and all below it, but for what is hidden.
fn with_subcommands(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    [command].into_iter().chain(below.flat_map(with_subcommands)).collect()
}

/// The definitions with what every command inherits; `help` needs no page of its own.
fn built(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

fn write(command: &Command, directory: &Path) -> Result<String, Failure> {
    let path = directory.join(Page::new(command.clone()).get_filename());
    files::write(&path, &page(command))?;
    Ok(path.display().to_string())
}

/// The manual page of `command`.
fn page(command: &Command) -> Vec<u8> {
    let page = Page::new(command.clone())
        // An empty date would be left out, and what follows would take its place.
        .date(" ")
        .source(concat!("Landfall ", env!("CARGO_PKG_VERSION")))
        .manual("Landfall Manual");
    let mut text = Vec::new();
    render(&page, command, &mut text).expect("a vector takes any bytes");
    text
}

fn render(page: &Page, command: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    page.render_title(text)?;
    page.render_name_section(text)?;
    page.render_synopsis_section(text)?;
    page.render_description_section(text)?;
    page.render_options_section(text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(text)?;
    }
    let rest = command.get_after_long_help().or_else(|| command.get_after_help());
    match rest {
        Some(rest) => sections(&rest.to_string()).to_writer(text),
        None => Ok(()),
    }
}

/// What follows the options in the help, with each `Heading:` as a section and its indented lines as they are.
fn sections(help: &str) -> Roff {
    let mut roff = Roff::new();
    let mut as_is = false;
    for line in help.lines().filter(|line| !line.is_empty()) {
        let indented = line.starts_with(' ');
        let heading = line.strip_suffix(':').filter(|_| !indented);
        if indented != as_is {
            roff.control(if indented { "nf" } else { "fi" }, []);
            as_is = indented;
        }
        match heading {
            Some(heading) => roff.control("SH", [heading.to_uppercase().as_str()]),
            None if indented => roff.text([roman(line)]),
            None => roff.control("PP", []).text([roman(line)]),
        };
    }
    if as_is {
        roff.control("fi", []);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_every_option_and_every_example_of_its_command() {
        let landfall = built(Cli::command());
        let esp_prov = built(esp_prov::Args::command());
        for command in [&landfall, &esp_prov].into_iter().flat_map(with_subcommands) {
            // Roff has its own way to write hyphens and apostrophes that are to be copied.
            let text = String::from_utf8(page(command)).expect("text");
            let text = text.replace("\\-", "-").replace("\\*(Aq", "'");
            for long in command
                .get_arguments()
                .filter(|arg| !arg.is_hide_set())
                .filter_map(clap::Arg::get_long)
            {
                assert!(text.contains(&format!("--{long}")), "{long} of {}", command.get_name());
            }
            let help = command
                .get_after_help()
                .expect("every command has examples")
                .to_string();
            let examples = help.lines().filter(|line| line.starts_with("  "));
            for example in examples.map(|line| line.replace('\\', "\\\\")) {
                assert!(text.contains(&example), "{example} of {}", command.get_name());
            }
        }
    }

    #[test]
    fn hidden_options_have_no_place_in_the_manual() {
        let landfall = built(Cli::command());
        let discover = landfall.find_subcommand("discover").expect("it is a command");
        assert!(!String::from_utf8(page(discover)).expect("text").contains("dir"));
    }
}

//! The commands in the help of `landfall`, by what people want to do.

use core::fmt::Write as _;

use clap::{Command, Subcommand as _, builder::Styles};

/// Headings, and the commands below each.
const GROUPS: [(&str, &[&str]); 3] = [
    (
        "Bring a device onto a network",
        &["discover", "info", "provision", "scan", "send", "reset", "reprovision"],
    ),
    ("Be a device", &["device", "demo", "simulate"]),
    (
        "Make what goes with it",
        &["credentials", "qr", "factory", "completions", "man", "help"],
    ),
];

/// The help's layout: clap has no headings for commands.
pub(super) fn template() -> String {
    let commands = super::Command::augment_subcommands(Command::new("landfall"));
    let mut template = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (heading, names) in GROUPS {
        let _ = write!(template, "\n{}\n", heading_style(heading));
        for name in names {
            let about = match commands.find_subcommand(name).and_then(Command::get_about) {
                Some(about) => about.to_string(),
                None => "Print the help of a command".into(),
            };
            let literal = Styles::styled();
            let literal = literal.get_literal();
            let _ = writeln!(template, "  {literal}{name:<11}{literal:#}  {about}");
        }
    }
    let _ = write!(template, "\n{}\n{{options}}{{after-help}}", heading_style("Options"));
    template
}

fn heading_style(heading: &str) -> String {
    let styles = Styles::styled();
    let header = styles.get_header();
    format!("{header}{heading}:{header:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_under_one_heading_and_fits_its_line() {
        let commands = super::super::Command::augment_subcommands(Command::new("landfall"));
        let mut defined: Vec<&str> = commands.get_subcommands().map(Command::get_name).collect();
        defined.push("help");
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        defined.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, defined);
        for command in commands.get_subcommands() {
            let about = command.get_about().expect("every command has a line").to_string();
            assert!(about.len() <= 85, "{about}");
        }
    }
}

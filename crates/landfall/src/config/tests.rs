//! The settings as the documentation has them.

use std::{collections::BTreeSet, env, fs, path::Path};

use clap::CommandFactory as _;

use super::setting::{Setting, all_of};
use crate::args::Cli;

#[test]
fn a_key_is_the_long_option_with_underscores_and_a_variable_is_landfall_s() {
    let settings = all_of("simulate");
    assert!(!settings.is_empty());
    let mut variables = BTreeSet::new();
    for setting in &settings {
        assert_eq!(setting.flag(), format!("--{}", setting.key().replace('_', "-")));
        let variable = setting.variable().to_str().expect("text");
        assert!(variable.starts_with("LANDFALL_"), "{variable}");
        assert!(variables.insert(variable), "{variable} is there twice");
    }
}

#[test]
fn commands_without_a_configuration_have_no_settings() {
    assert!(all_of("provision").is_empty());
    assert!(all_of("nonsense").is_empty());
}

#[test]
fn a_device_shares_no_variable_with_a_client_but_the_user_s_name() {
    let cli = Cli::command();
    let provision = cli.find_subcommand("provision").expect("it is a command");
    let of_clients: BTreeSet<_> = provision.get_arguments().filter_map(|arg| arg.get_env()).collect();
    let shared: Vec<_> = all_of("simulate")
        .iter()
        .map(|setting| setting.variable().to_owned())
        .filter(|variable| of_clients.contains(variable.as_os_str()))
        .collect();
    assert_eq!(shared, ["LANDFALL_USERNAME"]);
}

#[test]
fn the_documentation_lists_every_setting_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = fs::read_to_string(&path).expect("it is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page has a place for the table");
    let (_, after) = rest.split_once(END).expect("the table ends");
    let current = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var_os("LANDFALL_REGENERATE").is_some() {
        fs::write(&path, &current).expect("the file can be written");
        return;
    }
    assert!(
        page == current,
        "docs/configuration.md is out of date: LANDFALL_REGENERATE=1 cargo test -p landfall --lib documentation"
    );
}

fn table() -> String {
    let rows: String = all_of("simulate").iter().map(row).collect();
    format!("\n| setting | variable | takes | default | what it is |\n|---|---|---|---|---|\n{rows}")
}

fn row(setting: &Setting) -> String {
    let (key, variable) = (setting.key(), setting.variable().display());
    let takes = setting.takes();
    let meaning = setting.meaning();
    // What has no value of its own tells its default in words.
    let (meaning, told) = meaning.split_once(" [default: ").unwrap_or((&meaning, ""));
    let default = match setting.default() {
        Some(default) => format!("`{}`", default.display()),
        None => told.trim_end_matches(']').to_owned(),
    };
    format!("| `{key}` | `{variable}` | {takes} | {default} | {meaning} |\n")
}

const BEGIN: &str = "<!-- settings, made from the code -->\n";
const END: &str = "\n<!-- end of the settings -->";

//! The settings as the documentation has them.

use std::{collections::BTreeSet, env, fs, path::Path};

use clap::CommandFactory as _;

use super::setting::{Setting, all_of};
use crate::args::Cli;

/// The commands that can be configured.
const CONFIGURED: [&[&str]; 2] = [&["simulate"], &["device", "run"]];

#[test]
fn a_key_is_the_long_option_with_underscores_and_a_variable_is_landfall_s() {
    for path in CONFIGURED {
        let settings = all_of(path);
        assert!(!settings.is_empty());
        let mut variables = BTreeSet::new();
        for setting in &settings {
            assert_eq!(setting.flag(), format!("--{}", setting.key().replace('_', "-")));
            let variable = setting.variable().to_str().expect("text");
            assert!(variable.starts_with("LANDFALL_"), "{variable}");
            assert!(variables.insert(variable), "{variable} is there twice");
        }
    }
}

#[test]
fn what_both_devices_have_is_called_the_same() {
    let [simulated, real] = CONFIGURED.map(all_of);
    let shared: Vec<_> = simulated
        .iter()
        .filter_map(|one| Some((one, real.iter().find(|other| other.key() == one.key())?)))
        .collect();
    assert!(shared.len() > 20);
    for (one, other) in shared {
        assert_eq!(one.variable(), other.variable());
        assert_eq!(one.takes(), other.takes());
    }
}

#[test]
fn a_reset_has_settings_of_the_device_only() {
    let of_device = all_of(&["device", "run"]);
    let of_reset = all_of(&["device", "reset"]);
    assert!(!of_reset.is_empty());
    for one in &of_reset {
        let other = of_device
            .iter()
            .find(|other| other.key() == one.key())
            .expect("a setting of the device");
        assert_eq!((one.variable(), one.kind()), (other.variable(), other.kind()));
    }
}

#[test]
fn commands_without_a_configuration_have_no_settings() {
    assert!(all_of(&["provision"]).is_empty());
    assert!(all_of(&["device"]).is_empty());
    assert!(all_of(&["device", "status"]).is_empty());
    assert!(all_of(&["nonsense"]).is_empty());
}

#[test]
fn a_device_shares_no_variable_with_a_client_but_the_user_s_name() {
    let cli = Cli::command();
    let provision = cli.find_subcommand("provision").expect("it is a command");
    let of_clients: BTreeSet<_> = provision.get_arguments().filter_map(|arg| arg.get_env()).collect();
    let shared: Vec<_> = all_of(&["simulate"])
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
    let [simulated, real] = CONFIGURED.map(all_of);
    let own: Vec<_> = real
        .iter()
        .filter(|setting| !simulated.iter().any(|other| row(other) == row(setting)))
        .collect();
    let current = with_table(&page, "settings", simulated.iter());
    let current = with_table(&current, "settings of a real device", own.into_iter());
    if env::var_os("LANDFALL_REGENERATE").is_some() {
        fs::write(&path, &current).expect("the file can be written");
        return;
    }
    assert!(
        page == current,
        "docs/configuration.md is out of date: LANDFALL_REGENERATE=1 cargo test -p landfall --lib documentation"
    );
}

/// The page with the table called `name` as it is now.
fn with_table<'a>(page: &str, name: &str, settings: impl Iterator<Item = &'a Setting>) -> String {
    let (begin, end) = (
        format!("<!-- {name}, made from the code -->\n"),
        format!("\n<!-- end of the {name} -->"),
    );
    let (before, rest) = page.split_once(&begin).expect("the page has a place for the table");
    let (_, after) = rest.split_once(&end).expect("the table ends");
    let rows: String = settings.map(row).collect();
    let head = "\n| setting | variable | takes | default | what it is |\n|---|---|---|---|---|\n";
    format!("{before}{begin}{head}{rows}{end}{after}")
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

//! Commands that a page mentions within its text: their names and options exist.

use std::collections::BTreeMap;

use super::{name, pages};
use crate::support::{ESP_PROV, command, landfall, run};

#[test]
fn commands_and_options_that_pages_mention_exist() {
    let mut helps = BTreeMap::new();
    let texts = pages()
        .into_iter()
        .map(|path| (std::fs::read_to_string(&path).expect("it is a page"), path));
    let texts: Vec<_> = texts.collect();
    for (text, path) in &texts {
        for mention in mentions(text) {
            let Some(words) = Mention::of(mention) else { continue };
            let help: &String = helps
                .entry((words.program, words.command))
                .or_insert_with(|| words.help());
            assert!(!help.is_empty(), "{}: `{mention}`: no such command", name(path));
            for option in words.options {
                assert!(
                    has(help, option),
                    "{}: `{mention}`: no such option: {option}",
                    name(path)
                );
            }
        }
    }
}

/// A command within a text.
#[derive(Debug, PartialEq, Eq)]
struct Mention<'a> {
    program: &'a str,
    command: Option<&'a str>,
    options: Vec<&'a str>,
}

impl<'a> Mention<'a> {
    /// What `text` mentions; `None` if it is no command of ours.
    fn of(text: &'a str) -> Option<Self> {
        let mut words = text.split_whitespace().peekable();
        let program = words
            .next()
            .filter(|program| ["landfall", "esp-prov"].contains(program))?;
        let command = match program {
            "landfall" => words.next_if(|word| !word.starts_with('-')),
            _ => None,
        };
        let options = words.filter(|word| word.starts_with("--") && word.len() > 2);
        Some(Self {
            program,
            command,
            options: options
                .map(|option| option.split('=').next().unwrap_or(option))
                .collect(),
        })
    }

    /// The help of the command; empty if there is no such command.
    fn help(&self) -> String {
        let asked = match (self.program, self.command) {
            ("landfall", Some(subcommand)) => landfall(&[subcommand, "--help"]),
            ("landfall", None) => landfall(&["--help"]),
            _ => run(command(ESP_PROV, &["--help"])),
        };
        if asked.code == 0 { asked.stdout } else { String::new() }
    }
}

fn has(help: &str, option: &str) -> bool {
    help.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)))
        .any(|word| word == option)
}

/// What stands between single backticks outside of blocks.
fn mentions(page: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    let text = page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    text.flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn a_mention_is_taken_apart() {
    let mention = Mention::of("landfall qr --svg=x --pop POP -q").expect("it is a command");
    assert_eq!((mention.command, mention.options), (Some("qr"), vec!["--svg", "--pop"]));
    assert_eq!(Mention::of("landfall-client"), None);
    assert_eq!(
        Mention::of("landfall --version").expect("it is a command").command,
        None
    );
    let page = "a `b` c `d e`\n```\nx `y`\n```\n`f`";
    assert_eq!(mentions(page).collect::<Vec<_>>(), ["b", "d e", "f"]);
}

#[test]
fn a_command_or_option_that_is_not_there_is_noticed() {
    let help = |text| Mention::of(text).expect("it is a command").help();
    assert_eq!(help("landfall nonesuch"), "");
    assert!(has(&help("landfall qr"), "--svg") && !has(&help("landfall qr"), "--sv"));
    assert!(has(&help("esp-prov"), "--sec_ver") && !has(&help("esp-prov"), "--sec"));
}

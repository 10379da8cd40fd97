//! The documentation, done: every page is a scenario, and what it shows is what the programs print.
//!
//! `LANDFALL_DOCS=how-to/scan` runs the pages with that in their path only; `LANDFALL_REGENERATE=1` writes into them what
//! was printed instead of what they show (look at it before you keep it).

mod mentions;
mod page;
mod reader;
mod terminal;
mod transcript;

use core::ops::Range;
use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use page::Step;
use reader::Reader;

use crate::support::landfall;

/// Pages mostly wait, so several are read at once.
const READERS: usize = 8;

#[test]
fn what_the_pages_show_is_what_the_programs_print() {
    let wanted = std::env::var("LANDFALL_DOCS").unwrap_or_default();
    let pages: VecDeque<PathBuf> = pages()
        .into_iter()
        .filter(|path| name(path).contains(&wanted))
        .collect();
    assert!(!pages.is_empty(), "no page has {wanted} in its path");
    let (pages, surprises) = (Mutex::new(pages), Mutex::new(Vec::new()));
    let next = || pages.lock().expect("no reader panics with it").pop_front();
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                while let Some(path) = next() {
                    let found = read(&path);
                    surprises.lock().expect("no reader panics with it").extend(found);
                }
            });
        }
    });
    let surprises = surprises.into_inner().expect("no reader panics with it");
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n\n"));
}

/// Does what a page says, and tells what is not as it shows.
fn read(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("it is a page");
    let at = |what: &str| format!("{}:{what}", name(path));
    let steps = match page::steps(&text) {
        Ok(steps) => steps,
        Err(why) => return vec![at(&why)],
    };
    let mut reader = Reader::new();
    let mut surprises = Vec::new();
    let mut instead = Vec::new();
    for step in &steps {
        let Err(surprise) = reader.follow(step) else { continue };
        surprises.push(at(&surprise.text));
        match surprise.instead {
            Some(other) => instead.push(other),
            // What follows builds on what went wrong.
            None => break,
        }
    }
    if std::env::var_os("LANDFALL_REGENERATE").is_some() {
        fs::write(path, with(&text, instead)).expect("it can be written");
    }
    surprises
}

/// The page with other lines in place of some.
fn with(text: &str, instead: Vec<(Range<usize>, String)>) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for (range, printed) in instead.iter().rev() {
        lines.splice(range.clone(), printed.trim_end().lines());
    }
    lines.into_iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn commands_that_only_ci_can_run_are_run_there() {
    let ci = fs::read_to_string(repository().join(".ci/run")).expect("it is there");
    let run: Vec<String> = ci.lines().map(plain).collect();
    for path in pages() {
        let text = fs::read_to_string(&path).expect("it is a page");
        for step in page::steps(&text).unwrap_or_default() {
            if let Step::Run(typed) = step
                && typed.command.starts_with("cargo ")
            {
                assert!(
                    run.contains(&plain(&typed.command)),
                    "{}:{}: .ci/run does not run {}",
                    name(&path),
                    typed.line,
                    typed.command
                );
            }
        }
    }
}

/// A command of cargo without what only CI adds.
fn plain(command: &str) -> String {
    let added = ["--quiet", "--locked", "--root", "target/installed", "&"];
    let words: Vec<&str> = command
        .split_whitespace()
        .filter(|word| !added.contains(word))
        .collect();
    words.join(" ")
}

#[test]
fn the_table_of_exit_codes_is_the_program_s_own() {
    let page = fs::read_to_string(repository().join("docs/exit-codes.md")).expect("it is there");
    let shown: Vec<String> = page.lines().filter_map(row).collect();
    let help = landfall(&["--help"]).stdout;
    let (_, table) = help.split_once("Exit codes:\n").expect("the help has the table");
    let table = table
        .lines()
        .map(str::trim)
        .take_while(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    assert_eq!(shown, table.map(str::to_owned).collect::<Vec<_>>());
}

/// The first two cells of a table's row that begins with a number, as `landfall --help` shows them.
fn row(line: &str) -> Option<String> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let (code, meaning) = (cells.next()?, cells.next()?);
    code.parse::<u8>().ok()?;
    Some(format!("{code}  {meaning}"))
}

#[test]
fn the_table_of_contents_has_every_page() {
    let directory = repository().join("docs");
    let contents = fs::read_to_string(directory.join("README.md")).expect("it is there");
    for path in pages() {
        let Ok(page) = path.strip_prefix(&directory) else {
            continue;
        };
        let link = format!("({})", page.to_str().expect("text"));
        assert!(
            page == Path::new("README.md") || contents.contains(&link),
            "docs/README.md lacks {link}"
        );
    }
}

#[test]
fn links_lead_to_files_and_headings_that_exist() {
    for path in pages() {
        let text = fs::read_to_string(&path).expect("it is a page");
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().expect("it is in a directory").join(file),
            };
            assert!(target.exists(), "{}: {link} leads nowhere", name(&path));
            let target = fs::read_to_string(&target).unwrap_or_default();
            assert!(
                heading.is_empty() || target.lines().any(|line| anchor(line).as_deref() == Some(heading)),
                "{}: {link} leads to no heading",
                name(&path)
            );
        }
    }
}

/// The targets of a page's links within the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://"))
}

/// What a link calls a heading.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = heading.to_lowercase().replace(' ', "-");
    Some(
        kept.chars()
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect(),
    )
}

/// All pages but the protocol's specification.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    let mut directories = vec![repository().join("docs")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("it is a directory") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() && !path.ends_with("docs/spec") {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The page's path within the repository.
fn name(path: &Path) -> &str {
    let within = path.strip_prefix(repository()).expect("it is in the repository");
    within.to_str().expect("text")
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn other_lines_take_the_place_of_those_shown() {
    let page = "one\ntwo\nthree\nfour\n";
    let instead = vec![(1..1, "a\n".into()), (2..4, "b\nc\nd\n\n".into())];
    assert_eq!(with(page, instead), "one\na\ntwo\nb\nc\nd\n");
}

#[test]
fn a_reader_notices_when_a_page_shows_something_else() {
    let surprises = |page: &str| {
        let mut reader = Reader::new();
        let steps = page::steps(page).expect("it can be read");
        steps.iter().filter(|step| reader.follow(step).is_err()).count()
    };
    for right in [
        "$ echo one; echo two >&2\none\ntwo",
        "$ export X=1\n$ echo $X\n1",
        "$ true",
        "$ echo 127.0.0.1:8080 127.0.0.1:9\n127.0.0.1:8080 127.0.0.1:9",
    ] {
        assert_eq!(surprises(&format!("```console\n{right}\n```")), 0, "{right}");
    }
    let tested = "<!-- tested: docs::a_reader_notices_when_a_page_shows_something_else -->\n    esp-prov";
    assert_eq!(
        (surprises(tested), surprises(&tested.replace("reader", "writer"))),
        (0, 1)
    );
    for wrong in [
        "$ echo one\ntwo",
        "$ false",
        "$ false | cat",
        "$ echo one\none\ntwo",
        "$ nonesuch",
    ] {
        assert_eq!(surprises(&format!("```console\n{wrong}\n```")), 1, "{wrong}");
    }
    let cat = "<!-- exit: 3 -->\n<!-- input: hello -->\n```console\n$ cat; exit 3\nhello\n```";
    assert_eq!(surprises(cat), 0);
    assert_eq!(surprises(&cat.replace("exit: 3", "exit: 4")), 1);
}

#[test]
fn a_program_in_another_terminal_is_looked_at_until_its_end() {
    let page = "\
```console terminal=a
$ bash -c 'echo Listening on x; sleep 0.1; echo two; exit 3'
Listening on x
```
<!-- exit: 3 -->
```console terminal=a continued
two
```
";
    let surprises = |page: &str| {
        let mut reader = Reader::new();
        let steps = page::steps(page).expect("it can be read");
        steps.iter().filter(|step| reader.follow(step).is_err()).count()
    };
    assert_eq!(surprises(page), 0);
    assert_eq!(surprises(&page.replace("\ntwo", "\nthree")), 1);
    assert_eq!(surprises(&page.replace("exit: 3", "exit: 0")), 1);
    assert_eq!(surprises(&page.replace("\nListening", "\nSleeping")), 2);
}

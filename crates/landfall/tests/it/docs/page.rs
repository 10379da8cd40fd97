//! Reads a page: what its reader types, sees and writes into files, in order.
//!
//! A fenced block `console` holds commands after `$ `, each followed by the output to be seen. `console terminal=NAME` is
//! one command that goes on running, in a terminal of its own; `console terminal=NAME continued` shows what it has printed
//! since, and begins with `^C` where the reader presses that. A line `...` stands for any lines, `[..]` for any text.
//!
//! Comments right before a block say what a reader does not need to see:
//!
//! * `<!-- exit: CODE -->`: how the block's last command ends; the others end with 0.
//! * `<!-- input: LINES -->`: what is typed at the block's last command.
//! * `<!-- file: NAME -->`: the block is a file that the reader writes; the line before tells its name.
//! * `<!-- from: PATH -->`: the block is part of a file of the repository.
//! * `<!-- tested: MODULE::NAME -->`: the indented block that follows is compared by that test.

use core::ops::Range;

use super::transcript::Shown;

/// Words that begin a command line of ours.
const PROGRAMS: [&str; 3] = ["landfall", "esp-prov", "cargo"];

/// What happens in a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The reader writes a file.
    File { name: String, text: String },
    /// The reader is shown a part of a file of the repository.
    Excerpt { line: usize, path: String, text: String },
    /// What follows is shown by a test of its own.
    Tested { line: usize, test: String },
    /// The reader types a command, and sees it end.
    Run(Typed),
    /// The reader types a command in another terminal, where it goes on; what ran there before ends.
    Start { terminal: String, typed: Typed },
    /// The reader looks at another terminal again; with an exit code the command there has ended.
    Look { terminal: String, line: usize, look: Look },
}

/// What is seen in another terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// The reader presses Ctrl-C first.
    pub(super) interrupt: bool,
    pub(super) shown: Shown,
    pub(super) exit: Option<i32>,
}

/// A command that is typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// The number of its line.
    pub(super) line: usize,
    pub(super) command: String,
    /// What is typed while it runs.
    pub(super) input: String,
    pub(super) shown: Shown,
    /// The lines that show its output, counted from 0.
    pub(super) shown_at: Range<usize>,
    pub(super) exit: i32,
}

/// The steps of a page.
///
/// # Errors
///
/// Says what cannot be understood, or is a command that nobody would run; with the number of the line.
pub(super) fn steps(page: &str) -> Result<Vec<Step>, String> {
    let lines: Vec<&str> = page.lines().collect();
    let mut steps = Vec::new();
    let mut notes = Notes::default();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        if line.starts_with("<!--") {
            let length = notes.read(&lines[at..]).map_err(|why| format!("{}: {why}", at + 1))?;
            let caption = lines[..at].iter().rev().find(|line| !line.is_empty());
            if let Some(name) = &notes.file
                && !caption.is_some_and(|line| line.contains(&format!("`{name}`")))
            {
                return Err(format!("{}: the reader is not told the file's name", at + 1));
            }
            at += length;
        } else if line.starts_with("```") {
            let block = Block::read(&lines, at).map_err(|why| format!("{}: {why}", at + 1))?;
            at = block.body.end + 1;
            steps.extend(block.steps(core::mem::take(&mut notes))?);
        } else if let Some(test) = notes.tested.take_if(|_| is_indented(lines[at])) {
            steps.push(Step::Tested { line: at + 1, test });
            at += lines[at..]
                .iter()
                .take_while(|line| is_indented(line) || line.is_empty())
                .count();
        } else {
            if is_indented(lines[at]) && is_command(line) {
                return Err(format!("{}: a command outside of a console block: {line}", at + 1));
            }
            if !line.is_empty() && notes != Notes::default() {
                return Err(format!("{}: a comment for a block, but no block follows", at + 1));
            }
            at += 1;
        }
    }
    Ok(steps)
}

fn is_indented(line: &str) -> bool {
    line.starts_with("    ")
}

/// Whether `line` would run a program of ours.
fn is_command(line: &str) -> bool {
    line.split(['|', '&', ';']).any(|part| {
        let part = part.trim_start();
        let typed = part.strip_prefix("$ ").unwrap_or(part);
        let program = typed
            .split_whitespace()
            .find(|word| *word != "sudo" && !word.contains('='));
        program.is_some_and(|word| PROGRAMS.contains(&word))
    })
}

/// What the comments before a block say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Notes {
    file: Option<String>,
    from: Option<String>,
    tested: Option<String>,
    exit: Option<i32>,
    input: Option<String>,
}

impl Notes {
    /// Reads the comment at the beginning of `lines`, and gives the number of its lines. Other comments are skipped.
    fn read(&mut self, lines: &[&str]) -> Result<usize, String> {
        let length = lines.iter().position(|line| line.trim_end().ends_with("-->"));
        let length = length.ok_or("a comment without end")? + 1;
        let comment = lines[..length].join("\n");
        let comment = comment.trim().trim_start_matches("<!--").trim_end_matches("-->");
        if let Some((key, value)) = comment.trim().split_once(':') {
            let value = value.trim();
            match key {
                "file" => self.file = Some(value.to_owned()),
                "from" => self.from = Some(value.to_owned()),
                "tested" => self.tested = Some(value.to_owned()),
                "exit" => self.exit = Some(value.parse().map_err(|_| "an exit code is a number")?),
                "input" => self.input = Some(format!("{value}\n")),
                _ => {}
            }
        }
        Ok(length)
    }
}

/// A fenced block.
struct Block<'a> {
    info: &'a str,
    lines: &'a [&'a str],
    /// Where its lines are, the fences excluded.
    body: Range<usize>,
}

impl<'a> Block<'a> {
    fn read(lines: &'a [&'a str], at: usize) -> Result<Self, String> {
        let fence = lines[at].trim();
        let ticks = &fence[..fence.len() - fence.trim_start_matches('`').len()];
        let start = at + 1;
        let length = lines[start..].iter().position(|line| line.trim() == ticks);
        let body = start..start + length.ok_or("a block without end")?;
        Ok(Self {
            info: fence[ticks.len()..].trim(),
            lines: &lines[body.clone()],
            body,
        })
    }

    fn steps(self, notes: Notes) -> Result<Vec<Step>, String> {
        let at = self.body.start;
        let words: Vec<&str> = self.info.split_whitespace().collect();
        match (words.as_slice(), notes) {
            (_, Notes { file: Some(name), .. }) => Ok(vec![Step::File {
                name,
                text: self.text(),
            }]),
            (_, Notes { from: Some(path), .. }) => Ok(vec![Step::Excerpt {
                line: at,
                path,
                text: self.text(),
            }]),
            (["console"], notes) => Ok(self.commands(notes)?.into_iter().map(Step::Run).collect()),
            (["console", terminal], notes) => {
                let mut commands = self.commands(notes)?;
                match (terminal.strip_prefix("terminal="), commands.pop(), commands.pop()) {
                    (Some(terminal), Some(typed), None) => Ok(vec![Step::Start {
                        terminal: terminal.into(),
                        typed,
                    }]),
                    _ => Err(format!("{at}: a block with a terminal holds one command")),
                }
            }
            (["console", terminal, "continued"], notes) => Ok(vec![Step::Look {
                terminal: terminal.trim_start_matches("terminal=").into(),
                line: at,
                look: Look {
                    interrupt: self.lines.first() == Some(&"^C"),
                    shown: Shown::new(self.lines.strip_prefix(&["^C"]).unwrap_or(self.lines)),
                    exit: notes.exit,
                },
            }]),
            (["console", ..], _) => Err(format!("{at}: unknown words after console: {}", self.info)),
            (_, notes) if notes != Notes::default() => Err(format!("{at}: this comment is not for such a block")),
            _ => match self.lines.iter().position(|line| is_command(line)) {
                Some(command) => Err(format!("{}: a command outside of a console block", at + command + 1)),
                None => Ok(Vec::new()),
            },
        }
    }

    fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The commands of a console block with their output.
    fn commands(&self, notes: Notes) -> Result<Vec<Typed>, String> {
        let mut commands: Vec<Typed> = Vec::new();
        let mut goes_on = false;
        for (number, line) in self.body.clone().zip(self.lines) {
            let line = line.trim_end();
            match (commands.last_mut(), line.strip_prefix("$ ")) {
                (Some(command), _) if goes_on => {
                    command.command = format!("{} {}", command.command.trim_end_matches('\\'), line.trim());
                    command.shown_at = number + 1..number + 1;
                    goes_on = line.ends_with('\\');
                }
                (_, Some(typed)) => {
                    goes_on = typed.ends_with('\\');
                    commands.push(Typed {
                        line: number + 1,
                        command: typed.into(),
                        shown_at: number + 1..number + 1,
                        ..Typed::default()
                    });
                }
                (Some(command), None) => command.shown_at.end = number + 1,
                (None, None) => return Err(format!("{}: output without a command", number + 1)),
            }
        }
        let last = commands
            .last_mut()
            .ok_or_else(|| format!("{}: no command", self.body.start))?;
        last.exit = notes.exit.unwrap_or_default();
        last.input = notes.input.unwrap_or_default();
        for command in &mut commands {
            let lines = command.shown_at.start - self.body.start..command.shown_at.end - self.body.start;
            command.shown = Shown::with_input(&self.lines[lines], &command.input);
        }
        Ok(commands)
    }
}

#[cfg(test)]
#[track_caller]
fn assert_refused(page: &str, why: &str) {
    let refused = steps(page).expect_err("the page is refused");
    assert!(refused.contains(why), "{refused}");
}

#[test]
fn a_page_is_read_in_order() {
    let page = "\
# Title
`office.toml`:
<!-- file: office.toml -->
```toml
scan_ms = 1
```
Then:
```console terminal=device
$ landfall simulate \\
    --once
Listening
```
<!-- exit: 5 -->
<!-- input:
2
secret
-->
```console
$ landfall info
one
$ landfall provision
two

three
```
<!-- exit: 0 -->
```console terminal=device continued
^C
...
```
";
    let typed = |line, command: &str, shown: &[&str], shown_at| Typed {
        line,
        command: command.into(),
        shown: Shown::new(shown),
        shown_at,
        ..Typed::default()
    };
    assert_eq!(
        steps(page).expect("it can be read"),
        [
            Step::File {
                name: "office.toml".into(),
                text: "scan_ms = 1\n".into()
            },
            Step::Start {
                terminal: "device".into(),
                typed: typed(9, "landfall simulate  --once", &["Listening"], 10..11)
            },
            Step::Run(typed(19, "landfall info", &["one"], 19..20)),
            Step::Run(Typed {
                input: "2\nsecret\n".into(),
                exit: 5,
                ..typed(21, "landfall provision", &["two", "", "three"], 21..24)
            }),
            Step::Look {
                terminal: "device".into(),
                line: 27,
                look: Look {
                    interrupt: true,
                    shown: Shown::new(&["..."]),
                    exit: Some(0),
                },
            },
        ]
    );
}

#[test]
fn a_command_that_nobody_would_run_is_refused() {
    for stray in [
        "```\nlandfall info\n```",
        "```sh\n$ esp-prov --help\n```",
        "```text\nLANDFALL_POP=x landfall info\n```",
        "text\n\n    cargo test\n",
        "    printf abcd1234 | esp-prov --transport softap",
        "1. step\n   ```bash\n   sudo landfall simulate\n   ```",
    ] {
        assert_refused(stray, "outside of a console block");
    }
    assert_eq!(
        steps("```text\nI (3) landfall: Listening\n```\n    landfalls"),
        Ok(vec![])
    );
}

#[test]
fn an_indented_block_that_a_test_compares_is_left_to_it() {
    let page = "<!-- tested: a::b -->\n\n    esp-prov\n\n    Connected\ntext\n";
    let tested = Step::Tested {
        line: 3,
        test: "a::b".into(),
    };
    assert_eq!(steps(page), Ok(vec![tested]));
    assert_refused(&format!("{page}\n    esp-prov"), "outside of a console block");
}

#[test]
fn what_cannot_be_understood_is_refused() {
    assert_refused("```console\n$ true\n", "without end");
    assert_refused("<!-- exit: 1\n", "without end");
    assert_refused("```console\noutput\n```", "output without a command");
    assert_refused("```console\n```", "no command");
    assert_refused("```console terminal=a\n$ true\n$ true\n```", "one command");
    assert_refused("```console quietly please\n$ true\n```", "unknown words");
    assert_refused("<!-- file: x -->\n```toml\n```", "not told the file's name");
    assert_refused("<!-- exit: five -->", "a number");
    assert_refused("<!-- exit: 5 -->\ntext", "no block follows");
    assert_refused("<!-- exit: 5 -->\n```toml\n```", "not for such a block");
    assert_refused("<!-- tested: a::b -->\n```toml\n```", "not for such a block");
}

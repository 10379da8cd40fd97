//! Compares what a page shows with what a program printed.

use crate::support::redact;

/// On a line of its own: any lines, or none.
const ANY_LINES: &str = "...";

/// Within a line: any text, or none.
const ANY_TEXT: &str = "[..]";

/// What a page shows of a program's output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown(Vec<String>);

impl Shown {
    pub(super) fn new(lines: &[&str]) -> Self {
        Self(steady(&lines.join("\n")))
    }

    /// With the lines of `input` typed at prompts. A person sees what is typed, and a new line; a pipe has neither.
    pub(super) fn with_input(lines: &[&str], input: &str) -> Self {
        let mut answers: Vec<&str> = input.lines().rev().collect();
        let mut piped = Vec::new();
        let mut prompt: Option<String> = None;
        for line in lines {
            let line = match prompt.take() {
                Some(prompt) if *line == ANY_LINES => {
                    piped.push(prompt + ANY_TEXT);
                    (*line).to_owned()
                }
                before => before.unwrap_or_default() + line,
            };
            // An answer that no line shows was typed without echo.
            let typed = |at: usize| Some((at, prompt_of(&line, answers[at])?));
            match (0..answers.len()).rev().find_map(typed) {
                Some((at, asked)) => {
                    prompt = Some(asked.to_owned());
                    answers.truncate(at);
                }
                None => piped.push(line),
            }
        }
        piped.extend(prompt);
        Self(steady(&piped.join("\n")))
    }

    /// Whether the page leaves the output out.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is all of `printed`.
    pub(super) fn is_all_of(&self, printed: &str) -> bool {
        let printed = steady(printed);
        self.ends(&printed).is_some_and(|ends| ends[printed.len()])
    }

    /// The number of lines after the first `from` of `printed` that this shows, at least; `None` if it shows others.
    pub(super) fn begins(&self, printed: &str, from: usize) -> Option<usize> {
        let printed = steady(printed);
        let ends = self.ends(printed.get(from..)?)?;
        ends.iter().position(|&end| end)
    }

    /// For each number of lines of `printed` whether they are what is shown; `None` if none are.
    fn ends(&self, printed: &[String]) -> Option<Vec<bool>> {
        let mut ends = vec![false; printed.len() + 1];
        ends[0] = true;
        for shown in &self.0 {
            ends = if shown == ANY_LINES {
                let first = ends.iter().position(|&end| end)?;
                (0..ends.len()).map(|end| end >= first).collect()
            } else {
                let fits = |end: usize| end > 0 && ends[end - 1] && line_fits(shown, &printed[end - 1]);
                (0..ends.len()).map(fits).collect()
            };
        }
        ends.contains(&true).then_some(ends)
    }
}

/// The prompt on a line that ends with the typed `answer`.
fn prompt_of<'a>(line: &'a str, answer: &str) -> Option<&'a str> {
    let prompt = line.strip_suffix(answer)?;
    let asked = prompt.strip_suffix(' ')?.trim_end();
    asked.ends_with([':', ']', '?']).then_some(prompt)
}

/// The lines of `text` without what changes from run to run: times, ports, names drawn at random, QR codes, blanks at ends.
fn steady(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = redact(text)
        .lines()
        .map(|line| without_times(&without_name(line.trim_end())))
        .collect();
    // How the two sides of a demo interleave is a matter of microseconds.
    for side_by_side in lines.chunk_by_mut(|one, other| side(one).is_some() && side(other).is_some()) {
        side_by_side.sort_by(|one, other| side(one).cmp(&side(other)));
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// The line with each time in seconds replaced, wherever it stands.
fn without_times(line: &str) -> String {
    let is_time = |word: &&str| {
        let (seconds, thousandths) = word.split_once('.').unwrap_or_default();
        !seconds.is_empty() && thousandths.len() == 3 && word.parse::<f64>().is_ok()
    };
    let words: Vec<&str> = line
        .split(' ')
        .map(|word| if is_time(&word) { "T.TTT" } else { word })
        .collect();
    words.join(" ")
}

/// Whose line it is, in a demo.
fn side(line: &str) -> Option<&str> {
    let (side, _) = line.split_once(" | ")?;
    ["client", "device"].contains(&side).then_some(side)
}

/// The line with each device name of Espressif's examples (`PROV_` and six hex digits) replaced.
fn without_name(line: &str) -> String {
    let mut parts = line.split("PROV_");
    let mut steady = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        steady.push_str("PROV_");
        steady.push_str(match part.get(..6) {
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => &part[6..],
            _ => part,
        });
    }
    steady
}

fn line_fits(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split(ANY_TEXT);
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn only_what_was_printed_is_all_of_it() {
    let shown = Shown::new(&["one", "", "three"]);
    assert!(shown.is_all_of("one\n\nthree\n"));
    for other in ["", "one\n", "one\nthree\n", "one\n\nthree\nfour\n", "one\n\nThree\n"] {
        assert!(!shown.is_all_of(other), "{other:?}");
    }
}

#[test]
fn three_dots_stand_for_any_lines() {
    let shown = Shown::new(&["one", "...", "two", "..."]);
    for same in ["one\ntwo", "one\nx\ntwo\ny\nz", "one\ntwo\ntwo", "one\n\n\ntwo"] {
        assert!(shown.is_all_of(same), "{same:?}");
    }
    for other in ["", "two", "x\none\ntwo", "one\nx"] {
        assert!(!shown.is_all_of(other), "{other:?}");
    }
}

#[test]
fn two_dots_in_brackets_stand_for_any_text() {
    for same in ["ab", "a b", "a[..]b", "abb"] {
        assert!(Shown::new(&["a[..]b"]).is_all_of(same), "{same:?}");
    }
    for other in ["", "a", "b", "ba", "a\nb", "xab", "abx"] {
        assert!(!Shown::new(&["a[..]b"]).is_all_of(other), "{other:?}");
    }
    assert!(Shown::new(&["[..]a[..]b[..]"]).is_all_of("xaxbx"));
    assert!(!Shown::new(&["[..]a[..]b[..]"]).is_all_of("xbxax"));
}

#[test]
fn what_changes_from_run_to_run_does_not_matter_and_all_else_does() {
    let shown = Shown::new(&["I (445) app: Device PROV_261FCC", "  0.013 s  Session open."]);
    assert!(shown.is_all_of("I (7) app: Device PROV_ABCDEF\n  1.250 s  Session open."));
    assert!(!shown.is_all_of("I (7) app: Device PROV_OFFICE\n  1.250 s  Session open."));
    assert!(!shown.is_all_of("I (7) app: Device PROV_ABCDEF\n  1.250 s  Session shut."));
}

#[test]
fn the_sides_of_a_demo_may_interleave_otherwise_but_not_each_in_itself() {
    let shown = Shown::new(&["first", "device | a", "client | b", "device | c", "last"]);
    assert!(shown.is_all_of("first\nclient | b\ndevice | a\ndevice | c\nlast"));
    assert!(!shown.is_all_of("first\nclient | b\ndevice | c\ndevice | a\nlast"));
}

#[test]
fn a_beginning_is_found_and_its_length_told() {
    let shown = Shown::new(&["...", "two"]);
    assert_eq!(shown.begins("one\ntwo\nthree\ntwo\n", 0), Some(2));
    assert_eq!(shown.begins("one\ntwo\nthree\ntwo\n", 2), Some(2));
    assert_eq!(shown.begins("one\ntwo\nthree\n", 2), None);
    assert_eq!(Shown::new(&["one"]).begins("", 0), None);
}

#[test]
fn answers_are_seen_where_they_are_typed_and_secrets_are_not() {
    let page = ["Number: 2", "Passphrase:", "Again: 7", "...", "Done: 9"];
    let shown = Shown::with_input(&page, "2\nsecret\n7\n");
    assert!(shown.is_all_of("Number: Passphrase: \nAgain: Joined.\nDone: 9\n"));
    assert!(!shown.is_all_of("Number: 2\nPassphrase: \nAgain: Joined.\nDone: 9\n"));
    assert!(!shown.is_all_of("Number: Passphrase: \nAgain: Joined.\nDone: \n"));
    let shown = Shown::with_input(&["Sure? [y/n] y", "Done."], "y\n");
    assert!(shown.is_all_of("Sure? [y/n] Done.\n"));
    let shown = Shown::with_input(&["Number: 2", "  0.876 s  Scanning."], "2\n");
    assert!(shown.is_all_of("Number:   1.250 s  Scanning.\n"));
}

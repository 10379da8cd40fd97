//! What docs/costs.md says of this machine.

use std::{collections::BTreeMap, fs, path::PathBuf};

use super::costs::Costs;
use crate::shell::{Result, root, say};

const BEGIN: &str = "<!-- cargo xtask emulator write: begin -->\n";
const END: &str = "<!-- cargo xtask emulator write: end -->\n";

/// So much may change until the page has to be written anew; and so little is nothing, however much of a small figure.
const DRIFT: f64 = 0.02;
const NOTHING: u64 = 64;

/// Writes the tables into the page.
pub(super) fn write(costs: &Costs, compiler: &str) -> Result<()> {
    let (before, _, after) = page()?;
    let tables = format!("Compiled by {compiler}.\n\n{}", costs.tables());
    fs::write(path(), format!("{before}{BEGIN}{tables}{END}{after}"))?;
    say("docs/costs.md is written");
    Ok(())
}

/// Fails if a figure of the page is no longer true. Another compiler makes other code: then it is only told.
pub(super) fn compare(costs: &Costs, compiler: &str) -> Result<()> {
    let (_, recorded, _) = page()?;
    let drifts = drifts(&figures(&recorded), &figures(&costs.tables()));
    if drifts.is_empty() {
        return Ok(());
    }
    let text = format!("docs/costs.md says otherwise:\n{}", drifts.join("\n"));
    if recorded.starts_with(&format!("Compiled by {compiler}.")) {
        Err(format!("{text}\nwrite the page anew: cargo xtask emulator write").into())
    } else {
        say(&format!(
            "{text}\n(it was written with another compiler than {compiler})"
        ));
        Ok(())
    }
}

/// What stands before the tables, the tables, and what stands after them.
fn page() -> Result<(String, String, String)> {
    let text = fs::read_to_string(path())?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (tables, after) = rest.split_once(END)?;
        Some((before.to_owned(), tables.to_owned(), after.to_owned()))
    });
    parts.ok_or_else(|| format!("docs/costs.md has lost its lines {BEGIN}and {END}").into())
}

fn path() -> PathBuf {
    root().join("docs/costs.md")
}

/// The figures of all tables: first cell and column, number. Columns that only follow from others have a point in them
/// and are none.
fn figures(tables: &str) -> BTreeMap<(&str, usize), u64> {
    let rows = tables
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    rows.flat_map(|(name, cells)| {
        let cells = cells.split('|').enumerate();
        cells.filter_map(move |(column, cell)| Some(((name, column), number(cell)?)))
    })
    .collect()
}

fn number(cell: &str) -> Option<u64> {
    cell.split_whitespace().next()?.replace(',', "").parse().ok()
}

fn drifts(recorded: &BTreeMap<(&str, usize), u64>, measured: &BTreeMap<(&str, usize), u64>) -> Vec<String> {
    let gone = recorded.keys().filter(|figure| !measured.contains_key(figure));
    let gone = gone.map(|(name, _)| format!("{name}: no longer measured"));
    let drifted = measured.iter().filter_map(|(figure, is)| match recorded.get(figure) {
        None => Some(format!("{}: not there yet", figure.0)),
        Some(was) => {
            let change = (*is as f64 - *was as f64) / *was as f64;
            let drifted = change.abs() > DRIFT && is.abs_diff(*was) > NOTHING;
            drifted.then(|| format!("{}: was {was}, is {is} ({:+.1} %)", figure.0, 100.0 * change))
        }
    });
    let mut drifts: Vec<_> = gone.chain(drifted).collect();
    drifts.dedup();
    drifts
}

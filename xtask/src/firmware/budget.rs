//! What a firmware may take: `firmware/budgets.toml`, and beside it the symbols of each, to find what grew.

use core::{cmp::Reverse, fmt::Write as _};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::sizes::Sizes;
use crate::shell::{Result, root, say};

/// Growth that is let pass, and shrinking that is worth a new budget, per cent.
const TOLERANCE: u64 = 2;
/// Smallest symbol that is kept, bytes.
const SYMBOL: u64 = 512;
/// Most symbols that are listed.
const LISTED: usize = 25;

/// The file.
#[derive(Serialize, Deserialize, Default)]
struct Budgets {
    /// The compiler that made what was measured.
    rustc: String,
    /// By chip and features.
    firmware: BTreeMap<String, Sizes>,
}

/// How a firmware stands against its budget.
pub(super) enum Verdict {
    Within,
    /// The text says by what.
    Grown(String),
    /// It has none.
    Unknown,
}

impl Budgets {
    fn read() -> Result<Self> {
        match fs::read_to_string(file()) {
            Ok(text) => Ok(toml::from_str(&text)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self) -> Result<()> {
        let text = toml::to_string(self)?;
        fs::write(
            file(),
            format!("# What the firmware may take, bytes: cargo xtask firmware --record\n{text}"),
        )?;
        Ok(())
    }

    /// The table of the documentation.
    fn table(&self) -> String {
        let mut table = format!(
            "<!-- cargo xtask firmware --record -->\n\n# What the firmware takes\n\nBytes, with rustc {}. \"Stack\" is the \
             memory that is left for it: the chip's RAM without static RAM and heap.\nHow it is measured, and what that \
             does not say: [firmware/README.md](../firmware/README.md).\n\n\
             | chip, features | image | code | constants | static RAM | of it tasks | heap | stack |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|\n",
            self.rustc
        );
        for (name, sizes) in &self.firmware {
            let Sizes {
                image,
                code,
                constants,
                ram,
                task,
                heap,
                stack,
                ..
            } = sizes;
            let row = [image, code, constants, ram, task, heap, stack].map(|size| thousands(*size));
            let _ = writeln!(table, "| {name} | {} |", row.join(" | "));
        }
        table
    }
}

/// Holds `sizes` against the budget of `name`.
pub(super) fn check(name: &str, sizes: &Sizes, compiler: &str) -> Result<Verdict> {
    let budgets = Budgets::read()?;
    let Some(budget) = budgets.firmware.get(name) else {
        return Ok(Verdict::Unknown);
    };
    let mut grown = String::new();
    if 100 * sizes.stack < (100 - TOLERANCE) * budget.stack {
        let (before, now) = (budget.stack, sizes.stack);
        let _ = writeln!(
            grown,
            "{name}: what is left for the stack fell from {before} to {now} bytes"
        );
    }
    for (what, now, before) in [
        ("image", sizes.image, budget.image),
        ("static RAM", sizes.ram, budget.ram),
        ("tasks", sizes.task, budget.task),
        ("heap", sizes.heap, budget.heap),
    ] {
        if 100 * now > (100 + TOLERANCE) * before {
            let _ = writeln!(grown, "{name}: {what} grew from {before} to {now} bytes");
        } else if 100 * now < (100 - TOLERANCE) * before {
            say(&format!(
                "{what} shrank from {before} to {now} bytes: lower the budget with cargo xtask firmware --record"
            ));
        }
    }
    if grown.is_empty() {
        return Ok(Verdict::Within);
    }
    if budgets.rustc != compiler {
        say(&format!(
            "{grown}not held against the budget, which was taken with rustc {}: this is {compiler}",
            budgets.rustc
        ));
        return Ok(Verdict::Within);
    }
    Ok(Verdict::Grown(grown + &growth(&read_symbols(name)?, &sizes.symbols)))
}

/// Makes `sizes` the budget of `name`.
pub(super) fn record(name: &str, sizes: &Sizes, compiler: &str) -> Result<()> {
    let mut budgets = Budgets::read()?;
    if !budgets.firmware.is_empty() && budgets.rustc != compiler {
        let taken = &budgets.rustc;
        return Err(
            format!("the budgets were taken with rustc {taken}, and this is {compiler}: record all of them").into(),
        );
    }
    compiler.clone_into(&mut budgets.rustc);
    let symbols = sizes.symbols.clone();
    let mut lines = String::new();
    let mut kept: Vec<_> = symbols.iter().filter(|(_, size)| **size >= SYMBOL).collect();
    kept.sort_by_key(|(name, size)| (Reverse(**size), *name));
    for (symbol, size) in kept {
        let _ = writeln!(lines, "{size} {symbol}");
    }
    fs::create_dir_all(root().join("firmware/symbols"))?;
    fs::write(symbols_file(name), lines)?;
    let sizes = Sizes { symbols, ..*sizes };
    budgets.firmware.insert(name.to_owned(), sizes);
    budgets.write()
}

/// Removes all budgets, before all are recorded anew.
pub(super) fn forget() -> Result<()> {
    Budgets::default().write()
}

/// Writes the table of the documentation anew.
pub(super) fn write_table() -> Result<()> {
    fs::write(table_file(), Budgets::read()?.table())?;
    Ok(())
}

/// Makes sure that the documentation says what the budgets say.
pub(super) fn check_table() -> Result<()> {
    if fs::read_to_string(table_file()).unwrap_or_default() == Budgets::read()?.table() {
        return Ok(());
    }
    Err("docs/firmware-costs.md does not say what firmware/budgets.toml says: cargo xtask firmware --record".into())
}

/// The symbols that grew most, as a list.
fn growth(before: &BTreeMap<String, u64>, now: &BTreeMap<String, u64>) -> String {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let mut grown: Vec<(u64, &String)> = names
        .into_iter()
        .filter_map(|name| {
            let was = before.get(name).copied().unwrap_or_default();
            let is = now.get(name).copied().unwrap_or_default();
            // What was too small to be kept may have been of any size below that.
            let was = if was == 0 { SYMBOL.min(is) } else { was };
            is.checked_sub(was).filter(|more| *more > 0).map(|more| (more, name))
        })
        .collect();
    grown.sort_by_key(|(more, name)| (Reverse(*more), *name));
    let mut list = "grown or new, bytes:\n".to_owned();
    for (more, name) in grown.into_iter().take(LISTED) {
        let _ = writeln!(list, "{more:>8} {name}");
    }
    list
}

fn read_symbols(name: &str) -> Result<BTreeMap<String, u64>> {
    let file = symbols_file(name);
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let line = |line: &str| {
        let (size, symbol) = line.split_once(' ')?;
        Some((symbol.to_owned(), size.parse().ok()?))
    };
    let symbols: Option<_> = text.lines().map(line).collect();
    symbols.ok_or_else(|| format!("{} is damaged", file.display()).into())
}

fn file() -> PathBuf {
    root().join("firmware/budgets.toml")
}

fn symbols_file(name: &str) -> PathBuf {
    root()
        .join("firmware/symbols")
        .join(format!("{}.txt", name.replace(' ', "-")))
}

fn table_file() -> PathBuf {
    root().join("docs/firmware-costs.md")
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(sizes: &[(&str, u64)]) -> BTreeMap<String, u64> {
        sizes.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
    }

    #[test]
    fn what_grew_is_listed_and_the_rest_is_not() {
        let before = symbols(&[("grown", 1000), ("same", 700), ("shrunk", 900), ("gone", 600)]);
        let now = symbols(&[
            ("grown", 1250),
            ("same", 700),
            ("shrunk", 800),
            ("new", 2000),
            ("small", 100),
        ]);
        let list = growth(&before, &now);
        let lines: Vec<_> = list.lines().skip(1).map(str::trim).collect();
        assert_eq!(lines, ["1488 new", "250 grown"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            ["0", "999", "1,000", "906,272"],
            [0, 999, 1000, 906_272].map(thousands).each_ref().map(String::as_str)
        );
    }
}

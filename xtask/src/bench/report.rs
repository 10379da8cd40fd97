//! One row per cost, and whether all stay within their limits.

use crate::shell::Result;

/// A measured cost beside its limit and the original's figure.
pub(crate) struct Row {
    pub(crate) cost: &'static str,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    /// `None`: reported, not guarded.
    pub(crate) limit: Option<f64>,
    /// The original's figure in the same unit, where there is one.
    pub(crate) reference: Option<f64>,
}

/// The rows so far.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::from("\n| cost | measured | limit | original | ratio |\n|---|---|---|---|---|\n");
        for row in &self.rows {
            let limit = row.limit.map_or_else(|| "-".to_owned(), |l| figure(l, row.unit));
            let reference = row.reference.map_or_else(|| "-".to_owned(), |r| figure(r, row.unit));
            let ratio = row
                .reference
                .map_or_else(|| "-".to_owned(), |r| format!("{:.3}", row.measured / r));
            let over = if row.is_over() { " **over**" } else { "" };
            let measured = figure(row.measured, row.unit);
            text.push_str(&format!(
                "| {} | {measured}{over} | {limit} | {reference} | {ratio} |\n",
                row.cost
            ));
        }
        text
    }

    /// Fails if a cost is past its limit.
    pub(crate) fn verdict(&self) -> Result<()> {
        let over: Vec<_> = self.rows.iter().filter(|r| r.is_over()).map(|r| r.cost).collect();
        if over.is_empty() {
            Ok(())
        } else {
            Err(format!("past the limit: {over:?}").into())
        }
    }
}

impl Row {
    fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.measured > limit)
    }
}

fn figure(value: f64, unit: &str) -> String {
    match unit {
        "instructions" if value >= 1e6 => format!("{:.2} M", value / 1e6),
        "instructions" => format!("{:.1} k", value / 1e3),
        "B" => format!("{value:.0} B"),
        "requests" | "packets" => format!("{value:.0}"),
        _ => format!("{value:.1} {unit}"),
    }
}

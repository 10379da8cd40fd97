//! Costs, written down.

use landfall_pair::{Side, World};

use crate::machine::{Cost, measure, say};

/// A world that measures each piece of work. Of pieces of the same name it keeps the largest figures.
pub struct Ledger {
    scheme: &'static str,
    prepares: bool,
    rows: [Option<Row>; ROWS],
    /// What the device has done since the last Command0 came in.
    since_command0: u64,
}

struct Row {
    side: Side,
    step: &'static str,
    cost: Cost,
}

/// More steps than a provisioning has.
const ROWS: usize = 40;

impl Ledger {
    /// An empty one. `scheme` goes before each of its lines.
    pub fn new(scheme: &'static str) -> Self {
        Self {
            scheme,
            prepares: true,
            rows: [const { None }; ROWS],
            since_command0: 0,
        }
    }

    /// The same for a device that does no heavy work before it has to.
    pub fn unprepared(scheme: &'static str) -> Self {
        Self {
            prepares: false,
            ..Self::new(scheme)
        }
    }

    /// Measures a piece of work that belongs to no side's flow.
    pub fn measure<R>(&mut self, step: &'static str, work: impl FnOnce() -> R) -> R {
        self.work(Side::Device, step, work)
    }

    /// Says all rows.
    pub fn close(self) {
        for Row { side, step, cost } in self.rows.into_iter().flatten() {
            row(self.scheme, side, step, cost);
        }
    }

    fn enter(&mut self, side: Side, step: &'static str, cost: Cost) {
        for place in &mut self.rows {
            match place {
                Some(row) if row.side == side && row.step == step => {
                    row.cost.instructions = row.cost.instructions.max(cost.instructions);
                    row.cost.stack = row.cost.stack.max(cost.stack);
                    return;
                }
                Some(_) => {}
                None => {
                    *place = Some(Row { side, step, cost });
                    return;
                }
            }
        }
        panic!("the ledger is full");
    }
}

impl World for Ledger {
    fn work<R>(&mut self, side: Side, step: &'static str, work: impl FnOnce() -> R) -> R {
        let (result, cost) = measure(work);
        self.enter(side, step, cost);
        if side == Side::Device {
            if step == "Command0" {
                self.since_command0 = 0;
            }
            self.since_command0 += cost.instructions;
            if step == "Command1" {
                let instructions = self.since_command0;
                self.enter(side, "Command0 in to Response1 out", Cost { instructions, stack: 0 });
            }
        }
        result
    }

    fn prepares(&self) -> bool {
        self.prepares
    }
}

/// Says one row: `cost`, scheme, side, step, instructions, bytes of stack, between tabs.
fn row(scheme: &str, side: Side, step: &str, Cost { instructions, stack }: Cost) {
    say(format_args!(
        "cost\t{scheme}\t{side:?}\t{step}\t{instructions}\t{stack}"
    ));
}

//! What was measured, as tables, and held against its limits.

use crate::{elf::Program, shell::Result};

/// A step, of one side and with one scheme.
pub(super) struct Step {
    pub(super) scheme: String,
    pub(super) side: String,
    pub(super) name: String,
    pub(super) instructions: u64,
    /// Bytes; 0 for a sum of several steps, which has no stack of its own.
    pub(super) stack: u64,
}

/// A size in bytes.
pub(super) struct Size {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// A cost that has a limit.
struct Guarded {
    cost: String,
    measured: u64,
    /// Past it, the chore fails.
    limit: u64,
    /// What it is to be; past the limit only where nobody has reached it yet.
    target: u64,
    unit: &'static str,
}

/// All that was measured.
pub(super) struct Costs {
    pub(super) steps: Vec<Step>,
    pub(super) sizes: Vec<Size>,
    /// Text and constants of the device's side, without the image around them, bytes.
    code: u64,
    /// What takes most of it, for who has to find out.
    largest: Vec<String>,
}

impl Costs {
    /// Takes what the measuring image said, and the images whose difference is the core's code.
    pub(super) fn new(lines: &str, device: &Program, empty: &Program) -> Result<Self> {
        let words = || lines.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let steps = words().filter_map(|words| match words[..] {
            ["cost", scheme, side, name, instructions, stack] => {
                Some(Step::read(scheme, side, name, instructions, stack))
            }
            _ => None,
        });
        let sizes = words().filter_map(|words| match words[..] {
            ["size", name, bytes] => Some(bytes.parse().map(|bytes| Size {
                name: name.into(),
                bytes,
            })),
            _ => None,
        });
        let largest = device.symbols().into_iter().take(20);
        Ok(Self {
            steps: steps.collect::<Result<_>>()?,
            sizes: sizes.collect::<core::result::Result<_, _>>()?,
            code: flash(device)?.saturating_sub(flash(empty)?),
            largest: largest.map(|(name, size)| format!("{size:>7} {name}")).collect(),
        })
    }

    /// The tables, as they stand in docs/costs.md.
    pub(super) fn tables(&self) -> String {
        let guarded = self
            .guarded()
            .map_or_else(|e| e.to_string(), |guarded| guarded_table(&guarded));
        format!("{guarded}\n{}\n{}", self.sizes_table(), self.steps_table())
    }

    /// Fails if a cost is past its limit.
    pub(super) fn verdict(&self) -> Result<()> {
        let guarded = self.guarded()?;
        let over: Vec<_> = guarded.iter().filter(|cost| cost.measured > cost.limit).collect();
        if over.is_empty() {
            return Ok(());
        }
        let named = over
            .iter()
            .map(|cost| format!("{}: {} {}, limit {}", cost.cost, cost.measured, cost.unit, cost.limit));
        let named = named.collect::<Vec<_>>().join("\n");
        let code = over.iter().any(|cost| cost.cost == CODE);
        let largest = if code {
            format!("\nlargest in the code:\n{}", self.largest.join("\n"))
        } else {
            String::new()
        };
        Err(format!("past the limit on RV32IMC:\n{named}{largest}").into())
    }

    /// The costs that are promised.
    fn guarded(&self) -> Result<Vec<Guarded>> {
        let deepest = self
            .device_steps()
            .max_by_key(|step| step.stack)
            .ok_or("nothing was measured")?;
        let instructions = |cost: &str, step, target| {
            Ok::<_, Box<dyn core::error::Error>>(Guarded {
                cost: cost.into(),
                measured: self.step("security 2", step)?.instructions,
                limit: target,
                target,
                unit: "instructions",
            })
        };
        Ok(vec![
            instructions(
                "security 2, Command0 in to Response1 out, ephemeral key prepared",
                "Command0 in to Response1 out",
                160_000_000,
            )?,
            instructions("security 2, Command0 in to Response0 out", "Command0", 5_000_000)?,
            Guarded {
                cost: format!("deepest stack of the device ({}, {})", deepest.scheme, deepest.name),
                measured: deepest.stack,
                limit: 8 * 1024,
                target: 8 * 1024,
                unit: "bytes",
            },
            Guarded {
                cost: "static memory: manager with its session and 16 scan results, and the verifier's table".into(),
                measured: self.size("manager")? + self.size("verifier table")?,
                limit: 6 * 1024,
                target: 6 * 1024,
                unit: "bytes",
            },
            Guarded {
                cost: CODE.into(),
                measured: self.code,
                limit: 60 * 1024,
                target: 60 * 1024,
                unit: "bytes",
            },
        ])
    }

    fn device_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.side == "Device")
    }

    fn step(&self, scheme: &str, name: &str) -> Result<&Step> {
        let found = self
            .device_steps()
            .find(|step| step.scheme == scheme && step.name == name);
        found.ok_or_else(|| format!("{scheme}, {name} was not measured").into())
    }

    fn size(&self, name: &str) -> Result<u64> {
        let found = self.sizes.iter().find(|size| size.name == name);
        Ok(found
            .ok_or_else(|| format!("the size of {name} was not measured"))?
            .bytes)
    }

    fn sizes_table(&self) -> String {
        let rows = self
            .sizes
            .iter()
            .map(|size| format!("| {} | {} |\n", size.name, grouped(size.bytes)));
        format!("| static memory | bytes |\n|---|---|\n{}", rows.collect::<String>())
    }

    fn steps_table(&self) -> String {
        let rows = self.steps.iter().map(|step| {
            let stack = if step.stack == 0 {
                "-".into()
            } else {
                grouped(step.stack)
            };
            let (side, instructions) = (step.side.to_lowercase(), grouped(step.instructions));
            let milliseconds = step.instructions as f64 / 160e3;
            format!(
                "| {}, {side}: {} | {instructions} | {stack} | {milliseconds:.2} |\n",
                step.scheme, step.name
            )
        });
        format!(
            "| step | instructions | peak stack, bytes | instructions / 160 MHz, ms: not measured time |\n|---|---|---|---|\n{}",
            rows.collect::<String>()
        )
    }
}

const CODE: &str = "code and constants: core, manager, three schemes";

impl Step {
    fn read(scheme: &str, side: &str, name: &str, instructions: &str, stack: &str) -> Result<Self> {
        Ok(Self {
            scheme: scheme.into(),
            side: side.into(),
            name: name.into(),
            instructions: instructions.parse()?,
            stack: stack.parse()?,
        })
    }
}

/// Bytes that stand in flash. An image without constants has no section for them, but there is none without code.
fn flash(program: &Program) -> Result<u64> {
    let constants = [".rodata", ".data"].map(|name| program.section(name).unwrap_or_default());
    Ok(program.section(".text")? + constants.iter().sum::<u64>())
}

fn guarded_table(costs: &[Guarded]) -> String {
    let rows = costs.iter().map(|cost| {
        let over = if cost.measured > cost.limit { " **over**" } else { "" };
        let missed = if cost.measured > cost.target {
            " (not reached)"
        } else {
            ""
        };
        let [measured, limit, target] = [cost.measured, cost.limit, cost.target].map(grouped);
        format!(
            "| {} | {measured} {}{over} | {limit} | {target}{missed} |\n",
            cost.cost, cost.unit
        )
    });
    let rows = rows.collect::<String>();
    format!("| cost | measured | limit | to reach |\n|---|---|---|---|\n{rows}")
}

/// With a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

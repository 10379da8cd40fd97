//! Provisionings over Bluetooth on any machine: virtual controllers on one air (peers/ble/README.md).

mod cases;
mod process;
mod stage;

use core::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use std::{thread, time::Instant};

use self::{
    cases::{CASES, Case},
    process::Helper,
};
pub(crate) use self::{
    cases::{Central, Peripheral, SEC2},
    process::output,
    stage::Tools,
};
use crate::shell::{Result, say};

/// The longest that a client may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Cases that are run at once: they mostly wait.
const AT_ONCE: usize = 3;

/// Runs the cases whose names have the first argument in them.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let tools = Tools::new()?;
    let wanted = arguments.first().map_or("", String::as_str);
    let cases: Vec<&Case> = CASES.iter().filter(|case| case.name.contains(wanted)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !passes(case, &tools) {
                failed.push(case.name);
            }
        }
        failed
    };
    let failed: Vec<&str> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let ends = workers
            .into_iter()
            .map(|worker| worker.join().expect("a case panics not"));
        ends.flatten().collect()
    });
    say(&format!(
        "{} passed, {} failed",
        cases.len() - failed.len(),
        failed.len()
    ));
    match failed.is_empty() && !cases.is_empty() {
        true => Ok(()),
        false => Err(format!("failed: {failed:?}").into()),
    }
}

fn passes(case: &Case, tools: &Tools) -> bool {
    let began = Instant::now();
    let checked = check(case, tools);
    let took = began.elapsed().as_secs_f32();
    match &checked {
        Ok(()) => say(&format!("ok    {} ({took:.1} s)", case.name)),
        Err(error) => say(&format!("FAIL  {} ({took:.1} s)\n{error}", case.name)),
    }
    checked.is_ok()
}

/// Every case has an air of its own, so that none finds what another left.
fn check(case: &Case, tools: &Tools) -> Result<()> {
    let air = tools.air(case.air)?;
    let arguments = [case.security, case.options].concat();
    let _device = tools.device(&air, case.device, &arguments)?;
    let _before = match case.before {
        Some(before) => Some(Helper::start(&mut tools.client(before, air.another()), "READY")?),
        None => None,
    };
    let began = Instant::now();
    let (code, printed) = output(tools.client(case.client, air.client()), PATIENCE)?;
    let took = began.elapsed();
    let Case {
        expect,
        prints,
        at_least,
        ..
    } = case;
    if code != Some(*expect) || !printed.contains(prints) {
        return Err(format!("expected exit {expect} and \"{prints}\", got {code:?}:\n{printed}").into());
    }
    if took < *at_least {
        return Err(format!("it took {took:?}, and not {at_least:?}: nothing made it wait:\n{printed}").into());
    }
    Ok(())
}

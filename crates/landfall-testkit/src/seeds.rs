use core::{any::Any, panic::AssertUnwindSafe};
use std::{env, panic};

use crate::Violation;

/// Runs `run` for many seeds: so many as the environment's `LANDFALL_SEEDS` says, or `count`; or only the one of
/// `LANDFALL_SEED`. A panic counts as a failure of its seed.
///
/// # Panics
/// With the seeds that failed (up to ten) and how to run the first of them again, `test` being the caller's name.
#[track_caller]
pub fn for_each_seed(test: &str, count: u64, run: impl Fn(u64) -> Result<(), Violation>) {
    let seeds = match (number("LANDFALL_SEED"), number("LANDFALL_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, many) => 0..many.unwrap_or(count),
    };
    let failures = seeds.filter_map(|seed| failure(&run, seed).map(|failure| (seed, failure)));
    let failures: Vec<_> = failures.take(10).collect();
    if let Some((first, _)) = failures.first() {
        let list: String = failures
            .iter()
            .map(|(seed, failure)| format!("\n  seed {seed}: {failure}"))
            .collect();
        panic!("{list}\nrun the first again: LANDFALL_SEED={first} cargo test -p landfall-testkit {test}");
    }
}

fn failure(run: impl Fn(u64) -> Result<(), Violation>, seed: u64) -> Option<String> {
    match panic::catch_unwind(AssertUnwindSafe(|| run(seed))) {
        Ok(Ok(())) => None,
        Ok(Err(violation)) => Some(violation.to_string()),
        Err(payload) => Some(format!("panicked: {}", message(&*payload))),
    }
}

fn message(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `for_each_seed` says when seed 3 of 5 fails, whatever the environment asks for.
    #[track_caller]
    fn told(run: fn(u64) -> Result<(), Violation>) -> String {
        if env::var("LANDFALL_SEED").is_ok() || env::var("LANDFALL_SEEDS").is_ok() {
            return failure(run, 3)
                .map(|failure| format!("seed 3: {failure} LANDFALL_SEED=3"))
                .unwrap_or_default();
        }
        let panicked = panic::catch_unwind(|| for_each_seed("name", 5, run)).expect_err("seed 3 fails");
        message(&*panicked).to_owned()
    }

    #[test]
    fn a_violation_names_its_seed() {
        let told = told(|seed| match seed {
            3 => Err(Violation::Other("wrong".to_owned())),
            _ => Ok(()),
        });
        assert!(
            told.contains("seed 3: wrong") && told.contains("LANDFALL_SEED=3"),
            "{told}"
        );
    }

    #[test]
    fn a_panic_names_its_seed() {
        let told = told(|seed| {
            assert_ne!(seed, 3, "cannot be");
            Ok(())
        });
        assert!(
            told.contains("seed 3: panicked") && told.contains("LANDFALL_SEED=3"),
            "{told}"
        );
    }
}

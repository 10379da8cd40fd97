//! The step that is under way, with the seconds it has taken, on the last line of standard error.

use core::{fmt, time::Duration};
use std::{
    env,
    sync::{Mutex, MutexGuard, PoisonError},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{Size, width::cut};

/// Shows `step` until another one is shown or [`stop`] is called.
pub(crate) fn show(step: &str) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        .with_style(style())
        .with_message(cut(step, Size::now().columns.saturating_sub(SURROUNDINGS)));
    bar.enable_steady_tick(FRAME_TIME);
    if let Some(before) = current().replace(bar) {
        before.finish_and_clear();
    }
}

/// Shows no step any more.
pub(crate) fn stop() {
    if let Some(bar) = current().take() {
        bar.finish_and_clear();
    }
}

/// Does what prints to the terminal, with the step out of the way.
pub(crate) fn without<T>(print: impl FnOnce() -> T) -> T {
    match &*current() {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// The picture of a step that has taken so long.
pub(super) fn frame(taken: Duration) -> char {
    let frames = frames();
    let index = taken.as_millis() / FRAME_TIME.as_millis() % frames.chars().count() as u128;
    frames.chars().nth(index as usize).unwrap_or(' ')
}

/// How long a picture stays.
pub(super) const FRAME_TIME: Duration = Duration::from_millis(100);

/// Cells for picture, dots and time.
const SURROUNDINGS: usize = 16;

static CURRENT: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn current() -> MutexGuard<'static, Option<ProgressBar>> {
    // A spinner whose printing panicked is still one that can be stopped.
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} ... {taken}")
        .expect("the template names keys only")
        .tick_chars(frames())
        .with_key("taken", |state: &ProgressState, text: &mut dyn fmt::Write| {
            // Text that is made for the terminal has no way to fail.
            let _ = write!(text, "{}", Seconds(state.elapsed()));
        })
}

/// A time with the tenth of seconds that a person sees change.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

fn frames() -> &'static str {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    frames_of(locale.as_deref())
}

/// Pictures that a terminal of this locale can show.
fn frames_of(locale: Option<&str>) -> &'static str {
    let name = locale.unwrap_or_default().to_ascii_lowercase();
    if name.contains("utf-8") || name.contains("utf8") {
        "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
    } else {
        "|/-\\"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_without_unicode_gets_ascii() {
        assert!(frames_of(Some("C")).is_ascii());
        assert!(frames_of(None).is_ascii());
        assert!(!frames_of(Some("de_CH.UTF-8")).is_ascii());
        assert!(!frames_of(Some("C.utf8")).is_ascii());
    }

    #[test]
    fn seconds_have_a_tenth() {
        assert_eq!(Seconds(Duration::from_millis(2149)).to_string(), "2.1 s");
    }
}

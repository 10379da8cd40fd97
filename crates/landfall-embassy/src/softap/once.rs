use core::{
    pin::pin,
    task::{Context, Poll},
};

/// Polls a future once and drops it: what it waits for still wakes the task, as a socket remembers whom to wake.
pub(super) fn once<F: Future>(future: F, cx: &mut Context<'_>) -> Poll<F::Output> {
    pin!(future).poll(cx)
}

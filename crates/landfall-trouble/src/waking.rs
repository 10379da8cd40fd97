//! What keeps the host from waking itself without end.

use core::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Context,
};

/// Does `work` with wakers that are known again.
///
/// embassy-sync keeps one waker per place; for another one it wakes the one before, and takes the task's own waker and
/// a clone of it for two if their tables of functions lie at two addresses. Those of tokio's `block_on` do, as the
/// compiler may lay such a table more than once, and then every poll causes the next. Clones have the one table of the
/// function that makes them.
///
/// The work is pinned by the caller: a future that was moved in here would be in memory twice, and a host takes 18 KB.
pub(crate) async fn without_echo<F: Future>(mut work: Pin<&mut F>) -> F::Output {
    poll_fn(|context| {
        let waker = context.waker().clone();
        work.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

//! The least of many times, in microseconds: for what only a clock can tell, and for comparison with other programs.

use core::{iter, time::Duration};
use std::time::Instant;

use landfall_testkit::Scheme;

use crate::{
    ends::{Advanced, Ends, advance},
    work::{echo_on_device, encrypted},
};

/// The device's part of an echo of 1,024 bytes.
pub(crate) fn echo(scheme: Scheme) -> f64 {
    let mut ends = Ends::new(scheme);
    let mut session = ends.establish();
    least(1001, || {
        let mut message = encrypted(&mut session);
        let (len, spent) = timed(|| echo_on_device(&mut ends.device, &mut message));
        session.decrypt(&mut message[..len]).expect("the device is honest");
        spent
    })
}

/// The client's part of a security 2 handshake.
pub(crate) fn client() -> f64 {
    least(51, || {
        let mut ends = Ends::prepared(Scheme::Security2);
        let ((handshake, request), start) = timed(|| ends.client_starts());
        let answer = ends.device_answers(request.as_bytes());
        let (Advanced::Send(handshake, request), proof) = timed(|| advance(handshake, &answer)) else {
            panic!("the proof is still to be sent")
        };
        let answer = ends.device_answers(request.as_bytes());
        let (Advanced::Done(_), end) = timed(|| advance(handshake, &answer)) else {
            panic!("the second answer is the last")
        };
        start + proof + end
    })
}

/// What others on the machine do only adds.
fn least(repetitions: usize, once: impl FnMut() -> Duration) -> f64 {
    let times = iter::repeat_with(once).take(repetitions);
    times.min().expect("something is repeated").as_secs_f64() * 1e6
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

//! The HTTP of spec transports.md section 2.2 and 2.3: what the known clients expect, which is not what an HTTP library does. A
//! request that fails gets no answer at all, a body of unknown length is none, a session hangs on a cookie or on the
//! connection.

mod answer;
mod head;
mod sessions;

pub use answer::{Busy, CONTINUE, Failure, MAX_ANSWER_HEAD, Success};
pub use head::{Bounds, Head, MAX_BODY, Persistence, Refusal};
pub use sessions::{Admission, ConnectionId, Cookie, Kind, Sessions, draw_session};

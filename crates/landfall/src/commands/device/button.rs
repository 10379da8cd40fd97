//! A push button that opens the device for clients: a line of a GPIO chip (Linux' GPIO character device).

use core::{convert::Infallible, future};

use gpiocdev::{
    Request,
    line::{Bias, EdgeDetection},
    tokio::AsyncRequest,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Duration, sleep},
};

use super::{life::Order, watch::Watch};
use crate::{
    args::ButtonLine,
    failure::{Failure, Problem},
};

/// A line that a button pulls to ground, or lets rise if it is high when pressed.
pub(super) struct Button(AsyncRequest);

/// Contacts bounce for some milliseconds.
const BOUNCE_TIME: Duration = Duration::from_millis(20);
/// After a chip that failed, before it is asked again.
const PAUSE: Duration = Duration::from_secs(5);

impl Button {
    /// Takes the line for itself.
    pub(super) fn open(line: &ButtonLine) -> Result<Self, Failure> {
        let mut request = Request::builder();
        request
            .on_chip(&line.chip)
            .with_consumer("landfall")
            .with_line(line.offset)
            .as_input()
            .with_edge_detection(EdgeDetection::RisingEdge)
            .with_debounce_period(BOUNCE_TIME);
        if line.high {
            request.with_bias(Bias::PullDown);
        } else {
            request.as_active_low().with_bias(Bias::PullUp);
        }
        let request = request.request().map_err(|error| {
            Failure::new(Problem::ButtonUnusable)
                .saying(format!(
                    "line {} of {} cannot be watched",
                    line.offset,
                    line.chip.display()
                ))
                .because(error)
        })?;
        Ok(Self(AsyncRequest::new(request)))
    }

    /// Opens the device each time that somebody presses, for ever.
    pub(super) async fn obey(button: Option<Self>, orders: &mpsc::Sender<Order>, watch: &Watch<'_>) -> Infallible {
        let Some(Self(line)) = button else {
            return future::pending().await;
        };
        loop {
            match line.read_edge_event().await {
                Ok(_) => {
                    let (done, _) = oneshot::channel();
                    // A device that has ended obeys nothing; the program ends with it.
                    let _ = orders.send(Order::Open { window: None, done }).await;
                }
                Err(error) => {
                    watch.warn(format!("the button cannot be watched: {error}"));
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

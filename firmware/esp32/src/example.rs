//! The application.

use embassy_net::Stack;
use embassy_time::{Duration, Timer, with_timeout};
use landfall_embassy::{App, Control, Event};

use crate::log;

/// What the seed answers to everything.
const ANSWER: &[u8] = b"SUCCESS\0";
/// Greetings until the device asks to be provisioned anew.
const GREETINGS: u32 = 10;

/// For the network to be left then.
const LEAVE_TIME: Duration = Duration::from_secs(5);

/// Logs what happens, and answers the endpoint `custom-data`.
pub(crate) struct Example;

impl App for Example {
    fn on_event(&mut self, event: &Event<'_>) {
        if event.is_error() {
            log::error(event);
        } else {
            log::info(event);
        }
    }

    async fn on_request(&mut self, _endpoint: &str, request: &[u8], response: &mut [u8]) -> Option<usize> {
        log::info(format_args!("Received data: {}", request.escape_ascii()));
        response.get_mut(..ANSWER.len())?.copy_from_slice(ANSWER);
        Some(ANSWER.len())
    }
}

/// Says hello each second while the device is on a network, and after ten times has it provisioned anew, if `control` is
/// that of a device that provisions for ever.
pub(crate) async fn greet(stack: Stack<'static>, control: Option<&Control>) -> ! {
    loop {
        stack.wait_config_up().await;
        for _ in 0..GREETINGS {
            Timer::after(Duration::from_secs(1)).await;
            if stack.is_config_up() {
                log::info("Hello World!");
            }
        }
        if let Some(control) = control {
            control.reprovision();
            let _ = with_timeout(LEAVE_TIME, stack.wait_config_down()).await;
        }
    }
}

use core::error::Error;

use alloc::boxed::Box;
use esp_hal::{Async, uart::Uart};
use landfall_embassy::{console::ConsoleService, manager::PayloadTransport};

use crate::{Board, example::Example};

/// No app reads it: whoever sees the code sits at the serial port already. The original shows none.
pub(crate) const TRANSPORT: Option<PayloadTransport<'static>> = None;

/// Provisions over the serial port that the log uses, too.
pub(crate) async fn provision(
    device: &mut Board,
    line: Uart<'static, Async>,
    _name: &str,
) -> Result<(), Box<dyn Error>> {
    device.provision(ConsoleService::<_>::new(line), &mut Example).await?;
    Ok(())
}

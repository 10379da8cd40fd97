//! A device on the air, whatever stack has it there: what it tells and what it is told is the same.

mod controller;
mod system;

use tokio::{runtime, sync::mpsc};
use zeroize::Zeroizing;

use super::{AfterProvisioning, BleOptions, BluetoothAddress, Place, Radio, RadioError};

/// A device to be put on the air.
pub(super) struct Air {
    pub(super) radio: Radio,
    pub(super) bus: Option<String>,
    pub(super) options: BleOptions,
    pub(super) endpoints: Vec<String>,
}

/// What is told of it.
pub(super) enum Told {
    /// Clients can find it (again).
    Advertising(Option<Place>),
    /// A client connected.
    Connected(BluetoothAddress),
    /// It is gone.
    Disconnected,
    /// It asks for something.
    Request {
        number: Number,
        /// In the order of the table.
        characteristic: usize,
        message: Zeroizing<Vec<u8>>,
    },
    /// Nobody can find the device, until it advertises again.
    Interrupted(RadioError),
    /// The service has ended, and Bluetooth stays on.
    KeptOn,
    /// The device is off the air.
    Ended(Result<(), RadioError>),
}

/// What it is told to do.
pub(super) enum Order {
    /// To answer a request.
    Respond(Number, Option<Zeroizing<Vec<u8>>>),
    /// To end the service.
    End(AfterProvisioning),
}

/// A request's number, as the stack counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Controller(landfall_trouble::peripheral::RequestNumber),
    System(landfall_bluez::peripheral::RequestNumber),
}

/// To whoever started the device. It may be gone; then the orders end as well.
type Tell = mpsc::UnboundedSender<Told>;
type Orders = mpsc::UnboundedReceiver<Order>;

impl Air {
    /// Keeps the device on the air until it is ordered off, or nobody is there who could order it.
    pub(super) fn run(&self, tell: Tell, orders: Orders) {
        let ended = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RadioError::NoController)
            .and_then(|runtime| {
                runtime.block_on(async {
                    match &self.radio {
                        Radio::Controller(hci) => controller::serve(self, hci, &tell, orders).await,
                        Radio::System { adapter } => system::serve(self, adapter.as_deref(), &tell, orders).await,
                    }
                })
            });
        let _ = tell.send(Told::Ended(ended));
    }

    fn endpoints(&self) -> Vec<&str> {
        self.endpoints.iter().map(String::as_str).collect()
    }
}

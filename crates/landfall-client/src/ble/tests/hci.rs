//! The client over a controller of its own, which is a script behind a TCP port (Bluetooth Core, volume 4, part E).

use core::{ops::ControlFlow, time::Duration};
use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Instant,
    vec,
};

use super::*;
use crate::{RadioProblem, ble::hci};

/// A controller that takes every command, and never hears a device.
struct DeafController {
    address: hci::HciAddress,
    commands: Arc<Mutex<Vec<u16>>>,
}

impl DeafController {
    fn start() -> Self {
        let (socket, address) = listen();
        let commands = Arc::default();
        let log = Arc::clone(&commands);
        thread::spawn(move || {
            for host in socket.incoming().flatten() {
                // A host that goes away is no failure.
                _ = serve(host, &log);
            }
        });
        Self { address, commands }
    }

    fn was_told(&self, command: u16) -> bool {
        let commands = self.commands.lock().expect("nobody panics");
        commands.contains(&command)
    }

    async fn connect(&self) -> Result<BleTransport<StackLink>, TransportError> {
        hci::connect(&self.address, &found()).await
    }
}

fn listen() -> (TcpListener, hci::HciAddress) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    (socket, hci::HciAddress::Tcp(address.to_string()))
}

fn serve(mut host: TcpStream, log: &Mutex<Vec<u16>>) -> io::Result<()> {
    loop {
        let mut header = [0; 4];
        host.read_exact(&mut header)?;
        let [_, low, high, len] = header;
        host.read_exact(&mut vec![0; usize::from(len)])?;
        let command = u16::from_le_bytes([low, high]);
        log.lock().expect("nobody panics").push(command);
        let answer: &[u8] = match command {
            CREATE_CONNECTION => {
                host.write_all(&[EVENT, COMMAND_STATUS, 4, 0, 1, low, high])?;
                continue;
            }
            READ_ADDRESS => &[1, 2, 3, 4, 5, 6],
            READ_BUFFER_SIZE => &[0xfb, 0, 8],
            READ_ACCEPT_LIST_SIZE => &[8],
            _ => &[],
        };
        let len = 4 + answer.len() as u8;
        let complete = [&[EVENT, COMMAND_COMPLETE, len, 1, low, high, 0], answer].concat();
        host.write_all(&complete)?;
    }
}

fn found() -> Found {
    Found {
        name: None,
        address: "F0:F1:F2:F3:F4:01".parse().expect("an address"),
        kind: AddressKind::Random,
        rssi: -60,
        service: None,
        manufacturer_data: None,
    }
}

/// Gives up connecting when `is_far` says so, and gives how long that took then.
async fn give_up(
    connecting: impl Future<Output = Result<BleTransport<StackLink>, TransportError>>,
    is_far: impl Fn() -> bool,
) -> Duration {
    let watch = async {
        while !is_far() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Instant::now()
    };
    let began = tokio::select! {
        result = connecting => panic!("it ended by itself: {:?}", result.err()),
        began = watch => began,
    };
    began.elapsed()
}

#[tokio::test]
async fn connecting_to_a_device_that_does_not_answer_is_given_up_at_once() {
    let controller = DeafController::start();
    let took = give_up(controller.connect(), || controller.was_told(CREATE_CONNECTION)).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(controller.was_told(CREATE_CONNECTION_CANCEL));
}

#[tokio::test]
async fn connecting_with_a_controller_that_does_not_answer_is_given_up_at_once() {
    let (_silent, address) = listen();
    let began = Instant::now();
    let took = give_up(hci::connect(&address, &found()), || {
        began.elapsed() > Duration::from_millis(300)
    })
    .await;
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_controller_that_cannot_be_used_is_no_fault_of_the_device() {
    let (socket, address) = listen();
    let silent = hci::discover(&address, Duration::ZERO, |_| ControlFlow::Continue(())).await;
    assert!(is_at_fault(silent, true));
    drop(socket);
    let gone = hci::discover(&address, Duration::ZERO, |_| ControlFlow::Continue(())).await;
    assert!(is_at_fault(gone, false));
    assert!(is_at_fault(hci::connect(&address, &found()).await, false));
}

fn is_at_fault<T>(result: Result<T, TransportError>, silent: bool) -> bool {
    let Err(TransportError::Radio(RadioProblem::Controller { is_silent, why })) = result else {
        return false;
    };
    is_silent == silent && why.starts_with("the controller at tcp:127.0.0.1:")
}

const EVENT: u8 = 4;
const COMMAND_COMPLETE: u8 = 0x0e;
const COMMAND_STATUS: u8 = 0x0f;
const READ_ADDRESS: u16 = 0x1009;
const READ_BUFFER_SIZE: u16 = 0x2002;
const CREATE_CONNECTION: u16 = 0x200d;
const CREATE_CONNECTION_CANCEL: u16 = 0x200e;
const READ_ACCEPT_LIST_SIZE: u16 = 0x200f;

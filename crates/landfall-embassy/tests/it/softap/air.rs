//! An access point in memory: Ethernet interfaces that hear each other, and network stacks on them.

use core::{
    cell::RefCell,
    task::{Context, Waker},
};
use std::{collections::VecDeque, rc::Rc};

use embassy_net::{Config, Runner, Stack, StackResources};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};

/// Most sockets of a stack.
const SOCKETS: usize = 40;

/// What is in the air.
#[derive(Clone, Default)]
pub(crate) struct Air(Rc<RefCell<Vec<Rc<Ear>>>>);

/// What an interface has heard.
#[derive(Default)]
struct Ear {
    frames: RefCell<VecDeque<Vec<u8>>>,
    waker: RefCell<Option<Waker>>,
}

/// Whether a frame is heard by others.
type Filter = dyn Fn(&[u8]) -> bool;

/// An interface in the air.
pub(crate) struct Interface {
    air: Air,
    number: usize,
    passes: Box<Filter>,
}

/// A network stack in the air.
pub(crate) struct Host {
    pub(crate) stack: Stack<'static>,
    pub(crate) runner: Runner<'static, Interface>,
}

impl Air {
    /// A stack with an interface of its own, of whose frames those reach the others that `passes` lets. Its memory is
    /// never given back: there are few of them.
    pub(crate) fn host(&self, config: Config, passes: impl Fn(&[u8]) -> bool + 'static) -> Host {
        let mut ears = self.0.borrow_mut();
        ears.push(Rc::default());
        let interface = Interface {
            air: self.clone(),
            number: ears.len() - 1,
            passes: Box::new(passes),
        };
        drop(ears);
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("random bytes");
        let resources = Box::leak(Box::new(StackResources::<SOCKETS>::new()));
        let (stack, runner) = embassy_net::new(interface, config, resources, u64::from_le_bytes(seed));
        Host { stack, runner }
    }

    /// Everybody but the sender hears a frame; whose it is, stacks know.
    fn carry(&self, from: usize, frame: &[u8]) {
        for (number, ear) in self.0.borrow().iter().enumerate() {
            if number != from {
                ear.frames.borrow_mut().push_back(frame.to_vec());
                if let Some(waker) = ear.waker.borrow_mut().take() {
                    waker.wake();
                }
            }
        }
    }
}

pub(crate) struct Heard(Vec<u8>);

pub(crate) struct Said<'a>(&'a Interface);

impl Driver for Interface {
    type RxToken<'a> = Heard;
    type TxToken<'a> = Said<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Heard, Said<'_>)> {
        let frame = {
            let ears = self.air.0.borrow();
            let ear = ears.get(self.number)?;
            let frame = ear.frames.borrow_mut().pop_front();
            if frame.is_none() {
                *ear.waker.borrow_mut() = Some(cx.waker().clone());
            }
            frame
        };
        Some((Heard(frame?), Said(self)))
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Said<'_>> {
        Some(Said(self))
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet([2, 0, 0, 0, 0, self.number as u8])
    }
}

impl RxToken for Heard {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, f: F) -> R {
        f(&mut self.0)
    }
}

impl TxToken for Said<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        if (self.0.passes)(&frame) {
            self.0.air.carry(self.0.number, &frame);
        }
        result
    }
}

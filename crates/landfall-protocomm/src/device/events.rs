use core::mem;

use super::Event;

/// The last few events that the application has not yet taken.
#[derive(Default)]
pub(super) struct Events {
    /// Oldest first, gaps at the end.
    waiting: [Option<Event>; CAPACITY],
}

impl Events {
    /// Adds an event; the oldest gives way if there are too many.
    pub(super) fn push(&mut self, event: Event) {
        if self.waiting.iter().all(Option::is_some) {
            self.pop();
        }
        if let Some(free) = self.waiting.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(event);
        }
    }

    /// Takes the oldest event.
    pub(super) fn pop(&mut self) -> Option<Event> {
        // From the back, each takes the place of the one before it.
        let mut carried = None;
        for slot in self.waiting.iter_mut().rev() {
            mem::swap(slot, &mut carried);
        }
        carried
    }
}

/// One message causes at most two events.
const CAPACITY: usize = 4;

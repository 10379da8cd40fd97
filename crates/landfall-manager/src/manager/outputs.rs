use crate::{Command, Event, Output};

/// What waits to be drained: one slot per subject, so nothing can overflow.
///
/// One input fills a slot at most once: it changes the state at most once, and a state is entered with at most one
/// event. A caller who does not drain between inputs finds the newest wish of each subject, which is what the world
/// should become; of undrained events the newest stays.
#[derive(Default)]
pub(super) struct Outputs {
    scan: Option<Command>,
    station: Option<Command>,
    save: Option<Command>,
    service: Option<Command>,
    event: Option<Event>,
    reply_ready: bool,
}

impl Outputs {
    pub(super) fn command(&mut self, command: Command) {
        let slot = match command {
            Command::Scan(_) | Command::CancelScan => &mut self.scan,
            Command::Connect(_) | Command::Disconnect => &mut self.station,
            Command::Save(_) => &mut self.save,
            Command::StartService | Command::StopService => &mut self.service,
        };
        *slot = Some(command);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.event = Some(event);
    }

    pub(super) fn set_reply_ready(&mut self, ready: bool) {
        self.reply_ready = ready;
    }

    /// The next output: what ends comes first, then what the event tells of, then the event, then what begins.
    ///
    /// So an application that hears `CredentialsSucceeded` knows that saving was asked for before, one that hears
    /// `CredentialsFailed` can join another network without being cut off by our `Disconnect`, and one that hears
    /// `AttemptFailed` hears it before the next attempt.
    pub(super) fn pop(&mut self) -> Option<Output> {
        if let Some(cancel) = self.scan.take_if(|command| matches!(command, Command::CancelScan)) {
            return Some(Output::Command(cancel));
        }
        if core::mem::take(&mut self.reply_ready) {
            return Some(Output::ReplyReady);
        }
        let told = self.station.take_if(|command| matches!(command, Command::Disconnect));
        if let Some(command) = told.or_else(|| self.save.take()).or_else(|| self.service.take()) {
            return Some(Output::Command(command));
        }
        if let Some(event) = self.event.take() {
            return Some(Output::Event(event));
        }
        let begun = self.scan.take().or_else(|| self.station.take());
        begun.map(Output::Command)
    }
}

use landfall_protocomm::gatt::{AttError, Values, Written};
use trouble_host::{
    Error,
    att::{AttClient, AttErrorCode, AttReq, AttRsp},
    prelude::{Connection, DefaultPacketPool, GattData, GattEvent, ReadEvent, WriteEvent},
};

use super::{
    link::{Answer, Event, Link, Message, RequestNumber},
    table::{MAX_ENDPOINTS, Table},
};
use crate::filter::Refusal;

/// What is known of the client that is connected: what it can read, and what it waits for.
pub(super) struct Client<'a, 'config, 'stack, 'server> {
    table: &'a Table<'config>,
    link: &'a Link,
    connection: &'a Connection<'stack, DefaultPacketPool>,
    values: Values<MAX_ENDPOINTS>,
    waiting: Option<Waiting<'stack, 'server>>,
    /// The characteristic with an answer that was not read to its end yet.
    unread: Option<usize>,
    /// Whether the service has ended.
    closed: bool,
}

/// A write that is answered when its request is.
struct Waiting<'stack, 'server> {
    number: RequestNumber,
    characteristic: usize,
    write: WriteEvent<'stack, 'server, DefaultPacketPool>,
}

impl<'a, 'config, 'stack, 'server> Client<'a, 'config, 'stack, 'server> {
    pub(super) const fn new(
        table: &'a Table<'config>,
        link: &'a Link,
        connection: &'a Connection<'stack, DefaultPacketPool>,
    ) -> Self {
        Self {
            table,
            link,
            connection,
            values: Values::new(),
            waiting: None,
            unread: None,
            closed: false,
        }
    }

    /// Ends the service: what can be read is taken away, and all values answer with an error (spec transports.md 1.6).
    pub(super) async fn close(&mut self) {
        self.closed = true;
        self.unread = None;
        self.values.clear();
        if let Some(waiting) = self.waiting.take()
            && let Ok(reply) = waiting.write.reject(code(AttError::RequestFailed))
        {
            reply.send().await;
        }
    }

    /// Takes what the client asks.
    ///
    /// # Errors
    /// When there is no room for the answer.
    pub(super) async fn on_event(&mut self, event: GattEvent<'stack, 'server, DefaultPacketPool>) -> Result<(), Error> {
        match event {
            GattEvent::Write(write) => self.on_write(write).await,
            GattEvent::Read(read) => self.on_read(read).await,
            other => match refusal(other.payload()) {
                Some(refusal) => refuse(other.into_payload(), refusal).await,
                None => {
                    other.accept()?.send().await;
                    Ok(())
                }
            },
        }
    }

    /// Takes an answer. The client may be another one by now than the one that asked.
    ///
    /// # Errors
    /// When there is no room for the answer.
    pub(super) async fn on_answer(&mut self, answer: &Answer) -> Result<(), Error> {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.number == answer.number) else {
            return Ok(());
        };
        match self.values.respond(waiting.characteristic, answer.message.as_deref()) {
            Ok(()) => {
                self.unread = Some(waiting.characteristic);
                waiting.write.accept_unprocessed()?.send().await;
            }
            Err(error) => waiting.write.reject(code(error))?.send().await,
        }
        Ok(())
    }

    /// Whether it is about to read an answer.
    pub(super) const fn has_to_read(&self) -> bool {
        self.unread.is_some()
    }

    async fn on_write(&mut self, write: WriteEvent<'stack, 'server, DefaultPacketPool>) -> Result<(), Error> {
        let Some(characteristic) = self.table.characteristic(write.handle()) else {
            // The host allows no other writes but those to its own descriptors 0x2902.
            write.accept()?.send().await;
            return Ok(());
        };
        if self.closed {
            write.reject(code(AttError::RequestFailed))?.send().await;
            return Ok(());
        }
        // The protocol allows one request at a time.
        if self.waiting.is_some() {
            write.reject(AttErrorCode::PROCEDURE_ALREADY_IN_PROGRESS)?.send().await;
            return Ok(());
        }
        let (written, message) = write.with_data(|offset, value| {
            let written = self.values.write(characteristic, offset, value);
            (written, Message::new(value))
        });
        match (written, message) {
            (Ok(Written::Request), Some(message)) => {
                let number = self.link.number();
                self.waiting = Some(Waiting {
                    number,
                    characteristic,
                    write,
                });
                let request = Event::Request {
                    number,
                    characteristic,
                    message,
                };
                self.link.tell(request).await;
            }
            (Ok(Written::Nothing), _) => write.accept_unprocessed()?.send().await,
            (Ok(Written::Request), None) => write.reject(code(AttError::InvalidLength))?.send().await,
            (Err(error), _) => write.reject(code(error))?.send().await,
        }
        Ok(())
    }

    async fn on_read(&mut self, read: ReadEvent<'stack, 'server, DefaultPacketPool>) -> Result<(), Error> {
        let Some(characteristic) = self.table.characteristic(read.handle()) else {
            read.accept()?.send().await;
            return Ok(());
        };
        if self.closed {
            read.reject(code(AttError::RequestFailed))?.send().await;
            return Ok(());
        }
        let offset = match read.payload().incoming() {
            AttClient::Request(AttReq::ReadBlob { offset, .. }) => Some(usize::from(offset)),
            _ => None,
        };
        // Behind the opcode.
        let room = usize::from(self.connection.att_mtu()).saturating_sub(1);
        let value = self.values.read(characteristic, offset.unwrap_or(0));
        // A reader knows the end by a part that does not fill the packet.
        if value.is_ok_and(|value| value.len() < room) {
            self.unread.take_if(|unread| *unread == characteristic);
        }
        match (value.map(|value| value.get(..room).unwrap_or(value)), offset) {
            (Ok(data), None) => read.into_payload().reply(AttRsp::Read { data }).await,
            (Ok(data), Some(_)) => read.into_payload().reply(AttRsp::ReadBlob { data }).await,
            (Err(error), _) => {
                read.reject(code(error))?.send().await;
                Ok(())
            }
        }
    }
}

impl Drop for Client<'_, '_, '_, '_> {
    fn drop(&mut self) {
        // Dropped as it is, the write would be taken into the host's own table.
        if let Some(waiting) = self.waiting.take() {
            drop(waiting.write.into_payload());
        }
    }
}

/// What the filter put in the place of a request.
fn refusal(payload: &GattData<'_, DefaultPacketPool>) -> Option<Refusal> {
    match payload.incoming() {
        AttClient::Request(AttReq::ReadMultiple { handles }) => Refusal::from_handles(handles),
        _ => None,
    }
}

async fn refuse(payload: GattData<'_, DefaultPacketPool>, refusal: Refusal) -> Result<(), Error> {
    let Refusal { request, handle, code } = refusal;
    let code = AttErrorCode::new(code);
    payload.reply(AttRsp::Error { request, handle, code }).await
}

const fn code(error: AttError) -> AttErrorCode {
    AttErrorCode::new(error.code())
}

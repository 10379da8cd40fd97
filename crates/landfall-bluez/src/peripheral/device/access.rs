//! What a client reads and writes, and which of them is the client.

use zbus::{Message, ObjectPath, OwnedObjectPath};

use super::{Device, Stage};
use crate::peripheral::{
    Address, Event, RequestNumber,
    application::Attribute,
    call::Access,
    client::{Answer, Client, Part, Refusal, Reply},
};

impl<T: FnMut(Event)> Device<'_, T> {
    pub(super) async fn on_access(&mut self, call: &Message, path: &ObjectPath<'_>, writes: bool) {
        let access = if writes {
            Access::of_write(call)
        } else {
            Access::of_read(call)
        };
        let reply = match (self.exported.attribute(path), access) {
            (Some(Attribute::Description(text)), Some(access)) if !writes => {
                let rest = text.as_bytes().get(access.offset..);
                let answer = rest.map_or(Answer::Refused(Refusal::Offset), |rest| {
                    Answer::Value(rest.to_vec().into())
                });
                // Who reads this is about to ask for something. Others may read it too.
                let _ = self.client_at(&access.device).await;
                Some((call.clone(), answer))
            }
            (Some(Attribute::Value(characteristic)), Some(access)) => {
                self.on_value(call, characteristic, &access, writes).await
            }
            _ => Some((call.clone(), Answer::Refused(Refusal::Failed))),
        };
        self.send(reply).await;
    }

    async fn on_value(
        &mut self,
        call: &Message,
        characteristic: usize,
        access: &Access,
        writes: bool,
    ) -> Option<Reply<Message>> {
        let number = RequestNumber(self.last_request.wrapping_add(1));
        let client = match self.client_at(&access.device).await {
            Ok(client) => client,
            Err(refusal) => return Some((call.clone(), Answer::Refused(refusal))),
        };
        if !writes {
            let part = Part {
                offset: access.offset,
                room: access.room,
            };
            return client.read(call.clone(), characteristic, part);
        }
        let reply = client.write(call.clone(), (characteristic, access.offset), &access.value, number);
        if reply.is_none() {
            self.last_request = number.0;
            (self.tell)(Event::Request {
                number,
                characteristic,
                message: access.value.clone().into(),
            });
        }
        reply
    }

    /// The client, if that is the device at `path`, or could be.
    async fn client_at(&mut self, path: &OwnedObjectPath) -> Result<&mut Client<Message>, Refusal> {
        match (&self.client, self.stage) {
            (_, Stage::Kept) | (None, Stage::Ending) => return Err(Refusal::Failed),
            (Some(client), _) if client.path() != path => return Err(Refusal::Busy),
            (Some(_), _) => {}
            (None, Stage::Open) => {
                let address = self.address(path).await.ok_or(Refusal::Failed)?;
                self.client = Some(Client::new(path));
                (self.tell)(Event::Connected(address));
            }
        }
        self.client.as_mut().ok_or(Refusal::Failed)
    }

    /// The address of the device at `path`, which ends with it: `dev_C0_00_00_00_00_02`.
    async fn address(&self, path: &OwnedObjectPath) -> Option<Address> {
        let (_, address) = path.as_str().rsplit_once("/dev_")?;
        let kind = self.bluez.get::<String>(path, "org.bluez.Device1", "AddressType").await;
        Address::read(address, kind.is_ok_and(|kind| kind == "random"))
    }
}

use core::cell::Cell;

use embassy_sync::{blocking_mutex::raw::NoopRawMutex, signal::Signal};
use embassy_time::{Duration, with_timeout};
use heapless::Vec;
use trouble_host::{connection::Connection, gatt::GattClient, prelude::DefaultPacketPool};

use super::{
    Controller, Error,
    bridge::{Bridge, Bridged, Write},
    discovery::MOST_SERVICES,
};

/// The device at the other end of a connection.
pub struct Peer<'a, 's, C: Controller> {
    pub(super) client: &'a Client<'a, 's, C>,
    connection: &'a Connection<'s, DefaultPacketPool>,
    bridge: &'a Bridge,
    encrypted: &'a Encrypted,
    /// Whether pairing was tried.
    paired: Cell<bool>,
}

/// Says whether a pairing encrypted the link, when it is over.
pub(super) type Encrypted = Signal<NoopRawMutex, bool>;

pub(super) type Client<'a, 's, C> = GattClient<'s, Bridged<'a, C>, DefaultPacketPool, MOST_SERVICES>;

impl<'a, 's, C: Controller> Peer<'a, 's, C> {
    pub(super) fn new(
        client: &'a Client<'a, 's, C>,
        connection: &'a Connection<'s, DefaultPacketPool>,
        bridge: &'a Bridge,
        encrypted: &'a Encrypted,
    ) -> Self {
        Self {
            client,
            connection,
            bridge,
            encrypted,
            paired: Cell::new(false),
        }
    }

    /// Bytes in a packet of the attribute protocol.
    pub fn mtu(&self) -> usize {
        usize::from(self.connection.att_mtu())
    }

    /// Writes `value` with response, in one packet if it fits. Pairs with a device that wants an encrypted link for it.
    ///
    /// # Errors
    /// [`Error::Att`] and the like. [`Error::TimedOut`] after 30 s: the connection is ended.
    pub async fn write(&self, handle: u16, value: &[u8]) -> Result<(), Error> {
        match self.try_write(handle, value).await {
            Err(Error::Att(code)) if self.is_to_pair(code) => {
                self.pair().await?;
                self.try_write(handle, value).await
            }
            result => result,
        }
    }

    /// Reads the value at `handle`, as far as it fits into `value`, and gives its length. Pairs with a device that wants
    /// an encrypted link for it.
    ///
    /// # Errors
    /// As for [`Peer::write`].
    pub async fn read(&self, handle: u16, value: &mut [u8]) -> Result<usize, Error> {
        match self.client.read_handle(handle, value).await.map_err(Error::from) {
            Err(Error::Att(code)) if self.is_to_pair(code) => {
                self.pair().await?;
                Ok(self.client.read_handle(handle, value).await?)
            }
            result => result,
        }
    }

    /// Whether an error means that the device wants an encrypted link, and it was not tried to give it one.
    fn is_to_pair(&self, code: u8) -> bool {
        cfg!(feature = "security") && WANTS_ENCRYPTION.contains(&code) && !self.paired.replace(true)
    }

    async fn pair(&self) -> Result<(), Error> {
        self.encrypted.reset();
        self.connection.request_security().map_err(|_| Error::Pairing)?;
        match with_timeout(PAIRING_TIME, self.encrypted.wait()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::Pairing),
            Err(_) => Err(Error::TimedOut),
        }
    }

    async fn try_write(&self, handle: u16, value: &[u8]) -> Result<(), Error> {
        if value.len() <= self.mtu().saturating_sub(3) {
            // A long write that was given up may have left its mark.
            self.bridge.translate_next(Write::Plain);
            return Ok(self.client.write_handle(handle, value).await?);
        }
        match self.prepare(handle, value).await {
            Err(error @ Error::Att(_)) => {
                // What was prepared would be written with the next value. The device's first word counts.
                _ = self.execute(handle, CANCEL).await;
                Err(error)
            }
            Err(error) => Err(error),
            Ok(()) => self.execute(handle, WRITE).await,
        }
    }

    async fn prepare(&self, handle: u16, value: &[u8]) -> Result<(), Error> {
        // Beside the piece a packet has its kind, the handle and the offset.
        let len = self.mtu().saturating_sub(5).clamp(1, LONGEST_PIECE);
        let mut offset = 0_u16;
        for piece in value.chunks(len) {
            let mut content = Vec::<u8, { LONGEST_PIECE + 2 }>::new();
            let fits = content
                .extend_from_slice(&offset.to_le_bytes())
                .and_then(|()| content.extend_from_slice(piece));
            fits.map_err(|_| Error::BadAnswer)?;
            self.bridge.translate_next(Write::Prepare);
            self.client.write_handle(handle, &content).await?;
            offset = offset.saturating_add(u16::try_from(piece.len()).unwrap_or(u16::MAX));
        }
        Ok(())
    }

    async fn execute(&self, handle: u16, flags: u8) -> Result<(), Error> {
        self.bridge.translate_next(Write::Execute);
        Ok(self.client.write_handle(handle, &[flags]).await?)
    }
}

/// Insufficient authentication, encryption key size, and encryption.
const WANTS_ENCRYPTION: [u8; 3] = [0x05, 0x0c, 0x0f];
/// For a pairing, as the protocol has it.
const PAIRING_TIME: Duration = Duration::from_secs(30);
const CANCEL: u8 = 0;
const WRITE: u8 = 1;
/// The longest value of all.
const LONGEST_PIECE: usize = 512;

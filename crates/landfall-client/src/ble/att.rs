use alloc::format;

use crate::TransportError;

/// The code with which a device answers a request of the attribute protocol that it does not grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttError(pub u8);

impl AttError {
    /// What the code means after a value of `len` bytes was written, or (0) after one was to be read.
    ///
    /// Devices on NimBLE refuse a request with 0x04, those on Bluedroid with 0x85 (spec transports.md 1.3); other
    /// stacks have codes of their own among those left to applications.
    pub fn meaning(self, len: usize) -> TransportError {
        match self.0 {
            INVALID_HANDLE | READ_NOT_PERMITTED | WRITE_NOT_PERMITTED | NOT_FOUND | OUT_OF_SYNC => {
                TransportError::NoSuchEndpoint
            }
            INSUFFICIENT_AUTHENTICATION
            | INSUFFICIENT_AUTHORISATION
            | INSUFFICIENT_KEY_SIZE
            | INSUFFICIENT_ENCRYPTION => TransportError::EncryptionNeeded,
            // The device does not say where its limit is, but for that the length is above it.
            INVALID_OFFSET | PREPARE_QUEUE_FULL | INVALID_LENGTH if len > 0 => TransportError::TooLong(len - 1),
            IN_PROGRESS => TransportError::Busy,
            INVALID_PDU | UNLIKELY | INSUFFICIENT_RESOURCES | VALUE_NOT_ALLOWED | APPLICATION.. => {
                TransportError::Refused
            }
            code => TransportError::Protocol(format!("the device answered with ATT error {code:#04x}")),
        }
    }
}

const INVALID_HANDLE: u8 = 0x01;
const READ_NOT_PERMITTED: u8 = 0x02;
const WRITE_NOT_PERMITTED: u8 = 0x03;
const INVALID_PDU: u8 = 0x04;
const INSUFFICIENT_AUTHENTICATION: u8 = 0x05;
const INVALID_OFFSET: u8 = 0x07;
const INSUFFICIENT_AUTHORISATION: u8 = 0x08;
const PREPARE_QUEUE_FULL: u8 = 0x09;
const NOT_FOUND: u8 = 0x0a;
const INSUFFICIENT_KEY_SIZE: u8 = 0x0c;
const INVALID_LENGTH: u8 = 0x0d;
const UNLIKELY: u8 = 0x0e;
const INSUFFICIENT_ENCRYPTION: u8 = 0x0f;
const INSUFFICIENT_RESOURCES: u8 = 0x11;
const OUT_OF_SYNC: u8 = 0x12;
const VALUE_NOT_ALLOWED: u8 = 0x13;
/// From here on codes are left to applications, profiles and services.
const APPLICATION: u8 = 0x80;
/// So a device answers that serves another client, or has not worked off the last request.
const IN_PROGRESS: u8 = 0xfe;

use super::Status;
use super::message::{Message, OneOf, Root, codec, merge_member, numbers, write_member};
use super::reader::{DecodeError, Field};
use super::writer::Writer;

/// `SessionData`, the message of `prov-session` (spec protocol.md 3.2), as it stands on the wire.
///
/// Nothing here checks that the parts fit each other: which misfit is refused how is the security schemes' matter
/// (spec protocol.md 4, 5.5, 6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionData<'a> {
    /// Field 2.
    pub sec_ver: Scheme,
    /// The oneof `proto`; the last member present wins.
    pub payload: Option<SessionPayload<'a>>,
}

codec!(SessionData<'a>);

/// `SecSchemeVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// 0
    #[default]
    Security0,
    /// 1
    Security1,
    /// 2
    Security2,
    /// Any other number.
    Other(i32),
}

/// Fields 10, 11 and 12 of `SessionData`: the payload of one scheme, with its `msg` number as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionPayload<'a> {
    /// Field 10.
    Sec0 {
        /// 0 command, 1 response.
        msg: i32,
        /// The oneof, if present.
        body: Option<Sec0Body>,
    },
    /// Field 11.
    Sec1 {
        /// 0 Command0, 1 Response0, 2 Command1, 3 Response1.
        msg: i32,
        /// The oneof, if present.
        body: Option<Sec1Body<'a>>,
    },
    /// Field 12.
    Sec2 {
        /// 0 Command0, 1 Response0, 2 Command1, 3 Response1.
        msg: i32,
        /// The oneof, if present.
        body: Option<Sec2Body<'a>>,
    },
}

/// The oneof of `Sec0Payload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sec0Body {
    /// Field 20.
    Command,
    /// Field 21.
    Response {
        /// Outcome.
        status: Status,
    },
}

/// The oneof of `Sec1Payload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sec1Body<'a> {
    /// Field 20, `SessionCmd0`.
    Command0 {
        /// X25519 public key, 32 bytes.
        client_pubkey: &'a [u8],
    },
    /// Field 21, `SessionResp0`.
    Response0 {
        /// Outcome.
        status: Status,
        /// X25519 public key, 32 bytes.
        device_pubkey: &'a [u8],
        /// Initial counter block, 16 bytes.
        device_random: &'a [u8],
    },
    /// Field 22, `SessionCmd1`.
    Command1 {
        /// The device's public key under the key stream, 32 bytes. Field number 2.
        client_verify_data: &'a [u8],
    },
    /// Field 23, `SessionResp1`.
    Response1 {
        /// Outcome.
        status: Status,
        /// The client's public key under the key stream, 32 bytes. Field number 3.
        device_verify_data: &'a [u8],
    },
}

/// The oneof of `Sec2Payload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sec2Body<'a> {
    /// Field 20, `S2SessionCmd0`.
    Command0 {
        /// User name, any bytes.
        client_username: &'a [u8],
        /// A, 384 bytes.
        client_pubkey: &'a [u8],
    },
    /// Field 21, `S2SessionResp0`.
    Response0 {
        /// Outcome.
        status: Status,
        /// B in its shortest form, up to 384 bytes.
        device_pubkey: &'a [u8],
        /// Salt as stored.
        device_salt: &'a [u8],
    },
    /// Field 22, `S2SessionCmd1`.
    Command1 {
        /// M1, 64 bytes.
        client_proof: &'a [u8],
    },
    /// Field 23, `S2SessionResp1`.
    Response1 {
        /// Outcome.
        status: Status,
        /// M2, 64 bytes.
        device_proof: &'a [u8],
        /// Nonce, 12 bytes (16 before March 2025).
        device_nonce: &'a [u8],
    },
}

impl<'a> Root<'a> for SessionData<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut data = Self::default();
        data.merge(bytes)?;
        Ok(data)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.write_fields(writer);
    }
}

impl<'a> Message<'a> for SessionData<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match field.number {
            2 => self.sec_ver = field.enumeration()?,
            _ => merge_member(&mut self.payload, field)?,
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        writer.enumeration(2, self.sec_ver);
        write_member(writer, &self.payload);
    }
}

numbers!(Scheme { Security0 = 0, Security1 = 1, Security2 = 2 });

impl<'a> OneOf<'a> for SessionPayload<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            10 => Some(Self::Sec0 { msg: 0, body: None }),
            11 => Some(Self::Sec1 { msg: 0, body: None }),
            12 => Some(Self::Sec2 { msg: 0, body: None }),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Sec0 { .. } => 10,
            Self::Sec1 { .. } => 11,
            Self::Sec2 { .. } => 12,
        }
    }
}

impl<'a> Message<'a> for SessionPayload<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        let (Self::Sec0 { msg, .. } | Self::Sec1 { msg, .. } | Self::Sec2 { msg, .. }) = self;
        if field.number == 1 {
            *msg = field.int32()?;
            return Ok(());
        }
        match self {
            Self::Sec0 { body, .. } => merge_member(body, field),
            Self::Sec1 { body, .. } => merge_member(body, field),
            Self::Sec2 { body, .. } => merge_member(body, field),
        }
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        let (Self::Sec0 { msg, .. } | Self::Sec1 { msg, .. } | Self::Sec2 { msg, .. }) = self;
        writer.int32(1, *msg);
        match self {
            Self::Sec0 { body, .. } => write_member(writer, body),
            Self::Sec1 { body, .. } => write_member(writer, body),
            Self::Sec2 { body, .. } => write_member(writer, body),
        }
    }
}

impl OneOf<'_> for Sec0Body {
    fn member(field: u32) -> Option<Self> {
        match field {
            20 => Some(Self::Command),
            21 => Some(Self::Response {
                status: Status::Success,
            }),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Command => 20,
            Self::Response { .. } => 21,
        }
    }
}

impl<'a> Message<'a> for Sec0Body {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::Response { status }, 1) => *status = field.enumeration()?,
            (Self::Command | Self::Response { .. }, _) => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Command => {}
            Self::Response { status } => writer.enumeration(1, *status),
        }
    }
}

impl<'a> OneOf<'a> for Sec1Body<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            20 => Some(Self::Command0 { client_pubkey: &[] }),
            21 => Some(Self::Response0 {
                status: Status::Success,
                device_pubkey: &[],
                device_random: &[],
            }),
            22 => Some(Self::Command1 {
                client_verify_data: &[],
            }),
            23 => Some(Self::Response1 {
                status: Status::Success,
                device_verify_data: &[],
            }),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Command0 { .. } => 20,
            Self::Response0 { .. } => 21,
            Self::Command1 { .. } => 22,
            Self::Response1 { .. } => 23,
        }
    }
}

impl<'a> Message<'a> for Sec1Body<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::Command0 { client_pubkey }, 1) => *client_pubkey = field.bytes()?,
            (Self::Response0 { status, .. } | Self::Response1 { status, .. }, 1) => *status = field.enumeration()?,
            (Self::Response0 { device_pubkey, .. }, 2) => *device_pubkey = field.bytes()?,
            (Self::Response0 { device_random, .. }, 3) => *device_random = field.bytes()?,
            // 2 and 3 are no slip: spec protocol.md 3.2.
            (Self::Command1 { client_verify_data }, 2) => *client_verify_data = field.bytes()?,
            (Self::Response1 { device_verify_data, .. }, 3) => *device_verify_data = field.bytes()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match *self {
            Self::Command0 { client_pubkey } => writer.bytes(1, client_pubkey),
            Self::Response0 {
                status,
                device_pubkey,
                device_random,
            } => {
                writer.enumeration(1, status);
                writer.bytes(2, device_pubkey);
                writer.bytes(3, device_random);
            }
            Self::Command1 { client_verify_data } => writer.bytes(2, client_verify_data),
            Self::Response1 {
                status,
                device_verify_data,
            } => {
                writer.enumeration(1, status);
                writer.bytes(3, device_verify_data);
            }
        }
    }
}

impl<'a> OneOf<'a> for Sec2Body<'a> {
    fn member(field: u32) -> Option<Self> {
        match field {
            20 => Some(Self::Command0 {
                client_username: &[],
                client_pubkey: &[],
            }),
            21 => Some(Self::Response0 {
                status: Status::Success,
                device_pubkey: &[],
                device_salt: &[],
            }),
            22 => Some(Self::Command1 { client_proof: &[] }),
            23 => Some(Self::Response1 {
                status: Status::Success,
                device_proof: &[],
                device_nonce: &[],
            }),
            _ => None,
        }
    }

    fn field(&self) -> u32 {
        match self {
            Self::Command0 { .. } => 20,
            Self::Response0 { .. } => 21,
            Self::Command1 { .. } => 22,
            Self::Response1 { .. } => 23,
        }
    }
}

impl<'a> Message<'a> for Sec2Body<'a> {
    fn merge_field(&mut self, field: Field<'a>) -> Result<(), DecodeError> {
        match (self, field.number) {
            (Self::Command0 { client_username, .. }, 1) => *client_username = field.bytes()?,
            (Self::Command0 { client_pubkey, .. }, 2) => *client_pubkey = field.bytes()?,
            (Self::Response0 { status, .. } | Self::Response1 { status, .. }, 1) => *status = field.enumeration()?,
            (Self::Response0 { device_pubkey, .. }, 2) => *device_pubkey = field.bytes()?,
            (Self::Response0 { device_salt, .. }, 3) => *device_salt = field.bytes()?,
            (Self::Command1 { client_proof }, 1) => *client_proof = field.bytes()?,
            (Self::Response1 { device_proof, .. }, 2) => *device_proof = field.bytes()?,
            (Self::Response1 { device_nonce, .. }, 3) => *device_nonce = field.bytes()?,
            _ => {}
        }
        Ok(())
    }

    fn write_fields(&self, writer: &mut Writer<'_>) {
        match *self {
            Self::Command0 {
                client_username,
                client_pubkey,
            } => {
                writer.bytes(1, client_username);
                writer.bytes(2, client_pubkey);
            }
            Self::Response0 {
                status,
                device_pubkey,
                device_salt,
            } => {
                writer.enumeration(1, status);
                writer.bytes(2, device_pubkey);
                writer.bytes(3, device_salt);
            }
            Self::Command1 { client_proof } => writer.bytes(1, client_proof),
            Self::Response1 {
                status,
                device_proof,
                device_nonce,
            } => {
                writer.enumeration(1, status);
                writer.bytes(2, device_proof);
                writer.bytes(3, device_nonce);
            }
        }
    }
}

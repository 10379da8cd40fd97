//! A device that joins a network in virtual time, behind any security scheme, over a link that loses messages.

use alloc::{boxed::Box, string::String, vec, vec::Vec};
use core::time::Duration;

use landfall_protocomm::{
    Instant, SessionId,
    device::{Device, Security},
    wire::{ConfigRequest, CtrlRequest},
};

use super::{Answer, Clock, fill};
use crate::TransportError;

/// What the station does with credentials.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fate {
    /// Has an address after this time.
    Joins(Duration),
    /// Gives up after this time: the passphrase is wrong.
    Fails(Duration),
}

/// What happens to one message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// The request never arrives.
    RequestLost,
    /// The device acts, and its answer never arrives.
    AnswerLost,
    /// The answer's last byte is missing.
    AnswerCut,
    /// The device ends the exchange.
    Refused,
}

pub(super) struct Model {
    pub(super) version: String,
    pub(super) security: Device<'static>,
    pub(super) fate: Fate,
    pub(super) has_ctrl: bool,
    /// A failed attempt must be reset before new credentials, as on older devices.
    pub(super) failed_before: bool,
    pub(super) applied: Vec<Duration>,
    pub(super) resets: usize,
    /// Happens to the message of this number.
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) messages: usize,
    clock: Clock,
    has_credentials: bool,
    random: u64,
}

impl Model {
    pub(super) fn new(clock: &Clock, security: Security<'static>, version: &str, fate: Fate) -> Self {
        let mut device = Device::new(security);
        device.open_session(ID);
        Self {
            version: version.into(),
            security: device,
            fate,
            has_ctrl: true,
            failed_before: false,
            applied: Vec::new(),
            resets: 0,
            fault: None,
            messages: 0,
            clock: clock.clone(),
            has_credentials: false,
            random: 7,
        }
    }

    pub(super) fn security0(clock: &Clock, fate: Fate) -> Self {
        Self::new(clock, Security::Security0, super::SECURITY0_VERSION, fate)
    }

    pub(super) fn security1(clock: &Clock, pop: &'static str, fate: Fate) -> Self {
        let version = r#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan"]}}"#;
        Self::new(
            clock,
            Security::Security1 {
                pop: Some(pop.as_bytes()),
            },
            version,
            fate,
        )
    }

    pub(super) fn answer(&mut self, endpoint: &str, request: &[u8]) -> Answer {
        self.messages += 1;
        let fault = self
            .fault
            .take_if(|(number, _)| *number == self.messages)
            .map(|(_, fault)| fault);
        match fault {
            None => self.handle(endpoint, request),
            Some(Fault::RequestLost) => Err(TransportError::TimedOut(5)),
            Some(Fault::AnswerLost) => self
                .handle(endpoint, request)
                .and_then(|_| Err(TransportError::Lost("gone".into()))),
            Some(Fault::AnswerCut) => self.handle(endpoint, request).map(|mut answer| {
                answer.pop();
                answer
            }),
            Some(Fault::Refused) => Err(TransportError::Refused),
        }
    }

    fn handle(&mut self, endpoint: &str, request: &[u8]) -> Answer {
        match endpoint {
            "proto-ver" => Ok(self.version.clone().into_bytes()),
            "prov-session" => self.handshake(request),
            "prov-config" | "prov-ctrl" if endpoint == "prov-config" || self.has_ctrl => {
                let mut request = request.to_vec();
                let plain = self
                    .security
                    .decrypt(ID, &mut request)
                    .map_err(|_| TransportError::Refused)?
                    .to_vec();
                let mut answer = self.request(endpoint, &plain);
                let len = answer.len();
                answer.resize(len + Device::MAX_OVERHEAD, 0);
                let len = self
                    .security
                    .encrypt(ID, &mut answer, len)
                    .map_err(|_| TransportError::Refused)?;
                answer.truncate(len);
                Ok(answer)
            }
            _ => Err(TransportError::NoSuchEndpoint),
        }
    }

    fn handshake(&mut self, request: &[u8]) -> Answer {
        let mut response = vec![0; Device::MAX_RESPONSE];
        let state = &mut self.random;
        let now = Instant::new(self.clock.now());
        let mut random = |bytes: &mut [u8]| fill(state, bytes);
        let result = self.security.handshake(ID, request, &mut response, now, &mut random);
        response.truncate(result.map_err(|_| TransportError::Refused)?);
        Ok(response)
    }

    fn request(&mut self, endpoint: &str, plain: &[u8]) -> Vec<u8> {
        if endpoint == "prov-ctrl" {
            assert_eq!(CtrlRequest::decode(plain), Ok(CtrlRequest::Reset));
            self.resets += 1;
            let allowed = core::mem::take(&mut self.failed_before) || self.has_failed();
            if allowed {
                self.applied.clear();
            }
            return if allowed { RESET_OK.into() } else { RESET_REFUSED.into() };
        }
        match ConfigRequest::decode(plain).expect("the client sends what can be read") {
            ConfigRequest::SetConfig(config) => {
                assert_eq!((config.ssid, config.passphrase), (&b"home"[..], &b"a passphrase"[..]));
                self.has_credentials = true;
                SET_OK.into()
            }
            ConfigRequest::ApplyConfig => {
                let has_credentials = core::mem::take(&mut self.has_credentials);
                if !has_credentials || self.failed_before || !self.applied.is_empty() {
                    return APPLY_REFUSED.into();
                }
                self.applied.push(self.clock.now());
                APPLY_OK.into()
            }
            ConfigRequest::GetStatus => self.status().into(),
            _ => panic!("Thread is not asked for"),
        }
    }

    fn status(&self) -> &'static [u8] {
        let since = self.applied.last().map(|at| self.clock.now() - *at);
        match (self.fate, since) {
            _ if self.failed_before => FAILED_NOT_FOUND,
            (Fate::Joins(after), Some(since)) if since >= after => CONNECTED,
            (Fate::Fails(after), Some(since)) if since >= after => FAILED_AUTH,
            _ => CONNECTING,
        }
    }

    fn has_failed(&self) -> bool {
        self.status() == FAILED_AUTH
    }
}

/// A value that lives as long as the tests.
pub(super) fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

pub(super) const ID: SessionId = SessionId::new(7).unwrap();

// Plain answers, byte for byte as stock devices give them (spec protocol.md 8.1).
pub(super) const SET_OK: &[u8] = &[0x08, 0x03, 0x6a, 0x00];
pub(super) const APPLY_OK: &[u8] = &[0x08, 0x05, 0x7a, 0x00];
pub(super) const APPLY_REFUSED: &[u8] = &[0x08, 0x05, 0x7a, 0x02, 0x08, 0x05];
pub(super) const RESET_OK: &[u8] = &[0x08, 0x02, 0x62, 0x00];
pub(super) const RESET_REFUSED: &[u8] = &[0x08, 0x02, 0x10, 0x05, 0x62, 0x00];
pub(super) const CONNECTING: &[u8] = &[0x08, 0x01, 0x5a, 0x02, 0x10, 0x01];
pub(super) const FAILED_AUTH: &[u8] = &[0x08, 0x01, 0x5a, 0x04, 0x10, 0x03, 0x50, 0x00];
pub(super) const FAILED_NOT_FOUND: &[u8] = &[0x08, 0x01, 0x5a, 0x04, 0x10, 0x03, 0x50, 0x01];
/// Connected to "home" with the address 10.0.0.7, WPA2, channel 6.
pub(super) const CONNECTED: &[u8] = &[
    0x08, 0x01, 0x5a, 0x1a, 0x5a, 0x18, 0x0a, 0x08, b'1', b'0', b'.', b'0', b'.', b'0', b'.', b'7', 0x10, 0x03, 0x1a,
    0x04, b'h', b'o', b'm', b'e', 0x22, 0x02, 0xaa, 0xbb, 0x28, 0x06,
];

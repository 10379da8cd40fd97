//! A link as the flow sees it: asked for the version once, and watched for `--verbose`.

use landfall_client::{
    Transport, TransportError,
    protocomm::{
        Endpoint,
        wire::{Sec1Body, Sec2Body, SessionData, SessionPayload},
    },
};

use super::{console::say, link::Link};
use crate::print::text::hex;

/// A link that is watched. Shown is what travels, and never a key.
pub(super) struct Watched {
    link: Link,
    is_verbose: bool,
    /// The answer of `proto-ver`. It is fixed while a device is in provisioning (spec protocol.md 7), so it is not asked
    /// for again: with a user who carries requests by hand that would be work for nothing.
    version: Option<Vec<u8>>,
    /// How the next request is shown.
    next: Option<Shown>,
}

/// How the original shows an encrypted request (spec esp_prov.md 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// In green.
    Green(&'static str),
    /// Without colour: its module for `prov-config`, since ESP-IDF v5.4.1.
    Plain(&'static str),
}

impl Watched {
    /// Watches `link`, and shows what it sees if `is_verbose`.
    pub(super) fn new(link: Link, is_verbose: bool) -> Self {
        Self {
            link,
            is_verbose,
            version: None,
            next: None,
        }
    }

    /// The link.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Says how the next request is shown.
    pub(super) fn show_next(&mut self, how: Shown) {
        self.next = Some(how);
    }

    fn show_request(&mut self, request: &[u8]) {
        let next = self.next.take().filter(|_| self.is_verbose);
        let line = |name| format!("++++ Client -> Device ({name}): 0x{} ++++", hex(request));
        match next {
            Some(Shown::Green(name)) => say(&green(&line(name))),
            Some(Shown::Plain(name)) => say(&line(name)),
            None => {}
        }
    }

    fn show_handshake(&self, endpoint: &str, message: &[u8]) {
        if self.is_verbose && endpoint == Endpoint::SESSION.as_str() {
            public_values(message)
                .iter()
                .for_each(|(name, value)| say(&green(&format!("++++ {name}:\t0x{} ++++", hex(value)))));
        }
    }
}

impl Transport for Watched {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        let is_version = endpoint == Endpoint::VERSION.as_str();
        if let Some(known) = self.version.as_ref().filter(|_| is_version) {
            return Ok(known.clone());
        }
        self.show_request(request);
        self.show_handshake(endpoint, request);
        let answer = self.link.send(endpoint, request).await?;
        self.show_handshake(endpoint, &answer);
        if is_version {
            self.version = Some(answer.clone());
        }
        Ok(answer)
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.link.reconnect().await
    }

    fn scan_group_channels(&self) -> u32 {
        self.link.scan_group_channels()
    }

    fn scan_page(&self) -> u32 {
        self.link.scan_page()
    }
}

fn green(line: &str) -> String {
    format!("\x1b[32;20m{line}\x1b[0m")
}

/// The values of a handshake message, by the names the original shows them under (spec esp_prov.md 5).
fn public_values(message: &[u8]) -> Vec<(&'static str, &[u8])> {
    match SessionData::decode(message).ok().and_then(|data| data.payload) {
        Some(SessionPayload::Sec1 { body: Some(body), .. }) => match body {
            Sec1Body::Command0 { client_pubkey } => vec![("Client Public Key", client_pubkey)],
            Sec1Body::Response0 {
                device_pubkey,
                device_random,
                ..
            } => vec![("Device Public Key", device_pubkey), ("Device Random", device_random)],
            Sec1Body::Command1 { client_verify_data } => vec![("Client Verify", client_verify_data)],
            Sec1Body::Response1 { device_verify_data, .. } => vec![("Device Verify", device_verify_data)],
        },
        Some(SessionPayload::Sec2 { body: Some(body), .. }) => match body {
            Sec2Body::Command0 { client_pubkey, .. } => vec![("Client Public Key", client_pubkey)],
            Sec2Body::Response0 {
                device_pubkey,
                device_salt,
                ..
            } => vec![("Device Public Key", device_pubkey), ("Device Salt", device_salt)],
            Sec2Body::Command1 { client_proof } => vec![("Client Proof", client_proof)],
            Sec2Body::Response1 {
                device_proof,
                device_nonce,
                ..
            } => vec![("Device Proof", device_proof), ("Nonce", device_nonce)],
        },
        _ => Vec::new(),
    }
}

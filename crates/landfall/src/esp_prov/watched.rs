//! What `--verbose` shows of a handshake: what travels in the clear, and never a key.

use landfall_client::{
    Transport, TransportError,
    protocomm::{
        Endpoint,
        wire::{Sec1Body, Sec2Body, SessionData, SessionPayload},
    },
};

use super::console::say_verbose;
use crate::print::text::hex;

/// A transport that is watched.
pub(super) struct Watched<T> {
    inner: T,
    is_verbose: bool,
}

impl<T> Watched<T> {
    /// Watches `inner` if `is_verbose`.
    pub(super) fn new(inner: T, is_verbose: bool) -> Self {
        Self { inner, is_verbose }
    }

    fn show(&self, endpoint: &str, message: &[u8]) {
        if self.is_verbose && endpoint == Endpoint::SESSION.as_str() {
            public_values(message)
                .iter()
                .for_each(|(name, value)| say_verbose(&format!("{name}:\t0x{}", hex(value))));
        }
    }
}

impl<T: Transport> Transport for Watched<T> {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.show(endpoint, request);
        let answer = self.inner.send(endpoint, request).await?;
        self.show(endpoint, &answer);
        Ok(answer)
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.inner.reconnect().await
    }

    fn scan_group_channels(&self) -> u32 {
        self.inner.scan_group_channels()
    }

    fn scan_page(&self) -> u32 {
        self.inner.scan_page()
    }
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
            } => {
                vec![("Device Public Key", device_pubkey), ("Device Random", device_random)]
            }
            Sec1Body::Command1 { client_verify_data } => vec![("Client Verify", client_verify_data)],
            Sec1Body::Response1 { device_verify_data, .. } => vec![("Device Verify", device_verify_data)],
        },
        Some(SessionPayload::Sec2 { body: Some(body), .. }) => match body {
            Sec2Body::Command0 { client_pubkey, .. } => vec![("Client Public Key", client_pubkey)],
            Sec2Body::Response0 {
                device_pubkey,
                device_salt,
                ..
            } => {
                vec![("Device Public Key", device_pubkey), ("Device Salt", device_salt)]
            }
            Sec2Body::Command1 { client_proof } => vec![("Client Proof", client_proof)],
            Sec2Body::Response1 {
                device_proof,
                device_nonce,
                ..
            } => {
                vec![("Device Proof", device_proof), ("Nonce", device_nonce)]
            }
        },
        _ => Vec::new(),
    }
}

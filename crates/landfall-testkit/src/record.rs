use landfall_client::TransportError;

use crate::Packet;

/// Everything that went over the wire, and what came of each exchange.
#[derive(Debug, Default)]
pub struct Record {
    /// Every packet as it was sent, by either side.
    pub wire: Vec<Packet>,
    /// Every exchange as its client saw it, in order.
    pub exchanges: Vec<Exchange>,
}

impl Record {
    /// Notes an exchange that begins; it counts as abandoned until it is given another end. Gives its index.
    pub(crate) fn begin(&mut self, client: u32, request: &Packet) -> usize {
        self.exchanges.push(Exchange {
            client,
            request: request.clone(),
            end: ExchangeEnd::Abandoned,
        });
        self.exchanges.len() - 1
    }
}

/// A request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Number of the client.
    pub client: u32,
    /// The request.
    pub request: Packet,
    /// What the client got.
    pub end: ExchangeEnd,
}

/// What a client got for its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeEnd {
    /// The answer that the device gave to this very request.
    Answered(Vec<u8>),
    /// Something else: damaged, of an earlier exchange, or the answer to a damaged request.
    Altered(Vec<u8>),
    /// Nothing.
    Failed(TransportError),
    /// The client gave up waiting.
    Abandoned,
}

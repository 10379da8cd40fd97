use landfall_protocomm::{NonceRule, Random, client, device, srp::Verifier};

/// User name of security 2.
pub const USERNAME: &[u8] = b"wifiprov";
/// Password of security 2.
pub const PASSWORD: &[u8] = b"abcd1234";
/// Proof of possession of security 1.
pub const POP: &[u8] = b"abcd1234";

/// Both ends of security 0.
pub fn security0() -> (device::Security<'static>, client::Security<'static>) {
    (device::Security::Security0, client::Security::Security0)
}

/// Both ends of security 1, the client with this proof of possession.
pub fn security1(pop: &[u8]) -> (device::Security<'static>, client::Security<'_>) {
    (
        device::Security::Security1 { pop: Some(POP) },
        client::Security::Security1 { pop },
    )
}

/// Both ends of security 2, the client with this password.
pub fn security2<'d, 'c>(verifier: Verifier<'d>, password: &'c [u8]) -> (device::Security<'d>, client::Security<'c>) {
    let nonce_rule = NonceRule::Counter;
    (
        device::Security::Security2 { verifier, nonce_rule },
        client::Security::Security2 {
            username: USERNAME,
            password,
            nonce_rule,
            x_rule: client::XRule::Full,
        },
    )
}

/// Bytes that only look random: nothing here is kept secret, and every run is the same.
#[derive(Debug, Clone)]
pub struct Counter(u64);

impl Counter {
    /// A source that begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next byte (the generator is SplitMix64).
    pub fn next_byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 56) as u8
    }
}

impl Random for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next_byte());
    }
}

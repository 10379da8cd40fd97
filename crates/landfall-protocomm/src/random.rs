/// A source of cryptographically secure random bytes, given by the caller.
///
/// Implemented for every `FnMut(&mut [u8])`, so that any generator fits without this crate choosing a version of
/// somebody's trait. A source that can fail must be checked by its owner before it is lent to this crate.
pub trait Random {
    /// Fills `bytes` with random bytes.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Random for F {
    fn fill(&mut self, bytes: &mut [u8]) {
        self(bytes);
    }
}

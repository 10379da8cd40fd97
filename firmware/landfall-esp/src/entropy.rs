use esp_hal::rng::Trng;
use landfall_protocomm::Random;

/// The chip's noise, fit for keys.
///
/// The generator is a true one only while the radio is on, and gives predictable numbers otherwise. So this exists only by
/// [`Wifi::entropy`](crate::Wifi::entropy), and the driver panics, rather than go on, if Wi-Fi is switched off meanwhile.
#[derive(Clone)]
pub struct Entropy(Trng);

impl Entropy {
    /// `None` if neither Wi-Fi nor another source of noise is on.
    pub(crate) fn new() -> Option<Self> {
        Trng::try_new().ok().map(Self)
    }
}

impl Random for Entropy {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.read(bytes);
    }
}

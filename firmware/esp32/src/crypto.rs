//! Who computes: software, or the chip's peripherals.

#[cfg(feature = "accelerated")]
pub(crate) type Chosen = landfall_esp::crypto::C3Crypto<'static>;
#[cfg(not(feature = "accelerated"))]
pub(crate) type Chosen = landfall_embassy::protocomm::Software;

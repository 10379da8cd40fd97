use core::fmt;

use zeroize::Zeroize;

/// Memory for one answer of `N` bytes, wiped when dropped.
///
/// Answers are short but for two: `prov-scan` gives as many networks as a client asks for at once (four of them stay below
/// 256 bytes), and the application's own may be as long as the service carries.
pub struct Buffer<const N: usize>([u8; N]);

impl<const N: usize> Default for Buffer<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> AsMut<[u8]> for Buffer<N> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const N: usize> fmt::Debug for Buffer<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({N} bytes)")
    }
}

impl<const N: usize> Drop for Buffer<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

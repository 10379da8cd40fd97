/// Text written into the caller's buffer. Whether all of it fitted shows in the end.
///
/// By hand rather than with `core::fmt`, which takes 4 KB of a chip's flash that the manager needs for nothing else.
pub(crate) struct Text<'b> {
    buffer: &'b mut [u8],
    /// Of all that was written, also of what did not fit.
    len: usize,
}

impl<'b> Text<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// What has been written, if all of it fitted.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        self.buffer.get(..self.len)
    }

    /// Writes text that is UTF-8.
    #[inline(never)]
    pub(crate) fn push(&mut self, text: &[u8]) {
        let end = self.len.saturating_add(text.len());
        if let Some(room) = self.buffer.get_mut(self.len..end) {
            room.copy_from_slice(text);
        }
        self.len = end;
    }

    /// Writes a decimal number.
    pub(crate) fn push_decimal(&mut self, number: u8) {
        for unit in [100, 10, 1] {
            if number >= unit || unit == 1 {
                self.push(&[b'0' + number / unit % 10]);
            }
        }
    }
}

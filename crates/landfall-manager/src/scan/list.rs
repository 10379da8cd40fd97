use core::mem;

use crate::AccessPoint;

/// The strongest `N` networks heard, by falling signal strength.
pub(crate) struct ScanList<const N: usize> {
    entries: [AccessPoint; N],
    len: usize,
}

impl<const N: usize> ScanList<N> {
    pub(crate) fn new() -> Self {
        Self {
            entries: [AccessPoint::default(); N],
            len: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn as_slice(&self) -> &[AccessPoint] {
        self.entries.get(..self.len).unwrap_or_default()
    }

    /// Merges what one scan heard. Of equal signals the later batch comes first, and within a batch the driver's order
    /// stays (spec protocol.md 8.2); walking the batch backwards gives both, since each goes before its equals.
    pub(crate) fn merge(&mut self, batch: &[AccessPoint]) {
        for heard in batch.iter().rev() {
            self.insert(*heard);
        }
    }

    /// Of a full list the weakest goes, which the original does not guarantee (spec protocol.md 8.2).
    fn insert(&mut self, mut heard: AccessPoint) {
        let at = self.as_slice().partition_point(|entry| entry.rssi > heard.rssi);
        self.len = N.min(self.len + 1);
        let tail = self.entries.get_mut(at..self.len).unwrap_or_default();
        // Each makes room for the one before it.
        for entry in tail {
            mem::swap(entry, &mut heard);
        }
    }
}

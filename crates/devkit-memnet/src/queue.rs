//! The bytes of one direction that wait to be read.

use std::collections::VecDeque;

/// What an empty queue may keep: enough for small messages never to allocate, little enough for
/// thousands of idle connections.
const KEPT: usize = 4096;

/// Bytes in order, at most a limit of them; holds memory only while it holds bytes.
#[derive(Default)]
pub(crate) struct Queue {
    bytes: VecDeque<u8>,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes as much as there is room for, and tells how much that was.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> usize {
        let count = bytes.len().min(limit.saturating_sub(self.len()));
        let needed = self.len() + count;
        if needed > self.bytes.capacity() {
            // Doubling keeps the copies few, but never beyond the limit: it is a promise.
            let wanted = needed.max(2 * self.bytes.capacity()).min(limit);
            self.bytes.reserve_exact(wanted - self.len());
        }
        self.bytes.extend(&bytes[..count]);
        count
    }

    /// Hands out the first bytes, `most` of them at most, in one slice or two.
    pub(crate) fn pop(&mut self, most: usize, mut sink: impl FnMut(&[u8])) -> usize {
        let (first, second) = self.bytes.as_slices();
        let first = &first[..first.len().min(most)];
        let second = &second[..second.len().min(most - first.len())];
        let count = first.len() + second.len();
        sink(first);
        if !second.is_empty() {
            sink(second);
        }
        if count < self.bytes.len() {
            self.bytes.drain(..count);
        } else if self.bytes.capacity() > KEPT {
            self.bytes = VecDeque::new();
        } else {
            // Back to the start of the ring, so that the next message lies in one piece.
            self.bytes.clear();
        }
        count
    }

    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        self.bytes.capacity()
    }
}

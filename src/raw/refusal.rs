//! Why nothing came of waiting for a queue.
//!
//! Called by [`RawQueue`](super::RawQueue) and [`RawMonitor`](super::RawMonitor), and by what
//! is built on them.
//!
//! When a process dies here, nothing is left.

/// What the words that guards look at hold when a queue is closed, beside a number.
pub(super) const OVER: u32 = 1 << 31;

/// Why nothing was put or got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue is full or empty, and was until the time was up.
    WouldBlock,
    /// The queue is closed and, for those who get, empty.
    Closed,
    /// Somebody reads or writes an item in place, which may take any time.
    Busy,
}

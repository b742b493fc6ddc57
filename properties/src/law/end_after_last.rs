//! EOF only after the last message: of pipes, and of queues that are closed.
//!
//! When a writer is killed, what it sent before still comes; what it was about to send is
//! not expected, since it is told of afterwards.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

/// The law.
pub const END_AFTER_LAST: Law = Law {
    name: "EOF only after the last message",
    sentence: "a reader finds the end once, after everything that was sent",
};

shareable! {
    /// Counts messages.
    ///
    /// ```
    /// use selvedge_properties::law::Messages;
    /// let messages = Messages::new();
    /// messages.sent();
    /// messages.received();
    /// messages.ended();
    /// ```
    pub struct Messages {
        sent: AtomicU32,
        received: AtomicU32,
        ended: AtomicBool,
    }
}

impl Messages {
    /// Nothing was sent.
    pub const fn new() -> Messages {
        Messages { sent: AtomicU32::new(0), received: AtomicU32::new(0), ended: AtomicBool::new(false) }
    }

    /// Right after a message was sent.
    pub fn sent(&self) {
        self.sent.fetch_add(1, SeqCst);
    }

    /// Right after one was received.
    ///
    /// # Panics
    /// If the end was found before.
    #[track_caller]
    pub fn received(&self) {
        self.received.fetch_add(1, SeqCst);
        END_AFTER_LAST.demand(!self.ended.load(SeqCst), || "a message came after the end".to_owned());
    }

    /// Right after the last of its readers found the end.
    ///
    /// # Panics
    /// If not everything that was sent had come, or the end was found before.
    #[track_caller]
    pub fn ended(&self) {
        let before = self.ended.swap(true, SeqCst);
        END_AFTER_LAST.demand(!before, || "the end came twice".to_owned());
        let (sent, received) = (self.sent.load(SeqCst), self.received.load(SeqCst));
        END_AFTER_LAST.demand(received >= sent, || format!("{sent} sent, {received} received"));
    }
}

impl Default for Messages {
    fn default() -> Messages {
        Messages::new()
    }
}

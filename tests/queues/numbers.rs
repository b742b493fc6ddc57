//! What the laws ask of a queue of numbers, and the kinds of queue that are asked.
//!
//! Called by the laws beside it.
//!
//! When a process dies here, a law is about it.

use selvedge_harness::prelude::*;

/// What the law asks of a queue of numbers.
pub(crate) trait Numbers: Clone + Send + 'static {
    fn bounded(capacity: usize) -> Self;
    fn put(&self, item: u32);
    /// `None` once it is closed and empty.
    fn get(&self) -> Option<u32>;
    fn close(&self);
    /// Whether each producer's items leave in the order in which it put them.
    const IN_ORDER: bool = true;
}

impl Numbers for PlainQueue<u32> {
    fn bounded(capacity: usize) -> Self {
        PlainQueue::bounded(capacity)
    }
    fn put(&self, item: u32) {
        PlainQueue::put(self, item).unwrap();
    }
    fn get(&self) -> Option<u32> {
        match PlainQueue::get(self) {
            Ok(item) => Some(item),
            Err(error) => {
                assert_eq!(error, GetError::Closed);
                None
            }
        }
    }
    fn close(&self) {
        assert!(PlainQueue::close(self));
    }
}

impl Numbers for Queue<String> {
    fn bounded(capacity: usize) -> Self {
        Queue::builder().capacity(capacity).bytes(256).build().unwrap()
    }
    fn put(&self, item: u32) {
        Queue::put(self, item.to_string()).unwrap();
    }
    fn get(&self) -> Option<u32> {
        Queue::get(self).ok().map(|item| item.parse().unwrap())
    }
    fn close(&self) {
        Queue::close(self);
    }
}

impl Numbers for LifoQueue<u32> {
    fn bounded(capacity: usize) -> Self {
        LifoQueue::builder().capacity(capacity).bytes(256).build().unwrap()
    }
    fn put(&self, item: u32) {
        LifoQueue::put(self, item).unwrap();
    }
    fn get(&self) -> Option<u32> {
        LifoQueue::get(self).ok()
    }
    fn close(&self) {
        LifoQueue::close(self);
    }
    const IN_ORDER: bool = false;
}

impl Numbers for PriorityQueue<(u32, String)> {
    fn bounded(capacity: usize) -> Self {
        PriorityQueue::builder().capacity(capacity).bytes(1024).build().unwrap()
    }
    fn put(&self, item: u32) {
        PriorityQueue::put(self, (item, "text".repeat(item as usize))).unwrap();
    }
    fn get(&self) -> Option<u32> {
        let (item, text) = PriorityQueue::get(self).ok()?;
        assert_eq!(text, "text".repeat(item as usize));
        Some(item)
    }
    fn close(&self) {
        PriorityQueue::close(self);
    }
}

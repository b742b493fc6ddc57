//! Barrier generations do not mix: of a barrier that is used again and again.
//!
//! When a party is killed, its generation never completes.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The law.
pub const GENERATIONS: Law = Law {
    name: "barrier generations do not mix",
    sentence: "whoever leaves a barrier for the k-th time finds that all have come to it k times",
};

/// Parties for which there is room.
const ROOM: usize = 16;

shareable! {
    /// How often each of up to 16 parties has come to the barrier.
    ///
    /// ```
    /// use selvedge_properties::law::Generations;
    /// let meetings = Generations::new(2);
    /// meetings.comes(0);
    /// meetings.comes(1);
    /// meetings.leaves(1);
    /// meetings.leaves(0);
    /// ```
    pub struct Generations {
        parties: u32,
        come: [AtomicU32; ROOM],
    }
}

impl Generations {
    /// Nobody of `parties` has come.
    pub const fn new(parties: u32) -> Generations {
        Generations { parties, come: [const { AtomicU32::new(0) }; ROOM] }
    }

    /// Right before `party` waits.
    pub fn comes(&self, party: usize) {
        self.come[party].fetch_add(1, SeqCst);
    }

    /// Right after `party` has waited.
    ///
    /// # Panics
    /// If somebody else had not come as often as it.
    #[track_caller]
    pub fn leaves(&self, party: usize) {
        let times = self.come[party].load(SeqCst);
        let all: Vec<u32> = self.come[..self.parties as usize].iter().map(|come| come.load(SeqCst)).collect();
        // Others may have come once more by now, but nobody can have left that before.
        let fits = |&come: &u32| come == times || come == times + 1;
        GENERATIONS
            .demand(all.iter().all(fits), || format!("party {party} leaves for time {times}: {all:?}"));
    }
}

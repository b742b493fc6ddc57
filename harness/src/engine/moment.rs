//! Which part of a program runs: for messages about code that ends more than its task.
//!
//! Written where the program's own code is called; read when an `exit` ends a program
//! that explores in fibers, and by whoever started a controller that died.
//!
//! | moment | set by |
//! |---|---|
//! | set-up, label, finally, dropping the state | the model, before it calls them |
//! | tasks | the engine, after the set-up |
//!
//! 1. Each thread has a moment of its own, since in `sim` each explores by itself.
//! 2. A controller also publishes its moment in memory that its starter sees.
//!
//! When a process dies here, the published moment stays what it was.
//!
//! Orderings: relaxed. A moment is read in its own thread, or after the death of the
//! process that wrote it.

use selvedge::Shared;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// A part of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Moment {
    /// Nothing of the program.
    Between,
    /// `init`.
    SetUp,
    /// The tasks.
    Tasks,
    /// `label`.
    Label,
    /// `finally`.
    Finally,
    /// The state's destructor.
    Discard,
}

/// Beside a published moment: it was given up.
const LOST: u8 = 0x80;

/// The moment of a process, for whoever started it.
pub(crate) type Published = Shared<AtomicU8>;

thread_local! {
    static NOW: Cell<Moment> = const { Cell::new(Moment::Between) };
    /// How many parts have begun, what that was at the last look, and for how many looks.
    static BEGUN: Cell<u64> = const { Cell::new(0) };
    static SEEN: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
    static PUBLISHED: Cell<Option<&'static AtomicU8>> = const { Cell::new(None) };
}

impl Moment {
    const ALL: [Moment; 6] =
        [Moment::Between, Moment::SetUp, Moment::Tasks, Moment::Label, Moment::Finally, Moment::Discard];

    /// The moment of this thread.
    pub(crate) fn now() -> Moment {
        NOW.get()
    }

    /// From now on, this thread is in this part of the program.
    pub(crate) fn begin(self) {
        NOW.set(self);
        BEGUN.set(BEGUN.get() + 1);
        crate::kernel::set_part(self.outside_tasks());
        if let Some(published) = PUBLISHED.get() {
            published.store(self as u8, Ordering::Relaxed);
        }
    }

    /// The part of this thread is long, and not lost.
    pub(crate) fn goes_on() {
        BEGUN.set(BEGUN.get() + 1);
    }

    /// Looks, now and then, whether a part outside of the tasks goes on and on: it, after
    /// this many looks. Called by a signal handler of the thread.
    pub(crate) fn lost(looks: u32) -> Option<&'static str> {
        let (begun, seen) = SEEN.get();
        let now = BEGUN.get();
        let seen = if now == begun { seen + 1 } else { 0 };
        SEEN.set((now, seen));
        let part = NOW.get().outside_tasks().filter(|_| seen >= looks)?;
        if let Some(published) = PUBLISHED.get() {
            published.fetch_or(LOST, Ordering::Relaxed);
        }
        Some(part)
    }

    /// Whether somebody else sees the moments of this thread.
    pub(crate) fn is_published() -> bool {
        PUBLISHED.get().is_some()
    }

    /// Whether what was published last did not come to its end in time.
    pub(crate) fn was_lost(published: &Published) -> bool {
        published.load(Ordering::Relaxed) & LOST != 0
    }

    /// What was published last.
    pub(crate) fn of(published: &Published) -> Moment {
        let number = published.load(Ordering::Relaxed) & !LOST;
        Moment::ALL.into_iter().find(|moment| *moment as u8 == number).unwrap_or(Moment::Between)
    }

    /// The part of the program, if it is one that runs outside of the tasks.
    pub(crate) fn outside_tasks(self) -> Option<&'static str> {
        match self {
            Moment::Between | Moment::Tasks => None,
            Moment::SetUp => Some("the set-up (init)"),
            Moment::Label => Some("`label`"),
            Moment::Finally => Some("`finally`"),
            Moment::Discard => Some("the destructor of the state"),
        }
    }
}

/// From now on, the moments of this thread can be seen by whoever else has `place`.
/// Called once, by a process that does nothing else.
pub(crate) fn publish(place: Published) {
    // Never dropped: the process ends without dropping anything.
    let place: &'static Published = Box::leak(Box::new(place));
    PUBLISHED.set(Some(place));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_seen_by_who_shares_its_place() {
        std::thread::spawn(|| {
            let place = Shared::new(AtomicU8::new(0));
            publish(place.clone());
            for moment in Moment::ALL {
                moment.begin();
                assert_eq!((Moment::now(), Moment::of(&place)), (moment, moment));
            }
        })
        .join()
        .unwrap();
        assert_eq!(Moment::now(), Moment::Between);
    }
}

//! State machines of words: what a primitive is once its data is taken away.
//!
//! Called by [`sync`](crate::sync), which adds data and guards, and by model checkers,
//! which exhaust exactly this code.
//!
//! | machine | words | states |
//! |---|---|---|
//! | [`RawMutex`] | 1 | free, locked, contended |
//! | [`RawRobustMutex`] | 2 | free or whose, whether anybody may sleep, whether its owner died |
//! | [`RawCondvar`] | 2, and 1 for each of some waiters | a sequence number, whether anybody may be asleep, who waits with a robust lock |
//! | [`RawEvent`] | 1 | a generation, whether the event is set, whether anybody waits |
//! | [`RawLane`] | 2 | whose turn it is, and whether it is looked at |
//! | [`RawOnce`] | 3 | done or not, and who is doing it |
//! | [`RawBarrier`] | 3, and 2 for each party | a generation, whether it is broken, who has arrived |
//! | [`RawRwLock`] | 35 | a gate, slots of readers, and whether the last writer ended well |
//! | [`RawRobustSemaphore`] | 66 | a gate, and a slot for each permit |
//! | [`RawSemaphore`] | 1 | a count, and whether anybody may be asleep |
//! | [`RawMonitor`] | 8 | whose the store is, who waits for it to change, whether it is closed |
//! | [`RawRing`] | 2 | two ends, each where it is, whether the other side sleeps, and whether it is closed |
//! | [`RawQueue`] | 6 | two ends, each free or whose and where, a bell, and whether it is closed |
//!
//! 1. Each public operation is one [`step`](crate::platform::Platform::step). A second
//!    one inside its body is part of the first.
//! 2. The object of an operation is the address of the futex word.
//! 3. A machine never believes a wake-up: it looks at its word again.
//!
//! When a process dies, the words keep what was last written; each file says what that
//! means for the others.

mod arrival;
mod barrier;
mod barrier_end;
mod bell;
mod condvar;
mod event;
mod in_place;
mod lane;
mod monitor;
mod mutex;
mod once;
mod patience;
mod position;
mod queue;
mod queue_wait;
mod refusal;
mod relay;
mod ring;
mod robust;
mod robust_semaphore;
mod rwlock;
mod semaphore;
mod slots;
mod spin;

pub use arrival::{Arrival, BarrierError};
pub use barrier::RawBarrier;
pub use condvar::RawCondvar;
pub use event::RawEvent;
pub use lane::{Heard, RawLane};
pub use monitor::{RawMonitor, Watched};
pub use mutex::RawMutex;
pub use once::{Begun, RawOnce};
pub use patience::Patience;
pub use position::Position;
pub use queue::RawQueue;
pub use refusal::Refusal;
pub use ring::RawRing;
pub use robust::{Left, RawRobustMutex, Taken};
pub use robust_semaphore::{Permit, RawRobustSemaphore};
pub use rwlock::{RawRwLock, Reading};
pub use semaphore::RawSemaphore;
pub(crate) use spin::Spin;

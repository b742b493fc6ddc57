//! Mutants: primitives with one mistake each, which the tests must find.
//!
//! | folder | what is there |
//! |---|---|
//! | a primitive each | its parts, right, and a file for each way to get one wrong |
//! | `word` | what they are made of |
//!
//! Each claims to do what the specification of its primitive says, and is put to the same
//! generated programs. `docs/mutants.md` lists what each is caught by.
//!
//! Orderings: all are sequentially consistent; mistakes in orderings are among the
//! [`model`](crate::model)s.

pub mod arena;
pub mod array;
pub mod barrier;
pub mod condvar;
pub mod event;
pub mod file_lock;
pub mod joinable_queue;
pub mod list;
pub mod map;
pub mod mutex;
pub mod once;
pub mod pipe;
pub mod pool;
pub mod priority_queue;
pub mod queue;
pub mod reentrant_mutex;
pub mod robust_condvar;
pub mod robust_mutex;
pub mod robust_semaphore;
pub mod rwlock;
pub mod semaphore;
pub mod spsc;
pub mod stack;
pub mod value;
pub mod vector;
pub mod word;

//! Everything a checked program uses: the primitives over [`Checked`], and the ways
//! to run them.
//!
//! The only place of this crate that names primitives.

use crate::kernel::Checked;
use std::panic::Location;

pub use crate::fault::Faults;
pub use crate::program::{Config, Program, explore, explore_with, outcome};
pub use crate::{Engine, Granularity, Kind, RaceCell, Recorder, Strategy, visible, visible_value};
pub use selvedge::net::Interest;
pub use selvedge::signal::Signal;
pub use selvedge::{BarrierError, GetError, LockError, LostTasks, PutError, shareable};

/// A mutual-exclusion lock around data.
pub type Mutex<T> = selvedge::sync::Mutex<T, Checked>;
/// A condition variable.
pub type Condvar = selvedge::sync::Condvar<Checked>;
/// A mutual-exclusion lock around data that survives its holders.
pub type RobustMutex<T> = selvedge::sync::RobustMutex<T, Checked>;
/// A mutual-exclusion lock that its holder can take again.
pub type ReentrantMutex<T> = selvedge::sync::ReentrantMutex<T, Checked>;
/// A lock that many readers or one writer can have.
pub type RwLock<T> = selvedge::sync::RwLock<T, Checked>;
/// The right to write what is behind an [`RwLock`].
pub type RwLockWriteGuard<'a, T> = selvedge::sync::RwLockWriteGuard<'a, T, Checked>;
/// A counting semaphore.
pub type Semaphore = selvedge::sync::Semaphore<Checked>;
/// A place where tasks wait for each other.
pub type Barrier = selvedge::sync::Barrier<Checked>;
/// Something that is done once.
pub type Once = selvedge::sync::Once<Checked>;
/// A value that is made once.
pub type OnceCell<T> = selvedge::sync::OnceCell<T, Checked>;
/// A value that is made when somebody first looks at it.
pub type LazyLock<T> = selvedge::sync::LazyLock<T, Checked>;
/// A counting semaphore that refuses a release too many.
pub type BoundedSemaphore = selvedge::sync::BoundedSemaphore<Checked>;
/// A counting semaphore that gets permits back from the dead.
pub type RobustSemaphore = selvedge::sync::RobustSemaphore<Checked>;
/// A lock on a file.
pub type FileLock = selvedge::sync::FileLock<Checked>;
/// A flag that tasks can wait for.
pub type Event = selvedge::sync::Event<Checked>;
/// A number in shared memory, with a lock beside it.
pub type Value<T> = selvedge::sync::Value<T, Checked>;
/// An array of numbers in shared memory, with a lock beside it.
pub type Array<T> = selvedge::sync::Array<T, Checked>;
/// An object in memory that forked children share.
pub type Shared<T> = selvedge::shm::Shared<T, Checked>;
/// An array of numbers in shared memory, without a lock.
pub type RawArray<T> = selvedge::sync::RawArray<T, Checked>;
/// A number in shared memory, without a lock.
pub type RawValue<T> = selvedge::sync::RawValue<T, Checked>;
/// A list of items of several kinds that has a name.
pub type ShareableList = selvedge::sync::ShareableList<Checked>;
/// A map of a fixed capacity in shared memory.
pub type SharedMap<K, V> = selvedge::sync::SharedMap<K, V, Checked>;
/// Room for values that refer to each other by offsets.
pub type Arena<T> = selvedge::sync::Arena<T, Checked>;
/// A vector of a fixed capacity in shared memory.
pub type SharedVec<T> = selvedge::sync::SharedVec<T, Checked>;
/// Bytes that have a name.
pub type SharedMemory = selvedge::shm::SharedMemory<Checked>;
/// A value that has a name.
pub type Named<T> = selvedge::shm::Named<T, Checked>;
/// The signals of the calling process.
pub type Signals = selvedge::signal::Signals<Checked>;
/// A pipe, socket or file whose calls are visible operations.
pub type Stream<T> = selvedge::channel::Stream<T, Checked>;
/// A queue of items that serde can serialise.
pub type Queue<T> = selvedge::channel::Queue<T, Checked>;
/// A queue of items that are their bytes.
pub type PlainQueue<T> = selvedge::channel::PlainQueue<T, Checked>;
/// The end into which items go of a channel for two tasks.
pub type Sender<T> = selvedge::channel::Sender<T, Checked>;
/// The end out of which they come.
pub type Receiver<T> = selvedge::channel::Receiver<T, Checked>;
/// One end of a pipe for messages.
pub type Connection = selvedge::channel::Connection<Checked>;
/// A socket at which clients arrive.
pub type Listener = selvedge::net::Listener<Checked>;
/// Files, and which of them are ready.
pub type Selector<F> = selvedge::net::Selector<F, Checked>;
/// A socket, and a handler for what comes there.
pub type Server<S, H> = selvedge::net::Server<S, H, Checked>;
/// A queue of work that can be waited for.
pub type JoinableQueue<T> = selvedge::channel::JoinableQueue<T, Checked>;
/// A queue with as little to know about it as possible.
pub type SimpleQueue<T> = selvedge::channel::SimpleQueue<T, Checked>;
/// A queue whose last item leaves it first.
pub type LifoQueue<T> = selvedge::channel::LifoQueue<T, Checked>;
/// A queue whose smallest item leaves it first.
pub type PriorityQueue<T> = selvedge::channel::PriorityQueue<T, Checked>;
/// A number of workers, to whom tasks are given.
pub type Pool = selvedge::pool::Pool<Checked>;
/// A number of threads, to whom tasks are given.
pub type ThreadPool = selvedge::pool::ThreadPool<Checked>;
/// Objects in a process of their own.
pub type Manager = selvedge::manager::Manager<Checked>;
/// A process.
pub type Process = selvedge::process::Process<Checked>;

/// Two connected ends. Two-way (`duplex`): both send and receive; one-way: the first
/// receives, the second sends.
///
/// # Errors
/// Whatever the operating system refuses.
#[track_caller]
pub fn pipe(duplex: bool) -> Result<(Connection, Connection), selvedge::Error> {
    selvedge::channel::pipe(duplex)
}

/// A channel from one task to another.
///
/// # Errors
/// As [`selvedge::channel::spsc`](selvedge::channel::spsc()).
#[track_caller]
pub fn spsc<T: Copy + Send + selvedge::Shareable>(
    capacity: usize,
) -> Result<selvedge::channel::Ends<T, Checked>, selvedge::Error> {
    selvedge::channel::spsc(capacity)
}

/// A channel for bytes.
///
/// # Errors
/// As [`selvedge::channel::spsc_bytes`].
#[track_caller]
pub fn spsc_bytes(
    capacity: usize,
    largest: usize,
) -> Result<selvedge::channel::Ends<[u8], Checked>, selvedge::Error> {
    selvedge::channel::spsc_bytes(capacity, largest)
}

/// Waits for any of several connections, sockets and the like.
///
/// # Errors
/// Whatever the operating system refuses.
#[track_caller]
pub fn wait(
    sources: &[selvedge::channel::Source<'_>],
    timeout: impl Into<Option<std::time::Duration>>,
) -> Result<Vec<usize>, selvedge::Error> {
    selvedge::channel::wait::<Checked>(sources, timeout)
}

/// Threads.
pub mod thread {
    use super::Checked;

    /// A thread as an object.
    pub type Thread = selvedge::thread::Thread<Checked>;
    /// Something done once, later.
    pub type Timer = selvedge::thread::Timer<Checked>;
    /// Things to be done, each at its time.
    pub type Agenda = selvedge::thread::Agenda<Checked>;
    /// The handle of a started thread.
    pub type JoinHandle<T> = selvedge::thread::JoinHandle<T, Checked>;

    /// Starts a thread.
    #[track_caller]
    pub fn spawn<F, T>(body: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        selvedge::thread::spawn(body)
    }

    /// Lets time pass: on the virtual clock under a scheduler.
    #[track_caller]
    pub fn sleep(duration: std::time::Duration) {
        selvedge::thread::sleep::<Checked>(duration);
    }
}

/// A step without any effect: a place where others may run.
#[track_caller]
pub fn step() {
    let site = Location::caller();
    let op = || selvedge::platform::Op::new(Kind::Step, "step", 0, site);
    <Checked as selvedge::platform::Platform>::step(op, || ());
}

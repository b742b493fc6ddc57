//! The primitives over [`Native`], under their plain names.
//!
//! Used by every program that is not to be checked, as `selvedge::Mutex` and so on. Each
//! is an alias and nothing else: the harness has the same list over its own platform.
//!
//! When a process dies here, the file behind each alias says what follows.

use crate::Error;
use crate::platform::Native;
use crate::{channel, manager, net, pool, process, shm, signal, sync, thread};
use std::time::Duration;

/// [`sync::Arena`] for real processes.
pub type Arena<T> = sync::Arena<T, Native>;
/// [`sync::Array`] for real processes.
pub type Array<T> = sync::Array<T, Native>;
/// [`sync::ArrayGuard`] for real processes.
pub type ArrayGuard<'a, T> = sync::ArrayGuard<'a, T, Native>;
/// [`sync::Barrier`] for real threads and processes.
pub type Barrier = sync::Barrier<Native>;
/// [`sync::BoundedSemaphore`] for real threads and processes.
pub type BoundedSemaphore = sync::BoundedSemaphore<Native>;
/// [`sync::Condvar`] for real threads and processes.
pub type Condvar = sync::Condvar<Native>;
/// [`sync::Event`] for real threads and processes.
pub type Event = sync::Event<Native>;
/// [`sync::LazyLock`] for real threads and processes.
pub type LazyLock<T> = sync::LazyLock<T, Native>;
/// [`sync::FileLock`] for real threads and processes.
pub type FileLock = sync::FileLock<Native>;
/// [`sync::FileLockGuard`] for real threads and processes.
pub type FileLockGuard<'a> = sync::FileLockGuard<'a, Native>;
/// [`sync::Mutex`] for real threads and processes.
pub type Mutex<T> = sync::Mutex<T, Native>;
/// [`sync::MutexGuard`] for real threads and processes.
pub type MutexGuard<'a, T> = sync::MutexGuard<'a, T, Native>;
/// [`sync::Once`] for real threads and processes.
pub type Once = sync::Once<Native>;
/// [`sync::OnceCell`] for real threads and processes.
pub type OnceCell<T> = sync::OnceCell<T, Native>;
/// [`channel::JoinableQueue`] between real threads and processes.
pub type JoinableQueue<T> = channel::JoinableQueue<T, Native>;
/// [`channel::SimpleQueue`] between real threads and processes.
pub type SimpleQueue<T> = channel::SimpleQueue<T, Native>;
/// [`channel::LifoQueue`] between real threads and processes.
pub type LifoQueue<T> = channel::LifoQueue<T, Native>;
/// [`channel::PriorityQueue`] between real threads and processes.
pub type PriorityQueue<T> = channel::PriorityQueue<T, Native>;
/// [`channel::PlainQueue`] between real threads and processes.
pub type PlainQueue<T> = channel::PlainQueue<T, Native>;
/// [`channel::Queue`] between real threads and processes.
pub type Queue<T> = channel::Queue<T, Native>;
/// [`sync::ReentrantMutex`] for real threads and processes.
pub type ReentrantMutex<T> = sync::ReentrantMutex<T, Native>;
/// [`sync::ReentrantMutexGuard`] for real threads and processes.
pub type ReentrantMutexGuard<'a, T> = sync::ReentrantMutexGuard<'a, T, Native>;
/// [`sync::RobustMutex`] for real threads and processes.
pub type RobustMutex<T> = sync::RobustMutex<T, Native>;
/// [`sync::RobustMutexGuard`] for real threads and processes.
pub type RobustMutexGuard<'a, T> = sync::RobustMutexGuard<'a, T, Native>;
/// [`sync::RobustPermit`] for real threads and processes.
pub type RobustPermit<'a> = sync::RobustPermit<'a, Native>;
/// [`sync::RobustSemaphore`] for real threads and processes.
pub type RobustSemaphore = sync::RobustSemaphore<Native>;
/// [`sync::RwLock`] for real threads and processes.
pub type RwLock<T> = sync::RwLock<T, Native>;
/// [`sync::RwLockReadGuard`] for real threads and processes.
pub type RwLockReadGuard<'a, T> = sync::RwLockReadGuard<'a, T, Native>;
/// [`sync::RwLockWriteGuard`] for real threads and processes.
pub type RwLockWriteGuard<'a, T> = sync::RwLockWriteGuard<'a, T, Native>;
/// [`sync::Semaphore`] for real threads and processes.
pub type Semaphore = sync::Semaphore<Native>;
/// [`sync::SemaphoreGuard`] for real threads and processes.
pub type SemaphoreGuard<'a> = sync::SemaphoreGuard<'a, Native>;
/// [`sync::RawArray`] for real processes.
pub type RawArray<T> = sync::RawArray<T, Native>;
/// [`sync::RawValue`] for real threads and processes.
pub type RawValue<T> = sync::RawValue<T, Native>;
/// [`sync::ShareableList`] for real processes.
pub type ShareableList = sync::ShareableList<Native>;
/// [`sync::SharedMap`] for real processes.
pub type SharedMap<K, V> = sync::SharedMap<K, V, Native>;
/// [`sync::SharedVec`] for real processes.
pub type SharedVec<T> = sync::SharedVec<T, Native>;
/// [`sync::Value`] for real threads and processes.
pub type Value<T> = sync::Value<T, Native>;
/// [`sync::ValueGuard`] for real threads and processes.
pub type ValueGuard<'a, T> = sync::ValueGuard<'a, T, Native>;
/// [`signal::Signals`] of real processes.
pub type Signals = signal::Signals<Native>;
/// [`channel::Sender`] between real threads and processes.
pub type Sender<T> = channel::Sender<T, Native>;
/// [`channel::Receiver`] between real threads and processes.
pub type Receiver<T> = channel::Receiver<T, Native>;
/// [`channel::Stream`] for real processes.
pub type Stream<T> = channel::Stream<T, Native>;
/// [`shm::SharedMemory`] of real processes.
pub type SharedMemory = shm::SharedMemory<Native>;
/// [`shm::Named`] for real processes.
pub type Named<T> = shm::Named<T, Native>;
/// [`shm::Shared`] for real processes.
pub type Shared<T> = shm::Shared<T, Native>;
/// [`channel::Connection`] between real processes.
pub type Connection = channel::Connection<Native>;
/// [`pool::Pool`] of real processes.
pub type Pool = pool::Pool<Native>;
/// [`pool::ThreadPool`] of real threads.
pub type ThreadPool = pool::ThreadPool<Native>;
/// [`process::Process`], a real one.
pub type Process = process::Process<Native>;
/// [`manager::Manager`] in a real process.
pub type Manager = manager::Manager<Native>;
/// [`net::Listener`] of real processes.
pub type Listener = net::Listener<Native>;
/// [`net::Selector`] of real files.
pub type Selector<F> = net::Selector<F, Native>;
/// [`net::Server`] of real processes.
pub type Server<S, H> = net::Server<S, H, Native>;
/// [`thread::Agenda`] by real time.
pub type Agenda = thread::Agenda<Native>;
/// [`thread::Timer`] by real time.
pub type Timer = thread::Timer<Native>;
/// [`thread::Thread`], a real one.
pub type Thread = thread::Thread<Native>;
/// [`thread::JoinHandle`] of a real thread.
pub type JoinHandle<T> = thread::JoinHandle<T, Native>;

/// Starts `body` in a real thread; see [`thread::spawn`].
#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::spawn(body)
}

/// Lets real time pass; see [`thread::sleep`].
#[track_caller]
pub fn sleep(duration: Duration) {
    thread::sleep::<Native>(duration);
}

/// Two connected ends, of which one-way the first receives; see
/// [`channel::pipe`](channel::pipe()).
///
/// # Errors
/// [`Error::Os`] if the operating system refuses.
#[track_caller]
pub fn pipe(duplex: bool) -> Result<(Connection, Connection), Error> {
    channel::pipe(duplex)
}

/// A channel from one task to another; see [`channel::spsc`](channel::spsc()).
///
/// # Errors
/// As there.
#[track_caller]
pub fn spsc<T: Copy + Send + shm::Shareable>(capacity: usize) -> Result<channel::Ends<T, Native>, Error> {
    channel::spsc(capacity)
}

/// A channel for bytes; see [`channel::spsc_bytes`].
///
/// # Errors
/// As there.
#[track_caller]
pub fn spsc_bytes(capacity: usize, largest: usize) -> Result<channel::Ends<[u8], Native>, Error> {
    channel::spsc_bytes(capacity, largest)
}

/// Waits for any of several; see [`channel::wait`](channel::wait()).
///
/// # Errors
/// As there.
pub fn wait(
    sources: &[channel::Source<'_>],
    timeout: impl Into<Option<Duration>>,
) -> Result<Vec<usize>, Error> {
    channel::wait::<Native>(sources, timeout)
}

/// The calling process; see [`process::current`].
#[must_use]
pub fn current_process() -> process::Current {
    process::current::<Native>()
}

/// The children that run; see [`process::active_children`].
#[must_use]
pub fn active_children() -> Vec<Process> {
    process::active_children()
}

/// Ends the calling process; see [`process::exit`].
pub fn exit(code: i32) -> ! {
    process::exit::<Native>(code)
}

/// Has `callback` run when the calling process comes to its end; see [`process::at_exit`].
///
/// # Errors
/// As there.
pub fn at_exit(callback: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    process::at_exit::<Native>(callback)
}

/// Connects to a [`Listener`]; see [`net::connect`].
///
/// ```
/// let listener = selvedge::Listener::bind(&"127.0.0.1:0".parse()?)?;
/// let client = selvedge::connect(listener.address(), None)?;
/// client.send("hello")?;
/// assert_eq!(listener.accept()?.recv::<String>()?, "hello");
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// # Errors
/// As there.
#[track_caller]
pub fn connect(address: &net::Address, authkey: Option<&process::AuthKey>) -> Result<Connection, Error> {
    net::connect(address, authkey)
}

/// The calling thread; see [`thread::current`].
#[must_use]
pub fn current_thread() -> thread::Running {
    thread::current::<Native>()
}

/// The threads of the calling process that have not ended; see [`thread::running`].
#[must_use]
pub fn running_threads() -> Vec<thread::Running> {
    thread::running::<Native>()
}

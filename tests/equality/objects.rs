//! What drawn programs act on: objects that all tasks of a program share, and what each task has
//! of its own.

use selvedge_harness::prelude::*;
use std::ops::Deref;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a call with a limit waits.
pub(crate) const SHORT: Duration = Duration::from_millis(5);

shareable! {
    /// What lies in place in memory that all tasks share.
    pub(crate) struct Room {
        pub(crate) first: Mutex<u32>,
        pub(crate) second: Mutex<u32>,
        pub(crate) robust: RobustMutex<u32>,
        pub(crate) sturdy: RobustMutex<u32>,
        pub(crate) document: RwLock<u32>,
        pub(crate) nested: ReentrantMutex<u32>,
        pub(crate) permits: Semaphore,
        pub(crate) bounded: BoundedSemaphore,
        pub(crate) seats: RobustSemaphore,
        pub(crate) event: Event,
        pub(crate) barrier: Barrier,
        pub(crate) once: Once,
        pub(crate) cell: OnceCell<u32>,
        pub(crate) lazy: LazyLock<u32>,
        pub(crate) changed: Condvar,
        pub(crate) moved: Condvar,
        pub(crate) count: Value<u32>,
        pub(crate) total: Value<u32>,
        pub(crate) plain: RaceCell<u32>,
    }
}

impl Room {
    fn new() -> Room {
        Room {
            first: Mutex::new(0),
            second: Mutex::new(0),
            robust: RobustMutex::new(0),
            sturdy: RobustMutex::new(0),
            document: RwLock::new(0),
            nested: ReentrantMutex::new(0),
            permits: Semaphore::new(1),
            bounded: BoundedSemaphore::new(1),
            seats: RobustSemaphore::new(1).unwrap(),
            event: Event::new(),
            barrier: Barrier::new(2),
            once: Once::new(),
            cell: OnceCell::new(),
            lazy: LazyLock::new(|| 7),
            changed: Condvar::new(),
            moved: Condvar::new(),
            count: Value::new(0),
            total: Value::new(0),
            plain: RaceCell::new(0),
        }
    }
}

/// What all tasks of a program share.
#[derive(Clone)]
pub(crate) struct Objects {
    room: Shared<Room>,
    pub(crate) queue: Queue<u32>,
    pub(crate) work: JoinableQueue<u32>,
    pub(crate) stack: LifoQueue<u32>,
    pub(crate) ranked: PriorityQueue<u32>,
    pub(crate) numbers: PlainQueue<u32>,
    pub(crate) simple: SimpleQueue<u32>,
    pub(crate) row: Array<u32>,
    pub(crate) raw: RawValue<u32>,
    pub(crate) raw_row: RawArray<u32>,
    pub(crate) map: SharedMap<u32, u32>,
    pub(crate) column: SharedVec<u32>,
    pub(crate) arena: Arena<u32>,
    pub(crate) list: ShareableList,
    pub(crate) bytes: SharedMemory,
    path: PathBuf,
}

impl Objects {
    /// As a program finds them when it begins.
    pub(crate) fn new() -> Objects {
        Objects {
            room: Shared::new(Room::new()),
            queue: Queue::bounded(1),
            work: JoinableQueue::bounded(2),
            stack: LifoQueue::bounded(1),
            ranked: PriorityQueue::bounded(2),
            numbers: PlainQueue::bounded(1),
            simple: SimpleQueue::new(),
            row: Array::new(2),
            raw: RawValue::new(0),
            raw_row: RawArray::new(2),
            map: SharedMap::new(2).unwrap(),
            column: SharedVec::new(2).unwrap(),
            arena: Arena::new(2).unwrap(),
            list: ShareableList::create_unnamed(&[1.into(), "one".into()]).unwrap(),
            bytes: SharedMemory::create_unnamed(8).unwrap(),
            path: selvedge_harness::program::scratch().join("lock"),
        }
    }

    /// A lock on the file of the program.
    pub(crate) fn file(&self) -> FileLock {
        FileLock::open(&self.path).unwrap()
    }
}

impl Deref for Objects {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.room
    }
}

/// What a task has of its own.
#[derive(Default)]
pub(crate) struct Own {
    /// A lock on the heap, perhaps known to threads of the same process.
    pub(crate) lock: Option<Arc<Mutex<u32>>>,
    pub(crate) connection: Option<Connection>,
    pub(crate) socket: Option<Stream<UnixStream>>,
    pub(crate) sender: Option<Sender<u32>>,
    pub(crate) receiver: Option<Receiver<u32>>,
    /// Threads to be joined in the end.
    pub(crate) threads: Vec<thread::JoinHandle<()>>,
    /// Processes to be joined in the end.
    pub(crate) processes: Vec<Process>,
}

impl Own {
    /// The lock on the heap: a new one if there is none.
    pub(crate) fn lock(&mut self) -> Arc<Mutex<u32>> {
        self.lock.get_or_insert_default().clone()
    }

    /// Waits for those that are to be joined in the end.
    pub(crate) fn join(&mut self) {
        for thread in self.threads.drain(..) {
            _ = thread.join();
        }
        for process in self.processes.drain(..) {
            _ = process.join();
        }
    }
}

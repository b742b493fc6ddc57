//! Do the things of shared memory reach processes that are no copies of their parent?
//!
//! Each kind goes as an argument of an entry, by every start method, also through a child to
//! its own child; is used by both sides; is let go when the child is killed; and is refused,
//! with a reason, where it cannot go and where another type was expected.
//!
//! When a process dies here, a test asked for it.

#[path = "handed_on/explored.rs"]
mod explored;

use rusty_fork::rusty_fork_test;
use selvedge::process::{Entry, StartMethod, start_method};
use selvedge::sync::Item;
use selvedge::{
    Arena, Array, Barrier, BoundedSemaphore, Condvar, Connection, Error, Event, ExitStatus, GetError,
    JoinableQueue, LifoQueue, LockError, Manager, Mutex, Named, OnceCell, PlainQueue, Pool, PriorityQueue,
    Process, PutError, Queue, RawArray, RawValue, ReentrantMutex, RobustMutex, RobustSemaphore, RwLock,
    Semaphore, ShareableList, Shared, SharedMap, SharedMemory, SharedVec, SimpleQueue, Value, entry, pipe,
    shareable,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

shareable! {
    /// Every lock and signal of state, in one value.
    struct Locks {
        mutex: Mutex<u32>,
        robust: RobustMutex<u32>,
        reentrant: ReentrantMutex<Cell<u32>>,
        readers: RwLock<u32>,
        semaphore: Semaphore,
        bounded: BoundedSemaphore,
        permits: RobustSemaphore,
        event: Event,
        changed: Condvar,
        barrier: Barrier,
        cell: OnceCell<u32>,
        value: Value<i64>,
        raw: RawValue<f64>,
    }
}

/// One of each that has memory of its own.
#[derive(Clone, Serialize, Deserialize)]
struct All {
    locks: Shared<Locks>,
    array: Array<u16>,
    raw: RawArray<f32>,
    map: SharedMap<u32, u64>,
    vector: SharedVec<u32>,
    arena: Arena<u32>,
    named_vector: SharedVec<u32>,
    named: Named<Value<u32>>,
    list: ShareableList,
    bytes: SharedMemory,
    queue: Queue<String>,
    plain: PlainQueue<u64>,
    simple: SimpleQueue<u8>,
    last: LifoQueue<u8>,
    least: PriorityQueue<i32>,
    work: JoinableQueue<u32>,
}

impl All {
    fn new() -> All {
        static ROUND: AtomicU32 = AtomicU32::new(0);
        let round = ROUND.fetch_add(1, Relaxed);
        let name = |what: &str| format!("handed-on-{what}-{}-{round}", std::process::id());
        let locks = Locks {
            mutex: Mutex::new(0),
            robust: RobustMutex::new(0),
            reentrant: ReentrantMutex::new(Cell::new(0)),
            readers: RwLock::new(0),
            semaphore: Semaphore::new(1),
            bounded: BoundedSemaphore::new(2),
            permits: RobustSemaphore::new(2).unwrap(),
            event: Event::new(),
            changed: Condvar::new(),
            barrier: Barrier::new(2),
            cell: OnceCell::new(),
            value: Value::new(0),
            raw: RawValue::new(0.0),
        };
        All {
            locks: Shared::new(locks),
            array: Array::new(3),
            raw: RawArray::new(3),
            map: SharedMap::new(5).unwrap(),
            vector: SharedVec::new(5).unwrap(),
            arena: Arena::new(5).unwrap(),
            named_vector: SharedVec::create(&name("vector"), 2).unwrap(),
            named: Named::create(&name("value"), Value::new(0)).unwrap(),
            list: ShareableList::create(&name("list"), &[Item::Int(0)]).unwrap(),
            bytes: SharedMemory::create(&name("bytes"), 2).unwrap(),
            queue: Queue::bounded(3),
            plain: PlainQueue::bounded(3),
            simple: SimpleQueue::new(),
            last: LifoQueue::unbounded(),
            least: PriorityQueue::unbounded(),
            work: JoinableQueue::unbounded(),
        }
    }

    /// What the one side does.
    fn fill(&self) {
        let locks = &*self.locks;
        *locks.mutex.lock().unwrap() += 1;
        locks.reentrant.lock().unwrap().set(1);
        *locks.readers.write().unwrap() += 1;
        locks.semaphore.release();
        locks.cell.set(7).unwrap();
        locks.value.fetch_add(5);
        locks.raw.set(0.5);
        self.array.set(2, 9);
        self.raw.set(1, 1.5);
        self.map.insert(3, 9).unwrap();
        self.vector.push(4).unwrap();
        self.arena.insert(11).unwrap();
        self.named_vector.push(8).unwrap();
        self.named.set(6);
        self.list.set(0, 5).unwrap();
        self.bytes.write(0, b"ab").unwrap();
        self.queue.put("text".to_owned()).unwrap();
        self.plain.put(1 << 40).unwrap();
        self.simple.put(3).unwrap();
        (0..3).for_each(|number| self.last.put(number).unwrap());
        [5, -5, 0].into_iter().for_each(|number| self.least.put(number).unwrap());
        let number = self.work.get().unwrap();
        assert_eq!(number, 12);
        self.work.task_done().unwrap();
        // A wait on each side, ended by the other one.
        *locks.robust.lock().unwrap() += 1;
        locks.changed.notify_all();
        locks.event.wait();
        locks.barrier.wait().unwrap();
    }

    /// What the other side finds, and does meanwhile.
    fn find(&self) {
        let locks = &*self.locks;
        self.work.put(12).unwrap();
        let guard = locks.changed.wait_while(locks.robust.lock().unwrap(), |number| *number == 0).unwrap();
        assert_eq!(*guard, 1);
        drop(guard);
        locks.event.set();
        locks.barrier.wait().unwrap();
        self.work.join().unwrap();
        assert_eq!((*locks.mutex.lock().unwrap(), locks.reentrant.lock().unwrap().get()), (1, 1));
        assert_eq!(
            (*locks.readers.read().unwrap(), locks.semaphore.value(), locks.cell.get()),
            (1, 2, Some(&7))
        );
        assert_eq!((locks.value.get(), locks.raw.get()), (5, 0.5));
        assert_eq!((self.array.to_vec(), self.raw.to_vec()), (vec![0, 0, 9], vec![0.0, 1.5, 0.0]));
        assert_eq!((self.map.get(&3), self.map.capacity(), self.vector.to_vec()), (Some(9), 5, vec![4]));
        assert_eq!((self.arena.to_vec()[0].1, self.arena.capacity()), (11, 5));
        assert_eq!((self.named_vector.to_vec(), self.named.get()), (vec![8], 6));
        assert_eq!((self.list.get(0).unwrap(), self.bytes.to_vec()), (Item::Int(5), b"ab".to_vec()));
        assert_eq!((self.queue.get().as_deref(), self.plain.get()), (Ok("text"), Ok(1 << 40)));
        assert_eq!((self.simple.get(), self.last.get(), self.least.get()), (Ok(3), Ok(2), Ok(-5)));
    }
}

entry! {
    /// Uses everything.
    static FILL(all: All) {
        all.fill();
    }
}

entry! {
    /// Has a child of its own use everything.
    static PASS_ON(all: All) {
        let mut child = Process::entry(&FILL, all).method(start_method());
        child.start().unwrap();
        assert!(child.join().unwrap().success());
    }
}

entry! {
    /// Holds everything that can be held, says so, and waits.
    static HOLD((all, tell): (All, Connection)) {
        let locks = &*all.locks;
        let _robust = locks.robust.lock().unwrap();
        let _reentrant = locks.reentrant.lock().unwrap();
        let _readers = locks.readers.write().unwrap();
        let _permit = locks.permits.acquire();
        all.work.get().unwrap();
        tell.send(&()).unwrap();
        all.work.get().unwrap();
    }
}

entry! {
    /// Adds without a lock of its own, so that only the mutex keeps the additions.
    static ADD((lock, sum, rounds): (Shared<RobustMutex<()>>, Shared<Value<u32>>, u32)) {
        for _ in 0..rounds {
            let _guard = lock.lock().unwrap();
            sum.set(sum.get() + 1);
        }
    }
}

entry! {
    /// Makes a queue, sends it back, and answers through it.
    static MAKE(parent: Connection) {
        let mut parent = parent;
        let queue: Queue<String> = Queue::bounded(2);
        parent.send(&queue).unwrap();
        queue.put(parent.recv::<String>().unwrap()).unwrap();
        queue.close();
        parent.recv::<()>().unwrap();
    }
}

entry! {
    /// Adds one to each.
    static COUNT(sums: Vec<Shared<Value<u32>>>) {
        for sum in &sums {
            sum.fetch_add(1);
        }
    }
}

entry! {
    /// Tells whether both are one.
    static COMPARE((one, two, tell): (Shared<Value<u32>>, Shared<Value<u32>>, Connection)) {
        tell.send(&std::ptr::eq(&*one, &*two)).unwrap();
    }
}

entry! {
    /// Has workers of its own, which it gives the queue as they are forked.
    static WORK((queue, sum): (Queue<u32>, Shared<Value<u32>>)) {
        let workers: Vec<Process> = (0..2)
            .map(|_| {
                let (queue, sum) = (queue.clone(), sum.clone());
                Process::spawn(move || while let Ok(number) = queue.get() { sum.fetch_add(number); })
            })
            .collect();
        assert!(workers.iter().all(|worker| worker.join().unwrap().success()));
    }
}

fn each(test: impl Fn(StartMethod)) {
    StartMethod::ALL.into_iter().for_each(test);
}

fn begin<T: Serialize + DeserializeOwned + Send + 'static>(
    method: StartMethod,
    entry: &'static Entry<T>,
    argument: T,
) -> Process {
    let mut child = Process::entry(entry, argument).method(method);
    child.start().unwrap();
    child
}

/// What is sent as the one, received as the other.
fn sent<S: Serialize, R: DeserializeOwned>(value: &S) -> Result<R, String> {
    let (left, mut right) = pipe(true).unwrap();
    left.send(value).map_err(|error| error.to_string())?;
    right.recv().map_err(|error| error.to_string())
}

#[track_caller]
fn is_refused<S: Serialize, R: DeserializeOwned>(value: &S, why: &str) {
    let Err(error) = sent::<S, R>(value) else { panic!("it was taken for what it is not") };
    assert!(error.contains(why), "{error}");
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn everything_is_used_by_a_child_however_it_began() {
        each(|method| {
            let all = All::new();
            let child = begin(method, &FILL, all.clone());
            all.find();
            assert!(child.join().unwrap().success(), "{method}");
        });
    }

    #[test]
    fn a_child_hands_on_what_it_was_handed() {
        each(|method| {
            selvedge::process::set_start_method(method, true).unwrap();
            let all = All::new();
            let child = begin(method, &PASS_ON, all.clone());
            all.find();
            assert!(child.join().unwrap().success(), "{method}");
        });
    }

    #[test]
    fn what_a_killed_child_held_is_let_go() {
        each(|method| {
            let (all, (mut told, tell)) = (All::new(), pipe(false).unwrap());
            all.work.put(1).unwrap();
            let child = begin(method, &HOLD, (all.clone(), tell));
            told.recv::<()>().unwrap();
            let locks = &*all.locks;
            assert!(matches!(locks.robust.try_lock(), Err(LockError::WouldBlock)));
            assert_eq!(locks.permits.value(), 1);
            child.kill().unwrap();
            // Waits for the death, and is told of it.
            assert!(matches!(locks.robust.lock(), Err(LockError::OwnerDied(_))), "{method}");
            assert!(matches!(locks.reentrant.try_lock_for(LONG), Err(LockError::OwnerDied(_))), "{method}");
            assert!(matches!(locks.readers.try_read_for(LONG), Err(LockError::OwnerDied(_))), "{method}");
            let (one, two) = (locks.permits.acquire_timeout(LONG), locks.permits.acquire_timeout(LONG));
            assert!(one.is_some() && two.is_some(), "{method}");
            assert_eq!(all.work.join().unwrap_err().tasks, 1, "{method}");
            assert_eq!(child.join().unwrap(), ExitStatus::Signal(9));
        });
    }

    #[test]
    fn children_of_several_beginnings_exclude_each_other() {
        let (lock, sum) = (Shared::new(RobustMutex::new(())), Shared::new(Value::new(0)));
        let rounds = 2_000;
        let children = StartMethod::ALL.map(|method| begin(method, &ADD, (lock.clone(), sum.clone(), rounds)));
        assert!(children.iter().all(|child| child.join().unwrap().success()));
        assert_eq!(sum.get(), 3 * rounds);
    }

    #[test]
    fn a_child_sends_what_it_has_made() {
        each(|method| {
            let (mut parent, child) = pipe(true).unwrap();
            let process = begin(method, &MAKE, child);
            let queue: Queue<String> = parent.recv().unwrap();
            assert_eq!((queue.capacity(), queue.is_empty()), (Some(2), true));
            parent.send("through the queue").unwrap();
            assert_eq!(queue.get().as_deref(), Ok("through the queue"));
            assert!(matches!(queue.get(), Err(GetError::Closed)));
            // The memory stays when its maker is gone.
            parent.send(&()).unwrap();
            assert!(process.join().unwrap().success(), "{method}");
            assert!(queue.is_closed());
        });
    }

    #[test]
    fn what_comes_twice_is_there_once() {
        each(|method| {
            let (value, (mut told, tell)) = (Shared::new(Value::new(1)), pipe(true).unwrap());
            begin(method, &COMPARE, (value.clone(), value.clone(), tell));
            assert!(told.recv::<bool>().unwrap(), "{method}");
        });
        // Also where it comes home; a lock may be taken by the one and given back by the other.
        let lock = Shared::new(ReentrantMutex::new(0));
        let again: Shared<ReentrantMutex<u32>> = sent(&lock).unwrap();
        assert!(std::ptr::eq(&raw const *lock, &raw const *again));
        let (one, two) = (lock.lock().unwrap(), again.lock().unwrap());
        drop(one);
        drop(two);
        drop(lock);
        assert_eq!(*again.try_lock().unwrap(), 0);
    }

    #[test]
    fn a_spawned_child_has_workers_of_its_own() {
        each(|method| {
            let (queue, sum) = (Queue::unbounded(), Shared::new(Value::new(0)));
            let child = begin(method, &WORK, (queue.clone(), sum.clone()));
            (1..=100_u32).for_each(|number| queue.put(number).unwrap());
            queue.close();
            assert!(child.join().unwrap().success(), "{method}");
            assert_eq!(sum.get(), 5050);
        });
    }

    #[test]
    fn another_type_is_refused() {
        let value = Shared::new(Value::<u32>::new(1));
        assert_eq!(sent::<_, Shared<Value<u32>>>(&value).unwrap().get(), 1);
        is_refused::<_, Shared<Value<i32>>>(&value, "Value<u32>> , and not a".replace(" ,", ",").as_str());
        is_refused::<_, Shared<RobustMutex<u32>>>(&value, "it holds a Shared<");
        is_refused::<_, Array<u32>>(&value, ", and not a Array<u32>");
        is_refused::<_, Array<i32>>(&Array::<u32>::new(3), "it holds a Array<u32>");
        is_refused::<_, Queue<u64>>(&Queue::<u32>::bounded(1), "Queue<u32>, and not a");
        is_refused::<_, PlainQueue<u32>>(&Queue::<u32>::bounded(1), "it holds a");
        is_refused::<_, LifoQueue<u32>>(&Queue::<u32>::bounded(1), "it holds a");
        is_refused::<_, SimpleQueue<u32>>(&JoinableQueue::<u32>::bounded(1), "left over");
        is_refused::<_, SharedMap<u32, u64>>(&SharedMap::<u64, u32>::new(1).unwrap(), "SharedMap<u64, u32>");
        is_refused::<_, SharedVec<u32>>(&Arena::<u32>::new(1).unwrap(), "it holds a Arena<u32>");
        is_refused::<_, Arena<i32>>(&Arena::<u32>::new(1).unwrap(), "Arena<u32>, and not a");
        // What is no memory at all.
        is_refused::<_, Shared<Value<u32>>>(&(1_u8, 0_u8, None::<u64>, vec![0_u8; 256]), "a descriptor did not come with the message");
        let file = selvedge::channel::Passed(std::fs::File::open("/dev/null").unwrap());
        is_refused::<_, Shared<Value<u32>>>(&(1_u8, file, None::<u64>, vec![0_u8; 256]), "it was sent as something else than a Shared<");
        is_refused::<_, u32>(&value, "bytes are left over: it is of another type");
    }

    #[test]
    fn where_it_cannot_go_it_is_refused_with_the_reason() {
        let why = "Queue<u32> goes to a process that is started for an entry, or through a two-way pipe or a Unix connection, and nowhere else; a closure that is forked, or prepares a pool's workers, captures it";
        let why = |error: String| assert!(error.contains("Queue<u32>") && error.contains(&why[10..]), "{error}");
        let queue: Queue<u32> = Queue::bounded(1);
        let queues: Queue<Queue<u32>> = Queue::bounded(1);
        let PutError::Unencodable { reason, .. } = queues.put(queue.clone()).unwrap_err() else { panic!("it was put") };
        why(reason);
        why(serde_json::to_string(&queue).unwrap_err().to_string());
        let pool = Pool::new(1).unwrap();
        why(pool.map(|queue: Queue<u32>| queue.qsize(), [queue.clone()]).unwrap_err().to_string());
        // The same for a connection, as ever.
        let connections: Queue<Connection> = Queue::bounded(1);
        let error = connections.put(pipe(true).unwrap().0).unwrap_err().to_string();
        assert!(error.ends_with("captures it") && error.contains("a connection goes to a process"), "{error}");
        // Through a pipe for one direction, which carries no descriptors.
        let (_right, left) = pipe(false).unwrap();
        let error = left.send(&queue).unwrap_err().to_string();
        assert!(error.contains("two-way pipes and Unix sockets only"), "{error}");
        let manager: Manager = Manager::start().unwrap();
        let dict = manager.dict::<u32, Queue<u32>>().unwrap();
        let error = dict.insert(&1, &queue).unwrap_err().to_string();
        assert!(error.contains("cannot be kept by a manager"), "{error}");
    }

    #[test]
    fn more_than_one_message_can_carry_is_refused_and_can_be_tried_again() {
        for method in [StartMethod::Spawn, StartMethod::ForkServer] {
            let sums: Vec<Shared<Value<u32>>> = (0..254).map(|_| Shared::new(Value::new(0))).collect();
            let mut child = Process::entry(&COUNT, sums.clone()).method(method);
            let error = child.start().unwrap_err().to_string();
            assert!(error.contains("more than 253 descriptors in one message"), "{error}");
            // Nothing is lost: a fork needs no message.
            let mut child = child.method(StartMethod::Fork);
            child.start().unwrap();
            assert!(child.join().unwrap().success());
            let child = begin(method, &COUNT, sums[1..200].to_vec());
            assert!(child.join().unwrap().success());
            assert_eq!((sums[0].get(), sums[1].get(), sums[199].get(), sums[253].get()), (1, 2, 2, 1));
        }
    }

    #[test]
    fn without_descriptors_it_is_forked_only() {
        use nix::sys::resource::{Resource, setrlimit};
        let before: Queue<u32> = Queue::bounded(1);
        // Whatever this program was started with, there is room for a few more.
        let next = std::fs::File::open("/dev/null").unwrap().as_raw_fd() as u64;
        setrlimit(Resource::RLIMIT_NOFILE, 2 * next, 2 * next).unwrap();
        let all: Vec<Shared<Value<u32>>> = (0..10).map(|_| Shared::new(Value::new(0))).collect();
        let last = all.last().unwrap();
        let (sum, child) = (last.clone(), Process::spawn({ let last = last.clone(); move || last.set(3) }));
        assert!(child.join().unwrap().success());
        assert_eq!(sum.get(), 3);
        drop(before);
        let (left, _right) = pipe(true).unwrap();
        let error = left.send(last).unwrap_err().to_string();
        assert!(error.contains("cannot be sent: its memory reaches forked children only"), "{error}");
        assert!(matches!(left.send(last), Err(Error::Value { doing: "encoded", .. })));
    }
}

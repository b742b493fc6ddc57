// The basic law of every primitive, as one program each: so many processes do so many rounds,
// and whoever started them finds out whether the law held. It panics if not.
//
// Included twice by `tests/basic_laws.rs`, over real processes and under the scheduler, and
// once by the bench `laws`; so nothing here knows which.

/// A primitive, by the name of its type, and its law.
pub(crate) struct Law {
    pub(crate) primitive: &'static str,
    pub(crate) says: &'static str,
    pub(crate) program: fn(u32, u32),
}

/// Starts `count` processes and waits for them; all must end well.
fn all(count: u32, body: impl Fn(u32) + Clone + Send + 'static) {
    let children: Vec<Process> = (0..count)
        .map(|index| {
            let body = body.clone();
            Process::spawn(move || body(index))
        })
        .collect();
    for child in children {
        assert!(child.join().unwrap().success(), "the law was broken in a process");
    }
}

include!("programs/locks.rs");
include!("programs/signals.rs");
include!("programs/data.rs");
include!("programs/items.rs");

/// Every primitive: a new one without an entry here fails a test.
pub(crate) const LAWS: &[Law] = &[
    law("Arena", "no change is lost, and no place has two owners", arena),
    law("Array", "no addition is lost", array),
    law("Barrier", "nobody passes before all are there", barrier),
    law("BoundedSemaphore", "no more inside than permits, and none too many", bounded_semaphore),
    law("Condvar", "no notification is lost", condvar),
    law("Connection", "whole messages, in order, and then the end", connection),
    law("Event", "a set releases all", event),
    law("FileLock", "one at a time", file_lock),
    law("JoinableQueue", "join comes back when all is done", joinable_queue),
    law("LazyLock", "made once, seen whole", lazy_lock),
    law("LifoQueue", "each item once", lifo_queue),
    law("Mutex", "one at a time", mutex),
    law("Once", "done once, before anybody goes on", once),
    law("OnceCell", "made once, seen whole", once_cell),
    law("PlainQueue", "each item once, in order", plain_queue),
    law("PriorityQueue", "each item once", priority_queue),
    law("Queue", "each item once, in order", queue),
    law("RawValue", "no addition is lost", raw_value),
    law("ReentrantMutex", "one at a time, however deep", reentrant_mutex),
    law("RobustMutex", "one at a time", robust_mutex),
    law("RobustSemaphore", "no more inside than permits", robust_semaphore),
    law("RwLock", "who writes is alone", rw_lock),
    law("Semaphore", "no more inside than permits", semaphore),
    law("Sender", "each item once, in order, and then the end", channel),
    law("SharedMap", "entries are whole", shared_map),
    law("SharedVec", "each element once", shared_vec),
    law("SimpleQueue", "each item once, in order", simple_queue),
    law("Value", "no addition is lost", value),
];

const fn law(primitive: &'static str, says: &'static str, program: fn(u32, u32)) -> Law {
    Law { primitive, says, program }
}

//! Does `sim` allocate per execution once it is warm? It must not.

use selvedge_harness::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's allocator, counting.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

shareable! {
    struct Office {
        lock: Mutex<u32>,
        changed: Condvar,
        left: Value<u32>,
    }
}

/// Allocations of an exploration with so many executions.
fn allocations(executions: u64, sloppy: bool) -> u64 {
    let program = Program::new("office", || Office {
        lock: Mutex::new(0),
        changed: Condvar::new(),
        left: Value::new(5),
    })
    .tasks("client", 4, move |office, _| {
        if sloppy {
            drop(std::hint::black_box(Box::new(1_u64)));
        }
        let mut count = office.lock.lock().unwrap();
        *count += 1;
        office.changed.notify_all();
        drop(office.changed.wait_while(count, |count| *count < 4).unwrap());
        let left = office.left.get();
        office.left.set(left - 1);
    })
    .label(|office, label| label.push_str(if office.left.get() == 1 { "exact" } else { "lost" }));
    let config = Config { keep_going: true, ..Config::default() }.executions(executions).ignore_environment();
    let before = COUNT.load(Ordering::Relaxed);
    let report = program.check(&config).unwrap();
    let allocated = COUNT.load(Ordering::Relaxed) - before;
    assert_eq!((report.tally.executions, report.tally.violations), (executions, 0));
    allocated
}

/// One test, so that no other thread allocates meanwhile.
#[test]
fn executions_do_not_allocate() {
    allocations(100, false);
    // What is compared to see whether the program is deterministic allocates, more or less; so
    // does not every tenth execution.
    let (few, many) = (allocations(100, false), allocations(5_100, false));
    assert!(many.abs_diff(few) < 500, "{few}, then {many}");
    // And the measure can tell: a program that allocates is seen to.
    assert!(allocations(1_100, true) >= allocations(100, true) + 3_500);
}

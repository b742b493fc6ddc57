//! The measured programs for an engine whose locks, atomics and threads are named like std's:
//! the same text for each of them.

/// The programs over the `sync` and `thread` of the engine `$engine`; `once` runs one execution.
macro_rules! programs_like_std {
    ($engine:ident) => {
        use std::sync::Arc;
        use $engine::sync::atomic::{AtomicU32, Ordering::SeqCst};
        use $engine::sync::{Condvar, Mutex};
        use $engine::thread;

        struct Number {
            value: AtomicU32,
        }

        struct Stock {
            left: AtomicU32,
            sold: AtomicU32,
        }

        struct LockedStock {
            left: Mutex<u32>,
            sold: AtomicU32,
        }

        struct Buffer {
            items: Mutex<u32>,
            not_full: Condvar,
            not_empty: Condvar,
        }

        impl Number {
            fn new(value: u32) -> Number {
                Number { value: AtomicU32::new(value) }
            }

            fn change(&self, times: u32, by: u32) {
                for _ in 0..times {
                    let value = self.value.load(SeqCst);
                    self.value.store(value.wrapping_add(by), SeqCst);
                }
            }
        }

        impl Stock {
            fn new() -> Stock {
                Stock { left: AtomicU32::new(5), sold: AtomicU32::new(0) }
            }

            fn buy(&self) {
                let left = self.left.load(SeqCst);
                if left > 0 {
                    self.left.store(left - 1, SeqCst);
                    self.sold.fetch_add(1, SeqCst);
                }
            }
        }

        impl LockedStock {
            fn new() -> LockedStock {
                LockedStock { left: Mutex::new(5), sold: AtomicU32::new(0) }
            }

            fn buy(&self) {
                let mut left = self.left.lock().expect("nobody panics");
                if *left > 0 {
                    *left -= 1;
                    self.sold.fetch_add(1, SeqCst);
                }
            }
        }

        impl Buffer {
            fn new() -> Buffer {
                Buffer { items: Mutex::new(0), not_full: Condvar::new(), not_empty: Condvar::new() }
            }

            fn produce(&self) {
                for _ in 0..2 {
                    let mut items = self.items.lock().expect("nobody panics");
                    while *items == 1 {
                        items = self.not_full.wait(items).expect("nobody panics");
                    }
                    *items += 1;
                    self.not_empty.notify_one();
                }
            }

            fn consume(&self) {
                for _ in 0..2 {
                    let mut items = self.items.lock().expect("nobody panics");
                    while *items == 0 {
                        items = self.not_empty.wait(items).expect("nobody panics");
                    }
                    *items -= 1;
                    self.not_full.notify_one();
                }
            }
        }

        /// Starts `count` threads that run `body` on `state`, and returns their handles.
        fn start<S: Send + Sync + 'static>(
            state: &Arc<S>,
            count: usize,
            body: impl Fn(&S) + Copy + Send + 'static,
        ) -> Vec<thread::JoinHandle<()>> {
            let one = |_| {
                let state = Arc::clone(state);
                thread::spawn(move || body(&state))
            };
            (0..count).map(one).collect()
        }

        fn join(handles: Vec<thread::JoinHandle<()>>) {
            for handle in handles {
                handle.join().expect("no task panics");
            }
        }

        /// One execution.
        fn once(subject: Subject) {
            match subject {
                Subject::Update => join(start(&Arc::new(Number::new(0)), 2, |n| n.change(5, 1))),
                Subject::Ticket => join(start(&Arc::new(Stock::new()), 10, Stock::buy)),
                Subject::Locked => join(start(&Arc::new(LockedStock::new()), 10, LockedStock::buy)),
                Subject::Bank => {
                    let number = Arc::new(Number::new(100));
                    let mut all = start(&number, 1, |n| n.change(100, 1));
                    all.extend(start(&number, 1, |n| n.change(100, 1_u32.wrapping_neg())));
                    join(all);
                }
                Subject::Buffer => {
                    let buffer = Arc::new(Buffer::new());
                    let mut all = start(&buffer, 2, Buffer::produce);
                    all.extend(start(&buffer, 2, Buffer::consume));
                    join(all);
                }
            }
        }
    };
}

pub(crate) use programs_like_std;

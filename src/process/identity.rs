//! Who a process is: its name, its secret, its parent, its children.
//!
//! Asked by everything in this folder, and by threads for the process they belong to.
//!
//! Which one is the calling process's, [`family`](super::family) knows.
//!
//! 1. Names count from 1 in each parent: `Process-1`; its children are `Process-1:1` and
//!    so on, whatever names they were given.
//!
//! Orderings: relaxed. A name says nothing about other memory.
//!
//! When a process dies, its identity dies with it; its parent keeps its record.

use super::authkey::AuthKey;
use crate::sys::set_once::SetOnce;
use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is called at the end of a process.
#[derive(Default)]
enum Callbacks {
    /// Most processes have none, and no list that would have to be dropped.
    #[default]
    None,
    Registered(Vec<Box<dyn FnOnce() + Send>>),
    /// All were called.
    Ended,
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Callbacks::None => f.write_str("no callbacks"),
            Callbacks::Registered(all) => write!(f, "{} callbacks", all.len()),
            Callbacks::Ended => f.write_str("ended"),
        }
    }
}

/// What a process must not simply leave behind when its code ends: a child, a thread.
pub(crate) trait Kept: Any + Send + Sync + fmt::Debug {
    /// Ends it, if it is one that ends with the process.
    fn stop(&self);
    /// Waits for its end.
    fn finish(&self);
}

/// The name of a process that nobody of ours started.
pub(super) const MAIN: &str = "MainProcess";

/// What a process knows about itself.
#[derive(Debug)]
pub(crate) struct Identity {
    /// 0 until the process exists.
    pub(super) pid: AtomicU32,
    pub(super) name: Arc<str>,
    /// The numbers of its ancestors and its own; none for a main process.
    pub(super) path: Option<Arc<[u32]>>,
    pub(super) daemon: bool,
    pub(super) authkey: AuthKey,
    pub(super) parent: Option<(u32, Arc<str>)>,
    /// How many names its children were given.
    given: AtomicU32,
    /// How many names its threads were given, and how many of all have not ended.
    threads: AtomicU32,
    pub(super) running: AtomicU32,
    callbacks: Mutex<Callbacks>,
    /// What it must not leave behind: its children, its threads.
    kept: Mutex<Vec<Arc<dyn Kept>>>,
    /// The next link of the chain, unless this is the first: a child of this process, in memory
    /// that only it has.
    pub(super) next: SetOnce<Link>,
}

/// A link of the chain. The parent makes the box of its child's before it forks: a child that
/// takes memory itself must write to more of it.
#[derive(Debug)]
pub(super) struct Link(pub(super) Arc<Identity>);

impl std::ops::Deref for Link {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl Identity {
    pub(super) fn new(pid: u32, name: Arc<str>, authkey: AuthKey) -> Identity {
        Identity {
            pid: AtomicU32::new(pid),
            name,
            path: None,
            daemon: false,
            authkey,
            parent: None,
            given: AtomicU32::new(0),
            threads: AtomicU32::new(0),
            running: AtomicU32::new(0),
            callbacks: Mutex::default(),
            kept: Mutex::new(Vec::new()),
            next: SetOnce::new(),
        }
    }

    /// The number of the process.
    #[inline]
    pub(super) fn pid(&self) -> u32 {
        self.pid.load(Relaxed)
    }

    /// That of the child which was given `path` and `daemon` by this one, ready to be
    /// [entered](enter).
    pub(super) fn child(
        &self,
        name: Arc<str>,
        path: Option<Arc<[u32]>>,
        daemon: bool,
        authkey: AuthKey,
    ) -> Box<Link> {
        let parent = (self.pid(), Arc::clone(&self.name));
        Box::new(Link(Arc::new(Identity::new(0, name, authkey).descended(parent, path, daemon))))
    }

    /// The same with this parent, numbers, and end.
    pub(super) fn descended(
        self,
        parent: (u32, Arc<str>),
        path: Option<Arc<[u32]>>,
        daemon: bool,
    ) -> Identity {
        Identity { path, daemon, parent: Some(parent), ..self }
    }

    /// The next child's numbers.
    #[inline]
    pub(super) fn next_path(&self) -> Arc<[u32]> {
        let own = self.given.fetch_add(1, Relaxed) + 1;
        match &self.path {
            None => Arc::new([own]),
            Some(path) => path.iter().copied().chain([own]).collect(),
        }
    }

    /// The next thread's number.
    pub(crate) fn next_thread(&self) -> u32 {
        self.threads.fetch_add(1, Relaxed) + 1
    }

    /// How many threads that were started here have not ended.
    pub(super) fn running_threads(&self) -> usize {
        self.running.load(Relaxed) as usize
    }

    /// Makes it again what the main process of an exploration is at first; false if it is
    /// that of another process, or somebody registered what has yet to be dropped.
    pub(super) fn renew(&mut self) -> bool {
        let uncalled = self.callbacks.get_mut().is_ok_and(|all| matches!(all, Callbacks::None));
        let alone = self.kept.get_mut().is_ok_and(|kept| kept.is_empty());
        if self.parent.is_some() || !uncalled || !alone {
            return false;
        }
        for count in [&mut self.given, &mut self.threads, &mut self.running] {
            *count.get_mut() = 0;
        }
        true
    }

    /// Has `callback` called at the end of the process's code; false if that has come.
    pub(super) fn at_exit(&self, callback: Box<dyn FnOnce() + Send>) -> bool {
        let mut callbacks = self.callbacks();
        match &mut *callbacks {
            Callbacks::None => *callbacks = Callbacks::Registered(vec![callback]),
            Callbacks::Registered(all) => all.push(callback),
            Callbacks::Ended => return false,
        }
        true
    }

    #[inline]
    fn callbacks(&self) -> MutexGuard<'_, Callbacks> {
        // Nothing panics under this lock.
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last registered is called first, once, while others can still be registered.
    #[inline]
    fn call_back(&self) {
        loop {
            let mut callbacks = self.callbacks();
            let last = if let Callbacks::Registered(all) = &mut *callbacks { all.pop() } else { None };
            let Some(callback) = last else {
                *callbacks = Callbacks::Ended;
                return;
            };
            drop(callbacks);
            callback();
        }
    }

    #[inline]
    fn kept(&self) -> MutexGuard<'_, Vec<Arc<dyn Kept>>> {
        // Nothing panics under this lock.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps something until it is [let go](Self::forget).
    pub(crate) fn keep(&self, what: Arc<dyn Kept>) {
        self.kept().push(what);
    }

    /// Keeps no longer what `leaves` tells.
    pub(crate) fn forget<T: Kept>(&self, leaves: impl Fn(&Arc<T>) -> bool) {
        let mut gone = Vec::new();
        self.kept().retain(|kept| {
            let leaves = downcast::<T>(kept).is_some_and(|kept| leaves(&kept));
            if leaves {
                gone.push(Arc::clone(kept));
            }
            !leaves
        });
        // Dropped only now, when the lock is free again.
        drop(gone);
    }

    /// Everything of one type that is kept.
    pub(crate) fn all<T: Kept>(&self) -> Vec<Arc<T>> {
        self.kept().iter().filter_map(downcast::<T>).collect()
    }

    /// The code of the process has ended: what ends with it is ended, and the rest
    /// waited for, unless the code ended by a panic.
    #[inline]
    pub(super) fn leave(&self, panicked: bool) {
        if !panicked {
            self.call_back();
        }
        loop {
            let kept = self.kept().clone();
            for one in &kept {
                one.stop();
            }
            if panicked {
                return;
            }
            for one in &kept {
                one.finish();
            }
            // Who was waited for may have started others.
            let mut now = self.kept();
            now.retain(|one| !kept.iter().any(|done| Arc::ptr_eq(one, done)));
            if now.is_empty() {
                return;
            }
        }
    }
}

fn downcast<T: Kept>(kept: &Arc<dyn Kept>) -> Option<Arc<T>> {
    let any: Arc<dyn Any + Send + Sync> = Arc::clone(kept) as Arc<dyn Any + Send + Sync>;
    any.downcast().ok()
}

/// The default name of a child with these numbers.
pub(super) fn name(path: &[u32]) -> String {
    let mut name = String::with_capacity(16);
    for (place, number) in path.iter().enumerate() {
        name.push_str(if place == 0 { "Process-" } else { ":" });
        push_number(&mut name, *number);
    }
    name
}

/// As `write!` does it. That would run through pages of code that a child of many processes
/// in a short time must first map, each time.
fn push_number(text: &mut String, number: u32) {
    if number > 9 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

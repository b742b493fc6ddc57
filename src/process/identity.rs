//! Who a process is: its name, its secret, its parent, its children.
//!
//! Asked by everything in this folder, and by threads for the process they belong to.
//!
//! | where the process lives | its identity |
//! |---|---|
//! | in a process of the operating system | the last link of a chain of ancestors, the first of which is the main process |
//! | in an exploration | in a table of the exploring thread, by its logical number |
//!
//! 1. An identity belongs to one process number. Who finds none with its own number
//!    makes one: the main process, or a child that was forked by other means and has the
//!    name of the parent it was copied from.
//! 2. No lock is held by one thread while another can fork: a forked child adds a link
//!    of its own and never takes a lock of its parent's.
//! 3. Names count from 1 in each parent: `Process-1`; its children are `Process-1:1` and
//!    so on, whatever names they were given.
//!
//! What a child of many processes in a short time runs through is marked `inline`: then it
//! lies beside the code that calls it, on fewer pages, each of which a child must map first.
//!
//! Orderings: relaxed. A name says nothing about other memory.
//!
//! When a process dies, its identity dies with it; its parent keeps its record.

use super::authkey::AuthKey;
use crate::platform::Tasks;
use crate::sys::set_once::SetOnce;
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

#[derive(Default)]
struct Callbacks(Vec<Box<dyn FnOnce() + Send>>);

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} callbacks", self.0.len())
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
const MAIN: &str = "MainProcess";

/// What a process knows about itself.
#[derive(Debug)]
pub(crate) struct Identity {
    /// 0 until the process exists.
    pid: AtomicU32,
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
    running: AtomicU32,
    /// What its code wants done at its end; none once that has come.
    callbacks: Mutex<Option<Callbacks>>,
    /// What it must not leave behind: its children, its threads.
    kept: Mutex<Vec<Arc<dyn Kept>>>,
    /// The next link of the chain, unless this is the first: a child of this process, in memory
    /// that only it has.
    next: SetOnce<Link>,
}

/// A link of the chain. The parent makes the box of its child's before it forks: a child that
/// takes memory itself must write to more of it.
#[derive(Debug)]
pub(super) struct Link(Arc<Identity>);

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
            callbacks: Mutex::new(Some(Callbacks::default())),
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
    fn renew(&mut self) -> bool {
        let uncalled =
            self.callbacks.get_mut().is_ok_and(|all| all.as_ref().is_some_and(|all| all.0.is_empty()));
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
        let mut callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        callbacks.as_mut().map(|callbacks| callbacks.0.push(callback)).is_some()
    }

    /// The last registered is called first, once, while others can still be registered.
    #[inline]
    fn call_back(&self) {
        loop {
            let mut callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(callback) = callbacks.as_mut().and_then(|callbacks| callbacks.0.pop()) else {
                *callbacks = None;
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

/// A thread that has not ended.
pub(crate) struct RunningThread(Passport);

impl RunningThread {
    /// In the thread, as it begins: it belongs to the process of the one that started it.
    pub(crate) fn belong(&self) {
        self.0.belong();
    }
}

impl Drop for RunningThread {
    fn drop(&mut self) {
        self.0.identity.running.fetch_sub(1, Relaxed);
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

/// The first in the chain of ancestors of this process.
static FIRST: OnceLock<Arc<Identity>> = OnceLock::new();
/// The link behind it. Not in the first one's memory, because most children write to no other
/// part of that, but to the page that this lies in, with the lock of standard output.
static SECOND: SetOnce<Link> = SetOnce::new();

thread_local! {
    /// The processes of an exploration, where this thread belongs to one.
    static FAMILY: RefCell<Option<Vec<Arc<Identity>>>> = const { RefCell::new(None) };
}

/// Forgets all processes that the calling thread has met and begins anew, apart from
/// those of other threads: for a harness that runs a program many times in one process
/// and wants the same names each time.
#[doc(hidden)]
pub fn restart_numbering() {
    let before = FAMILY.with_borrow_mut(|family| {
        let family = family.get_or_insert_default();
        // The first is usually the main process, and the same again: a program without
        // other processes costs no allocation.
        let stays = family.first_mut().and_then(Arc::get_mut).is_some_and(Identity::renew);
        family.split_off(usize::from(stays))
    });
    // Dropped outside the borrow: what was kept may ask who it belongs to.
    drop(before);
}

/// Who the calling process is.
pub(crate) fn current<P: Tasks>() -> Arc<Identity> {
    let pid = P::process_id();
    in_family(pid).unwrap_or_else(|| in_chain(pid))
}

/// A thread of the calling process is about to start; it has ended when what this returns
/// is dropped. None where the platform keeps account of its threads itself.
pub(crate) fn thread<P: Tasks>() -> Option<RunningThread> {
    if P::knows_threads() {
        return None;
    }
    let passport = passport::<P>();
    passport.identity.running.fetch_add(1, Relaxed);
    Some(RunningThread(passport))
}

/// What a new thread needs to belong to the process of the one that starts it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Passport {
    identity: Arc<Identity>,
    explored: bool,
}

/// The passport for a thread that the calling one is about to start: for a platform that
/// keeps account of its threads itself, and starts real ones.
#[doc(hidden)]
#[must_use]
pub fn passport<P: Tasks>() -> Passport {
    let pid = P::process_id();
    match in_family(pid) {
        Some(identity) => Passport { identity, explored: true },
        None => Passport { identity: in_chain(pid), explored: false },
    }
}

impl Passport {
    /// In the thread, as it begins, or begins anew.
    pub fn belong(&self) {
        if !self.explored {
            return;
        }
        let before = FAMILY.with_borrow_mut(|family| {
            let family = family.get_or_insert_default();
            let own = Arc::clone(&self.identity);
            match family.iter_mut().find(|known| known.pid() == own.pid()) {
                Some(known) => Some(std::mem::replace(known, own)),
                None => {
                    family.push(own);
                    None
                }
            }
        });
        // Dropped outside the borrow: what was kept may ask who it belongs to.
        drop(before);
    }
}

/// Who this process of the calling thread's exploration is, if there is one. A thread that
/// is about to end has no table any more, and needs none.
#[inline]
fn in_family(pid: u32) -> Option<Arc<Identity>> {
    let known = |family: &RefCell<Option<Vec<Arc<Identity>>>>| {
        let mut family = family.borrow_mut();
        let family = family.as_mut()?;
        if let Some(known) = family.iter().find(|known| known.pid() == pid) {
            return Some(Arc::clone(known));
        }
        let new = Arc::new(Identity::new(pid, MAIN.into(), AuthKey::of_exploration()));
        family.push(Arc::clone(&new));
        Some(new)
    };
    FAMILY.try_with(known).ok().flatten()
}

/// The calling process of the operating system, explored or not.
pub(super) fn of_program() -> Arc<Identity> {
    in_chain(std::process::id())
}

/// The last link is that of the running process, unless it was forked by other means.
fn in_chain(pid: u32) -> Arc<Identity> {
    let main = || Arc::new(Identity::new(pid, MAIN.into(), AuthKey::of_program()));
    let (known, next) = last(FIRST.get_or_init(main));
    if known.pid() == pid {
        return Arc::clone(known);
    }
    let copy = Identity::new(pid, Arc::clone(&known.name), known.authkey.clone());
    let parent = (known.pid(), Arc::clone(&known.name));
    let copy = copy.descended(parent, known.path.clone(), false);
    Arc::clone(&next.set(Box::new(Link(Arc::new(copy)))).0.0)
}

/// The last link of the chain, and the place for the next one. Inline, since every child comes
/// here as it begins and would have to map a place of its own.
#[inline]
fn last(first: &'static Arc<Identity>) -> (&'static Arc<Identity>, &'static SetOnce<Link>) {
    let (mut link, mut next) = (first, &SECOND);
    while let Some(Link(known)) = next.get() {
        (link, next) = (known, &known.next);
    }
    (link, next)
}

/// In a child that has just begun: from now on the process is this one. It was made by the
/// parent, so that next to nothing is written here: each first write to a page costs a child
/// more than all the rest of this.
pub(super) fn enter<P: Tasks>(identity: Box<Link>) {
    identity.pid.store(P::process_id(), Relaxed);
    let left = FAMILY.with_borrow_mut(|family| match family.as_mut() {
        Some(family) => {
            family.push(identity.0);
            None
        }
        None => Some(identity),
    });
    let Some(identity) = left else { return };
    // The parent made sure of a first link before it forked, and nobody else is here yet.
    let (_, next) = last(FIRST.get().expect("a parent knows who it is"));
    let (_, refused) = next.set(identity);
    debug_assert!(refused.is_none(), "a child is the last of the chain");
}

/// In a process that is no copy of its parent, or of a server: from now on it is this one.
pub(super) fn become_child(identity: Identity) {
    let own = Arc::new(identity);
    let first = FIRST.get_or_init(|| Arc::clone(&own));
    if !Arc::ptr_eq(first, &own) {
        drop(last(first).1.set(Box::new(Link(own))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;

    #[test]
    fn a_thread_that_restarts_counts_from_one() {
        let next = || name(&current::<Native>().next_path());
        restart_numbering();
        assert_eq!((next(), next()), ("Process-1".to_owned(), "Process-2".to_owned()));
        restart_numbering();
        assert_eq!(next(), "Process-1");
    }
}

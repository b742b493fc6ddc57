//! Which of the processes that this program knows is the calling one.
//!
//! Asked by everything in this folder, and by threads for the process they belong to.
//!
//! | where the process lives | where its [`Identity`] stands |
//! |---|---|
//! | in a process of the operating system | the last link of a chain of ancestors, the first of which is the main process |
//! | in an exploration | in a table of the exploring thread, by its logical number |
//!
//! 1. An identity belongs to one process number. Who finds none with its own number
//!    makes one: the main process, or a child that was forked by other means and has the
//!    name of the parent it was copied from.
//! 2. No lock is held by one thread while another can fork: a forked child adds a link
//!    of its own and never takes a lock of its parent's.
//!
//! What a child of many processes in a short time runs through is marked `inline`: then it
//! lies beside the code that calls it, on fewer pages, each of which a child must map first.
//!
//! When a process dies, its chain and its table die with it.

use super::authkey::AuthKey;
use super::identity::{Identity, Link, MAIN};
use crate::platform::Tasks;
use crate::sys::set_once::SetOnce;
use std::cell::RefCell;
use std::mem;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};

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
#[inline]
fn in_chain(pid: u32) -> Arc<Identity> {
    let known = FIRST.get().map(|first| last(first).0);
    known.filter(|known| known.pid() == pid).map_or_else(|| add_to_chain(pid), Arc::clone)
}

#[cold]
fn add_to_chain(pid: u32) -> Arc<Identity> {
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
    let explored = FAMILY.with_borrow_mut(|family| {
        family.as_mut().map(|family| family.push(Arc::clone(&identity.0))).is_some()
    });
    if explored {
        if P::has_own_memory() {
            mem::forget(identity);
        }
        return;
    }
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
    use super::super::identity::name;
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

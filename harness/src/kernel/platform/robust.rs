//! Robust locks under a scheduler: a list of what each task holds, and what the Linux
//! kernel does with such a list when the task dies.
//!
//! Called by robust locks through the `Checked` platform, and by `life` whenever a task
//! ends, in whatever way. The list lies in the task's slot and has the form of glibc's
//! (see `selvedge::sys::robust`), but goes through the first link of a lock: the second
//! belongs to the operating system, which has a list of its own in `real`.
//!
//! | who died | who lets go of its locks |
//! |---|---|
//! | a task in `sim` | this file, as the Linux kernel would |
//! | a process in `real`, killed from outside | the Linux kernel; this file wakes who sleeps |
//! | a process in `real`, by a decision of its own | this file, before the process is gone |
//! | a task in `real` whose process or thread goes on | this file |
//!
//! 1. A list is empty when its task begins: whatever a task of the execution before left
//!    behind (a forgotten guard) lies in memory that was handed out anew.
//! 2. Only locks that every task sees at the same address stand in it. Those in the
//!    private memory of a process die with whoever could wait for them.
//!
//! Sources: `handle_futex_death` and `exit_robust_list` of the Linux kernel.

use super::words::{CheckedU32, exchange};
use crate::kernel::Checked;
use crate::kernel::causality::order::Access;
use crate::kernel::data::current;
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::schedule::event::{EVERYTHING, Event};
use selvedge::platform::{Atomic, Kind, Native, Observe, Owner, Robust};
use selvedge::sys::robust::{Entry, Links, List, Me, OWNER, OWNER_DIED, WAITERS};
use std::sync::atomic::{AtomicU32, Ordering};

/// From a lock's first link to its word.
pub(in crate::kernel) const TO_WORD: isize = -16;

/// The word of a robust lock. A trace shows its marks and whether somebody has the lock.
#[derive(Debug)]
#[repr(transparent)]
pub struct OwnerWord(CheckedU32);

// SAFETY: a word that means the same to every process.
unsafe impl selvedge::Shareable for OwnerWord {}

/// What was read from such a word.
struct Seen(u32);

impl Observe for Seen {
    fn observed(&self) -> u64 {
        u64::from(self.0 & !OWNER | u32::from(self.0 & OWNER != 0))
    }
}

/// The calling task as the owner of robust locks.
#[derive(Clone, Copy, Debug)]
pub struct CheckedOwner {
    id: u32,
    /// Null outside an exploration.
    kernel: *mut Kernel,
    /// Where the operating system is to know too: everywhere but in fibers.
    native: Option<Me>,
}

impl CheckedOwner {
    fn list(&self) -> Option<&List> {
        // SAFETY: a current kernel is alive, and the caller has the turn.
        (!self.kernel.is_null()).then(|| unsafe { &(*self.kernel).running().robust })
    }

    /// The list, if the lock with these links belongs into it (invariant 2).
    fn list_of(&self, links: &Links) -> Option<&List> {
        let address = std::ptr::from_ref(links) as usize;
        // SAFETY: as above.
        self.list().filter(|_| unsafe { (*self.kernel).is_common(address) })
    }
}

impl Owner for CheckedOwner {
    fn id(self) -> u32 {
        self.id
    }

    fn place(self) -> usize {
        // SAFETY: as in `list`.
        if self.kernel.is_null() { 0 } else { unsafe { (*self.kernel).current as usize } }
    }

    fn begin(self, links: &Links) {
        if let Some(list) = self.list() {
            list.begin(&links.observed);
        }
        if let Some(me) = self.native {
            me.begin(links);
        }
    }

    fn link(self, links: &Links) {
        if let Some(list) = self.list_of(links) {
            // SAFETY: the list of the running task; a held lock stays where it is.
            unsafe { list.insert(&links.observed) };
        }
        if let Some(me) = self.native {
            me.link(links);
        }
    }

    fn unlink(self, links: &Links) {
        if self.list_of(links).is_some() {
            // SAFETY: as in `link`.
            unsafe { List::remove(&links.observed) };
        }
        if let Some(me) = self.native {
            me.unlink(links);
        }
    }

    fn end(self) {
        if let Some(list) = self.list() {
            list.end();
        }
        if let Some(me) = self.native {
            me.end();
        }
    }
}

impl Robust for Checked {
    type Word = OwnerWord;
    type Owner = CheckedOwner;

    fn futex(word: &OwnerWord) -> &CheckedU32 {
        &word.0
    }

    fn owner(word: &OwnerWord) -> u32 {
        word.0.native().load(Ordering::Relaxed) & OWNER
    }

    fn me() -> CheckedOwner {
        let kernel = current::get();
        if kernel.is_null() {
            let native = Native::me();
            return CheckedOwner { id: native.id(), kernel, native: Some(native) };
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let this = unsafe { &mut *kernel };
        let native = (this.mode == Mode::Real).then(Native::me);
        let id = native.map_or(this.current + 1, Me::id);
        this.running().robust_id = id;
        CheckedOwner { id, kernel, native }
    }

    /// Steps of all tasks stand in one order here. Outside an exploration that is the
    /// hardware's matter, as for `Native`.
    fn fence() {
        Native::fence();
    }

    fn store_before_look(word: &OwnerWord, value: u32) {
        word.store(value, Ordering::Release);
        if current::get().is_null() {
            std::sync::atomic::fence(Ordering::SeqCst);
        }
    }

    fn catch_up() -> bool {
        std::sync::atomic::fence(Ordering::SeqCst);
        true
    }
}

impl Atomic<u32> for OwnerWord {
    fn new(value: u32) -> Self {
        OwnerWord(<CheckedU32 as Atomic<u32>>::new(value))
    }
    fn load(&self, order: Ordering) -> u32 {
        self.0.reads("load", order, |word| Seen(word.load(order))).0
    }
    fn store(&self, value: u32, order: Ordering) {
        self.0.changes(
            Kind::Write,
            "store",
            |_| Access::Store(order),
            |word| {
                word.store(value, order);
                Seen(value)
            },
        );
    }
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.changes("swap", order, |word| word.swap(value, order))
    }
    fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        let access = |word: &AtomicU32| match word.compare_exchange(current, new, success, failure) {
            Ok(before) => Ok(Seen(before)),
            Err(found) => Err(Seen(found)),
        };
        let effect = |result: &Result<Seen, Seen>| exchange(result.is_ok(), success, failure);
        let result = self.0.changes(Kind::ReadWrite, "compare_exchange", effect, access);
        result.map(|seen| seen.0).map_err(|seen| seen.0)
    }
    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.changes("fetch_add", order, |word| word.fetch_add(value, order))
    }
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.changes("fetch_sub", order, |word| word.fetch_sub(value, order))
    }
    fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.changes("fetch_or", order, |word| word.fetch_or(value, order))
    }
    fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.changes("fetch_and", order, |word| word.fetch_and(value, order))
    }
}

impl OwnerWord {
    fn changes(&self, name: &'static str, order: Ordering, access: impl FnOnce(&AtomicU32) -> u32) -> u32 {
        self.0.changes(Kind::ReadWrite, name, |_| Access::Change(order), |word| Seen(access(word))).0
    }
}

/// Empties the operating system's list of this thread's locks, if it ever had any.
#[inline]
fn forget_all() {
    if let Some(me) = selvedge::sys::robust::known() {
        me.list().clear();
    }
}

impl Kernel {
    #[allow(clippy::mut_from_ref, reason = "as for `task`")]
    fn running(&self) -> &mut crate::kernel::data::task::Task {
        self.task(self.current as usize)
    }

    /// Whether every task sees the lock at this address at the same place: only then may
    /// somebody else follow it.
    fn is_common(&self, address: usize) -> bool {
        self.mode == Mode::Sim || (self.parts.start..self.parts.end).contains(&address)
    }

    /// Task `index` is about to begin, on this thread: nothing is left of the one before.
    #[inline]
    pub(in crate::kernel) fn begin_robust(&mut self, index: usize) {
        debug_assert!(self.task(index).robust.is_empty(), "as `create` left it");
        if self.mode == Mode::Real {
            forget_all();
        }
    }

    /// Task `index` has ended: its robust locks are let go, and one sleeper of each is woken.
    #[inline]
    pub(in crate::kernel) fn release_robust(&mut self, index: usize) {
        let native = || self.mode == Mode::Real && selvedge::sys::robust::known().is_some();
        if !self.task(index).robust.is_empty() || native() {
            self.release_each_robust(index);
        }
    }

    #[inline(never)]
    fn release_each_robust(&mut self, index: usize) {
        let list: *const List = &raw const self.task(index).robust;
        // SAFETY: a slot stays where it is, and letting a lock go changes no list. What
        // stands in the list is seen by everybody (`is_common`) and was not given back.
        unsafe { (*list).each(|entry| self.let_go(index, entry)) };
        self.task(index).robust.clear();
        // The decider may be anybody, and before the first step it is not `current`: its own
        // locks stay with it.
        let dead = self.task(index).robust_id;
        if self.mode == Mode::Real && selvedge::sys::robust::known().is_some_and(|me| me.id() == dead) {
            forget_all();
        }
    }

    /// What the Linux kernel does with one lock of a dead task.
    fn let_go(&mut self, index: usize, entry: Entry) {
        if !self.is_common(entry.word) {
            return;
        }
        if self.keeps_order() {
            self.order_heritage(index, entry.word);
        }
        // SAFETY: the word of a lock that the task held or was about to take or give back.
        let word = unsafe { &*(entry.word as *const AtomicU32) };
        let seen = word.load(Ordering::Relaxed);
        self.note_freed(index, entry.word, seen);
        let id = self.task(index).robust_id;
        let wakes = match seen & OWNER {
            // Nobody's: either the task died between giving back and waking, or between
            // being woken and taking; or the operating system was here before.
            0 => entry.pending || seen & (OWNER_DIED | WAITERS) == OWNER_DIED | WAITERS,
            owner if owner == id && self.lets_go_itself(index) => {
                word.store(seen & WAITERS | OWNER_DIED, Ordering::Relaxed);
                seen & WAITERS != 0
            }
            _ => false,
        };
        if wakes {
            self.wake(entry.word, 1);
        }
        self.touch(entry.word);
    }

    /// The running step lets go of a lock that task `index` had. If that task took it by an
    /// operation on it, this is as good as another one; else it is part of something larger, and
    /// the step commutes with nothing.
    fn note_freed(&mut self, index: usize, lock: usize, before: u32) {
        let takes = |event: &Event| event.choice.task() == index && event.objects().contains(&lock);
        let alone = self.events().iter().any(takes) && self.peek(lock).is_some();
        self.note_tail(|tail| if alone { tail.free(lock, before) } else { tail.ends = EVERYTHING });
    }

    /// Whether nobody else lets go of the locks of this task: the operating system does it
    /// for a process that was killed from another one.
    fn lets_go_itself(&self, index: usize) -> bool {
        let process = self.task(index).process as usize;
        self.mode == Mode::Sim || self.task(process).pid() == std::process::id()
    }
}

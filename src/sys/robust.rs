//! The robust list: what a thread tells the kernel about the locks it holds, so that the
//! kernel can let go of them when the thread dies.
//!
//! Called by [`Native`](crate::platform::Native) for every robust lock; the harness keeps
//! lists of the same form for its own tasks, and walks them as the kernel does.
//!
//! A lock begins with its futex word, and its [`Links`] stand at fixed places behind it:
//!
//! ```text
//!  byte   0      4       8              24             40
//!         word | lost | observed link | kernel link  |
//!                       (the harness)   its `next` at 32: word + 32, as in pthread_mutex_t
//! ```
//!
//! | what a holder does | `list_op_pending` | the list |
//! |---|---|---|
//! | is about to take or to give back a lock | names it | unchanged |
//! | took it, gave it back | names it still | with it, without it |
//! | is done | empty | |
//!
//! 1. A thread has one list, and glibc owns its head: this file asks for the head that
//!    glibc registered (`get_robust_list`) and never registers another one. Robust
//!    pthread mutexes and these locks lie in the same list, linked in the same way.
//! 2. Only the owner of a list changes it. Others never look at it, except the kernel
//!    once the owner is dead.
//! 3. At every instruction between [`List::begin`] and [`List::end`], the kernel finds the
//!    lock by the pending entry, whether or not it stands in the list.
//! 4. A forked child begins with an empty list and a number of its own: what it
//!    remembered of its parent's is forgotten as it is forked.
//!
//! A dying thread's stores are seen by the kernel in program order, because it looks on
//! behalf of that same thread; so fences for the compiler are all that is needed.
//!
//! What the kernel does when a thread dies, however it dies (also when it calls `execve`):
//! for each entry whose word carries the thread's number, it sets [`OWNER_DIED`], keeps
//! [`WAITERS`], removes the number, and wakes one sleeper if `WAITERS` was set. For the
//! pending entry it also wakes one if the word carries nobody's number: the thread may have
//! died between giving the lock back and waking, or between being woken and taking it. It
//! visits 2,048 entries at most: of more locks held by one thread, the oldest stay taken until
//! somebody waits for them: see [`RawRobustMutex`](crate::raw::RawRobustMutex).
//!
//! The numbers are those of the holder's pid namespace: processes of different namespaces
//! must not share a robust lock.
//!
//! Sources: get_robust_list(2), the kernel's documentation "A description of what robust
//! futexes are" and "The robust futex ABI".

use nix::errno::Errno;
use nix::libc;
use std::cell::Cell;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicUsize, compiler_fence};

/// Somebody may sleep on the word.
pub const WAITERS: u32 = 0x8000_0000;
/// The kernel, or a holder that gave up, let go of the lock for a holder that did not end well.
pub const OWNER_DIED: u32 = 0x4000_0000;
/// The number of the holder; 0 if nobody has the lock.
pub const OWNER: u32 = 0x3FFF_FFFF;
/// How many locks of one dead thread the kernel lets go.
pub const LIMIT: usize = 2048;

/// From a link's address to its lock's word, as glibc registered it for its own mutexes.
const GLIBC_OFFSET: isize = -32;

/// A place in a doubly linked list of locks. Its address, in lists, is that of `next`.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Link {
    prev: AtomicUsize,
    next: AtomicUsize,
}

/// What a robust lock keeps behind its word and one more: see the module's drawing.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Links {
    /// For whoever watches tasks from outside; `Native` leaves it alone.
    pub observed: Link,
    /// For the operating system.
    pub kernel: Link,
}

/// The head of a list, as it stands inside glibc's thread: the neighbour before it, then
/// the kernel's `struct robust_list_head`.
#[derive(Debug)]
#[repr(C)]
pub struct List {
    head: Link,
    offset: Cell<isize>,
    pending: AtomicUsize,
}

impl Link {
    fn address(&self) -> usize {
        ptr::from_ref(&self.next) as usize
    }
}

/// The link whose `next` lies at `address`.
///
/// # Safety
/// It lies there, and stays while the reference is used.
unsafe fn link_at<'a>(address: usize) -> &'a Link {
    let link = address - std::mem::offset_of!(Link, next);
    // SAFETY: the caller's promise; a link is made of atomics, which may be shared.
    unsafe { &*ptr::with_exposed_provenance::<Link>(link) }
}

impl List {
    /// A head that is in no use yet. From a link of its list, the word lies `offset` away.
    #[must_use]
    pub const fn new(offset: isize) -> List {
        let head = Link { prev: AtomicUsize::new(0), next: AtomicUsize::new(0) };
        List { head, offset: Cell::new(offset), pending: AtomicUsize::new(0) }
    }

    /// Whether no lock stands in the list, and none is named.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pending.load(Relaxed) == 0 && self.head.next.load(Relaxed) == self.head.address()
    }

    /// Empties the list, forgetting what stood in it.
    #[inline]
    pub fn clear(&self) {
        self.pending.store(0, Relaxed);
        self.head.prev.store(self.head.address(), Relaxed);
        self.head.next.store(self.head.address(), Relaxed);
    }

    /// Names the lock that is about to be taken or given back.
    #[inline(always)]
    pub fn begin(&self, link: &Link) {
        self.pending.store(link.address(), Relaxed);
        compiler_fence(SeqCst);
    }

    /// No lock is about to be taken or given back any more.
    #[inline(always)]
    pub fn end(&self) {
        compiler_fence(SeqCst);
        self.pending.store(0, Relaxed);
    }

    /// Puts a lock that was just taken at the head of the list.
    ///
    /// # Safety
    /// The caller owns the list, and `link` and those in the list stay where they are as
    /// long as they are in it.
    #[inline(always)]
    pub unsafe fn insert(&self, link: &Link) {
        let first = self.head.next.load(Relaxed);
        link.next.store(first, Relaxed);
        link.prev.store(self.head.address(), Relaxed);
        // SAFETY: the caller's promise. The lowest bit marks glibc's mutexes with
        // priority inheritance.
        unsafe { link_at(first & !1) }.prev.store(link.address(), Relaxed);
        compiler_fence(SeqCst);
        self.head.next.store(link.address(), Relaxed);
        compiler_fence(SeqCst);
    }

    /// Takes a lock out of the list that it was put into.
    ///
    /// # Safety
    /// As for [`insert`](Self::insert).
    #[inline(always)]
    pub unsafe fn remove(link: &Link) {
        let (prev, next) = (link.prev.load(Relaxed), link.next.load(Relaxed));
        // SAFETY: the caller's promise; the neighbours are links of the list or its head.
        unsafe {
            link_at(next & !1).prev.store(prev, Relaxed);
            link_at(prev & !1).next.store(next, Relaxed);
        }
        compiler_fence(SeqCst);
    }

    /// The words of the locks in the list, newest first, and that of the pending one
    /// where there is one, which may also be in the list. The list may change as `visit`
    /// is called, except for the lock that comes next.
    ///
    /// # Safety
    /// Everything in the list is still there.
    pub unsafe fn each(&self, mut visit: impl FnMut(Entry)) {
        let word = |link: usize| (link & !1).wrapping_add_signed(self.offset.get());
        let pending = self.pending.load(Relaxed);
        let mut entry = self.head.next.load(Relaxed);
        for _ in 0..LIMIT {
            if entry == self.head.address() || entry == 0 {
                break;
            }
            // SAFETY: the caller's promise.
            let next = unsafe { link_at(entry & !1) }.next.load(Relaxed);
            if entry != pending {
                visit(Entry { word: word(entry), pending: false });
            }
            entry = next;
        }
        if pending != 0 {
            visit(Entry { word: word(pending), pending: true });
        }
    }
}

/// A lock that a walk over a list comes to.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The address of its word.
    pub word: usize,
    /// It is the pending one.
    pub pending: bool,
}

/// The calling thread as the kernel's robust list knows it.
#[derive(Clone, Copy, Debug)]
pub struct Me {
    id: u32,
    list: *const List,
}

thread_local! {
    static ME: Cell<Me> = const { Cell::new(Me { id: 0, list: ptr::null() }) };
}

/// The calling thread.
///
/// # Panics
/// Where the C library is not glibc, or keeps its list in another form: nothing else could
/// be told about a lock then, and a lock that only looks robust is worse than none.
#[inline(always)]
#[must_use]
pub fn me() -> Me {
    let me = ME.get();
    if me.id == 0 { introduce() } else { me }
}

/// The calling thread, if it has asked for [`me`] before and is no forked child since.
/// Any other has no lock in its list.
#[inline]
#[must_use]
pub fn known() -> Option<Me> {
    let me = ME.get();
    (me.id != 0).then_some(me)
}

#[cold]
fn introduce() -> Me {
    static FORK: Once = Once::new();
    FORK.call_once(|| {
        // SAFETY: the handler only writes to a thread-local without a destructor.
        let refused = unsafe { libc::pthread_atfork(None, None, Some(forget)) };
        assert!(refused == 0, "no fork handler for robust locks: {}", Errno::from_raw(refused));
    });
    let mut head: *mut libc::c_void = ptr::null_mut();
    let mut size: libc::size_t = 0;
    // SAFETY: 0 stands for the calling thread; both places are valid for writes.
    let result = unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut size) };
    let known = Errno::result(result).is_ok() && !head.is_null();
    // Before the kernel's structure lies glibc's link backwards, which makes it a `List`.
    let list = head.cast::<u8>().wrapping_sub(std::mem::offset_of!(Link, next)).cast::<List>();
    // SAFETY: glibc registered the structure, which lives as long as the thread; the offset
    // was set when the thread began.
    let offset = if known { unsafe { (*list).offset.get() } } else { 0 };
    assert!(
        offset == GLIBC_OFFSET,
        "robust locks need glibc's robust list, whose words lie {GLIBC_OFFSET} from their links, but here it is {offset}"
    );
    // SAFETY: gettid(2) has no requirements.
    let id = unsafe { libc::gettid() }.cast_unsigned();
    let me = Me { id, list };
    ME.set(me);
    me
}

/// In a forked child: who the parent's thread was, and what its process had registered.
extern "C" fn forget() {
    ME.set(Me { id: 0, list: ptr::null() });
    super::membarrier::forget();
}

impl Me {
    /// The number of the calling thread, as it stands in the words of its locks.
    #[inline(always)]
    #[must_use]
    pub fn id(self) -> u32 {
        self.id
    }

    /// The list of the calling thread.
    #[inline(always)]
    #[must_use]
    pub fn list(&self) -> &List {
        // SAFETY: glibc's head lives as long as the thread, and `Me` is not `Send`.
        unsafe { &*self.list }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &List) -> Vec<(usize, bool)> {
        let mut all = Vec::new();
        // SAFETY: the tests keep what they put in.
        unsafe { list.each(|entry| all.push((entry.word, entry.pending))) };
        all
    }

    #[test]
    fn a_list_keeps_what_was_put_in_and_names_what_is_pending() {
        let list = List::new(-8);
        list.clear();
        let locks: [Link; 3] = Default::default();
        let word = |index: usize| locks[index].address() - 8;
        // SAFETY: the links outlive the list's use.
        unsafe {
            locks.iter().for_each(|link| list.insert(link));
            assert_eq!(words(&list), [(word(2), false), (word(1), false), (word(0), false)]);
            List::remove(&locks[1]);
            list.begin(&locks[2]);
            assert_eq!(words(&list), [(word(0), false), (word(2), true)]);
            list.end();
            List::remove(&locks[2]);
            List::remove(&locks[0]);
        }
        assert_eq!(words(&list), []);
    }

    #[test]
    fn a_forked_child_is_somebody_else() {
        let parent = me();
        assert_eq!(parent.id(), me().id());
        let child = super::super::process::fork(move || i32::from(me().id() == parent.id())).unwrap();
        assert!(child.wait(None).unwrap().unwrap().success(), "the child kept its parent's number");
        assert_ne!(std::thread::spawn(|| me().id()).join().unwrap(), parent.id());
    }
}

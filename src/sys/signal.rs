//! Signals of real processes, with handlers that are ordinary closures.
//!
//! Called by [`Native`](crate::platform::Native). Hardly anything may be done while a
//! signal interrupts a thread at any instruction; see signal-safety(7). So what runs there
//! only sets a bit, and the closure runs at the next *safe point* of the thread that set
//! it: where that thread sleeps in a call of this crate, or asks for it.
//!
//! ```text
//!  signal ──> any thread: not the owner's? send it on ──> owner: set the bit
//!                                                             │
//!  owner's safe point: take the bit, run the closure <────────┘
//! ```
//!
//! | safe point | how the signal ends the wait |
//! |---|---|
//! | a lock, semaphore, event, any sleep on a word | EINTR |
//! | a call on a stream | EINTR of poll(2); the call itself is made when it will not block |
//! | sleeping, waiting for a process | EINTR |
//! | `await_handler`, `raise`, unblocking, `handle_pending` | at once |
//!
//! 1. Only the thread that set a handler has its closure and its bit.
//! 2. A signal that comes between a safe point's look at the bit and its sleep does not end
//!    that sleep. So a thread that has handlers sleeps for at most a nap of 20 ms before it looks
//!    again; any other thread sleeps as ever.
//! 3. While a handler runs no other runs in its thread.
//! 4. Whoever gives back what was done before gives back its owner with it.
//!
//! Orderings: the bits belong to one thread, and a signal handler runs on it: relaxed.
//!
//! When a process dies here, all this goes with it. A forked child keeps the handlers of the
//! thread that forked, except those that borrow: see [`scoped`](super::scoped).

use super::process::Signal;
use super::{clock, futex};
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, sigaction};
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};

/// Code that handles a signal.
pub type Handler = Rc<dyn Fn(Signal)>;

/// What a process does about a signal.
#[derive(Clone)]
pub enum Action {
    /// What the operating system does by default; see signal(7).
    Default,
    /// Nothing.
    Ignore,
    /// Runs a handler.
    Handle(Handler),
    /// Something that was not set by this thread: a handler of foreign code, or of another
    /// thread.
    Foreign(Foreign),
}

/// What somebody else does about a signal; to be given back as it was.
#[derive(Clone, Copy, Debug)]
pub struct Foreign {
    action: SigAction,
    /// Whose handler it is, if it is one of this crate's.
    owner: i32,
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Action::Default => "Default",
            Action::Ignore => "Ignore",
            Action::Handle(_) => "Handle(..)",
            Action::Foreign(_) => "Foreign(..)",
        })
    }
}

/// The longest sleep of a thread that has handlers, in nanoseconds.
const NAP: u64 = 20_000_000;
/// Numbers of signals lie below.
const NUMBERS: usize = 65;

/// The thread that has the handler of each signal; 0 for none.
static OWNER: [AtomicI32; NUMBERS] = [const { AtomicI32::new(0) }; NUMBERS];

thread_local! {
    // Without destructors, so that a signal may look at them at any time.
    static OWNED: AtomicU64 = const { AtomicU64::new(0) };
    static COME: AtomicU64 = const { AtomicU64::new(0) };
    static HANDLING: Cell<bool> = const { Cell::new(false) };
    static HANDLED: Cell<u64> = const { Cell::new(0) };
    static CLOSURES: RefCell<Vec<(Signal, Handler)>> = const { RefCell::new(Vec::new()) };
}

extern "C" fn on_signal(number: libc::c_int) {
    let errno = Errno::last_raw();
    let bit = 1_u64 << number;
    if OWNED.with(|owned| owned.load(Relaxed)) & bit != 0 {
        COME.with(|come| come.fetch_or(bit, Relaxed));
        super::wakeup::notify(number);
    } else {
        let owner = OWNER[number as usize].load(Relaxed);
        // SAFETY: these calls take numbers and may be made in a signal handler. A number that
        // is no thread of this process any more is refused.
        unsafe {
            // A thread that has the number of an owner that has ended is not the owner.
            if libc::gettid() != owner {
                libc::syscall(libc::SYS_tgkill, libc::getpid(), owner, number);
            }
        }
    }
    Errno::set_raw(errno);
}

/// Whether the calling thread has a handler of any signal.
#[inline]
pub fn handles_any() -> bool {
    OWNED.with(|owned| owned.load(Relaxed)) != 0
}

fn closure(signal: Signal) -> Option<Handler> {
    CLOSURES.with_borrow(|all| all.iter().find(|(other, _)| *other == signal).map(|(_, it)| Rc::clone(it)))
}

/// What `action` is to the calling thread, where `owner` is the signal's.
fn known(signal: Signal, action: SigAction, owner: i32) -> Action {
    let foreign = || Action::Foreign(Foreign { action, owner });
    match action.handler() {
        SigHandler::SigDfl => Action::Default,
        SigHandler::SigIgn => Action::Ignore,
        SigHandler::Handler(function) if ptr::fn_addr_eq(function, on_signal as extern "C" fn(i32)) => {
            // The closure of another thread's handler is not ours to see.
            closure(signal).map_or_else(foreign, Action::Handle)
        }
        _ => foreign(),
    }
}

/// In a child that was just forked: its one thread has another number than its parent's, of
/// which it has the handlers.
extern "C" fn own_in_child() {
    let me = nix::unistd::gettid().as_raw();
    let mut owned = OWNED.with(|owned| owned.load(Relaxed));
    while owned != 0 {
        OWNER[owned.trailing_zeros() as usize].store(me, Relaxed);
        owned &= owned - 1;
    }
}

/// In a child that was just forked: does about each signal what lasts of what its parent did. One
/// that came meanwhile, and that this thread does not handle any more, comes once more.
pub(super) fn keep_what_lasts() {
    if !handles_any() {
        return;
    }
    for (signal, handler) in CLOSURES.with_borrow(Vec::clone) {
        let lasting = super::scoped::lasting(Action::Handle(Rc::clone(&handler)));
        if matches!(&lasting, Action::Handle(same) if Rc::ptr_eq(same, &handler)) {
            continue;
        }
        let came = COME.with(|come| come.load(Relaxed)) >> signal as i32 & 1 == 1;
        let comes_again = came && matches!(lasting, Action::Default | Action::Foreign(_));
        // It was in force before, so it can be again; and a process can send to itself.
        let _ = set_action(signal, lasting);
        if comes_again {
            let _ = nix::sys::signal::raise(signal);
        }
    }
}

/// See [`Signals::set_action`](crate::platform::Signals::set_action).
///
/// # Errors
/// `EINVAL` for SIGKILL and SIGSTOP.
pub fn set_action(signal: Signal, action: Action) -> io::Result<Action> {
    let plain = |handler| SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    let new = match &action {
        Action::Default => plain(SigHandler::SigDfl),
        Action::Ignore => plain(SigHandler::SigIgn),
        // Without SA_RESTART: the signal shall end a wait.
        Action::Handle(_) => plain(SigHandler::Handler(on_signal)),
        Action::Foreign(foreign) => foreign.action,
    };
    let bit = 1_u64 << signal as i32;
    let handles = matches!(action, Action::Handle(_));
    let owner = &OWNER[signal as usize];
    let owner_before = owner.load(Relaxed);
    match &action {
        Action::Handle(_) => {
            static FORK: Once = Once::new();
            // Where it is refused, the other threads of a child find no owner.
            FORK.call_once(|| {
                // SAFETY: it loads and stores words, as a forked child may.
                let _ = unsafe { libc::pthread_atfork(None, None, Some(own_in_child)) };
            });
            owner.store(nix::unistd::gettid().as_raw(), Relaxed);
            OWNED.with(|owned| owned.fetch_or(bit, Relaxed));
        }
        Action::Foreign(foreign) => owner.store(foreign.owner, Relaxed),
        Action::Default | Action::Ignore => {}
    }
    // SAFETY: `on_signal` only does what signal-safety(7) allows; a foreign action was in
    // force before and is given back.
    let before = match unsafe { sigaction(signal, &new) } {
        Ok(before) => known(signal, before, owner_before),
        Err(errno) => {
            OWNED.with(|owned| owned.fetch_and(!bit, Relaxed));
            return Err(errno.into());
        }
    };
    if !handles {
        OWNED.with(|owned| owned.fetch_and(!bit, Relaxed));
        COME.with(|come| come.fetch_and(!bit, Relaxed));
    }
    let mut closures = CLOSURES.take();
    closures.retain(|(other, _)| *other != signal);
    if let Action::Handle(handler) = action {
        closures.push((signal, handler));
    }
    CLOSURES.set(closures);
    Ok(before)
}

/// See [`Signals::action`](crate::platform::Signals::action).
///
/// # Errors
/// `EINVAL` for numbers that are no signals.
pub fn action(signal: Signal) -> io::Result<Action> {
    let mut now = MaybeUninit::<SigAction>::uninit();
    // SAFETY: a null pointer asks without changing anything; the other is to a live place, of
    // a type that is transparent.
    Errno::result(unsafe { libc::sigaction(signal as i32, ptr::null(), now.as_mut_ptr().cast()) })?;
    // SAFETY: the call succeeded and filled it in.
    Ok(known(signal, unsafe { now.assume_init() }, OWNER[signal as usize].load(Relaxed)))
}

/// Runs the handlers of the signals that have come to the calling thread, the lowest number
/// first. A handler that panics ends this; the others are left for the next time.
#[inline]
pub fn handle_pending() {
    if COME.with(|come| come.load(Relaxed)) != 0 {
        handle_all();
    }
}

#[cold]
fn handle_all() {
    struct Handling;
    impl Drop for Handling {
        fn drop(&mut self) {
            HANDLING.set(false);
        }
    }
    if HANDLING.replace(true) {
        return;
    }
    let _handling = Handling;
    loop {
        let come = COME.with(|come| come.load(Relaxed));
        if come == 0 {
            return;
        }
        let number = come.trailing_zeros();
        COME.with(|come| come.fetch_and(!(1 << number), Relaxed));
        HANDLED.set(HANDLED.get() + 1);
        let signal = Signal::try_from(number.cast_signed()).ok();
        if let Some((signal, handler)) = signal.and_then(|signal| Some((signal, closure(signal)?))) {
            handler(signal);
        }
    }
}

/// [`futex::wait`] for a thread that has handlers: a safe point.
#[cold]
pub fn wait_on(word: &AtomicU32, expected: u32, deadline: Option<u64>) -> futex::Woken {
    loop {
        handle_pending();
        let nap = clock::monotonic().saturating_add(NAP);
        let until = deadline.map_or(nap, |deadline| deadline.min(nap));
        match futex::wait(word, expected, Some(until)) {
            futex::Woken::TimedOut if deadline.is_none_or(|deadline| clock::monotonic() < deadline) => {}
            woken => {
                handle_pending();
                return woken;
            }
        }
    }
}

/// How many of these nanoseconds (`None` for no end) the calling thread may sleep before it
/// looks for signals again.
pub(super) fn at_most_a_nap(nanos: Option<u64>) -> Option<u64> {
    if handles_any() { Some(nanos.map_or(NAP, |nanos| nanos.min(NAP))) } else { nanos }
}

/// Waits until `ready`, which is given a time until which it may wait, says so, or until
/// `deadline`; false if that passed first. It is asked again after each nap: a safe point.
///
/// # Errors
/// Those of `ready`; `EINTR` after a handler has run.
#[cold]
pub fn nap_until(deadline: Option<u64>, mut ready: impl FnMut(u64) -> io::Result<bool>) -> io::Result<bool> {
    loop {
        handle_pending();
        let nap = clock::monotonic().saturating_add(NAP);
        let until = deadline.map_or(nap, |deadline| deadline.min(nap));
        match ready(until) {
            Ok(false) if deadline != Some(until) => {}
            result => {
                handle_pending();
                return result;
            }
        }
    }
}

/// See [`Signals::set_mask`](crate::platform::Signals::set_mask).
///
/// # Errors
/// Whatever pthread_sigmask(3) refuses.
pub fn set_mask(how: SigmaskHow, set: SigSet) -> io::Result<SigSet> {
    let before = set.thread_swap_mask(how)?;
    handle_pending();
    Ok(before)
}

/// See [`Signals::pending`](crate::platform::Signals::pending).
///
/// # Errors
/// Whatever sigpending(2) refuses.
pub fn pending() -> io::Result<SigSet> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the pointer is to a live place, which the call fills in if it succeeds.
    unsafe {
        Errno::result(libc::sigpending(set.as_mut_ptr()))?;
        Ok(SigSet::from_sigset_t_unchecked(set.assume_init()))
    }
}

/// Waits for one of these signals for at most so many nanoseconds; `None` waits for ever.
///
/// # Errors
/// `EINTR` if a signal that is handled came instead.
pub fn wait_for(set: SigSet, nanos: Option<u64>) -> io::Result<Option<Signal>> {
    let timeout = nanos.map(|nanos| *clock::timespec(nanos).as_ref());
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the pointers are to live values or null, which means: no such thing.
    let result = unsafe { libc::sigtimedwait(set.as_ref(), ptr::null_mut(), timeout) };
    match Errno::result(result) {
        Ok(number) => Ok(Some(Signal::try_from(number)?)),
        Err(Errno::EAGAIN) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// See [`Signals::await_handler`](crate::platform::Signals::await_handler).
///
/// # Errors
/// Whatever pthread_sigmask(3) refuses.
pub fn await_handler() -> io::Result<()> {
    let before = HANDLED.get();
    while HANDLED.get() == before {
        // Blocked from the look at the bits to the sleep, so that none is slept through.
        let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        if COME.with(|come| come.load(Relaxed)) == 0 {
            // Returns, always with EINTR, once a handler has run.
            let _ = mask.suspend();
        }
        mask.thread_set_mask()?;
        handle_pending();
    }
    Ok(())
}

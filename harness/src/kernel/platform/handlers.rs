//! The handlers of checked tasks, and the `Checked` platform's signals.
//!
//! Closures lie in the thread that runs their tasks: all of them in `sim`, those of one
//! process's thread in `real`. They are known by the number of their task.
//!
//! Signals are the scheduler's own in both engines: the operating system sends none, except
//! those that end a process. Modelled are SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGUSR1 and
//! SIGUSR2, and SIGKILL, which nobody can handle.
//!
//! 1. Sending, blocking, setting an action and waiting are steps of kind
//!    [`Signal`](Kind::Signal), which commute with nothing.
//! 2. A closure is run only by its own task.
//!
//! When a process dies here, its closures are never run again; they are dropped after the
//! execution.

use super::checked::{Checked, Open, open_always, perform};
use super::signal::{Sent, place_of, run_handlers};
use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use crate::kernel::data::task::{Role, State};
use crate::kernel::step::fault::SIGNALS;
use crate::kernel::tasks::life;
use crate::kernel::tasks::outside;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use selvedge::platform::{Action, Clock, Cmp, Guard, Handler, Kind, Native, Op, Platform, Setting, Signals};
use selvedge::sys::scoped::lasting;
use std::cell::RefCell;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

thread_local! {
    static HANDLERS: RefCell<Vec<(usize, Signal, Handler)>> = const { RefCell::new(Vec::new()) };
}

/// The handler that a task has set.
pub(in crate::kernel) fn of(task: usize, signal: Signal) -> Option<Handler> {
    HANDLERS.with_borrow(|all| {
        all.iter().find(|entry| entry.0 == task && entry.1 == signal).map(|entry| Rc::clone(&entry.2))
    })
}

fn set(task: usize, signal: Signal, handler: Option<Handler>) {
    let mut all = HANDLERS.take();
    let mut old = Vec::new();
    while let Some(at) = all.iter().position(|entry| entry.0 == task && entry.1 == signal) {
        old.push(all.swap_remove(at));
    }
    all.extend(handler.map(|handler| (task, signal, handler)));
    HANDLERS.set(all);
    // Dropped last: a destructor may set handlers.
    drop(old);
}

/// A forked child handles what the task handled that forked it, as far as that lasts.
fn inherit(kernel: &Kernel, parent: usize, child: usize) {
    let task = kernel.task(child);
    for (place, &signal) in SIGNALS.iter().enumerate() {
        let Some(handler) = of(parent, signal) else { continue };
        let bit = 1 << place;
        match lasting(Action::Handle(handler)) {
            Action::Handle(handler) => {
                HANDLERS.with_borrow_mut(|all| all.push((child, signal, handler)));
                continue;
            }
            Action::Ignore => task.ignored |= bit,
            Action::Default | Action::Foreign(_) => {}
        }
        task.handlers &= !bit;
    }
}

/// After an execution: drops the handlers of this thread's tasks.
pub(crate) fn forget_handlers() {
    // Dropped outside of the borrow: a destructor may set handlers.
    if !HANDLERS.with_borrow(Vec::is_empty) {
        drop(HANDLERS.take());
    }
}

fn modelled(signal: Signal) -> io::Result<usize> {
    if matches!(signal, Signal::SIGKILL | Signal::SIGSTOP) {
        return Err(nix::Error::EINVAL.into());
    }
    place_of(signal).ok_or_else(|| not_modelled(signal))
}

fn not_modelled(signal: Signal) -> io::Error {
    let names: Vec<&str> = SIGNALS.iter().map(|signal| signal.as_str()).collect();
    let text = format!("{signal} is not modelled under a scheduler; {} and SIGKILL are", names.join(", "));
    io::Error::new(io::ErrorKind::Unsupported, text)
}

fn bits(set: SigSet) -> u8 {
    (0..SIGNALS.len()).filter(|&place| set.contains(SIGNALS[place])).fold(0, |bits, place| bits | 1 << place)
}

fn set_of(bits: u8) -> SigSet {
    (0..SIGNALS.len()).filter(|place| bits >> place & 1 == 1).map(|place| SIGNALS[place]).collect()
}

/// The word for sending a signal.
fn verb(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGKILL => "kill",
        Signal::SIGTERM => "terminate",
        Signal::SIGINT => "interrupt",
        Signal::SIGHUP => "send SIGHUP",
        Signal::SIGALRM => "send SIGALRM",
        Signal::SIGUSR1 => "send SIGUSR1",
        _ => "send SIGUSR2",
    }
}

/// The step that sends a signal to a process: handlers of the caller's own have run when it
/// returns.
///
/// # Safety
/// `this` is the calling thread's current kernel, and the caller is its running task.
pub(in crate::kernel) unsafe fn send(
    this: *mut Kernel,
    process: usize,
    signal: Signal,
    site: &'static Location<'static>,
) -> io::Result<()> {
    if signal != Signal::SIGKILL {
        modelled(signal)?;
    }
    // SAFETY: the caller's promise; no reference is kept across a switch.
    unsafe {
        let object = std::ptr::from_ref(&(*this).task(process).ended) as usize;
        let step = open_always(this, || Op::new(Kind::Signal, verb(signal), object, site));
        let kernel = &mut *this;
        let ended = matches!(kernel.task(process).state, State::Ended | State::Vanished);
        // Concluded before the signal is sent: it may be this task that it ends.
        step.conclude(&u64::from(!ended));
        if ended {
            return Err(nix::Error::ESRCH.into());
        }
        let sent = kernel.send_signal(process, signal, true);
        let me = kernel.current as usize;
        if sent == Sent::Fatal {
            life::die(this, me, signal as i32);
        }
        run_handlers(this, me, None);
    }
    Ok(())
}

/// A step of kind `Signal` on nothing in particular.
///
/// # Safety
/// As for [`send`].
unsafe fn step(this: *mut Kernel, name: &'static str, site: &'static Location<'static>) -> Open {
    // SAFETY: the caller's promise.
    unsafe { open_always(this, || Op::new(Kind::Signal, name, 0, site)) }
}

/// The kernel and the running task, if there is one.
fn scheduled() -> Option<(*mut Kernel, usize)> {
    let this = current::get();
    // SAFETY: a current kernel is alive, and the caller has the turn.
    (!this.is_null()).then(|| (this, unsafe { (*this).current } as usize))
}

/// What a task's process does about the signal with this place, as far as the task knows.
fn known(kernel: &Kernel, me: usize, place: usize) -> Action {
    let leader = kernel.task(kernel.task(me).process as usize);
    match of(me, SIGNALS[place]) {
        Some(handler) if kernel.task(me).handlers >> place & 1 == 1 => Action::Handle(handler),
        _ if leader.ignored >> place & 1 == 1 => Action::Ignore,
        _ => Action::Default,
    }
}

impl Signals for Checked {
    fn set_action(signal: Signal, action: Action, site: Self::Site) -> io::Result<Action> {
        let Some((this, me)) = scheduled() else { return Native::set_action(signal, action, ()) };
        let place = modelled(signal)?;
        let name = match action {
            Action::Handle(_) => "handle",
            Action::Ignore => "ignore",
            Action::Default | Action::Foreign(_) => "default",
        };
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            let step = step(this, name, site);
            let kernel = &mut *this;
            let before = known(kernel, me, place);
            let bit = 1 << place;
            let process = kernel.task(me).process;
            for index in (0..kernel.tasks as usize).filter(|&index| kernel.task(index).process == process) {
                kernel.task(index).handlers &= !bit;
            }
            let leader = kernel.task(process as usize);
            leader.ignored &= !bit;
            let mut handler = None;
            match action {
                Action::Handle(given) => {
                    kernel.task(me).handlers |= bit;
                    handler = Some(given);
                }
                Action::Ignore => {
                    leader.ignored |= bit;
                    leader.pending.fetch_and(!u32::from(bit), Relaxed);
                }
                Action::Default | Action::Foreign(_) => {}
            }
            step.conclude(&());
            set(me, signal, handler);
            run_handlers(this, me, None);
            Ok(before)
        }
    }

    fn action(signal: Signal) -> io::Result<Action> {
        let Some((this, me)) = scheduled() else { return Native::action(signal) };
        // SAFETY: a current kernel is alive, and the caller has the turn.
        Ok(known(unsafe { &*this }, me, modelled(signal)?))
    }

    fn send(process: u32, signal: Signal, site: Self::Site) -> io::Result<()> {
        let Some((this, _)) = scheduled() else { return Native::send(process, signal, ()) };
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            let target = crate::kernel::data::task::task_of(&*this, process).ok_or(nix::Error::ESRCH)?;
            send(this, target, signal, site)
        }
    }

    fn raise(signal: Signal, site: Self::Site) -> io::Result<()> {
        let Some((this, me)) = scheduled() else { return Native::raise(signal, ()) };
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe { send(this, (*this).task(me).process as usize, signal, site) }
    }

    fn set_mask(how: SigmaskHow, set: SigSet, site: Self::Site) -> io::Result<SigSet> {
        let Some((this, me)) = scheduled() else { return Native::set_mask(how, set, ()) };
        let name = match how {
            SigmaskHow::SIG_BLOCK => "block",
            SigmaskHow::SIG_UNBLOCK => "unblock",
            _ => "set mask",
        };
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            let step = step(this, name, site);
            let task = (*this).task(me);
            let before = task.blocked;
            task.blocked = match how {
                SigmaskHow::SIG_BLOCK => before | bits(set),
                SigmaskHow::SIG_UNBLOCK => before & !bits(set),
                _ => bits(set),
            };
            step.conclude(&());
            if let Some(signal) = (*this).fatal_of(me) {
                life::die(this, me, signal as i32);
            }
            run_handlers(this, me, None);
            Ok(set_of(before))
        }
    }

    fn pending(site: Self::Site) -> io::Result<SigSet> {
        let Some((this, me)) = scheduled() else { return Native::pending(()) };
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let pending = unsafe { &(*this).task((*this).task(me).process as usize).pending };
        let object = std::ptr::from_ref(pending) as usize;
        let op = || Op::new(Kind::Read, "pending", object, site);
        // SAFETY: as above.
        Ok(set_of(unsafe { perform(this, op, || pending.load(Relaxed)) } as u8))
    }

    fn wait_for(set: SigSet, deadline: Option<u64>, site: Self::Site) -> io::Result<Option<Signal>> {
        let Some((this, me)) = scheduled() else {
            if !outside::is_alone() {
                return Native::wait_for(set, deadline, ());
            }
            let found = Native::wait_for(set, Some(0), ())?;
            if found.is_none() && deadline.is_none() {
                outside::accuse_at("wait for signal", site);
            }
            return Ok(found);
        };
        if bits(set) == 0 {
            return Err(set.iter().next().map_or_else(|| nix::Error::EINVAL.into(), not_modelled));
        }
        // SAFETY: a current kernel is alive, and the caller has the turn.
        let pending = unsafe { &(*this).task((*this).task(me).process as usize).pending };
        let object = std::ptr::from_ref(pending) as usize;
        let wanted = u32::from(bits(set));
        let asks = deadline.is_some_and(|deadline| deadline <= Checked::now());
        let op = || match asks {
            true => Op::new(Kind::Signal, "look for signal", object, site),
            false => Op::new(Kind::Signal, "wait for signal", object, site)
                .when(Guard::on(pending, wanted, Cmp::Ne, 0))
                .until(deadline),
        };
        let take = || {
            let place = (pending.load(Relaxed) & wanted).trailing_zeros();
            pending.fetch_and(!(1_u32.checked_shl(place).unwrap_or(0)), Relaxed);
            // SAFETY: as above.
            unsafe { (*this).order_object(object, false) };
            SIGNALS.get(place as usize).map(|&signal| signal as i32)
        };
        // SAFETY: as above.
        let taken = unsafe { perform(this, op, take) };
        taken.map(|number| Ok(Signal::try_from(number)?)).transpose()
    }

    fn await_handler(site: Self::Site) -> io::Result<()> {
        let Some((this, me)) = scheduled() else {
            if outside::is_alone() {
                outside::accuse_at("pause", site);
            }
            return Native::await_handler(());
        };
        // Two steps: a handler that runs before the first is slept through.
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe { step(this, "pause", site) }.conclude(&());
        // SAFETY: as above.
        let handled = unsafe { &(*this).task(me).handled };
        let guard = Guard::on(handled, !0, Cmp::Ne, handled.load(Relaxed));
        // SAFETY: as above.
        unsafe { perform(this, || Op::new(Kind::Signal, "pause", 0, site).when(guard), || ()) };
        Ok(())
    }

    fn set_timer(clock: Clock, setting: Setting, site: Self::Site) -> io::Result<Setting> {
        let Some((this, me)) = scheduled() else { return Native::set_timer(clock, setting, ()) };
        only_real(clock)?;
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX - 1);
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe {
            let step = step(this, "set alarm", site);
            let before = standing(&*this, me);
            let now = (*this).clock;
            let leader = (*this).task((*this).task(me).process as usize);
            let rings = now.saturating_add(nanos(setting.next)).min(u64::MAX - 1);
            leader.alarm = if setting.next.is_zero() { u64::MAX } else { rings };
            leader.interval = nanos(setting.interval);
            step.conclude(&());
            Ok(before)
        }
    }

    fn timer(clock: Clock) -> io::Result<Setting> {
        let Some((this, me)) = scheduled() else { return Native::timer(clock) };
        only_real(clock)?;
        // SAFETY: a current kernel is alive, and the caller has the turn.
        Ok(standing(unsafe { &*this }, me))
    }

    fn handle_pending() {
        // A running task of an exploration has nothing pending that it could handle.
        if scheduled().is_none() {
            Native::handle_pending();
        }
    }
}

fn only_real(clock: Clock) -> io::Result<()> {
    let text = "under a scheduler only the clock of real time has a timer: no processor time passes there";
    if clock == Clock::Real { Ok(()) } else { Err(io::Error::new(io::ErrorKind::Unsupported, text)) }
}

/// How the timer of a task's process stands.
fn standing(kernel: &Kernel, me: usize) -> Setting {
    let leader = kernel.task(kernel.task(me).process as usize);
    if leader.alarm == u64::MAX {
        return Setting::default();
    }
    let next = Duration::from_nanos(leader.alarm.saturating_sub(kernel.clock).max(1));
    Setting { next, interval: Duration::from_nanos(leader.interval) }
}

/// A started task takes over what its parent does about signals: a process all of it, a
/// thread the mask.
#[inline]
pub(in crate::kernel) fn start(kernel: &mut Kernel, parent: usize, child: usize) {
    let blocked = kernel.task(parent).blocked;
    kernel.task(child).blocked = blocked;
    if kernel.task(child).role == Role::Process {
        kernel.task(child).handlers = kernel.task(parent).handlers;
        kernel.task(child).ignored = kernel.task(kernel.task(parent).process as usize).ignored;
        if kernel.task(parent).handlers != 0 {
            inherit(kernel, parent, child);
        }
    }
}

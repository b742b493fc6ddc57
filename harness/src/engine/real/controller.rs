//! Forking a controller from a program that may have many threads.
//!
//! After `fork` only the calling thread exists in the child, and whatever lock
//! another thread held stays locked for ever. What a controller needs of such locks
//! is known: standard output and error, the allocator, the panic hook. The first two
//! are held while forking, so the child owns them; the allocator is the C library's
//! business (it takes its locks around `fork`). The child then uses each of them
//! once and reports; a child that hangs in this *trial* is killed, and the fork is
//! repeated. From then on everything is forked by controllers, which have one thread.
//!
//! | step | who | what |
//! |---|---|---|
//! | 1 | caller | holds stdout and stderr, forks |
//! | 2 | child | dies with the caller's thread; one core; sub-reaper; group of its own |
//! | 3 | child | the trial: prints nothing, allocates, swaps the panic hook |
//! | 4 | caller | waits for the trial's end, or kills and repeats |
//! | 5 | child | works, writes length and result to a pipe, exits without running destructors |
//!
//! When a controller dies, its pidfd tells and the caller gets an error that says
//! how it died; its tasks die with it.

use super::{Real, burial, group};
use crate::Error;
use crate::engine::moment::{self, Moment, Published};
use crate::engine::{Executor, Model};
use crate::kernel::{Alone, Limits};
use crate::program::{Scratch, remove_scratch_of};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl;
use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe};
use selvedge::sys::death::pidfd;
use selvedge::{Event, Shared};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::AtomicU8;
use std::time::Duration;

/// How often a fork whose trial fails is repeated.
const TRIALS: usize = 40;
/// How long a trial may take before the child is taken to hang.
const TRIAL: Duration = Duration::from_millis(250);

struct Controller {
    pid: Pid,
    /// Readable once the controller is dead.
    death: OwnedFd,
    results: File,
    bytes: Vec<u8>,
    /// The pipe has come to its end.
    closed: bool,
    /// Which part of the program it runs, or ran when it died.
    moment: Published,
}

/// Bytes of the length that stands before a result. The pipe's end would not do: a
/// process that another thread forked at the wrong moment holds the pipe open too.
const LENGTH: usize = 8;

/// Runs `work` in `count` controllers side by side, each on a core of its own where
/// there are enough, and returns what they made. `tick` is called now and then.
pub(crate) fn controllers<R: Serialize + DeserializeOwned>(
    model: &dyn Model,
    limits: Limits,
    count: usize,
    tick: &dyn Fn(),
    work: &mut dyn FnMut(&mut dyn Executor, usize) -> R,
) -> Result<Vec<R>, Error> {
    processes(count, tick, &mut |worker| {
        pin(worker);
        match Real::new(model, limits) {
            Ok(mut real) => Ok(work(&mut real, worker)),
            Err(errno) => Err(format!("could not map its arena: {errno}")),
        }
    })
}

/// Runs `work` in one process of its own, on any core, and returns what it made.
pub(crate) fn apart<R: Serialize + DeserializeOwned>(
    tick: &dyn Fn(),
    work: impl FnOnce() -> R,
) -> Result<R, Error> {
    let mut work = Some(work);
    let mut run = |_| work.take().map(|work| work()).ok_or_else(|| "was started twice".to_owned());
    let results = processes(1, tick, &mut run)?;
    results.into_iter().next().ok_or_else(|| Error::Controller("ended without a result".to_owned()))
}

fn processes<R: Serialize + DeserializeOwned>(
    count: usize,
    tick: &dyn Fn(),
    work: &mut dyn FnMut(usize) -> Result<R, String>,
) -> Result<Vec<R>, Error> {
    let mut all = Vec::new();
    for worker in 0..count {
        match start(worker, work) {
            Ok(controller) => all.push(controller),
            Err(error) => {
                all.iter().for_each(Controller::end);
                return Err(error);
            }
        }
    }
    let outcome = collect(&mut all, tick);
    all.iter().for_each(Controller::end);
    outcome?;
    all.iter_mut().map(Controller::result).collect()
}

impl Controller {
    fn is_complete(&self) -> bool {
        self.bytes.first_chunk().is_some_and(|length: &[u8; LENGTH]| {
            self.bytes.len() - LENGTH >= u64::from_le_bytes(*length) as usize
        })
    }

    /// Reads what is there.
    fn receive(&mut self, buffer: &mut [u8]) -> std::io::Result<()> {
        match self.results.read(buffer) {
            Ok(0) => self.closed = true,
            Ok(count) => self.bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Ends the controller, if it still lives, and its group. Not yet reaped, so the number is its own.
    fn end(&self) {
        burial::kill_and_bury(self.pid.as_raw() as u32);
        group::end(self.pid);
        remove_scratch_of(self.pid.as_raw() as u32);
    }

    fn result<R: DeserializeOwned>(&mut self) -> Result<R, Error> {
        let status = waitpid(self.pid, None);
        let result = self.bytes.get(LENGTH..).unwrap_or_default();
        postcard::from_bytes::<Result<R, String>>(result)
            .map_err(|_| {
                let how = match status {
                    Ok(WaitStatus::Signaled(_, signal, _)) => format!("was killed by {signal}"),
                    Ok(WaitStatus::Exited(_, code)) => format!("ended with code {code} and without a result"),
                    other => format!("ended without a result: {other:?}"),
                };
                let part = Moment::of(&self.moment).outside_tasks();
                Error::Controller(match part {
                    Some(part) if Moment::was_lost(&self.moment) => {
                        format!("was given up: {part} of the program did not come to its end in time")
                    }
                    Some(part) => format!("{how}; {part} of the program ended it"),
                    None => how,
                })
            })?
            .map_err(Error::Controller)
    }
}

/// Receives every controller's result, or its death without one.
fn collect(all: &mut [Controller], tick: &dyn Fn()) -> Result<(), Error> {
    let mut open: Vec<usize> = (0..all.len()).collect();
    let mut buffer = vec![0; 65_536];
    while !open.is_empty() {
        let events: Vec<(usize, bool, bool)> = {
            let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
            let mut fds: Vec<PollFd<'_>> = open
                .iter()
                .flat_map(|&at| [watch(all[at].results.as_fd()), watch(all[at].death.as_fd())])
                .collect();
            match poll(&mut fds, PollTimeout::from(100_u16)) {
                Ok(_) | Err(nix::Error::EINTR) => {}
                Err(errno) => return Err(Error::os("waiting for a controller", errno)),
            }
            let happened = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
            open.iter()
                .zip(fds.chunks(2))
                .map(|(&at, pair)| (at, happened(&pair[0]), happened(&pair[1])))
                .collect()
        };
        if events.iter().all(|&(_, readable, dead)| !readable && !dead) {
            tick();
        }
        for (at, readable, dead) in events {
            if readable {
                let received = all[at].receive(&mut buffer);
                received.map_err(|error| Error::os("reading from a controller", error))?;
            }
            // Death without data: whatever it had to say has been read.
            if all[at].is_complete() || all[at].closed || dead && !readable {
                open.retain(|&other| other != at);
            }
        }
    }
    Ok(())
}

fn start<R: Serialize>(
    worker: usize,
    work: &mut dyn FnMut(usize) -> Result<R, String>,
) -> Result<Controller, Error> {
    crate::kernel::panic::install();
    for _ in 0..TRIALS {
        let (reader, writer) = pipe().map_err(|errno| Error::os("making a pipe", errno))?;
        let passed = Shared::try_new(Event::new()).map_err(|error| Error::Usage(error.to_string()))?;
        let moment = Published::try_new(AtomicU8::new(0)).map_err(|error| Error::Usage(error.to_string()))?;
        let caller = std::process::id();
        selvedge::sys::output::flush();
        let alone = Alone::new();
        let (out, err) = (std::io::stdout().lock(), std::io::stderr().lock());
        // SAFETY: the child only uses what the trial has shown to be free, and
        // leaves by `_exit`.
        let forked = unsafe { fork() };
        drop((out, err));
        drop(alone);
        match forked.map_err(|errno| Error::os("forking a controller", errno))? {
            ForkResult::Child => {
                drop(reader);
                settle(caller);
                rehearse();
                passed.set();
                drop(passed);
                slim_down();
                moment::publish(moment);
                let scratch = Scratch::of_process();
                let result = work(worker);
                drop(scratch);
                deliver(result, writer);
            }
            ForkResult::Parent { child } => {
                drop(writer);
                let number = child.as_raw() as u32;
                let death = match pidfd(number).ok_or_else(std::io::Error::last_os_error) {
                    Ok(death) => death,
                    Err(error) => {
                        bury(child);
                        return Err(Error::os("opening a descriptor of a controller", error));
                    }
                };
                if passed.wait_timeout(TRIAL) || burial::status_if_dead(number).is_some() {
                    return Ok(Controller {
                        pid: child,
                        death,
                        results: File::from(reader),
                        bytes: Vec::new(),
                        closed: false,
                        moment,
                    });
                }
                bury(child);
            }
        }
    }
    Err(Error::Controller(format!(
        "could not be forked: in {TRIALS} attempts another thread held a lock that the child needs"
    )))
}

/// Ends a controller that is not to work.
fn bury(controller: Pid) {
    burial::kill_and_bury(controller.as_raw() as u32);
    let _ = waitpid(controller, None);
}

/// The controller's place in the world.
fn settle(caller: u32) {
    group::found(caller);
    // The command line blocks the signals that it waits for itself.
    let _ = SigSet::all().thread_unblock();
    let _ = prctl::set_child_subreaper(true);
}

/// Pins this process, and what it forks, to one of the cores it may use.
fn pin(worker: usize) {
    let Ok(allowed) = sched_getaffinity(Pid::from_raw(0)) else { return };
    let cores: Vec<usize> =
        (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false)).collect();
    if let Some(&core) = cores.get(worker % cores.len().max(1)) {
        let mut one = CpuSet::new();
        if one.set(core).is_ok() {
            let _ = sched_setaffinity(Pid::from_raw(0), &one);
        }
    }
}

/// The trial: uses every lock once that the child will need.
fn rehearse() {
    crate::kernel::panic::install();
    print!("");
    eprint!("");
    // A thread that unwinds may not touch the hook; then its lock stays untried.
    if !std::thread::panicking() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(hook);
    }
    drop(std::hint::black_box(vec![0_u8; 1 << 16]));
    drop(std::hint::black_box(Box::new(1_u64)));
    let _ = std::env::var_os("PATH");
}

/// Gives memory that nobody uses back: every process that is forked from here on would
/// get a copy of its page tables, and what it writes there a copy of the page.
fn slim_down() {
    // SAFETY: malloc_trim(3) has no requirements.
    unsafe { nix::libc::malloc_trim(0) };
}

/// Sends the result and ends the process.
fn deliver<R: Serialize>(result: Result<R, String>, writer: OwnedFd) -> ! {
    let code = match postcard::to_stdvec(&result) {
        Ok(bytes) => {
            let mut pipe = File::from(writer);
            let length = (bytes.len() as u64).to_le_bytes();
            i32::from(pipe.write_all(&length).and_then(|()| pipe.write_all(&bytes)).is_err())
        }
        Err(_) => 70,
    };
    selvedge::sys::output::flush();
    selvedge::sys::process::exit_now(code);
}

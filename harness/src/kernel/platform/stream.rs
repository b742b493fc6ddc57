//! Calls on descriptors: how one is announced, made, and what it comes out with.
//!
//! Used by the `Checked` platform. The pipe, socket or file is the operating system's own
//! in both engines; who waits until it is ready, see [`descriptor`](super::descriptor).
//!
//! 1. No call blocks while its task has the turn.
//!
//! When a process dies here, its call was made or it was not.

use super::checked::{Checked, open_always};
use super::open::{Watched, Withheld};
use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use crate::kernel::schedule::choice::Outcome;
use crate::kernel::tasks::outside;
use selvedge::platform::{Call, Guard, Io, Native, Op, Platform};
use selvedge::sys::ready;
use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::panic::Location;

/// Objects that stand for files are numbered from here: no address lies so high.
pub(in crate::kernel) const FILES: usize = 1 << 63;

/// Whether an object is a file.
pub(crate) fn is_file(object: usize) -> bool {
    object & FILES != 0 && object < crate::kernel::schedule::event::EVERYTHING - 1
}

/// The file behind a descriptor as an object: the same for both ends of a pipe, and in
/// every process. A file that cannot be asked has no number.
pub(in crate::kernel) fn file(fd: BorrowedFd<'_>) -> usize {
    nix::sys::stat::fstat(fd).map_or(0, |stat| FILES | stat.st_ino as usize)
}

/// The pipe behind a descriptor; none if it is something else.
pub(in crate::kernel) fn pipe(fd: BorrowedFd<'_>) -> Option<usize> {
    let stat = nix::sys::stat::fstat(fd).ok()?;
    let is_pipe = stat.st_mode & nix::libc::S_IFMT == nix::libc::S_IFIFO;
    is_pipe.then_some(FILES | stat.st_ino as usize)
}

/// Announces a call and returns once it may be made: its step, and its outcome. A `len`
/// of 0 stands for a call that nothing can go wrong with.
///
/// # Safety
/// `this` is the calling thread's current kernel, and the caller is its running task.
pub(in crate::kernel) unsafe fn announce(
    this: *mut Kernel,
    call: &Call<'_, &'static Location<'static>>,
    len: usize,
    deadline: Option<u64>,
    guard: Guard,
) -> (super::checked::Open, Outcome) {
    let object = file(call.fd);
    let op = Op::new(call.kind, call.name, object, call.site).when(guard).until(deadline);
    // SAFETY: the caller's promise; no reference is kept across the switch.
    unsafe {
        let me = (*this).current as usize;
        (*this).task(me).span = u32::try_from(len).unwrap_or(u32::MAX);
        let open = open_always(this, || op);
        let task = (*this).task(me);
        task.span = 0;
        (open, std::mem::replace(&mut task.outcome, Outcome::Run))
    }
}

/// What the caller knew goes with the bytes that it moved.
fn order_moved(this: *mut Kernel, call: &Call<'_, &'static Location<'static>>, moved: &io::Result<usize>) {
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let kernel = unsafe { this.as_mut() }.filter(|kernel| kernel.keeps_order());
    if let (Some(kernel), Ok(moved)) = (kernel, moved)
        && ready::blocks(call.fd)
    {
        kernel.order_bytes(call.fd, call.kind == selvedge::platform::Kind::Output, *moved == 0);
    }
}

fn interrupted() -> io::Error {
    io::Error::from_raw_os_error(nix::libc::EINTR)
}

impl Io for Checked {
    type Watch = Watched;

    fn watch(fd: BorrowedFd<'_>) -> Watched {
        Watched::new(fd)
    }

    type Withheld = Withheld;

    fn withhold(fd: BorrowedFd<'_>) -> io::Result<Withheld> {
        Withheld::new(fd)
    }

    fn transfer(
        call: Call<'_, Self::Site>,
        len: usize,
        mut body: impl FnMut(Range<usize>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() || unsafe { (*this).is_inside() } {
            if outside::is_alone() && ready::blocks(call.fd) && !ready::is_ready(call.fd, call.direction()) {
                outside::accuse_at(call.name, call.site);
            }
            let moved = body(0..len);
            order_moved(this, &call, &moved);
            return moved;
        }
        let blocks = ready::blocks(call.fd);
        let guard = if blocks { Guard::ready(call.fd, call.kind) } else { Guard::ALWAYS };
        // A socket may have a limit of its own for the time that a call takes.
        let limit = if blocks { ready::limit(call.fd, call.direction()) } else { None };
        let deadline = limit.map(|limit| Checked::now().saturating_add(limit));
        let mut done = 0;
        loop {
            // SAFETY: as above.
            let (step, outcome) = unsafe { announce(this, &call, (len - done).max(1), deadline, guard) };
            let most = if outcome == Outcome::Short { done + 1 } else { len };
            let moved = if outcome == Outcome::Interrupt {
                Err(interrupted())
            } else {
                let _mark = ready::NonBlocking::begin(call.fd);
                body(done..most)
            };
            let scheduled = step.is_scheduled();
            order_moved(this, &call, &moved);
            step.conclude(&moved);
            let late = deadline.is_some_and(|deadline| Checked::now() >= deadline);
            let again = blocks && scheduled && !late;
            match moved {
                // Somebody unseen was faster: it waits on.
                Err(error) if again && error.kind() == io::ErrorKind::WouldBlock => {}
                // What has been moved cannot be taken back.
                Err(_) if done > 0 => return Ok(done),
                Err(error) => return Err(error),
                Ok(moved) => {
                    done += moved;
                    let writes_on = call.kind == selvedge::platform::Kind::Output && outcome == Outcome::Run;
                    if !(again && writes_on && moved > 0 && done < len) {
                        return Ok(done);
                    }
                }
            }
        }
    }

    fn ready(call: Call<'_, Self::Site>, deadline: Option<u64>) -> io::Result<bool> {
        let this = current::get();
        // SAFETY: a current kernel is alive, and the caller has the turn.
        if this.is_null() || unsafe { (*this).is_inside() } {
            if outside::is_alone() {
                let is_ready = ready::is_ready(call.fd, call.direction());
                if !is_ready && deadline.is_none() {
                    outside::accuse_at(call.name, call.site);
                }
                return Ok(is_ready);
            }
            let fixed = Call { kind: call.kind, name: call.name, fd: call.fd, site: () };
            return Native::ready(fixed, deadline);
        }
        let asks = deadline.is_none_or(|deadline| deadline > Checked::now());
        let guard = if asks { Guard::ready(call.fd, call.kind) } else { Guard::ALWAYS };
        // SAFETY: as above.
        let (step, outcome) = unsafe { announce(this, &call, usize::from(asks), deadline, guard) };
        let result = match outcome {
            Outcome::Interrupt => Err(interrupted()),
            _ => Ok(ready::is_ready(call.fd, call.direction())),
        };
        step.conclude(&result);
        result
    }

    fn lock_file(call: Call<'_, Self::Site>, exclusive: bool, deadline: Option<u64>) -> io::Result<bool> {
        super::file_lock::lock(&call, exclusive, deadline)
    }

    fn lock_holders(fd: BorrowedFd<'_>) -> Vec<u32> {
        if current::get().is_null() { Native::lock_holders(fd) } else { Vec::new() }
    }

    fn unlock_file(call: Call<'_, Self::Site>) -> io::Result<()> {
        super::file_lock::unlock(&call)
    }
}

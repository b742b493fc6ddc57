//! The one block of memory in which an engine's kernel lives.
//!
//! Made by an engine before it forks anything, so that every process of the
//! execution finds the kernel at the same address and pointers into the arena
//! mean the same everywhere. Mapped without reservation: pages that no execution
//! touches cost nothing.
//!
//! ```text
//!  a page of nothing | Kernel | enabled | tasks | standings | sums | candidates | told | alone
//!         | marks | guard classes | order of classes | class bitsets | program memory (state, segments)
//!  choices | prefix | sleepers | enabled log | events | ends of objects | fault log
//!         | tasks as they stood in the end
//! ```
//!
//! Each line of that begins where a page table does, and what an ordinary execution touches of
//! a line lies close behind its begin. So a fork has two page tables of it to copy.
//!
//! When a process dies here, the mapping lives on in the others.

use super::enabled::BEFORE;
use super::state::{Kernel, Mode};
use super::task::Task;
use crate::kernel::policy::{MARKS, Mark, Sleeper, Standing};
use crate::kernel::schedule::choice::Choice;
use crate::kernel::schedule::event::Event;
use crate::kernel::schedule::lives::Gone;
use crate::kernel::step::guard::{Class, Guards, Links};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::time::Duration;

/// How large an execution may become.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Tasks alive or ended in one execution; at most 2^24 - 1.
    pub tasks: usize,
    /// Steps of one execution, at most 2^32 - 1; one that reaches it is reported as livelock.
    pub steps: usize,
    /// Bytes of memory that the tasks of one execution share.
    pub memory: usize,
    /// How long a task may run without coming to its next operation; whole seconds, at least
    /// one. What runs outside of the tasks may take three times as long to come to its end.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { tasks: 1024, steps: 100_000, memory: 64 << 20, patience: Duration::from_secs(10) }
    }
}

/// A mapped arena with a kernel in it.
pub(crate) struct Arena {
    base: NonNull<std::ffi::c_void>,
    len: usize,
    kernel: *mut Kernel,
}

const PAGE: usize = 4096;
/// What one page table maps.
const TABLE: usize = 512 * PAGE;

/// Makes a page one that nobody may touch. That is not the point of it: a mapping with
/// such a guard keeps its page tables in a fork, where a forked task would otherwise meet the
/// few pages that every step touches one fault at a time, in each execution anew. A kernel
/// that knows no guards in shared memory (before Linux 6.15) refuses, and nothing is lost but
/// that. Source: madvise(2), `MADV_GUARD_INSTALL`.
fn have_forks_copy_tables(page: *mut u8) {
    const GUARD_INSTALL: nix::libc::c_int = 102;
    // SAFETY: a page of the mapping, in which nothing lies.
    unsafe { nix::libc::madvise(page.cast(), PAGE, GUARD_INSTALL) };
}

/// Hands out the parts of the arena one after the other.
struct Layout {
    next: usize,
}

impl Layout {
    fn take<T>(&mut self, count: usize) -> usize {
        let at = self.next.next_multiple_of(align_of::<T>().max(64));
        self.next = at + count * size_of::<T>();
        at
    }

    /// So many bytes, in pages of their own.
    fn take_pages(&mut self, bytes: usize) -> usize {
        let at = self.next.next_multiple_of(PAGE);
        self.next = at + bytes.next_multiple_of(PAGE);
        at
    }

    /// What follows has other page tables than what came before.
    fn turn_over(&mut self) {
        self.next = self.next.next_multiple_of(TABLE);
    }
}

impl Arena {
    /// Maps an arena: shared with forked children for [`Mode::Real`], private for
    /// [`Mode::Sim`].
    pub(crate) fn new(limits: Limits, mode: Mode) -> nix::Result<Arena> {
        crate::kernel::platform::unseen::watch();
        let capacity = limits.tasks.next_multiple_of(64);
        let words = capacity / 64;
        let classes = (capacity * 4).next_power_of_two();
        let mut layout = Layout { next: 0 };
        let guard_at = layout.take_pages(PAGE);
        let kernel_at = layout.take::<Kernel>(1);
        // What every step touches lies together: a forked task faults few pages.
        let enabled_at = layout.take::<u64>(BEFORE + words);
        let tasks_at = layout.take::<Task>(capacity);
        let standings_at = layout.take::<Standing>(capacity);
        let sums_at = layout.take::<u64>(capacity + 1);
        let candidates_at = layout.take::<u64>(words);
        let told_at = layout.take::<u64>(words);
        let alone_at = layout.take::<u64>(words);
        let marks_at = layout.take::<Mark>(MARKS);
        let classes_at = layout.take::<Class>(classes);
        let order_at = layout.take::<u32>(classes);
        let bits_at = layout.take::<u64>(classes * words);
        let links_at = layout.take::<Links>(classes);
        let memory_at = layout.take_pages(limits.memory);
        layout.turn_over();
        let choices_at = layout.take::<Choice>(limits.steps);
        let prefix_at = layout.take::<Choice>(limits.steps);
        let sleepers_at = layout.take::<Sleeper>(capacity);
        let log_at = layout.take::<u64>(limits.steps * words);
        let events_at = layout.take::<Event>(limits.steps);
        let gone_at = layout.take::<Gone>(limits.steps);
        let faults_at = layout.take::<u64>(limits.steps * words * crate::kernel::step::fault::KINDS);
        let stood_at = layout.take::<Task>(capacity);
        let used = layout.next;
        // Enough to begin where a page table does.
        let len = used.next_multiple_of(PAGE) + TABLE;
        let flags = match mode {
            Mode::Sim => MapFlags::MAP_PRIVATE,
            Mode::Real => MapFlags::MAP_SHARED,
        } | MapFlags::MAP_NORESERVE;
        let size = NonZeroUsize::new(len).expect("an arena has a kernel");
        // SAFETY: a fresh anonymous mapping aliases nothing.
        let base =
            unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags)? };
        let start = base.cast::<u8>().as_ptr();
        // SAFETY: less than a table further, which the mapping has more than it needs.
        let start = unsafe { start.add(start.align_offset(TABLE)) };
        if mode == Mode::Real {
            have_forks_copy_tables(start.wrapping_add(guard_at));
        }
        // SAFETY: every offset lies inside the mapping and is aligned for its type
        // (`Layout::take`); zeroed memory is a valid value of what lies there, or is
        // written before it is read; the kernel is written before anybody sees it.
        let kernel = unsafe {
            let kernel = start.add(kernel_at).cast::<Kernel>();
            kernel.write(Kernel::new(
                mode,
                limits,
                super::state::Parts {
                    tasks: start.add(tasks_at).cast(),
                    standings: start.add(standings_at).cast(),
                    sums: start.add(sums_at).cast(),
                    marks: start.add(marks_at).cast(),
                    candidates: start.add(candidates_at).cast(),
                    told: start.add(told_at).cast(),
                    alone: start.add(alone_at).cast(),
                    enabled: start.add(enabled_at).cast::<u64>().add(BEFORE),
                    choices: start.add(choices_at).cast(),
                    prefix: start.add(prefix_at).cast(),
                    log: start.add(log_at).cast(),
                    events: start.add(events_at).cast(),
                    gone: start.add(gone_at).cast(),
                    sleepers: start.add(sleepers_at).cast(),
                    faults: start.add(faults_at).cast(),
                    stood: start.add(stood_at).cast(),
                    memory: start.add(memory_at),
                    stride: words,
                    start: start as usize + kernel_at,
                    end: start as usize + used,
                },
                Guards::new(
                    start.add(classes_at).cast(),
                    start.add(bits_at).cast(),
                    start.add(links_at).cast(),
                    start.add(order_at).cast(),
                    classes,
                    words,
                ),
            ));
            kernel
        };
        let arena = Arena { base, len, kernel };
        if mode == Mode::Real {
            // SAFETY: nobody else knows the kernel yet.
            unsafe { &mut *kernel }.descriptors.make_set()?;
        }
        Ok(arena)
    }

    /// The kernel, which lives as long as the arena.
    pub(crate) fn kernel(&self) -> *mut Kernel {
        self.kernel
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: an engine drops its arena last: nobody else uses the kernel.
        unsafe { &mut *self.kernel }.descriptors.close_set();
        // SAFETY: `base` and `len` are what `mmap_anonymous` returned and got, and
        // an engine drops its arena last.
        let unmapped = unsafe { munmap(self.base, self.len) };
        debug_assert!(unmapped.is_ok());
    }
}

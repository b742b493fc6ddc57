//! The kernel's data: counters, the bitset of enabled tasks, pointers into the arena.

use super::arena::Limits;
use super::fixed::Text;
use super::task::{NOBODY, Role, Task};
use crate::kernel::Granularity;
use crate::kernel::causality::order::Order;
use crate::kernel::causality::race::Raced;
use crate::kernel::platform::descriptor::Descriptors;
use crate::kernel::policy::{Guide, Mark, Standing};
use crate::kernel::schedule::choice::Choice;
use crate::kernel::schedule::event::Event;
use crate::kernel::schedule::plan::Plan;
use crate::kernel::step::decide::End;
use crate::kernel::step::fault::FaultPlan;
use crate::kernel::step::guard::Guards;
use crate::kernel::tasks::fiber::Care;
use crate::kernel::tasks::panic::Note;
use std::panic::Location;
use std::sync::atomic::AtomicU32;

/// Which engine the kernel belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mode {
    /// Tasks are fibers of one thread.
    Sim,
    /// Tasks are processes and threads that hand each other a turn.
    Real,
}

/// The tasks of this execution unwind: they leave their code without a step.
pub(in crate::kernel) const ABANDON: u32 = 1;
/// The running task's next operation was already chosen when it was woken.
pub(in crate::kernel) const GRANTED: u32 = 2;
/// The running task panicked, and may unwind.
pub(in crate::kernel) const UNWINDING: u32 = 4;
/// Several tasks may unwind; see `unwind`.
pub(in crate::kernel) const SEVERAL: u32 = 8;

/// The running task is inside a step's body: what it does is unobserved.
pub(in crate::kernel) const INSIDE: u8 = 1;
/// A step is an access to a word, not a call of a primitive.
pub(in crate::kernel) const WORDS: u8 = 2;
/// The program has touched plain data: what happens before what is kept.
pub(in crate::kernel) const RACES: u8 = 4;

/// Where the turn goes when the running task gives it away without a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Launch {
    /// Nowhere: the next task is chosen.
    Done,
    /// To the next of the tasks that exist from the start.
    Next,
    /// Back to the task that is just starting another.
    Back,
}

/// What a task in `real` asks the controller for when it hands it the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Request {
    /// The execution is over.
    Over,
    /// The running task caught a fatal signal of its own making.
    Crashed,
}

/// Pointers to the parts of the arena.
#[derive(Clone, Copy)]
#[repr(C)]
pub(in crate::kernel) struct Parts {
    pub(in crate::kernel) tasks: *mut Task,
    pub(in crate::kernel) standings: *mut Standing,
    /// Sums over the standings: see `policy::sums`.
    pub(in crate::kernel) sums: *mut u64,
    pub(in crate::kernel) marks: *mut Mark,
    /// A set of tasks for a policy's own use.
    pub(in crate::kernel) candidates: *mut u64,
    /// The sets of tasks whose descriptors were told to be ready at the last decision, and whose
    /// descriptors are looked at by themselves.
    pub(in crate::kernel) told: *mut u64,
    pub(in crate::kernel) alone: *mut u64,
    /// The words of the set; its summary lies before them. See `enabled`.
    pub(in crate::kernel) enabled: *mut u64,
    pub(in crate::kernel) choices: *mut Choice,
    pub(in crate::kernel) prefix: *mut Choice,
    pub(in crate::kernel) log: *mut u64,
    pub(in crate::kernel) events: *mut Event,
    pub(in crate::kernel) gone: *mut crate::kernel::schedule::lives::Gone,
    pub(in crate::kernel) sleepers: *mut crate::kernel::policy::Sleeper,
    pub(in crate::kernel) faults: *mut u64,
    pub(in crate::kernel) stood: *mut Task,
    pub(in crate::kernel) memory: *mut u8,
    /// Bitset words per set of tasks.
    pub(in crate::kernel) stride: usize,
    /// The addresses between which the arena lies.
    pub(in crate::kernel) start: usize,
    pub(in crate::kernel) end: usize,
}

/// Bytes of the names of the tasks that may be killed.
pub(crate) const VICTIMS: usize = 512;

/// The kernel. See the module's documentation for its invariants.
#[repr(C, align(64))]
pub(crate) struct Kernel {
    pub(in crate::kernel) flags: u32,
    /// What keeps an operation from being a plain step: [`INSIDE`], [`WORDS`], [`RACES`].
    pub(in crate::kernel) quiet: u8,
    pub(in crate::kernel) over: bool,
    pub(in crate::kernel) mode: Mode,
    pub(in crate::kernel) launch: Launch,
    pub(crate) granularity: Granularity,
    pub(in crate::kernel) end: End,
    /// What [`can_deposit`](crate::kernel::policy::bits::can_deposit) says.
    pub(in crate::kernel) deposits: bool,
    /// The task that goes on, or runs.
    pub(crate) current: u32,
    pub(in crate::kernel) alive: u32,
    /// Threads that have not ended.
    pub(in crate::kernel) threads: u32,
    /// Tasks that wait in the middle of their unwinding; see `unwind`.
    pub(in crate::kernel) unwinders: u32,
    /// Tasks created so far.
    pub(crate) tasks: u32,
    /// How many of them existed from the start.
    pub(crate) declared: u32,
    /// For how many words, as a power of two, a bit of the summary of enabled tasks stands.
    pub(in crate::kernel) coarse: u32,
    /// Bitset words in use.
    pub(in crate::kernel) words: u32,
    pub(crate) steps: u32,
    /// Objects of which the record says that they ended.
    pub(in crate::kernel) gone: u32,
    /// Decisions before this step are plain; see `decide`.
    pub(in crate::kernel) plain_until: u32,
    pub(in crate::kernel) cursor: u32,
    /// Who waits for a descriptor, and who looks.
    pub(crate) descriptors: Descriptors,
    pub(crate) limits: Limits,
    pub(crate) plan: Plan,
    /// What may go wrong.
    pub(crate) faults: FaultPlan,
    pub(in crate::kernel) guide: Guide,
    pub(in crate::kernel) parts: Parts,
    pub(in crate::kernel) guards: Guards,
    pub(in crate::kernel) parked_head: u32,
    pub(in crate::kernel) parked_tail: u32,
    /// The virtual clock, in nanoseconds.
    pub(in crate::kernel) clock: u64,
    /// Bytes of program memory handed out.
    pub(in crate::kernel) used: usize,
    /// The address of the newest named segment; 0 if there is none.
    pub(in crate::kernel) names: usize,
    /// Bytes of program memory that were ever handed out and may be dirty.
    pub(in crate::kernel) dirty: usize,
    /// The task that ended the execution.
    pub(in crate::kernel) culprit: u32,
    /// `real`: the controller sleeps on this.
    pub(crate) controller: AtomicU32,
    pub(crate) request: Request,
    /// `real`: a process that is ending; whoever gets the turn waits until it is dead.
    pub(in crate::kernel) dying: u32,
    /// `real`: the running process was killed by its own decision and ends when it has
    /// given its turn away.
    pub(in crate::kernel) condemned: bool,
    /// `real`: the task whose process holds the turn. While that process decides, `current`
    /// may be somebody else already.
    pub(crate) holder: u32,
    /// `real`: when tasks of a dynamic program first look for their controller.
    pub(in crate::kernel) lonely: u64,
    /// `real`: tasks with a number below this live in warm processes, which outlive
    /// their tasks; all others end with theirs and must be buried.
    pub(crate) warm: u32,
    /// The task whose code judges the others: the main task of a dynamic program.
    pub(crate) judge_task: u32,
    /// `real`: the controller's process.
    pub(crate) controller_pid: u32,
    pub(crate) note: Note,
    /// Names of the tasks that may be killed, one a line; none if there is no rule.
    pub(in crate::kernel) victims: Text<VICTIMS>,
    /// The label that a dynamic program gave its outcome.
    pub(crate) label: Text<1024>,
    /// What happens before what, and the race that ended the execution.
    pub(in crate::kernel) order: Order,
    pub(crate) raced: Option<Raced>,
    /// Some task vanished: its stack or its process is gone.
    pub(in crate::kernel) vanished: bool,
    /// The slots were kept as they were in the end.
    pub(in crate::kernel) slots_kept: bool,
    /// `sim`: what the engine does for fibers.
    pub(crate) care: Option<Care>,
    /// `sim`: what the tasks of this execution run.
    pub(crate) job: *const (),
    /// `sim`: fibers that are resumed shall end.
    pub(crate) closing: bool,
}

impl Kernel {
    pub(crate) fn has_vanished(&self) -> bool {
        self.vanished
    }

    /// The slot of a task.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "a slot belongs to whoever holds the turn")]
    pub(crate) fn task(&self, index: usize) -> &mut Task {
        debug_assert!(index < self.parts.stride * 64);
        // SAFETY: index < capacity; invariant 1 of the module: only the holder of
        // the turn touches slots, and no caller keeps the reference across a switch
        // or takes two of one slot.
        unsafe { &mut *self.parts.tasks.add(index) }
    }

    /// Where the running task called the operation that it is at, or was at last: the place of
    /// atomics inside a primitive, which know none of their own.
    #[inline(always)]
    pub(in crate::kernel) fn site(&self) -> &'static Location<'static> {
        if self.current < self.tasks { self.task(self.current as usize).op.site } else { Location::caller() }
    }

    /// The address space of an object: 0 for memory that all tasks share, else the
    /// process that sees it.
    #[inline]
    pub(in crate::kernel) fn space(&self, address: usize) -> u32 {
        self.space_for(self.current as usize, address)
    }

    /// Whether the running task is inside a step's body.
    #[inline(always)]
    pub(in crate::kernel) fn is_inside(&self) -> bool {
        self.quiet & INSIDE != 0
    }

    /// The running task enters a step's body.
    #[inline(always)]
    pub(in crate::kernel) fn go_inside(&mut self) {
        self.quiet |= INSIDE;
    }

    /// The running task leaves a step's body.
    #[inline(always)]
    pub(in crate::kernel) fn go_outside(&mut self) {
        self.quiet &= !INSIDE;
    }

    /// Sets what was in force before others ran, save that they may have touched plain data.
    #[inline(always)]
    pub(in crate::kernel) fn restore_quiet(&mut self, quiet: u8) {
        self.quiet = quiet | self.quiet & RACES;
    }

    /// The word at `address` may have changed: tasks waiting for it may be enabled
    /// or no longer be.
    #[inline(always)]
    pub(in crate::kernel) fn touch(&mut self, address: usize) {
        let space = if self.mode == Mode::Sim { 0 } else { self.space(address) };
        self.guards.touch(address, space, self.parts.enabled, self.words as usize);
    }

    /// Adds a task to the execution.
    ///
    /// # Errors
    /// The limit on tasks, if it is reached.
    pub(crate) fn create(
        &mut self,
        role: Role,
        parent: u32,
        process: Option<u32>,
        name: &str,
        site: &'static Location<'static>,
    ) -> Result<usize, usize> {
        let index = self.tasks as usize;
        if index >= self.limits.tasks {
            return Err(self.limits.tasks);
        }
        self.tasks += 1;
        if self.words as usize * 64 < self.tasks as usize {
            self.words += 1;
            if self.words > 1 {
                self.be_careful();
            }
        }
        self.alive += 1;
        self.threads += u32::from(role == Role::Thread);
        self.set_enabled(index);
        let cause = self.steps.checked_sub(1).unwrap_or(NOBODY);
        let task = self.task(index);
        task.begin(role, parent, process.unwrap_or(index as u32), site);
        task.cause = cause;
        task.name.set(name);
        if let Some(process) = process.filter(|_| role == Role::Thread) {
            // Declared threads have no task that is their process and whose end is theirs.
            let process = self.task(process as usize);
            if process.role == Role::Process {
                self.task(index).lives_by = std::ptr::from_ref(&process.ended) as usize;
            }
        }
        if self.faults.any() {
            self.mark_victim(index, name);
        }
        if self.plan.policy.is_guided() {
            self.welcome(index, parent as usize);
        }
        if self.keeps_order() {
            self.order_start(parent as usize, index);
        }
        Ok(index)
    }

    /// The task whose `ended` word lies at `address`, if it is one.
    #[inline]
    pub(in crate::kernel) fn task_ending_at(&self, address: usize) -> Option<usize> {
        let offset = address.wrapping_sub(self.parts.tasks as usize + std::mem::offset_of!(Task, ended));
        let index = offset / size_of::<Task>();
        (offset.is_multiple_of(size_of::<Task>()) && index < self.tasks as usize).then_some(index)
    }

    /// How the execution ended, and which task ended it.
    pub(crate) fn ending(&self) -> (End, Option<usize>) {
        (self.end, (self.culprit != NOBODY).then_some(self.culprit as usize))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Where an address lies in the memory of the program that all tasks share.
    pub(crate) fn offset_of(&self, address: usize) -> Option<usize> {
        let memory = self.parts.memory as usize;
        (memory..memory + self.limits.memory).contains(&address).then(|| address - memory)
    }

    /// Takes over how executions are run from the kernel of another arena.
    pub(crate) fn take_over(&mut self, other: &Kernel) {
        self.granularity = other.granularity;
        self.faults = other.faults;
        self.victims = other.victims;
    }

    /// The address space of an object as task `index` sees it.
    pub(crate) fn object_space(&self, index: usize, address: usize) -> u32 {
        self.space_for(index, address)
    }

    pub(in crate::kernel) fn space_for(&self, task: usize, address: usize) -> u32 {
        if self.mode == Mode::Sim || self.is_shared(address) { 0 } else { self.task(task).process + 1 }
    }

    /// Whether all processes mean the same by an address.
    #[inline]
    pub(in crate::kernel) fn is_shared(&self, address: usize) -> bool {
        !is_address(address) || (self.parts.start..self.parts.end).contains(&address)
    }
}

/// Below it no memory is mapped.
pub(in crate::kernel) const LOWEST_ADDRESS: usize = 0x1_0000;

/// Small numbers are no addresses: users name objects of their own with them, and mean the
/// same object in every process. Large ones are files.
#[inline]
pub(in crate::kernel) fn is_address(object: usize) -> bool {
    (LOWEST_ADDRESS..crate::kernel::platform::stream::FILES).contains(&object)
}

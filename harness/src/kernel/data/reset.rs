//! Making a kernel, and making it ready for the next execution: in time proportional to the
//! tasks of the last one.
//!
//! Called by the engines. When a process dies here, the engine gives the execution up.

use super::arena::Limits;
use super::enabled::coarseness;
use super::fixed::Text;
use super::state::{Kernel, Launch, Mode, Parts, Request, WORDS};
use super::task::{NOBODY, State};
use crate::kernel::Granularity;
use crate::kernel::causality::order::Order;
use crate::kernel::platform::descriptor::Descriptors;
use crate::kernel::policy::Guide;
use crate::kernel::policy::bits::can_deposit;
use crate::kernel::schedule::plan::Plan;
use crate::kernel::step::decide::End;
use crate::kernel::step::fault::FaultPlan;
use crate::kernel::step::guard::Guards;
use crate::kernel::tasks::panic::Note;
use std::sync::atomic::AtomicU32;

impl Kernel {
    #[track_caller]
    pub(in crate::kernel) fn new(mode: Mode, limits: Limits, parts: Parts, guards: Guards) -> Kernel {
        Kernel {
            flags: 0,
            quiet: 0,
            over: true,
            mode,
            launch: Launch::Done,
            granularity: Granularity::Operation,
            end: End::Finished,
            current: 0,
            alive: 0,
            threads: 0,
            unwinders: 0,
            tasks: 0,
            declared: 0,
            coarse: coarseness(parts.stride),
            deposits: can_deposit(),
            words: 0,
            steps: 0,
            gone: 0,
            plain_until: 0,
            cursor: 0,
            limits,
            plan: Plan::STAY,
            faults: FaultPlan::NONE,
            guide: Guide::NEW,
            parts,
            guards,
            descriptors: Descriptors::new(),
            parked_head: NOBODY,
            parked_tail: NOBODY,
            clock: 0,
            used: 0,
            names: 0,
            dirty: 0,
            culprit: NOBODY,
            controller: AtomicU32::new(0),
            request: Request::Over,
            dying: 0,
            condemned: false,
            holder: NOBODY,
            lonely: 0,
            warm: 0,
            judge_task: NOBODY,
            controller_pid: 0,
            note: Note::EMPTY,
            victims: Text::EMPTY,
            label: Text::EMPTY,
            order: Order::NONE,
            raced: None,
            vanished: false,
            slots_kept: false,
            care: None,
            job: std::ptr::null(),
            closing: false,
        }
    }

    /// Which execution it is: a number that differs from that of the last one, never 0.
    pub(crate) fn epoch(&self) -> u32 {
        self.guards.epoch()
    }

    /// Makes the kernel ready for the next execution; program memory is handed out
    /// anew from its start.
    pub(crate) fn reset(&mut self) {
        if self.keeps_order() {
            self.reset_order();
        }
        for index in 0..self.tasks as usize {
            self.task(index).state = State::Free;
        }
        self.disable_all();
        self.reset_descriptors();
        self.guards.reset();
        self.flags = 0;
        self.quiet = if self.granularity == Granularity::Word { WORDS } else { 0 };
        self.over = false;
        self.launch = Launch::Done;
        self.end = End::Finished;
        self.current = 0;
        self.alive = 0;
        self.threads = 0;
        self.unwinders = Kernel::unwinders_at_first();
        self.tasks = 0;
        self.words = 0;
        self.steps = 0;
        self.gone = 0;
        self.cursor = 0;
        self.guide.reset();
        self.parked_head = NOBODY;
        self.parked_tail = NOBODY;
        self.clock = 0;
        self.used = 0;
        self.names = 0;
        self.culprit = NOBODY;
        self.dying = 0;
        self.condemned = false;
        self.faults.reset(self.plan.rng.seed());
        self.request = Request::Over;
        self.note.clear();
        self.label.clear();
        self.vanished = false;
        self.slots_kept = false;
        self.find_plain_steps();
    }

    /// Gives the turn to the first of the tasks that exist from the start; each
    /// runs up to its first operation before anybody is chosen.
    pub(crate) fn begin(&mut self) {
        self.launch = Launch::Next;
        self.current = 0;
        if self.tasks == 0 {
            self.finish_as(End::Finished, NOBODY);
        }
    }
}

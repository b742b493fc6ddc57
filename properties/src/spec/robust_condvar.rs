//! A condition variable and the robust mutex that belongs to it.
//!
//! | state of the caller | `wait` | `notify_one` | `notify_all` |
//! |---|---|---|---|
//! | holds the mutex | gives it up and waits; then takes it again, and is told what `lock` tells | some who wait are woken | all who wait are woken |
//! | does not | refused by the program | the same | the same |
//!
//! A wait has two parts, as that of [`Condvar`](super::Condvar). The mutex is a
//! [`RobustMutex`]: to give it up with a number that nobody repaired loses it. Who begins to wait
//! can be notified from then on, and may give the mutex up a little later: only a try can tell.
//!
//! When a task dies that was woken and has not got its mutex back, another one that waited
//! beside it is woken in its place; who began to wait later has looked at what the notification
//! was about. When one dies in a wait, wherever it is there, others may come back without cause,
//! then or later. When the holder dies, the next one is told, and who waits sleeps on.

use super::robust_mutex::{RobustMutex, RobustOp, RobustRet, RobustState};
use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};
use std::iter;

/// A condition variable with its robust mutex.
#[derive(Clone, Copy, Debug, Default)]
pub struct RobustCondvar;

/// What one can do with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RobustCondvarOp {
    /// Something that concerns the mutex alone.
    Mutex(RobustOp),
    /// Waits until notified, if the caller has the mutex.
    Wait,
    /// The same, for a while.
    WaitTimeout,
    /// Wakes one who waits.
    NotifyOne,
    /// Wakes all who wait.
    NotifyAll,
}

/// The mutex, who waits, and who was woken and does not have the mutex yet, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RobustCondvarState {
    /// The mutex.
    pub mutex: RobustState,
    /// Who waits.
    pub waiting: u32,
    /// Who was woken.
    pub woken: u32,
    /// Who waits and did when one of those was woken.
    pub beside: u32,
    /// Whether the holder of the mutex is one of those who wait or were woken: it is about to give
    /// the mutex up.
    pub leaving: bool,
    /// Who never comes out of its wait: it is killed before it has given the mutex up, or when
    /// it has it back.
    pub doomed: u32,
    /// Whether somebody died in a wait: others may come back without cause.
    pub stray: bool,
}

/// The mutex by itself.
const MUTEX: RobustMutex = RobustMutex { reentrant: false };

impl RobustCondvarState {
    /// The tasks of `some` do not wait any more: they are woken.
    fn wake(self, some: u32) -> Self {
        let waiting = self.waiting & !some;
        RobustCondvarState { waiting, woken: self.woken | some, beside: waiting, ..self }
    }

    /// The tasks of `some` are in no wait any more.
    fn without(self, some: u32) -> Self {
        let [waiting, woken] = [self.waiting, self.woken].map(|set| set & !some);
        let beside = if woken == 0 { 0 } else { self.beside & waiting };
        RobustCondvarState { waiting, woken, beside, ..self }
    }

    /// What becomes of a holder on its way into its wait: it gives the mutex up.
    fn left(self) -> impl Iterator<Item = Self> {
        let holder = self.mutex.holder.filter(|_| self.leaving).into_iter();
        let here = RobustCondvarState { leaving: false, ..self };
        holder.flat_map(move |holder| here.mutex(holder, RobustOp::Unlock)).map(|(_, state)| state)
    }

    /// What may become of it when `by` dies.
    fn deaths(self, by: Task) -> Vec<Self> {
        let bit = 1 << by;
        let mutex = MUTEX.died(&self.mutex, by);
        let stray = self.stray || (self.waiting | self.woken | self.doomed) & bit != 0;
        let left = RobustCondvarState { mutex, doomed: self.doomed & !bit, stray, ..self.without(bit) };
        let beside = self.beside & left.waiting;
        if self.woken & bit == 0 || beside == 0 {
            return vec![left];
        }
        let heirs = (0..u32::BITS).map(|heir| 1 << heir).filter(|heir| beside & heir != 0);
        heirs.map(|heir| RobustCondvarState { beside: beside & !heir, ..left.wake(heir) }).collect()
    }

    /// What the mutex comes to for `by`; the rest stays.
    fn mutex(self, by: Task, op: RobustOp) -> impl Iterator<Item = (RobustRet, Self)> {
        let outcomes = MUTEX.outcomes(&self.mutex, by, &op).into_iter();
        outcomes.map(move |(ret, mutex)| (ret, RobustCondvarState { mutex, ..self }))
    }
}

impl Specification for RobustCondvar {
    type Op = RobustCondvarOp;
    type Ret = RobustRet;
    type State = RobustCondvarState;

    fn init(&self) -> RobustCondvarState {
        let (waiting, woken, beside, doomed) = (0, 0, 0, 0);
        let mutex = MUTEX.init();
        RobustCondvarState { mutex, waiting, woken, beside, leaving: false, doomed, stray: false }
    }

    fn outcomes(&self, state: &RobustCondvarState, by: Task, op: &RobustCondvarOp) -> Vec<Outcome<Self>> {
        let bit = 1 << by;
        let waits = (state.waiting | state.woken) & bit != 0;
        match op {
            _ if state.doomed & bit != 0 => Vec::new(),
            RobustCondvarOp::Mutex(op) => {
                let before = state.mutex(by, *op);
                before.chain(state.left().flat_map(|left| left.mutex(by, *op))).collect()
            }
            RobustCondvarOp::Wait | RobustCondvarOp::WaitTimeout if !waits => {
                vec![(RobustRet::Refused, *state)]
            }
            RobustCondvarOp::Wait if state.woken & bit == 0 && !state.stray => Vec::new(),
            // A wait that took too long may have been woken at the last moment.
            RobustCondvarOp::Wait | RobustCondvarOp::WaitTimeout => {
                let here = iter::once(*state).filter(|here| here.mutex.holder != Some(by));
                let back = here.chain(state.left()).map(|state| state.without(bit));
                let ends = |back: Self::State| {
                    let doomed = RobustCondvarState { doomed: back.doomed | bit, ..back };
                    back.mutex(by, RobustOp::Lock).chain(doomed.mutex(by, RobustOp::Lock))
                };
                back.flat_map(ends).collect()
            }
            RobustCondvarOp::NotifyAll => vec![(RobustRet::Done, state.wake(state.waiting))],
            RobustCondvarOp::NotifyOne if state.waiting == 0 => vec![(RobustRet::Done, *state)],
            RobustCondvarOp::NotifyOne => {
                let some = (1..=state.waiting).filter(|some| some & !state.waiting == 0);
                some.map(|some| (RobustRet::Done, state.wake(some))).collect()
            }
        }
    }

    fn has_two_parts(&self, op: &RobustCondvarOp) -> bool {
        matches!(op, RobustCondvarOp::Wait | RobustCondvarOp::WaitTimeout)
    }

    fn begun(&self, state: &RobustCondvarState, by: Task, _: &RobustCondvarOp) -> Vec<RobustCondvarState> {
        if state.mutex.holder != Some(by) {
            return vec![*state];
        }
        let bit = 1 << by;
        let waits = RobustCondvarState { waiting: state.waiting | bit, leaving: true, ..*state };
        vec![waits, RobustCondvarState { doomed: state.doomed | bit, ..*state }]
    }

    fn may_wait(&self, state: &RobustCondvarState, by: Task, op: &RobustCondvarOp) -> bool {
        let is_in = |set: u32| set >> by & 1 == 1;
        let uncalled = *op == RobustCondvarOp::Wait && is_in(state.waiting);
        !is_in(state.doomed) && (uncalled || self.outcomes(state, by, op).is_empty())
    }

    fn deaths(&self, state: &RobustCondvarState, by: Task) -> Vec<RobustCondvarState> {
        let leaves = state.mutex.holder == Some(by);
        let here = RobustCondvarState { leaving: state.leaving && !leaves, ..*state };
        let left = state.left().filter(|_| leaves);
        iter::once(here).chain(left).flat_map(|state| state.deaths(by)).collect()
    }

    fn declaration(&self) -> String {
        "(RobustMutex::new(0), Condvar::new())".to_owned()
    }

    fn call(&self, op: &RobustCondvarOp) -> String {
        match op {
            RobustCondvarOp::Mutex(op) => return MUTEX.call(op),
            RobustCondvarOp::Wait => "wait()",
            RobustCondvarOp::WaitTimeout => "wait_timeout(1 s)",
            RobustCondvarOp::NotifyOne => "notify_one()",
            RobustCondvarOp::NotifyAll => "notify_all()",
        }
        .to_owned()
    }
}

//! Do the specifications say what the rows of the conformance table ask for?
//!
//! Each test is named after its rows. A specification is walked through by hand, one
//! operation after the other; what it allows and what it forbids are both asked.

use selvedge_properties::spec::*;
use std::collections::BTreeSet;

/// A walk: all states in which the object can be.
struct Walk<S: Specification> {
    spec: S,
    states: BTreeSet<S::State>,
}

impl<S: Specification> Walk<S> {
    fn new(spec: S) -> Walk<S> {
        let states = BTreeSet::from([spec.init()]);
        Walk { spec, states }
    }

    fn after(&self, by: Task, op: &S::Op, ret: &S::Ret) -> BTreeSet<S::State> {
        let outcomes = self.states.iter().flat_map(|state| self.spec.outcomes(state, by, op));
        outcomes.filter(|(answer, _)| answer == ret).map(|(_, state)| state).collect()
    }

    /// The first part of an operation of two.
    fn begins(&mut self, by: Task, op: S::Op) -> &mut Self {
        assert!(self.spec.has_two_parts(&op), "{op:?} has one part");
        self.states = self.states.iter().flat_map(|state| self.spec.begun(state, by, &op)).collect();
        self
    }

    /// `op`, or its second part, returns `ret`.
    #[track_caller]
    fn ends(&mut self, by: Task, op: S::Op, ret: S::Ret) -> &mut Self {
        let next = self.after(by, &op, &ret);
        assert!(!next.is_empty(), "{} -> {ret:?} by {by} in {:?}", self.spec.call(&op), self.states);
        self.states = next;
        self
    }

    /// All of `op`.
    #[track_caller]
    fn does(&mut self, by: Task, op: S::Op, ret: S::Ret) -> &mut Self {
        if self.spec.has_two_parts(&op) {
            self.begins(by, op.clone());
        }
        self.ends(by, op, ret)
    }

    /// `op` cannot return `ret` now.
    #[track_caller]
    fn never(&mut self, by: Task, op: S::Op, ret: S::Ret) -> &mut Self {
        assert!(self.after(by, &op, &ret).is_empty(), "{} -> {ret:?} by {by}", self.spec.call(&op));
        self
    }

    /// `op`, or its second part, waits.
    #[track_caller]
    fn waits(&mut self, by: Task, op: S::Op) -> &mut Self {
        let waits = |state: &S::State| self.spec.outcomes(state, by, &op).is_empty();
        assert!(self.states.iter().all(waits), "{} by {by} in {:?}", self.spec.call(&op), self.states);
        self
    }

    fn dies(&mut self, by: Task) -> &mut Self {
        self.states = self.states.iter().flat_map(|state| self.spec.deaths(state, by)).collect();
        self
    }
}

#[test]
fn c_thlock_03_04_05_09_a_mutex_is_taken_by_one_at_a_time() {
    let mut walk = Walk::new(Mutex);
    walk.does(0, MutexOp::TryLock, MutexRet::Holds(0)).does(1, MutexOp::TryLock, MutexRet::Refused);
    walk.waits(1, MutexOp::Lock).waits(0, MutexOp::Lock).never(1, MutexOp::TryLock, MutexRet::Holds(0));
    walk.does(0, MutexOp::Unlock, MutexRet::Done).does(1, MutexOp::Lock, MutexRet::Holds(1));
}

#[test]
fn c_thlock_13_14_what_is_not_held_cannot_be_given_back() {
    let mut walk = Walk::new(Mutex);
    walk.does(0, MutexOp::Unlock, MutexRet::Refused).never(0, MutexOp::Unlock, MutexRet::Done);
    walk.does(0, MutexOp::Lock, MutexRet::Holds(0)).does(1, MutexOp::Unlock, MutexRet::Refused);
}

#[test]
fn c_rlock_01_02_03_08_a_reentrant_mutex_counts() {
    let mut walk = Walk::new(RobustMutex { reentrant: true });
    walk.does(0, RobustOp::Unlock, RobustRet::Refused);
    for _ in 0..3 {
        walk.does(0, RobustOp::Lock, RobustRet::Holds(0));
    }
    walk.does(1, RobustOp::Unlock, RobustRet::Refused).waits(1, RobustOp::Lock);
    walk.does(0, RobustOp::Unlock, RobustRet::Done).does(0, RobustOp::Unlock, RobustRet::Done);
    walk.waits(1, RobustOp::Lock).does(0, RobustOp::Unlock, RobustRet::Done);
    walk.does(0, RobustOp::Unlock, RobustRet::Refused).does(1, RobustOp::Lock, RobustRet::Holds(0));
}

#[test]
fn a_death_is_told_once_and_to_one() {
    let mut walk = Walk::new(RobustMutex { reentrant: false });
    walk.does(0, RobustOp::Lock, RobustRet::Holds(0)).does(0, RobustOp::Write, RobustRet::Done);
    walk.waits(1, RobustOp::Lock).dies(0).never(1, RobustOp::Lock, RobustRet::Holds(1));
    walk.does(1, RobustOp::Lock, RobustRet::Died(1)).does(1, RobustOp::Repair, RobustRet::Done);
    walk.does(1, RobustOp::Unlock, RobustRet::Done).never(2, RobustOp::Lock, RobustRet::Died(1));
    walk.does(2, RobustOp::Lock, RobustRet::Holds(1)).dies(2).does(1, RobustOp::Lock, RobustRet::Died(1));
    walk.does(1, RobustOp::Unlock, RobustRet::Done).does(2, RobustOp::Lock, RobustRet::Lost);
}

#[test]
fn many_read_or_one_writes() {
    let mut walk = Walk::new(RwLock);
    walk.does(0, RwLockOp::Read, RobustRet::Holds(0)).does(1, RwLockOp::Read, RobustRet::Holds(0));
    walk.begins(2, RwLockOp::Write).waits(2, RwLockOp::Write).does(0, RwLockOp::Unlock, RobustRet::Done);
    walk.waits(2, RwLockOp::Write).dies(1).ends(2, RwLockOp::Write, RobustRet::Holds(0));
    walk.waits(0, RwLockOp::Read).does(0, RwLockOp::TryRead, RobustRet::Refused).dies(2);
    walk.does(0, RwLockOp::Read, RobustRet::Died(0)).does(3, RwLockOp::Read, RobustRet::Died(0));
}

#[test]
fn c_sem_02_04_the_permits_of_a_semaphore_are_counted() {
    use SemaphoreOp::{Acquire, Release, TryAcquire, Value};
    use SemaphoreRet::{Done, Refused};
    Walk::new(Semaphore { permits: 1, limit: 9 }).does(0, Acquire, Done).waits(1, Acquire);
    let mut walk = Walk::new(Semaphore { permits: 2, limit: 9 });
    walk.does(0, TryAcquire, Done).does(0, TryAcquire, Done).does(0, TryAcquire, Refused);
    walk.does(0, Release(1), Done).never(0, TryAcquire, Refused).does(0, TryAcquire, Done);
    walk.does(0, Value, SemaphoreRet::Value(0)).never(0, Value, SemaphoreRet::Value(1));
}

#[test]
fn c_sem_05_06_of_many_as_many_pass_as_there_are_permits() {
    use SemaphoreOp::{Acquire, Release, TryAcquire};
    let mut walk = Walk::new(Semaphore { permits: 7, limit: 99 });
    walk.does(0, Acquire, SemaphoreRet::Done);
    for task in 1..7 {
        walk.does(task, Acquire, SemaphoreRet::Done);
    }
    walk.waits(7, Acquire).does(0, Release(7), SemaphoreRet::Done);
    for task in 1..8 {
        walk.does(task, TryAcquire, SemaphoreRet::Done);
    }
    walk.does(0, TryAcquire, SemaphoreRet::Refused);
}

#[test]
fn c_sem_09_10_14_only_a_bounded_semaphore_refuses_a_permit_too_many() {
    use SemaphoreOp::{Acquire, Release, Value};
    let mut walk = Walk::new(Semaphore { permits: 2, limit: 99 });
    walk.does(0, Release(1), SemaphoreRet::Done).does(0, Release(1), SemaphoreRet::Done);
    walk.does(0, Value, SemaphoreRet::Value(4));
    let mut walk = Walk::new(Semaphore { permits: 2, limit: 2 });
    walk.does(0, Release(1), SemaphoreRet::Refused).does(0, Acquire, SemaphoreRet::Done);
    walk.does(0, Release(1), SemaphoreRet::Done).never(0, Release(1), SemaphoreRet::Done);
}

#[test]
fn no_permit_is_lost_with_a_dead_holder() {
    let mut walk = Walk::new(RobustSemaphore { permits: 1 });
    walk.does(0, PermitOp::Acquire, SemaphoreRet::Done).waits(1, PermitOp::Acquire);
    walk.does(1, PermitOp::Release, SemaphoreRet::Refused).dies(0);
    walk.does(1, PermitOp::Acquire, SemaphoreRet::Done).does(1, PermitOp::Value, SemaphoreRet::Value(0));
}

#[test]
fn c_cond_01_02_waiting_takes_the_lock() {
    let mut walk = Walk::new(Condvar);
    walk.does(0, CondvarOp::Wait, MutexRet::Refused).does(0, CondvarOp::Lock, MutexRet::Done);
    walk.waits(1, CondvarOp::Lock).begins(0, CondvarOp::Wait).waits(0, CondvarOp::Wait);
    walk.does(1, CondvarOp::Lock, MutexRet::Done).does(1, CondvarOp::NotifyOne, MutexRet::Done);
    walk.waits(0, CondvarOp::Wait).does(1, CondvarOp::Unlock, MutexRet::Done);
    walk.ends(0, CondvarOp::Wait, MutexRet::Done).waits(1, CondvarOp::Lock);
}

#[test]
fn c_cond_04_07_08_nobody_wakes_by_itself_and_notify_all_wakes_all() {
    let mut walk = Walk::new(Condvar);
    for task in 0..2 {
        walk.does(task, CondvarOp::Lock, MutexRet::Done).begins(task, CondvarOp::Wait);
    }
    walk.waits(0, CondvarOp::Wait).waits(1, CondvarOp::Wait);
    walk.does(2, CondvarOp::NotifyAll, MutexRet::Done);
    for task in 0..2 {
        walk.ends(task, CondvarOp::Wait, MutexRet::Done).does(task, CondvarOp::Unlock, MutexRet::Done);
    }
    walk.does(0, CondvarOp::Lock, MutexRet::Done).does(0, CondvarOp::WaitTimeout, MutexRet::Done);
}

#[test]
fn c_event_01_03_an_event_is_set_and_cleared_however_often() {
    let mut walk = Walk::new(Event);
    walk.does(0, EventOp::IsSet, false).does(0, EventOp::WaitTimeout, false);
    for _ in 0..2 {
        walk.does(0, EventOp::Set, true).does(0, EventOp::IsSet, true).does(0, EventOp::WaitTimeout, true);
    }
    for _ in 0..2 {
        walk.does(0, EventOp::Clear, true).does(0, EventOp::IsSet, false);
    }
    walk.begins(1, EventOp::Wait).waits(1, EventOp::Wait);
}

#[test]
fn c_event_04_07_who_waits_when_it_is_set_is_released_though_it_is_cleared() {
    let mut walk = Walk::new(Event);
    walk.begins(1, EventOp::Wait).does(0, EventOp::Set, true).does(0, EventOp::Clear, true);
    walk.begins(2, EventOp::Wait).waits(2, EventOp::Wait).ends(1, EventOp::Wait, true);
}

#[test]
fn c_barrier_01_02_09_all_pass_with_a_place_of_their_own() {
    let wait = BarrierOp::Wait;
    let mut walk = Walk::new(Barrier { parties: 3 });
    walk.begins(0, wait).begins(1, wait).waits(0, wait).waits(1, wait).begins(2, wait);
    walk.ends(0, wait, BarrierRet::Passed(2)).never(1, wait, BarrierRet::Passed(2));
    walk.ends(1, wait, BarrierRet::Passed(0)).begins(0, wait).waits(0, wait);
    walk.ends(2, wait, BarrierRet::Passed(1)).begins(1, wait).waits(1, wait);
    Walk::new(Barrier { parties: 1 }).does(0, wait, BarrierRet::Passed(0));
}

#[test]
fn c_barrier_04_who_waits_at_a_broken_barrier_fails() {
    let mut walk = Walk::new(Barrier { parties: 3 });
    walk.begins(0, BarrierOp::Wait).begins(1, BarrierOp::Wait).does(2, BarrierOp::Abort, BarrierRet::Done);
    walk.ends(0, BarrierOp::Wait, BarrierRet::Broken).does(
        2,
        BarrierOp::IsBroken,
        BarrierRet::IsBroken(true),
    );
    walk.does(2, BarrierOp::Wait, BarrierRet::Broken).does(2, BarrierOp::Reset, BarrierRet::Done);
    walk.ends(1, BarrierOp::Wait, BarrierRet::Broken).begins(0, BarrierOp::Wait).waits(0, BarrierOp::Wait);
}

#[test]
fn what_is_done_once_is_done_by_one() {
    let mut walk = Walk::new(Once);
    walk.waits(1, OnceOp::Wait).does(0, OnceOp::CallOnce, true).never(1, OnceOp::CallOnce, true);
    walk.does(1, OnceOp::CallOnce, false).does(1, OnceOp::Wait, true);
}

#[test]
fn what_a_file_lock_guards_is_raised_by_one_at_a_time() {
    use FileLockRet::{Found, Refused, Was};
    let mut walk = Walk::new(FileLock);
    walk.does(0, FileLockOp::Raise, Was(0)).does(1, FileLockOp::TryRaise, Was(1));
    walk.never(1, FileLockOp::Raise, Was(1)).never(0, FileLockOp::Raise, Refused);
    walk.does(0, FileLockOp::TryRaise, Refused).does(0, FileLockOp::Read, Found(2, 2));
    walk.never(1, FileLockOp::Read, Found(2, 1)).never(1, FileLockOp::TryRead, Found(1, 1));
}

#[test]
fn c_tqueue_01_items_leave_in_their_order() {
    for (order, leave) in
        [(Order::Fifo, [111, 233, 222]), (Order::Lifo, [222, 233, 111]), (Order::Priority, [111, 222, 233])]
    {
        let mut walk = Walk::new(Queue { order, capacity: Some(3) });
        for item in [111, 233, 222] {
            walk.does(0, QueueOp::Put(item), QueueRet::Done);
        }
        walk.does(0, QueueOp::Size, QueueRet::Size(3)).does(0, QueueOp::TryPut(0), QueueRet::Full);
        walk.waits(0, QueueOp::Put(0));
        for item in leave {
            walk.does(1, QueueOp::Get, QueueRet::Took(item));
        }
        walk.does(1, QueueOp::TryGet, QueueRet::Empty).waits(1, QueueOp::Get);
    }
}

#[test]
fn c_tqueue_02_08_c_mpqueue_01_a_queue_is_full_at_its_capacity_and_empty_at_zero() {
    let mut walk = Walk::new(Queue { order: Order::Fifo, capacity: Some(6) });
    for item in 0..6 {
        walk.never(0, QueueOp::TryPut(item), QueueRet::Full).does(0, QueueOp::TryPut(item), QueueRet::Done);
    }
    walk.never(0, QueueOp::TryPut(6), QueueRet::Done).does(1, QueueOp::TryGet, QueueRet::Took(0));
    walk.does(0, QueueOp::TryPut(6), QueueRet::Done).does(1, QueueOp::Close, QueueRet::WasOpen(true));
    walk.does(0, QueueOp::Put(7), QueueRet::Closed);
    for item in 1..7 {
        walk.does(1, QueueOp::Get, QueueRet::Took(item));
    }
    walk.does(1, QueueOp::Get, QueueRet::Closed).does(1, QueueOp::Close, QueueRet::WasOpen(false));
}

#[test]
fn c_tqueue_04_05_joining_waits_for_all_that_was_put() {
    let queue = JoinableOp::Queue;
    let mut walk = Walk::new(JoinableQueue { capacity: None });
    walk.does(0, JoinableOp::Join, JoinableRet::Done).does(0, JoinableOp::TaskDone, JoinableRet::Refused);
    walk.does(0, queue(QueueOp::Put(1)), JoinableRet::Queue(QueueRet::Done)).waits(0, JoinableOp::Join);
    walk.does(1, queue(QueueOp::Get), JoinableRet::Queue(QueueRet::Took(1))).waits(0, JoinableOp::Join);
    walk.does(0, JoinableOp::TaskDone, JoinableRet::Refused).does(1, JoinableOp::TaskDone, JoinableRet::Done);
    walk.does(0, JoinableOp::Join, JoinableRet::Done);
    walk.does(0, queue(QueueOp::Put(2)), JoinableRet::Queue(QueueRet::Done));
    walk.does(1, queue(QueueOp::Get), JoinableRet::Queue(QueueRet::Took(2))).dies(1);
    walk.does(0, JoinableOp::Join, JoinableRet::Lost(1)).does(0, JoinableOp::Join, JoinableRet::Done);
}

#[test]
fn c_shct_01_03_what_one_writes_another_one_sees() {
    let mut walk = Walk::new(Value);
    walk.does(0, ValueOp::Get, ValueRet::Was(0)).does(1, ValueOp::Set(7), ValueRet::Done);
    walk.never(0, ValueOp::Get, ValueRet::Was(0)).does(0, ValueOp::Add(1), ValueRet::Was(7));
    walk.does(1, ValueOp::Exchange(7, 0), ValueRet::Refused(8));
    walk.does(1, ValueOp::Exchange(8, 0), ValueRet::Was(8)).does(0, ValueOp::Get, ValueRet::Was(0));
    let mut walk = Walk::new(Array { len: 2 });
    walk.does(0, (1, ValueOp::Set(5)), ValueRet::Done).does(1, (0, ValueOp::Get), ValueRet::Was(0));
    walk.does(1, (1, ValueOp::Get), ValueRet::Was(5));
}

#[test]
fn c_manager_04_a_map_keeps_what_was_put_in() {
    let mut walk = Walk::new(Map { capacity: 1 });
    walk.does(0, MapOp::Get(1), MapRet::Found(None)).does(0, MapOp::Insert(1, 5), MapRet::Found(None));
    walk.does(1, MapOp::Insert(2, 6), MapRet::Full).does(1, MapOp::Insert(1, 6), MapRet::Found(Some(5)));
    walk.does(0, MapOp::Len, MapRet::Len(1)).does(0, MapOp::Remove(1), MapRet::Found(Some(6)));
    walk.does(0, MapOp::Get(1), MapRet::Found(None)).does(0, MapOp::Len, MapRet::Len(0));
}

#[test]
fn c_cond_01_04_a_wait_over_a_robust_mutex_takes_it_and_a_notification_survives_its_waiter() {
    use RobustCondvarOp::{NotifyAll, NotifyOne, Wait};
    let (lock, unlock) = (RobustCondvarOp::Mutex(RobustOp::Lock), RobustCondvarOp::Mutex(RobustOp::Unlock));
    let mut walk = Walk::new(RobustCondvar);
    walk.does(0, Wait, RobustRet::Refused);
    for task in 0..2 {
        walk.does(task, lock, RobustRet::Holds(0)).begins(task, Wait).waits(task, Wait);
    }
    walk.does(2, NotifyOne, RobustRet::Done).dies(0);
    // Whichever was woken, task 1 comes back or may.
    walk.never(1, Wait, RobustRet::Died(0)).ends(1, Wait, RobustRet::Holds(0)).waits(2, lock);
    walk.dies(1).does(2, lock, RobustRet::Died(0)).begins(2, Wait).does(3, NotifyAll, RobustRet::Done);
    walk.never(2, Wait, RobustRet::Holds(0)).ends(2, Wait, RobustRet::Lost).does(3, lock, RobustRet::Lost);
    let mut walk = Walk::new(RobustCondvar);
    walk.does(0, lock, RobustRet::Holds(0)).begins(0, Wait).does(1, lock, RobustRet::Holds(0)).dies(1);
    walk.waits(0, Wait).does(2, lock, RobustRet::Died(0)).does(2, unlock, RobustRet::Done).waits(0, Wait);
}

/// Who is on its way into a wait can be notified while a try still finds its mutex taken.
#[test]
fn a_wait_is_notified_from_its_beginning_on() {
    use RobustCondvarOp::{Mutex, NotifyOne, Wait};
    let [lock, tried] = [RobustOp::Lock, RobustOp::TryLock].map(Mutex);
    let mut walk = Walk::new(RobustCondvar);
    walk.does(0, NotifyOne, RobustRet::Done).does(0, lock, RobustRet::Holds(0)).begins(0, Wait);
    walk.never(0, Wait, RobustRet::Holds(0)).does(1, NotifyOne, RobustRet::Done);
    walk.does(1, tried, RobustRet::Refused).does(1, lock, RobustRet::Holds(0));
    walk.never(1, tried, RobustRet::Holds(0)).never(0, Wait, RobustRet::Holds(0));
    walk.does(0, NotifyOne, RobustRet::Done).begins(1, Wait).ends(0, Wait, RobustRet::Holds(0));
}

#[test]
fn c_conn_03_10_12_17_messages_arrive_in_order_and_then_the_end() {
    let mut walk = Walk::new(Pipe::default().fit(3));
    walk.waits(0, PipeOp::Recv).does(1, PipeOp::Send(5), PipeRet::Done).does(
        2,
        PipeOp::Send(6),
        PipeRet::Done,
    );
    walk.never(0, PipeOp::Recv, PipeRet::Got(6)).does(0, PipeOp::Recv, PipeRet::Got(5));
    walk.does(1, PipeOp::Close, PipeRet::Done).does(1, PipeOp::Send(7), PipeRet::Refused);
    walk.never(0, PipeOp::Recv, PipeRet::EndOfFile).does(0, PipeOp::Recv, PipeRet::Got(6));
    walk.waits(0, PipeOp::Recv).dies(2).does(0, PipeOp::Recv, PipeRet::EndOfFile);
    walk.does(0, PipeOp::Send(1), PipeRet::Refused);
    let mut walk = Walk::new(Pipe::default().fit(2));
    walk.never(1, PipeOp::Send(1), PipeRet::Broken).does(1, PipeOp::Recv, PipeRet::Refused);
    walk.does(0, PipeOp::Close, PipeRet::Done).does(1, PipeOp::Send(1), PipeRet::Broken);
}

#[test]
fn c_shm_12_an_item_is_what_was_written_last() {
    let mut walk = Walk::new(List { len: 2 });
    walk.does(0, ListOp::Get(1), ListRet::Is(0)).does(0, ListOp::Set(1, 7), ListRet::Done);
    walk.never(1, ListOp::Get(1), ListRet::Is(0)).never(1, ListOp::Get(1), ListRet::Torn);
    walk.dies(0).does(1, ListOp::Get(1), ListRet::Is(7)).does(1, ListOp::Get(0), ListRet::Is(0));
}

#[test]
fn c_pool_01_03_12_each_task_is_run_once_and_its_result_comes_in_its_place() {
    use PoolOp::{Close, Collect, Join, Submit};
    let mut walk = Walk::new(Pool { workers: 2 });
    walk.does(0, Collect, PoolRet::Nothing).does(0, Submit(3), PoolRet::Done).does(
        0,
        Submit(5),
        PoolRet::Done,
    );
    walk.never(0, Collect, PoolRet::Result(6)).never(0, Collect, PoolRet::Lost);
    walk.does(1, Collect, PoolRet::Nothing).does(0, Collect, PoolRet::Result(4));
    walk.does(0, Join, PoolRet::Refused).does(1, Close, PoolRet::Done).does(0, Submit(7), PoolRet::Refused);
    walk.never(0, Join, PoolRet::Runs(1)).never(0, Join, PoolRet::Runs(3)).does(0, Join, PoolRet::Runs(2));
    walk.does(0, Collect, PoolRet::Result(6));
    // A worker dies: one task may be lost, and no more.
    let mut walk = Walk::new(Pool { workers: 2 });
    walk.does(0, Submit(1), PoolRet::Done).does(0, Submit(2), PoolRet::Done).dies(9);
    walk.does(0, Collect, PoolRet::Lost).never(0, Collect, PoolRet::Lost).does(
        0,
        Collect,
        PoolRet::Result(3),
    );
    walk.does(0, Close, PoolRet::Done).never(0, Join, PoolRet::Runs(0)).never(0, Join, PoolRet::Runs(3));
    walk.does(0, Join, PoolRet::Runs(1));
}

#[test]
fn c_manager_01_a_vector_keeps_its_elements_in_their_places() {
    use VectorOp::{Get, Pop, Push, Set, SwapRemove, ToVec};
    use VectorRet::{All, At, Found, Refused};
    let mut walk = Walk::new(Vector { capacity: 3 });
    walk.does(0, Pop, Found(None)).does(0, Set(0, 1), Refused).does(1, SwapRemove(0), Refused);
    walk.does(0, Push(5), At(0)).does(1, Push(6), At(1)).does(0, Push(7), At(2)).does(1, Push(8), Refused);
    walk.never(0, Get(1), Found(None)).does(0, Set(1, 9), Found(Some(6))).dies(0);
    walk.does(1, Get(1), Found(Some(9))).does(1, SwapRemove(0), Found(Some(5)));
    walk.does(1, ToVec, All(vec![7, 9])).does(1, Pop, Found(Some(9))).does(1, Get(1), Found(None));
}

#[test]
fn an_arena_finds_what_was_inserted_until_it_is_removed() {
    use ArenaOp::{Get, Insert, Len, Remove, Set, ToVec};
    use ArenaRet::{All, Done, Found, Refused};
    let mut walk = Walk::new(Arena { capacity: 2 });
    walk.does(0, Get(0), Found(None)).does(0, Insert(5), Done).does(1, Insert(6), Done);
    walk.does(1, Insert(7), Refused).never(1, Insert(7), Done).does(1, Get(1), Found(None));
    walk.does(1, Get(0), Found(Some(6))).does(0, Set(0, 9), Found(Some(5))).dies(0);
    walk.does(1, ToVec, All(vec![6, 9])).does(1, Remove(0), Found(Some(6))).does(1, Remove(0), Found(None));
    // Another value in the same place is not the one that was there.
    walk.does(1, Insert(8), Done).does(1, Get(0), Found(None)).does(1, Get(1), Found(Some(8)));
    walk.does(1, Len, ArenaRet::Len(2));
}

#[test]
fn a_channel_for_two_keeps_the_order_and_tells_of_its_end() {
    use SpscRet::{Closed, Done, Empty, Full, Got, Refused, WasOpen};
    let channel = Spsc { capacity: 1, ends: 2 };
    let mut walk = Walk::new(channel);
    walk.waits(RECEIVER, SpscOp::Recv).does(RECEIVER, SpscOp::TryRecv, Empty);
    walk.does(SENDER, SpscOp::Send(1), Done).waits(SENDER, SpscOp::Send(2));
    walk.does(SENDER, SpscOp::TrySend(2), Full).does(RECEIVER, SpscOp::Len, SpscRet::Len(1));
    walk.does(SENDER, SpscOp::Recv, Refused).does(RECEIVER, SpscOp::Send(3), Refused);
    walk.does(SENDER, SpscOp::Drop, Done).does(SENDER, SpscOp::TrySend(2), Refused);
    walk.does(RECEIVER, SpscOp::Close, WasOpen(false)).never(RECEIVER, SpscOp::Recv, Closed);
    walk.does(RECEIVER, SpscOp::Recv, Got(1)).does(RECEIVER, SpscOp::Recv, Closed);
    let mut walk = Walk::new(channel);
    walk.does(RECEIVER, SpscOp::Drop, Done).does(SENDER, SpscOp::Send(1), Closed);
    // Nobody is told of a death.
    let mut walk = Walk::new(channel);
    walk.dies(SENDER).waits(RECEIVER, SpscOp::Recv);
    Walk::new(channel.fit(1)).does(RECEIVER, SpscOp::Recv, Closed);
}

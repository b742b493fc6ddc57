//! Programs drawn at random.
//!
//! A program is a list of actions for each task. Families of programs differ in what they
//! are drawn from: what is known of one (its number of traces, say) is asked only of it.

use selvedge_harness::Rng;

/// Tasks at most, and actions of each.
pub(super) const MOST: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get(usize),
    Set(usize, u32),
    Add(usize),
    Exchange(usize, u32, u32),
    /// Panics if it reads this number.
    PanicIf(usize, u32),
    /// The same by `resume_unwind`, of which no panic hook is told.
    ResumeIf(usize, u32),
    /// Catches a panic of the actions since the last of these, and goes on.
    Recover,
    /// From here to the next recovery there is something whose destructor takes this lock.
    Tidy(usize),
    IsLocked(usize),
    IsPoisoned(usize),
    ClearPoison(usize),
    /// Ends the task if it reads this number.
    LeaveIf(usize, u32),
    /// Ends the process if it reads this number: nothing is given back.
    ExitIf(usize, u32),
    Look,
    Change,
    Lock(usize),
    Unlock(usize),
    TryLock(usize),
    LockBriefly(usize),
    Read,
    ReadBriefly,
    Write,
    WriteBriefly,
    TryRead,
    TryWrite,
    GiveBack,
    Wait,
    WaitBriefly,
    NotifyOne,
    NotifyAll,
    Acquire,
    TryAcquire,
    AcquireBriefly,
    Release,
    /// Takes a place, as long as the task runs, of which there is one.
    TryEnter,
    Leave,
    SetEvent,
    ClearEvent,
    AwaitEvent,
    AwaitEventBriefly,
    Put(u32),
    PutBriefly(u32),
    Take,
    TakeBriefly,
    TryPut(u32),
    TryTake,
    Await(usize, u32),
    /// Lets so many times pass what a brief wait takes.
    Sleep(u32),
    /// Waits at a barrier for two.
    Meet,
    MeetBriefly,
    TryMeet,
    /// How many wait at the barrier.
    Meeting,
    IsBroken,
    Abort,
    Reset,
    /// Takes a lock that survives its holder.
    Inherit,
    InheritBriefly,
    TryInherit,
    /// Gives that lock up until notified.
    WaitAsHeir,
    WaitAsHeirBriefly,
    Bequeath,
    /// Fills a cell that is filled once.
    Fill,
    FillBriefly,
    TryFill,
    IsFilled,
}

/// What programs are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Reads, writes, additions, exchanges; tasks that panic or leave where they read this
    /// or that.
    Words,
    /// The same, and plain data.
    Cells,
    /// Words, plain data and locks.
    Locks,
    /// Words, and tasks that catch their panics.
    Caught,
    /// The same with locks, which panics poison.
    Poisoned,
    /// The same with destructors that wait.
    Tidied,
    /// Words, a lock and a condition variable.
    Conditions,
    /// Words, and tries of whatever can be tried.
    Tries,
    /// Words, a semaphore, an event, a reader-writer lock; waits with a deadline.
    Waits,
    /// Words and a queue of one item.
    Queues,
    /// Waits of every kind with a deadline, and sleeps that end at the same moments.
    Ties,
    /// Words, a lock, a condition variable, and the same.
    TiedConditions,
    /// Words, locks that survive who has them, and cells that are filled once.
    Heirs,
    /// Words and a barrier, with deadlines and without.
    Barriers,
    /// Words, and processes that end with a lock that survives them.
    Wills,
    /// Everything.
    All,
}

impl Family {
    fn draw(self, rng: &mut Rng) -> Action {
        use Action::*;
        let which = rng.below(2) as usize;
        let number = rng.below(3);
        let words = [
            Get(which),
            Set(which, number),
            Set(which, number),
            Add(which),
            Exchange(which, number, rng.below(3)),
            PanicIf(which, number),
            LeaveIf(which, number),
        ];
        let poisoned = [
            PanicIf(which, number),
            ResumeIf(which, number),
            Recover,
            Recover,
            Recover,
            Lock(which),
            Lock(which),
            TryLock(which),
            IsLocked(which),
            IsPoisoned(which),
            ClearPoison(which),
        ];
        let tidied = [&poisoned[..], &[Tidy(which), Tidy(which), Unlock(which)]].concat();
        let more: &[Action] = match self {
            Family::Words => &[],
            Family::Cells => &[Look, Change],
            Family::Locks => &[
                Look,
                Change,
                Lock(which),
                Lock(which),
                Lock(which),
                Unlock(which),
                TryLock(which),
                ExitIf(which, number),
            ],
            Family::Caught => &[PanicIf(which, number), Recover, Recover, Recover],
            Family::Poisoned => &poisoned,
            Family::Tidied => &tidied,
            Family::Tries => &[
                Lock(which),
                TryLock(which),
                Unlock(which),
                Acquire,
                TryAcquire,
                TryAcquire,
                Release,
                TryRead,
                TryRead,
                TryWrite,
                GiveBack,
                TryEnter,
                TryEnter,
                Leave,
                Inherit,
                TryInherit,
                TryInherit,
                Bequeath,
                TryFill,
                TryFill,
            ],
            Family::Conditions => {
                &[Lock(0), Lock(0), Lock(0), Unlock(0), Wait, Wait, WaitBriefly, NotifyOne, NotifyAll, Change]
            }
            Family::Waits => &[
                LockBriefly(0),
                Unlock(0),
                Read,
                Write,
                TryWrite,
                GiveBack,
                Acquire,
                TryAcquire,
                AcquireBriefly,
                Release,
                SetEvent,
                ClearEvent,
                AwaitEvent,
                Await(which, number),
            ],
            Family::Queues => &[Put(number), TryPut(number), Take, Take, TryTake, Look],
            Family::Ties => &[
                Sleep(1),
                Sleep(1),
                Sleep(2),
                LockBriefly(0),
                Unlock(0),
                ReadBriefly,
                WriteBriefly,
                GiveBack,
                AcquireBriefly,
                Release,
                SetEvent,
                ClearEvent,
                AwaitEventBriefly,
                PutBriefly(number),
                TakeBriefly,
                TryTake,
            ],
            Family::TiedConditions => &[
                Sleep(1),
                Sleep(1),
                Sleep(2),
                Lock(0),
                Lock(0),
                LockBriefly(0),
                Unlock(0),
                WaitBriefly,
                WaitBriefly,
                Wait,
                NotifyOne,
                NotifyAll,
            ],
            Family::Barriers => &[
                Sleep(1),
                Meet,
                Meet,
                MeetBriefly,
                MeetBriefly,
                TryMeet,
                Meeting,
                Meeting,
                IsBroken,
                Abort,
                Reset,
            ],
            Family::Heirs => &[
                Sleep(1),
                Inherit,
                Inherit,
                InheritBriefly,
                Bequeath,
                WaitAsHeir,
                WaitAsHeirBriefly,
                NotifyOne,
                NotifyAll,
                ExitIf(which, number),
                Recover,
                Fill,
                FillBriefly,
                IsFilled,
            ],
            Family::Wills => &[
                Inherit,
                Inherit,
                TryInherit,
                Bequeath,
                ExitIf(which, number),
                ExitIf(which, number),
                ExitIf(which, number),
            ],
            Family::All => &[
                Sleep(1),
                AwaitEventBriefly,
                PutBriefly(number),
                TakeBriefly,
                ReadBriefly,
                WriteBriefly,
                ExitIf(which, number),
                Recover,
                Tidy(which),
                IsPoisoned(which),
                Look,
                Change,
                Lock(which),
                Lock(which),
                Unlock(which),
                TryLock(which),
                LockBriefly(which),
                Read,
                Write,
                TryWrite,
                GiveBack,
                Wait,
                WaitBriefly,
                NotifyOne,
                NotifyAll,
                Acquire,
                TryAcquire,
                AcquireBriefly,
                Release,
                SetEvent,
                ClearEvent,
                AwaitEvent,
                Put(number),
                Take,
                TryTake,
                Await(which, number),
            ],
        };
        let all = words.len() + more.len();
        let at = rng.below(all as u32) as usize;
        words.get(at).copied().unwrap_or_else(|| more[at - words.len()])
    }

    /// Program number `number` of a seed.
    pub(super) fn program(self, seed: u64, number: u64) -> Vec<Vec<Action>> {
        let mut rng = Rng::derive(seed, number);
        let tasks = 2 + rng.below(MOST as u32 - 1);
        (0..tasks).map(|_| (0..=rng.below(MOST as u32)).map(|_| self.draw(&mut rng)).collect()).collect()
    }
}

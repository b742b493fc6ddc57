//! Is every mutant caught, by the check that `docs/mutants.md` names, and what is like it but
//! sound not?

use selvedge_harness::Verdict;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_properties::mutant::{arena, array, file_lock, joinable_queue, list, map, pipe, pool};
use selvedge_properties::mutant::{barrier, condvar, event, mutex, once, queue, reentrant_mutex};
use selvedge_properties::mutant::{priority_queue, spsc, stack, value, vector};
use selvedge_properties::mutant::{robust_condvar, robust_mutex, robust_semaphore, rwlock, semaphore};
use selvedge_properties::program::{Apart, Caught, Generated, OfCrew, Threads, Tried, breaks, hunt};
use selvedge_properties::spec::{RobustCondvar, RobustCondvarOp, RobustOp, Specification, Vector, VectorOp};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Programs until a mutant counts as having survived, and those that the sound one must pass.
const PROGRAMS: (u32, u32) = (400, 25);

/// How each program is explored: by the default strategy, every access a step.
fn way(kills: u8) -> [Config; 1] {
    let config = Config::default().granularity(Granularity::Word).executions(60);
    [config.faults(Faults::kills(kills)).ignore_environment()]
}

/// `mutex::check_then_take`: where a mutant stands.
fn place<T>() -> String {
    let path = std::any::type_name::<T>();
    let path = path.rsplit('<').next().unwrap().trim_end_matches('>');
    let parts: Vec<&str> = path.split("::").skip_while(|part| *part != "mutant").skip(1).take(2).collect();
    if parts.is_empty() { path.to_owned() } else { parts.join("::") }
}

/// Which check caught it.
fn check<T: Tried>(caught: &Caught<T>) -> &'static str {
    match &caught.report.finding.as_ref().expect("it was explained").recording.verdict {
        Verdict::Law { message, .. } | Verdict::Panic { message, .. }
            if message.contains("that nobody can go on") =>
        {
            "stuck"
        }
        Verdict::Law { message, .. } | Verdict::Panic { message, .. }
            if message.starts_with("not as specified") =>
        {
            "history"
        }
        Verdict::Livelock { .. } => "livelock",
        other => panic!("an unforeseen check: {other}"),
    }
}

/// The mutants of the table, each with the checks that catch it.
fn table() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mutants.md");
    let text = fs::read_to_string(path).unwrap();
    // What follows is of the models, which loom runs.
    let rows = text.split("| machine |").next().unwrap_or_default().lines();
    let rows = rows.filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`').to_owned(), cells[3].to_owned())
    })
    .collect()
}

/// A mutant must be caught as the table says.
fn dies<T: Tried>(kills: u8) {
    let name = place::<T>();
    let ways = way(kills);
    let caught = match hunt::<T>(PROGRAMS.0, &ways) {
        Ok(counts) => panic!("{name} survived {counts:?}"),
        Err(caught) => caught,
    };
    println!("{name} in program {}\n{caught}\n", caught.programs);
    is_explained(&caught, &ways);
    let rows = table();
    let (_, checks) = rows.iter().find(|row| row.0 == name).expect("docs/mutants.md lists every mutant");
    assert!(checks.split(", ").any(|known| known == check(&caught)), "{name}: {checks}\n{caught}");
}

/// The message shows the program and the schedule, both made smaller: without any task or
/// operation it would not fail.
fn is_explained<T: Tried>(caught: &Caught<T>, ways: &[Config]) {
    let text = caught.to_string();
    for part in ["    let it = ", "\n    task 0:", "\n  shrunk ", "\nreproduce: "] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    for smaller in caught.program.smaller() {
        assert!(!breaks::<T>(&smaller, ways), "this would do:\n{smaller}\nbut it says\n{text}");
    }
}

/// What a mutant would be without its mistake must not be caught.
fn lives<T: Tried>(kills: u8) {
    if let Err(caught) = hunt::<T>(PROGRAMS.1, &way(kills)) {
        panic!("{} is sound, but\n{caught}", place::<T>());
    }
}

macro_rules! mutants {
    ($($test:ident, kills $kills:literal: $sound:ty; $($mutant:ty),*;)*) => {
        $(#[test]
        fn $test() {
            lives::<$sound>($kills);
            $(dies::<$mutant>($kills);)*
        })*

        fn all() -> BTreeSet<String> {
            BTreeSet::from([$($(place::<$mutant>()),*),*])
        }
    };
}

mutants! {
    of_mutexes, kills 0: mutex::OfLock<mutex::Sound>;
        mutex::OfLock<mutex::CheckThenTake>, mutex::OfLock<mutex::ErasedMark>,
        mutex::OfLock<mutex::ForgottenSleepers>;
    of_robust_mutexes, kills 1: robust_mutex::OfSurvivor<robust_mutex::Sound>;
        robust_mutex::OfSurvivor<robust_mutex::BlindSteal>, robust_mutex::OfSurvivor<robust_mutex::Impatient>,
        robust_mutex::OfSurvivor<robust_mutex::UnaskedRepair>;
    of_reentrant_mutexes, kills 0: reentrant_mutex::OfNested<reentrant_mutex::Sound>;
        reentrant_mutex::OfNested<reentrant_mutex::FirstUnlockReleases>,
        reentrant_mutex::OfNested<reentrant_mutex::NotCounted>,
        reentrant_mutex::OfNested<reentrant_mutex::SilentRelease>;
    of_locks_for_readers_and_writers, kills 0: rwlock::OfSharedLock<rwlock::Sound>;
        rwlock::OfSharedLock<rwlock::CheckThenWrite>, rwlock::OfSharedLock<rwlock::CheckThenRead>,
        rwlock::OfSharedLock<rwlock::SilentReader>;
    of_semaphores, kills 0: semaphore::OfPermits<semaphore::Sound>;
        semaphore::OfPermits<semaphore::CheckThenTake>, semaphore::OfPermits<semaphore::EarlyLook>,
        semaphore::OfPermits<semaphore::OneTooMany>, semaphore::OfPermits<semaphore::WokenOnce>;
    of_robust_semaphores, kills 1: robust_semaphore::OfSeats<robust_semaphore::Sound>;
        robust_semaphore::OfSeats<robust_semaphore::AllAtOnce>,
        robust_semaphore::OfSeats<robust_semaphore::KeptPermit>,
        robust_semaphore::OfSeats<robust_semaphore::OneTooMany>, robust_semaphore::LostWithTheDead;
    of_events, kills 0: event::OfFlag<event::Sound>;
        event::OfFlag<event::EarlyWake>, event::OfFlag<event::LateLook>, event::OfFlag<event::WakesOne>;
    of_conditions, kills 0: condvar::OfRoom<condvar::Sound>;
        condvar::OfRoom<condvar::AlwaysOne>, condvar::OfRoom<condvar::LateLook>,
        condvar::OfRoom<condvar::Uncounted>, condvar::OfRoom<condvar::WithoutTheLock>;
    of_conditions_over_robust_mutexes, kills 1: robust_condvar::OfVigil<robust_condvar::Sound>;
        robust_condvar::OfVigil<robust_condvar::LateLook>,
        robust_condvar::OfVigil<robust_condvar::UnaskedRepair>, robust_condvar::OfVigil<robust_condvar::Untold>;
    of_barriers, kills 0: barrier::OfMeeting<barrier::Sound>;
        barrier::OfMeeting<barrier::LateLook>, barrier::OfMeeting<barrier::NoGenerations>,
        barrier::OfMeeting<barrier::Unlocked>, barrier::OfMeeting<barrier::WakesOne>;
    of_what_is_done_once, kills 0: once::OfSingle<once::Sound>;
        once::OfSingle<once::CheckThenBegin>, once::OfSingle<once::EarlyReturn>, once::OfSingle<once::WakesOne>;
    of_queues, kills 0: queue::OfBuffer<queue::Sound>;
        queue::OfBuffer<queue::FirstItemOnly>, queue::OfBuffer<queue::LookAndTake>,
        queue::OfBuffer<queue::OneTooMany>, queue::OfBuffer<queue::SilentClose>,
        queue::OfBuffer<queue::SingleLook>;
    of_channels_for_two, kills 0: spsc::OfChute<spsc::Sound>;
        spsc::OfChute<spsc::LostRest>, spsc::OfChute<spsc::OneTooMany>,
        spsc::OfChute<spsc::SilentClose>, spsc::OfChute<spsc::TailFirst>;
    of_stacks, kills 0: queue::OfBuffer<stack::Sound>;
        queue::OfBuffer<stack::BottomOfThree>, queue::OfBuffer<stack::OneTooMany>,
        queue::OfBuffer<stack::RememberedTop>;
    of_priority_queues, kills 0: queue::OfBuffer<priority_queue::Sound>;
        queue::OfBuffer<priority_queue::OneTooMany>, queue::OfBuffer<priority_queue::RememberedLeast>,
        queue::OfBuffer<priority_queue::TwoCompared>;
    of_queues_of_work, kills 0: joinable_queue::OfWork<joinable_queue::Sound>;
        joinable_queue::OfWork<joinable_queue::EmptyIsDone>, joinable_queue::OfWork<joinable_queue::LateCount>,
        joinable_queue::OfWork<joinable_queue::SilentFinish>;
    of_values, kills 0: value::OfNumber<value::Sound>;
        value::OfNumber<value::CheckThenWrite>, value::OfNumber<value::TornWrite>,
        value::OfNumber<value::TwoStepAdd>;
    of_arrays, kills 0: array::OfRow<array::Sound>;
        array::OfRow<array::LastIsFirst>, array::OfRow<array::TwoStepAdd>, array::OfRow<array::WholeCopy>;
    of_vectors, kills 1: vector::OfColumn<vector::Sound>;
        vector::OfColumn<vector::LengthFirst>, vector::OfColumn<vector::OneTooMany>,
        vector::OfColumn<vector::RememberedEnd>;
    of_arenas, kills 1: arena::OfPlot<arena::Sound>;
        arena::OfPlot<arena::OneTooMany>, arena::OfPlot<arena::RememberedCell>,
        arena::OfPlot<arena::SameNumber>, arena::OfPlot<arena::TagFirst>, arena::OfPlot<arena::Uncounted>;
    of_locks_on_files, kills 0: file_lock::OfPage<file_lock::Sound>;
        file_lock::OfPage<file_lock::AloneIsShared>, file_lock::OfPage<file_lock::EarlyLook>,
        file_lock::OfPage<file_lock::EarlyUnlock>, file_lock::OfPage<file_lock::ReadsAnyway>;
    of_lists, kills 0: list::OfShelf<list::Sound>;
        list::OfShelf<list::TwoTurns>, list::OfShelf<list::UnlockedRead>, list::OfShelf<list::UnlockedWrite>;
    of_pipes, kills 0: pipe::OfTube<pipe::Sound>;
        pipe::OfTube<pipe::FirstToLeave>, pipe::OfTube<pipe::NoEnd>, pipe::OfTube<pipe::TwoStepLeave>;
    of_pools, kills 0: Apart<OfCrew<Threads>>;
        Apart<OfCrew<pool::Guessed>>, Apart<OfCrew<pool::LatestFirst>>, Apart<OfCrew<pool::RunsTwice>>;
    of_maps, kills 0: map::OfBook<map::Sound>;
        map::OfBook<map::CheckThenAdd>, map::OfBook<map::OneTooMany>, map::OfBook<map::RememberedPlace>;
}

/// A mutant that only a kill at one certain instruction of one certain program shows, which
/// few of the generated programs are: this one is written down. `sound` gets through it.
fn dies_in<S: Tried, T: Tried<Spec = S::Spec>>(tasks: &[&[Op<S>]], setup: S::Spec) {
    let generated = Generated { setup, tasks: tasks.iter().map(|ops| ops.to_vec()).collect() };
    let config = way(1)[0].clone().strategy(Strategy::Dfs { preemptions: Some(0) }).executions(5_000);
    let report = |program: AnyProgram| program.check("written down", &config).expect("it can be explored");
    let sound = report(S::program(&generated));
    assert!(sound.tally.first.is_none() && sound.tally.complete, "{:?}", sound.tally);
    let report = report(T::program(&generated));
    let name = place::<T>();
    assert!(report.finding.is_some(), "{name} survived {:?}", report.tally);
    let caught = Caught::<T> { program: generated, report, programs: 1 };
    println!("{name}\n{caught}\n");
    is_explained(&caught, &[config]);
    let (_, checks) = table().into_iter().find(|row| row.0 == name).expect("docs/mutants.md lists it");
    assert!(checks.split(", ").any(|known| known == check(&caught)), "{name}: {checks}\n{caught}");
}

type Op<T> = <<T as Tried>::Spec as Specification>::Op;

/// The first of two that wait is woken, and killed before it has the mutex back.
#[test]
fn of_conditions_over_robust_mutexes_whose_woken_die() {
    use RobustCondvarOp::{Mutex as Of, NotifyOne, Wait};
    type Room<V> = robust_condvar::OfVigil<V>;
    let [waits, notifies] = [[Of(RobustOp::Lock), Wait], [Of(RobustOp::Lock), NotifyOne]];
    dies_in::<Room<robust_condvar::Sound>, Room<robust_condvar::LostWithTheDead>>(
        &[&waits, &waits, &notifies],
        RobustCondvar,
    );
}

/// An element is moved, and the vector not shortened yet.
#[test]
fn of_vectors_whose_users_die_in_the_middle() {
    type Of<C> = vector::OfColumn<C>;
    let moves = [VectorOp::Push(1), VectorOp::Push(2), VectorOp::SwapRemove(0)];
    let tasks: [&[VectorOp]; 2] = [&moves, &[VectorOp::ToVec]];
    dies_in::<Of<vector::Sound>, Of<vector::Unfinished>>(&tasks, Vector { capacity: 2 });
    dies_in::<Of<vector::Sound>, Of<vector::UnnotedMove>>(&tasks, Vector { capacity: 2 });
}

/// The mutants that there is a file for. The file of a primitive that declares the sound one has
/// what its mutants have in common, and is none.
fn files() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mutant");
    let entries = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let is_mutant = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        name(path) != "mod" && !text.lines().any(|line| line.trim() == "Sound {}")
    };
    let folders = entries(&folder).into_iter().filter(|path| path.is_dir());
    let of_one = |folder: PathBuf| {
        let mutants = entries(&folder).into_iter().filter(is_mutant);
        mutants.map(|path| format!("{}::{}", name(&folder), name(&path))).collect::<Vec<_>>()
    };
    folders.flat_map(of_one).collect()
}

#[test]
fn the_table_lists_every_mutant() {
    let listed: BTreeSet<String> = table().into_iter().map(|row| row.0).collect();
    let written_down = ["robust_condvar::lost_with_the_dead", "vector::unfinished", "vector::unnoted_move"];
    let all = || {
        let mut all = all();
        all.extend(written_down.map(str::to_owned));
        all
    };
    assert_eq!(listed, all());
    assert_eq!(files(), all(), "left: the files, right: what is put to a test");
    for primitive in all().iter().filter_map(|name| name.split("::").next()) {
        let count = all().iter().filter(|name| name.starts_with(&format!("{primitive}::"))).count();
        assert!(count >= 3, "{primitive} has {count} mutants");
    }
}

//! Do the state machines of `selvedge::raw` hold in every execution that a weak memory
//! model allows, and would a broken one be caught?
//!
//! loom ends the whole process at some deadlocks, so these models have a binary of their
//! own, and each broken machine runs in a child process that is this binary again.

use selvedge::raw::{
    RawBarrier, RawCondvar, RawEvent, RawLane, RawMutex, RawOnce, RawQueue, RawRing, RawRobustMutex,
    RawSemaphore,
};
use selvedge_properties::model::barrier::{self, CountOnly};
use selvedge_properties::model::condvar::{self, HastyClear, LateLook, QuietClear, SameSequence, SameWord};
use selvedge_properties::model::event::{self, FlagOnly, QuietSet, RelaxedSet};
use selvedge_properties::model::lane::{self, HastyBack, RelaxedAnswer, TWICE};
use selvedge_properties::model::look;
use selvedge_properties::model::monitor::{
    Guarded, LateClose, LateMark, LoudBell, Monitored, RelaxedGuard, SharedMark,
};
use selvedge_properties::model::mutex::{self, RelaxedUnlock, SilentSleep};
use selvedge_properties::model::once::{self, FlagFirst, RelaxedDone};
use selvedge_properties::model::queue::{self, EarlyLook, HalfClosed, NoQuiet, OneMark, RelaxedMove, Small};
use selvedge_properties::model::ring::{
    self, BlindSender, HastySleep, RelaxedLook, RelaxedRing, SoundRing, Unmarked,
};
use selvedge_properties::model::rwlock::{self, Blind, Silent, Slots, Whole};
use selvedge_properties::model::semaphore::{self, BlindTake, Forgetful, OldLook, RelaxedRelease};
use selvedge_properties::model::{
    Loom, RESTLESS, Restless, UNACQUIRED, UNRELEASED, Unacquired, Unreleased, exhaust,
};
use std::process::Command;

/// Set in a child to the name of the test whose model it is to run.
const CHILD: &str = "MODEL_IN_CHILD";
const DEADLOCK: &str = "deadlock; threads =";
const RACE: &str = "Causality violation";

/// A model that was explored in one execution only was not explored.
#[track_caller]
fn holds(executions: usize) {
    println!("{executions} executions");
    assert!(executions > 1, "the model has only one execution");
}

/// Runs the model in a child, which must end badly and say why.
#[track_caller]
fn is_caught(test: &str, finding: &str, model: impl FnOnce() -> usize) {
    if std::env::var(CHILD).is_ok_and(|child| child == test) {
        model();
        return;
    }
    let program = std::env::current_exe().expect("a test knows its own program");
    let child = Command::new(program)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .output()
        .expect("the test's own program can be started");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(!child.status.success(), "{test}: the broken machine passed");
    assert!(said.contains(finding), "{test}: not caught for {finding:?} but for:\n{said}");
}

/// Tests of machines that hold: a name, and what runs.
macro_rules! hold {
    ($($name:ident: $model:expr;)*) => {$(
        #[test]
        fn $name() {
            holds($model);
        }
    )*};
}

/// Tests of machines that must be caught: a name, how, and what runs; and the list of them.
macro_rules! caught {
    ($($name:ident by $finding:expr, $model:expr;)*) => {
        $(#[test]
        fn $name() {
            is_caught(stringify!($name), $finding, || $model);
        })*

        const BROKEN: &[(&str, &str)] = &[$((stringify!($name), $finding)),*];
    };
}

// The last number bounds the preemptions: two tasks are mostly exhausted without a bound,
// three as far as a debug build gets in a few seconds.
hold! {
    mutex_two: mutex::excludes::<RawMutex<Loom>>(1, None);
    mutex_three: mutex::excludes::<RawMutex<Loom>>(2, Some(3));
    mutex_giving_up: mutex::giving_up_forgets_nobody(Some(3));
    robust_two: mutex::excludes::<RawRobustMutex<Loom>>(1, None);
    robust_three: mutex::excludes::<RawRobustMutex<Loom>>(2, Some(2));
    robust_given_up: mutex::giving_up_reaches_everybody(2, Some(3));
    robust_given_up_by_three: mutex::giving_up_reaches_everybody(3, Some(1));
    condvar_two: condvar::each_ticket_arrives::<RawCondvar<Loom>>(1, None);
    condvar_three_one_by_one: condvar::each_ticket_arrives::<RawCondvar<Loom>>(2, Some(3));
    condvar_three_at_once: condvar::all_tickets_arrive::<RawCondvar<Loom>>(2, Some(3));
    condvar_turns: condvar::each_gets_its_turn::<RawCondvar<Loom>>(0, Some(3));
    condvar_turns_meddled_with: condvar::each_gets_its_turn::<RawCondvar<Loom>>(1, Some(2));
    condvar_giving_up: condvar::giving_up_takes_no_notification(Some(3));
    rwlock_two: rwlock::separates::<Slots>(1, 1, Some(3));
    rwlock_writers: rwlock::separates::<Slots>(1, 2, Some(2));
    rwlock_readers: rwlock::separates::<Slots>(2, 1, Some(2));
    rwlock_whole: rwlock::separates::<Whole>(1, 1, None);
    semaphore_two: semaphore::one_permit_excludes::<RawSemaphore<Loom>>(1, None);
    semaphore_three: semaphore::one_permit_excludes::<RawSemaphore<Loom>>(2, Some(2));
    semaphore_robust: semaphore::one_permit_excludes::<semaphore::Robust>(1, Some(2));
    semaphore_release: semaphore::a_release_wakes::<RawSemaphore<Loom>>(1, None);
    semaphore_release_two: semaphore::a_release_wakes::<RawSemaphore<Loom>>(2, Some(3));
    semaphore_giving_up: semaphore::giving_up_takes_no_permit(Some(3));
    event_two: event::a_set_releases::<RawEvent<Loom>>(1, None);
    event_three: event::a_set_releases::<RawEvent<Loom>>(2, Some(3));
    event_pulse: event::a_pulse_releases::<RawEvent<Loom>>(1, Some(3));
    event_pulse_of_two: event::a_pulse_releases::<RawEvent<Loom>>(2, Some(2));
    queue_one_item: queue::each_item_arrives::<RawQueue<Loom>>(1, 1, None);
    queue_two_items: queue::each_item_arrives::<RawQueue<Loom>>(1, 2, Some(3));
    queue_two_putters: queue::each_item_arrives::<RawQueue<Loom>>(2, 1, Some(1));
    queue_two_getters: queue::each_getter_is_served::<RawQueue<Loom>>(2, Some(1));
    queue_small: queue::each_item_arrives::<Small>(1, 2, Some(2));
    queue_small_closing: queue::closing_reaches::<Small>(true, Some(3));
    queue_closing_empty: queue::closing_reaches::<RawQueue<Loom>>(false, Some(3));
    queue_closing_full: queue::closing_reaches::<RawQueue<Loom>>(true, Some(3));
    monitor_one_item: queue::each_item_arrives::<Monitored>(1, 1, Some(3));
    monitor_two_items: queue::each_item_arrives::<Monitored>(1, 2, Some(2));
    monitor_two_putters: queue::each_item_arrives::<Monitored>(2, 1, Some(1));
    monitor_two_getters: queue::each_getter_is_served::<Monitored>(2, Some(1));
    monitor_closing_empty: queue::closing_reaches::<Monitored>(false, Some(3));
    monitor_closing_full: queue::closing_reaches::<Monitored>(true, Some(3));
    monitor_guarded: queue::each_item_arrives::<Guarded>(1, 2, Some(2));
    monitor_guarded_closing: queue::closing_reaches::<Guarded>(true, Some(2));
    ring_one_item: queue::each_item_arrives::<RawRing<Loom>>(1, 1, None);
    ring_three_items: queue::each_item_arrives::<RawRing<Loom>>(1, 3, Some(3));
    ring_received_elsewhere: queue::each_getter_is_served::<RawRing<Loom>>(1, None);
    ring_closing_empty: queue::closing_reaches::<RawRing<Loom>>(false, None);
    ring_closing_full: queue::closing_reaches::<RawRing<Loom>>(true, None);
    ring_sound: queue::each_item_arrives::<SoundRing>(1, 2, Some(3));
    ring_sound_closing: queue::closing_reaches::<SoundRing>(true, None);
    condvar_robust: condvar::each_ticket_arrives_robustly(1, None);
    condvar_robust_three: condvar::each_ticket_arrives_robustly(2, Some(2));
    barrier_two: barrier::two_meet::<RawBarrier<Loom, 1>>(1, Some(2));
    lane_here: lane::each_is_done_once::<RawLane<Loom>>(1, 1, true, Some(3));
    lane_elsewhere: lane::each_is_done_once::<RawLane<Loom>>(1, 1, false, Some(3));
    lane_twice: lane::each_is_done_once::<RawLane<Loom>>(2, 1, true, Some(2));
    robust_tried: mutex::a_tried_lock_excludes(None);
    semaphore_robust_tried: semaphore::a_tried_permit_excludes(Some(4));
    queue_closing_tells: queue::closing_tells::<RawQueue<Loom>>(Some(2));
    monitor_closing_tells: queue::closing_tells::<Monitored>(Some(2));
    ring_closing_tells: queue::closing_tells::<RawRing<Loom>>(None);
    queue_closing_refuses: queue::closing_refuses::<RawQueue<Loom>>(Some(2));
    monitor_closing_refuses: queue::closing_refuses::<Monitored>(Some(2));
    ring_closing_refuses: queue::closing_refuses::<RawRing<Loom>>(None);
    look_at_a_broken_barrier: look::breaking_shows::<0>(None);
    look_at_those_who_wait: look::waiting_shows::<0>(Some(3));
    look_at_an_item: look::an_item_or_the_end_shows::<0>(false, Some(2));
    look_at_the_end: look::an_item_or_the_end_shows::<0>(true, Some(2));
    look_at_room: look::room_shows::<0>(Some(2));
    look_beside_a_getter: look::the_end_shows_beside_another::<0>(false, Some(3));
    look_beside_a_putter: look::the_end_shows_beside_another::<0>(true, Some(3));
    once_two: once::done_once::<RawOnce<Loom>>(1, None);
    once_three: once::done_once::<RawOnce<Loom>>(2, Some(2));
    mutex_restless: mutex::excludes::<RawMutex<Restless>>(1, Some(2));
    robust_restless: mutex::excludes::<RawRobustMutex<Restless>>(1, Some(2));
    semaphore_restless: semaphore::one_permit_excludes::<RawSemaphore<Restless>>(1, Some(2));
    semaphore_robust_restless: semaphore::one_permit_excludes::<semaphore::Robust<RESTLESS>>(1, Some(2));
    rwlock_restless: rwlock::separates::<Slots<Restless>>(1, 1, Some(2));
    event_restless: event::a_set_releases::<RawEvent<Restless>>(1, Some(2));
    once_restless: once::done_once::<RawOnce<Restless>>(1, Some(2));
    barrier_restless: barrier::two_meet::<RawBarrier<Restless, 1>>(1, Some(2));
    queue_restless: queue::each_item_arrives::<RawQueue<Restless>>(1, 1, Some(2));
    monitor_restless: queue::each_item_arrives::<Monitored<RESTLESS>>(1, 1, Some(2));
    ring_restless: queue::each_item_arrives::<RawRing<Restless>>(1, 1, Some(2));
}

caught! {
    mutex_relaxed_unlock by RACE, mutex::excludes::<RelaxedUnlock>(1, None);
    mutex_silent_sleep by DEADLOCK, mutex::excludes::<SilentSleep>(1, None);
    condvar_same_sequence by DEADLOCK, condvar::each_ticket_arrives::<SameSequence>(1, None);
    condvar_late_look by DEADLOCK, condvar::each_ticket_arrives::<LateLook>(1, None);
    condvar_hasty_clear by DEADLOCK, condvar::each_ticket_arrives::<HastyClear>(2, Some(3));
    condvar_quiet_clear by DEADLOCK, condvar::each_ticket_arrives::<QuietClear>(2, Some(3));
    condvar_same_word by DEADLOCK, condvar::each_gets_its_turn::<SameWord>(0, Some(3));
    rwlock_blind by RACE, rwlock::separates::<Blind>(1, 1, None);
    rwlock_old_look by RACE, rwlock::separates::<rwlock::OldLook>(1, 1, None);
    rwlock_silent by DEADLOCK, rwlock::separates::<Silent>(1, 1, None);
    semaphore_old_look by DEADLOCK, semaphore::a_release_wakes::<OldLook>(1, None);
    semaphore_relaxed_release by RACE, semaphore::one_permit_excludes::<RelaxedRelease>(1, None);
    semaphore_blind_take by RACE, semaphore::one_permit_excludes::<BlindTake>(1, None);
    semaphore_forgetful by DEADLOCK, semaphore::one_permit_excludes::<Forgetful>(2, Some(3));
    event_flag_only by DEADLOCK, event::a_pulse_releases::<FlagOnly>(1, Some(3));
    event_relaxed_set by RACE, event::a_set_releases::<RelaxedSet>(1, None);
    queue_relaxed_move by RACE, queue::each_item_arrives::<RelaxedMove>(1, 1, Some(2));
    queue_early_look by DEADLOCK, queue::each_item_arrives::<EarlyLook>(1, 1, None);
    queue_no_quiet by DEADLOCK, queue::each_item_arrives::<NoQuiet>(1, 1, None);
    queue_one_mark by DEADLOCK, queue::each_item_arrives::<OneMark>(1, 2, Some(2));
    queue_half_closed by DEADLOCK, queue::closing_reaches::<HalfClosed>(true, Some(3));
    monitor_relaxed by RACE, queue::each_item_arrives::<RelaxedGuard>(1, 1, None);
    monitor_loud by DEADLOCK, queue::each_item_arrives::<LoudBell>(1, 1, None);
    monitor_late_mark by DEADLOCK, queue::each_item_arrives::<LateMark>(1, 1, Some(3));
    monitor_shared_mark by DEADLOCK, queue::each_item_arrives::<SharedMark>(1, 1, Some(3));
    monitor_late_close by DEADLOCK, queue::closing_reaches::<LateClose>(true, Some(3));
    ring_relaxed by RACE, queue::each_item_arrives::<RelaxedRing>(1, 1, None);
    ring_relaxed_look by RACE, queue::each_item_arrives::<RelaxedLook>(1, 2, Some(3));
    ring_hasty_sleep by DEADLOCK, queue::each_item_arrives::<HastySleep>(1, 1, None);
    ring_unmarked by DEADLOCK, queue::each_item_arrives::<Unmarked>(1, 1, None);
    ring_half_closed by DEADLOCK, queue::closing_reaches::<ring::HalfClosed>(true, None);
    ring_blind_sender by DEADLOCK, queue::closing_reaches::<BlindSender>(true, None);
    barrier_count_only by DEADLOCK, barrier::two_meet::<CountOnly>(1, Some(3));
    barrier_relaxed_release by RACE, barrier::two_meet::<barrier::RelaxedRelease>(1, Some(3));
    lane_hasty_back by TWICE, lane::each_is_done_once::<HastyBack>(1, 0, true, Some(3));
    lane_relaxed_answer by RACE, lane::each_is_done_once::<RelaxedAnswer>(1, 1, true, Some(3));
    once_flag_first by RACE, once::done_once::<FlagFirst>(1, None);
    once_relaxed_done by RACE, once::done_once::<RelaxedDone>(1, None);
    event_quiet_set by DEADLOCK, event::a_set_releases::<QuietSet>(1, None);
    mutex_unreleased by RACE, mutex::excludes::<RawMutex<Unreleased>>(1, Some(2));
    robust_unreleased by RACE, mutex::excludes::<RawRobustMutex<Unreleased>>(1, Some(2));
    semaphore_unreleased by RACE, semaphore::one_permit_excludes::<RawSemaphore<Unreleased>>(1, Some(2));
    semaphore_robust_unreleased by RACE, semaphore::one_permit_excludes::<semaphore::Robust<UNRELEASED>>(1, Some(2));
    rwlock_unreleased by RACE, rwlock::separates::<Slots<Unreleased>>(1, 1, Some(2));
    event_unreleased by RACE, event::a_set_releases::<RawEvent<Unreleased>>(1, Some(2));
    once_unreleased by RACE, once::done_once::<RawOnce<Unreleased>>(1, Some(2));
    barrier_unreleased by DEADLOCK, barrier::two_meet::<RawBarrier<Unreleased, 1>>(1, Some(2));
    lane_unreleased by RACE, lane::each_is_done_once::<RawLane<Unreleased>>(1, 1, true, Some(2));
    queue_unreleased by DEADLOCK, queue::each_item_arrives::<RawQueue<Unreleased>>(1, 1, Some(2));
    monitor_unreleased by RACE, queue::each_item_arrives::<Monitored<UNRELEASED>>(1, 1, Some(2));
    ring_unreleased by RACE, queue::each_item_arrives::<RawRing<Unreleased>>(1, 1, Some(2));
    mutex_unacquired by RACE, mutex::excludes::<RawMutex<Unacquired>>(1, Some(2));
    robust_unacquired by RACE, mutex::excludes::<RawRobustMutex<Unacquired>>(1, Some(2));
    semaphore_unacquired by RACE, semaphore::one_permit_excludes::<RawSemaphore<Unacquired>>(1, Some(2));
    semaphore_robust_unacquired by RACE, semaphore::one_permit_excludes::<semaphore::Robust<UNACQUIRED>>(1, Some(2));
    rwlock_unacquired by RACE, rwlock::separates::<Slots<Unacquired>>(1, 1, Some(2));
    event_unacquired by RACE, event::a_set_releases::<RawEvent<Unacquired>>(1, Some(2));
    once_unacquired by RACE, once::done_once::<RawOnce<Unacquired>>(1, Some(2));
    barrier_unacquired by DEADLOCK, barrier::two_meet::<RawBarrier<Unacquired, 1>>(1, Some(2));
    lane_unacquired by RACE, lane::each_is_done_once::<RawLane<Unacquired>>(1, 1, true, Some(2));
    queue_unacquired by DEADLOCK, queue::each_item_arrives::<RawQueue<Unacquired>>(1, 1, Some(2));
    monitor_unacquired by RACE, queue::each_item_arrives::<Monitored<UNACQUIRED>>(1, 1, Some(2));
    ring_unacquired by RACE, queue::each_item_arrives::<RawRing<Unacquired>>(1, 1, Some(2));
    look_at_a_broken_barrier_unacquired by RACE, look::breaking_shows::<UNACQUIRED>(None);
    look_at_those_who_wait_unacquired by RACE, look::waiting_shows::<UNACQUIRED>(Some(2));
    look_at_an_item_unacquired by RACE, look::an_item_or_the_end_shows::<UNACQUIRED>(false, Some(2));
    look_at_the_end_unacquired by RACE, look::an_item_or_the_end_shows::<UNACQUIRED>(true, Some(2));
    look_at_room_unacquired by RACE, look::room_shows::<UNACQUIRED>(Some(2));
    look_beside_a_getter_unacquired by RACE, look::the_end_shows_beside_another::<UNACQUIRED>(false, Some(1));
    look_beside_a_putter_unacquired by DEADLOCK, look::the_end_shows_beside_another::<UNACQUIRED>(true, Some(1));
}

/// The other half of every `is_caught`: what nothing is wrong with is not caught.
#[test]
fn a_sound_machine_is_not_caught() {
    let test = "a_sound_machine_is_not_caught";
    let outcome = std::panic::catch_unwind(|| is_caught(test, RACE, || exhaust(None, || ())));
    if std::env::var_os(CHILD).is_none() {
        let payload = outcome.expect_err("nothing was wrong, and yet it was caught");
        let message = payload.downcast_ref::<String>().expect("the message was formatted");
        assert!(message.contains("the broken machine passed"), "{message}");
    }
}

#[test]
fn the_table_lists_every_broken_machine() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mutants.md");
    let text = std::fs::read_to_string(path).expect("the documents are beside the tests");
    let (_, models) = text.split_once("| machine |").expect("the second table is of the models");
    let rows = models.lines().filter(|line| line.starts_with("| `"));
    let listed: Vec<(&str, &str)> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            (cells[1].trim_matches('`'), cells[3])
        })
        .collect();
    let word = |finding| match finding {
        RACE => "race",
        DEADLOCK => "deadlock",
        _ => "assertion",
    };
    let broken: Vec<(&str, &str)> = BROKEN.iter().map(|&(name, finding)| (name, word(finding))).collect();
    assert_eq!(listed, broken);
}

/// Every machine of `selvedge::raw` has a model here; the parts of others are checked with
/// whatever they are parts of.
#[test]
fn no_machine_is_without_a_model() {
    let parts = [
        ("barrier_end", "RawBarrier"),
        ("bell", "RawQueue"),
        ("relay", "each_ticket_arrives_robustly"),
        ("slots", "rwlock::separates::<Slots>"),
        ("queue_wait", "RawQueue"),
        ("robust", "RawRobustMutex"),
        ("robust_semaphore", "semaphore::Robust"),
        ("monitor", "Monitored"),
        ("rwlock", "rwlock::separates::<Slots>"),
        ("mutex", "RawMutex<Loom>"),
    ];
    // No state machines: results, numbers, and a count and a mark that are hints.
    let plain = ["arrival", "in_place", "mod", "patience", "position", "refusal", "spin"];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/raw");
    let this = include_str!("models.rs").split("fn no_machine_is_without_a_model").next().unwrap_or_default();
    let mut machines = 0;
    for entry in std::fs::read_dir(folder).expect("the sources are beside the tests") {
        let path = entry.expect("the folder can be read").path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if plain.contains(&name) || path.is_dir() {
            continue;
        }
        let mut camel = String::from("Raw");
        for word in name.split('_') {
            camel.extend(word.chars().next().map(|first| first.to_ascii_uppercase()));
            camel.extend(word.chars().skip(1));
        }
        let wanted = parts.iter().find(|(part, _)| *part == name).map_or(camel.as_str(), |(_, text)| text);
        let uses = this.matches(wanted).count();
        assert!(uses > 0, "src/raw/{name}.rs has no model: none names {wanted}");
        machines += 1;
    }
    assert!(machines >= 14, "only {machines} machines were found in {folder}");
}

//! Do the native primitives keep their laws between real processes?
//!
//! Each test runs in a process of its own with a deadline, and there starts real
//! children. proptest chooses the numbers: how many processes, rounds, permits, who falls
//! asleep when. Who runs when is left to the kernel, so these tests find what is broken
//! always or often; what is broken rarely is for the harness and the models to find.
//!
//! Beside each law stands a program that breaks it and must be caught.

#[path = "primitives/channels.rs"]
mod channels;
#[path = "primitives/copies.rs"]
mod copies;
#[path = "primitives/family.rs"]
mod family;
#[path = "primitives/kills.rs"]
mod kills;
#[path = "primitives/kinds.rs"]
mod kinds;
#[path = "primitives/laws.rs"]
mod laws;
#[path = "primitives/lines.rs"]
mod lines;
#[path = "primitives/mixes.rs"]
mod mixes;
#[path = "primitives/processes.rs"]
mod processes;
#[path = "primitives/queues.rs"]
mod queues;
#[path = "primitives/readers.rs"]
mod readers;
#[path = "primitives/releases.rs"]
mod releases;
#[path = "primitives/wakes.rs"]
mod wakes;

use family::{holds, is_caught};
use proptest::prelude::{Just, Strategy, any, prop};
use rusty_fork::rusty_fork_test;

/// A law gives up after a third of this, so that it is the law that speaks.
const DEADLINE_MS: u64 = 600_000;

/// Who falls asleep in which order, and how many are woken each time.
fn orders() -> impl Strategy<Value = (Vec<usize>, Vec<u32>)> {
    (2..=6_usize).prop_flat_map(|waiters| {
        let order = Just((0..waiters).collect::<Vec<_>>()).prop_shuffle();
        (order, prop::collection::vec(1..=3_u32, waiters))
    })
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = DEADLINE_MS)]

    #[test]
    fn a_mutex_excludes() {
        holds(8, (1..=5_usize, 1..=3_usize, 1..=200_u32), |(processes, threads, rounds)| {
            laws::mutex_excludes(processes, threads, rounds, false)
        });
    }

    #[test]
    fn no_mutex_does_not_exclude() {
        is_caught("additions were lost", || laws::mutex_excludes(4, 1, 200, true));
    }

    #[test]
    fn a_semaphore_limits() {
        holds(8, (1..=4_u32, 1..=6_usize, 1..=60_u32), |(permits, processes, rounds)| {
            laws::semaphore_limits(permits, processes, rounds, false)
        });
    }

    #[test]
    fn a_permit_too_many_does_not_limit() {
        is_caught("were inside with 1 permits", || laws::semaphore_limits(1, 4, 60, true));
    }

    #[test]
    fn a_semaphore_admits() {
        holds(4, 1..=6_u32, |permits| laws::semaphore_admits(permits, false));
    }

    #[test]
    fn a_permit_too_few_does_not_admit() {
        is_caught("refuted by child", || laws::semaphore_admits(3, true));
    }

    #[test]
    fn a_buffer_conserves() {
        let numbers = (1..=3_usize, 1..=3_usize, 1..=4_u32, 1..=60_u32);
        holds(8, numbers, |(producers, consumers, room, each)| {
            laws::buffer_conserves(producers, consumers, room, each, false)
        });
    }

    #[test]
    fn a_buffer_without_notifications_comes_to_a_halt() {
        is_caught("refuted by child", || laws::buffer_conserves(2, 2, 1, 60, true));
    }

    #[test]
    fn a_pulse_releases_all() {
        holds(6, (1..=6_usize, 1..=4_u32), |(waiters, pulses)| wakes::pulse_releases_all(waiters, pulses, false));
    }

    #[test]
    fn looking_at_an_event_misses_a_pulse() {
        is_caught("refuted by child", || wakes::pulse_releases_all(2, 1, true));
    }

    #[test]
    fn a_notification_wakes_who_slept_longest() {
        holds(8, orders(), |(order, wakes)| wakes::notify_wakes_in_order(&order, &wakes, false));
    }

    #[test]
    fn a_notification_of_all_wakes_others_too() {
        let wakes = [1, 1, 1, 1];
        is_caught("refuted", || wakes::notify_wakes_in_order(&[3, 1, 0, 2], &wakes, true));
    }

    #[test]
    fn additions_are_conserved() {
        let numbers = (prop::collection::vec(-1_000..1_000_i64, 1..=5), 1..=300_u32);
        holds(8, numbers, |(amounts, rounds)| laws::additions_are_conserved(&amounts, rounds, false));
    }

    #[test]
    fn a_read_and_a_write_are_no_addition() {
        is_caught("additions to the value were lost", || {
            laws::additions_are_conserved(&[1, 10, 100], 200, true)
        });
    }

    #[test]
    fn snapshots_are_whole() {
        holds(6, (2..=40_usize, 1..=3_usize, 1..=30_u32), |(len, writers, rounds)| {
            laws::snapshots_are_whole(len, writers, rounds, false)
        });
    }

    #[test]
    fn snapshots_without_the_lock_are_mixed() {
        is_caught("a mixture", || laws::snapshots_are_whole(40, 2, 30, true));
    }

    #[test]
    fn poison_reaches_all() {
        holds(6, (1..=4_usize, any::<u32>()), |(waiters, content)| {
            laws::poison_reaches_all(waiters, content, false)
        });
    }

    #[test]
    fn who_returns_does_not_poison() {
        is_caught("refuted by child", || laws::poison_reaches_all(2, 7, true));
    }
}

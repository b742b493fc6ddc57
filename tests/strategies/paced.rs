//! Do the walks at a pace, which only the portfolio takes, keep it? Who has gone how far is
//! read off the schedules at their places of the round.

use super::programs::{Board, board, quiet};
use selvedge_harness::Recording;
use selvedge_harness::prelude::*;

/// Operations of the three tasks.
const LENGTHS: [usize; 3] = [24, 12, 6];
/// A round is this long.
const ROUND: u64 = 25;

fn unequal() -> Program<Board> {
    Program::new("unequal", board).tasks("task", LENGTHS.len(), |board, i| {
        for _ in 0..LENGTHS[i] {
            board.a.get();
        }
    })
}

/// After each step of the executions at these places: how many of its operations each task
/// has done.
fn progress(places: &[u64]) -> Vec<Vec<[usize; 3]>> {
    let executions = places.iter().flat_map(|place| (0..4).map(move |round| place + round * ROUND));
    let recordings = unequal().record(&quiet().seed(6), executions).unwrap();
    let walk = |recording: &Recording| {
        let mut done = [0; 3];
        let tasks = recording.schedule.iter().map(|choice| choice.task());
        let after = tasks.map(|task| {
            done[task] += 1;
            done
        });
        after.collect()
    };
    recordings.iter().map(walk).collect()
}

/// The greatest number less the least.
fn apart(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    numbers.clone().fold(0.0, f64::max) - numbers.fold(f64::INFINITY, f64::min)
}

#[test]
fn at_an_even_pace_all_are_as_far_as_each_other() {
    for walk in progress(&[5, 15, 22]) {
        for done in walk {
            // Two of the operations of the shortest task are a third of it.
            let parts = (0..3).map(|task| done[task] as f64 / LENGTHS[task] as f64);
            assert!(apart(parts) <= 0.5, "{done:?}");
        }
    }
}

#[test]
fn at_a_level_pace_all_have_the_same_left() {
    for walk in progress(&[2, 7, 13, 19]) {
        for done in walk {
            let left = (0..3).map(|task| (LENGTHS[task] - done[task]) as f64);
            // Nobody begins before the longest has come down to about what it has.
            let begun = (0..3).filter(|&task| done[task] > 0).collect::<Vec<_>>();
            let most = left.clone().fold(0.0, f64::max);
            let least = begun.iter().map(|&task| (LENGTHS[task] - done[task]) as f64).fold(most, f64::min);
            assert!(most - least <= 3.0, "{done:?}");
        }
    }
}

/// Places of the round.
const RESTLESS: [u64; 9] = [3, 6, 9, 11, 14, 18, 20, 23, 24];

#[test]
fn at_a_restless_pace_everybody_begins_first_and_the_longest_leads() {
    let mut steps = [0; 3];
    for walk in progress(&RESTLESS) {
        assert_eq!(walk[2], [1, 1, 1], "{walk:?}");
        let end = walk.iter().position(|done| done[2] == LENGTHS[2]).unwrap();
        (0..3).for_each(|task| steps[task] += walk[end][task] - 1);
    }
    // Until the shortest has ended, whoever has twice as much left takes about twice as many.
    let [long, middle, short] = steps;
    assert!(2 * long > 3 * middle && 5 * middle > 6 * short, "{steps:?}");
}

/// Many that have the same left have begun. Whoever takes a second step has less left than the
/// others, and no rank drawn from that is as high as theirs.
#[test]
fn at_a_restless_pace_one_of_many_stays_now_and_then() {
    const MANY: usize = 60;
    let alike = Program::new("alike", board).tasks("task", MANY, |board, _| {
        for _ in 0..4 {
            board.a.get();
        }
    });
    let (mut stays, mut steps) = (0, 0);
    for recording in alike.record(&quiet().seed(6), RESTLESS).unwrap() {
        let ahead = &recording.schedule[MANY..MANY + MANY / 3];
        stays += ahead.windows(2).filter(|two| two[0] == two[1]).count();
        steps += ahead.len();
    }
    assert!((steps / 16..steps / 4).contains(&stays), "{stays} of {steps}");
}

//! The table against tasks that are each asked.

use super::Guards;
use crate::kernel::data::enabled::BEFORE;
use crate::kernel::schedule::rng::Rng;
use selvedge::platform::{Cmp, Guard};
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

const COMPARISONS: [Cmp; 4] = [Cmp::Eq, Cmp::Ne, Cmp::Gt, Cmp::Lt];

thread_local! {
    static EVALUATED: Cell<u32> = const { Cell::new(0) };
}

/// A class is evaluated.
pub(super) fn count() {
    EVALUATED.set(EVALUATED.get() + 1);
}

/// What a task waits for, and the class in which it is.
struct Waiting {
    guard: Guard,
    class: u32,
}

/// A table for so many tasks, its memory, and the words that they look at.
struct Table {
    guards: Guards,
    _memory: [Vec<u64>; 4],
    enabled: Vec<u64>,
    words: Box<[AtomicU32; 2]>,
    waiting: Vec<Option<Waiting>>,
}

impl Table {
    fn new(tasks: usize) -> Table {
        let stride = tasks.div_ceil(64);
        let capacity = (stride * 64 * 4).next_power_of_two();
        let mut memory = [4, stride, 1, 1].map(|each| vec![0_u64; each * capacity]);
        let [classes, bits, links, order] = memory.each_mut().map(|part| part.as_mut_ptr());
        Table {
            guards: Guards::new(classes.cast(), bits, links.cast(), order.cast(), capacity, stride),
            _memory: memory,
            enabled: vec![0; BEFORE + stride],
            words: Box::new([const { AtomicU32::new(0) }; 2]),
            waiting: (0..tasks).map(|_| None).collect(),
        }
    }

    /// The set of enabled tasks, and its length.
    fn set(&mut self) -> (*mut u64, usize) {
        let set = &mut self.enabled[BEFORE..];
        (set.as_mut_ptr(), set.len())
    }

    fn change(&mut self, which: usize, value: u32) {
        self.words[which].store(value, Ordering::Relaxed);
        let (word, (set, words)) = (self.words[which].as_ptr() as usize, self.set());
        self.guards.touch(word, 0, set, words);
    }

    fn wait(&mut self, task: usize, which: usize, cmp: Cmp, value: u32) {
        let guard = Guard::on(&self.words[which], !0, cmp, value);
        if self.guards.is_crowded() {
            let words = self.set().1;
            self.guards.compact(words);
            for waiting in self.waiting.iter_mut().flatten() {
                waiting.class = self.guards.find(&waiting.guard, 0).unwrap();
            }
        }
        self.guards.make(&guard, 0);
        let class = self.guards.find(&guard, 0).unwrap();
        let (set, words) = self.set();
        let holds = self.guards.join(class, task, set, words);
        let word = &mut self.enabled[BEFORE + task / 64];
        *word = *word & !(1 << (task % 64)) | u64::from(holds) << (task % 64);
        self.waiting[task] = Some(Waiting { guard, class });
    }

    fn leave(&mut self, task: usize) {
        if let Some(Waiting { class, .. }) = self.waiting[task].take() {
            self.guards.leave(class, task);
        }
    }

    /// Who waits and is enabled or not although that is wrong.
    fn wrong(&self) -> Option<usize> {
        self.waiting.iter().enumerate().find_map(|(task, waiting)| {
            let Guard { word, value, cmp, .. } = waiting.as_ref()?.guard;
            let which = usize::from(word != self.words[0].as_ptr() as usize);
            let bits = self.words[which].load(Ordering::Relaxed);
            let holds = match cmp {
                Cmp::Eq => bits == value,
                Cmp::Ne => bits != value,
                Cmp::Gt => bits > value,
                _ => bits < value,
            };
            let enabled = self.enabled[BEFORE + task / 64] >> (task % 64) & 1 == 1;
            (holds != enabled).then_some(task)
        })
    }
}

/// A value out of few or of all, so that some are met and some never.
fn draw(rng: &mut Rng, few: u32) -> u32 {
    match rng.below(12) {
        0 => 0,
        1 => u32::MAX,
        2 => rng.next_u64() as u32,
        _ => rng.below(few),
    }
}

#[test]
fn whoever_waits_is_enabled_where_its_guard_holds() {
    for (seed, tasks, few) in [(1, 5, 4), (2, 20, 10), (3, 64, 100), (4, 150, 60), (5, 150, 100_000)] {
        let mut table = Table::new(tasks);
        let mut rng = Rng::derive(seed, 0);
        for step in 0..20_000 {
            let (which, value) = (rng.below(2) as usize, draw(&mut rng, few));
            let task = rng.below(tasks as u32) as usize;
            match rng.below(3) {
                0 => table.change(which, value),
                1 => table.leave(task),
                _ => {
                    table.leave(task);
                    table.wait(task, which, COMPARISONS[rng.below(4) as usize], value);
                }
            }
            assert_eq!(table.wrong(), None, "seed {seed}, step {step}");
        }
    }
}

/// However many values a word is compared with, those are looked at that can come out otherwise.
#[test]
fn a_change_costs_what_it_changes() {
    const TASKS: usize = 1_000;
    for cmp in COMPARISONS {
        let mut table = Table::new(TASKS);
        // In an order that no tree likes.
        (0..TASKS).for_each(|task| table.wait(task, 0, cmp, 10 * task as u32 + 5));
        let mut most = 0;
        for value in [10, 20, 30, 31, 32, 30, 5_000, 5_010, 5_005, 10_000, 10_001, 20_000, 0] {
            let enabled = |table: &Table| table.enabled[BEFORE..].to_vec();
            let before = enabled(&table);
            EVALUATED.set(0);
            table.change(0, value);
            assert_eq!(table.wrong(), None, "{cmp:?} {value}");
            let changed: u32 =
                enabled(&table).iter().zip(before).map(|(now, before)| (now ^ before).count_ones()).sum();
            most = most.max(EVALUATED.get() - changed.min(EVALUATED.get()));
        }
        assert!(most < 10, "{cmp:?}: {most} looked at in vain");
    }
}

//! Vector clocks, and a table of plain values by address: what happens-before is kept in.
//!
//! Called by `order` and `race`. Both lie in the memory of the program, like its state:
//! every process of an execution finds them, and the next execution begins without them.
//! Both grow by moving to a larger place; the old one is left behind, at most as large.
//!
//! A clock says of each task up to which of its own times it is known; tasks beyond its
//! room are not known at all. Sources: Lamport 1978; Mattern, "Virtual time and global
//! states of distributed systems", 1989.
//!
//! 1. Whatever is zeroed is an empty clock, an empty table, a free entry.
//!
//! When a process dies here, the entry that it was about to write is as it was: it wrote
//! within its turn, and the table is only looked at by whoever has the turn next.

use crate::kernel::data::state::Kernel;

/// What is known of each task. A handle: copies are the same clock.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(in crate::kernel) struct Clock {
    times: *mut u32,
    room: u32,
}

impl Clock {
    pub(in crate::kernel) const EMPTY: Clock = Clock { times: std::ptr::null_mut(), room: 0 };

    #[allow(clippy::mut_from_ref, reason = "it belongs to whoever holds the turn")]
    fn times(&self) -> &mut [u32] {
        if self.room == 0 {
            return &mut [];
        }
        // SAFETY: `room` zeroed words of program memory, which only clocks use; whoever
        // has the turn looks at them, and never at one clock through two slices.
        unsafe { std::slice::from_raw_parts_mut(self.times, self.room as usize) }
    }

    /// Up to which time of `task` it knows.
    pub(in crate::kernel) fn at(&self, task: usize) -> u32 {
        self.times().get(task).copied().unwrap_or(0)
    }

    /// The same clock with room for `tasks`; none if memory is used up.
    fn widened(self, kernel: &mut Kernel, tasks: usize) -> Option<Clock> {
        if tasks <= self.room as usize {
            return Some(self);
        }
        let room = tasks.next_power_of_two().max(16);
        let times = kernel.allocate(room * size_of::<u32>())?.cast::<u32>();
        let wide = Clock { times, room: room as u32 };
        wide.times()[..self.room as usize].copy_from_slice(self.times());
        Some(wide)
    }

    /// The same clock, which knows of this time of `task`.
    pub(in crate::kernel) fn with(self, kernel: &mut Kernel, task: usize, time: u32) -> Option<Clock> {
        let wide = self.widened(kernel, task + 1)?;
        wide.times()[task] = time;
        Some(wide)
    }

    /// The same clock, which knows what `other` knows as well.
    pub(in crate::kernel) fn joined(self, kernel: &mut Kernel, other: Clock) -> Option<Clock> {
        let wide = self.widened(kernel, other.room as usize)?;
        if wide.times != other.times {
            for (mine, &theirs) in wide.times().iter_mut().zip(other.times().iter()) {
                *mine = theirs.max(*mine);
            }
        }
        Some(wide)
    }

    /// Knows nothing any more.
    pub(in crate::kernel) fn clear(&self) {
        self.times().fill(0);
    }
}

/// An address, and whose memory it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(in crate::kernel) struct Key {
    pub(in crate::kernel) space: u32,
    pub(in crate::kernel) address: usize,
}

/// Values by key, in open addressing.
#[derive(Debug)]
#[repr(C)]
pub(in crate::kernel) struct Table<V> {
    entries: *mut Entry<V>,
    room: usize,
    len: usize,
}

/// An address of 0 stands for a free entry.
#[repr(C)]
struct Entry<V> {
    key: Key,
    value: V,
}

impl<V> Clone for Table<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Table<V> {}

/// Entries of a table at first.
const FIRST_ROOM: usize = 64;

impl<V: Copy> Table<V> {
    pub(in crate::kernel) const EMPTY: Table<V> = Table { entries: std::ptr::null_mut(), room: 0, len: 0 };

    /// The entry of a key, or the free one where it would stand.
    #[allow(clippy::mut_from_ref, reason = "it belongs to whoever holds the turn")]
    fn place(&self, key: Key) -> Option<&mut Entry<V>> {
        if self.room == 0 {
            return None;
        }
        debug_assert!(key.address != 0);
        // Fibonacci hashing: the golden ratio spreads addresses that differ in few bits.
        let spread = (key.address ^ (key.space as usize) << 48).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut at = spread >> 32;
        loop {
            at &= self.room - 1;
            // SAFETY: `room` zeroed entries of program memory, of which at >= 0 and < room;
            // only whoever has the turn looks at them, one at a time.
            let entry = unsafe { &mut *self.entries.add(at) };
            if entry.key.address == 0 || entry.key == key {
                return Some(entry);
            }
            at += 1;
        }
    }

    /// What stands under a key.
    pub(in crate::kernel) fn get(&self, key: Key) -> Option<V> {
        self.place(key).filter(|entry| entry.key.address != 0).map(|entry| entry.value)
    }

    /// Writes a value under a key; none if memory is used up.
    pub(in crate::kernel) fn put(&mut self, kernel: &mut Kernel, key: Key, value: V) -> Option<()> {
        if (self.len + 1) * 2 > self.room {
            self.grow(kernel)?;
        }
        let entry = self.place(key)?;
        let new = entry.key.address == 0;
        *entry = Entry { key, value };
        self.len += usize::from(new);
        Some(())
    }

    fn grow(&mut self, kernel: &mut Kernel) -> Option<()> {
        let room = (self.room * 2).max(FIRST_ROOM);
        let entries = kernel.allocate(room * size_of::<Entry<V>>())?.cast();
        let wide = Table { entries, room, len: self.len };
        for at in 0..self.room {
            // SAFETY: as in `place`.
            let entry = unsafe { &*self.entries.add(at) };
            if entry.key.address != 0
                && let Some(place) = wide.place(entry.key)
            {
                *place = Entry { key: entry.key, value: entry.value };
            }
        }
        *self = wide;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Arena, Limits, Mode};

    fn kernel_for(test: impl FnOnce(&mut Kernel)) {
        let arena =
            Arena::new(Limits { tasks: 64, steps: 64, memory: 1 << 20, ..Limits::default() }, Mode::Sim)
                .unwrap();
        // SAFETY: the arena lives, and nobody else has its kernel.
        test(unsafe { &mut *arena.kernel() });
    }

    #[test]
    fn clocks_know_what_they_are_told() {
        kernel_for(|kernel| {
            let one = Clock::EMPTY.with(kernel, 3, 7).unwrap();
            let two = Clock::EMPTY.with(kernel, 40, 2).unwrap().with(kernel, 3, 5).unwrap();
            let both = one.joined(kernel, two).unwrap();
            assert_eq!([both.at(3), both.at(40), both.at(0), both.at(1000)], [7, 2, 0, 0]);
            assert_eq!([one.at(40), two.at(3)], [0, 5], "a clock that grows leaves the old one");
        });
    }

    #[test]
    fn a_table_keeps_what_it_is_given() {
        kernel_for(|kernel| {
            let mut table = Table::<u64>::EMPTY;
            let key = |number: usize| Key { space: (number % 3) as u32, address: 64 + number / 3 * 4 };
            for number in 0..500 {
                assert_eq!(table.get(key(number)), None);
                table.put(kernel, key(number), number as u64).unwrap();
            }
            table.put(kernel, key(7), 70).unwrap();
            let right = |number| if number == 7 { 70 } else { number as u64 };
            assert!((0..500).all(|number| table.get(key(number)) == Some(right(number))));
        });
    }
}

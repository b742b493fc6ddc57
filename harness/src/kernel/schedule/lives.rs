//! Which object an address stood for, and when: memory that one object has left is given to
//! the next one, or not, as the allocator likes.
//!
//! Checked words and watched plain data say so when they are dropped. What was known of the
//! memory is forgotten then, and while a plan asks for a record the end is written down for
//! whoever names the objects.
//!
//! 1. An end that was written down at step k came before step k, and after those before it.
//! 2. Objects that end without being dropped (shared memory, the dead) leave memory that is
//!    not handed out again in their execution.
//! 3. There is room for as many ends as for steps; what ends after that may share its name
//!    with what comes after it.
//!
//! When a process dies here, what lies in its memory ends with it: nobody else has the space.

use crate::kernel::data::current;
use crate::kernel::data::state::Kernel;
use rustc_hash::FxHashMap;

/// One object that was dropped.
#[derive(Clone, Copy)]
#[repr(C)]
pub(in crate::kernel) struct Gone {
    address: usize,
    space: u32,
    step: u32,
}

/// What lay at an address is being dropped.
#[inline(always)]
pub(in crate::kernel) fn end(address: usize) {
    let this = current::get();
    if !this.is_null() {
        // SAFETY: a current kernel is alive, and the caller has the turn.
        unsafe { (*this).end_life(address) };
    }
}

/// A part of a larger object that tells of its end; it stands at the object's address.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Mortal;

impl Drop for Mortal {
    #[inline(always)]
    fn drop(&mut self) {
        end(std::ptr::from_ref(self) as usize);
    }
}

impl Kernel {
    #[inline]
    fn end_life(&mut self, address: usize) {
        self.lose_interest(address);
        if (self.plan.record || self.keeps_order()) && !self.over {
            self.note_end(address);
        }
    }

    #[cold]
    #[inline(never)]
    fn note_end(&mut self, address: usize) {
        self.order_anew(address);
        if self.plan.record && (self.gone as usize) < self.limits.steps {
            let gone = Gone { address, space: self.space(address), step: self.steps };
            // SAFETY: the array has `limits.steps` places, and we have the turn.
            unsafe { self.parts.gone.add(self.gone as usize).write(gone) };
            self.gone += 1;
        }
    }

    fn gone(&self) -> &[Gone] {
        // SAFETY: `note_end` wrote so many.
        unsafe { std::slice::from_raw_parts(self.parts.gone, self.gone as usize) }
    }
}

/// The objects that stood at each address in an execution that was recorded.
#[derive(Default)]
pub(crate) struct Lives {
    /// Of each address the steps before which one ended, in order.
    ends: FxHashMap<(u32, usize), Vec<u32>>,
}

impl Lives {
    /// Of the execution that the kernel has just recorded.
    pub(crate) fn of(kernel: &Kernel) -> Lives {
        Lives::where_it(kernel, |_| true)
    }

    /// The same of what does not lie in the memory that all tasks share.
    pub(crate) fn of_own_memory(kernel: &Kernel) -> Lives {
        Lives::where_it(kernel, |address| !kernel.is_shared(address))
    }

    fn where_it(kernel: &Kernel, counts: impl Fn(usize) -> bool) -> Lives {
        let mut ends: FxHashMap<(u32, usize), Vec<u32>> = FxHashMap::default();
        for gone in kernel.gone().iter().filter(|gone| counts(gone.address)) {
            ends.entry((gone.space, gone.address)).or_default().push(gone.step);
        }
        Lives { ends }
    }

    /// Whether none has ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many objects had ended at an address before this step.
    pub(crate) fn at(&self, space: u32, address: usize, step: usize) -> usize {
        self.ends.get(&(space, address)).map_or(0, |ends| ends.partition_point(|&end| end as usize <= step))
    }
}

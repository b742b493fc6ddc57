//! One value in memory of its own, shared with every child forked from then on.
//!
//! Called by programs that start processes: the value is made before the fork, and
//! parent and child then use the same one; or it is sent to a process that is no fork of this
//! one (see [`carried`](super::carried)).
//!
//! | state | handles in this process | value |
//! |---|---|---|
//! | in use | one or more | mapped here |
//! | gone here | none | still there for the processes that map it |
//!
//! 1. The value lies at the start of its segment from construction to the end of the
//!    last mapping, and never moves.
//! 2. It is never dropped, only unmapped, so it must not need to be: that is checked
//!    when a program is compiled. No process can know that it is the last one.
//! 3. The kernel counts who maps the memory. There is no count in the memory itself,
//!    which a `kill -9` could leave wrong.
//!
//! Orderings: what the parent wrote before a fork, the child sees.
//!
//! When a process dies here, the value keeps what was last written, and its own rules
//! (a lock that stays taken, say) decide what that means.

use super::Shareable;
use super::carried::{Carried, carried};
use super::header::Layout;
use crate::Error;
use crate::platform::{Native, Segment, Tasks};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A value that this process has in common with the children it forks from now on, and with
/// whatever process it is sent to.
///
/// Cloning gives another handle on the same value. It is sent as part of the argument of an
/// [`entry!`](crate::entry), or through a two-way [`pipe`](crate::pipe()).
///
/// ```
/// use selvedge::{Mutex, Process, Shared};
///
/// let sum = Shared::new(Mutex::new(1));
/// let child = Process::spawn({
///     let sum = sum.clone();
///     move || *sum.lock().unwrap() += 1
/// });
/// assert!(child.join()?.success());
/// assert_eq!(*sum.lock().unwrap(), 2);
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// A value that needs a destructor does not fit, even if it could be shared:
///
/// ```compile_fail,E0080
/// struct Loud(u32);
/// impl Drop for Loud { fn drop(&mut self) { println!("gone") } }
/// unsafe impl selvedge::shm::Shareable for Loud {}
/// selvedge::Shared::new(Loud(1));
/// ```
///
/// What means something to forked processes only is not sent to others:
///
/// ```compile_fail,E0080
/// let lazy = selvedge::Shared::new(selvedge::LazyLock::new(|| 1_u32));
/// let (left, _right) = selvedge::pipe(true).unwrap();
/// left.send(&lazy).unwrap();
/// ```
///
/// Neither does one that several processes must not use at the same time:
///
/// ```compile_fail,E0277
/// struct Alone(std::cell::Cell<u32>);
/// unsafe impl selvedge::shm::Shareable for Alone {}
/// selvedge::Shared::new(Alone(std::cell::Cell::new(1)));
/// ```
#[doc(alias = "SharedMemory")]
pub struct Shared<T, P: Tasks = Native> {
    segment: P::Segment,
    value: PhantomData<T>,
}

impl<T: Shareable + Send + Sync, P: Tasks> Shared<T, P> {
    /// Moves `value` into shared memory.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see [`try_new`](Self::try_new).
    #[track_caller]
    pub fn new(value: T) -> Self {
        match Self::try_new(value) {
            Ok(shared) => shared,
            Err(error) => panic!("no shared memory for a value of {} bytes: {error}", size_of::<T>()),
        }
    }

    /// Moves `value` into shared memory.
    ///
    /// # Errors
    /// [`Error::Os`] if the operating system has no memory to give; `value` is dropped.
    #[track_caller]
    pub fn try_new(value: T) -> Result<Self, Error> {
        P::made("Shared");
        const {
            // Where words themselves tell of their end, this says nothing about values of them.
            let drops = std::mem::needs_drop::<T>() && !std::mem::needs_drop::<P::AtomicU32>();
            assert!(!drops, "no process is the last one, so nobody could drop this");
            assert!(align_of::<T>() <= 64, "segments are aligned to 64 bytes");
        }
        let segment = P::segment(size_of::<T>()).map_err(Error::os("mmap"))?;
        // SAFETY: the segment is new, large enough and aligned: nobody else has it yet.
        unsafe { segment.base().cast::<T>().write(value) };
        Ok(Shared { segment, value: PhantomData })
    }
}

impl<T: Shareable + Send + Sync, P: Tasks> Carried for Shared<T, P> {
    type Platform = P;

    fn layout() -> Layout {
        const {
            assert!(
                !T::FORK_ONLY,
                "it has the address of a function, which is another one in other processes"
            );
        }
        Layout::named::<Self, T, P>(0)
    }

    fn segment(&self) -> &P::Segment {
        &self.segment
    }

    fn of_segment(segment: P::Segment) -> Result<Self, String> {
        if segment.size() != size_of::<T>() {
            return Err(format!("it has {} bytes, and should have {}", segment.size(), size_of::<T>()));
        }
        Ok(Shared { segment, value: PhantomData })
    }
}

carried!([T: Shareable + Send + Sync, P: Tasks] Shared<T, P>);

impl<T, P: Tasks> Deref for Shared<T, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: invariant 1. Others have references too, in this process and in
        // others: `new` asks for `Sync`, and for `Shareable` across address spaces.
        unsafe { &*self.segment.base().cast::<T>() }
    }
}

impl<T, P: Tasks> Clone for Shared<T, P> {
    fn clone(&self) -> Self {
        Shared { segment: self.segment.clone(), value: PhantomData }
    }
}

impl<T: fmt::Debug, P: Tasks> fmt::Debug for Shared<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&**self).finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::Shared;
    use crate::sys::process;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    #[test]
    fn handles_of_both_processes_name_one_value() {
        let shared: Shared<AtomicU32> = Shared::new(AtomicU32::new(1));
        let copy = shared.clone();
        let child = process::fork(move || {
            copy.fetch_add(1, SeqCst);
            0
        })
        .unwrap();
        let status = child.wait(None).unwrap();
        assert!(status.unwrap().success());
        assert_eq!(shared.load(SeqCst), 2);
        assert_eq!(format!("{shared:?}"), "Shared(2)");
    }
}

//! One value that has a name, by which any process can open it.
//!
//! Called by programs whose processes do not descend from each other: the counterpart of
//! [`Shared`](super::Shared), whose value comes to a child with the fork.
//!
//! The states of a name, and what becomes of a segment, are those of the table in
//! [`segment`](super::segment).
//!
//! 1. The value was written before it had a name, and never moves.
//! 2. It is never dropped, only unmapped, as that of a `Shared`.
//! 3. Whoever opens it says the type and the version; what was made as something else, or by
//!    a build for which the type has another size, is refused.
//!
//! Orderings: what its maker wrote into it before, whoever opens it sees.
//!
//! When a process dies here, the value keeps what was last written, and its own rules say
//! what that means.

use super::Shareable;
use super::by_name::named;
use super::carried::{Carried, carried};
use super::header::Layout;
use super::segment::NamedSegment;
use crate::Error;
use crate::platform::{Native, Site, Tasks};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// A value that every process of this user can open by name.
///
/// The type's name, its size and the version are checked when it is opened. They cannot
/// tell apart two types that agree in all of these: a program that changes what the fields
/// of a type mean counts the version up.
///
/// ```
/// use selvedge::{Named, RobustMutex};
///
/// let name = format!("stock-{}", std::process::id());
/// let stock = Named::create(&name, RobustMutex::new(5_u32))?;
/// let same: Named<RobustMutex<u32>> = Named::open(&name)?;
/// *same.lock().unwrap() -= 1;
/// assert_eq!(*stock.lock().unwrap(), 4);
///
/// let other = Named::<RobustMutex<u64>>::open(&name).unwrap_err();
/// assert!(other.to_string().contains("and not a"), "{other}");
/// stock.unlink()?;
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// What leads into the memory of one process is refused, and so is the address of a function,
/// which means something to forked processes only:
///
/// ```compile_fail,E0277
/// let _ = selvedge::Named::create("text", String::new());
/// ```
/// ```compile_fail,E0080
/// let _ = selvedge::Named::create("lazy", selvedge::LazyLock::new(|| 1_u32));
/// ```
/// ```compile_fail,E0599
/// let _ = selvedge::Named::<&'static u32>::open("reference");
/// ```
pub struct Named<T, P: Tasks = Native> {
    segment: NamedSegment<P>,
    value: PhantomData<T>,
}

impl<T: Shareable + Send + Sync, P: Tasks> Named<T, P> {
    /// Moves `value` into memory named `name`; version 0.
    ///
    /// # Errors
    /// [`Error::SegmentExists`] if the name is taken; [`Error::InvalidArgument`] if it is
    /// empty, too long or has a slash in it; [`Error::Os`] if the operating system has no
    /// memory to give. `value` is dropped then.
    #[track_caller]
    pub fn create(name: &str, value: T) -> Result<Self, Error> {
        Self::create_version(name, 0, value)
    }

    /// The same with a version of the program's own.
    ///
    /// # Errors
    /// As for [`create`](Self::create).
    #[track_caller]
    pub fn create_version(name: &str, version: u32, value: T) -> Result<Self, Error> {
        const {
            // Where words themselves tell of their end, this says nothing about values of them.
            let drops = std::mem::needs_drop::<T>() && !std::mem::needs_drop::<P::AtomicU32>();
            assert!(!drops, "no process is the last one, so nobody could drop this");
            assert!(align_of::<T>() <= 64, "segments are aligned to 64 bytes");
            assert!(
                !T::FORK_ONLY,
                "it has the address of a function, which is another one in other processes"
            );
        }
        // SAFETY: the content is new, aligned, and large enough; nobody else has it yet.
        let fill = |content: *mut u8| unsafe { content.cast::<T>().write(value) };
        let (layout, size) = (Layout::of::<T, P>(version), size_of::<T>().max(1));
        let segment = NamedSegment::create(name, layout, size, fill, P::Site::here())?;
        Ok(Named { segment, value: PhantomData })
    }

    /// Opens the value named `name`, if it is a `T` of version 0.
    ///
    /// # Errors
    /// [`Error::NoSegment`] if nothing has this name, [`Error::SegmentRefused`] if
    /// something else has it, or as [`create`](Self::create).
    #[track_caller]
    pub fn open(name: &str) -> Result<Self, Error> {
        Self::open_version(name, 0)
    }

    /// The same for another version.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    #[track_caller]
    pub fn open_version(name: &str, version: u32) -> Result<Self, Error> {
        let segment = NamedSegment::open(name, Layout::of::<T, P>(version), P::Site::here())?;
        if segment.size() < size_of::<T>() {
            let why = format!("its {} bytes are too few for its layout", segment.size());
            return Err(Error::SegmentRefused { name: name.to_owned(), why });
        }
        Ok(Named { segment, value: PhantomData })
    }
}

named!(Named<T>);

impl<T: Shareable + Send + Sync, P: Tasks> Carried for Named<T, P> {
    type Platform = P;

    fn layout() -> Layout {
        Layout::of::<T, P>(0)
    }

    fn segment(&self) -> &P::Segment {
        self.segment.segment()
    }

    fn of_segment(_: P::Segment) -> Result<Self, String> {
        Err("a named value is sent by its name".to_owned())
    }

    fn name(&self) -> Option<(&str, u32)> {
        Some((self.name(), self.segment.version()))
    }

    fn of_name(name: &str, version: u32) -> Result<Self, Error> {
        Self::open_version(name, version)
    }
}

carried!([T: Shareable + Send + Sync, P: Tasks] Named<T, P>);

impl<T, P: Tasks> Deref for Named<T, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: invariants 1 and 3. Others have references too, in this process and in
        // others: both ways to make a handle ask for `Sync` and `Shareable`.
        unsafe { &*self.segment.content().cast::<T>() }
    }
}

impl<T, P: Tasks> Clone for Named<T, P> {
    fn clone(&self) -> Self {
        Named { segment: self.segment.clone(), value: PhantomData }
    }
}

impl<T: fmt::Debug, P: Tasks> fmt::Debug for Named<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name()).field("value", &**self).finish()
    }
}

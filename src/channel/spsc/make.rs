//! How a channel is made.
//!
//! Called by programs before they start the tasks that use it.
//!
//! When a process dies here, nothing was made yet.

use super::link::Link;
use super::{Receiver, Sender};
use crate::Error;
use crate::platform::{Native, Tasks};
use crate::shm::Shareable;

/// Both ends of a channel.
pub type Ends<T, P = Native> = (Sender<T, P>, Receiver<T, P>);

/// A channel for at most `capacity` items that are their bytes, from one task to another:
/// threads of a process, or processes that are started afterwards. Its memory has a power of
/// two of places, and is taken as it is used.
///
/// It is plain: if the process at one end is killed, the other end is not told.
///
/// ```
/// use selvedge::Process;
///
/// let (mut sender, mut receiver) = selvedge::spsc::<u64>(8)?;
/// let child = Process::spawn(move || (1..=100).for_each(|number| sender.send(number).unwrap()));
/// let mut sum = 0;
/// // The child drops its end, and so this comes to an end.
/// while let Ok(number) = receiver.recv() {
///     sum += number;
/// }
/// assert_eq!(sum, 5050);
/// assert!(child.join()?.success());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::InvalidArgument`] for a capacity that is 0, more than 2^29, or more than memory
/// can be; [`Error::Os`] if the operating system has none to give.
#[doc(alias = "channel")]
#[track_caller]
pub fn spsc<T, P: Tasks>(capacity: usize) -> Result<Ends<T, P>, Error>
where
    T: Copy + Send + Shareable,
{
    P::made("spsc");
    const { assert!(align_of::<T>() <= 64, "items lie at multiples of 64 bytes at most") };
    let [sender, receiver] = Link::pair(capacity, size_of::<T>())?;
    Ok((Sender::new(sender, size_of::<T>()), Receiver::new(receiver)))
}

/// The same for messages of at most `largest` bytes each, for which there is always room.
///
/// ```
/// let (mut sender, mut receiver) = selvedge::spsc_bytes(4, 100)?;
/// sender.send(b"never say never")?;
/// assert_eq!(receiver.recv()?, b"never say never");
/// assert!(sender.send(&[0; 101]).unwrap_err().to_string().contains("101 bytes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`spsc`].
#[track_caller]
pub fn spsc_bytes<P: Tasks>(capacity: usize, largest: usize) -> Result<Ends<[u8], P>, Error> {
    P::made("spsc_bytes");
    // The length of a message stands before it.
    let stride = largest.checked_next_multiple_of(8).and_then(|bytes| bytes.checked_add(8));
    let [sender, receiver] = Link::pair(capacity, stride.unwrap_or(usize::MAX))?;
    Ok((Sender::new(sender, largest), Receiver::new(receiver)))
}

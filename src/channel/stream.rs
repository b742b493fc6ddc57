//! A pipe, socket or file whose reads and writes are visible operations.
//!
//! Called by programs that read and write bytes. A stream adds nothing to what it wraps
//! but the announcement: on `Native` each call is the call of what it wraps; under a
//! scheduler it is made when it would not block, may be interrupted (the fault `eintr`)
//! and may move fewer bytes than asked for (the fault `short_io`), as read(2) and
//! write(2) allow at any time.
//!
//! | method | on EINTR | on fewer bytes |
//! |---|---|---|
//! | `read`, `write` | returns [`Interrupted`](std::io::ErrorKind::Interrupted) | returns how many |
//! | `read_exact`, `write_all`, `read_to_end` | goes on | goes on |
//!
//! 1. A stream has no buffer: what was not read stays in the kernel.
//! 2. A stream is no [`Shareable`](crate::Shareable) thing: a descriptor belongs to one
//!    process. It reaches a child through `fork`, in the closure that the child runs.
//!
//! When a process dies here, bytes that a call had moved stay moved, and its descriptors
//! are closed: a reader of a pipe that no writer holds any more meets the end of the file.

use crate::platform::{Call, Io, Kind, Open, Site};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// A stream of bytes over a descriptor.
///
/// ```
/// use selvedge::Stream;
/// use std::io::{Read, Write};
///
/// let (reader, writer) = std::io::pipe()?;
/// let (mut reader, mut writer) = (Stream::new(reader), Stream::new(writer));
/// writer.write_all(b"selvedge")?;
/// let mut start = [0; 3];
/// reader.read_exact(&mut start)?;
/// assert_eq!(&start, b"sel");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Stream<T, P: Io> {
    inner: Open<T, P>,
}

/// Bytes that `read_to_end` asks for at a time.
const CHUNK: usize = 4096;

impl<T: AsFd, P: Io> Stream<T, P> {
    /// Announces the calls of `inner` from now on. A descriptor that is marked
    /// non-blocking stays so: its calls are never held back.
    pub fn new(inner: T) -> Stream<T, P> {
        Stream { inner: Open::new(inner) }
    }

    /// What it wraps. Calls on that directly are not announced.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Gives back what it wraps.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }

    fn call(&self, kind: Kind, name: &'static str, site: P::Site) -> Call<'_, P::Site> {
        Call { kind, name, fd: self.inner.as_fd(), site }
    }

    /// Waits until a read would not block, at most for `timeout`; `None` waits for ever.
    /// Returns false if the time passed first.
    ///
    /// # Errors
    /// `Interrupted` where a signal comes first; whatever poll(2) refuses.
    #[track_caller]
    pub fn wait_readable(&self, timeout: Option<Duration>) -> io::Result<bool> {
        P::ready(self.call(Kind::Input, "poll", P::Site::here()), timeout.map(P::deadline))
    }

    /// Waits until a write would not block, at most for `timeout`; `None` waits for ever.
    /// Returns false if the time passed first.
    ///
    /// # Errors
    /// As for [`wait_readable`](Stream::wait_readable).
    #[track_caller]
    pub fn wait_writable(&self, timeout: Option<Duration>) -> io::Result<bool> {
        P::ready(self.call(Kind::Output, "poll", P::Site::here()), timeout.map(P::deadline))
    }

    fn read_from(&self, buffer: &mut [u8], site: P::Site) -> io::Result<usize>
    where
        for<'a> &'a T: Read,
    {
        let call = self.call(Kind::Input, "read", site);
        P::transfer(call, buffer.len(), |range| (&*self.inner).read(&mut buffer[range]))
    }

    fn write_from(&self, bytes: &[u8], site: P::Site) -> io::Result<usize>
    where
        for<'a> &'a T: Write,
    {
        let call = self.call(Kind::Output, "write", site);
        P::transfer(call, bytes.len(), |range| (&*self.inner).write(&bytes[range]))
    }
}

/// Repeats a call that was interrupted before it did anything.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl<T: AsFd, P: Io> Read for Stream<T, P>
where
    for<'a> &'a T: Read,
{
    #[track_caller]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_from(buffer, P::Site::here())
    }

    // Like the standard library's, with the caller's own source line.
    #[track_caller]
    fn read_exact(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        let site = P::Site::here();
        while !buffer.is_empty() {
            match retry(|| self.read_from(buffer, site))? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => buffer = &mut buffer[count..],
            }
        }
        Ok(())
    }

    #[track_caller]
    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let site = P::Site::here();
        let before = bytes.len();
        loop {
            let end = bytes.len();
            bytes.resize(end + CHUNK, 0);
            let result = retry(|| self.read_from(&mut bytes[end..], site));
            bytes.truncate(end + result.as_ref().copied().unwrap_or(0));
            if result? == 0 {
                return Ok(bytes.len() - before);
            }
        }
    }
}

impl<T: AsFd, P: Io> Write for Stream<T, P>
where
    for<'a> &'a T: Write,
{
    #[track_caller]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_from(bytes, P::Site::here())
    }

    #[track_caller]
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let site = P::Site::here();
        while !bytes.is_empty() {
            match retry(|| self.write_from(bytes, site))? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => bytes = &bytes[count..],
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.inner).flush()
    }
}

impl<T: AsFd, P: Io> AsFd for Stream<T, P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T: fmt::Debug, P: Io> fmt::Debug for Stream<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&*self.inner).finish()
    }
}

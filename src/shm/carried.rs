//! Memory as part of a message: a descriptor, by which the receiver maps it too.
//!
//! Called by serde, for every handle on memory that has no name: [`Shared`](super::Shared),
//! arrays, maps, vectors, arenas, queues.
//!
//! ```text
//!  sender                                     receiver
//!  handle.segment().descriptor() ---------->  P::Segment::arrived(descriptor, address, size)
//!  Header::bytes(handle's layout) --------->  Header::check(handle's layout)
//!                                             the handle's own look at what lies there
//! ```
//!
//! 1. Whoever decodes says what he expects. What was sent as something else, or by a build for
//!    which the type has another size, is refused before the memory is touched.
//! 2. A process has one mapping of one memory, however often it arrives.
//! 3. Memory with a name is sent by its name, which can go anywhere; other memory goes only
//!    where descriptors can: see [`luggage`](super::luggage).
//! 4. What means something only to forked processes is refused by the compiler:
//!    [`Shareable::FORK_ONLY`](super::Shareable::FORK_ONLY).
//!
//! 5. Who sends is believed as whoever makes memory with a name is: the check finds mistakes, and
//!    not somebody who has the key of the connection and means ill.
//!
//! In an exploration, where all tasks have its memory at the same address, that is sent; a
//! descriptor goes along all the same, so that the message goes where it would go natively.
//!
//! Orderings: what the sender wrote before it sent, the receiver sees: the kernel orders the
//! two calls.
//!
//! When a process dies here, its mappings go, and the memory stays for the others. What it held
//! is let go as by a forked process: the kernel's robust list knows addresses of the dead
//! process, and finds the same words behind them.

use super::header::{CONTENT, Header, Layout};
use super::luggage;
use crate::Error;
use crate::platform::{Segment, Tasks};
use crate::sys::program::Program;
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::OwnedFd;

/// A handle on memory that another process can map too.
pub(crate) trait Carried: Sized {
    /// Where it lives.
    type Platform: Tasks;

    /// What its memory is.
    fn layout() -> Layout;

    /// Its memory.
    fn segment(&self) -> &<Self::Platform as Tasks>::Segment;

    /// The handle on memory that is of this layout, or why there cannot be one.
    fn of_segment(segment: <Self::Platform as Tasks>::Segment) -> Result<Self, String>;

    /// Its name and its version, if it has a name.
    fn name(&self) -> Option<(&str, u32)> {
        None
    }

    /// The handle on the memory that has this name and version, where there is such.
    fn of_name(name: &str, _version: u32) -> Result<Self, Error> {
        Err(Error::NoSegment { name: name.to_owned() })
    }
}

#[derive(Serialize, Deserialize)]
enum Form {
    Name { name: String, version: u32 },
    Memory { place: u32, address: Option<u64>, header: Vec<u8> },
}

/// Writes how another process comes to the memory of `handle`.
pub(crate) fn serialize<H: Carried, S: Serializer>(handle: &H, serializer: S) -> Result<S::Ok, S::Error> {
    if let Some((name, version)) = handle.name() {
        return Form::Name { name: name.to_owned(), version }.serialize(serializer);
    }
    let what = format!("a {}", H::layout().name());
    let segment = handle.segment();
    let descriptor = segment.descriptor().map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::Unsupported => {
                "its memory reaches forked children only, because it was made while half of the descriptors \
                 that the process may have were in use"
            }
            _ => &error.to_string(),
        };
        luggage::cannot_leave::<S::Error>(format!("{what} cannot be sent: {why}"))
    })?;
    let place = luggage::leave(&what, descriptor)?;
    let header = Header::bytes(H::layout(), segment.size(), Program::current()).to_vec();
    Form::Memory { place, address: segment.address(), header }.serialize(serializer)
}

/// The handle that was written so.
pub(crate) fn deserialize<'de, H: Carried, D: Deserializer<'de>>(deserializer: D) -> Result<H, D::Error> {
    let handle = match Form::deserialize(deserializer)? {
        Form::Name { name, version } => H::of_name(&name, version).map_err(|error| error.to_string()),
        Form::Memory { place, address, header } => arrived(&header, luggage::arrive(place)?, address),
    };
    handle.map_err(luggage::cannot_arrive)
}

fn arrived<H: Carried>(header: &[u8], descriptor: OwnedFd, address: Option<u64>) -> Result<H, String> {
    let wanted = H::layout().name();
    let header = <&[u8; CONTENT]>::try_from(header).ok().and_then(Header::read);
    let header = header.ok_or_else(|| format!("it was sent as something else than a {wanted}"))?;
    let size = header.size().map_err(|_| "its memory is larger than this machine's".to_owned())?;
    header.check(H::layout(), size)?;
    let segment = <H::Platform as Tasks>::Segment::arrived(descriptor, address, size)
        .map_err(|error| format!("its memory cannot be mapped here as a {wanted}: {error}"))?;
    H::of_segment(segment)
}

/// Lets a [`Carried`] handle be part of a message.
macro_rules! carried {
    ([$($generics:tt)*] $type:ty) => {
        /// As part of a message it is its memory, or where it has one, its name. Memory goes to
        /// a process that is started for an entry, and through two-way pipes and Unix
        /// connections; the receiver maps it too.
        impl<$($generics)*> serde::Serialize for $type {
            fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                $crate::shm::carried::serialize(self, serializer)
            }
        }

        impl<'de, $($generics)*> serde::Deserialize<'de> for $type {
            fn deserialize<Z: serde::Deserializer<'de>>(deserializer: Z) -> Result<Self, Z::Error> {
                $crate::shm::carried::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use carried;

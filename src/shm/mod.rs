//! Memory that processes share, what may live in it, and how it comes to processes that are
//! no copies of its maker.
//!
//! Called by every program that starts processes, and by `raw` and `sync`, which say of
//! their types that they may live here.
//!
//! | item | what it is |
//! |---|---|
//! | [`Shareable`] | the promise that a value means the same to every process |
//! | [`shareable!`](crate::shareable) | that promise for your own struct, checked field by field |
//! | [`Shared`] | one value in memory of its own |
//! | [`SharedMemory`] | bytes that have a name, by which any process can open them |
//! | [`Named`] | one value that has a name |
//! | [`sweep`] | removes the named segments that dead programs left behind |
//!
//! When a process dies, its mappings go; the memory stays as long as anybody maps it.

pub(crate) mod by_name;
pub(crate) mod carried;
pub(crate) mod function;
mod header;
pub(crate) mod luggage;
mod memory;
mod name;
mod named;
pub(crate) mod numbers;
mod place;
mod segment;
mod shareable;
mod shared;
mod spelling;
mod tracker;

pub(crate) use header::Layout;
pub use memory::SharedMemory;
pub use named::Named;
pub(crate) use place::Place;
pub(crate) use segment::NamedSegment;
pub use shareable::Shareable;
#[doc(hidden)]
pub use shareable::check_shareable;
pub use shared::Shared;
pub use tracker::{Swept, sweep};

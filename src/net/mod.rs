//! Sockets: connections for messages, waiting for many files, servers.
//!
//! Called by programs. The sockets themselves are std's; here is what std has not.
//!
//! | to | there is |
//! |---|---|
//! | send messages to processes that do not descend from this one | [`Listener`] and [`connect`](connect()), which meet at an [`Address`] and give a [`Connection`](crate::channel::Connection) |
//! | wait for many files | [`Selector`], and [`select`](select()) for once |
//! | serve what comes to a socket | [`Server`] |
//! | set what must be set before a socket is bound | [`Bind`] |
//!
//! When a process dies here, its sockets are closed; the path of a Unix address stays
//! behind, and can be removed by hand.

mod address;
mod auth;
mod bind;
#[path = "connect.rs"]
mod client;
mod interest;
mod listener;
#[path = "select.rs"]
mod once;
mod selector;
pub mod server;
mod waker;

pub use address::{Address, Sought};
pub use bind::Bind;
pub use client::connect;
pub(crate) use client::reach;
pub use interest::{Interest, Ready};
pub use listener::Listener;
pub use once::{Selected, select};
pub use selector::{Event, Key, NotRegistered, Selector};
pub use server::Server;
pub use waker::Waker;

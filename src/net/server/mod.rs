//! Servers: a socket, and a handler for what comes there.
//!
//! Called by programs. [`Server`] is the loop, [`Handler`] what a program says to it,
//! [`Client`] and [`Datagram`] are what comes, [`Mode`] says who handles it.
//!
//! | file | what it knows |
//! |---|---|
//! | `server`, `turn` | what programs say to a server; one turn of its loop |
//! | `mode` | who handles a request, and how many at a time |
//! | `crew` | the threads and processes that are at work |
//! | `prefork` | processes that accept by themselves |
//! | `handler` | what is done with a request, and what can go wrong |
//! | `socket` | how a request is taken from each kind of socket |
//! | `client`, `datagram` | requests |
//!
//! When a process dies here, see [`Server`].

mod client;
mod crew;
mod datagram;
mod handler;
mod mode;
mod prefork;
#[allow(clippy::module_inception, reason = "the folder is named for its one main type")]
mod server;
mod socket;
mod turn;

pub use client::Client;
pub use datagram::Datagram;
pub use handler::{Failure, Handler};
pub use mode::Mode;
pub use server::{Server, Shutdown};
pub use socket::Socket;

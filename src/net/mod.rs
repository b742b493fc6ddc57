//! Connections between processes that do not descend from each other.
//!
//! Called by programs. A [`Listener`] has an [`Address`] and accepts what
//! [`connect`](connect()) asks for; both give a
//! [`Connection`](crate::channel::Connection).
//!
//! When a process dies here, its sockets are closed; the path of a Unix address stays
//! behind, and can be removed by hand.

mod address;
mod auth;
#[path = "connect.rs"]
mod client;
mod listener;

pub use address::Address;
pub use client::connect;
pub use listener::Listener;

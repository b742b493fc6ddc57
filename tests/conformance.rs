//! What users of Python's primitives rely on, row by row, asked of ours.
//!
//! Each file is an area of the table of checks, each test a row of it. Rows where Rust's
//! semantics differ stand in `docs/conformance.md`, with what replaces them.

#[path = "conformance/connection.rs"]
mod connection;
#[path = "conformance/fork_wait.rs"]
mod fork_wait;
#[path = "conformance/mp_queue.rs"]
mod mp_queue;
#[path = "conformance/process.rs"]
mod process;
#[path = "conformance/queue.rs"]
mod queue;
#[path = "conformance/scheduling.rs"]
mod scheduling;
#[path = "conformance/signal.rs"]
mod signal;

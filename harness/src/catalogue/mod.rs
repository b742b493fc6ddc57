//! A catalogue of scenarios: programs with names, parameters and variants.
//!
//! Written by whoever has programs to show (one constant per scenario), read by the
//! [`cli`](crate::cli), which lists, explores and replays what is in it. There is no
//! other table: help, list, tokens and the main job are all made from the same
//! constants.
//!
//! ```text
//!  "ticket:clients=3" ──parse──> Selection ──build(variant)──> AnyProgram
//!  "sv1:..." ──find──> Selection and variant ──build──> AnyProgram
//! ```
//!
//! | file | what is there |
//! |---|---|
//! | `scenario` | a scenario and its variants |
//! | `parameter` | what a parameter may be, and its values |
//! | `arguments` | the values given, as text and as the bytes in a token |
//! | `packed` | lists of numbers in few bytes |
//! | `find` | from a name or a token to a program |
//!
//! 1. A token's fingerprint is the hash of `scenario/variant`, so a token alone says
//!    what it belongs to; [`Catalogue::new`] refuses a catalogue in which two collide.
//! 2. Arguments at their default are not part of a token: a new parameter with a
//!    default, added at the end, leaves old tokens valid.

mod arguments;
mod find;
mod packed;
mod parameter;
mod scenario;

pub use arguments::Arguments;
pub use find::{Case, Catalogue, Selection};
pub use parameter::{Form, Parameter};
pub use scenario::{Expect, Scenario, Variant};

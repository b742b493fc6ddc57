//! The `selvedge` command.

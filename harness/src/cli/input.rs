//! The files that commands read.
//!
//! Called by `judge` and `merge`. Pipes and devices are files too, and some have no end: what is
//! longer than anybody means is refused, not read until memory is gone.

use crate::Error;
use std::fs::File;
use std::io::Read;

/// What is in a file of at most so many bytes.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read, or is longer; `limit` names what would be right.
pub(super) fn read(file: &str, most: usize, limit: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = File::open(file)
        .and_then(|opened| opened.take((most as u64).saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| Error::Usage(format!("{file} cannot be read: {error}")))?;
    if bytes.len() > most {
        return Err(Error::Usage(format!("{file} is longer than {} MB{limit}", most >> 20)));
    }
    Ok(bytes)
}

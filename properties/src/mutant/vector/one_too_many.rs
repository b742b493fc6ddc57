//! Compares with the capacity by one too much.

use super::column::column;

column! {
    /// Holds one element more than it says.
    OneTooMany {
        fn is_full(&self) -> bool {
            self.words.len() > self.words.capacity()
        }
    }
}

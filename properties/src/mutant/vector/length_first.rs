//! Writes the length, and then the element.

use super::column::column;

column! {
    /// Who dies in between has added an element that nobody wrote.
    LengthFirst {
        fn append(&self, element: u8) -> u32 {
            let len = self.words.len();
            self.words.set_len(len + 1);
            self.words.set_element(len, element);
            len
        }
    }
}

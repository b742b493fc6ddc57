//! Moves an element and shortens the vector, without saying so first.

use super::column::column;

column! {
    /// Who dies in between leaves the element twice.
    UnnotedMove {
        fn change(&self, place: u32, element: u8, len: u32) {
            self.words.set_element(place, element);
            self.words.set_len(len);
        }
    }
}

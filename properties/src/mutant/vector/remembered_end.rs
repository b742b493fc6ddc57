//! Looks where the end is under the lock, and takes what is there under the lock once more.

use super::column::column;

column! {
    /// The end is elsewhere by then.
    RememberedEnd {
        fn pop(&self) -> Option<u8> {
            let end = {
                let _under = self.enter();
                self.words.len()
            };
            let last = end.checked_sub(1)?;
            let _under = self.enter();
            let element = self.words.element(last);
            self.words.set_len(last);
            Some(element)
        }
    }
}

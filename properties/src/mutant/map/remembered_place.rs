//! Looks for the key under the lock, and takes out what is there under the lock once more.

use super::book::book;

book! {
    /// Another entry is there by then.
    RememberedPlace {
        fn remove(&self, key: u8) -> Option<u8> {
            let place = self.enter().find(key)?;
            let mut inside = self.enter();
            (place < inside.count()).then(|| inside.take(place))
        }
    }
}

//! Looks for the key under the lock, and adds it under the lock once more.

use super::book::book;
use crate::spec::MapRet;

book! {
    /// Two add the same key.
    CheckThenAdd {
        fn insert(&self, key: u8, value: u8) -> MapRet {
            let found = self.enter().find(key);
            if let Some(place) = found {
                let mut inside = self.enter();
                return MapRet::Found(Some(std::mem::replace(inside.value(place), value)));
            }
            let mut inside = self.enter();
            if self.is_full(&inside) {
                return MapRet::Full;
            }
            inside.add(key, value);
            MapRet::Found(None)
        }
    }
}

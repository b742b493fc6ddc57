//! An item with a priority beside it.
//!
//! Called by programs that put items into a [`PriorityQueue`](super::PriorityQueue) whose
//! order is not that of the items themselves.
//!
//! When a process dies here, see the queue.

use super::key::KEYED;
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeTupleStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// An item that is put in order by its key alone, smallest first; items with equal keys leave
/// in the order in which they came.
///
/// ```
/// use selvedge::{PriorityQueue, channel::Keyed};
///
/// let queue = PriorityQueue::unbounded();
/// queue.put(Keyed(2, "later".to_owned()))?;
/// queue.put(Keyed(1, "z, but first".to_owned()))?;
/// queue.put(Keyed(1, "a".to_owned()))?;
/// assert_eq!(queue.get()?.1, "z, but first");
/// assert_eq!(queue.get()?.1, "a");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keyed<K, T>(
    /// The key.
    pub K,
    /// The item.
    pub T,
);

impl<K: Serialize, T: Serialize> Serialize for Keyed<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // By this name the keys' serialiser knows what to leave out.
        let mut fields = serializer.serialize_tuple_struct(KEYED, 2)?;
        fields.serialize_field(&self.0)?;
        fields.serialize_field(&self.1)?;
        fields.end()
    }
}

impl<'de, K: Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for Keyed<K, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<K, T>(PhantomData<(K, T)>);
        impl<'de, K: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for Fields<K, T> {
            type Value = Keyed<K, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key and an item")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
                let missing = |index| serde::de::Error::invalid_length(index, &"a key and an item");
                let key = fields.next_element()?.ok_or_else(|| missing(0))?;
                Ok(Keyed(key, fields.next_element()?.ok_or_else(|| missing(1))?))
            }
        }
        deserializer.deserialize_tuple_struct(KEYED, 2, Fields(PhantomData))
    }
}

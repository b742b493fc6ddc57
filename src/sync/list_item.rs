//! What a [`ShareableList`](super::ShareableList) can hold, and how its bytes look.
//!
//! Called by that list only.
//!
//! | item | tag | bytes |
//! |---|---|---|
//! | nothing | 0 | none |
//! | a truth value | 1 | 1 |
//! | an integer, a number | 2, 3 | 8, in the byte order of the machine |
//! | a text | 4 | its UTF-8 |
//! | bytes | 5 | themselves |
//!
//! 1. `decode(tag(x), encode(x))` is `x`.
//!
//! When a process dies, nothing happens here.

use crate::platform::Observe;
use std::borrow::Cow;

/// One item of a [`ShareableList`](super::ShareableList).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Item {
    /// Nothing.
    #[default]
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Item {
    pub(super) fn tag(&self) -> u8 {
        match self {
            Item::None => 0,
            Item::Bool(_) => 1,
            Item::Int(_) => 2,
            Item::Float(_) => 3,
            Item::Text(_) => 4,
            Item::Bytes(_) => 5,
        }
    }

    pub(super) fn encode(&self) -> Cow<'_, [u8]> {
        match self {
            Item::None => Cow::Borrowed(&[]),
            Item::Bool(value) => vec![u8::from(*value)].into(),
            Item::Int(value) => value.to_ne_bytes().to_vec().into(),
            Item::Float(value) => value.to_ne_bytes().to_vec().into(),
            Item::Text(text) => text.as_bytes().into(),
            Item::Bytes(bytes) => bytes.into(),
        }
    }

    /// The item in these bytes; bytes that no item has are nothing.
    pub(super) fn decode(tag: u8, bytes: Vec<u8>) -> Item {
        let eight = || <[u8; 8]>::try_from(bytes.as_slice()).unwrap_or_default();
        match tag {
            1 => Item::Bool(bytes.first().is_some_and(|byte| *byte != 0)),
            2 => Item::Int(i64::from_ne_bytes(eight())),
            3 => Item::Float(f64::from_ne_bytes(eight())),
            4 => Item::Text(String::from_utf8_lossy(&bytes).into_owned()),
            5 => Item::Bytes(bytes),
            _ => Item::None,
        }
    }
}

/// A number shows itself in a trace, anything longer its length.
impl Observe for Item {
    fn observed(&self) -> u64 {
        match self {
            Item::None => 0,
            Item::Bool(value) => u64::from(*value),
            Item::Int(value) => value.cast_unsigned(),
            Item::Float(value) => value.to_bits(),
            Item::Text(text) => text.len() as u64,
            Item::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

macro_rules! from {
    ($($t:ty => $make:expr;)*) => {$(
        impl From<$t> for Item {
            fn from(value: $t) -> Item {
                $make(value)
            }
        }
    )*};
}

from! {
    () => |()| Item::None;
    bool => Item::Bool;
    i64 => Item::Int;
    i32 => |value: i32| Item::Int(value.into());
    u32 => |value: u32| Item::Int(value.into());
    f64 => Item::Float;
    &str => |text: &str| Item::Text(text.to_owned());
    String => Item::Text;
    &[u8] => |bytes: &[u8]| Item::Bytes(bytes.to_vec());
    Vec<u8> => Item::Bytes;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_survives_its_bytes() {
        let items: [Item; 8] = [
            ().into(),
            true.into(),
            i64::MIN.into(),
            7_u32.into(),
            0.5.into(),
            "ä".into(),
            "".into(),
            vec![0, 255].into(),
        ];
        for item in items {
            assert_eq!(Item::decode(item.tag(), item.encode().into_owned()), item);
        }
        assert_eq!(Item::decode(9, vec![1]), Item::None);
    }
}

//! A key of bytes for each item, so that the order of the bytes is the order of the items.
//!
//! Called by [`codec`](super::codec) for a [`PriorityQueue`](super::PriorityQueue).
//!
//! | item | its key | so that |
//! |---|---|---|
//! | number, `bool`, `char` | big end first; signed ones with the sign turned over | smaller is first |
//! | float | its bits, turned over if negative | IEEE 754's total order: -NaN, -inf ... inf, NaN |
//! | text, bytes | a 0 becomes 0 255, and 0 0 is the end | as `str` and `[u8]` compare |
//! | `None`, `Some` | 0; 1 and the value | `None` is first |
//! | enum | the number of the variant, and its fields | in the order of declaration |
//! | struct, tuple | the fields one after the other | the first that differs decides |
//! | list, map | 1 before each element, 0 at the end | the first that differs decides, shorter is first |
//! | [`Keyed`](super::Keyed) | its key alone | |
//!
//! 1. For types that derive both `Ord` and `Serialize`, with nothing skipped, renamed into a
//!    map or written by hand, this is the order of `Ord`.
//! 2. Items whose keys are equal are in the order of their arrival.
//!
//! When a process dies here, nothing is left.

use serde::ser::{self, Serialize};
use std::fmt::{self, Display};

/// The name by which a [`Keyed`](super::Keyed) is known to this serialiser.
pub(super) const KEYED: &str = "selvedge::Keyed";

/// The key of an item.
///
/// # Errors
/// What the item's `Serialize` has against it.
pub(super) fn of<T: Serialize>(item: &T) -> Result<Vec<u8>, String> {
    let mut key = Key { bytes: Vec::new(), complete: false };
    item.serialize(&mut key).map_err(|refused| refused.0)?;
    Ok(key.bytes)
}

struct Key {
    bytes: Vec<u8>,
    /// The key of a `Keyed` was written, and what comes now is no part of it.
    complete: bool,
}

#[derive(Debug)]
struct Refused(String);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(message: T) -> Self {
        Refused(message.to_string())
    }
}

type Done = Result<(), Refused>;

impl Key {
    fn push(&mut self, bytes: &[u8]) -> Done {
        if !self.complete {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn variant(&mut self, index: u32) -> Done {
        self.push(&index.to_be_bytes())
    }
}

macro_rules! numbers {
    ($($name:ident: $t:ty, |$value:ident| $bits:expr;)*) => {$(
        fn $name(self, $value: $t) -> Done {
            self.push(&$bits.to_be_bytes())
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Key {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = First<'a>;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers! {
        serialize_bool: bool, |value| u8::from(value);
        serialize_u8: u8, |value| value;
        serialize_u16: u16, |value| value;
        serialize_u32: u32, |value| value;
        serialize_u64: u64, |value| value;
        serialize_u128: u128, |value| value;
        serialize_i8: i8, |value| (value ^ i8::MIN);
        serialize_i16: i16, |value| (value ^ i16::MIN);
        serialize_i32: i32, |value| (value ^ i32::MIN);
        serialize_i64: i64, |value| (value ^ i64::MIN);
        serialize_i128: i128, |value| (value ^ i128::MIN);
        serialize_char: char, |value| u32::from(value);
        // The sign bit alone is turned over for what is not negative, everything for what is.
        serialize_f32: f32, |value| (value.to_bits() ^ ((value.to_bits() as i32 >> 31) as u32 | 1 << 31));
        serialize_f64: f64, |value| (value.to_bits() ^ ((value.to_bits() as i64 >> 63) as u64 | 1 << 63));
    }

    fn serialize_str(self, value: &str) -> Done {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        for &byte in value {
            self.push(if byte == 0 { &[0, 255] } else { std::slice::from_ref(&byte) })?;
        }
        self.push(&[0, 0])
    }

    fn serialize_none(self) -> Done {
        self.push(&[0])
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        self.push(&[1])?;
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Done {
        self.variant(index)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Done {
        self.variant(index)?;
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<First<'a>, Refused> {
        Ok(First { key: self, alone: name == KEYED, outer: None })
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.variant(index)?;
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.variant(index)?;
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The fields of a tuple struct; of a `Keyed`, the first alone.
struct First<'a> {
    key: &'a mut Key,
    alone: bool,
    /// Whether the key was complete before the fields that are left out.
    outer: Option<bool>,
}

impl ser::SerializeTupleStruct for First<'_> {
    type Ok = ();
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut *self.key)?;
        if self.alone && self.outer.is_none() {
            self.outer = Some(std::mem::replace(&mut self.key.complete, true));
        }
        Ok(())
    }
    fn end(self) -> Done {
        if let Some(outer) = self.outer {
            self.key.complete = outer;
        }
        Ok(())
    }
}

impl ser::SerializeSeq for &mut Key {
    type Ok = ();
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.push(&[1])?;
        value.serialize(&mut **self)
    }
    fn end(self) -> Done {
        self.push(&[0])
    }
}

impl ser::SerializeMap for &mut Key {
    type Ok = ();
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.push(&[1])?;
        key.serialize(&mut **self)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }
    fn end(self) -> Done {
        self.push(&[0])
    }
}

/// Fields one after the other.
macro_rules! fields {
    ($($which:ident, $field:ident, $($name:ty)?;)*) => {$(
        impl ser::$which for &mut Key {
            type Ok = ();
            type Error = Refused;
            fn $field<T: Serialize + ?Sized>(&mut self, $(_: $name,)? value: &T) -> Done {
                value.serialize(&mut **self)
            }
            fn end(self) -> Done {
                Ok(())
            }
        }
    )*};
}

fields! {
    SerializeTuple, serialize_element, ;
    SerializeTupleVariant, serialize_field, ;
    SerializeStruct, serialize_field, &'static str;
    SerializeStructVariant, serialize_field, &'static str;
}

#[cfg(test)]
mod tests {
    use super::of;
    use std::collections::BTreeMap;

    /// Keys are in the order of the items, which come in theirs.
    fn ascend<T: serde::Serialize>(items: &[T]) {
        let keys: Vec<_> = items.iter().map(|item| of(item).unwrap()).collect();
        for (at, pair) in keys.windows(2).enumerate() {
            assert!(pair[0] < pair[1], "{at}: {pair:?}");
        }
    }

    #[test]
    fn keys_compare_as_their_items_do() {
        ascend(&[i64::MIN, -256, -1, 0, 1, 255, 256, i64::MAX]);
        ascend(&[0_u16, 1, 255, 256, u16::MAX]);
        ascend(&[f64::NEG_INFINITY, -1.5, -0.0, 0.0, 1e-300, 1.5, f64::INFINITY]);
        ascend(&["", "\0", "\0\0", "\0a", "a", "a\0", "aa", "ab", "b", "é"]);
        ascend(&[None, Some(-1), Some(0)]);
        ascend(&[vec![], vec![0_u8], vec![0, 0], vec![0, 1], vec![1], vec![255]]);
        ascend(&[(1, "b"), (2, "a"), (2, "aa"), (10, "")]);
        ascend(&[BTreeMap::from([(1, 2)]), BTreeMap::from([(1, 2), (3, 4)]), BTreeMap::from([(2, 0)])]);
        ascend::<Result<u8, i32>>(&[Ok(5), Ok(200), Err(-9), Err(9)]);
    }

    #[test]
    fn what_is_left_out_of_a_keyed_item_changes_nothing() {
        use crate::channel::Keyed;
        assert_eq!(of(&Keyed(1, "a")).unwrap(), of(&Keyed(1, "b")).unwrap());
        ascend(&[(Keyed(1, "z"), 1), (Keyed(1, "a"), 2), (Keyed(2, "a"), 0)]);
    }
}

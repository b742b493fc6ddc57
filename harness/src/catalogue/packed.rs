//! A list of numbers in few bytes, for tokens: each takes as many bits as the largest needs.
//!
//! Called by the arguments, where this is shorter than one varint for each number.
//!
//! | bytes | what |
//! |---|---|
//! | varint | how many numbers |
//! | 1 | bits of each, at most 64 |
//! | the rest | the numbers less the least that is allowed, highest bit first, filled up with zeros |

use super::parameter::{decode_varint, encode_varint};

/// Appends numbers, none of which is less than `least`.
pub(super) fn encode(numbers: &[i64], least: i64, bytes: &mut Vec<u8>) {
    let offsets: Vec<u64> = numbers.iter().map(|number| number.wrapping_sub(least) as u64).collect();
    let width = 64 - offsets.iter().fold(0, |all, offset| all | offset).leading_zeros();
    encode_varint(numbers.len() as u64, bytes);
    bytes.push(width as u8);
    let (mut held, mut bits) = (0_u128, 0);
    for offset in offsets {
        held = held << width | u128::from(offset);
        bits += width;
        while bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        bytes.push((held << (8 - bits)) as u8);
    }
}

/// Takes at most `count` numbers from the front; `None` if there are none, or too many.
pub(super) fn decode(bytes: &mut &[u8], least: i64, count: usize) -> Option<Vec<i64>> {
    let given = usize::try_from(decode_varint(bytes)?).ok().filter(|given| *given <= count)?;
    let (&width, rest) = bytes.split_first().filter(|(width, _)| **width <= 64)?;
    let width = usize::from(width);
    let (body, rest) = rest.split_at_checked((given * width).div_ceil(8))?;
    let bit = |at: usize| u64::from(body[at / 8] >> (7 - at % 8) & 1);
    let number = |index: usize| {
        let offset = (index * width..(index + 1) * width).fold(0, |offset, at| offset << 1 | bit(at));
        least.wrapping_add(offset as i64)
    };
    *bytes = rest;
    Some((0..given).map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        let lists: [(&[i64], i64); 6] = [
            (&[], 0),
            (&[0, 0], 0),
            (&[7], 7),
            (&[-9, 300, 0], -9),
            (&[i64::MIN, i64::MAX], i64::MIN),
            (&[1; 40], 0),
        ];
        for (numbers, least) in lists {
            let mut bytes = Vec::new();
            encode(numbers, least, &mut bytes);
            bytes.push(77);
            let mut rest = &bytes[..];
            assert_eq!(decode(&mut rest, least, 40).as_deref(), Some(numbers));
            assert_eq!(rest, [77]);
            assert_eq!(decode(&mut &bytes[..bytes.len() - 2], least, 40), None, "{numbers:?}");
        }
        assert_eq!(decode(&mut &[2, 1, 0xC0][..], 0, 1), None, "too many");
        assert_eq!(decode(&mut &[1, 65][..], 0, 1), None, "too wide");
    }

    #[test]
    fn three_digits_take_ten_bits() {
        let mut bytes = Vec::new();
        encode(&[999; 15], 0, &mut bytes);
        assert_eq!(bytes.len(), 2 + 19);
    }
}

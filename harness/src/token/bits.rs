//! Bits, gamma codes and base64url (RFC 4648, section 5, without padding).

#[derive(Clone, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    used: usize,
}

impl Writer {
    pub(super) fn len(&self) -> usize {
        self.used
    }

    pub(super) fn bit(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit {
            self.bytes[self.used / 8] |= 0x80 >> (self.used % 8);
        }
        self.used += 1;
    }

    pub(super) fn bits(&mut self, value: u64, width: u32) {
        (0..width).rev().for_each(|shift| self.bit(value >> shift & 1 == 1));
    }

    /// Elias' gamma code of `value`, which is at least 1.
    pub(super) fn gamma(&mut self, value: u64) {
        let width = 64 - value.leading_zeros();
        self.bits(0, width - 1);
        self.bits(value, width);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader { bytes, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte & (0x80 >> (self.at % 8)) != 0;
        self.at += 1;
        Some(bit)
    }

    pub(super) fn bits(&mut self, width: u32) -> Option<u64> {
        (0..width).try_fold(0, |value, _| Some(value << 1 | u64::from(self.bit()?)))
    }

    pub(super) fn gamma(&mut self) -> Option<u64> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 62 {
                return None;
            }
        }
        Some(1 << zeros | self.bits(zeros)?)
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len())
            .for_each(|i| text.push(char::from(ALPHABET[(group >> (18 - 6 * i) & 63) as usize])));
    }
    text
}

/// The bytes, or the position of the first character that does not belong; without a
/// position if the text ends in the middle of a byte.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Option<usize>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut group, mut bits) = (0_u32, 0);
    for (position, character) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|&c| c == character).ok_or(Some(position))?;
        group = group << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
            group &= (1 << bits) - 1;
        }
    }
    // Bits that no byte took are written as zero, and are fewer than a character: nothing may
    // hide there.
    if group == 0 && bits < 6 { Ok(bytes) } else { Err(None) }
}

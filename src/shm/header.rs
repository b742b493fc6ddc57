//! The first bytes of a named segment, and those of a message that brings a segment: what it
//! is, and who made or sent it.
//!
//! Written by [`segment`](super::segment) before the segment has a name, and by
//! [`carried`](super::carried) when one is sent; read by them when one is opened or arrives,
//! and by the [tracker](super::sweep).
//!
//! | bytes | what is there, in the byte order of the machine |
//! |---|---|
//! | 0..8 | the magic, `SELVEDGE` |
//! | 8..12 | the version of this table |
//! | 12..16 | the version of the content, which its program counts |
//! | 16..24 | the layout of the content: a hash of its type's name, size and alignment |
//! | 24..32 | the size of the content in bytes |
//! | 32..56 | the program that made it: pid, 4 bytes; whether it is to be kept, 4 bytes; start; namespace |
//! | 56..64 | 0 |
//! | 64..192 | the name of the layout, cut off after 128 bytes, filled up with 0 |
//! | 256.. | the content |
//!
//! 1. Only the mark that it is to be kept ever changes.
//! 2. What does not agree in all of magic, versions, layout and size is refused; the
//!    version of this table grows with every change of it or of the types of this crate.
//!
//! When a process dies here, the header is whole: it was before the segment had a name.

use super::spelling::spelled;
use crate::sys::program::Program;

/// Where the content begins: aligned as segments are.
pub(crate) const CONTENT: usize = 256;
/// Where the version of the content lies.
pub(super) const VERSION: usize = 12;
/// Where the mark that it is to be kept lies.
pub(super) const KEPT: usize = 36;

const MAGIC: [u8; 8] = *b"SELVEDGE";
/// The version of the table above.
const FORMAT: u32 = 1;
const LONGEST_LAYOUT: usize = 128;

/// What the content of a segment is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    name: &'static str,
    platform: &'static str,
    hash: u64,
    version: u32,
}

impl Layout {
    /// Of what type.
    pub(super) fn name(&self) -> String {
        spelled(self.name, self.platform)
    }

    /// Of a value of this type over that platform, in the version that its program counts.
    pub(crate) fn of<T, P>(version: u32) -> Layout {
        Layout::named::<T, T, P>(version)
    }

    /// The same of a value that has a handle of this type, by which people know it.
    pub(crate) fn named<H, T, P>(version: u32) -> Layout {
        let name = std::any::type_name::<H>();
        let sizes = [size_of::<T>() as u64, align_of::<T>() as u64];
        let bytes = name.bytes().chain(sizes.into_iter().flat_map(u64::to_le_bytes));
        // FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Layout { name, platform: std::any::type_name::<P>(), hash, version }
    }
}

/// What a header says.
#[derive(Debug)]
pub(super) struct Header {
    format: u32,
    version: u32,
    hash: u64,
    size: u64,
    pub(super) program: Program,
    pub(super) kept: bool,
    layout: String,
}

impl Header {
    /// The bytes of the header of a new segment.
    pub(super) fn bytes(layout: Layout, size: usize, program: Program) -> [u8; CONTENT] {
        let mut bytes = [0; CONTENT];
        let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
        put(0, &MAGIC);
        put(8, &FORMAT.to_ne_bytes());
        put(VERSION, &layout.version.to_ne_bytes());
        put(16, &layout.hash.to_ne_bytes());
        put(24, &(size as u64).to_ne_bytes());
        put(32, &program.pid.to_ne_bytes());
        put(40, &program.start.to_ne_bytes());
        put(48, &program.namespace.to_ne_bytes());
        let name = layout.name.as_bytes();
        put(64, &name[..name.len().min(LONGEST_LAYOUT)]);
        bytes
    }

    /// What these bytes say; `None` if they are no header of any version.
    pub(super) fn read(bytes: &[u8; CONTENT]) -> Option<Header> {
        let four = |at: usize| u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let eight = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_ne_bytes(word)
        };
        let layout = bytes[64..64 + LONGEST_LAYOUT].split(|byte| *byte == 0).next().unwrap_or_default();
        (bytes[..8] == MAGIC).then(|| Header {
            format: four(8),
            version: four(VERSION),
            hash: eight(16),
            size: eight(24),
            program: Program { pid: four(32), start: eight(40), namespace: eight(48) },
            kept: four(KEPT) != 0,
            layout: String::from_utf8_lossy(layout).into_owned(),
        })
    }

    /// The size of the content.
    pub(super) fn size(&self) -> Result<usize, std::num::TryFromIntError> {
        self.size.try_into()
    }

    /// Whether this build wrote it, so that all of it can be believed.
    pub(super) fn is_ours(&self) -> bool {
        self.format == FORMAT
    }

    /// Whether a segment with `room` bytes for its content has this layout; the size of the
    /// content, or why it is refused.
    pub(super) fn check(&self, layout: Layout, room: usize) -> Result<usize, String> {
        if !self.is_ours() {
            return Err(format!("its header has version {}, and this program knows {FORMAT}", self.format));
        }
        if self.layout.is_empty() {
            return Err("its header is damaged: it does not say what it holds".to_owned());
        }
        if self.hash != layout.hash {
            return Err(self.other_than(layout));
        }
        if self.version != layout.version {
            let (has, wanted) = (self.version, layout.version);
            return Err(format!("its content has version {has}, and version {wanted} was expected"));
        }
        if self.size != room as u64 {
            return Err(format!(
                "it should hold {} bytes, but has room for {room}: its file was cut off or made longer",
                self.size
            ));
        }
        Ok(room)
    }
}

impl Header {
    /// What is there in place of this layout.
    fn other_than(&self, layout: Layout) -> String {
        let (has, wanted) = (spelled(&self.layout, layout.platform), layout.name());
        if has != wanted {
            return format!("it holds a {has}, and not a {wanted}");
        }
        if layout.name.starts_with(&self.layout) {
            return format!("it holds a {has} of another size or alignment, which another build made");
        }
        format!("it holds a {}, and not a {}", self.layout, layout.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Program = Program { pid: 7, start: 8, namespace: 9 };

    #[test]
    fn a_header_says_what_was_written() {
        let layout = Layout::of::<[u8; 3], ()>(5);
        let bytes = Header::bytes(layout, 100, PROGRAM);
        let header = Header::read(&bytes).unwrap();
        assert_eq!((header.program, header.kept, header.is_ours()), (PROGRAM, false, true));
        assert_eq!(header.check(layout, 100), Ok(100));
        assert!(header.check(layout, 99).unwrap_err().contains("should hold 100 bytes, but has room for 99"));
        assert!(
            header.check(Layout::of::<[u8; 3], ()>(4), 100).unwrap_err().contains("version 5, and version 4")
        );
        let other = header.check(Layout::of::<u16, ()>(5), 100).unwrap_err();
        assert_eq!(other, "it holds a [u8; 3], and not a u16");
    }

    #[test]
    fn what_is_no_header_and_what_is_older_is_told_apart() {
        let layout = Layout::of::<u8, ()>(0);
        let mut bytes = Header::bytes(layout, 1, PROGRAM);
        bytes[64..].fill(0);
        let why = Header::read(&bytes).unwrap().check(layout, 1).unwrap_err();
        assert_eq!(why, "its header is damaged: it does not say what it holds");
        bytes[8] = 0;
        let why = Header::read(&bytes).unwrap().check(layout, 1).unwrap_err();
        assert_eq!(why, "its header has version 0, and this program knows 1");
        bytes[0] = 0;
        assert!(Header::read(&bytes).is_none());
    }
}

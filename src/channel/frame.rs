//! Messages cut into chunks, and put together again.
//!
//! Called by [`Connection`](super::Connection) on both sides.
//!
//! A chunk is a head and some bytes, and goes through the descriptor in one piece:
//!
//! | first word, big-endian | then | bytes that follow |
//! |---|---|---|
//! | length | | a whole message |
//! | `PART` + `FIRST` + length | key, total | the first of a message that needs several |
//! | `PART` + length | key | the next of it |
//!
//! 1. A message that fits into one chunk is one chunk. So a first part tells of more
//!    bytes than one chunk holds, or is not ours.
//! 2. The parts of one message have one key, which no other message on its way has: the
//!    number of the sending process and a count. Chunks of several senders may come in
//!    between each other.
//! 3. Memory grows with the bytes that came, never with those that a head promises.
//!
//! When a sender dies between two parts, its message never becomes whole: what came of
//! it is forgotten with the connection, and no other message suffers.

use crate::Error;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

const PART: u32 = 1 << 31;
const FIRST: u32 = 1 << 30;
const LENGTH: u32 = FIRST - 1;

pub(super) const WORD: usize = 4;
const KEY: usize = 8;
/// The longest head: word, key, total.
pub(super) const LONGEST_HEAD: usize = WORD + 2 * KEY;

/// A head, written out.
pub(super) struct Head {
    bytes: [u8; LONGEST_HEAD],
    len: usize,
}

impl Head {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn new(word: u32, numbers: &[u64]) -> Head {
        let mut head = Head { bytes: [0; LONGEST_HEAD], len: WORD };
        head.bytes[..WORD].copy_from_slice(&word.to_be_bytes());
        for number in numbers {
            head.bytes[head.len..][..KEY].copy_from_slice(&number.to_be_bytes());
            head.len += KEY;
        }
        head
    }
}

/// The head of a whole message of so many bytes, which fit into one chunk.
#[inline]
pub(super) fn whole(len: usize) -> [u8; WORD] {
    (len as u32).to_be_bytes()
}

/// How many bytes fit into one chunk beside the head of a whole message.
pub(super) const fn room(limit: usize) -> usize {
    limit - WORD
}

/// Gives the chunks of a message to `send`, none longer than `limit` with its head.
pub(super) fn cut(
    message: &[u8],
    limit: usize,
    mut send: impl FnMut(&Head, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    if message.len() <= room(limit) {
        return send(&Head::new(message.len() as u32, &[]), message);
    }
    // Relaxed: only that the numbers differ matters.
    static SENT: AtomicU32 = AtomicU32::new(0);
    let key = u64::from(std::process::id()) << 32 | u64::from(SENT.fetch_add(1, Relaxed));
    let (first, rest) = message.split_at(limit - LONGEST_HEAD);
    send(&Head::new(PART | FIRST | first.len() as u32, &[key, message.len() as u64]), first)?;
    rest.chunks(limit - LONGEST_HEAD)
        .try_for_each(|part| send(&Head::new(PART | part.len() as u32, &[key]), part))
}

/// A chunk that has come: where its bytes are, counted from its head.
struct Chunk {
    start: usize,
    end: usize,
    part: Option<(u64, Option<u64>)>,
}

/// Reads a head; `None` if not all of the chunk is there yet.
fn read(bytes: &[u8], limit: usize) -> Result<Option<Chunk>, Error> {
    let Some((word, rest)) = bytes.split_first_chunk::<WORD>() else { return Ok(None) };
    let word = u32::from_be_bytes(*word);
    let numbers = usize::from(word & PART != 0) + usize::from(word & FIRST != 0);
    let start = WORD + numbers * KEY;
    let end = start + (word & LENGTH) as usize;
    let unknown = word & (PART | FIRST) == FIRST;
    if unknown || end > limit {
        return Err(Error::Garbled { why: "a chunk's head is none of this crate's" });
    }
    if bytes.len() < end {
        return Ok(None);
    }
    let number = |index: usize| {
        let from = rest.get(index * KEY..)?.first_chunk::<KEY>()?;
        Some(u64::from_be_bytes(*from))
    };
    let part = if word & PART == 0 { None } else { number(0).map(|key| (key, None)) };
    let part = if word & FIRST == 0 { part } else { part.map(|(key, _)| (key, number(1))) };
    if let Some((_, Some(total))) = part
        && total <= room(limit) as u64
    {
        return Err(Error::Garbled { why: "a short message came in parts" });
    }
    Ok(Some(Chunk { start, end, part }))
}

/// A message of which some parts have come.
struct Partial {
    key: u64,
    total: u64,
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
}

/// A whole message, and the descriptors that came with it.
pub(super) struct Message {
    pub(super) bytes: Bytes,
    pub(super) descriptors: Vec<OwnedFd>,
}

/// Where the bytes of a message are.
pub(super) enum Bytes {
    /// In the inbox, until that is filled again.
    Inside(usize, usize),
    Apart(Vec<u8>),
}

/// What has come and was not given out.
#[derive(Default)]
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    partial: Vec<Partial>,
    /// The length of the last chunk with its head.
    last: usize,
}

impl Inbox {
    /// An inbox into which these bytes have come.
    pub(super) fn holding(bytes: Vec<u8>) -> Inbox {
        Inbox { start: 0, end: bytes.len(), bytes, ..Inbox::default() }
    }

    /// What has come, if no message is half there.
    pub(super) fn unread(&self) -> Option<&[u8]> {
        self.partial.is_empty().then(|| &self.bytes[self.start..self.end])
    }

    /// Whether a chunk has come, or what is none.
    pub(super) fn has_chunk(&self, limit: usize) -> bool {
        !matches!(read(&self.bytes[self.start..self.end], limit), Ok(None))
    }

    /// Free room, of which `size` bytes altogether are made once: all of it, or, if
    /// `ahead` is false, for what is missing of a message as long as the last one.
    pub(super) fn free(&mut self, size: usize, ahead: bool) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.bytes.len() < size {
            self.bytes.resize(size, 0);
        }
        let wanted = self.last.saturating_sub(self.end);
        let guess = !ahead && self.partial.is_empty() && wanted > 0;
        let until = if guess { self.end + wanted } else { self.bytes.len() };
        &mut self.bytes[self.end..until]
    }

    /// The first `count` bytes of the free room are used.
    pub(super) fn came(&mut self, count: usize) {
        self.end += count;
    }

    /// The next whole message, if there is one. `descriptors` came with the last bytes.
    ///
    /// # Errors
    /// [`Error::Garbled`], or [`Error::MessageTooLong`] if it has more than `most` bytes,
    /// before all of it has come.
    pub(super) fn next(
        &mut self,
        limit: usize,
        most: usize,
        descriptors: &mut Vec<OwnedFd>,
    ) -> Result<Option<Message>, Error> {
        while let Some(chunk) = read(&self.bytes[self.start..self.end], limit)? {
            let (from, to) = (self.start + chunk.start, self.start + chunk.end);
            self.last = chunk.end;
            let too_long = |len: u64| Err(Error::MessageTooLong { len, most });
            let Some((key, total)) = chunk.part else {
                if to - from > most {
                    return too_long((to - from) as u64);
                }
                self.start = to;
                let descriptors = std::mem::take(descriptors);
                return Ok(Some(Message { bytes: Bytes::Inside(from, to), descriptors }));
            };
            if let Some(total) = total {
                if total > most as u64 {
                    return too_long(total);
                }
                // A sender that died may have left parts under a number used again.
                self.partial.retain(|partial| partial.key != key);
                let descriptors = std::mem::take(descriptors);
                self.partial.push(Partial { key, total, bytes: Vec::new(), descriptors });
            }
            self.start = to;
            let found = self.partial.iter().position(|partial| partial.key == key);
            let Some(index) = found else {
                return Err(Error::Garbled { why: "a part came before its first" });
            };
            let partial = &mut self.partial[index];
            partial.bytes.extend_from_slice(&self.bytes[from..to]);
            if partial.bytes.len() as u64 > partial.total {
                return Err(Error::Garbled { why: "a message has more bytes than it said" });
            }
            if partial.bytes.len() as u64 == partial.total {
                let Partial { bytes, descriptors, .. } = self.partial.swap_remove(index);
                return Ok(Some(Message { bytes: Bytes::Apart(bytes), descriptors }));
            }
        }
        Ok(None)
    }

    /// The bytes of a message that this inbox gave out.
    pub(super) fn slice<'m>(&'m self, bytes: &'m Bytes) -> &'m [u8] {
        match bytes {
            Bytes::Inside(from, to) => &self.bytes[*from..*to],
            Bytes::Apart(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 64;

    fn chunks(message: &[u8]) -> Vec<Vec<u8>> {
        let mut chunks = Vec::new();
        cut(message, LIMIT, |head, bytes| {
            chunks.push([head.as_slice(), bytes].concat());
            Ok(())
        })
        .unwrap();
        assert!(chunks.iter().all(|chunk| chunk.len() <= LIMIT));
        chunks
    }

    fn received(stream: &[Vec<u8>], most: usize) -> Result<Vec<Vec<u8>>, Error> {
        let (mut inbox, mut messages) = (Inbox::default(), Vec::new());
        for byte in stream.concat() {
            // One byte at a time: a head may come in pieces too.
            inbox.free(2 * LIMIT, true)[0] = byte;
            inbox.came(1);
            while let Some(message) = inbox.next(LIMIT, most, &mut Vec::new())? {
                messages.push(inbox.slice(&message.bytes).to_vec());
            }
        }
        Ok(messages)
    }

    #[test]
    fn messages_of_every_length_come_whole() {
        for len in [0, 1, 59, 60, 61, 104, 105, 1000] {
            let message: Vec<u8> = (0..len).map(|index| index as u8).collect();
            assert_eq!(received(&chunks(&message), usize::MAX).unwrap(), [message], "{len} bytes");
        }
    }

    #[test]
    fn parts_of_two_senders_may_alternate() {
        let (one, two) = (vec![1; 200], vec![2; 150]);
        let (a, b) = (chunks(&one), chunks(&two));
        let mixed: Vec<Vec<u8>> = (0..a.len().max(b.len()))
            .flat_map(|index| [a.get(index), b.get(index)])
            .flatten()
            .cloned()
            .collect();
        let mut messages = received(&mixed, usize::MAX).unwrap();
        messages.sort();
        assert_eq!(messages, [one, two]);
    }

    #[test]
    fn a_message_of_which_the_sender_died_disturbs_no_other() {
        let mut stream = chunks(&[1; 500]);
        stream.truncate(3);
        stream.extend(chunks(b"alive"));
        assert_eq!(received(&stream, usize::MAX).unwrap(), [b"alive".to_vec()]);
    }

    #[test]
    fn what_is_too_long_or_no_chunk_is_an_error() {
        let too_long = |result| matches!(result, Err(Error::MessageTooLong { len: 50 | 500, most: 49 }));
        assert!(too_long(received(&chunks(&[1; 50]), 49)) && too_long(received(&chunks(&[1; 500])[..1], 49)));
        let garbled = |bytes: Vec<u8>| matches!(received(&[bytes], 1000), Err(Error::Garbled { .. }));
        assert!(garbled(vec![0x40, 0, 0, 0]) && garbled(vec![0, 1, 0, 0]), "heads");
        assert!(garbled([vec![0x80, 0, 0, 1], vec![0; 9]].concat()), "no first part");
        assert!(garbled([vec![0xC0, 0, 0, 0], vec![0; 15], vec![9]].concat()), "short, in parts");
        let mut more = chunks(&[1; 70]);
        more[1] = [&more[1][..12], &[0; 40]].concat();
        more[1][3] = 40;
        assert!(garbled(more.concat()), "more than was said");
    }
}

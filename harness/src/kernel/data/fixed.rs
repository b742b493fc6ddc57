//! Text of bounded length in plain memory, for what must cross processes without
//! an allocation: task names, panic messages.

/// Up to `N` bytes of UTF-8; longer text is cut at a character.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Text<const N: usize> {
    len: u16,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    pub(crate) const EMPTY: Text<N> = Text { len: 0, bytes: [0; N] };

    /// Empties the text without touching its bytes.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn set(&mut self, text: &str) {
        self.clear();
        if !text.is_empty() {
            self.push(text);
        }
    }

    pub(crate) fn push(&mut self, text: &str) {
        let start = usize::from(self.len);
        let mut end = text.len().min(N - start);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.bytes[start..start + end].copy_from_slice(&text.as_bytes()[..end]);
        self.len += end as u16;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("?")
    }
}

impl<const N: usize> std::fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn text_is_cut_at_a_character() {
        let mut text = Text::<7>::EMPTY;
        text.set("购票成功");
        assert_eq!(text.as_str(), "购票");
        text.push("x");
        text.push("yz");
        assert_eq!(text.as_str(), "购票x");
    }
}

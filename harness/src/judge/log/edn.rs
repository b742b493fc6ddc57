//! The values of EDN that occur in logs.
//!
//! Used by the readers. Source: the EDN format, <https://github.com/edn-format/edn>;
//! commas are space, and what is nested is one value that nobody looks into.

use super::Wrong;
use std::fmt;

/// A value; shown as it would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edn<'t> {
    /// A number.
    Int(i64),
    /// Text in quotes.
    Text(String),
    /// `nil`, a keyword (with its colon), a symbol.
    Word(&'t str),
    /// Something in brackets, without them.
    List(&'t str),
}

impl fmt::Display for Edn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Edn::Int(number) => write!(f, "`{number}`"),
            Edn::Text(text) => write!(f, "{text:?}"),
            // It may have in it what no line of an error should.
            Edn::Word(word) => write!(f, "`{}`", word.escape_debug()),
            Edn::List(_) => f.write_str("something in brackets"),
        }
    }
}

/// What is left to read of a line.
pub(super) struct Reader<'t>(pub(super) &'t str);

fn is_space(c: char) -> bool {
    c.is_whitespace() || c == ','
}

impl<'t> Reader<'t> {
    /// Skips space; whether anything follows.
    pub(super) fn more(&mut self) -> bool {
        self.0 = self.0.trim_start_matches(is_space);
        !self.0.is_empty()
    }

    /// The next value.
    pub(super) fn value(&mut self) -> Result<Edn<'t>, Wrong> {
        if !self.more() {
            return Err("the line ends where a value should be".to_owned());
        }
        match self.0.as_bytes()[0] {
            b'"' => self.text().map(Edn::Text),
            b'[' | b'(' | b'{' => self.list().map(Edn::List),
            _ => {
                let end = |c| is_space(c) || "[](){}\"".contains(c);
                let length = self.0.find(end).unwrap_or(self.0.len());
                if length == 0 {
                    return Err(format!("`{}` stands where a value should be", &self.0[..1]));
                }
                let (word, rest) = self.0.split_at(length);
                self.0 = rest;
                Ok(word.parse().map_or(Edn::Word(word), Edn::Int))
            }
        }
    }

    fn text(&mut self) -> Result<String, Wrong> {
        let mut text = String::new();
        let mut chars = self.0.char_indices().skip(1);
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &self.0[place + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    other => {
                        let escape = other.map(|(_, c)| c).unwrap_or_default();
                        return Err(format!("unknown escape `\\{escape}` in text"));
                    }
                },
                c => text.push(c),
            }
        }
        Err("text without its closing quote".to_owned())
    }

    fn list(&mut self) -> Result<&'t str, Wrong> {
        let (mut closing, mut quoted, mut escaped) = (Vec::new(), false, false);
        for (place, c) in self.0.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '[' => closing.push(']'),
                '(' => closing.push(')'),
                '{' => closing.push('}'),
                ']' | ')' | '}' => match closing.pop() {
                    Some(other) if other != c => return Err(format!("`{c}` stands where `{other}` should")),
                    _ => {}
                },
                _ => {}
            }
            if closing.is_empty() && !quoted {
                let inner = &self.0[1..place];
                self.0 = &self.0[place + 1..];
                return Ok(inner);
            }
        }
        Err("a bracket without its closing one".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart() {
        let mut reader = Reader(r#"nil, -3 :ok "a\"b\\" [1 "]"] x"#);
        let mut values = Vec::new();
        while reader.more() {
            values.push(reader.value().unwrap());
        }
        let text = "a\"b\\".to_owned();
        let expected = [
            Edn::Word("nil"),
            Edn::Int(-3),
            Edn::Word(":ok"),
            Edn::Text(text),
            Edn::List("1 \"]\""),
            Edn::Word("x"),
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn what_is_damaged_is_said() {
        for (text, why) in [
            ("\"abc", "text without its closing quote"),
            ("[1 2", "a bracket without its closing one"),
            ("{1 [2)}", "`)` stands where `]` should"),
            ("]", "`]` stands where a value should be"),
            ("", "the line ends where a value should be"),
            ("\"\\q\"", "unknown escape `\\q` in text"),
        ] {
            assert_eq!(Reader(text).value(), Err(why.to_owned()));
        }
    }
}

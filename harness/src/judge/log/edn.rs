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
            Edn::Text(text) => write!(f, "\"{}\"", shown(text)),
            Edn::Word(word) => write!(f, "`{}`", shown(word)),
            Edn::List(_) => f.write_str("something in brackets"),
        }
    }
}

/// The most characters of a log that an error shows in one piece.
const SHOWN: usize = 60;

/// What stands in a log as an error shows it: in one line, and not all of it if it is long.
pub(super) fn shown(text: &str) -> String {
    let visible = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    let mut short: String = text.chars().take(SHOWN).map(visible).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
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
                    Some((_, 'b')) => text.push('\u{8}'),
                    Some((_, 'f')) => text.push('\u{c}'),
                    Some((_, 'u')) => {
                        let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let is_code = code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
                        let number = u32::from_str_radix(&code, 16).ok().filter(|_| is_code);
                        let c = number.and_then(char::from_u32);
                        text.push(c.ok_or_else(|| format!("`\\u{}` in text is no character", shown(&code)))?);
                    }
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    other => {
                        let escape = other.map(|(_, c)| c).unwrap_or_default();
                        return Err(format!("unknown escape `\\{}` in text", escape.escape_debug()));
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
        let mut reader = Reader(r#"nil, -3 :ok "a\"b\\\u00e9\f" [1 "]"] x"#);
        let mut values = Vec::new();
        while reader.more() {
            values.push(reader.value().unwrap());
        }
        let text = "a\"b\\é\u{c}".to_owned();
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
            ("\"\\ud800\"", "`\\ud800` in text is no character"),
            ("\"\\u12\"", "`\\u12\"` in text is no character"),
        ] {
            assert_eq!(Reader(text).value(), Err(why.to_owned()));
        }
    }

    #[test]
    fn an_error_shows_some_of_what_is_long() {
        let long = "3".repeat(1_000_000);
        for value in [Edn::Word(&long), Edn::Text(long.clone())] {
            let text = value.to_string();
            assert!(text.chars().count() == SHOWN + 3 && text.contains("33…"), "{text}");
        }
        assert_eq!(shown("a\tb\u{1b}é"), "a\\tb\\u{1b}é");
    }
}

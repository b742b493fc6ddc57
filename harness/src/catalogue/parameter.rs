//! A parameter of a scenario: the values it may have, as text and as bytes.
//!
//! | form | text | bytes |
//! |---|---|---|
//! | number | `3`, `-7` | zigzag varint |
//! | numbers | `10+20`, or nothing | their count, then each as a number |
//! | word | one of a list | its place in the list |
//!
//! A varint is seven bits a byte, lowest first, the high bit set on all but the last
//! (LEB128); zigzag maps 0, -1, 1, -2 to 0, 1, 2, 3.

use super::packed;
use crate::Error;
use crate::nearest::nearest;
use crate::value::Whole;
use std::fmt;

/// What values a parameter may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole number.
    Number {
        /// The least allowed.
        least: i64,
        /// The greatest allowed.
        most: i64,
    },
    /// Whole numbers joined by `+`; nothing is the empty list.
    Numbers {
        /// The least allowed.
        least: i64,
        /// The greatest allowed.
        most: i64,
        /// How many there may be.
        count: usize,
    },
    /// One of these words.
    Word(&'static [&'static str]),
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Form::Number { least, most } => Whole::new(*least..=*most).fmt(f),
            Form::Numbers { least, most, count } => {
                write!(f, "up to {count} whole numbers from {least} to {most}, as in 10+20")
            }
            Form::Word(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

/// Something that can be changed about a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, left of the `=`.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Its value if none is given, as text.
    pub default: &'static str,
    /// What values it may have.
    pub form: Form,
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(i64),
    Numbers(Vec<i64>),
    Word(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => number.fmt(f),
            Value::Numbers(numbers) => {
                let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
                f.write_str(&texts.join("+"))
            }
            Value::Word(word) => f.write_str(word),
        }
    }
}

impl Parameter {
    /// Reads a value.
    ///
    /// # Errors
    /// [`Error::Value`], which names the parameter, the value and the form.
    pub(super) fn parse(&self, text: &str) -> Result<Value, Error> {
        let number = |text: &str| Whole::new(i64::MIN..=i64::MAX).parse(text);
        let value = match self.form {
            Form::Number { .. } => number(text).map(Value::Number),
            Form::Numbers { .. } if text.is_empty() => Some(Value::Numbers(Vec::new())),
            Form::Numbers { .. } => text.split('+').map(number).collect::<Option<_>>().map(Value::Numbers),
            Form::Word(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
        };
        value.filter(|value| self.allows(value)).ok_or_else(|| {
            let hint = match self.form {
                Form::Word(words) => nearest(text, words.iter().copied()),
                _ => None,
            };
            let hint = hint.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
            Error::value(&format!("parameter {}", self.name), text, format!("{}{hint}", self.form))
        })
    }

    fn allows(&self, value: &Value) -> bool {
        match (self.form, value) {
            (Form::Number { least, most }, Value::Number(number)) => (least..=most).contains(number),
            (Form::Numbers { least, most, count }, Value::Numbers(numbers)) => {
                numbers.len() <= count && numbers.iter().all(|number| (least..=most).contains(number))
            }
            (Form::Word(_), Value::Word(_)) => true,
            _ => false,
        }
    }

    /// Appends a value of this parameter.
    pub(super) fn encode(&self, value: &Value, bytes: &mut Vec<u8>) {
        match value {
            Value::Number(number) => encode_number(*number, bytes),
            Value::Numbers(numbers) => {
                encode_varint(numbers.len() as u64, bytes);
                numbers.iter().for_each(|number| encode_number(*number, bytes));
            }
            Value::Word(word) => {
                let place = match self.form {
                    Form::Word(words) => words.iter().position(|other| other == word),
                    _ => None,
                };
                encode_varint(place.unwrap_or(0) as u64, bytes);
            }
        }
    }

    /// A list of numbers, packed; `None` for any other value.
    pub(super) fn encode_packed(&self, value: &Value) -> Option<Vec<u8>> {
        let (Form::Numbers { least, .. }, Value::Numbers(numbers)) = (self.form, value) else { return None };
        let mut bytes = Vec::new();
        packed::encode(numbers, least, &mut bytes);
        Some(bytes)
    }

    /// Takes a list that was packed from the front; `None` if there is none.
    pub(super) fn decode_packed(&self, bytes: &mut &[u8]) -> Option<Value> {
        let Form::Numbers { least, count, .. } = self.form else { return None };
        packed::decode(bytes, least, count).map(Value::Numbers).filter(|value| self.allows(value))
    }

    /// Takes a value of this parameter from the front; `None` if there is none.
    pub(super) fn decode(&self, bytes: &mut &[u8]) -> Option<Value> {
        let value = match self.form {
            Form::Number { .. } => Value::Number(decode_number(bytes)?),
            Form::Numbers { count, .. } => {
                let given = usize::try_from(decode_varint(bytes)?).ok().filter(|given| *given <= count)?;
                Value::Numbers((0..given).map(|_| decode_number(bytes)).collect::<Option<_>>()?)
            }
            Form::Word(words) => Value::Word(words.get(usize::try_from(decode_varint(bytes)?).ok()?)?),
        };
        Some(value).filter(|value| self.allows(value))
    }
}

pub(super) fn encode_varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number > 0x7F {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

pub(super) fn decode_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn encode_number(number: i64, bytes: &mut Vec<u8>) {
    encode_varint(((number << 1) ^ (number >> 63)) as u64, bytes);
}

fn decode_number(bytes: &mut &[u8]) -> Option<i64> {
    let zigzag = decode_varint(bytes)?;
    Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: Parameter =
        Parameter { name: "n", help: "", default: "1", form: Form::Number { least: -5, most: 1000 } };
    const LIST: Parameter = Parameter {
        name: "l",
        help: "",
        default: "",
        form: Form::Numbers { least: -9, most: 300, count: 3 },
    };
    const WORD: Parameter =
        Parameter { name: "w", help: "", default: "red", form: Form::Word(&["red", "green"]) };

    #[test]
    fn values_survive_text_and_bytes() {
        let all = [
            (NUMBER, "-5"),
            (NUMBER, "1000"),
            (LIST, ""),
            (LIST, "0+300+-9"),
            (WORD, "red"),
            (WORD, "green"),
        ];
        for (parameter, text) in all {
            let value = parameter.parse(text).unwrap();
            assert_eq!(value.to_string(), text);
            let mut bytes = Vec::new();
            parameter.encode(&value, &mut bytes);
            let mut rest = &bytes[..];
            assert_eq!(parameter.decode(&mut rest), Some(value));
            assert!(rest.is_empty());
        }
        for number in [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            encode_number(number, &mut bytes);
            assert_eq!(decode_number(&mut &bytes[..]), Some(number));
            assert_eq!(decode_number(&mut &bytes[1..]).is_some(), bytes.len() > 1);
        }
    }

    #[test]
    fn bad_values_are_named_with_the_right_form() {
        let error = |parameter: Parameter, text: &str| parameter.parse(text).unwrap_err().to_string();
        assert_eq!(error(NUMBER, "x"), "parameter n: `x` is not a whole number from -5 to 1000");
        assert_eq!(error(NUMBER, "1001"), "parameter n: `1001` is not a whole number from -5 to 1000");
        assert_eq!(error(NUMBER, ""), "parameter n: `` is not a whole number from -5 to 1000");
        assert!(error(LIST, "1+2+3+4").contains("up to 3 whole numbers"));
        assert!(error(LIST, "1++2").contains("`1++2`"));
        assert!(error(WORD, "grene").ends_with("one of red, green; did you mean `green`?"));
    }
}

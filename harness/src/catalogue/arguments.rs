//! The values given to a scenario's parameters.
//!
//! In a token, each argument that differs from its default is the parameter's place
//! in the scenario's list, as a varint, and its value, in the order of that list. A list
//! of numbers that is shorter when it is packed has a place higher by 64; see `packed`.

use super::parameter::{Parameter, Value, decode_varint, encode_varint};
use super::scenario::Scenario;
use crate::Error;
use std::fmt;

/// Added to the place of a list that is packed: more than a scenario has parameters.
const PACKED: usize = 64;

/// One value for each parameter of a scenario.
#[derive(Clone, Debug)]
pub struct Arguments {
    parameters: &'static [Parameter],
    values: Vec<Value>,
}

impl Arguments {
    /// Reads `clients=3,stock=1`; parameters not mentioned have their defaults.
    ///
    /// # Errors
    /// An unknown parameter, one given twice, or a value of the wrong form.
    pub fn parse(scenario: &Scenario, text: &str) -> Result<Arguments, Error> {
        let mut arguments = Arguments::defaults(scenario)?;
        let mut given = vec![false; arguments.values.len()];
        for pair in text.split(',').filter(|_| !text.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                if let Some(variant) = scenario.variants.iter().find(|variant| variant.name == pair.trim()) {
                    return Err(Error::Usage(format!(
                        "`{0}` is a variant of {1}, not a parameter; give it as --variant {0}",
                        variant.name, scenario.name
                    )));
                }
                let what = format!("parameter of {}", scenario.name);
                return Err(Error::value(&what, pair, "name=value, as in clients=3"));
            };
            let place = scenario.place(name.trim())?;
            if std::mem::replace(&mut given[place], true) {
                return Err(Error::Usage(format!("parameter {} is given twice", name.trim())));
            }
            arguments.values[place] = arguments.parameters[place].parse(value.trim())?;
        }
        Ok(arguments)
    }

    fn defaults(scenario: &Scenario) -> Result<Arguments, Error> {
        let parameters = scenario.parameters;
        let values = parameters.iter().map(|parameter| parameter.parse(parameter.default));
        Ok(Arguments { parameters, values: values.collect::<Result<_, _>>()? })
    }

    /// The bytes that a token carries.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (place, (parameter, value)) in self.parameters.iter().zip(&self.values).enumerate() {
            if parameter.parse(parameter.default).is_ok_and(|default| default != *value) {
                let mut plain = Vec::new();
                parameter.encode(value, &mut plain);
                let packed = parameter.encode_packed(value).filter(|packed| packed.len() < plain.len());
                let place = if packed.is_some() { place | PACKED } else { place };
                encode_varint(place as u64, &mut bytes);
                bytes.extend(packed.unwrap_or(plain));
            }
        }
        bytes
    }

    /// The arguments of which [`encode`](Arguments::encode) made `bytes`.
    ///
    /// # Errors
    /// [`Error::Token`] if they do not fit the scenario.
    pub fn decode(scenario: &Scenario, mut bytes: &[u8]) -> Result<Arguments, Error> {
        let wrong = || Error::Token(format!("carries parameters that `{}` does not have", scenario.name));
        let mut arguments = Arguments::defaults(scenario)?;
        while !bytes.is_empty() {
            let place =
                decode_varint(&mut bytes).and_then(|place| usize::try_from(place).ok()).ok_or_else(wrong)?;
            let (packed, place) = (place & PACKED != 0, place & !PACKED);
            let parameter = arguments.parameters.get(place).ok_or_else(wrong)?;
            let value =
                if packed { parameter.decode_packed(&mut bytes) } else { parameter.decode(&mut bytes) };
            arguments.values[place] = value.ok_or_else(wrong)?;
        }
        Ok(arguments)
    }

    fn value(&self, name: &str) -> &Value {
        let place = self.parameters.iter().position(|parameter| parameter.name == name);
        match place {
            Some(place) => &self.values[place],
            None => panic!("the scenario declares no parameter `{name}`"),
        }
    }

    /// A number.
    ///
    /// # Panics
    /// If the scenario declares no such parameter of this form. The same holds for
    /// the other readers.
    pub fn number(&self, name: &str) -> i64 {
        match self.value(name) {
            Value::Number(number) => *number,
            _ => panic!("parameter `{name}` is not a number"),
        }
    }

    /// A number of things.
    ///
    /// # Panics
    /// As [`number`](Arguments::number), and if the form allows it to be negative.
    pub fn count(&self, name: &str) -> usize {
        usize::try_from(self.number(name)).expect("a count's form begins at 0 or more")
    }

    /// A list of numbers.
    ///
    /// # Panics
    /// As [`number`](Arguments::number).
    pub fn numbers(&self, name: &str) -> &[i64] {
        match self.value(name) {
            Value::Numbers(numbers) => numbers,
            _ => panic!("parameter `{name}` is not a list of numbers"),
        }
    }

    /// One of the words of its list.
    ///
    /// # Panics
    /// As [`number`](Arguments::number).
    pub fn word(&self, name: &str) -> &'static str {
        match self.value(name) {
            Value::Word(word) => word,
            _ => panic!("parameter `{name}` is not a word"),
        }
    }
}

impl Arguments {
    /// Those that differ from their defaults, as they are written after the
    /// scenario's name.
    pub fn changed(&self) -> String {
        let all = self.parameters.iter().zip(&self.values);
        let texts = all.map(|(parameter, value)| (parameter, value.to_string()));
        let changed = texts.filter(|(parameter, text)| parameter.default != text);
        changed.map(|(parameter, text)| format!("{}={text}", parameter.name)).collect::<Vec<_>>().join(",")
    }
}

/// All of them but empty lists: `clients=3,stock=1`.
impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.values.iter().map(Value::to_string);
        let pairs = self.parameters.iter().zip(texts).filter(|(_, text)| !text.is_empty());
        f.write_str(
            &pairs
                .map(|(parameter, text)| format!("{}={text}", parameter.name))
                .collect::<Vec<_>>()
                .join(","),
        )
    }
}

impl Scenario {
    /// The place of a parameter in the list.
    fn place(&self, name: &str) -> Result<usize, Error> {
        if self.parameters.is_empty() {
            return Err(Error::Usage(format!("`{}` has no parameters, so `{name}` is unknown", self.name)));
        }
        let names = || self.parameters.iter().map(|parameter| parameter.name);
        names().position(|other| other == name).ok_or_else(|| Error::unknown("parameter", name, names()))
    }
}

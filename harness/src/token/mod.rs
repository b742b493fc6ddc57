//! A schedule as text, small enough to paste: `sv1:` and base64url.
//!
//! The format is public and versioned. All numbers are written bit by bit, highest
//! bit first:
//!
//! | bits | what |
//! |---|---|
//! | 16 | fingerprint of the program's name |
//! | 8 | check sum of everything else |
//! | 1 | granularity: 0 operation, 1 word |
//! | γ | bytes of parameters plus 1, then the bytes |
//! | 1 | form: 0 plain, 1 runs |
//! | 4 | bits of a task number, less 1 |
//! | γ | entries plus 1, then the entries |
//!
//! γ is Elias' gamma code (IEEE Trans. Inf. Theory 21, 1975). A plain entry is a
//! task number; an entry of runs is a task number and the γ of how many steps it
//! takes. The shorter form is written. A task whose deadline passed is written as
//! the task number of all ones followed by the task; any other outcome than going on
//! as the task number of all ones twice, the γ of the outcome's number and the task.

mod bits;

use crate::Error;
use crate::kernel::{Choice, Granularity, Outcome};
use bits::{Reader, Writer};
use std::fmt;
use std::str::FromStr;

/// What a token begins with.
pub const PREFIX: &str = "sv1:";

/// Which program a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A hash of the program's name.
    pub fingerprint: u16,
    /// What a catalogue needs to build the program again: its parameters.
    pub parameters: Vec<u8>,
}

impl Identity {
    /// The identity of a program known by its name alone.
    pub fn of(name: &str) -> Identity {
        Identity { fingerprint: hash(name.as_bytes()) as u16, parameters: Vec::new() }
    }
}

/// A schedule and the program it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The program.
    pub identity: Identity,
    /// What counts as one step.
    pub granularity: Granularity,
    /// The choices.
    pub schedule: Vec<Choice>,
}

/// FNV-1a, folded to 32 bits: part of the format.
pub(crate) fn hash(bytes: &[u8]) -> u32 {
    let wide = bytes.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    });
    (wide ^ (wide >> 32)) as u32
}

/// Steps of one task in a row, all with the same outcome.
type Run = (Choice, u64);

fn runs(schedule: &[Choice]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &choice in schedule {
        match runs.last_mut() {
            Some((last, count)) if *last == choice => *count += 1,
            _ => runs.push((choice, 1)),
        }
    }
    runs
}

impl Token {
    fn body(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.bit(self.granularity == Granularity::Word);
        writer.gamma(self.identity.parameters.len() as u64 + 1);
        for &byte in &self.identity.parameters {
            writer.bits(u64::from(byte), 8);
        }
        let highest = self.schedule.iter().map(|choice| choice.task()).max().unwrap_or(0) as u64;
        // The number of all ones is kept free for the escape.
        let width = (64 - (highest + 1).leading_zeros()).max(1);
        let plain: Vec<Run> = self.schedule.iter().map(|&choice| (choice, 1)).collect();
        let forms = [plain, runs(&self.schedule)].map(|entries| {
            let mut writer = writer.clone();
            let in_runs =
                entries.len() != self.schedule.len() || entries.iter().any(|&(_, count)| count != 1);
            writer.bit(in_runs);
            writer.bits(u64::from(width) - 1, 4);
            writer.gamma(entries.len() as u64 + 1);
            for (choice, count) in entries {
                match choice.outcome() {
                    Outcome::Run => {}
                    Outcome::TimeOut => writer.bits((1 << width) - 1, width),
                    other => {
                        writer.bits((1 << width) - 1, width);
                        writer.bits((1 << width) - 1, width);
                        writer.gamma(u64::from(other.number()));
                    }
                }
                writer.bits(choice.task() as u64, width);
                if in_runs {
                    writer.gamma(count);
                }
            }
            writer
        });
        let [plain, runs] = forms;
        if runs.len() < plain.len() { runs.finish() } else { plain.finish() }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        let mut bytes = self.identity.fingerprint.to_be_bytes().to_vec();
        bytes.push(hash(&body) as u8);
        bytes.extend(body);
        write!(f, "{PREFIX}{}", bits::encode(&bytes))
    }
}

impl FromStr for Token {
    type Err = Error;

    fn from_str(text: &str) -> Result<Token, Error> {
        let wrong = |why: &str| Error::Token(format!("`{}` {why}", shorten(text)));
        let code = text.trim().strip_prefix(PREFIX).ok_or_else(|| wrong("does not begin with `sv1:`"))?;
        let bytes = bits::decode(code).map_err(|position| match position {
            Some(at) => {
                wrong(&format!("has a character at position {} that is not base64url", at + PREFIX.len() + 1))
            }
            None => wrong("is cut off or damaged: it does not end with a whole byte"),
        })?;
        let [high, low, check, body @ ..] = &bytes[..] else { return Err(wrong("is cut off")) };
        if hash(body) as u8 != *check {
            return Err(wrong("is damaged: its check sum does not match"));
        }
        let fingerprint = u16::from_be_bytes([*high, *low]);
        parse(body, fingerprint).ok_or_else(|| wrong("is cut off"))
    }
}

fn parse(body: &[u8], fingerprint: u16) -> Option<Token> {
    let mut reader = Reader::new(body);
    let granularity = if reader.bit()? { Granularity::Word } else { Granularity::Operation };
    let count = reader.gamma()? - 1;
    let parameters =
        (0..count).map(|_| reader.bits(8).map(|byte| byte as u8)).collect::<Option<Vec<u8>>>()?;
    let in_runs = reader.bit()?;
    let width = reader.bits(4)? as u32 + 1;
    let entries = reader.gamma()? - 1;
    let mut schedule = Vec::new();
    for _ in 0..entries {
        let mut task = reader.bits(width)?;
        let mut outcome = Outcome::Run;
        let escape = (1 << width) - 1;
        if task == escape {
            outcome = Outcome::TimeOut;
            task = reader.bits(width)?;
            if task == escape {
                outcome = Outcome::from_number(u8::try_from(reader.gamma()?).ok()?)?;
                task = reader.bits(width)?;
            }
        }
        let count = if in_runs { reader.gamma()? } else { 1 };
        if schedule.len() as u64 + count > LONGEST {
            return None;
        }
        schedule.extend(std::iter::repeat_n(Choice::new(task as usize, outcome), count as usize));
    }
    Some(Token { identity: Identity { fingerprint, parameters }, granularity, schedule })
}

/// The longest schedule that a token may hold.
const LONGEST: u64 = 10_000_000;

fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        text.to_owned()
    } else {
        text.chars().take(37).chain("...".chars()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Rng;

    fn token(schedule: Vec<Choice>) -> Token {
        Token { identity: Identity::of("ticket"), granularity: Granularity::Operation, schedule }
    }

    #[test]
    fn tokens_read_back() {
        let mut rng = Rng::new(3);
        for length in [0, 1, 2, 30, 400] {
            for tasks in [1, 2, 3, 10, 100, 1000, 32_000] {
                let schedule: Vec<Choice> = (0..length)
                    .map(|_| {
                        let number = [1, 2, 3, 4, 5, 6, 79].get(rng.below(40) as usize).copied().unwrap_or(0);
                        let outcome = Outcome::from_number(number).unwrap();
                        Choice::new(rng.below(tasks) as usize, outcome)
                    })
                    .collect();
                let token = token(schedule);
                assert_eq!(token.to_string().parse::<Token>().unwrap(), token);
            }
        }
    }

    #[test]
    fn thirty_choices_fit_into_sixty_characters() {
        let mut rng = Rng::new(9);
        for tasks in [2, 10, 100, 500] {
            let schedule = (0..30).map(|_| Choice::run(rng.below(tasks) as usize)).collect();
            let text = token(schedule).to_string();
            assert!(text.len() <= 60, "{tasks} tasks: {} characters: {text}", text.len());
        }
    }

    #[test]
    fn damage_is_named() {
        let text = token((0..30).map(|i| Choice::run(i % 3)).collect()).to_string();
        let error = |text: &str| text.parse::<Token>().unwrap_err().to_string();
        assert!(error("hello").contains("sv1:"));
        for cut in 1..text.len() - PREFIX.len() {
            let error = error(&text[..text.len() - cut]);
            assert!(["check sum", "cut off"].iter().any(|why| error.contains(why)), "{error}");
        }
        assert!(error("sv1:AB").contains("cut off"));
        assert!(error(&text.replacen(':', ":!", 1)).contains("position 5"));
        for at in PREFIX.len()..text.len() {
            let mut damaged: Vec<char> = text.chars().collect();
            damaged[at] = if damaged[at] == 'A' { 'B' } else { 'A' };
            let damaged: String = damaged.into_iter().collect();
            // Either refused, or (in the fingerprint) another program's token.
            if let Ok(token) = damaged.parse::<Token>() {
                assert_ne!(token.identity, Identity::of("ticket"), "{damaged}");
            }
        }
    }

    /// The format is public: these must never change.
    #[test]
    fn golden_tokens() {
        let schedule: Vec<Choice> = [0, 1, 1, 0].map(Choice::run).to_vec();
        assert_eq!(token(schedule).to_string(), GOLDEN);
    }

    const GOLDEN: &str = "sv1:TX0tQlFA";
}

//! Numbers and durations as text, and what to say of text that is none.
//!
//! Called by whatever reads values: options, variables, parameters, strategies, faults.
//!
//! 1. What is refused is told with all that would be right: a number with its range.
//! 2. A number is its digits, behind a `-` if it is below 0: no `+`, no fraction, no blanks.
//!    Only a seed may be hexadecimal.

use crate::Error;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// The form of a seed.
pub(crate) const SEED: &str = "a whole number from 0 to 2^64 - 1, or 0x and up to 16 hexadecimal digits";
/// The form of a bound on executions.
pub(crate) const EXECUTIONS: &str = "a whole number from 1 to 2^64 - 1";
/// The form of a duration.
pub(crate) const DURATION: &str = "a duration above 0 and up to 876000h, as in 500ms, 10s or 2m";

/// Limits from here on are written as a power of two, if they are just below one: nobody counts
/// their digits.
const COUNTED: i128 = 1 << 24;

/// A century: nobody waits longer.
const LONGEST: Duration = Duration::from_hours(876_000);

/// The form of a whole number.
#[derive(Clone, Debug)]
pub(crate) struct Whole<T> {
    range: RangeInclusive<T>,
    of: &'static str,
}

impl<T: FromStr + PartialOrd + Copy + Into<i128>> Whole<T> {
    /// A number in this range.
    pub(crate) fn new(range: RangeInclusive<T>) -> Self {
        Whole { range, of: "" }
    }

    /// What is counted.
    pub(crate) fn of(self, of: &'static str) -> Self {
        Whole { of, ..self }
    }

    /// The number that `text` is, if it is one of this form.
    pub(crate) fn parse(&self, text: &str) -> Option<T> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| plain && self.range.contains(number))
    }

    /// The number that `text`, the value of `what`, is.
    pub(crate) fn read(&self, what: &str, text: &str) -> Result<T, Error> {
        self.parse(text).ok_or_else(|| Error::value(what, text, self.to_string()))
    }
}

impl<T: Copy + Into<i128>> fmt::Display for Whole<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.of.is_empty() { "" } else { " of " };
        let (least, most) = (limit((*self.range.start()).into()), limit((*self.range.end()).into()));
        write!(f, "a whole number{of}{} from {least} to {most}", self.of)
    }
}

fn limit(number: i128) -> String {
    match number + 1 {
        above if above >= COUNTED && above.count_ones() == 1 => format!("2^{} - 1", above.trailing_zeros()),
        _ => number.to_string(),
    }
}

/// Reads a seed.
pub(crate) fn seed(what: &str, text: &str) -> Result<u64, Error> {
    let number = match text.strip_prefix("0x") {
        // A sign would be read as a part of the number.
        Some(hex) if hex.starts_with('+') => None,
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => Whole::new(0..=u64::MAX).parse(text),
    };
    number.ok_or_else(|| Error::value(what, text, SEED))
}

/// Reads a bound on executions.
pub(crate) fn executions(what: &str, text: &str) -> Result<u64, Error> {
    Whole::new(1..=u64::MAX).read(what, text)
}

/// Reads a number of workers.
pub(crate) fn jobs(what: &str, text: &str) -> Result<usize, Error> {
    Whole::new(1_u16..=1024).read(what, text).map(usize::from)
}

/// Reads a duration above 0, in which something can be done, such as `500ms`, `10s` or `2m`.
pub(crate) fn duration(what: &str, text: &str) -> Result<Duration, Error> {
    let time = seconds(text).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = time.filter(|time| *time <= LONGEST);
    // What is shorter than a clock can tell is as short as it can.
    time.map(|time| time.max(Duration::from_nanos(1))).ok_or_else(|| Error::value(what, text, DURATION))
}

fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let number: f64 = number.parse().ok()?;
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Some(number * factor).filter(|seconds| *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits() {
        let form = Whole::new(-5_i64..=1000);
        for (text, number) in [("0", 0), ("-5", -5), ("1000", 1000), ("007", 7)] {
            assert_eq!(form.parse(text), Some(number), "{text}");
        }
        let huge = "9".repeat(400);
        for wrong in
            ["", "-", "+3", "--3", " 3", "3 ", "2.5", "1e2", "0x3", "1_000", "-6", "1001", "x", &huge]
        {
            assert_eq!(form.parse(wrong), None, "{wrong}");
            assert!(seed("seed", wrong).is_err() == !matches!(wrong, "0x3" | "1001"), "{wrong}");
        }
    }

    #[test]
    fn seeds_have_64_bits() {
        for (text, number) in [
            ("18446744073709551615", u64::MAX),
            ("0xffffffffffffffff", u64::MAX),
            ("0xFFFFFFFFFFFFFFFF", u64::MAX),
            ("0x0", 0),
        ] {
            assert_eq!(seed("--seed", text).unwrap(), number, "{text}");
        }
        for wrong in ["18446744073709551616", "0x10000000000000000", "0x", "0x+5", "0x-5", "0xg", "ff", "-1"]
        {
            let error = seed("--seed", wrong).unwrap_err().to_string();
            assert_eq!(error, format!("--seed: `{wrong}` is not {SEED}"));
        }
    }

    #[test]
    fn forms_say_the_range() {
        assert_eq!(Whole::new(1..=u64::MAX).to_string(), EXECUTIONS);
        assert!(SEED.starts_with(&Whole::new(0..=u64::MAX).to_string()));
        assert_eq!(Whole::new(0_u8..=8).to_string(), "a whole number from 0 to 8");
        assert_eq!(
            Whole::new(0..=1023_u32).of("delays").to_string(),
            "a whole number of delays from 0 to 1023"
        );
        assert_eq!(Whole::new(-3..=i64::MAX).to_string(), "a whole number from -3 to 2^63 - 1");
    }

    #[test]
    fn a_duration_is_above_0_and_no_longer_than_anybody_waits() {
        for (text, time) in [
            ("500ms", Duration::from_millis(500)),
            ("1.5s", Duration::from_millis(1500)),
            ("2m", Duration::from_mins(2)),
            ("2min", Duration::from_mins(2)),
            ("1h", Duration::from_hours(1)),
            ("0.00000000001ms", Duration::from_nanos(1)),
            ("876000h", LONGEST),
        ] {
            assert_eq!(duration("--time", text).unwrap(), time, "{text}");
        }
        for wrong in [
            "",
            "5",
            "s",
            "0s",
            "0.0h",
            ".s",
            "-1s",
            "+1s",
            "1 s",
            "1S",
            "1e3s",
            "infs",
            "1.2.3s",
            "0x1s",
            "876001h",
            "99999999999m",
            "99999999999999999999999h",
        ] {
            let error = duration("--time", wrong).unwrap_err().to_string();
            assert_eq!(error, format!("--time: `{wrong}` is not {DURATION}"));
        }
    }
}

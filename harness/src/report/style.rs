//! Plain text or colours, and how wide a text is on a terminal.
//!
//! Called by everything here that writes for people. Tests and panic messages are
//! always plain; the command line asks [`Style::of`] its stream.

use anstyle::{AnsiColor, Style as Paint};
use std::io::IsTerminal;

/// Plain text, or text with colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// No escape sequences at all.
    #[default]
    Plain,
    /// ANSI colours.
    Ansi,
}

pub(super) const ALARM: Paint = AnsiColor::Red.on_default().bold();
pub(super) const NOTE: Paint = AnsiColor::Yellow.on_default().bold();
pub(super) const QUIET: Paint = Paint::new().dimmed();
pub(super) const STRONG: Paint = Paint::new().bold();

const LANES: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Green,
    AnsiColor::Blue,
    AnsiColor::BrightYellow,
    AnsiColor::BrightRed,
];

/// The colour of a lane.
pub(super) fn lane(index: usize) -> Paint {
    LANES[index % LANES.len()].on_default()
}

impl Style {
    /// What suits a stream: colours on a terminal that can show them (`TERM` is neither
    /// unset nor `dumb`), unless `NO_COLOR` is set.
    pub fn of(stream: &impl IsTerminal) -> Style {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let able = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        if stream.is_terminal() && able && !refused { Style::Ansi } else { Style::Plain }
    }

    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        match self {
            Style::Ansi if !text.trim().is_empty() => format!("{paint}{text}{paint:#}"),
            _ => text.to_owned(),
        }
    }
}

/// Ranges of characters that take two columns (Unicode's East Asian Width, W and F,
/// by block; emoji with them).
const WIDE: [(u32, u32); 12] = [
    (0x1100, 0x115F),
    (0x2E80, 0x303E),
    (0x3041, 0x33FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA000, 0xA4CF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE6F),
    (0xFF00, 0xFF60),
    (0xFFE0, 0xFFE6),
    (0x1F300, 0x3FFFD),
];

fn width_of(c: char) -> usize {
    let code = u32::from(c);
    let combining = matches!(code, 0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F);
    match c {
        _ if combining => 0,
        _ if WIDE.iter().any(|&(from, to)| (from..=to).contains(&code)) => 2,
        _ => 1,
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// The text, filled up with spaces to `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text, cut so that it takes at most `columns`.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let fits = |c: &char| {
        let width = width_of(*c);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// Text without what would break a line of a table or hide in a terminal: control
/// characters are written as escapes.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("lock"), 4);
        assert_eq!(width("在庫"), 4);
        assert_eq!(width("한 e\u{301}"), 4);
        assert_eq!(pad("庫", 4), "庫  ");
        assert_eq!(cut("在庫在庫", 5), "在庫…");
        assert_eq!(cut("在庫", 4), "在庫");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(clean("a\x1b[31m\n"), "a\\u{1b}[31m\\n");
    }

    #[test]
    fn plain_has_no_escapes() {
        assert_eq!(Style::Plain.paint(ALARM, "x"), "x");
        assert!(Style::Ansi.paint(ALARM, "x").contains('\x1b'));
    }
}

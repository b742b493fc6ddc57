//! Colours of verdicts: what was expected is green, a surprise is red.

use super::exit::Exit;
use crate::report::Style;
use anstyle::AnsiColor;

/// Plain or coloured output.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) Style);

impl Paint {
    /// What suits standard output.
    pub(super) fn of_stdout() -> Paint {
        Paint(Style::of(&std::io::stdout()))
    }

    /// Text in the colour of an outcome.
    pub(super) fn exit(self, exit: Exit, text: &str) -> String {
        let colour = match exit {
            Exit::AsExpected => AnsiColor::Green.on_default(),
            Exit::NothingRan | Exit::Inconclusive => AnsiColor::Yellow.on_default(),
            _ => AnsiColor::Red.on_default().bold(),
        };
        match self.0 {
            Style::Plain => text.to_owned(),
            _ => format!("{colour}{text}{colour:#}"),
        }
    }

    /// Text as a heading.
    pub(super) fn heading(self, text: &str) -> String {
        let bold = anstyle::Style::new().bold();
        match self.0 {
            Style::Plain => text.to_owned(),
            _ => format!("{bold}{text}{bold:#}"),
        }
    }
}

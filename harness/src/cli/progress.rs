//! Progress on standard error, where that is a terminal; elsewhere nothing.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A progress bar, gone when this is dropped.
pub(super) struct Bar(ProgressBar);

fn shown() -> bool {
    std::io::stderr().is_terminal()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Bar {
    /// For one program of which nobody knows how long it takes.
    pub(super) fn spinner(name: &str) -> Bar {
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(if shown() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        bar.set_style(style("{spinner} {prefix} {msg} {elapsed}"));
        bar.set_prefix(name.to_owned());
        Bar(bar)
    }

    /// For so many programs.
    pub(super) fn of(programs: usize) -> Bar {
        let bar = ProgressBar::new(programs as u64);
        bar.set_draw_target(if shown() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        bar.set_style(style("[{bar:30}] {pos}/{len} {prefix} {msg} {elapsed}"));
        Bar(bar)
    }

    /// The next program begins.
    pub(super) fn begin(&self, name: &str) {
        self.0.set_prefix(name.to_owned());
        self.0.set_message("");
    }

    /// A program is done.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// What the running program has done so far.
    pub(super) fn count(&self, executions: u64, violations: u64) {
        self.0.set_message(format!("{executions} executions, {violations} violations"));
        self.0.tick();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

//! Paired rounds: two sides measured one right after the other, in alternating order,
//! so that whatever else the machine does then hits both. The ratio is taken within
//! each round; its median is the figure, its lowest and highest say how far to trust
//! it.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::time::{ClockId, clock_gettime};

/// Whether a measurement was asked for. Without cargo's `--bench` flag a bench only
/// makes one short round, so that a test of all targets finds out whether it runs.
pub fn measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Seconds of processor time of this process so far, all its threads together.
///
/// # Panics
/// If the system does not count it; Linux does.
pub fn own_seconds() -> f64 {
    let now = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("Linux counts processor time");
    now.tv_sec() as f64 + now.tv_nsec() as f64 / 1e9
}

/// Seconds of processor time of all processes that this one has started and waited for,
/// those that they started and waited for included.
///
/// # Panics
/// As for [`own_seconds`].
pub fn children_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("Linux counts processor time");
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// What a ratio or a figure must reach.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// This much or more.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// For information.
    None,
}

impl Bar {
    /// The bar and whether `figure` reaches it, as two columns of a table.
    pub fn columns(self, figure: f64, decimals: usize) -> [String; 2] {
        let (bar, holds) = match self {
            Bar::AtLeast(bar) => (format!(">= {bar:.decimals$}"), figure >= bar),
            Bar::AtMost(bar) => (format!("<= {bar:.decimals$}"), figure <= bar),
            Bar::None => return ["-".to_owned(), "-".to_owned()],
        };
        [bar, if holds { "holds" } else { "fails" }.to_owned()]
    }
}

/// What paired rounds came to: medians of either side and of the ratio between them.
#[derive(Clone, Copy, Debug)]
pub struct Paired {
    /// The median of the first side.
    pub ours: f64,
    /// The median of the second side.
    pub theirs: f64,
    /// The median of first / second within a round.
    pub ratio: f64,
    /// The lowest such ratio.
    pub lowest: f64,
    /// The highest such ratio.
    pub highest: f64,
}

/// Measures both sides in each of `rounds` rounds, in alternating order.
pub fn paired(rounds: usize, mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) -> Paired {
    let mut pairs = Vec::with_capacity(rounds);
    for round in 0..rounds {
        pairs.push(if round % 2 == 0 {
            let first = ours();
            (first, theirs())
        } else {
            let first = theirs();
            (ours(), first)
        });
    }
    let mut ratios: Vec<f64> = pairs.iter().map(|(ours, theirs)| ours / theirs).collect();
    ratios.sort_by(f64::total_cmp);
    Paired {
        ours: median(pairs.iter().map(|pair| pair.0)),
        theirs: median(pairs.iter().map(|pair| pair.1)),
        ratio: ratios[ratios.len() / 2],
        lowest: ratios[0],
        highest: ratios[ratios.len() - 1],
    }
}

/// The middle one of some figures.
///
/// # Panics
/// If there are none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints rows of text in columns: the first to the left, all others to the right.
/// The first row is the heading.
pub fn print_table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 => line += &format!("{cell:<width$}"),
                _ => line += &format!("  {cell:>width$}"),
            }
        }
        println!("{}", line.trim_end());
    }
}

/// A row of a table.
pub fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

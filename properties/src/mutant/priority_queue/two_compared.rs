//! Compares the first two items only.

use crate::mutant::queue::{Items, buffer};

buffer! {
    Priority:
    /// A smaller one behind them has to wait.
    TwoCompared {
        fn next(&self, items: &Items) -> usize {
            usize::from(items.count() > 1 && items.at(1) < items.at(0))
        }
    }
}

//! The order that got farthest in a search.
//!
//! Kept by the searches as they leave configurations; costs no more than what was
//! placed since it was last noted, so that long histories stay linear.
//!
//! 1. The first `common` entries of `order` are those of the search's current order.

/// The best order so far.
pub(super) struct Best<T> {
    reached: Option<u32>,
    order: Vec<T>,
    common: usize,
}

impl<T> Default for Best<T> {
    fn default() -> Best<T> {
        Best { reached: None, order: Vec::new(), common: 0 }
    }
}

impl<T: Copy> Best<T> {
    /// Notes `order`, which got as far as `reached`, if none got farther.
    pub(super) fn note(&mut self, reached: u32, order: &[T]) {
        if self.reached.is_none_or(|best| reached > best) {
            self.reached = Some(reached);
            self.order.truncate(self.common);
            self.order.extend_from_slice(&order[self.common..]);
            self.common = order.len();
        }
    }

    /// The current order has become so short.
    pub(super) fn taken_back(&mut self, length: usize) {
        self.common = self.common.min(length);
    }

    /// How far the best order got, and that order.
    pub(super) fn take(self) -> (u32, Vec<T>) {
        (self.reached.unwrap_or_default(), self.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_that_got_farthest_is_kept_whole() {
        let mut best = Best::default();
        best.note(1, &[4, 5]);
        best.taken_back(1);
        best.note(1, &[4, 6]);
        best.note(2, &[4, 7, 8]);
        best.taken_back(0);
        best.note(0, &[9]);
        assert_eq!(best.take(), (2, vec![4, 7, 8]));
    }
}

//! Says that there is a value, and then writes it.

use super::plot::plot;

plot! {
    /// Who dies in between has inserted a value that nobody wrote.
    TagFirst {
        fn fill(&self, cell: u32, value: u8) -> u32 {
            let (_, before) = self.ground.tag(cell);
            self.ground.set_tag(cell, true, before);
            self.ground.set_value(cell, value);
            self.ground.set_used(self.ground.used() + 1);
            before
        }
    }
}

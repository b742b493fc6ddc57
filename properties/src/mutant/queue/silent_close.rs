//! Closes without telling those who wait.

use super::buffer::buffer;

buffer! {
    Fifo:
    /// Who waits for an item waits for ever.
    SilentClose {
        fn closed(&self) {}
    }
}

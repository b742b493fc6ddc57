//! Closes without telling those who wait.

use super::chute::chute;

chute! {
    /// Whoever waits does so for ever.
    SilentClose {
        fn tell(&self) {}
    }
}

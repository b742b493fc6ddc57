//! The first writer that closes its end closes the pipe.

use super::tube::tube;
use crate::mutant::queue::Buffer;

tube! {
    /// The end of the file comes before the last message.
    FirstToLeave {
        fn hang_up(&self) {
            self.channel.queue.close();
        }
    }
}

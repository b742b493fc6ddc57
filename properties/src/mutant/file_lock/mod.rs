//! Broken locks on a file. `page` is what they have in common.

mod alone_is_shared;
mod early_look;
mod early_unlock;
mod page;
mod reads_anyway;

pub use alone_is_shared::AloneIsShared;
pub use early_look::EarlyLook;
pub use early_unlock::EarlyUnlock;
pub use page::{Inside, Numbers, OfPage, Page, Real, Sound};
pub use reads_anyway::ReadsAnyway;

//! Semaphores that do not get back from the dead what they should, or get too much. `seats`
//! is what most have in common.

mod all_at_once;
mod kept_permit;
mod lost_with_the_dead;
mod one_too_many;
mod seats;

pub use all_at_once::AllAtOnce;
pub use kept_permit::KeptPermit;
pub use lost_with_the_dead::LostWithTheDead;
pub use one_too_many::OneTooMany;
pub use seats::{OfSeats, Permit, Real, Seats, Sound};

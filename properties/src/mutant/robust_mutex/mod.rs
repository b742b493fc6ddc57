//! Mutexes that do not survive their holders as they should. `survivor` is what they have in
//! common.

mod blind_steal;
mod impatient;
mod survivor;
mod unasked_repair;

pub use blind_steal::BlindSteal;
pub use impatient::Impatient;
pub use survivor::{Guard, OfSurvivor, Real, Sound, Survivor, Taken};
pub use unasked_repair::UnaskedRepair;

//! A semaphore that survives its holders, with what can go wrong around it, and the programs
//! that it is put to.
//!
//! It is the real one; each mutant replaces a method between it and its user. What stands
//! here is right ([`Sound`] shows that).
//!
//! When a process dies with a permit, it is free again, unless a mutant thinks otherwise.

use crate::program::Subject;
use crate::spec::{PermitOp, RobustSemaphore, SemaphoreRet, Task};
use proptest::prelude::*;
use selvedge_harness::prelude::shareable;
use selvedge_harness::{Checked, Shareable};

/// The real one.
pub type Real = selvedge::sync::RobustSemaphore<Checked>;
/// A permit.
pub type Permit<'a> = selvedge::sync::RobustPermit<'a, Checked>;

/// What lies between the real one and its user.
pub trait Seats: Shareable + Send + Sync {
    /// One around a real one.
    fn new(real: Real) -> Self;

    /// The real one.
    fn real(&self) -> &Real;

    /// How many permits the real one gets.
    fn permits(permits: u32) -> u32 {
        permits
    }

    /// Takes a permit, waiting.
    fn acquire(&self) -> Permit<'_> {
        self.real().acquire()
    }

    /// Gives the last of the caller's permits back.
    fn release(held: &mut Vec<Permit<'_>>) {
        held.pop();
    }
}

shareable! {
    /// A semaphore as programs use it.
    pub struct OfSeats<S: Seats> { seats: S }
}

impl<S: Seats> Subject for OfSeats<S> {
    type Spec = RobustSemaphore;
    type Held<'a> = Vec<Permit<'a>>;

    fn setups() -> BoxedStrategy<RobustSemaphore> {
        (1..=2_u32).prop_map(|permits| RobustSemaphore { permits }).boxed()
    }

    fn new(setup: &RobustSemaphore) -> Self {
        OfSeats { seats: S::new(Real::new(S::permits(setup.permits)).expect("a small number of permits")) }
    }

    fn perform<'a>(&'a self, held: &mut Vec<Permit<'a>>, _: Task, op: &PermitOp) -> SemaphoreRet {
        let before = held.len();
        match op {
            PermitOp::Acquire => held.push(self.seats.acquire()),
            PermitOp::TryAcquire => held.extend(self.seats.real().try_acquire()),
            PermitOp::Release if before > 0 => S::release(held),
            PermitOp::Release => {}
            PermitOp::Value => return SemaphoreRet::Value(self.seats.real().value()),
        }
        if held.len() == before { SemaphoreRet::Refused } else { SemaphoreRet::Done }
    }

    fn closing(held: &Vec<Permit<'_>>) -> Option<PermitOp> {
        (!held.is_empty()).then_some(PermitOp::Release)
    }
}

/// Declares a semaphore: what it is called, and the methods that it replaces.
macro_rules! seats {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { real: $crate::mutant::robust_semaphore::Real }
        }

        impl $crate::mutant::robust_semaphore::Seats for $name {
            fn new(real: $crate::mutant::robust_semaphore::Real) -> Self {
                $name { real }
            }
            fn real(&self) -> &$crate::mutant::robust_semaphore::Real {
                &self.real
            }
            $($method)*
        }
    };
}
pub(super) use seats;

seats! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}

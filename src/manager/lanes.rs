//! The lanes at which the server of a manager looks before it sleeps.
//!
//! Called by `server`.
//!
//! | state of a lane | its client asks |
//! |---|---|
//! | not served | by its connection, and the server begins to serve it |
//! | served | by the lane, for as long as the server does not sleep |
//!
//! 1. The server looks at lanes for as long as that pays off ([`Spin`]), and no longer
//!    than somebody would take to be woken; now and then it asks its descriptors too.
//! 2. Requests are taken first and done later, so that the server can find out in between
//!    who has died before they were asked.
//!
//! When a client dies here, its lane is dropped with its connection; a request in it that
//! was not done is never done.

use crate::channel::Lane;
use crate::platform::Platform;
use crate::raw::Spin;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// After so many looks at the lanes, somebody looks at the descriptors.
const LOOKS: u32 = 64;

/// All lanes that are served.
pub(super) struct Lanes<P: Platform> {
    served: Vec<(u64, Arc<Lane<P>>)>,
    spin: Spin,
}

impl<P: Platform> Lanes<P> {
    pub(super) fn new() -> Lanes<P> {
        Lanes { served: Vec::new(), spin: Spin::new() }
    }

    /// This peer has asked by its connection.
    pub(super) fn begin(&mut self, peer: u64, lane: &Arc<Lane<P>>) {
        if self.served.iter().all(|(number, _)| *number != peer) && self.spin.is_worth_it() {
            lane.serve(true);
            self.served.push((peer, lane.clone()));
        }
    }

    /// This peer is gone.
    pub(super) fn end(&mut self, peer: u64) {
        self.served.retain(|(number, _)| *number != peer);
    }

    /// Looks at the lanes, and now and then whether anything else `is_ready`. Puts the
    /// peers whose requests it has taken into `taken`; false if nobody came, so that the
    /// caller is to sleep.
    pub(super) fn wait(
        &mut self,
        deadline: Option<u64>,
        taken: &mut Vec<u64>,
        is_ready: impl Fn() -> bool,
    ) -> bool {
        if self.served.is_empty() {
            return false;
        }
        let looks = Cell::new(0_u32);
        let taken = RefCell::new(taken);
        let look = || {
            looks.set(looks.get() + 1);
            let mut taken = taken.borrow_mut();
            taken.extend(self.served.iter().filter(|(_, lane)| lane.take()).map(|(number, _)| *number));
            (!taken.is_empty() || (looks.get().is_multiple_of(LOOKS) && is_ready())).then_some(())
        };
        if self.spin.until::<P, ()>(deadline, look).is_some() {
            return true;
        }
        self.served.drain(..).for_each(|(_, lane)| lane.serve(false));
        false
    }
}

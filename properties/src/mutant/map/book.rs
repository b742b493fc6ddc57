//! A map whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! A few entries under a lock. What stands here is right ([`Sound`] shows that); each mutant
//! replaces one method.
//!
//! When a process dies under the lock, everybody waits for ever.

use crate::program::{Subject, map_setups};
use crate::spec::{Map, MapOp, MapRet, Task};
use proptest::prelude::*;
use selvedge_harness::prelude::{Mutex, shareable};
use selvedge_harness::{Checked, Shareable};

/// More entries than any of these may have.
const PLACES: usize = 32;

shareable! {
    /// What lies under the lock.
    #[derive(Debug)]
    pub struct Entries { places: [(u8, u8); PLACES], count: usize, capacity: usize }
}

/// Who has the lock.
pub type Inside<'a> = selvedge::sync::MutexGuard<'a, Entries, Checked>;

impl Entries {
    /// None, of so many.
    pub fn new(capacity: usize) -> Entries {
        Entries { places: [(0, 0); PLACES], count: 0, capacity }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many there may be.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Where a key is.
    pub fn find(&self, key: u8) -> Option<usize> {
        self.places[..self.count].iter().position(|entry| entry.0 == key)
    }

    /// The value at a place.
    pub fn value(&mut self, place: usize) -> &mut u8 {
        &mut self.places[place].1
    }

    /// Adds an entry behind the others.
    pub fn add(&mut self, key: u8, value: u8) {
        self.places[self.count] = (key, value);
        self.count += 1;
    }

    /// Takes out the entry at a place; the last one takes it.
    pub fn take(&mut self, place: usize) -> u8 {
        let value = self.places[place].1;
        self.count -= 1;
        self.places[place] = self.places[self.count];
        value
    }
}

/// A map under a lock.
pub trait Book: Shareable + Send + Sync {
    /// An empty one.
    fn new(capacity: usize) -> Self;

    /// The lock.
    fn lock(&self) -> &Mutex<Entries>;

    /// Takes the lock.
    fn enter(&self) -> Inside<'_> {
        self.lock().lock().expect("nobody panics with it")
    }

    /// Whether there is no room for one more.
    fn is_full(&self, entries: &Entries) -> bool {
        entries.count() >= entries.capacity()
    }

    /// Puts a value in.
    fn insert(&self, key: u8, value: u8) -> MapRet {
        let mut inside = self.enter();
        match inside.find(key) {
            Some(place) => MapRet::Found(Some(std::mem::replace(inside.value(place), value))),
            None if self.is_full(&inside) => MapRet::Full,
            None => {
                inside.add(key, value);
                MapRet::Found(None)
            }
        }
    }

    /// Takes a key out.
    fn remove(&self, key: u8) -> Option<u8> {
        let mut inside = self.enter();
        let place = inside.find(key)?;
        Some(inside.take(place))
    }
}

shareable! {
    /// A map as programs use it.
    pub struct OfBook<B: Book> { book: B }
}

impl<B: Book> Subject for OfBook<B> {
    type Spec = Map;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Map> {
        map_setups()
    }

    fn new(setup: &Map) -> Self {
        OfBook { book: B::new(setup.capacity) }
    }

    fn perform(&self, (): &mut (), _: Task, op: &MapOp) -> MapRet {
        match *op {
            MapOp::Get(key) => {
                let mut inside = self.book.enter();
                let place = inside.find(key);
                MapRet::Found(place.map(|place| *inside.value(place)))
            }
            MapOp::Insert(key, value) => self.book.insert(key, value),
            MapOp::Remove(key) => MapRet::Found(self.book.remove(key)),
            MapOp::Len => MapRet::Len(self.book.enter().count()),
        }
    }
}

/// Declares a map: what it is called, and the methods that it replaces.
macro_rules! book {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { lock: selvedge_harness::prelude::Mutex<$crate::mutant::map::Entries> }
        }

        impl $crate::mutant::map::Book for $name {
            fn new(capacity: usize) -> Self {
                let entries = $crate::mutant::map::Entries::new(capacity);
                $name { lock: selvedge_harness::prelude::Mutex::new(entries) }
            }
            fn lock(&self) -> &selvedge_harness::prelude::Mutex<$crate::mutant::map::Entries> {
                &self.lock
            }
            $($method)*
        }
    };
}
pub(super) use book;

book! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}

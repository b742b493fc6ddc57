//! A vector whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! Words under a real robust lock. What must change together is noted first and carried out
//! then; whoever takes the lock from a dead one carries out what that had noted. What stands
//! here is right ([`Sound`] shows that); each mutant replaces a method or two.
//!
//! | word | meaning |
//! |---|---|
//! | `len` | how many elements there are; one behind it is nobody's |
//! | `pending` | 0, or 1 and the length that is to come: `note` is to be carried out |
//! | `note` | a place, and the element that it is to get |
//!
//! When a process dies under the lock, its operation has happened as a whole or has not.

use crate::mutant::word::Word;
use crate::program::Subject;
use crate::spec::{Task, Vector, VectorOp, VectorRet};
use proptest::prelude::*;
use selvedge::platform::Atomic;
use selvedge_harness::prelude::{RobustMutex, shareable};
use selvedge_harness::{Checked, Shareable};
use std::sync::atomic::Ordering::SeqCst;

/// More elements than any of these may have.
const PLACES: usize = 8;

shareable! {
    /// What it consists of.
    pub struct Words {
        lock: RobustMutex<()>,
        capacity: u32,
        len: Word,
        elements: [Word; PLACES],
        pending: Word,
        note: [Word; 2]
    }
}

/// Who has the lock.
pub type Under<'a> = selvedge::sync::RobustMutexGuard<'a, (), Checked>;

impl Words {
    /// An empty one.
    pub fn new(capacity: u32) -> Words {
        Words {
            lock: RobustMutex::new(()),
            capacity,
            len: Word::new(0),
            elements: std::array::from_fn(|_| Word::new(0)),
            pending: Word::new(0),
            note: std::array::from_fn(|_| Word::new(0)),
        }
    }

    /// The most elements.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many elements there are.
    pub fn len(&self) -> u32 {
        self.len.load(SeqCst)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes this the length.
    pub fn set_len(&self, len: u32) {
        self.len.store(len, SeqCst);
    }

    /// The element at a place.
    pub fn element(&self, place: u32) -> u8 {
        self.elements[place as usize].load(SeqCst) as u8
    }

    /// Writes an element.
    pub fn set_element(&self, place: u32, element: u8) {
        self.elements[place as usize].store(element.into(), SeqCst);
    }

    /// Says that an element and the length are to change.
    pub fn note(&self, place: u32, element: u8, len: u32) {
        self.note[0].store(place, SeqCst);
        self.note[1].store(element.into(), SeqCst);
        self.pending.store(1 + len, SeqCst);
    }

    /// Does what was said and may be half done.
    pub fn carry_out(&self) {
        let Some(len) = self.pending.load(SeqCst).checked_sub(1) else { return };
        self.set_element(self.note[0].load(SeqCst), self.note[1].load(SeqCst) as u8);
        self.set_len(len);
        self.pending.store(0, SeqCst);
    }
}

/// A vector over words.
pub trait Column: Shareable + Send + Sync {
    /// An empty one.
    fn new(capacity: u32) -> Self;

    /// What it consists of.
    fn words(&self) -> &Words;

    /// Takes the lock.
    fn enter(&self) -> Under<'_> {
        let taken = self.words().lock.lock_or_repair(|()| self.take_over());
        taken.expect("every death is repaired at once")
    }

    /// What is done with the lock of a dead one.
    fn take_over(&self) {
        self.words().carry_out();
    }

    /// Whether there is no room for one more.
    fn is_full(&self) -> bool {
        self.words().len() >= self.words().capacity()
    }

    /// Under the lock: adds an element, for which there is room.
    fn append(&self, element: u8) -> u32 {
        let len = self.words().len();
        self.words().set_element(len, element);
        self.words().set_len(len + 1);
        len
    }

    /// Takes the last element.
    fn pop(&self) -> Option<u8> {
        let _under = self.enter();
        let last = self.words().len().checked_sub(1)?;
        let element = self.words().element(last);
        self.words().set_len(last);
        Some(element)
    }

    /// Under the lock: one place gets another element, and the length changes.
    fn change(&self, place: u32, element: u8, len: u32) {
        self.words().note(place, element, len);
        self.words().carry_out();
    }
}

shareable! {
    /// A vector as programs use it.
    pub struct OfColumn<C: Column> { column: C }
}

impl<C: Column> Subject for OfColumn<C> {
    type Spec = Vector;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Vector> {
        (2..=3_usize).prop_map(|capacity| Vector { capacity }).boxed()
    }

    /// Mostly such as change more than one word.
    fn ops() -> BoxedStrategy<VectorOp> {
        prop_oneof![
            1 => (0..2_usize).prop_map(VectorOp::Get),
            3 => Just(VectorOp::ToVec),
            6 => (0..9_u8).prop_map(VectorOp::Push),
            1 => (0..2_usize, 0..9_u8).prop_map(|(index, element)| VectorOp::Set(index, element)),
            1 => Just(VectorOp::Pop),
            4 => (0..2_usize).prop_map(VectorOp::SwapRemove),
        ]
        .boxed()
    }

    fn new(setup: &Vector) -> Self {
        OfColumn { column: C::new(setup.capacity as u32) }
    }

    fn perform(&self, (): &mut (), _: Task, op: &VectorOp) -> VectorRet {
        let column = &self.column;
        if *op == VectorOp::Pop {
            return VectorRet::Found(column.pop());
        }
        let _under = column.enter();
        let words = column.words();
        let at = |index: usize| Some(index as u32).filter(|&index| index < words.len());
        match *op {
            VectorOp::Push(_) if column.is_full() => VectorRet::Refused,
            VectorOp::Push(element) => VectorRet::At(column.append(element) as usize),
            VectorOp::Get(index) => VectorRet::Found(at(index).map(|index| words.element(index))),
            VectorOp::Set(index, element) => at(index).map_or(VectorRet::Refused, |index| {
                let before = words.element(index);
                words.set_element(index, element);
                VectorRet::Found(Some(before))
            }),
            VectorOp::SwapRemove(index) => at(index).map_or(VectorRet::Refused, |index| {
                let (removed, last) = (words.element(index), words.len() - 1);
                column.change(index, words.element(last), last);
                VectorRet::Found(Some(removed))
            }),
            VectorOp::ToVec => VectorRet::All((0..words.len()).map(|place| words.element(place)).collect()),
            VectorOp::Pop => unreachable!("it takes the lock itself"),
        }
    }
}

/// Declares a vector: what it is called, and the methods that it replaces.
macro_rules! column {
    ($(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { words: $crate::mutant::vector::Words }
        }

        impl $crate::mutant::vector::Column for $name {
            fn new(capacity: u32) -> Self {
                $name { words: $crate::mutant::vector::Words::new(capacity) }
            }
            fn words(&self) -> &$crate::mutant::vector::Words {
                &self.words
            }
            $($method)*
        }
    };
}
pub(super) use column;

column! {
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}

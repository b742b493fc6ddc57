//! Numbers side by side: each is a [`Value`](super::Value) by itself.
//!
//! When a task dies, each number is the old or the new one.

use super::specification::{Outcome, Specification, Task};
use super::value::{ValueOp, ValueRet};

/// So many numbers that begin at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    /// How many.
    pub len: usize,
}

impl Specification for Array {
    /// Which one, and what is done with it.
    type Op = (usize, ValueOp);
    type Ret = ValueRet;
    type State = Vec<u32>;

    fn init(&self) -> Vec<u32> {
        vec![0; self.len]
    }

    fn outcomes(&self, numbers: &Vec<u32>, _: Task, (index, op): &(usize, ValueOp)) -> Vec<Outcome<Self>> {
        let mut numbers = numbers.clone();
        let (ret, number) = op.apply(numbers[*index]);
        numbers[*index] = number;
        vec![(ret, numbers)]
    }

    fn declaration(&self) -> String {
        format!("Array::new({})", self.len)
    }

    fn call(&self, (index, op): &(usize, ValueOp)) -> String {
        op.show(&format!("{index}, "))
    }
}

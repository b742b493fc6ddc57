//! Programs over numbers, alone and side by side, and what they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Array, Task, Value, ValueOp, ValueRet};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::{Shareable, sync};

/// Numbers of which some differ in their upper half only: what is torn shows.
fn numbers() -> BoxedStrategy<u32> {
    prop_oneof![0..3_u32, (1..3_u32).prop_map(|number| number * 0x1_0001)].boxed()
}

impl Generate for Value {
    fn ops() -> BoxedStrategy<ValueOp> {
        prop_oneof![
            2 => Just(ValueOp::Get),
            2 => numbers().prop_map(ValueOp::Set),
            2 => numbers().prop_map(ValueOp::Add),
            1 => (numbers(), numbers()).prop_map(|(current, new)| ValueOp::Exchange(current, new)),
        ]
        .boxed()
    }
}

/// How many numbers an array has.
const LEN: usize = 3;

impl Generate for Array {
    fn ops() -> BoxedStrategy<(usize, ValueOp)> {
        (0..LEN, Value::ops()).boxed()
    }
}

fn exchanged(result: Result<u32, u32>) -> ValueRet {
    match result {
        Ok(before) => ValueRet::Was(before),
        Err(found) => ValueRet::Refused(found),
    }
}

impl<P: Tasks> Subject for sync::Value<u32, P> {
    type Spec = Value;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Value> {
        Just(Value).boxed()
    }

    fn new(_: &Value) -> Self {
        sync::Value::new(0)
    }

    fn perform(&self, (): &mut (), _: Task, op: &ValueOp) -> ValueRet {
        match *op {
            ValueOp::Get => ValueRet::Was(self.get()),
            ValueOp::Set(value) => {
                self.set(value);
                ValueRet::Done
            }
            ValueOp::Add(value) => ValueRet::Was(self.fetch_add(value)),
            ValueOp::Exchange(current, new) => exchanged(self.compare_exchange(current, new)),
        }
    }
}

impl<P: Tasks> Subject for sync::Array<u32, P>
where
    Self: Shareable + Send + Sync,
{
    type Spec = Array;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Array> {
        Just(Array { len: LEN }).boxed()
    }

    fn new(setup: &Array) -> Self {
        sync::Array::new(setup.len)
    }

    fn perform(&self, (): &mut (), _: Task, &(index, op): &(usize, ValueOp)) -> ValueRet {
        match op {
            ValueOp::Get => ValueRet::Was(self.get(index)),
            ValueOp::Set(value) => {
                self.set(index, value);
                ValueRet::Done
            }
            ValueOp::Add(value) => ValueRet::Was(self.fetch_add(index, value)),
            ValueOp::Exchange(current, new) => exchanged(self.compare_exchange(index, current, new)),
        }
    }
}

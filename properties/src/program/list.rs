//! Programs over a list that has a name, and the list that they are run on.

use super::handed::{Handed, Tasks};
use super::subject::Generate;
use crate::spec::{List, ListOp, ListRet, Task};
use proptest::prelude::*;
use selvedge::sync::Item;
use selvedge_harness::prelude::ShareableList;

/// How many items there are.
const LEN: usize = 2;

impl Generate for List {
    fn ops() -> BoxedStrategy<ListOp> {
        let set = (0..LEN, 0..20_u8).prop_map(|(index, value)| ListOp::Set(index, value));
        prop_oneof![(0..LEN).prop_map(ListOp::Get), set].boxed()
    }
}

/// A list between processes.
#[derive(Debug)]
pub struct RealList;

impl Handed for RealList {
    type Spec = List;
    type End = ShareableList;
    type Rest = ShareableList;

    const TASKS: Tasks = Tasks::Processes;

    fn setups() -> BoxedStrategy<List> {
        Just(List { len: LEN }).boxed()
    }

    fn new(setup: &List, tasks: usize) -> (Vec<ShareableList>, ShareableList) {
        let list = ShareableList::create_unnamed(&vec![Item::Int(0); setup.len]).expect("a small list");
        (vec![list.clone(); tasks], list)
    }

    fn perform(list: &mut ShareableList, _: Task, op: &ListOp) -> ListRet {
        match *op {
            ListOp::Get(index) => match list.get(index).expect("it is there") {
                Item::Int(value) if value % 2 == 0 => ListRet::Is(value as u8),
                Item::Text(text) => text.parse().map_or(ListRet::Torn, ListRet::Is),
                _ => ListRet::Torn,
            },
            ListOp::Set(index, value) => {
                let item =
                    if value % 2 == 0 { Item::Int(value.into()) } else { Item::Text(value.to_string()) };
                list.set(index, item).expect("there is room");
                ListRet::Done
            }
        }
    }

    fn closing(_: &ShareableList) -> Option<ListOp> {
        None
    }

    fn over(list: ShareableList) {
        list.unlink().expect("nobody else takes the name away");
    }
}

//! Programs over a map, and the map that they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Map, MapOp, MapRet, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::{Shareable, sync};

impl Generate for Map {
    fn ops() -> BoxedStrategy<MapOp> {
        prop_oneof![
            3 => (0..4_u8).prop_map(MapOp::Get),
            4 => (0..4_u8, 0..9_u8).prop_map(|(key, value)| MapOp::Insert(key, value)),
            2 => (0..4_u8).prop_map(MapOp::Remove),
            1 => Just(MapOp::Len),
        ]
        .boxed()
    }
}

/// Small maps.
pub fn setups() -> BoxedStrategy<Map> {
    (1..=3_usize).prop_map(|capacity| Map { capacity }).boxed()
}

impl<P: Tasks> Subject for sync::SharedMap<u8, u8, P>
where
    Self: Shareable + Send + Sync,
{
    type Spec = Map;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Map> {
        setups()
    }

    fn new(setup: &Map) -> Self {
        sync::SharedMap::new(setup.capacity).expect("a small map")
    }

    fn perform(&self, (): &mut (), _: Task, op: &MapOp) -> MapRet {
        match *op {
            MapOp::Get(key) => MapRet::Found(self.get(&key)),
            MapOp::Insert(key, value) => self.insert(key, value).map_or(MapRet::Full, MapRet::Found),
            MapOp::Remove(key) => MapRet::Found(self.remove(&key)),
            MapOp::Len => MapRet::Len(self.len()),
        }
    }
}

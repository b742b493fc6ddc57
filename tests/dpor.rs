//! Is every Mazurkiewicz trace run exactly once, and is nothing lost? Exact counts of
//! classic programs, and the outcomes of programs drawn at random against all schedules.

#[path = "dpor/bound.rs"]
mod bound;
#[path = "dpor/classics.rs"]
mod classics;
#[path = "dpor/dynamic.rs"]
mod dynamic;
#[path = "dpor/own_memory.rs"]
mod own_memory;
#[path = "dpor/programs.rs"]
mod programs;
#[path = "dpor/queues.rs"]
mod queues;
#[path = "dpor/random.rs"]
mod random;
#[path = "dpor/shapes.rs"]
mod shapes;
#[path = "dpor/traces.rs"]
mod traces;
#[path = "dpor/world.rs"]
mod world;

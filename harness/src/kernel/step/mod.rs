//! A step: the point before it, the decision who goes on, and the passing of the turn.
//!
//! | file | what is there |
//! |---|---|
//! | `point` | the scheduling point that stands before each visible operation |
//! | `guard` | classes of tasks that wait for the same thing |
//! | `decide` | the choice of the next task, and the ends of an execution |
//! | `fault` | what goes wrong on purpose |
//! | `turn` | `real`: passing the turn between processes |

pub(in crate::kernel) mod decide;
pub(crate) mod fault;
pub(in crate::kernel) mod guard;
pub(in crate::kernel) mod point;
pub(in crate::kernel) mod turn;

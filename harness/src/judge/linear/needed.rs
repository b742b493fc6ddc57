//! What an order needs of the operations that had not ended by its end.
//!
//! Used by `prefix`. A search places what never returned for the sake of what follows; where that
//! came to nothing, the order explains as much without it.
//!
//! 1. What is left out changes nothing for what had ended: all of that stays legal, in its order.

use super::history::Call;
use super::model::Model;

/// An operation of an order, and whether it had ended by then.
pub(super) type Placed<'h, M> = (usize, &'h Call<<M as Model>::Op, <M as Model>::Ret>, bool);

/// Leaves out of a legal order what nothing in it needs.
pub(super) fn needed<'h, M: Model>(model: &M, mut order: Vec<Placed<'h, M>>) -> Vec<Placed<'h, M>> {
    loop {
        let mut kept = Vec::with_capacity(order.len());
        let mut state = model.init();
        for (place, &placed) in order.iter().enumerate() {
            let next = step(model, &state, placed).filter(|next| {
                let (_, _, ended) = placed;
                ended || !is_needless(model, state.clone(), next.clone(), &order[place + 1..])
            });
            if let Some(next) = next {
                state = next;
                kept.push(placed);
            }
        }
        if kept.len() == order.len() {
            return order;
        }
        order = kept;
    }
}

/// Whether what had ended of `rest` is as legal from the state `without` an operation as from that
/// `with` it.
fn is_needless<M: Model>(
    model: &M,
    mut without: M::State,
    mut with: M::State,
    rest: &[Placed<'_, M>],
) -> bool {
    for &placed in rest {
        if without == with {
            return true;
        }
        let (_, _, ended) = placed;
        let Some(next) = step(model, &with, placed) else { return false };
        with = next;
        match step(model, &without, placed) {
            Some(next) => without = next,
            None if ended => return false,
            None => {}
        }
    }
    true
}

/// The state after an operation; nobody knows what it returns if it has not ended, unless it could
/// return nothing else.
fn step<M: Model>(model: &M, state: &M::State, (_, call, ended): Placed<'_, M>) -> Option<M::State> {
    let known = call.ret().filter(|_| ended);
    model.step(state, &call.op, known).or_else(|| model.step(state, &call.op, call.ret()))
}

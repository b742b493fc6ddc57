//! Somebody who tries every order: slow, simple, and written without looking at the
//! judges.

use selvedge_harness::judge::linear::{Call, Consistency, Crash, End, Model};

/// Whether an order explains `calls`.
pub(crate) fn holds<M: Model>(
    model: &M,
    calls: &[Call<M::Op, M::Ret>],
    consistency: Consistency,
    crash: Crash,
) -> bool {
    Oracle { model, calls, consistency, crash }.extend(&mut Vec::new(), &model.init())
}

/// The operation at whose return a history cannot be explained any more: what returned
/// by then is a prefix, what had not is open.
pub(crate) fn first_broken<M: Model>(
    model: &M,
    calls: &[Call<M::Op, M::Ret>],
    crash: Crash,
) -> Option<usize> {
    let mut returns: Vec<(u64, usize)> = calls
        .iter()
        .enumerate()
        .filter_map(|(number, call)| match call.end {
            End::Returned { at, .. } => Some((at, number)),
            _ => None,
        })
        .collect();
    returns.sort_unstable();
    let broken = returns.into_iter().find(|&(until, _)| {
        let cut: Vec<Call<M::Op, M::Ret>> = calls
            .iter()
            .filter(|call| call.at <= until)
            .map(|call| match call.end {
                End::Returned { at, .. } | End::Killed { at } if at > until => {
                    Call { end: End::Open, ..call.clone() }
                }
                _ => call.clone(),
            })
            .collect();
        !holds(model, &cut, Consistency::Linearizable, crash)
    });
    broken.map(|(_, number)| number)
}

struct Oracle<'a, M: Model> {
    model: &'a M,
    calls: &'a [Call<M::Op, M::Ret>],
    consistency: Consistency,
    crash: Crash,
}

impl<M: Model> Oracle<'_, M> {
    /// Whether `order`, which leads to `state`, is the beginning of one that explains all.
    fn extend(&self, order: &mut Vec<usize>, state: &M::State) -> bool {
        let missing = |number: &usize| self.calls[*number].ret().is_some() && !order.contains(number);
        if !(0..self.calls.len()).any(|number| missing(&number)) {
            return true;
        }
        for number in 0..self.calls.len() {
            if order.contains(&number) || order.iter().any(|&before| self.precedes(number, before)) {
                continue;
            }
            // Nothing that must come first may still be missing.
            let late = (0..self.calls.len()).any(|other| {
                other != number && missing_in(self.calls, order, other) && self.precedes(other, number)
            });
            if late {
                continue;
            }
            let call = &self.calls[number];
            if let Some(next) = self.model.step(state, &call.op, call.ret()) {
                order.push(number);
                let found = self.extend(order, &next);
                order.pop();
                if found {
                    return true;
                }
            }
        }
        false
    }

    /// Whether `a` must stand before `b` if both do.
    fn precedes(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.calls[a], &self.calls[b]);
        match self.consistency {
            // What did not return stands anywhere after what its client did before.
            Consistency::Sequential => a.client == b.client && a.at < b.at && a.ret().is_some(),
            Consistency::Linearizable => match a.end {
                End::Returned { at, .. } => at < b.at,
                End::Killed { at } => self.crash == Crash::Strict && at < b.at,
                End::Open => false,
            },
        }
    }
}

fn missing_in<O, R>(calls: &[Call<O, R>], order: &[usize], number: usize) -> bool {
    calls[number].ret().is_some() && !order.contains(&number)
}

//! A broken history in words.
//!
//! Called by the command and by programs whose histories are judged.

use super::history::{Call, End, History};
use super::judgement::Stuck;
use super::model::Model;
use std::fmt::Write;

/// Operations of the prefix that are shown: the last ones.
const SHOWN: usize = 12;

/// What cannot be explained, and how far everything else can: several lines, the first
/// of which says it all. `who` names a client.
pub fn explain<M: Model>(
    model: &M,
    history: &History<M::Op, M::Ret>,
    stuck: &Stuck,
    who: &dyn Fn(usize) -> String,
) -> String {
    let show = |number: usize| line(model, &history.calls()[number], who);
    let part = stuck.partition.as_ref().map(|part| format!("of {part}, ")).unwrap_or_default();
    let Some(operation) = stuck.operation else {
        return format!("{part}no order explains the results; where they break was not found in time");
    };
    let mut text = format!("{part}no order explains {}", show(operation));
    let length = stuck.prefix.len();
    let operations = if length == 1 { "operation" } else { "operations" };
    let _ = write!(text, "\nthe longest prefix that can be explained has {length} {operations}");
    if length > SHOWN {
        let _ = write!(text, ", the last {SHOWN} of them");
    }
    text += if length == 0 { "" } else { ", in this order:" };
    for &number in &stuck.prefix[length.saturating_sub(SHOWN)..] {
        let _ = write!(text, "\n  {}", show(number));
    }
    text
}

fn line<M: Model>(model: &M, call: &Call<M::Op, M::Ret>, who: &dyn Fn(usize) -> String) -> String {
    let what = model.show(&call.op, call.ret());
    let until = match call.end {
        End::Returned { at, .. } => format!("{}..{at}", call.at),
        End::Killed { at } => format!("{}, killed at {at}", call.at),
        End::Open => format!("{}, never returned", call.at),
    };
    format!("{what} by {} ({until})", who(call.client))
}

//! Programs: how they are drawn, and how they are done.

use super::calls::{Call, FAMILIES, LAST};
use super::helpers::HELPERS;
use super::objects::{Objects, Own};
use super::scopes::{AROUND, KEPT, Scope};
use super::starts::{AMONG_THREADS, LUGGAGE, Luggage, PROCESSES, Start, THREADS};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, prop_oneof};
use proptest::sample::{select, subsequence};
use std::fmt;

/// One after the other.
pub(crate) type Program = Vec<Action>;

/// Something that a task does.
#[derive(Clone)]
pub(crate) enum Action {
    Call(Call),
    Scope(Scope, Program),
    Start(Start, Luggage, Program),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Call(call) => write!(f, "{call:?}"),
            Action::Scope(scope, body) => {
                write!(f, "{scope:?} ")?;
                body.fmt(f)
            }
            Action::Start(start, luggage, body) => {
                write!(f, "{start:?}, {luggage:?} ")?;
                body.fmt(f)
            }
        }
    }
}

/// How deep tasks and scopes lie in each other.
const DEPTH: u32 = 3;

/// Programs; `helped` ones have a pool or a manager somewhere.
///
/// Each is mostly about a few families of calls, so that its tasks meet at the same objects.
pub(crate) fn programs(helped: bool) -> impl Strategy<Value = Program> {
    let subject = subsequence(FAMILIES, 1..=4).prop_map(|families| families.concat());
    subject.no_shrink().prop_flat_map(move |subject| {
        let some = || vec(actions(DEPTH, &subject), 0..=2);
        let helper = select(HELPERS).prop_map(|helper| vec![Action::Call(helper)]);
        // Who has helpers has steps enough with one other task.
        let (most, middle) = if helped { (1, helper.boxed()) } else { (3, some().boxed()) };
        let tasks = vec(starts(DEPTH, &subject), 1..=most);
        (tasks, middle, some()).prop_map(|(tasks, middle, rest)| [tasks, middle, rest].concat())
    })
}

/// Actions, mostly about a subject, with as many levels of others inside.
fn actions(depth: u32, subject: &[Call]) -> BoxedStrategy<Action> {
    let anything = select(FAMILIES).prop_flat_map(select);
    let calls = prop_oneof![
        200 => select(subject.to_vec()),
        50 => anything,
        3 => select(LAST),
    ];
    let calls = calls.prop_map(Action::Call);
    if depth == 0 {
        return calls.boxed();
    }
    let body = vec(actions(depth - 1, subject), 0..=4);
    let scopes = (prop_oneof![select(KEPT), select(AROUND)], body);
    let scopes = scopes.prop_map(|(scope, body)| Action::Scope(scope, body));
    prop_oneof![5 => calls, 2 => scopes, 2 => starts(depth, subject)].boxed()
}

/// Starts of tasks, whose bodies are longer the fewer tasks they lie in.
fn starts(depth: u32, subject: &[Call]) -> impl Strategy<Value = Action> + use<> {
    let processes = (select(PROCESSES), select(LUGGAGE));
    let threads = (select(THREADS), prop_oneof![3 => select(LUGGAGE), 1 => select(AMONG_THREADS)]);
    let body = vec(actions(depth - 1, subject), 0..=3 * depth as usize);
    (prop_oneof![2 => processes, 1 => threads], body)
        .prop_map(|((start, luggage), body)| Action::Start(start, luggage, body))
}

/// Does a whole program.
pub(crate) fn run(program: &Program) {
    task(&Objects::new(), Own::default(), program);
}

/// Does all that a task does.
fn task(shared: &Objects, mut own: Own, body: &Program) {
    perform(shared, &mut own, body);
    own.join();
}

fn perform(shared: &Objects, own: &mut Own, body: &Program) {
    for action in body {
        match action {
            Action::Call(call) => (call.run)(shared, own),
            Action::Scope(scope, body) => (scope.run)(shared, own, &mut |own| perform(shared, own, body)),
            Action::Start(start, luggage, body) => {
                // What cannot be started or joined is not, in both engines alike.
                let Ok(its) = (luggage.run)(own) else { continue };
                let (shared, body) = (shared.clone(), body.clone());
                _ = (start.run)(Box::new(move || task(&shared, its, &body)), own);
            }
        }
    }
}

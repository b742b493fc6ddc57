//! Does each law hold of a program that keeps it, and is a program that breaks it found?

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Report, Shareable, Verdict, check};
use selvedge_properties::law::*;
use std::sync::Arc;

#[path = "laws/deaths.rs"]
mod deaths;
#[path = "laws/items.rs"]
mod items;
#[path = "laws/waits.rs"]
mod waits;

fn config() -> Config {
    Config::default().ignore_environment().executions(400)
}

fn verdict(report: &Report) -> Option<Verdict> {
    assert_eq!(report.undecided(), None, "{}", report.program);
    report.finding.as_ref().map(|finding| finding.recording.verdict.clone())
}

#[track_caller]
fn demand_law(law: &Law, verdict: Option<Verdict>) {
    let text = verdict.map_or_else(|| "nothing was found".to_owned(), |verdict| verdict.to_string());
    assert!(text.contains(&law.to_string()), "not {law}, but: {text}");
}

#[track_caller]
fn keeps<S: Shareable>(program: &Program<S>) {
    assert_eq!(verdict(&program.check(&config()).unwrap()), None, "{}", program.title());
}

#[track_caller]
fn breaks<S: Shareable>(law: &Law, program: &Program<S>) {
    demand_law(law, verdict(&program.check(&config()).unwrap()));
}

/// The same for programs that start their tasks themselves.
#[track_caller]
fn body_keeps(body: impl Fn() + Sync) {
    assert_eq!(verdict(&check(&config(), body).unwrap()), None);
}

#[track_caller]
fn body_breaks(law: &Law, body: impl Fn() + Sync) {
    demand_law(law, verdict(&check(&config(), body).unwrap()));
}

shareable! {
    struct Room { lock: Mutex<()>, taken: Value<u32>, permits: Semaphore, alone: Alone, inside: AtMost }
}

impl Room {
    fn new() -> Room {
        Room {
            lock: Mutex::new(()),
            taken: Value::new(0),
            permits: Semaphore::new(2),
            alone: Alone::new(),
            inside: AtMost::new(2),
        }
    }
}

fn visitors(name: &str, visit: fn(&Room)) -> Program<Room> {
    Program::new(name, Room::new).tasks("visitor", 3, move |room, _| visit(room))
}

#[test]
fn mutual_exclusion() {
    keeps(&visitors("locked", |room| {
        let _held = room.lock.lock().unwrap();
        let _inside = room.alone.enter();
        room.taken.fetch_add(1);
    }));
    breaks(
        &MUTUAL_EXCLUSION,
        &visitors("looks, then takes", |room| {
            if room.taken.get() == 0 {
                room.taken.set(1);
                let inside = room.alone.enter();
                step();
                drop(inside);
                room.taken.set(0);
            }
        }),
    );
}

#[test]
fn never_more_than_n_inside() {
    let shared = visitors("semaphore", |room| {
        room.permits.acquire();
        room.inside.enter();
        step();
        room.inside.leave();
        room.permits.release();
    });
    keeps(&shared.label(|room, label| *label = room.inside.most_seen().to_string()));
    breaks(
        &AT_MOST,
        &visitors("looks, then counts", |room| {
            if room.taken.get() < 2 {
                room.taken.fetch_add(1);
                room.inside.enter();
                step();
                room.inside.leave();
                room.taken.fetch_add(u32::MAX);
            }
        }),
    );
}

shareable! {
    struct Bank { lock: Mutex<()>, accounts: [Value<i64>; 2] }
}

fn transfers(name: &str, transfer: fn(&Bank, usize)) -> Program<Bank> {
    Program::new(name, || Bank { lock: Mutex::new(()), accounts: [Value::new(5), Value::new(5)] })
        .tasks("teller", 2, transfer)
        .finally(|bank| conserved(10, bank.accounts.iter().map(Value::get)))
}

fn move_one(bank: &Bank, from: usize) {
    let (from, to) = (&bank.accounts[from], &bank.accounts[1 - from]);
    from.set(from.get() - 1);
    to.set(to.get() + 1);
}

#[test]
fn conservation() {
    keeps(&transfers("locked", |bank, from| {
        let _held = bank.lock.lock().unwrap();
        move_one(bank, from);
    }));
    breaks(&CONSERVATION, &transfers("unlocked", move_one));
}

/// Each law has its row in the document, with its sentence, and names are different.
#[test]
fn the_document_has_every_law() {
    let text = include_str!("../docs/laws.md");
    for (at, law) in LAWS.iter().enumerate() {
        let row = format!("| {} | {} |", law.name, law.sentence);
        assert!(text.contains(&row), "docs/laws.md has no row `{row}`");
        assert!(LAWS[..at].iter().all(|other| other.name != law.name), "{law}");
    }
    let rows = text.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows, LAWS.len() + 2, "a row of docs/laws.md is no law");
}

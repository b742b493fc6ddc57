//! What a failing test says, from real programs.

use selvedge_harness::prelude::*;
use selvedge_harness::{Report, check, report};

shareable! {
    struct Stock { left: Value<u32>, sold: Value<u32> }
}

fn ticket(clients: usize) -> Program<Stock> {
    Program::new("ticket", || Stock { left: Value::new(1), sold: Value::new(0) })
        .name("left", |stock: &Stock| &stock.left)
        .name("sold", |stock: &Stock| &stock.sold)
        .tasks("client", clients, |stock, _| {
            if stock.left.get() > 0 {
                stock.left.set(stock.left.get() - 1);
                stock.sold.fetch_add(1);
            }
        })
        .finally(|stock| assert!(stock.sold.get() <= 1, "oversold: {} sold, 1 in stock", stock.sold.get()))
}

shareable! {
    struct Pair { left: Mutex<u32>, right: Mutex<u32> }
}

fn two_locks() -> Program<Pair> {
    Program::new("two-locks", || Pair { left: Mutex::new(0), right: Mutex::new(0) })
        .name("left", |pair: &Pair| &pair.left)
        .name("right", |pair: &Pair| &pair.right)
        .tasks("client", 2, |pair, number| {
            let (first, second) = if number == 0 { (&pair.left, &pair.right) } else { (&pair.right, &pair.left) };
            let mut first = first.lock().unwrap();
            let mut second = second.lock().unwrap();
            *first += 1;
            *second += 1;
        })
}

fn failed(report: &Report) -> String {
    let text = report::failure(report).expect("a violation");
    println!("{text}\n");
    text
}

fn config() -> Config {
    Config::default().ignore_environment()
}

#[test]
fn a_race_is_told_step_by_step() {
    let report = ticket(2).check(&config()).unwrap();
    println!("{:#?}", report.finding.as_ref().unwrap().recording);
    failed(&report);
}

#[test]
fn a_deadlock_names_its_cycle() {
    let report = two_locks().check(&config()).unwrap();
    println!("{:#?}", report.finding.as_ref().unwrap().recording);
    failed(&report);
}

#[test]
fn a_panic_names_its_task() {
    let program = Program::new("panics", || Stock { left: Value::new(1), sold: Value::new(0) })
        .name("left", |stock: &Stock| &stock.left)
        .task("writer", |stock| stock.left.set(0))
        .task("reader", |stock| assert!(stock.left.get() == 1, "nothing left"));
    let report = program.check(&config()).unwrap();
    println!("{:#?}", report.finding.as_ref().unwrap().recording);
    failed(&report);
}

#[test]
fn a_dynamic_program() {
    let report = check(&config(), || {
        let count = Shared::new(Value::<u32>::new(0));
        let add = |count: Shared<Value<u32>>| move || count.set(count.get() + 1);
        let children: Vec<_> = (0..2).map(|_| Process::spawn(add(count.clone()))).collect();
        for child in children {
            child.join().unwrap();
        }
        assert_eq!(count.get(), 2, "an addition was lost");
    })
    .unwrap();
    println!("{:#?}", report.finding.as_ref().unwrap().recording);
    failed(&report);
}

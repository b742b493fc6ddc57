use selvedge_harness::prelude::*;
use selvedge_harness::Report;

shareable! {
    struct Stock { left: Value<u32>, sold: Value<u32> }
}

fn ticket(clients: usize, stock: u32) -> Program<Stock> {
    Program::new("ticket", move || Stock { left: Value::new(stock), sold: Value::new(0) })
        .tasks("client", clients, |s, _| {
            let left = s.left.get();
            if left > 0 {
                visible(Kind::Write, "sell", 1, || ());
            } else {
                selvedge_harness::prelude::step();
            }
        })
}

fn tickets(clients: usize, stock: u32) -> Program<Stock> {
    Program::new("ticket", move || Stock { left: Value::new(stock), sold: Value::new(0) })
        .tasks("client", clients, |s, _| {
            let left = s.left.get();
            if left > 0 {
                s.left.set(left - 1);
                // same step
                s.sold.add_unobserved(1);
            } else {
                selvedge_harness::prelude::step();
            }
        })
        .finally(move |s| assert!(s.sold.get() + s.left.get() == stock, "oversold"))
        .label(|s, out| { use std::fmt::Write; write!(out, "sold={}", s.sold.get()).unwrap(); })
}
trait Add { fn add_unobserved(&self, n: u32); }
impl Add for Value<u32> { fn add_unobserved(&self, n: u32) { selvedge_harness::unobserved(|| { self.fetch_add(n); }) } }

fn show(r: &Report) {
    eprintln!("{:?} execs {} viol {} complete {} {:?} {:.0}/s", r.engine, r.tally.executions, r.tally.violations, r.tally.complete, r.tally.outcomes, r.tally.executions as f64 / r.tally.seconds);
    if let Some(f) = &r.finding { eprintln!("  first {} token {} switches {} pre {} proved {} ({} execs)", f.found.index, f.token, f.switches, f.preemptions, f.proved_minimal, f.shrink_executions); }
}

#[test]
fn smoke() {
    let _ = ticket(2, 1);
    for (c, s) in [(2, 1), (3, 1), (4, 1), (3, 2)] {
        let r = tickets(c, s).check(&Config::default().exhaust()).unwrap();
        show(&r);
    }
    for (c, s) in [(2, 1), (3, 1), (3, 2), (4, 3)] {
        let r = tickets(c, s).check(&Config::default().exhaust().engine(Engine::Real)).unwrap();
        show(&r);
    }
    for n in [2, 10] {
    let r = tickets(n, 1).check(&Config { keep_going: true, ..Config::default().executions(20000) }).unwrap();
    show(&r);
    let r = tickets(n, 1).check(&Config { keep_going: true, ..Config::default().executions(20000).engine(Engine::Real) }).unwrap();
    show(&r);
    }
}

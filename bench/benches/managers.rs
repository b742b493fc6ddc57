//! What does an object of several processes cost, in a server and in shared memory?
//!
//! `cargo bench -p selvedge-bench --bench managers`, about half a minute.
//!
//! | figure | selvedge | beside it | bar |
//! |---|---|---|---|
//! | dict set, get | `manager::Dict`, one client | `multiprocessing.Manager().dict()` | at least 10 times its rate |
//! | dict set, get | the same | Redis over a Unix socket, one connection | at least 1 time |
//! | map get | `SharedMap` in two processes at a time, the slower one | | at least 1,000,000 a second |
//! | map get, written | the same beside a third that writes without a pause | | for information |
//!
//! Fairness: rounds are paired, in alternating order; ratios are taken within a round, and
//! the figure is the median. Each side sets and gets a number under one short key, one
//! request after the other, with a server process of its own that is idle otherwise.
//! Whatever is not there is `absent`.
//!
//! A word after `--` picks the figures whose names contain it. Run without cargo's `--bench`
//! flag, it makes one short round of each. It decides nothing: exit code 0 in any case.

use selvedge::manager::{Dict, Manager};
use selvedge::{Process, Shared, SharedMap, Value};
use selvedge_bench::redis::Redis;
use selvedge_bench::rounds::{Bar, measured, median, paired, print_table, row};
use std::cell::RefCell;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

const KEY: &str = "key";

/// How often a second `operation` can be done.
fn rate(operations: u64, mut operation: impl FnMut(u64)) -> f64 {
    let start = Instant::now();
    (0..operations).for_each(&mut operation);
    operations as f64 / start.elapsed().as_secs_f64()
}

/// Python's dict of a manager; for each line `set N` or `get N` it prints a rate.
struct Python(Child);

const PYTHON: &str = r"
import sys, time
from multiprocessing import Manager
if __name__ == '__main__':
    with Manager() as manager:
        d = manager.dict(); d['key'] = 0
        for line in sys.stdin:
            what, n = line.split(); n = int(n)
            start = time.perf_counter()
            if what == 'set':
                for i in range(n): d['key'] = i
            else:
                for i in range(n): d['key']
            print(n / (time.perf_counter() - start), flush=True)
";

impl Python {
    /// `None` if there is no Python on this machine.
    fn start() -> Option<Python> {
        let mut command = Command::new("python3");
        command.args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut python = Python(command.spawn().ok()?);
        (python.rate("get", 1) > 0.0).then_some(python)
    }

    fn rate(&mut self, what: &str, operations: u64) -> f64 {
        let (Some(input), Some(output)) = (&mut self.0.stdin, &mut self.0.stdout) else { return 0.0 };
        let mut line = String::new();
        // Where there is no answer, there is no figure.
        let _ = writeln!(input, "{what} {operations}").and_then(|()| input.flush());
        let _ = BufReader::new(output).read_line(&mut line);
        line.trim().parse().unwrap_or(0.0)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // Without input it ends by itself.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn ours(dict: &Dict<String, u64>, what: &str, operations: u64) -> f64 {
    match what {
        "set" => rate(operations, |number| _ = black_box(dict.insert(KEY, &number).expect("a server"))),
        _ => rate(operations, |_| _ = black_box(dict.get(KEY).expect("a server"))),
    }
}

fn redis(redis: &mut Redis, what: &str, operations: u64) -> f64 {
    match what {
        "set" => rate(operations, |number| redis.set(KEY, number)),
        _ => rate(operations, |_| _ = black_box(redis.get(KEY))),
    }
}

/// How often a second each of two processes looks something up: the slower one.
fn map_get(operations: u64, written: bool) -> f64 {
    let map: SharedMap<u64, u64> = SharedMap::new(1000).expect("a map");
    (0..1000).for_each(|key| _ = map.insert(key, key).expect("room"));
    let over = Shared::new(Value::new(0_u32));
    let writer = written.then(|| {
        let (map, over) = (map.clone(), over.clone());
        Process::spawn(move || {
            for number in 0.. {
                let _ = map.insert(number % 1000, number).expect("room");
                if over.get() > 0 {
                    break;
                }
            }
        })
    });
    let rates = Shared::new([Value::new(0.0_f64), Value::new(0.0)]);
    let readers = [0, 1].map(|place| {
        let (map, rates) = (map.clone(), rates.clone());
        Process::spawn(move || {
            rates[place].set(rate(operations, |number| _ = black_box(map.get(&(number % 1000)))));
        })
    });
    for reader in readers {
        assert!(reader.join().expect("a child").success());
    }
    over.set(1);
    writer.into_iter().for_each(|writer| drop(writer.join()));
    rates[0].get().min(rates[1].get())
}

/// Measures how often a second a server that is there does what is named.
type Rate = RefCell<Box<dyn FnMut(&str) -> f64>>;

fn main() {
    let long = measured();
    let rounds = if long { 9 } else { 1 };
    let operations = move |many: u64| if long { many } else { 50 };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    let mut table = vec![row(["figure", "selvedge", "beside it", "ratio", "bar", ""])];

    let manager: Manager = Manager::start().expect("a server");
    let dict = manager.dict::<String, u64>().expect("a dict");
    dict.insert(KEY, &0).expect("a server");
    let rivals: [(&str, Bar, Option<Rate>); 2] = [
        (
            "Python",
            Bar::AtLeast(10.0),
            Python::start().map(|mut python| {
                RefCell::new(Box::new(move |what: &str| python.rate(what, operations(3_000))) as Box<_>)
            }),
        ),
        (
            "Redis",
            Bar::AtLeast(1.0),
            Redis::start().map(|mut server| {
                RefCell::new(
                    Box::new(move |what: &str| redis(&mut server, what, operations(10_000))) as Box<_>
                )
            }),
        ),
    ];
    for (rival, bar, theirs) in &rivals {
        for what in ["set", "get"] {
            let name = format!("dict {what} : {rival}");
            if !is_wanted(&name) {
                continue;
            }
            let own = || ours(&dict, what, operations(30_000));
            let Some(theirs) = theirs else {
                table.push(row([&name, &format!("{:.0} k/s", own() / 1e3), "absent", "-", "-", "-"]));
                continue;
            };
            let figure = paired(rounds, own, || theirs.borrow_mut()(what));
            let [bar, verdict] = bar.columns(figure.ratio, 2);
            table.push(row([
                &name,
                &format!("{:.0} k/s", figure.ours / 1e3),
                &format!("{:.0} k/s", figure.theirs / 1e3),
                &format!("{:.2} ({:.2} .. {:.2})", figure.ratio, figure.lowest, figure.highest),
                &bar,
                &verdict,
            ]));
        }
    }
    for (name, bar, written) in [("map get", Bar::AtLeast(1e6), false), ("map get, written", Bar::None, true)]
    {
        if is_wanted(name) {
            let figure = median((0..rounds).map(|_| map_get(operations(1_000_000), written)));
            let [bar, verdict] = bar.columns(figure, 0);
            table.push(row([name, &format!("{:.0} k/s", figure / 1e3), "-", "-", &bar, &verdict]));
        }
    }
    print_table(&table);
}

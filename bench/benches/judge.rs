//! How fast histories are judged, and how that grows with their length.
//!
//! `cargo bench -p selvedge-bench --bench judge` prints, for each object and for 100 to
//! 100,000 operations of 8 clients: operations judged a second by its monitor, and how
//! many times longer ten times as many operations take (10 is linear). Then the same for
//! the search, on a register whose clients use few values and compare-and-set, so that no
//! monitor applies. Each number is the best of several rounds. Last, logs as test suites of
//! databases leave them: many clients, some of whom never come back, sound and damaged.
//!
//! Memory that comes fresh from the system costs a page fault every four kilobytes, which
//! at 100,000 operations can be more than everything else; so the allocator is told to keep
//! what it has, and the first round pays for it.

use selvedge_bench::rounds::measured;
use selvedge_harness::Rng;
use selvedge_harness::judge::linear::spec::{
    Kv, KvOp, KvRet, PoolOp, PoolRet, PriorityQueue, Queue, Register, RegisterOp, RegisterRet, Set, SetOp,
    Stack,
};
use selvedge_harness::judge::linear::{End, History, Judgement, Model, Options, judge};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::Command;
use std::time::{Duration, Instant};

/// Lengths of the histories.
const LENGTHS: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// Variables of glibc's allocator (`mallopt(3)`), which it reads when a program begins.
const KEEP: [(&str, &str); 2] =
    [("MALLOC_TRIM_THRESHOLD_", "8000000000"), ("MALLOC_MMAP_THRESHOLD_", "4000000000")];

/// Rounds at least.
const ROUNDS: usize = 3;

/// How long one history is judged again and again.
const SLICE: Duration = Duration::from_millis(300);

/// Who calls.
#[derive(Clone, Copy)]
struct Clients {
    /// So many at the same time.
    count: usize,
    /// Of a hundred operations, so many never return; somebody else goes on.
    lost: u32,
}

const CLIENTS: Clients = Clients { count: 8, lost: 0 };

fn main() {
    if measured() && std::env::var_os(KEEP[0].0).is_none() {
        let itself = std::env::current_exe().expect("a program knows where it is");
        let mut again = Command::new(itself);
        again.args(std::env::args_os().skip(1)).envs(KEEP);
        let status = again.status().expect("a program can be run again");
        std::process::exit(status.code().unwrap_or(1));
    }
    println!("operations a second; beside it, the time of ten times as many operations (10 is linear)");
    println!("{:24}{}", "", LENGTHS.map(|length| format!("{length:>20}")).concat());
    measure("register", &Register, |rng, length| register(rng, length, false));
    measure("set", &Set, set);
    measure("queue", &Queue, |rng, length| {
        pool(rng, length, VecDeque::new(), VecDeque::push_back, VecDeque::pop_front)
    });
    measure("stack", &Stack, |rng, length| pool(rng, length, Vec::new(), Vec::push, Vec::pop));
    measure("stack, filled, emptied", &Stack, |_, length| filled(length));
    measure("priority queue", &PriorityQueue, |rng, length| {
        pool(rng, length, BTreeSet::new(), |set, value| _ = set.insert(value), BTreeSet::pop_first)
    });
    measure("search: register, cas", &Register, |rng, length| register(rng, length, true));
    logs("register: 100 logs of 80 operations by 20 clients", &Register, |rng| {
        quarrel(rng, 80, Clients { count: 20, lost: 5 })
    });
    logs("register: 100 logs of 80 operations by 5 clients, 20 in 100 lost", &Register, |rng| {
        quarrel(rng, 80, Clients { count: 5, lost: 20 })
    });
    logs("key-value: 100 logs of 1,700 operations by 50 clients", &Kv, |rng| {
        kv(rng, 1_700, Clients { count: 50, lost: 0 }, 10)
    });
    logs("key-value: the same, all on one key", &Kv, |rng| kv(rng, 1_700, Clients { count: 50, lost: 0 }, 1));
}

/// Judges a hundred logs, every other one damaged, each once.
fn logs<M: Model>(name: &str, model: &M, mut log: impl FnMut(&mut Rng) -> History<M::Op, M::Ret>) {
    let count = if measured() { 100 } else { 1 };
    let times: Vec<f64> = (0..count)
        .map(|seed| {
            let history = log(&mut Rng::new(seed));
            let begun = Instant::now();
            let judged = judge(model, &history, &Options::default());
            assert!(!matches!(judged, Judgement::Inconclusive(_)), "{name}, log {seed}");
            begun.elapsed().as_secs_f64()
        })
        .collect();
    let worst = times.iter().fold(0.0, |worst, &time| f64::max(worst, time));
    println!("{name}: {:.3} s together, {worst:.3} s the worst", times.iter().sum::<f64>());
}

fn measure<M: Model>(
    name: &str,
    model: &M,
    mut history: impl FnMut(&mut Rng, usize) -> History<M::Op, M::Ret>,
) {
    print!("{name:24}");
    let mut before: Option<f64> = None;
    // Without cargo's `--bench` flag, a short round shows that everything runs.
    for length in LENGTHS.into_iter().take(if measured() { LENGTHS.len() } else { 1 }) {
        let history = history(&mut Rng::new(length as u64), length);
        let options = Options { memory: 4 << 30, ..Options::default() };
        let mut best = Duration::MAX;
        let begun = Instant::now();
        let mut rounds = 0;
        while rounds == 0 || measured() && (rounds < ROUNDS || begun.elapsed() < SLICE) {
            rounds += 1;
            let round = Instant::now();
            assert_eq!(judge(model, &history, &options), Judgement::Holds, "{name}");
            best = best.min(round.elapsed());
        }
        let seconds = best.as_secs_f64();
        let growth = before.map_or(String::new(), |before| format!(" (x{:.1})", seconds / before));
        print!("{:>20}", format!("{:.2} M/s{growth}", length as f64 / seconds / 1e6));
        before = Some(seconds);
    }
    println!();
}

/// Lets clients call what `draw` says, do it at some later moment, and return later.
fn simulate<O: Clone, R>(
    rng: &mut Rng,
    length: usize,
    clients: Clients,
    mut draw: impl FnMut(&mut Rng) -> O,
    mut answer: impl FnMut(&O) -> R,
) -> History<O, R> {
    let mut history = History::new();
    let mut waiting: Vec<Option<(usize, O, Option<R>)>> = (0..clients.count).map(|_| None).collect();
    let mut now = 1;
    while history.calls().len() < length || waiting.iter().any(Option::is_some) {
        now += 1;
        let client = rng.below(clients.count as u32) as usize;
        waiting[client] = match waiting[client].take() {
            None if history.calls().len() == length => None,
            None => {
                let op = draw(rng);
                Some((history.call(client, op.clone(), now), op, None))
            }
            Some((number, op, None)) => {
                let ret = answer(&op);
                Some((number, op, Some(ret)))
            }
            Some((_, _, Some(_))) if rng.below(100) < clients.lost => None,
            Some((number, _, Some(ret))) => {
                history.returned(number, ret, now);
                None
            }
        };
    }
    history
}

fn register(rng: &mut Rng, length: usize, cas: bool) -> History<RegisterOp, RegisterRet> {
    register_by(rng, length, cas, CLIENTS)
}

fn register_by(
    rng: &mut Rng,
    length: usize,
    cas: bool,
    clients: Clients,
) -> History<RegisterOp, RegisterRet> {
    let (mut state, mut next) = (None, 0);
    let draw = move |rng: &mut Rng| {
        next += 1;
        match rng.below(3) {
            0 => RegisterOp::Read,
            1 if cas => RegisterOp::Cas(rng.below(5).into(), rng.below(5).into()),
            _ if cas => RegisterOp::Write(rng.below(5).into()),
            _ => RegisterOp::Write(next),
        }
    };
    simulate(rng, length, clients, draw, move |op| match *op {
        RegisterOp::Read => RegisterRet::Value(state),
        RegisterOp::Write(value) => {
            state = Some(value);
            RegisterRet::Done
        }
        RegisterOp::Cas(from, to) => {
            let swapped = state == Some(from);
            if swapped {
                state = Some(to);
            }
            RegisterRet::Swapped(swapped)
        }
    })
}

/// A register that clients quarrel about. The last read of every other history returns
/// what somebody else wrote.
fn quarrel(rng: &mut Rng, length: usize, clients: Clients) -> History<RegisterOp, RegisterRet> {
    let history = register_by(rng, length, true, clients);
    let damaged = rng.below(2) == 0;
    let last = history.calls().iter().rposition(|call| matches!(call.ret(), Some(RegisterRet::Value(_))));
    damage(history, |number, ret| match ret {
        RegisterRet::Value(Some(value)) if damaged && Some(number) == last => {
            RegisterRet::Value(Some((value + 1) % 5))
        }
        other => *other,
    })
}

/// The same history, of which `change` says what was returned.
fn damage<O: Clone, R: Clone>(history: History<O, R>, change: impl Fn(usize, &R) -> R) -> History<O, R> {
    let mut damaged = History::new();
    for (number, call) in history.calls().iter().enumerate() {
        let copy = damaged.call(call.client, call.op.clone(), call.at);
        if let End::Returned { ret, at } = &call.end {
            damaged.returned(copy, change(number, ret), *at);
        }
    }
    damaged
}

/// So many keys, to which clients append what nobody else does. A read of every other history
/// lacks its first part.
fn kv(rng: &mut Rng, length: usize, clients: Clients, keys: u32) -> History<KvOp, KvRet> {
    let (mut state, mut next) = (BTreeMap::<String, String>::new(), 0);
    let draw = move |rng: &mut Rng| {
        next += 1;
        let (key, text) = (rng.below(keys).to_string(), format!("x {next} y"));
        match rng.below(10) {
            0..4 => KvOp::Get(key),
            4 => KvOp::Put(key, text),
            _ => KvOp::Append(key, text),
        }
    };
    let history = simulate(rng, length, clients, draw, move |op| {
        let value = state.entry(op.key().to_owned()).or_default();
        match op {
            KvOp::Get(_) => return KvRet::Value(value.clone()),
            KvOp::Put(_, text) => value.clone_from(text),
            KvOp::Append(_, text) => value.push_str(text),
        }
        KvRet::Done
    });
    let damaged = if rng.below(2) == 0 { length / 2 } else { usize::MAX };
    damage(history, |number, ret| match ret {
        KvRet::Value(value) if (damaged..damaged.saturating_add(20)).contains(&number) => {
            KvRet::Value(value.split_inclusive('y').skip(1).collect())
        }
        other => other.clone(),
    })
}

fn set(rng: &mut Rng, length: usize) -> History<SetOp, bool> {
    let (mut state, mut next) = (BTreeSet::new(), 0);
    let draw = move |rng: &mut Rng| {
        next += 1;
        let other = i64::from(rng.below(next as u32)) + 1;
        match rng.below(4) {
            0 | 1 => SetOp::Add(next),
            2 => SetOp::Contains(other),
            _ => SetOp::Remove(other),
        }
    };
    simulate(rng, length, CLIENTS, draw, move |op| match *op {
        SetOp::Add(value) => state.insert(value),
        SetOp::Remove(value) => state.remove(&value),
        SetOp::Contains(value) => state.contains(&value),
    })
}

fn pool<S>(
    rng: &mut Rng,
    length: usize,
    mut state: S,
    put: impl Fn(&mut S, i64),
    take: impl Fn(&mut S) -> Option<i64>,
) -> History<PoolOp, PoolRet> {
    let mut next = 0_i64;
    let draw = move |rng: &mut Rng| {
        next += 1;
        // Distinct, and in no order.
        if rng.below(2) == 0 {
            PoolOp::Put(next.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))
        } else {
            PoolOp::Take
        }
    };
    simulate(rng, length, CLIENTS, draw, move |op| match *op {
        PoolOp::Put(value) => {
            put(&mut state, value);
            PoolRet::Done
        }
        PoolOp::Take => PoolRet::Took(take(&mut state)),
    })
}

/// Everything is put before anything is taken: as deep as it gets.
fn filled(length: usize) -> History<PoolOp, PoolRet> {
    let mut history = History::new();
    let half = length as u64 / 2;
    for value in 0..half {
        history.done(0, 2 * value, PoolOp::Put(value as i64), PoolRet::Done, 2 * value + 1);
    }
    for taken in 0..half {
        let value = (half - 1 - taken) as i64;
        let at = 2 * (half + taken);
        history.done(0, at, PoolOp::Take, PoolRet::Took(Some(value)), at + 1);
    }
    history
}

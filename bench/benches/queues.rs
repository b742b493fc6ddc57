//! Are the queues, which survive their users, as fast as those of others, which do not?
//!
//! `cargo bench -p selvedge-bench --bench queues`, about a minute; with
//! `--features iceoryx2` also beside that.
//!
//! | figure | selvedge | beside it | bar |
//! |---|---|---|---|
//! | 64 B, one to one | `PlainQueue` between two processes | a pipe between two processes | at least 3 times its rate |
//! | 64 B, one to one | the same | iceoryx2 publish-subscribe between two processes | at least 3 times |
//! | 64 B, one to one | the same | a bare ring with parking | for information |
//! | 64 B, plain | `spsc` between two processes | a bare ring with parking | at least 0.8 times |
//! | 64 B, pipe | `Connection` between two processes | a pipe between two processes, written in the same way | at least 0.9 times |
//! | 64 B, two to two | `PlainQueue` between four processes | crossbeam-channel between four threads | at least 1 time |
//! | 64 B, two to two | the same | Python's `multiprocessing.Queue` | at least 60 times |
//! | 64 KiB, 1 MiB, one to one | `PlainQueue`, written and read in place | memcpy through a bare ring | at least 0.8 times |
//! | 64 KiB, 1 MiB, one to one | the same | iceoryx2 | at least 1.2 times |
//! | text | `Queue<(u64, String)>`, two to two | | for information |
//!
//! Fairness: rounds are paired, in alternating order; ratios are taken within a round, and
//! the figure is the median. All queues have the same number of places. Everybody writes
//! each byte of each item, and reads one. Whatever is not there is `absent`.
//!
//! A word after `--` picks the figures whose names contain it. Run without cargo's `--bench`
//! flag, it makes one short round of each. It decides nothing: exit code 0 in any case.

use selvedge::{PlainQueue, Process, Queue, Shared, shareable, spsc};
use selvedge_bench::ring::Ring;
use selvedge_bench::rounds::{Bar, measured, paired, print_table, row};
use std::hint::black_box;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

shareable! { struct Gate { ready: AtomicU32, open: AtomicU32 } }

type Body = Box<dyn FnOnce() + Send>;

/// Messages a second, if `bodies` together move `messages` from the opening of a gate on.
fn rate(messages: u32, threads: bool, bodies: Vec<Body>) -> f64 {
    let gate = Shared::new(Gate { ready: AtomicU32::new(0), open: AtomicU32::new(0) });
    let count = bodies.len() as u32;
    let members = bodies.into_iter().map(|body| {
        let gate = gate.clone();
        move || {
            gate.ready.fetch_add(1, SeqCst);
            while gate.open.load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            body();
        }
    });
    let (mut children, mut handles) = (Vec::new(), Vec::new());
    for member in members {
        if threads {
            handles.push(std::thread::spawn(member));
        } else {
            children.push(Process::spawn(member));
        }
    }
    while gate.ready.load(SeqCst) < count {
        std::thread::yield_now();
    }
    let start = Instant::now();
    gate.open.store(1, SeqCst);
    for child in children {
        assert!(child.join().expect("a child").success());
    }
    for handle in handles {
        handle.join().expect("a thread");
    }
    f64::from(messages) / start.elapsed().as_secs_f64()
}

/// `pairs` of producer and consumer.
fn each<E: Clone + Send + 'static>(
    pairs: u32,
    messages: u32,
    threads: bool,
    ends: E,
    put: fn(&mut E, u32),
    get: fn(&mut E, u32),
) -> f64 {
    let mut bodies: Vec<Body> = Vec::new();
    for _ in 0..pairs {
        let (mut one, mut other) = (ends.clone(), ends.clone());
        bodies.push(Box::new(move || (0..messages / pairs).for_each(|number| put(&mut one, number))));
        bodies.push(Box::new(move || (0..messages / pairs).for_each(|number| get(&mut other, number))));
    }
    drop(ends);
    rate(messages, threads, bodies)
}

fn plain<const N: usize>(pairs: u32, messages: u32, places: usize) -> f64 {
    let put = |queue: &mut PlainQueue<[u8; N]>, number| {
        let item = black_box(const { &[1; N] });
        assert!(queue.put_with(|place| place.write(*item)).is_ok(), "item {number}");
    };
    let get = |queue: &mut PlainQueue<[u8; N]>, _| {
        black_box(queue.get_with(|item| item[N - 1]).expect("an item"));
    };
    each(pairs, messages, false, PlainQueue::bounded(places), put, get)
}

fn bare<const N: usize>(messages: u32, places: u32) -> f64 {
    let put = |ring: &mut Ring<N>, number| ring.put(number, black_box(const { &[1; N] }));
    let get = |ring: &mut Ring<N>, number| {
        black_box(ring.get(number, |item| item[N - 1]));
    };
    each(1, messages, false, Ring::new(places), put, get)
}

fn single<const N: usize>(messages: u32, places: usize) -> f64 {
    let (mut sender, mut receiver) = spsc::<[u8; N]>(places).expect("memory for a channel");
    let put = move || {
        for number in 0..messages {
            let item = black_box(const { &[1; N] });
            assert!(sender.send_with(|place| place.write(*item)).is_ok(), "item {number}");
        }
    };
    let get = move || {
        for _ in 0..messages {
            black_box(receiver.recv_with(|item| item[N - 1]).expect("an item"));
        }
    };
    rate(messages, false, vec![Box::new(put), Box::new(get)])
}

fn connection(messages: u32) -> f64 {
    let (mut reader, writer) = selvedge::pipe(false).expect("a pipe");
    let put = move || {
        for _ in 0..messages {
            writer.send_bytes(black_box(&[1; 64])).expect("a reader");
        }
    };
    let get = move || {
        let mut item = [0; 64];
        for _ in 0..messages {
            assert_eq!(reader.recv_bytes_into(&mut item).expect("a writer"), 64);
            black_box(item[63]);
        }
    };
    rate(messages, false, vec![Box::new(put), Box::new(get)])
}

fn text(messages: u32) -> f64 {
    let put = |queue: &mut Queue<(u64, String)>, number| {
        assert!(queue.put((u64::from(number), "x".repeat(50))).is_ok());
    };
    let get = |queue: &mut Queue<(u64, String)>, _| {
        black_box(queue.get().expect("an item"));
    };
    each(2, messages, false, Queue::bounded(1024), put, get)
}

fn crossbeam(pairs: u32, messages: u32) -> f64 {
    type Ends = (crossbeam_channel::Sender<[u8; 64]>, crossbeam_channel::Receiver<[u8; 64]>);
    let put = |ends: &mut Ends, _| ends.0.send(*black_box(&[1; 64])).expect("open");
    let get = |ends: &mut Ends, _| {
        black_box(ends.1.recv().expect("open"));
    };
    each(pairs, messages, true, crossbeam_channel::bounded(1024), put, get)
}

fn pipe(messages: u32) -> f64 {
    let (mut read, mut write) = std::io::pipe().expect("a pipe");
    let put = move || {
        for _ in 0..messages {
            write.write_all(black_box(&[1; 64])).expect("a reader");
        }
    };
    let get = move || {
        let mut item = [0; 64];
        for _ in 0..messages {
            read.read_exact(&mut item).expect("a writer");
            black_box(item[63]);
        }
    };
    rate(messages, false, vec![Box::new(put), Box::new(get)])
}

const PYTHON: &str = "
import multiprocessing as mp, sys, time
def put(q, n):
    item = b'x' * 64
    for _ in range(n): q.put(item)
def get(q, n):
    for _ in range(n): q.get()
if __name__ == '__main__':
    n = int(sys.argv[1]); q = mp.Queue(1024)
    crew = [mp.Process(target=f, args=(q, n // 2)) for f in (put, put, get, get)]
    start = time.monotonic()
    for p in crew: p.start()
    for p in crew: p.join()
    print(n / (time.monotonic() - start))
";

/// Messages a second through Python's queue, if there is a Python.
fn python(messages: u32) -> Option<f64> {
    let output = Command::new("python3").args(["-c", PYTHON, &messages.to_string()]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[cfg(feature = "iceoryx2")]
fn iceoryx<const N: usize>(messages: u32, places: usize) -> Option<f64> {
    Some(selvedge_bench::with_iceoryx2::rate::<N>(messages, places, rate))
}

#[cfg(not(feature = "iceoryx2"))]
fn iceoryx<const N: usize>(_: u32, _: usize) -> Option<f64> {
    None
}

fn main() {
    let long = measured();
    let rounds = if long { 9 } else { 1 };
    let messages = |many: u32| if long { many } else { 200 };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut table = vec![row(["figure", "selvedge", "beside it", "ratio", "bar", ""])];
    let mut compare = |name: &str, bar: Bar, ours: &dyn Fn() -> f64, theirs: &dyn Fn() -> Option<f64>| {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            return;
        }
        if theirs().is_none() {
            table.push(row([name, &format!("{:.0} k/s", ours() / 1e3), "absent", "-", "-", "-"]));
            return;
        }
        let figure = paired(rounds, ours, || theirs().unwrap_or(f64::NAN));
        let [bar, verdict] = bar.columns(figure.ratio, 2);
        let cells = [
            format!("{:.0} k/s", figure.ours / 1e3),
            format!("{:.0} k/s", figure.theirs / 1e3),
            format!("{:.2} ({:.2} .. {:.2})", figure.ratio, figure.lowest, figure.highest),
            bar,
            verdict,
        ];
        table.push([vec![name.to_owned()], cells.to_vec()].concat());
    };

    let small = messages(1_000_000);
    let one = || plain::<64>(1, small, 1024);
    let two = || plain::<64>(2, small, 1024);
    compare("64 B, 1 x 1 : pipe", Bar::AtLeast(3.0), &one, &|| Some(pipe(small)));
    compare("64 B, 1 x 1 : iceoryx2", Bar::AtLeast(3.0), &one, &|| iceoryx::<64>(small, 1024));
    compare("64 B, 1 x 1 : bare ring", Bar::None, &one, &|| Some(bare::<64>(small, 1024)));
    let alone = || single::<64>(small, 1024);
    compare("64 B, plain : bare ring", Bar::AtLeast(0.8), &alone, &|| Some(bare::<64>(small, 1024)));
    let through = || connection(small);
    compare("64 B, pipe : pipe(2)", Bar::AtLeast(0.9), &through, &|| Some(pipe(small)));
    compare("64 B, 1 x 1 : crossbeam threads", Bar::None, &one, &|| Some(crossbeam(1, small)));
    compare("64 B, 2 x 2 : crossbeam threads", Bar::AtLeast(1.0), &two, &|| Some(crossbeam(2, small)));
    compare("64 B, 2 x 2 : Python", Bar::AtLeast(60.0), &two, &|| python(messages(100_000)));

    let (many, few) = (messages(20_000), messages(1_000));
    let large = || plain::<{ 64 << 10 }>(1, many, 8);
    compare("64 KiB : bare ring", Bar::AtLeast(0.8), &large, &|| Some(bare::<{ 64 << 10 }>(many, 8)));
    compare("64 KiB : iceoryx2", Bar::AtLeast(1.2), &large, &|| iceoryx::<{ 64 << 10 }>(many, 8));
    let huge = || plain::<{ 1 << 20 }>(1, few, 8);
    compare("1 MiB : bare ring", Bar::AtLeast(0.8), &huge, &|| Some(bare::<{ 1 << 20 }>(few, 8)));
    compare("1 MiB : iceoryx2", Bar::AtLeast(1.2), &huge, &|| iceoryx::<{ 1 << 20 }>(few, 8));
    compare("text, 2 x 2", Bar::None, &|| text(messages(500_000)), &|| None);
    print_table(&table);
}

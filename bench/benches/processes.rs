//! What do processes and pipes for messages cost beside the bare system calls?
//!
//! `cargo bench -p selvedge-bench --bench processes`, about half a minute.
//!
//! | figure | selvedge | beside it | bar |
//! |---|---|---|---|
//! | start | `Process`: start and join | fork(2), _exit(2), waitpid(2) | at least 0.9 times its rate |
//! | start, spawn | the same of an entry, executed | the same, with execve(2) of `/bin/true` | for information |
//! | start, forkserver | the same, by a fork server | fork(2), _exit(2), waitpid(2) | for information |
//! | pipe | one-way pipe, messages of 64 bytes between two processes | pipe(2): writes of 64 bytes, reads of 64 bytes | at least 0.9 times its rate |
//! | pipe, long reads | the same | pipe(2): writes of 64 bytes, reads of what is there | for information |
//! | two-way | two-way pipe, one message there and back | socketpair(2) of packets, the same | for information |
//! | 1 MiB | one-way pipe, messages of a mebibyte | pipe(2): writes of a mebibyte, reads of what is there | for information |
//!
//! Fairness: rounds are paired, in alternating order; ratios are taken within a round, and
//! the figure is the median. Each side uses one process for each end, forked anew for
//! each round by the same call.
//!
//! A word after `--` picks the figures whose names contain it. Run without cargo's
//! `--bench` flag, it makes one short round of each. It decides nothing: exit code 0 in
//! any case.

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, read, write};
use selvedge::process::StartMethod;
use selvedge::{Process, entry, pipe};
use selvedge_bench::rounds::{Bar, Paired, measured, paired, print_table, row};
use std::os::fd::OwnedFd;
use std::time::Instant;

const MESSAGE: usize = 64;
const LONG: usize = 1 << 20;

entry! {
    static NOTHING(_: ()) {}
}

/// Forks a child that does `body` and leaves.
fn bare_child(body: impl FnOnce()) -> nix::unistd::Pid {
    // SAFETY: this program has one thread; the child leaves by _exit.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Child => {
            body();
            selvedge::sys::process::exit_now(0)
        }
        ForkResult::Parent { child } => child,
    }
}

/// How often a second `operation` can be done.
fn rate(operations: u32, mut operation: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..operations {
        operation();
    }
    f64::from(operations) / start.elapsed().as_secs_f64()
}

fn bare_start() {
    waitpid(bare_child(|| ()), None).expect("waitpid");
}

fn bare_execution() {
    let child = bare_child(|| {
        let _ = nix::unistd::execv(c"/bin/true", &[c"true"]);
    });
    waitpid(child, None).expect("waitpid");
}

fn start() {
    let mut child = Process::new(|| ());
    child.start().expect("start");
    child.join().expect("join");
}

fn start_by(method: StartMethod) {
    let mut child = Process::entry(&NOTHING, ()).method(method);
    child.start().expect("start");
    assert!(child.join().expect("join").success());
}

/// Messages a second through a one-way pipe for messages.
fn messages(count: u32, len: usize) -> f64 {
    let (mut reader, writer) = pipe(false).expect("pipe");
    let message = vec![7_u8; len];
    let start = Instant::now();
    let child = bare_child(|| (0..count).for_each(|_| writer.send_bytes(&message).expect("send")));
    let mut buffer = vec![0_u8; len];
    for _ in 0..count {
        assert_eq!(reader.recv_bytes_into(&mut buffer).expect("receive"), len);
    }
    waitpid(child, None).expect("waitpid");
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// The same through the bare pipe, whose reader asks for up to `ask` bytes.
fn bare_messages(count: u32, len: usize, ask: usize) -> f64 {
    let (reader, writer) = nix::unistd::pipe().expect("pipe");
    let message = vec![7_u8; len];
    let start = Instant::now();
    let child = bare_child(|| {
        for _ in 0..count {
            let mut rest = &message[..];
            while !rest.is_empty() {
                rest = &rest[write(&writer, rest).expect("write")..];
            }
        }
    });
    let mut buffer = vec![0_u8; ask];
    let mut left = count as usize * len;
    while left > 0 {
        left -= read(&reader, &mut buffer).expect("read");
    }
    waitpid(child, None).expect("waitpid");
    f64::from(count) / start.elapsed().as_secs_f64()
}

/// Messages a second that go there and back through a two-way pipe.
fn echoes(count: u32) -> f64 {
    let (mut here, mut there) = pipe(true).expect("pipe");
    let mut buffer = [0_u8; MESSAGE];
    let start = Instant::now();
    let child = bare_child(|| {
        for _ in 0..count {
            there.recv_bytes_into(&mut buffer).expect("receive");
            there.send_bytes(&buffer).expect("send");
        }
    });
    for _ in 0..count {
        here.send_bytes(&[7; MESSAGE]).expect("send");
        here.recv_bytes_into(&mut [0; MESSAGE]).expect("receive");
    }
    waitpid(child, None).expect("waitpid");
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn bare_echoes(count: u32) -> f64 {
    let pair = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::empty());
    let (here, there): (OwnedFd, OwnedFd) = pair.expect("socketpair");
    let mut buffer = [0_u8; MESSAGE];
    let start = Instant::now();
    let child = bare_child(|| {
        for _ in 0..count {
            read(&there, &mut buffer).expect("read");
            write(&there, &buffer).expect("write");
        }
    });
    for _ in 0..count {
        write(&here, &[7; MESSAGE]).expect("write");
        read(&here, &mut [0; MESSAGE]).expect("read");
    }
    waitpid(child, None).expect("waitpid");
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let (rounds, scale) = if measured() { (21, 1) } else { (1, 100) };
    let bar = Bar::AtLeast(0.9);
    let (starts, short, long) = (1_000 / scale, 300_000 / scale, 200 / scale);
    type Measure<'a> = Box<dyn Fn() -> Paired + 'a>;
    let figure = |ours: fn(u32) -> f64, theirs: fn(u32) -> f64, count: u32| -> Measure<'_> {
        Box::new(move || paired(rounds, || ours(count), || theirs(count)))
    };
    let figures: [(&str, Bar, Measure<'_>); 7] = [
        ("start", bar, figure(|count| rate(count, start), |count| rate(count, bare_start), starts)),
        (
            "start, spawn",
            Bar::None,
            figure(
                |count| rate(count, || start_by(StartMethod::Spawn)),
                |count| rate(count, bare_execution),
                starts / 10,
            ),
        ),
        (
            "start, forkserver",
            Bar::None,
            figure(
                |count| rate(count, || start_by(StartMethod::ForkServer)),
                |count| rate(count, bare_start),
                starts / 10,
            ),
        ),
        (
            "pipe",
            bar,
            figure(|count| messages(count, MESSAGE), |count| bare_messages(count, MESSAGE, MESSAGE), short),
        ),
        (
            "pipe, long reads",
            Bar::None,
            figure(|count| messages(count, MESSAGE), |count| bare_messages(count, MESSAGE, 1 << 16), short),
        ),
        ("two-way", Bar::None, figure(echoes, bare_echoes, short / 10)),
        (
            "1 MiB",
            Bar::None,
            figure(|count| messages(count, LONG), |count| bare_messages(count, LONG, 1 << 16), long),
        ),
    ];
    let mut rows = vec![row(["figure", "ours/s", "theirs/s", "ratio", "lowest", "highest", "bar", ""])];
    for (name, bar, measure) in figures {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let Paired { ours, theirs, ratio, lowest, highest } = measure();
        let mut cells = vec![name.to_owned(), format!("{ours:.0}"), format!("{theirs:.0}")];
        cells.extend([ratio, lowest, highest].map(|ratio| format!("{ratio:.2}")));
        cells.extend(bar.columns(ratio, 2));
        rows.push(cells);
    }
    print_table(&rows);
}

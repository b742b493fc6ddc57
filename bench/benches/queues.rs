//! draft
use selvedge::{PlainQueue, Process, Queue, Shared, shareable};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

shareable! { struct Gate { ready: AtomicU32, go: AtomicU32 } }

fn crew(members: Vec<Box<dyn FnOnce() + Send>>, threads: bool) -> f64 {
    let gate = Shared::new(Gate { ready: AtomicU32::new(0), go: AtomicU32::new(0) });
    let count = members.len() as u32;
    let start = |body: Box<dyn FnOnce() + Send>| {
        let gate = gate.clone();
        move || {
            gate.ready.fetch_add(1, SeqCst);
            while gate.go.load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            body();
        }
    };
    let mut procs = vec![];
    let mut thr = vec![];
    for m in members {
        if threads { thr.push(std::thread::spawn(start(m))); } else { procs.push(Process::spawn(start(m))); }
    }
    while gate.ready.load(SeqCst) < count { std::thread::yield_now(); }
    let t = Instant::now();
    gate.go.store(1, SeqCst);
    for p in procs { assert!(p.join().unwrap().success()); }
    for p in thr { p.join().unwrap(); }
    t.elapsed().as_secs_f64()
}

fn ours<const N: usize>(p: usize, c: usize, messages: usize, cap: usize) -> f64 {
    let queue = PlainQueue::<[u8; N]>::bounded(cap);
    let mut m: Vec<Box<dyn FnOnce() + Send>> = vec![];
    for _ in 0..p {
        let q = queue.clone();
        m.push(Box::new(move || { let item = [1_u8; N]; for _ in 0..messages / p { q.put_with(|s| s.write(item)).unwrap(); } }));
    }
    for _ in 0..c {
        let q = queue.clone();
        m.push(Box::new(move || { let mut s = 0_u64; for _ in 0..messages / c { q.get_with(|i| s += u64::from(i[N-1])).unwrap(); } std::hint::black_box(s); }));
    }
    messages as f64 / crew(m, false)
}

fn ours_value<const N: usize>(p: usize, c: usize, messages: usize, cap: usize) -> f64 {
    let queue = PlainQueue::<[u8; N]>::bounded(cap);
    let mut m: Vec<Box<dyn FnOnce() + Send>> = vec![];
    for _ in 0..p {
        let q = queue.clone();
        m.push(Box::new(move || { let item = [1_u8; N]; for _ in 0..messages / p { q.put(item).unwrap(); } }));
    }
    for _ in 0..c {
        let q = queue.clone();
        m.push(Box::new(move || { for _ in 0..messages / c { std::hint::black_box(q.get().unwrap()); } }));
    }
    messages as f64 / crew(m, false)
}

fn serial(p: usize, c: usize, messages: usize, cap: usize) -> f64 {
    let queue = Queue::<(u64, String)>::bounded(cap);
    let mut m: Vec<Box<dyn FnOnce() + Send>> = vec![];
    for _ in 0..p {
        let q = queue.clone();
        m.push(Box::new(move || { for i in 0..messages / p { q.put((i as u64, "x".repeat(50))).unwrap(); } }));
    }
    for _ in 0..c {
        let q = queue.clone();
        m.push(Box::new(move || { for _ in 0..messages / c { std::hint::black_box(q.get().unwrap()); } }));
    }
    messages as f64 / crew(m, false)
}

fn crossbeam<const N: usize>(p: usize, c: usize, messages: usize, cap: usize) -> f64 {
    let (tx, rx) = crossbeam_channel::bounded::<[u8; N]>(cap);
    let mut m: Vec<Box<dyn FnOnce() + Send>> = vec![];
    for _ in 0..p {
        let q = tx.clone();
        m.push(Box::new(move || { let item = [1_u8; N]; for _ in 0..messages / p { q.send(item).unwrap(); } }));
    }
    for _ in 0..c {
        let q = rx.clone();
        m.push(Box::new(move || { for _ in 0..messages / c { std::hint::black_box(q.recv().unwrap()); } }));
    }
    messages as f64 / crew(m, true)
}

fn main() {
    let w: Vec<String> = std::env::args().skip(1).filter(|w| !w.starts_with('-')).collect();
    let reps = 5;
    let show = |name: &str, f: &dyn Fn() -> f64| {
        if !w.is_empty() && !w.iter().any(|w| name.contains(w.as_str())) { return; }
        let mut v: Vec<f64> = (0..reps).map(|_| f() / 1e6).collect();
        v.sort_by(f64::total_cmp);
        println!("{name:<40} {:>9.3} M/s   ({:.3} .. {:.3})", v[reps / 2], v[0], v[reps - 1]);
    };
    show("64 alone", &|| { let q = PlainQueue::<[u8; 64]>::bounded(1024); let t = Instant::now(); for _ in 0..1_000_000 { q.put([1; 64]).unwrap(); std::hint::black_box(q.get().unwrap()); } 1e6 / t.elapsed().as_secs_f64() });
    show("64 alone batch", &|| { let q = PlainQueue::<[u8; 64]>::bounded(1024); let t = Instant::now(); for _ in 0..1_000 { for _ in 0..1000 { q.put([1; 64]).unwrap(); } for _ in 0..1000 { std::hint::black_box(q.get().unwrap()); } } 1e6 / t.elapsed().as_secs_f64() });
    show("64 1x1 value", &|| ours_value::<64>(1, 1, 4_000_000, 1024));
    show("64 1x1 place", &|| ours::<64>(1, 1, 4_000_000, 1024));
    show("64 2x2 value", &|| ours_value::<64>(2, 2, 4_000_000, 1024));
    show("64 2x2 place", &|| ours::<64>(2, 2, 4_000_000, 1024));
    show("64 2x2 crossbeam", &|| crossbeam::<64>(2, 2, 4_000_000, 1024));
    show("64 1x1 crossbeam", &|| crossbeam::<64>(1, 1, 4_000_000, 1024));
    show("64K 1x1 place 16", &|| ours::<65536>(1, 1, 200_000, 16));
    show("64K 1x1 place 8", &|| ours::<65536>(1, 1, 200_000, 8));
    show("64K 1x1 place 4", &|| ours::<65536>(1, 1, 200_000, 4));
    show("1M 1x1 place 4", &|| ours::<1048576>(1, 1, 10_000, 4));
    show("serial 1x1", &|| serial(1, 1, 1_000_000, 1024));
    show("serial 2x2", &|| serial(2, 2, 1_000_000, 1024));
}

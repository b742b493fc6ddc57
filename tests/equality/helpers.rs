//! Pools and managers: what starts tasks of its own for those of the program.

use super::calls::Call;
use super::objects::{Objects, SHORT};
use super::rows::{Row, closure, named};
use selvedge::Error;
use selvedge::pool::Workers;
use selvedge_harness::prelude::*;

/// Work for helpers.
pub(crate) const HELPERS: &[Call] = named! { (shared, _own)
    "a thread in a pool" => _ = threads(1, false);
    "threads in a pool, joined" => _ = threads(2, true);
    "a process in a pool" => _ = processes(1, false);
    "processes in a pool, joined" => _ = processes(2, true);
    "results of a pool, one after the other" => _ = in_order();
    "a dict of a manager, shared with a process" => _ = dict(shared);
    "a lock of a manager, shared with a thread" => _ = lock(shared);
    "a queue of a manager" => _ = queue();
};

fn square(number: u32) -> u32 {
    number * number
}

fn threads(count: usize, joined: bool) -> Result<(), Error> {
    work(&ThreadPool::new(count)?, joined);
    Ok(())
}

fn processes(count: usize, joined: bool) -> Result<(), Error> {
    work(&Pool::new(count)?, joined);
    Ok(())
}

fn work(pool: &impl Workers, joined: bool) {
    _ = pool.apply(square, 3);
    _ = pool.map_async(square, 0..2, None);
    if joined {
        pool.close();
        _ = pool.join();
    }
}

fn in_order() -> Option<()> {
    let pool = Pool::new(1).ok()?;
    let results = pool.imap(square, 0..2, 1).ok()?;
    step();
    results.for_each(drop);
    Some(())
}

fn dict(shared: &Objects) -> Result<(), Error> {
    let mut manager = Manager::start()?;
    let dict = manager.dict::<String, u32>()?;
    dict.insert("number", &1)?;
    let (known, counted) = (dict.clone(), shared.clone());
    let mut process = Process::new(move || {
        _ = known.get("number");
        counted.count.fetch_add(1);
    })
    .despite_threads();
    process.start()?;
    dict.update("number", |number| number.map(|number| number + 1))?;
    process.join()?;
    manager.shutdown().map(drop)
}

fn lock(shared: &Objects) -> Result<(), Error> {
    let manager = Manager::start()?;
    let lock = manager.lock()?;
    let (known, counted) = (lock.clone(), shared.clone());
    let thread = thread::spawn(move || {
        let _held = known.lock();
        counted.count.fetch_add(1);
    });
    drop(lock.lock());
    _ = thread.join();
    Ok(())
}

fn queue() -> Result<(), Error> {
    let manager = Manager::start()?;
    let queue = manager.queue::<u32>(1)?;
    queue.put(&1)?;
    _ = queue.put_timeout(&2, SHORT);
    _ = queue.get();
    Ok(())
}

//! What a task can do in one call. The simpler rows come first: a program is made smaller towards
//! them.

use super::objects::{Objects, Own, SHORT};
use super::rows::{Row, closure, named, named_by_code};
use selvedge::process::{at_exit, exit};
use selvedge_harness::Checked;
use selvedge_harness::prelude::*;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Something that a task does.
pub(crate) type Call = Row<fn(&Objects, &mut Own)>;

/// What a task may do at any time, by what it is about.
pub(crate) const FAMILIES: &[&[Call]] = &[
    ANYTHING,
    NUMBERS,
    LOCKS,
    HEAP,
    PERMITS,
    MEETINGS,
    CONDITIONS,
    QUEUES,
    WORK,
    PLAIN_QUEUES,
    CONTAINERS,
    MESSAGES,
    CHANNEL,
    TASKS,
];

/// Steps and sleeps.
const ANYTHING: &[Call] = named_by_code! { (shared, own)
    step();
    visible(Kind::Write, "mark", 1, || 7_u32);
    visible(Kind::Read, "look", 1, || 7_u32);
    thread::sleep(Duration::from_millis(1));
    thread::sleep(SHORT);
};

/// Numbers, one at a time and in rows.
const NUMBERS: &[Call] = named_by_code! { (shared, own)
    shared.count.get();
    shared.total.get();
    shared.count.set(0);
    shared.total.set(2);
    shared.count.fetch_add(1);
    shared.total.fetch_add(1);
    shared.count.compare_exchange(0, 1);
    shared.count.await_ne(0);
    shared.total.await_at_least(1);
    shared.count.lock().update(|count| count + 1);
    shared.plain.get();
    shared.plain.set(3);
    shared.raw.get();
    shared.raw.set(1);
    shared.raw.fetch_add(1);
    shared.raw_row.set_range(0, &[1, 2]);
    shared.raw_row.to_vec();
    shared.row.get(0);
    shared.row.fetch_add(0, 1);
    shared.row.fetch_add(1, 1);
    shared.row.to_vec();
    shared.row.lock().set(0, 1);
    shared.row.await_ne(1, 0);
};

/// Looks at locks.
const LOCKS: &[Call] = named_by_code! { (shared, own)
    shared.first.try_lock();
    shared.first.is_locked();
    shared.first.clear_poison();
    shared.robust.try_lock();
    shared.robust.is_locked();
    shared.robust.lock().or_else(|left| left.into_guard().ok_or(())).map(|mut held| held.mark_consistent());
    shared.document.write().map(|mut held| held.mark_consistent());
    shared.document.try_read();
    shared.document.try_write();
    shared.document.try_read_for(SHORT);
    shared.document.try_write_for(SHORT);
    shared.nested.try_lock();
    shared.nested.is_mine();
    shared.file().try_lock();
    shared.file().try_lock_shared();
    shared.file().try_lock_for(SHORT);
};

/// Locks that only one process has.
const HEAP: &[Call] = named_by_code! { (shared, own)
    own.lock.take();
    own.lock.replace(Arc::new(Mutex::new(1)));
    drop(own.lock().lock());
    [Box::new(Mutex::new(1)), Box::new(Mutex::new(2))].map(|lock| drop(lock.lock()));
};

/// Semaphores.
const PERMITS: &[Call] = named_by_code! { (shared, own)
    shared.permits.try_acquire();
    shared.permits.acquire();
    shared.permits.acquire_timeout(SHORT);
    shared.permits.release();
    shared.permits.release_n(2);
    shared.permits.value();
    shared.bounded.acquire_timeout(SHORT);
    shared.bounded.release();
    shared.seats.try_acquire();
    shared.seats.value();
};

/// Events, barriers, and what is done once.
const MEETINGS: &[Call] = named_by_code! { (shared, own)
    shared.event.is_set();
    shared.event.set();
    shared.event.clear();
    shared.event.wait();
    shared.event.wait_timeout(SHORT);
    shared.barrier.waiting();
    shared.barrier.try_wait();
    shared.barrier.wait();
    shared.barrier.wait_timeout(SHORT);
    shared.barrier.reset();
    shared.barrier.abort();
    shared.once.is_completed();
    shared.once.wait_timeout(SHORT);
    shared.cell.get();
    shared.cell.set(3);
    shared.cell.wait_timeout(SHORT);
    shared.lazy.force();
};

/// Conditions, over locks that die with their holders and others.
const CONDITIONS: &[Call] = named_by_code! { (shared, own)
    shared.changed.notify_one();
    shared.changed.notify_n(2);
    shared.changed.notify_all();
    shared.moved.notify_one();
    shared.moved.notify_all();
    shared.first.lock().map(|held| drop(shared.changed.wait(held)));
    shared.first.lock().map(|held| drop(shared.changed.wait_timeout(held, SHORT)));
    shared.second.lock().map(|held| drop(shared.changed.wait_while(held, |_| shared.count.get() == 0)));
    shared.robust.lock().map(|held| drop(shared.moved.wait(held)));
    shared.robust.lock().map(|held| drop(shared.moved.wait_timeout(held, SHORT)));
};

/// Queues of messages, in several orders.
const QUEUES: &[Call] = named_by_code! { (shared, own)
    shared.queue.try_put(1);
    shared.queue.put(2);
    shared.queue.put_timeout(3, SHORT);
    shared.queue.try_get();
    shared.queue.get();
    shared.queue.get_timeout(SHORT);
    shared.queue.qsize();
    shared.queue.close();
    shared.stack.try_put(1);
    shared.stack.put_timeout(2, SHORT);
    shared.stack.try_get();
    shared.stack.get();
    shared.ranked.put(2);
    shared.ranked.try_put(1);
    shared.ranked.try_get();
    shared.ranked.get_timeout(SHORT);
};

/// Queues whose items are waited for, or have no room to run out of.
const WORK: &[Call] = named_by_code! { (shared, own)
    shared.work.try_put(1);
    shared.work.put(2);
    shared.work.get_timeout(SHORT);
    shared.work.task_done();
    shared.work.join_timeout(SHORT);
    shared.work.close();
    shared.simple.put(1);
    shared.simple.try_get();
    shared.simple.get_timeout(SHORT);
    shared.simple.qsize();
};

/// Queues of items that are their bytes.
const PLAIN_QUEUES: &[Call] = named_by_code! { (shared, own)
    shared.numbers.try_put(1);
    shared.numbers.put(2);
    shared.numbers.try_get();
    shared.numbers.get();
    shared.numbers.get_timeout(SHORT);
    shared.numbers.close();
};

/// What holds several values.
const CONTAINERS: &[Call] = named_by_code! { (shared, own)
    shared.map.get(&1);
    shared.map.insert(1, 1);
    shared.map.insert(2, 2);
    shared.map.update(1, |old| old.map(|old| old + 1));
    shared.map.remove(&1);
    shared.column.get(0);
    shared.column.push(1);
    shared.column.pop();
    shared.column.update(0, |old| old + 1);
    shared.column.swap_remove(0);
    shared.arena.insert(4);
    shared.arena.to_vec().first().map(|(at, _)| shared.arena.remove(*at));
    shared.list.get(0);
    shared.list.set(0, 2);
    shared.list.to_vec();
    shared.bytes.write(0, &[1, 2]);
    shared.bytes.to_vec();
};

/// Pipes and sockets.
const MESSAGES: &[Call] = named_by_code! { (shared, own)
    own.connection.as_ref().map(|connection| connection.send(&(1_u32, "one")));
    own.connection.as_mut().map(|connection| connection.recv::<(u32, String)>());
    own.connection.as_mut().map(|connection| connection.poll(SHORT));
    own.connection.as_ref().map(|connection| wait(&[connection.into()], SHORT));
    own.connection.take();
    own.socket.as_mut().map(|socket| socket.write_all(b"one"));
    own.socket.as_mut().map(|socket| socket.read(&mut [0; 2]));
    own.socket.as_ref().map(|socket| socket.wait_readable(Some(SHORT)));
    own.socket.take();
    drop(pipe(true));
};

/// Channels for two.
const CHANNEL: &[Call] = named_by_code! { (shared, own)
    own.sender.as_mut().map(|sender| sender.try_send(1));
    own.sender.as_mut().map(|sender| sender.send_timeout(2, SHORT));
    own.sender.as_mut().map(|sender| sender.close());
    own.receiver.as_mut().map(|receiver| receiver.try_recv());
    own.receiver.as_mut().map(|receiver| receiver.recv_timeout(SHORT));
    own.receiver.as_mut().map(|receiver| receiver.recv());
};

/// Others, and the task itself.
const TASKS: &[Call] = named_by_code! { (shared, own)
    own.join();
    own.threads.first().map(|thread| thread.is_finished());
    own.processes.first().map(|process| process.is_alive());
    own.processes.first().map(|process| process.signal(Signal::SIGUSR1));
    own.processes.pop().map(|process| process.terminate());
    Signals::pending();
    Signals::wait_timeout([Signal::SIGUSR1], SHORT);
    at_exit::<Checked>({ let shared = shared.clone(); move || _ = shared.total.fetch_add(1) });
    catch_unwind(AssertUnwindSafe(|| { let _held = shared.first.lock(); panic!("caught") }));
};

/// What may be the last that a task does.
pub(crate) const LAST: &[Call] = named! { (shared, own)
    "panic" => panic!("on purpose");
    "exit" => exit::<Checked>(3);
    "Signals::raise(Signal::SIGTERM)" => _ = Signals::raise(Signal::SIGTERM);
    "Signals::raise(Signal::SIGUSR1)" => _ = Signals::raise(Signal::SIGUSR1);
    "shared.count.await_eq(99)" => shared.count.await_eq(99);
};

//! Managers whose server or clients are killed, and clients that are none.
//!
//! When a process dies here, that is the test.

use super::manager::{in_child, is_gone, start};
use rusty_fork::rusty_fork_test;
use selvedge::manager::{Held, Manager};
use selvedge::net::Address;
use selvedge::{Process, pipe};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// What a client holds, whose child lives on, is given to the next when the client is killed.
fn goes_to_the_next(manager: &Manager) {
    let (lock, seats) = (manager.lock().unwrap(), manager.bounded_semaphore(2).unwrap());
    let again = manager.reentrant_lock().unwrap();
    let copies = (lock.clone(), seats.clone(), again.clone());
    let (mut told, tell) = pipe(false).unwrap();
    let holder = Process::spawn(move || {
        copies.0.acquire().unwrap();
        copies.1.acquire().unwrap();
        copies.2.acquire().unwrap();
        copies.2.acquire().unwrap();
        // A copy of its connections lives on in a child of its own.
        let child = Process::spawn(|| selvedge::sleep(LONG));
        tell.send(&child.pid().unwrap()).unwrap();
        selvedge::sleep(LONG);
    });
    let grandchild: u32 = told.recv().unwrap();
    assert_eq!(lock.try_acquire().unwrap(), None);
    seats.acquire().unwrap();
    holder.kill().unwrap();
    assert!(lock.lock().unwrap().was_abandoned());
    assert!(!lock.lock().unwrap().was_abandoned(), "it is told once");
    assert_eq!(again.acquire().unwrap(), Held::Abandoned);
    seats.acquire().unwrap();
    assert_eq!(seats.available_permits().unwrap(), 0);
    let end = selvedge::sys::death::pidfd(grandchild).expect("the child lives on");
    assert!(selvedge::wait(&[end.as_fd().into()], Duration::ZERO).unwrap().is_empty(), "the child lives on");
    kill(grandchild);
}

/// Whether the server has turned this connection away; what it has said is read.
fn is_over(mut connection: &TcpStream) -> bool {
    connection.set_nonblocking(true).unwrap();
    let error = std::io::copy(&mut connection, &mut std::io::sink()).err();
    error.is_none_or(|error| error.kind() != ErrorKind::WouldBlock)
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    /// The workers of a server that is killed end with it, so that nobody waits for ever.
    #[test]
    fn workers_end_with_their_server() {
        let manager = start();
        let pool = manager.pool(2).unwrap();
        let pid = pool.apply(|()| std::process::id(), ()).unwrap();
        let stuck = pool.map_async(|()| std::thread::park(), [(), ()], 1).unwrap();
        kill(manager.pid().unwrap());
        assert!(is_gone(stuck.get()) && is_gone(pool.apply(|()| (), ())));
        let end = selvedge::sys::death::pidfd(pid);
        let gone = end.is_none_or(|fd| selvedge::wait(&[fd.as_fd().into()], LONG).unwrap() == [0]);
        assert!(gone, "worker {pid} lives on");
    }

    #[test]
    fn a_dead_server_is_an_error_of_every_call() {
        let manager = start();
        let dict = manager.dict::<u8, u8>().unwrap();
        let (event, lock, list) = (manager.event().unwrap(), manager.lock().unwrap(), manager.list([1]).unwrap());
        dict.insert(&1, &1).unwrap();
        let (copy, (mut told, tell)) = (event.clone(), pipe(false).unwrap());
        // Asked once more after the call that waits, so that it waits for sure.
        let waiter = Process::spawn(move || {
            tell.send(&copy.wait_timeout(Duration::ZERO).unwrap()).unwrap();
            assert!(is_gone(copy.wait()));
        });
        assert!(!told.recv::<bool>().unwrap());
        kill(manager.pid().unwrap());
        assert!(waiter.join().unwrap().success());
        assert!(is_gone(dict.get(&1)) && is_gone(dict.insert(&1, &2)) && is_gone(event.wait()) && is_gone(lock.lock()));
        assert!(is_gone(list.iter().next().unwrap()) && is_gone(manager.queue::<u8>(None)));
        in_child(move || assert!(is_gone(dict.get(&1))));
    }

    #[test]
    fn what_a_dead_client_held_goes_to_the_next() {
        let by_tcp = Manager::<selvedge::platform::Native>::builder().address("127.0.0.1:0".parse().unwrap());
        for manager in [start(), by_tcp.start().unwrap()] {
            goes_to_the_next(&manager);
        }
    }

    #[test]
    fn a_client_that_dies_while_it_waits_takes_nothing() {
        let manager = start();
        let queue = manager.queue::<u8>(None).unwrap();
        let copy = queue.clone();
        let (mut told, tell) = pipe(false).unwrap();
        let waiter = Process::spawn(move || {
            copy.len().unwrap();
            tell.send(&()).unwrap();
            copy.get().unwrap()
        });
        told.recv::<()>().unwrap();
        waiter.kill().unwrap();
        waiter.join().unwrap();
        // The server hears of the death before it hears of what comes after it.
        queue.put(&1).unwrap();
        assert_eq!(queue.try_get().unwrap(), Some(1));
    }

    #[test]
    fn strangers_and_garbage_hold_up_nobody() {
        let manager: Manager = Manager::<selvedge::platform::Native>::builder().address("127.0.0.1:0".parse().unwrap()).start().unwrap();
        let Address::Tcp(address) = *manager.address() else { panic!("it listens elsewhere") };
        let event = manager.event().unwrap();
        let silent = loop {
            // One says nothing, one stops in the middle, one sends what is no message, one a
            // message of which the head says that it is endless.
            let mut strangers: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
            strangers[1].write_all(&[0, 0, 0, 9, 1]).unwrap();
            strangers[2].write_all(&[0xFF; 64]).unwrap();
            strangers[3].write_all(&[0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 1]).unwrap();
            event.set().unwrap();
            in_child({ let event = event.clone(); move || event.wait().unwrap() });
            // Where nobody waits for the strangers, the silent one is still there, unless this
            // took so long that its time was over.
            if !is_over(&strangers[0]) {
                break strangers.swap_remove(0);
            }
        };
        // The deadline turns it away.
        silent.set_nonblocking(false).unwrap();
        assert!(std::io::copy(&mut &silent, &mut std::io::sink()).is_ok());
    }

    #[test]
    fn a_crowd_of_strangers_keeps_nobody_out() {
        let manager: Manager = Manager::<selvedge::platform::Native>::builder().address("127.0.0.1:0".parse().unwrap()).start().unwrap();
        let Address::Tcp(address) = *manager.address() else { panic!("it listens elsewhere") };
        let event = manager.event().unwrap();
        let mut strangers = Vec::new();
        for round in 0..3 {
            strangers.extend((0..100).map(|_| TcpStream::connect(address).unwrap()));
            // A child makes connections of its own.
            in_child({ let event = event.clone(); move || event.set().unwrap() });
            assert!(event.is_set().unwrap(), "round {round}");
        }
        // The first to come was turned away, perhaps before it was asked for the key.
        strangers[0].set_read_timeout(Some(LONG)).unwrap();
        let end = std::io::Read::read_to_end(&mut strangers[0], &mut Vec::new());
        assert!(end.is_ok(), "{end:?}");
    }
}

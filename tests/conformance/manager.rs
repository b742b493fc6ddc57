//! Managers: objects in a process of their own, used through proxies; long because it is one
//! area's rows.
//!
//! When a process dies here, a test asked for it.

use rusty_fork::rusty_fork_test;
use selvedge::manager::{Held, List, Manager, Queue, Type};
use selvedge::net::Address;
use selvedge::process::AuthKey;
use selvedge::{Error, ExitStatus, Process, pipe};
use std::io::Write;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(40);

fn start() -> Manager {
    Manager::start().unwrap()
}

/// Runs `body` in a child and waits until it has ended well.
#[track_caller]
fn in_child(body: impl FnOnce() + Send + 'static) {
    assert!(Process::spawn(body).join().unwrap().success());
}

fn is_gone<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::ManagerGone { .. }))
}

fn remote<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::Remote { why } => why,
        other => panic!("{other}"),
    }
}

fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 120_000)]

    #[test]
    fn c_manager_01_a_list() {
        let manager = start();
        let list = manager.list(0..10).unwrap();
        assert_eq!((list.get(3).unwrap(), list.get(10).unwrap()), (Some(3), None));
        assert_eq!(list.slice(2..5).unwrap(), [2, 3, 4]);
        assert_eq!((list.slice(8..99).unwrap(), list.slice(..=1).unwrap()), (vec![8, 9], vec![0, 1]));
        assert!(remote(list.set(10, &0)).contains("index is 10, but must be less than the length, 10"));
        list.splice(1..9, []).unwrap();
        list.repeat(2).unwrap();
        assert_eq!(list.to_vec().unwrap(), [0, 9, 0, 9]);
        list.extend([7]).unwrap();
        list.insert(0, &5).unwrap();
        assert_eq!((list.find(&7).unwrap(), list.find(&8).unwrap(), list.count(&9).unwrap()), (Some(5), None, 2));
        assert_eq!((list.remove(0).unwrap(), list.pop().unwrap(), list.len().unwrap()), (Some(5), Some(7), 4));
        // A list of lists: what is in it are proxies.
        let outer = manager.list([list.clone()]).unwrap();
        outer.push(&manager.list([1]).unwrap()).unwrap();
        outer.get(1).unwrap().unwrap().push(&2).unwrap();
        let inner: Vec<Vec<i32>> = outer.iter().map(|list| list.unwrap().to_vec().unwrap()).collect();
        assert_eq!(inner, [vec![0, 9, 0, 9], vec![1, 2]]);
        list.clear().unwrap();
        assert!(list.is_empty().unwrap());
    }

    #[test]
    fn c_manager_02_an_iterator_sees_what_changes_and_ends_once() {
        let list = start_list();
        let mut seen = Vec::new();
        let mut items = list.1.iter();
        for item in items.by_ref() {
            let item = item.unwrap();
            seen.push(item);
            if item < 12 {
                list.1.push(&(item + 10)).unwrap();
            }
        }
        assert_eq!(seen, [1, 2, 11, 12, 21]);
        list.1.push(&0).unwrap();
        assert!(items.next().is_none());
    }

    #[test]
    fn c_manager_04_a_dict() {
        let manager = start();
        let dict = manager.dict::<u32, String>().unwrap();
        for key in [65, 66, 67] {
            assert_eq!(dict.insert(&key, &char::from_u32(key).unwrap().to_string()).unwrap(), None);
        }
        assert_eq!((dict.keys().unwrap(), dict.values().unwrap()), (vec![65, 66, 67], ["A", "B", "C"].map(String::from).to_vec()));
        assert_eq!(dict.remove(&66).unwrap().as_deref(), Some("B"));
        assert_eq!(dict.insert(&66, &"b".to_owned()).unwrap(), None);
        assert_eq!(dict.insert(&65, &"a".to_owned()).unwrap().as_deref(), Some("A"));
        let copy = dict.items().unwrap();
        dict.clear().unwrap();
        assert_eq!(copy, [(65, "a".to_owned()), (67, "C".to_owned()), (66, "b".to_owned())]);
        assert!(dict.is_empty().unwrap() && !dict.contains_key(&65).unwrap());
        assert_eq!(dict.get_or_insert(&1, &"one".to_owned()).unwrap(), "one");
        assert_eq!(dict.get_or_insert(&1, &"uno".to_owned()).unwrap(), "one");
        dict.extend([(2, "two".to_owned()), (3, "three".to_owned())]).unwrap();
        assert_eq!(dict.pop_last().unwrap(), Some((3, "three".to_owned())));
        assert_eq!(dict.len().unwrap(), 2);
        // Another type is an error, and the manager serves on.
        assert_eq!(dict.update(&2, |_| None).unwrap(), None);
        assert_eq!(dict.len().unwrap(), 1);
    }

    #[test]
    fn c_manager_07_nested_queues_and_a_namespace() {
        let manager = start();
        let queues = manager.list([manager.queue::<String>(None).unwrap(), manager.queue(None).unwrap()]).unwrap();
        let by_name = manager.dict::<String, Queue<i32>>().unwrap();
        by_name.insert("numbers", &manager.queue(None).unwrap()).unwrap();
        let copies = (queues.clone(), by_name.clone());
        in_child(move || {
            copies.0.get(0).unwrap().unwrap().put("hello").unwrap();
            copies.1.get("numbers").unwrap().unwrap().put(&7).unwrap();
        });
        assert_eq!(queues.get(0).unwrap().unwrap().try_get().unwrap().as_deref(), Some("hello"));
        assert!(queues.get(1).unwrap().unwrap().is_empty().unwrap());
        assert_eq!(by_name.get("numbers").unwrap().unwrap().get().unwrap(), 7);
        let space = manager.namespace().unwrap();
        space.set("name", "Bob").unwrap();
        space.set("job", "Builder").unwrap();
        space.set("_hidden", &true).unwrap();
        assert!(space.delete("job").unwrap() && !space.delete("job").unwrap());
        assert_eq!(space.names().unwrap(), ["name"]);
        assert_eq!((space.get("name").unwrap(), space.get("_hidden").unwrap()), (Some("Bob".to_owned()), Some(true)));
        assert_eq!(space.get::<String>("job").unwrap(), None);
        assert!(matches!(space.get::<(u64, u64)>("_hidden"), Err(Error::Value { .. })));
    }

    #[test]
    fn c_manager_08_registered_types() {
        let foo = Type::new("Foo", |text: String| text)
            .method("f", |text, (): ()| format!("{text}.f()"))
            .fallible("g", |_, (): ()| Err::<(), _>("a value error"))
            .method("h", |text, more: String| { text.push_str(&more); text.len() })
            .method("panics", |_, (): ()| -> u8 { std::panic::resume_unwind(Box::new("on purpose")) });
        let builder = Manager::<selvedge::platform::Native>::builder();
        let mut manager: Manager = builder.register(foo).register(Type::new("Bar", |(): ()| ())).start().unwrap();
        let foo = manager.create("Foo", "foo").unwrap();
        assert_eq!(foo.call::<_, String>("f", &()).unwrap(), "foo.f()");
        assert_eq!(remote(foo.call::<_, ()>("g", &())), "a value error");
        assert_eq!(remote(foo.call::<_, ()>("_h", &())), "Foo has no method _h; it has: f, g, h, panics");
        assert_eq!(remote(foo.call::<_, u8>("panics", &())), "panics panicked: on purpose");
        assert!(remote(foo.call::<_, u8>("h", &())).contains("of its argument"));
        let copy = foo.clone();
        in_child(move || assert_eq!(copy.call::<_, usize>("h", "!").unwrap(), 4));
        assert_eq!(foo.call::<_, String>("f", &()).unwrap(), "foo!.f()");
        assert_eq!(remote(manager.create("Baz", &())), "there is no type Baz; there are: Bar, Foo");
        assert_eq!(manager.shutdown().unwrap(), Some(ExitStatus::Code(0)));
        assert_eq!(manager.shutdown().unwrap(), Some(ExitStatus::Code(0)), "once more is no error");
    }

    #[test]
    fn c_manager_11_conditions_and_barriers() {
        let manager = start();
        let (condition, stage) = (manager.condition().unwrap(), manager.value(&0).unwrap());
        assert!(remote(condition.wait()).contains("acquire it first"));
        assert!(remote(condition.notify_all()).contains("acquire it first"));
        condition.acquire().unwrap();
        condition.acquire().unwrap();
        assert!(!condition.wait_timeout(Duration::from_millis(5)).unwrap());
        assert!(condition.is_locked().unwrap(), "it was taken again");
        let copies = (condition.clone(), stage.clone());
        let child = Process::spawn(move || {
            let (condition, stage) = copies;
            condition.acquire().unwrap();
            stage.set(&1).unwrap();
            condition.notify_one().unwrap();
            while stage.get().unwrap() != 2 {
                condition.wait().unwrap();
            }
            condition.release().unwrap();
        });
        while stage.get().unwrap() != 1 {
            condition.wait().unwrap();
        }
        stage.set(&2).unwrap();
        condition.notify_all().unwrap();
        condition.release().unwrap();
        condition.release().unwrap();
        assert!(child.join().unwrap().success());
        assert!(remote(condition.release()).contains("not locked"));
        assert!(matches!(manager.barrier(0), Err(Error::InvalidArgument { .. })));
        let barrier = manager.barrier(3).unwrap();
        let children: Vec<Process> = (0..2).map(|_| {
            let barrier = barrier.clone();
            Process::spawn(move || for _ in 0..3 { barrier.wait().unwrap(); })
        }).collect();
        for _ in 0..3 {
            assert!(barrier.wait().unwrap() < 3);
        }
        assert!(children.iter().all(|child| child.join().unwrap().success()));
        let copy = barrier.clone();
        let waiter = Process::spawn(move || { copy.wait().ok(); });
        while barrier.waiting().unwrap() == 0 {
            std::thread::yield_now();
        }
        waiter.kill().unwrap();
        waiter.join().unwrap();
        assert_eq!(remote(barrier.wait()), "the barrier is broken");
        assert!(barrier.is_broken().unwrap());
        barrier.reset().unwrap();
        assert!(remote(barrier.wait_timeout(Duration::from_millis(5))).contains("time"));
        barrier.reset().unwrap();
        assert!(!barrier.is_broken().unwrap());
        barrier.abort().unwrap();
        assert!(remote(barrier.wait()).contains("broken"));
    }

    #[test]
    fn c_manager_09_a_second_process_connects() {
        let key = AuthKey::new(b"abracadabra");
        for address in ["127.0.0.1:0".parse().unwrap(), Address::Abstract(format!("selvedge-test-{}", std::process::id()))] {
            let mut manager: Manager = Manager::<selvedge::platform::Native>::builder().address(address).authkey(&key).start().unwrap();
            let queue = manager.queue::<(String, f64)>(None).unwrap();
            let (at, known) = (manager.address().clone(), key.clone());
            let (mut queues, to_child) = pipe(true).unwrap();
            let child = Process::spawn(move || {
                let stranger = Manager::<selvedge::platform::Native>::connect(&at, &AuthKey::new(b"sesame"));
                assert!(matches!(stranger, Err(Error::Authentication { .. })), "{stranger:?}");
                let _manager = Manager::<selvedge::platform::Native>::connect(&at, &known).unwrap();
                let queue: Queue<(String, f64)> = queues.recv().unwrap();
                queue.put(&("hello".to_owned(), 1.5)).unwrap();
            });
            to_child.send(&queue).unwrap();
            assert_eq!(queue.get().unwrap(), ("hello".to_owned(), 1.5));
            assert!(child.join().unwrap().success());
            assert_eq!(manager.shutdown().unwrap(), Some(ExitStatus::Code(0)));
            assert!(is_gone(queue.try_get()) && is_gone(manager.event()));
            assert!(is_gone(Manager::<selvedge::platform::Native>::connect(manager.address(), &key)));
        }
    }

    #[test]
    fn c_manager_11_events_locks_and_semaphores() {
        let manager = start();
        let event = manager.event().unwrap();
        let copy = event.clone();
        in_child(move || copy.set().unwrap());
        event.wait().unwrap();
        event.clear().unwrap();
        assert!(!event.is_set().unwrap() && !event.wait_timeout(Duration::from_millis(5)).unwrap());
        // A child that takes a lock and lives: the parent can release it.
        let lock = manager.lock().unwrap();
        let (copy, done) = (lock.clone(), event.clone());
        let child = Process::spawn(move || {
            assert_eq!(copy.acquire().unwrap(), Held::Clean);
            done.wait().unwrap();
        });
        while !lock.is_locked().unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(lock.try_acquire().unwrap(), None);
        assert_eq!(lock.acquire_timeout(Duration::from_millis(5)).unwrap(), None);
        lock.release().unwrap();
        assert!(remote(lock.release()).contains("not locked"));
        event.set().unwrap();
        assert!(child.join().unwrap().success());
        let again = manager.reentrant_lock().unwrap();
        again.acquire().unwrap();
        again.acquire().unwrap();
        let copy = again.clone();
        in_child(move || {
            assert_eq!(copy.try_acquire().unwrap(), None);
            assert!(remote(copy.release()).contains("another task holds it"));
        });
        again.release().unwrap();
        again.release().unwrap();
        assert!(remote(again.release()).contains("not locked"));
        let (plain, bounded) = (manager.semaphore(1).unwrap(), manager.bounded_semaphore(1).unwrap());
        for semaphore in [&plain, &bounded] {
            let copy = semaphore.clone();
            in_child(move || {
                copy.acquire().unwrap();
                assert!(!copy.try_acquire().unwrap());
                copy.release().unwrap();
            });
        }
        plain.release_many(2).unwrap();
        assert_eq!(plain.available_permits().unwrap(), 3);
        assert!(remote(bounded.release()).contains("at most 1 permits"));
    }

    #[test]
    fn c_manager_12_a_queue_for_two() {
        let manager = start();
        let queue = manager.queue::<u8>(2).unwrap();
        assert!(matches!(manager.queue::<u8>(0), Err(Error::InvalidArgument { .. })));
        let copy = queue.clone();
        in_child(move || {
            copy.put(&1).unwrap();
            assert!(copy.try_put(&2).unwrap());
            assert!(!copy.put_timeout(&3, Duration::from_millis(5)).unwrap());
        });
        assert_eq!(queue.len().unwrap(), 2);
        let copy = queue.clone();
        let third = Process::spawn(move || copy.put(&3).unwrap());
        assert_eq!([1, 2, 3].map(|_| queue.get().unwrap()), [1, 2, 3]);
        assert!(third.join().unwrap().success() && queue.is_empty().unwrap());
        let copy = queue.clone();
        let joiner = Process::spawn(move || copy.join().unwrap());
        (0..3).for_each(|_| queue.task_done().unwrap());
        assert!(joiner.join().unwrap().success());
        assert!(remote(queue.task_done()).contains("more often"));
        assert_eq!(queue.get_timeout(Duration::from_millis(5)).unwrap(), None);
    }

    #[test]
    fn c_manager_12_a_pool_for_all() {
        let manager = start();
        for bad in [0, 5000] {
            assert!(matches!(manager.pool(bad), Err(Error::InvalidArgument { .. })));
        }
        let pool = manager.pool(3).unwrap();
        assert_eq!(pool.apply(|(a, b): (u32, u32)| a * b, (6, 7)).unwrap(), 42);
        let squares: Vec<u64> = (0..1000).map(|x| x * x).collect();
        assert_eq!(pool.map(|x: u64| x * x, 0..1000).unwrap(), squares);
        assert!(pool.map(|x: u64| x, []).unwrap().is_empty());
        let copy = pool.clone();
        // Workers are nobody's but the server's, and whoever is of the family can use them.
        in_child(move || assert_eq!(copy.map(|x: i8| -x, [1, 2]).unwrap(), [-1, -2]));
        assert!(matches!(pool.map_async(|x: u8| x, [1], 0), Err(Error::InvalidArgument { .. })));
        let panicked = pool.apply(|x: u8| assert_eq!(x, 1, "not one"), 2);
        assert!(remote(panicked).contains("the task panicked: assertion"));

        // A worker that is killed loses its task, and no other.
        let deadly = |x: u32| if x == 3 { selvedge::sys::process::kill_self() } else { x };
        assert!(remote(pool.apply(deadly, 3)).contains("the task was lost: its worker, process"));
        for round in 0..10 {
            let pending = pool.map_async(deadly, 0..20, 1).unwrap();
            assert!(remote(pending.get()).contains("SIGKILL"), "round {round}");
        }
        assert_eq!(pool.map(deadly, 4..50).unwrap(), (4..50).collect::<Vec<_>>());

        let slow = pool.map_async(|()| std::thread::park(), [()], 1).unwrap();
        assert!(!slow.wait_timeout(Duration::from_millis(5)).unwrap());
        assert!(remote(pool.join()).contains("still open"));
        pool.close().unwrap();
        assert!(remote(pool.apply(|()| (), ())).contains("closed and takes no new tasks"));
        pool.terminate().unwrap();
        assert!(slow.wait_timeout(LONG).unwrap());
        assert!(remote(slow.get()).contains("terminated"));
        pool.join().unwrap();

        let orderly = manager.pool(2).unwrap();
        let out = orderly.map_async(|x: u8| x + 1, 0..40, 1).unwrap();
        orderly.close().unwrap();
        orderly.join().unwrap();
        assert!(out.wait_timeout(Duration::ZERO).unwrap());
        assert_eq!(out.get().unwrap(), (1..41).collect::<Vec<u8>>());
    }

    #[test]
    fn what_a_manager_cannot_be_is_told() {
        let taken = start();
        let same = Manager::<selvedge::platform::Native>::builder().address(taken.address().clone());
        let error = same.start::<selvedge::platform::Native>().unwrap_err().to_string();
        assert!(error.starts_with("the manager refused: bind failed") && error.contains("in use"), "{error}");
        let named = || Type::new("Counter", |start: i64| start);
        let twice = Manager::<selvedge::platform::Native>::builder().register(named()).register(named());
        let error = twice.start::<selvedge::platform::Native>().unwrap_err().to_string();
        let why = "the name of the registered type is \"Counter\" twice, but must be one that no other type has";
        assert_eq!(error, why);
        let nowhere = Address::Abstract(format!("nobody-{}", std::process::id()));
        assert!(is_gone(Manager::<selvedge::platform::Native>::connect(&nowhere, &AuthKey::new(b"key"))));
        // A proxy that says another type than the object has.
        let dict = taken.dict::<String, u64>().unwrap();
        dict.insert("key", &u64::MAX).unwrap();
        let (left, mut right) = pipe(true).unwrap();
        left.send(&dict).unwrap();
        let other: selvedge::manager::Dict<String, (u8, String)> = right.recv().unwrap();
        assert!(matches!(other.get("key"), Err(Error::Value { doing: "decoded", .. })));
    }

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
    fn c_manager_13_containers_from_a_child() {
        let manager = start();
        let (list, dict) = (manager.list([1]).unwrap(), manager.dict::<String, Vec<u8>>().unwrap());
        let (value, array) = (manager.value(&1.5).unwrap(), manager.array([0_i64; 3]).unwrap());
        let space = manager.namespace().unwrap();
        let copies = (list.clone(), dict.clone(), value.clone(), array.clone(), space.clone());
        in_child(move || {
            let (list, dict, value, array, space) = copies;
            list.push(&2).unwrap();
            dict.insert("bytes", &vec![7; 300_000]).unwrap();
            assert_eq!(value.replace(&2.5).unwrap(), 1.5);
            array.set(2, &-5).unwrap();
            space.set("x", &Some(1)).unwrap();
        });
        assert_eq!(list.to_vec().unwrap(), [1, 2]);
        assert_eq!(dict.get("bytes").unwrap(), Some(vec![7; 300_000]));
        assert_eq!((value.get().unwrap(), array.to_vec().unwrap()), (2.5, vec![0, 0, -5]));
        assert_eq!(space.get::<Option<i32>>("x").unwrap(), Some(Some(1)));
        assert!(remote(array.set(3, &0)).contains("length, 3"));
    }

    #[test]
    fn updates_of_many_are_all_counted() {
        let manager = start();
        let (dict, list, value) = (manager.dict::<u8, u32>().unwrap(), manager.list([0]).unwrap(), manager.value(&0).unwrap());
        let children: Vec<Process> = (0..4).map(|_| {
            let (dict, list, value) = (dict.clone(), list.clone(), value.clone());
            Process::spawn(move || for _ in 0..50 {
                dict.update(&0, |count| Some(count.unwrap_or(0) + 1)).unwrap();
                list.update(0, |count| count + 1).unwrap();
                value.update(|count| count + 1).unwrap();
            })
        }).collect();
        assert!(children.iter().all(|child| child.join().unwrap().success()));
        assert_eq!((dict.get(&0).unwrap(), list.get(0).unwrap(), value.get().unwrap()), (Some(200), Some(200), 200));
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
        let manager = start();
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
        kill(grandchild);
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
        // One says nothing, one stops in the middle, one sends what is no message, one a
        // message of which the head says that it is endless.
        let mut strangers: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
        strangers[1].write_all(&[0, 0, 0, 9, 1]).unwrap();
        strangers[2].write_all(&[0xFF; 64]).unwrap();
        strangers[3].write_all(&[0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 1]).unwrap();
        let before = Instant::now();
        event.set().unwrap();
        in_child({ let event = event.clone(); move || event.wait().unwrap() });
        assert!(before.elapsed() < Duration::from_secs(4), "nobody waits for the strangers");
        // The deadline turns the silent ones away.
        let silent = strangers.swap_remove(0);
        silent.set_read_timeout(Some(LONG)).unwrap();
        let (over, is_over) = mpsc::channel();
        std::thread::spawn(move || {
            // To the end of what it gets: the challenge, then nothing.
            over.send(std::io::copy(&mut &silent, &mut std::io::sink()).map_err(|error| error.kind())).ok();
        });
        assert!(is_over.recv_timeout(Duration::from_secs(20)).unwrap().is_ok());
    }
}

fn start_list() -> (Manager, List<i32>) {
    let manager = start();
    let list = manager.list([1, 2]).unwrap();
    (manager, list)
}

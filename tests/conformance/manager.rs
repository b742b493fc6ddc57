//! Managers: objects in a process of their own, used through proxies. What is waited for there
//! stands in `manager_sync`, who dies there in `manager_deaths`.
//!
//! When a process dies here, a test asked for it.

use rusty_fork::rusty_fork_test;
use selvedge::manager::{List, Manager, Queue, Type};
use selvedge::net::Address;
use selvedge::process::AuthKey;
use selvedge::{Error, ExitStatus, Process, pipe};

pub(super) fn start() -> Manager {
    Manager::start().unwrap()
}

/// Runs `body` in a child and waits until it has ended well.
#[track_caller]
pub(super) fn in_child(body: impl FnOnce() + Send + 'static) {
    assert!(Process::spawn(body).join().unwrap().success());
}

pub(super) fn is_gone<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::ManagerGone { .. }))
}

pub(super) fn remote<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::Remote { why } => why,
        other => panic!("{other}"),
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

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
            // A port could be somebody else's by now.
            if !matches!(manager.address(), Address::Tcp(_)) {
                assert!(is_gone(Manager::<selvedge::platform::Native>::connect(manager.address(), &key)));
            }
        }
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
        let error = Manager::<selvedge::platform::Native>::connect(&nowhere, &AuthKey::new(b"key")).unwrap_err();
        assert!(error.to_string().starts_with(&format!("the manager at {nowhere} is gone: ")), "{error}");
        assert!(matches!(error, Error::ManagerGone { address } if *address.address() == nowhere));
        // A proxy that says another type than the object has.
        let dict = taken.dict::<String, u64>().unwrap();
        dict.insert("key", &u64::MAX).unwrap();
        let (left, mut right) = pipe(true).unwrap();
        left.send(&dict).unwrap();
        let other: selvedge::manager::Dict<String, (u8, String)> = right.recv().unwrap();
        assert!(matches!(other.get("key"), Err(Error::Value { doing: "decoded", .. })));
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
}

fn start_list() -> (Manager, List<i32>) {
    let manager = start();
    let list = manager.list([1, 2]).unwrap();
    (manager, list)
}

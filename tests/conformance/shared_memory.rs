//! Named shared memory: what `multiprocessing.shared_memory` is relied on for.
//!
//! Each test takes away the names it gave.
//!
//! When a process dies here, that is a failure.

use crate::under_the_scheduler;
use rusty_fork::rusty_fork_test;
use selvedge::sync::Item;
use selvedge::{Error, Process, ShareableList, SharedMemory, pipe};
use selvedge_harness::prelude as checked;
use selvedge_harness::program::AnyProgram;

/// A name that no other run of these tests has.
pub(crate) fn name(what: &str) -> String {
    format!("{what}-{}", std::process::id())
}

fn succeeds(child: &Process) {
    assert!(child.join().unwrap().success());
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_shm_01_create_open_unlink_and_what_is_refused() {
        let name = name("basics");
        let memory = SharedMemory::create(&name, 512).unwrap();
        assert_eq!((memory.name(), memory.len()), (name.as_str(), 512));
        memory.write(0, &[42]).unwrap();
        let same = SharedMemory::open(&name).unwrap();
        assert_eq!((same.len(), same.to_vec()[..2].to_vec()), (512, vec![42, 0]));
        same.write(511, &[100]).unwrap();
        assert_eq!(memory.to_vec()[511], 100);
        drop(same);
        assert!(matches!(SharedMemory::create(&name, 1), Err(Error::SegmentExists { name: taken }) if taken == name));
        assert!(matches!(memory.read(510, &mut [0; 3]), Err(Error::InvalidArgument { .. })));
        assert!(matches!(memory.write(usize::MAX, &[0, 0]), Err(Error::InvalidArgument { .. })));
        memory.unlink().unwrap();
        assert!(matches!(memory.unlink(), Err(Error::NoSegment { .. })));
        let error = SharedMemory::open(&name).unwrap_err();
        assert_eq!(error.to_string(), format!("no segment is named {name:?}; create() it first"));
        assert_eq!(memory.to_vec()[511], 100, "who has it open keeps it");
    }

    #[test]
    fn c_shm_02_a_generated_name_that_is_taken_is_passed_over() {
        let first = SharedMemory::create_unnamed(1).unwrap();
        let (stem, number) = first.name().rsplit_once('-').unwrap();
        let next = format!("{stem}-{}", number.parse::<u32>().unwrap() + 1);
        let taken = SharedMemory::create(&next, 1).unwrap();
        let third = SharedMemory::create_unnamed(1).unwrap();
        assert!(third.name() != taken.name() && third.name() != first.name());
        [first, taken, third].iter().for_each(|memory| memory.unlink().unwrap());
    }

    #[test]
    fn c_shm_03_sizes_and_names_that_cannot_be() {
        for size in [0, usize::MAX, usize::MAX / 2] {
            let error = SharedMemory::create(&name("size"), size).unwrap_err().to_string();
            assert!(error.starts_with(&format!("the size of the segment is {size} bytes, but must be 1 to")), "{error}");
        }
        for bad in ["", "a/b", "/a", "a\0b", &"a".repeat(300)] {
            for error in [
                SharedMemory::create(bad, 1).unwrap_err(),
                SharedMemory::open(bad).unwrap_err(),
                SharedMemory::remove(bad).unwrap_err(),
            ] {
                let text = error.to_string();
                assert!(matches!(error, Error::InvalidArgument { .. }) && text.contains("without '/'"), "{text}");
            }
        }
        let huge = SharedMemory::create(&name("size"), 1 << 50).unwrap_err();
        assert!(matches!(huge, Error::Os { .. }), "{huge}");
    }

    #[test]
    fn c_shm_04_a_child_writes_by_name_and_by_handle() {
        let memory = SharedMemory::create_unnamed(10).unwrap();
        let name = memory.name().to_owned();
        succeeds(&Process::spawn(move || SharedMemory::open(&name).unwrap().write(0, b"a").unwrap()));
        let handle = memory.clone();
        succeeds(&Process::spawn(move || handle.write(1, b"b").unwrap()));
        assert_eq!(memory.to_vec()[..3], *b"ab\0");
        memory.unlink().unwrap();
    }

    #[test]
    fn c_shm_05_a_handle_that_was_sent_is_the_same_memory() {
        let memory = SharedMemory::create_unnamed(4).unwrap();
        let (mut ours, mut theirs) = pipe(true).unwrap();
        let child = Process::spawn(move || {
            let memory: SharedMemory = theirs.recv().unwrap();
            memory.write(0, b"up").unwrap();
            theirs.send(&()).unwrap();
            theirs.recv::<()>().unwrap();
            assert_eq!(memory.to_vec(), b"down");
        });
        ours.send(&memory).unwrap();
        ours.recv::<()>().unwrap();
        assert_eq!(memory.to_vec(), b"up\0\0");
        memory.write(0, b"down").unwrap();
        ours.send(&()).unwrap();
        succeeds(&child);
        // A handle whose memory is gone says so when it comes.
        memory.unlink().unwrap();
        let (one, mut two) = pipe(true).unwrap();
        one.send(&memory).unwrap();
        let error = two.recv::<SharedMemory>().unwrap_err();
        assert!(matches!(error, Error::Value { doing: "decoded", .. }), "{error}");
    }

    #[test]
    fn c_shm_12_a_list_is_sent_as_its_name_and_a_dead_one_is_refused() {
        let items = |count: usize| vec![Item::from("a text of some length"); count];
        let (short, long) = (ShareableList::create_unnamed(&items(1)).unwrap(), ShareableList::create_unnamed(&items(1000)).unwrap());
        let len = |list: &ShareableList| postcard::to_stdvec(list).unwrap().len();
        assert!(len(&long) < 40 && len(&long).abs_diff(len(&short)) < 3);
        let (one, mut two) = pipe(true).unwrap();
        one.send(&long).unwrap();
        let same: ShareableList = two.recv().unwrap();
        same.set(999, "changed").unwrap();
        long.set(0, 7_i64).unwrap();
        assert_eq!((long.get(999).unwrap(), same.get(0).unwrap()), (Item::from("changed"), Item::Int(7)));
        assert_eq!((same.len(), same.count(&items(1)[0]), same.index_of(&Item::None)), (1000, 998, None));
        one.send(&short).unwrap();
        short.unlink().unwrap();
        assert!(matches!(two.recv::<ShareableList>(), Err(Error::Value { .. })));
        assert!(matches!(ShareableList::open(short.name()), Err(Error::NoSegment { .. })));
        assert!(matches!(SharedMemory::open(long.name()), Err(Error::SegmentRefused { .. })));
        let error = long.set(0, vec![0_u8; 22]).unwrap_err().to_string();
        assert_eq!(error, "the item is 22 bytes long, but must be at most 21");
        assert!(matches!(long.get(1000), Err(Error::InvalidArgument { .. })));
        assert_eq!(long.get(0).unwrap(), Item::Int(7));
        long.unlink().unwrap();
    }
}

/// What is made within an exploration is seen by all its tasks, and by no other execution.
#[test]
fn c_shm_04_under_the_scheduler() {
    under_the_scheduler(|| {
        AnyProgram::dynamic(|| {
            let memory = checked::SharedMemory::create("both", 2).unwrap();
            let writers: Vec<_> = (0..2)
                .map(|index| {
                    checked::Process::spawn(move || {
                        let memory = checked::SharedMemory::open("both").unwrap();
                        memory.write(index, &[7]).unwrap();
                    })
                })
                .collect();
            writers.into_iter().for_each(|writer| assert!(writer.join().unwrap().success()));
            assert_eq!(memory.to_vec(), [7, 7]);
            memory.unlink().unwrap();
            assert!(checked::SharedMemory::open("both").is_err());
        })
    });
}

/// Two who make the same name: one of them is refused, whoever comes first.
#[test]
fn c_shm_01_a_name_is_given_once_under_the_scheduler() {
    under_the_scheduler(|| {
        AnyProgram::dynamic(|| {
            let made = checked::Shared::new(checked::Value::new(0_u32));
            let makers = [(); 2].map(|()| {
                let made = made.clone();
                checked::Process::spawn(move || {
                    if checked::SharedMemory::create("one", 1).is_ok() {
                        made.fetch_add(1);
                    }
                })
            });
            makers.into_iter().for_each(|maker| assert!(maker.join().unwrap().success()));
            assert_eq!(made.get(), 1);
        })
    });
}

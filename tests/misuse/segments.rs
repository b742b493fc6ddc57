//! Segments that are damaged, cut off, or something else than their opener thinks.

use super::{name, refuses};
use rusty_fork::rusty_fork_test;
use selvedge::sys::process::fork;
use selvedge::{Error, ExitStatus, Named, RobustMutex, ShareableList, SharedMemory, SharedVec, Value};

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn a_segment_that_is_damaged_is_refused() {
        let named = Named::create(&name("damaged"), Value::<u64>::new(3)).unwrap();
        let path = format!("/dev/shm/selvedge.{}", named.name());
        let whole = std::fs::read(&path).unwrap();
        let open = || Named::<Value<u64>>::open(named.name());
        assert_eq!(open().unwrap().get(), 3);
        let copy = |bytes: &[u8]| {
            // Another file under the name: who has the old one open keeps it.
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
        };
        for len in [0, 1, 16, whole.len() / 2, whole.len() - 1] {
            copy(&whole[..len]);
            refuses(open(), "was refused");
            refuses(SharedMemory::open(named.name()), "was refused");
        }
        copy(b"nothing of ours, but long enough to be taken for a header if nobody looked at it twice");
        refuses(open(), "it was not made by this crate");
        // Each byte of what says what it is.
        for byte in 0..32 {
            let mut damaged = whole.clone();
            damaged[byte] ^= 0x55;
            copy(&damaged);
            refuses(open(), "was refused");
        }
        copy(&whole);
        assert_eq!(open().unwrap().get(), 3);
        refuses(Named::<Value<u32>>::open(named.name()), "was refused");
        refuses(Named::<Value<u64>>::open_version(named.name(), 9), "version");
        refuses(SharedVec::<u64>::open(named.name()), "was refused");
        named.unlink().unwrap();
    }

    #[test]
    fn a_name_of_something_else_is_refused_in_the_words_of_its_user() {
        let refused = |error: Option<Error>| match error {
            Some(Error::SegmentRefused { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        let bytes = SharedMemory::create_unnamed(8).unwrap();
        let why = refused(ShareableList::open(bytes.name()).err());
        assert_eq!(why, "it holds a SharedMemory, and not a ShareableList");
        let why = refused(Named::<Value<u64>>::open(bytes.name()).err());
        assert_eq!(why, "it holds a SharedMemory, and not a Value<u64>");
        let list = ShareableList::create_unnamed(&[1.into()]).unwrap();
        let why = refused(SharedMemory::open(list.name()).err());
        assert_eq!(why, "it holds a ShareableList, and not a SharedMemory");
        let named = Named::create(&name("words"), RobustMutex::new((1_u8, Some(2_u64)))).unwrap();
        let why = refused(Named::<RobustMutex<u8>>::open(named.name()).err());
        assert_eq!(why, "it holds a RobustMutex<(u8, Option<u64>)>, and not a RobustMutex<u8>");
        refuses(list.set(3, 1), "the index of the item is 3, but must be less than 1");
        refuses(list.set(0, "longer than it is"), "the item is 17 bytes long, but must be at most 8");
        refuses(bytes.write(7, &[1, 2]), "the range of bytes is 2 from 7 on, but must be inside 0..8");
        bytes.unlink().unwrap();
        list.unlink().unwrap();
        named.unlink().unwrap();
    }

    #[test]
    fn who_opens_what_was_cut_off_is_refused_and_who_has_it_is_killed() {
        let memory = SharedMemory::create(&name("cut-off"), 3 * 4096).unwrap();
        let file = std::fs::File::options().write(true).open(format!("/dev/shm/selvedge.{}", memory.name()));
        let file = file.unwrap();
        for len in [4096, 257, 256, 255, 1, 0] {
            file.set_len(len).unwrap();
            let why = if len < 256 { "it was cut off" } else { "it should hold 12288 bytes" };
            refuses(SharedMemory::open(memory.name()), why);
            refuses(ShareableList::open(memory.name()), "was refused");
            let last = fork(|| i32::try_from(memory.to_vec().len()).unwrap()).unwrap();
            let status = last.wait(None).unwrap().unwrap();
            assert_eq!(status, ExitStatus::Signal(7), "with {len} bytes");
        }
        memory.unlink().unwrap();
        assert!(matches!(SharedMemory::open(memory.name()), Err(Error::NoSegment { .. })));
    }

    #[test]
    fn a_vector_that_says_it_is_longer_than_it_can_be_is_refused() {
        let vector = SharedVec::<u64>::create(&name("vector"), 3).unwrap();
        vector.push(1).unwrap();
        let path = format!("/dev/shm/selvedge.{}", vector.name().unwrap());
        let whole = std::fs::read(&path).unwrap();
        let mut refused = 0;
        // The length is one of the numbers behind the header, wherever that is.
        for at in (256..whole.len() - 8).step_by(8).filter(|&at| whole[at..at + 8] == 1_u64.to_le_bytes()) {
            let mut damaged = whole.clone();
            damaged[at + 5] = 1;
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, &damaged).unwrap();
            match SharedVec::<u64>::open(vector.name().unwrap()) {
                Err(error) => refused += u32::from(error.to_string().contains("elements, of at most 3")),
                Ok(same) => assert!(same.to_vec().len() <= 3 && same.get(1 << 40).is_none()),
            }
        }
        assert_eq!(refused, 1);
        vector.unlink().unwrap();
    }

    #[test]
    fn a_list_whose_items_would_lie_over_its_table_is_refused() {
        let list = ShareableList::create(&name("list"), &[1.into(), 2.into()]).unwrap();
        let path = format!("/dev/shm/selvedge.{}", list.name());
        let whole = std::fs::read(&path).unwrap();
        // The places of the items are at the end, two of 8 bytes for each.
        let offset = (whole.len() - 256 - 16) as u64;
        let at = |row: &[u8]| u64::from_ne_bytes(row.try_into().unwrap()) == offset;
        let row = 256 + 8 * whole[256..].chunks_exact(8).position(at).expect("the row says so");
        let open_at = |offset: u64| {
            let mut damaged = whole.clone();
            damaged[row..row + 8].copy_from_slice(&offset.to_ne_bytes());
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, &damaged).unwrap();
            ShareableList::open(list.name())
        };
        assert_eq!(open_at(offset).unwrap().get(1).unwrap(), 2.into());
        for wrong in [0, offset - 17, offset + 1, u64::MAX] {
            refuses(open_at(wrong), "its table of items is damaged");
        }
        list.unlink().unwrap();
    }
}

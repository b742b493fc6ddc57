//! Numbers and arrays in shared memory: what `multiprocessing.sharedctypes` is relied on for.
//!
//! When a process dies here, that is a failure.

use rusty_fork::rusty_fork_test;
use selvedge::{Array, Event, Process, RawArray, RawValue, Shared, Value, shareable, spawn};
use std::sync::Arc;
use std::time::Duration;

/// What only a defect makes anybody wait.
const LONG: Duration = Duration::from_secs(180);

fn child(body: impl FnOnce() + Send + 'static) {
    assert!(Process::spawn(body).join().unwrap().success());
}

shareable! {
    struct Numbers {
        int: Value<i32>, float: Value<f64>, short: Value<i16>, long: Value<i64>, byte: Value<u8>,
    }
    struct RawNumbers {
        int: RawValue<i32>, float: RawValue<f64>, short: RawValue<i16>, long: RawValue<i64>, byte: RawValue<u8>,
    }
    struct Point { x: RawValue<i32>, y: RawValue<f64> }
    struct Doubled { int: RawValue<i32>, float: RawValue<f64>, locked: Value<i64>, point: Point }
}

/// Each begins as it should, and what the child writes the parent reads.
macro_rules! written_by_a_child {
    ($struct:ident, $value:ident) => {{
        let numbers = Shared::new($struct {
            int: $value::new(7),
            float: $value::new(1.25),
            short: $value::new(-3),
            long: $value::new(1 << 33),
            byte: $value::new(b'x'),
        });
        let read = |n: &$struct| (n.int.get(), n.float.get(), n.short.get(), n.long.get(), n.byte.get());
        assert_eq!(read(&numbers), (7, 1.25, -3, 1 << 33, b'x'));
        let theirs = numbers.clone();
        child(move || {
            theirs.int.set(-1);
            theirs.float.set(-0.5);
            theirs.short.set(i16::MIN);
            theirs.long.set(2 << 24);
            theirs.byte.set(b'y');
        });
        assert_eq!(read(&numbers), (-1, -0.5, i16::MIN, 2 << 24, b'y'));
    }};
}

/// Sums that a child makes of an array are those that the parent makes of a copy.
macro_rules! summed_by_a_child {
    ($array:expr) => {{
        let (array, mut local) = ($array, [680_i32, 626, 934, 821, 150, 233, 548, 982, 714, 831]);
        assert_eq!((array.len(), array.get(2), array.is_empty()), (10, 934, false));
        let theirs = array.clone();
        child(move || (1..10).for_each(|at| theirs.set(at, theirs.get(at - 1) + theirs.get(at))));
        (1..10).for_each(|at| local[at] += local[at - 1]);
        assert_eq!(array.to_vec(), local);
    }};
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_shct_01_a_child_writes_each_kind_of_number() {
        written_by_a_child!(Numbers, Value);
        written_by_a_child!(RawNumbers, RawValue);
    }

    #[test]
    fn c_shct_03_arrays_are_read_and_written_by_index_and_range() {
        let numbers = [680_i32, 626, 934, 821, 150, 233, 548, 982, 714, 831];
        summed_by_a_child!(Array::from_slice(&numbers));
        summed_by_a_child!(RawArray::from_slice(&numbers));
        let array = RawArray::from_slice(&numbers);
        assert_eq!(array.range(2..7), numbers[2..7]);
        assert!(array.range(7..7).is_empty());
        array.set_range(4, &[1, 2, 3, 4]);
        assert_eq!(array.to_vec(), [680, 626, 934, 821, 1, 2, 3, 4, 714, 831]);
        assert_eq!(RawArray::<f64>::new(3).to_vec(), [0.0; 3]);
        assert!(RawArray::<f64>::new(0).is_empty());
        let beyond = std::panic::catch_unwind(|| array.set_range(8, &[5, 5, 5]));
        assert!(beyond.is_err() && array.get(8) == 714, "nothing is written then");
    }

    #[test]
    fn c_shct_05_the_lock_of_an_array_keeps_out_who_locks_and_nobody_else() {
        let (array, here) = (Array::from_slice(&[1_i32, 2]), Arc::new(Event::new()));
        let guard = array.lock();
        let other = spawn({
            let (array, here) = (array.clone(), here.clone());
            move || {
                // Elements can be used without the lock.
                array.set(0, 5);
                here.set();
                array.lock().get(1)
            }
        });
        assert!(here.wait_timeout(LONG));
        assert_eq!(guard.get(0), 5);
        guard.set(1, 7);
        drop(guard);
        assert_eq!(other.join().unwrap(), 7);
    }

    #[test]
    fn c_shct_06_a_child_doubles_numbers_a_struct_and_arrays() {
        let values = Shared::new(Doubled {
            int: RawValue::new(7),
            float: RawValue::new(1.0 / 3.0),
            locked: Value::new(1 << 33),
            point: Point { x: RawValue::new(3), y: RawValue::new(2.0) },
        });
        let array = Array::from_slice(&[0.0_f64, 1.0, 2.0]);
        let text = RawArray::from_slice(b"hello");
        let (theirs, numbers, letters) = (values.clone(), array.clone(), text.clone());
        child(move || {
            theirs.int.set(theirs.int.get() * 2);
            theirs.float.set(theirs.float.get() * 2.0);
            theirs.locked.lock().update(|number| number * 2);
            theirs.point.x.set(theirs.point.x.get() * 2);
            theirs.point.y.set(theirs.point.y.get() * 2.0);
            let numbers = numbers.lock();
            (0..3).for_each(|at| numbers.set(at, numbers.get(at) * 2.0));
            letters.set_range(0, b"world");
        });
        assert_eq!((values.int.get(), values.float.get(), values.locked.get()), (14, 2.0 / 3.0, 1 << 34));
        assert_eq!((values.point.x.get(), values.point.y.get()), (6, 4.0));
        assert_eq!((array.to_vec(), text.to_vec()), (vec![0.0, 2.0, 4.0], b"world".to_vec()));
    }

    #[test]
    fn c_shct_07_a_copy_is_independent() {
        let point = Shared::new(Point { x: RawValue::new(2), y: RawValue::new(5.0) });
        let copy = Shared::new(Point { x: point.x.clone(), y: point.y.clone() });
        let (array, handle) = (RawArray::from_slice(&[1, 2]), RawArray::from_slice(&[1, 2]));
        let (other, same) = (array.duplicate(), handle.clone());
        point.x.set(11);
        point.y.set(33.5);
        assert_eq!((copy.x.get(), copy.y.get()), (2, 5.0));
        [array, handle].iter().for_each(|array| array.set(0, 9));
        assert_eq!((other.to_vec(), same.to_vec()), (vec![1, 2], vec![9, 2]));
    }
}

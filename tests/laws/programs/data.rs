// Numbers and collections in shared memory: no change is lost.
//
// Included by `tests/laws/programs.rs`.

/// In one step, or in two under its lock.
fn value(processes: u32, rounds: u32) {
    let values = Shared::new([Value::<u32>::new(0), Value::<u32>::new(0)]);
    let shared = values.clone();
    all(processes, move |_| {
        for _ in 0..rounds {
            shared[0].fetch_add(1);
            let number = shared[1].lock();
            number.set(number.get() + 1);
        }
    });
    assert_eq!([values[0].get(), values[1].get()], [processes * rounds; 2], "an addition was lost");
}

fn raw_value(processes: u32, rounds: u32) {
    let value = Shared::new(RawValue::<u32>::new(0));
    let shared = value.clone();
    all(processes, move |_| (0..rounds).for_each(|_| _ = shared.fetch_add(1)));
    assert_eq!(value.get(), processes * rounds, "an addition was lost");
}

fn array(processes: u32, rounds: u32) {
    let array = Array::<u32>::new(3);
    let shared = array.clone();
    all(processes, move |index| {
        (0..rounds).for_each(|round| _ = shared.fetch_add((index + round) as usize % 3, 1));
    });
    assert_eq!(array.to_vec().iter().sum::<u32>(), processes * rounds, "an addition was lost");
}

fn shared_map(processes: u32, rounds: u32) {
    let map = SharedMap::<u32, [u32; 2]>::new(processes as usize).unwrap();
    let shared = map.clone();
    all(processes, move |index| {
        for round in 1..=rounds {
            let before = shared.insert(index, [round, round]).unwrap();
            assert_eq!(before.map_or(0, |pair| pair[0]), round - 1, "an entry was lost");
            let other = shared.get(&((index + 1) % processes)).unwrap_or_default();
            assert_eq!(other[0], other[1], "torn");
        }
    });
    assert_eq!(map.len(), processes as usize);
}

/// What is pushed is there once.
fn shared_vec(processes: u32, rounds: u32) {
    let list = SharedVec::<u32>::new((processes * rounds) as usize).unwrap();
    let shared = list.clone();
    all(processes, move |index| {
        (0..rounds).for_each(|round| _ = shared.push(index * rounds + round).unwrap());
    });
    let mut elements = list.to_vec();
    elements.sort_unstable();
    assert_eq!(elements, (0..processes * rounds).collect::<Vec<u32>>(), "lost or doubled");
}

/// No change of a value is lost, and no place is given to two.
fn arena(processes: u32, rounds: u32) {
    let arena = Arena::<u32>::new(processes as usize + 1).unwrap();
    let all_of_them = arena.insert(0).unwrap();
    let shared = arena.clone();
    all(processes, move |index| {
        let own = shared.insert(index).unwrap();
        (0..rounds).for_each(|_| _ = shared.update(all_of_them, |count| count + 1).unwrap());
        assert_eq!(shared.get(own), Some(index), "its place was given to two");
    });
    assert_eq!((arena.get(all_of_them), arena.len()), (Some(processes * rounds), processes as usize + 1));
}

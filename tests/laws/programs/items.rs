// What carries items: whatever is put comes out once.
//
// Included by `tests/laws/programs.rs`.

/// What is put comes out once, and in its producer's order where the queue keeps that.
macro_rules! conserves {
    ($($law:ident: $make:expr, in order: $ordered:expr;)*) => {$(
        fn $law(processes: u32, rounds: u32) {
            let (producers, consumers) = (processes.div_ceil(2), processes.max(2) / 2);
            let queue = $make;
            let sums = Array::<u32>::new(producers as usize);
            let (shared, got) = (queue.clone(), sums.clone());
            let getters: Vec<Process> = (0..consumers)
                .map(|_| {
                    let (queue, got) = (shared.clone(), got.clone());
                    Process::spawn(move || {
                        let mut last = vec![0; producers as usize];
                        while let Ok((producer, number)) = queue.get() {
                            let last = &mut last[producer as usize];
                            assert!(!$ordered || *last < number, "{number} after {last}");
                            *last = number;
                            got.fetch_add(producer as usize, number);
                        }
                    })
                })
                .collect();
            all(producers, move |index| {
                (1..=rounds).for_each(|number| shared.put((index, number)).unwrap());
            });
            queue.close();
            for getter in getters {
                assert!(getter.join().unwrap().success(), "the law was broken in a process");
            }
            let each = rounds * (rounds + 1) / 2;
            assert_eq!(sums.to_vec(), vec![each; producers as usize], "lost or doubled");
        }
    )*};
}

conserves! {
    queue: Queue::<(u32, u32)>::bounded(2), in order: true;
    plain_queue: Couples(PlainQueue::<[u32; 2]>::bounded(2)), in order: true;
    simple_queue: SimpleQueue::<(u32, u32)>::new(), in order: true;
    lifo_queue: LifoQueue::<(u32, u32)>::bounded(2), in order: false;
    priority_queue: PriorityQueue::<(u32, u32)>::bounded(2), in order: false;
}

/// Items that are their bytes are no tuples.
#[derive(Clone)]
struct Couples(PlainQueue<[u32; 2]>);

impl Couples {
    fn put(&self, (producer, number): (u32, u32)) -> Result<(), PutError<[u32; 2]>> {
        self.0.put([producer, number])
    }
    fn get(&self) -> Result<(u32, u32), GetError> {
        self.0.get().map(|[producer, number]| (producer, number))
    }
    fn close(&self) {
        self.0.close();
    }
}

fn joinable_queue(processes: u32, rounds: u32) {
    let queue = JoinableQueue::<u32>::bounded(2);
    let done = Shared::new(Value::<u32>::new(0));
    let children: Vec<Process> = (0..processes)
        .map(|_| {
            let (queue, done) = (queue.clone(), done.clone());
            Process::spawn(move || {
                while queue.get().is_ok() {
                    done.fetch_add(1);
                    queue.task_done().unwrap();
                }
            })
        })
        .collect();
    for round in 0..rounds {
        queue.put(round).unwrap();
    }
    queue.join().unwrap();
    assert_eq!(done.get(), rounds, "join came back before all was done");
    queue.close();
    for child in children {
        assert!(child.join().unwrap().success());
    }
}

fn channel(processes: u32, rounds: u32) {
    let mut ends = Vec::new();
    for _ in 0..processes.div_ceil(2) {
        let (mut sender, mut receiver) = spsc::<u32>(2).unwrap();
        ends.push(Process::spawn(move || (0..rounds).for_each(|number| sender.send(number).unwrap())));
        ends.push(Process::spawn(move || {
            (0..rounds).for_each(|number| assert_eq!(receiver.recv(), Ok(number)));
            assert_eq!(receiver.recv(), Err(GetError::Closed), "more came than was sent");
        }));
    }
    for end in ends {
        assert!(end.join().unwrap().success(), "the law was broken in a process");
    }
}

fn connection(processes: u32, rounds: u32) {
    let lines: Vec<(Process, Connection)> = (0..processes)
        .map(|index| {
            let (reader, writer) = pipe(false).unwrap();
            let body = move || (0..rounds).for_each(|number| writer.send(&(index, number)).unwrap());
            (Process::spawn(body), reader)
        })
        .collect();
    for (index, (child, mut reader)) in (0..).zip(lines) {
        for number in 0..rounds {
            assert_eq!(reader.recv::<(u32, u32)>().unwrap(), (index, number), "another message");
        }
        assert!(reader.recv::<(u32, u32)>().is_err(), "more came than was sent");
        assert!(child.join().unwrap().success());
    }
}

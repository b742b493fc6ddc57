//! Known timelines, and laws that hold for any jobs.

use super::*;
use proptest::prelude::*;

const FOUR: [Job; 4] = [job(0, 8), job(1, 4), job(2, 9), job(3, 5)];

const fn job(arrival: u64, burst: u64) -> Job {
    Job { arrival, burst }
}

/// `A0-8 B8-12`, and so on.
fn text(timeline: &Timeline) -> String {
    let runs = timeline.runs.iter().map(|run| {
        let name = char::from(b'A' + u8::try_from(run.job).unwrap());
        format!("{name}{}-{}", run.from, run.to)
    });
    runs.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn is(discipline: impl Discipline, runs: &str, mean_wait: f64) -> Timeline {
    let timeline = simulate(&FOUR, discipline);
    assert_eq!(text(&timeline), runs);
    assert!((timeline.mean_wait() - mean_wait).abs() < 1e-9, "{}", timeline.mean_wait());
    assert!((timeline.mean_turnaround() - mean_wait - 6.5).abs() < 1e-9, "6.5 is the mean burst");
    timeline
}

#[test]
fn four_jobs_under_each_discipline() {
    let fcfs = is(Fcfs::default(), "A0-8 B8-12 C12-21 D21-26", 8.75);
    is(Sjf::default(), "A0-8 B8-12 D12-17 C17-26", 7.75);
    is(RoundRobin::new(4), "A0-4 B4-8 C8-12 D12-16 A16-20 C20-24 D24-25 C25-26", 11.75);
    assert_eq!(simulate(&FOUR, RoundRobin::new(100)).runs, fcfs.runs);
    let four = "A0-1 B1-2 C2-3 D3-4 A4-6 B6-8 C8-10 D10-12 A12-16 B16-17 C17-21 D21-23 A23-24 C24-26";
    is(Mlfq::new(4, 1), four, 14.5);
    is(Mlfq::new(3, 2), "A0-2 B2-4 C4-6 D6-8 A8-12 B12-14 C14-18 D18-21 A21-23 C23-26", 13.0);
}

#[test]
fn an_arrival_preempts_who_is_in_a_later_queue() {
    let jobs = [job(0, 10), job(5, 1)];
    // The first is in the third queue by then, and goes to its end: to its front, here.
    assert_eq!(text(&simulate(&jobs, Mlfq::new(3, 1))), "A0-1 A1-3 A3-5 B5-6 A6-10 A10-11");
}

#[test]
fn a_long_job_starves_unless_it_ages() {
    let mut jobs = vec![job(0, 1), job(0, 50)];
    jobs.extend((1..200).map(|arrival| job(arrival, 1)));
    let last = jobs.iter().map(|job| job.arrival).max().unwrap();
    assert!(simulate(&jobs, Sjf::default()).end(1) > last);
    assert!(simulate(&jobs, Sjf::with_ageing(1)).end(1) < 120);
}

fn jobs(most: usize) -> impl Strategy<Value = Vec<Job>> {
    prop::collection::vec((0_u64..30, 1_u64..12), 0..most)
        .prop_map(|jobs| jobs.into_iter().map(|(arrival, burst)| job(arrival, burst)).collect())
}

/// Nobody is lost, everybody has what he needs, and the processor is idle only if it must be.
fn check(jobs: &[Job], timeline: &Timeline) {
    for (index, job) in jobs.iter().enumerate() {
        let own = timeline.runs.iter().filter(|run| run.job == index);
        assert!(own.clone().all(|run| run.from >= job.arrival && run.from < run.to));
        assert_eq!(own.map(|run| run.to - run.from).sum::<u64>(), job.burst);
    }
    for pair in timeline.runs.windows(2) {
        assert!(pair[0].to <= pair[1].from);
        let waits = |job: usize| jobs[job].arrival <= pair[0].to && timeline.end(job) > pair[0].to;
        assert!(pair[0].to == pair[1].from || !(0..jobs.len()).any(waits), "idle while somebody was ready");
    }
}

proptest! {
    #[test]
    fn work_is_conserved(jobs in jobs(9), slice in 1_u64..9, queues in 1_usize..5) {
        check(&jobs, &simulate(&jobs, Fcfs::default()));
        check(&jobs, &simulate(&jobs, Sjf::default()));
        check(&jobs, &simulate(&jobs, Sjf::with_ageing(slice)));
        check(&jobs, &simulate(&jobs, RoundRobin::new(slice)));
        check(&jobs, &simulate(&jobs, Mlfq::new(queues, slice)));
    }

    #[test]
    fn a_slice_as_long_as_the_longest_job_is_first_come_first_served(jobs in jobs(9)) {
        prop_assert_eq!(simulate(&jobs, RoundRobin::new(12)).runs.len(), jobs.len());
        let (turns, order) = (simulate(&jobs, RoundRobin::new(12)), simulate(&jobs, Fcfs::default()));
        prop_assert_eq!(text(&turns), text(&order));
    }

    /// Of all orders of jobs that come at once, none has a shorter mean wait.
    #[test]
    fn the_shortest_first_wait_least(bursts in prop::collection::vec(1_u64..20, 1..6)) {
        let jobs: Vec<Job> = bursts.iter().map(|&burst| job(0, burst)).collect();
        let least = simulate(&jobs, Sjf::default()).mean_wait();
        let mut orders = vec![vec![]];
        for burst in bursts {
            orders = orders
                .into_iter()
                .flat_map(|order: Vec<u64>| {
                    (0..=order.len()).map(move |place| {
                        let mut longer = order.clone();
                        longer.insert(place, burst);
                        longer
                    })
                })
                .collect();
        }
        for order in orders {
            let jobs: Vec<Job> = order.into_iter().map(|burst| job(0, burst)).collect();
            prop_assert!(least <= simulate(&jobs, Fcfs::default()).mean_wait() + 1e-9);
        }
    }

    /// Nobody runs in a later queue while somebody waits in an earlier one.
    #[test]
    fn the_first_queue_is_served_first(jobs in jobs(7), slice in 1_u64..4) {
        let timeline = simulate(&jobs, Mlfq::new(3, slice));
        for run in timeline.runs.iter().filter(|run| run.level > 0) {
            let untouched = |job: usize| {
                jobs[job].arrival <= run.from && timeline.runs.iter().find(|other| other.job == job).unwrap().from > run.from
            };
            prop_assert!(!(0..jobs.len()).any(untouched), "{}", text(&timeline));
        }
    }
}

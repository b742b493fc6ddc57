//! The processor: runs whom the discipline picks, and writes down when.
//!
//! | a job | goes on by |
//! |---|---|
//! | ready | being picked |
//! | running | its end; the end of its slice, or an arrival that preempts it: ready again |
//!
//! 1. The processor is idle only while nobody is ready.
//! 2. Whoever arrives at the moment in which a job is taken off is ready before that job is.
//! 3. Times are whole numbers of one unit, and nothing between two runs takes time.

/// Something to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// When it comes.
    pub arrival: u64,
    /// How long it takes, at least 1.
    pub burst: u64,
}

/// A job that could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Its place in the list of jobs.
    pub job: usize,
    /// How much of it is left.
    pub left: u64,
    /// Since when it is ready.
    pub since: u64,
    /// How often it has used up a slice.
    pub level: usize,
}

/// Who runs next, and for how long.
pub trait Discipline {
    /// A job has come, or was taken off the processor.
    fn admit(&mut self, ready: Ready);

    /// Takes the job that is to run at this time; none only if nobody is ready.
    fn pick(&mut self, now: u64) -> Option<Ready>;

    /// The longest that a job may run now; none for as long as it takes.
    fn slice(&self, ready: &Ready) -> Option<u64> {
        let _ = ready;
        None
    }

    /// Whether an arrival takes this job off the processor.
    fn is_preempted(&self, running: &Ready) -> bool {
        let _ = running;
        false
    }
}

/// A job had the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its place in the list of jobs.
    pub job: usize,
    /// From this time.
    pub from: u64,
    /// To this time, when it had it no more.
    pub to: u64,
    /// How many slices it had used up before.
    pub level: usize,
}

/// Who ran when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The runs in their order.
    pub runs: Vec<Run>,
    jobs: Vec<Job>,
}

impl Timeline {
    /// When a job was done.
    #[must_use]
    pub fn end(&self, job: usize) -> u64 {
        self.runs.iter().rev().find(|run| run.job == job).map_or(0, |run| run.to)
    }

    /// How long a job was ready and did not run.
    #[must_use]
    pub fn wait(&self, job: usize) -> u64 {
        self.end(job) - self.jobs[job].arrival - self.jobs[job].burst
    }

    /// The mean of all [waits](Self::wait).
    #[must_use]
    pub fn mean_wait(&self) -> f64 {
        self.mean(|job| self.wait(job))
    }

    /// The mean time from the arrival to the end.
    #[must_use]
    pub fn mean_turnaround(&self) -> f64 {
        self.mean(|job| self.end(job) - self.jobs[job].arrival)
    }

    fn mean(&self, of: impl Fn(usize) -> u64) -> f64 {
        let sum: u64 = (0..self.jobs.len()).map(of).sum();
        sum as f64 / self.jobs.len().max(1) as f64
    }
}

/// Runs jobs to their end.
///
/// ```
/// use selvedge_properties::queueing::{Job, RoundRobin, simulate};
///
/// let jobs = [Job { arrival: 0, burst: 3 }, Job { arrival: 1, burst: 2 }];
/// let timeline = simulate(&jobs, RoundRobin::new(2));
/// let turns: Vec<_> = timeline.runs.iter().map(|run| (run.job, run.from, run.to)).collect();
/// assert_eq!(turns, [(0, 0, 2), (1, 2, 4), (0, 4, 5)]);
/// ```
///
/// # Panics
/// If a job takes no time.
pub fn simulate(jobs: &[Job], mut discipline: impl Discipline) -> Timeline {
    assert!(jobs.iter().all(|job| job.burst > 0), "each job takes at least 1");
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&job| jobs[job].arrival);
    let mut coming = order.into_iter().peekable();
    let (mut now, mut runs) = (0, Vec::new());
    loop {
        while let Some(job) = coming.next_if(|&job| jobs[job].arrival <= now) {
            discipline.admit(Ready { job, left: jobs[job].burst, since: jobs[job].arrival, level: 0 });
        }
        let Some(mut running) = discipline.pick(now) else {
            match coming.peek() {
                Some(&job) => now = jobs[job].arrival,
                None => return Timeline { runs, jobs: jobs.to_vec() },
            }
            continue;
        };
        let slice = discipline.slice(&running).unwrap_or(u64::MAX).max(1);
        let full = now + slice.min(running.left);
        let next = coming.peek().map(|&job| jobs[job].arrival);
        let until = next.filter(|&next| next < full && discipline.is_preempted(&running)).unwrap_or(full);
        runs.push(Run { job: running.job, from: now, to: until, level: running.level });
        running.left -= until - now;
        running.level += usize::from(until - now == slice);
        running.since = until;
        now = until;
        while let Some(job) = coming.next_if(|&job| jobs[job].arrival <= now) {
            discipline.admit(Ready { job, left: jobs[job].burst, since: jobs[job].arrival, level: 0 });
        }
        if running.left > 0 {
            discipline.admit(running);
        }
    }
}

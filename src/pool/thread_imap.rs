//! Results of threads one after the other, as they come.
//!
//! Made by [`ThreadPool::imap`](super::ThreadPool::imap) and
//! [`imap_unordered`](super::ThreadPool::imap_unordered).
//!
//! 1. Arguments are taken from their iterator only as results are asked for: no more than
//!    four chunks for each thread are ahead.
//! 2. There is one result or error for each argument. If a chunk fails, each of its arguments
//!    has that error.
//!
//! Orderings: the locks'.
//!
//! When the process dies, nobody waits any more.

use super::PoolError;
use super::desk::Desk;
use super::imap::AHEAD;
use super::shelf::ThreadResult;
use crate::platform::{Native, Site, Tasks};
use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError};

/// A chunk that is out.
struct Out<O, P: Tasks> {
    number: u64,
    count: usize,
    results: ThreadResult<Vec<O>, P>,
}

/// The numbers of the chunks that are done, in the order in which they were.
struct Done<P: Tasks> {
    numbers: Mutex<VecDeque<u64>, P>,
    came: Condvar<P>,
}

/// The results of [`ThreadPool::imap`](super::ThreadPool::imap), in the order of their
/// arguments, or of [`imap_unordered`](super::ThreadPool::imap_unordered), as they come.
pub struct ThreadImap<F, T, O, P: Tasks = Native> {
    desk: Arc<Desk<P>>,
    function: Arc<F>,
    arguments: T,
    chunk: usize,
    ahead: usize,
    next: u64,
    out: VecDeque<Out<O, P>>,
    ready: VecDeque<Result<O, PoolError>>,
    /// Where chunks say that they are done, if that decides about the order.
    done: Option<Arc<Done<P>>>,
    /// Where it was made.
    site: P::Site,
}

impl<F, T, O, P> ThreadImap<F, T, O, P>
where
    F: Fn(T::Item) -> O + Send + Sync + 'static,
    T: Iterator<Item: Send + 'static>,
    O: Send + 'static,
    P: Tasks,
{
    #[track_caller]
    pub(super) fn new(
        desk: &Arc<Desk<P>>,
        function: F,
        arguments: T,
        chunk: usize,
        threads: usize,
        ordered: bool,
    ) -> Self {
        let done = || Arc::new(Done { numbers: Mutex::new(VecDeque::new()), came: Condvar::new() });
        ThreadImap {
            desk: Arc::clone(desk),
            function: Arc::new(function),
            arguments,
            chunk,
            ahead: AHEAD * threads,
            next: 0,
            out: VecDeque::new(),
            ready: VecDeque::new(),
            done: (!ordered).then(done),
            site: P::Site::here(),
        }
    }

    /// Gives out chunks while there are arguments and few are out.
    fn feed(&mut self) {
        while self.out.len() < self.ahead && self.desk.is_open() {
            let arguments: Vec<T::Item> = self.arguments.by_ref().take(self.chunk).collect();
            let (number, count) = (self.next, arguments.len());
            if count == 0 {
                return;
            }
            self.next += 1;
            let callback = self.done.clone().map(|done| {
                let tell = move |_: Result<&Vec<O>, &PoolError>| {
                    done.numbers.lock().unwrap_or_else(PoisonError::into_inner).push_back(number);
                    done.came.notify_one();
                };
                Box::new(tell) as _
            });
            let function = Arc::clone(&self.function);
            match self.desk.submit(function, vec![arguments], super::pool::all, callback) {
                Ok(results) => self.out.push_back(Out { number, count, results }),
                // Somebody closed the pool at this moment.
                Err(error) => return self.ready.extend((0..count).map(|_| Err(error.clone()))),
            }
        }
    }

    /// Puts results where they are taken from, if there are any to come.
    fn refill(&mut self) {
        self.feed();
        if !self.ready.is_empty() {
            return;
        }
        let Some(Out { count, results, .. }) = self.fetch() else { return };
        match results.get() {
            Ok(results) => self.ready.extend(results.into_iter().map(Ok)),
            Err(error) => self.ready.extend((0..count).map(|_| Err(error.clone()))),
        }
    }

    /// Takes out the chunk whose turn it is.
    fn fetch(&mut self) -> Option<Out<O, P>> {
        let Some(done) = &self.done else { return self.out.pop_front() };
        if self.out.is_empty() {
            return None;
        }
        let numbers = || done.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        self.desk.help(|| !numbers().is_empty());
        let numbers = numbers();
        let waited = done.came.wait_while(numbers, |numbers| numbers.is_empty());
        let number = waited.unwrap_or_else(PoisonError::into_inner).pop_front()?;
        let place = self.out.iter().position(|out| out.number == number)?;
        self.out.remove(place)
    }
}

impl<F, T, O, P> Iterator for ThreadImap<F, T, O, P>
where
    F: Fn(T::Item) -> O + Send + Sync + 'static,
    T: Iterator<Item: Send + 'static>,
    O: Send + 'static,
    P: Tasks,
{
    type Item = Result<O, PoolError>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            let here = P::Site::here();
            // Who asks may be a method of std's.
            P::on_behalf_of(self.site, || P::on_behalf_of(here, || self.refill()));
        }
        self.ready.pop_front()
    }
}

impl<F, T, O, P: Tasks> fmt::Debug for ThreadImap<F, T, O, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadImap").field("chunk", &self.chunk).finish_non_exhaustive()
    }
}

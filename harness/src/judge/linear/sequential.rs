//! Sequential consistency by search: an order of all operations in which those of each
//! client stand as it called them.
//!
//! Called by `judge` with the whole history: unlike linearizability, sequential
//! consistency of each part says nothing about the whole (Herlihy and Wing, TOPLAS
//! 1990), so each configuration holds the states of all parts. An operation that did not
//! return stands anywhere after what its client had called before, or nowhere; there is
//! no real time here, so a kill is no bound on it.
//!
//! 1. Of each client, the first `Search::at[client]` operations that returned are placed.
//! 2. `Frame::undo` is what a part's state was before the last operation placed.

use super::best::Best;
use super::cache::Cache;
use super::history::Call;
use super::judgement::{Stuck, Why};
use super::limit::Limit;
use super::model::Model;
use super::rules::Rules;
use super::states::States;
use std::collections::BTreeMap;

/// An operation that did not return.
struct Pending {
    number: u32,
    client: usize,
    /// So many of its client's operations come before.
    after: u32,
}

struct Frame {
    tried: u32,
    only: Option<usize>,
    /// The operation that led here, the part it changed, and from which state.
    placed: Option<(Candidate, usize, u32)>,
}

#[derive(Clone, Copy)]
enum Candidate {
    Client(usize),
    Pending(usize),
}

struct Search<'h, M: Model> {
    states: States<'h, M>,
    classes: Vec<u32>,
    /// The part of each operation.
    parts: Vec<usize>,
    /// The operations that returned, by client.
    clients: Vec<Vec<u32>>,
    pending: Vec<Pending>,
    used: Vec<u64>,
    at: Vec<u32>,
    now: Vec<u32>,
    order: Vec<u32>,
    done: u32,
    frames: Vec<Frame>,
    cache: Cache,
    best: Best<u32>,
    key: Vec<u64>,
}

/// Looks for an order of `calls`; `parts` says which part each is about. `None` if there
/// is one.
pub(super) fn search<'h, M: Model>(
    model: &'h M,
    calls: &'h [Call<M::Op, M::Ret>],
    parts: Vec<usize>,
    limit: &mut Limit,
) -> Result<Option<Stuck>, Why> {
    let (mut states, classes) = States::new(model, calls.iter().map(|call| (&call.op, call.ret())));
    let mut by_client: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (number, call) in calls.iter().enumerate() {
        by_client.entry(call.client).or_default().push(number as u32);
    }
    let (mut clients, mut pending) = (Vec::new(), Vec::new());
    for (client, mut numbers) in by_client.into_values().enumerate() {
        numbers.sort_by_key(|&number| calls[number as usize].at);
        let mut returned = Vec::new();
        for number in numbers {
            match calls[number as usize].ret() {
                Some(_) => returned.push(number),
                None => pending.push(Pending { number, client, after: returned.len() as u32 }),
            }
        }
        clients.push(returned);
    }
    let all = parts.iter().max().map_or(0, |last| last + 1);
    let words = (all + clients.len()).div_ceil(2);
    let init = states.init();
    let mut search = Search {
        states,
        classes,
        parts,
        used: vec![0; pending.len().div_ceil(64)],
        at: vec![0; clients.len()],
        now: vec![init; all],
        order: Vec::new(),
        done: 0,
        frames: Vec::new(),
        cache: Cache::new(words, pending.len().div_ceil(64), Rules::ALL),
        best: Best::default(),
        key: vec![0; words],
        clients,
        pending,
    };
    limit.impatient();
    if search.run(limit)? {
        return Ok(None);
    }
    let (_, order) = search.best.take();
    let prefix: Vec<usize> = order.into_iter().map(|number| number as usize).collect();
    let mut missing: Vec<bool> = calls.iter().map(|call| call.ret().is_some()).collect();
    prefix.iter().for_each(|&number| missing[number] = false);
    let operation = (0..calls.len()).filter(|&number| missing[number]).min_by_key(|&number| calls[number].at);
    Ok(Some(Stuck { partition: None, prefix, operation }))
}

impl<M: Model> Search<'_, M> {
    fn run(&mut self, limit: &mut Limit) -> Result<bool, Why> {
        let all: usize = self.clients.iter().map(Vec::len).sum();
        if all == 0 {
            return Ok(true);
        }
        self.enter(None);
        while !self.frames.is_empty() {
            limit.check(self.cache.bytes() + self.states.bytes())?;
            if let Some((candidate, state)) = self.next() {
                let placed = self.place(candidate, state);
                if self.done as usize == all {
                    return Ok(true);
                }
                if !self.enter(Some(placed)) {
                    self.take_back(placed);
                }
            } else {
                self.best.note(self.done, &self.order);
                if let Some(Frame { placed: Some(placed), .. }) = self.frames.pop() {
                    self.take_back(placed);
                }
            }
        }
        Ok(false)
    }

    /// The operation that a candidate stands for, if it can be placed now.
    fn number(&self, candidate: Candidate) -> Option<u32> {
        match candidate {
            Candidate::Client(client) => self.clients[client].get(self.at[client] as usize).copied(),
            Candidate::Pending(index) => {
                let pending = &self.pending[index];
                let free = self.used[index / 64] & (1 << (index % 64)) == 0;
                (free && self.at[pending.client] >= pending.after).then_some(pending.number)
            }
        }
    }

    /// The state of its part after an operation.
    fn after(&mut self, number: u32) -> Option<u32> {
        let now = self.now[self.parts[number as usize]];
        self.states.step(now, self.classes[number as usize])
    }

    fn next(&mut self) -> Option<(Candidate, u32)> {
        loop {
            let frame = self.frames.last_mut()?;
            let tried = frame.tried as usize;
            frame.tried += 1;
            let candidate = match frame.only {
                Some(client) if tried == 0 => Candidate::Client(client),
                Some(_) => return None,
                None if tried < self.clients.len() => Candidate::Client(tried),
                None if tried < self.clients.len() + self.pending.len() => {
                    Candidate::Pending(tried - self.clients.len())
                }
                None => return None,
            };
            let Some(number) = self.number(candidate) else { continue };
            let Some(state) = self.after(number) else { continue };
            let returned = matches!(candidate, Candidate::Client(_));
            if returned || state != self.now[self.parts[number as usize]] {
                return Some((candidate, state));
            }
        }
    }

    fn place(&mut self, candidate: Candidate, state: u32) -> (Candidate, usize, u32) {
        let number = self.number(candidate).expect("only what can be placed is");
        match candidate {
            Candidate::Client(client) => {
                self.at[client] += 1;
                self.done += 1;
            }
            Candidate::Pending(index) => self.used[index / 64] |= 1 << (index % 64),
        }
        self.order.push(number);
        let part = self.parts[number as usize];
        (candidate, part, std::mem::replace(&mut self.now[part], state))
    }

    fn take_back(&mut self, (candidate, part, state): (Candidate, usize, u32)) {
        match candidate {
            Candidate::Client(client) => {
                self.at[client] -= 1;
                self.done -= 1;
            }
            Candidate::Pending(index) => self.used[index / 64] &= !(1 << (index % 64)),
        }
        self.now[part] = state;
        self.order.pop();
        self.best.taken_back(self.order.len());
    }

    /// Begins with the configuration that is there now, unless that is no use.
    fn enter(&mut self, placed: Option<(Candidate, usize, u32)>) -> bool {
        self.key.fill(0);
        for (place, &word) in self.now.iter().chain(&self.at).enumerate() {
            self.key[place / 2] |= u64::from(word) << (place % 2 * 32);
        }
        let fresh = self.cache.visit(&self.key, &self.used);
        if fresh {
            let only = (0..self.clients.len()).find(|&client| {
                let number = self.number(Candidate::Client(client));
                let read = number.filter(|&number| self.states.reads(self.classes[number as usize]));
                read.is_some_and(|number| self.after(number).is_some())
            });
            self.frames.push(Frame { tried: 0, only, placed });
        }
        fresh
    }
}

//! The laws of waking: who is released or notified, and nobody else.
//!
//! Called by the tests, like those in `laws.rs`. They wait until the kernel has put a
//! process to sleep before they wake it, so that a wake-up that is lost is lost always.
//!
//! When a process dies here that should not, its law did not hold.

use crate::family::{Family, LONG, Outcome, SHORT, asleep, until};
use proptest::{prop_assert, prop_assert_eq};
use selvedge::{Condvar, Event, Mutex, Semaphore, Shared, Value, shareable};

shareable! {
    struct Gate { open: Event, arrived: Value<u32>, again: Semaphore }
    struct Queue { called: [Event; 8], woken: Mutex<Woken>, changed: Condvar, waiting: Value<u32> }
    struct Woken { who: [u32; 8], count: u32, allowed: u32 }
}

/// One set with a clear right after it releases everybody who waits, each time.
pub(crate) fn pulse_releases_all(waiters: usize, pulses: u32, broken: bool) -> Outcome {
    let gate = Shared::new(Gate { open: Event::new(), arrived: Value::new(0), again: Semaphore::new(0) });
    let copy = gate.clone();
    // The broken twin looks again and again whether the event is set.
    let look = |gate: &Gate| {
        (0..10).any(|_| {
            selvedge::sleep(SHORT / 10);
            gate.open.is_set()
        })
    };
    let family = Family::start(waiters, move |_| {
        (0..pulses).all(|_| {
            copy.arrived.fetch_add(1);
            let released = if broken { look(&copy) } else { copy.open.wait_timeout(LONG) };
            // Until the event was cleared, the next wait would be over at once.
            released && copy.again.acquire_timeout(LONG)
        })
    });
    for pulse in 1..=pulses {
        until("that all wait", || {
            let ended = family.iter().any(|child| !child.is_alive());
            ended || gate.arrived.get() == waiters as u32 * pulse && family.iter().all(asleep)
        })?;
        gate.open.set();
        gate.open.clear();
        prop_assert!(gate.again.release_n(waiters as u32).is_ok());
    }
    family.join()
}

/// Notifying wakes as many as it says, those who fell asleep first.
pub(crate) fn notify_wakes_in_order(order: &[usize], wakes: &[u32], broken: bool) -> Outcome {
    let queue = Shared::new(Queue {
        called: std::array::from_fn(|_| Event::new()),
        woken: Mutex::new(Woken { who: [0; 8], count: 0, allowed: 0 }),
        changed: Condvar::new(),
        waiting: Value::new(0),
    });
    let copy = queue.clone();
    let family = Family::start(order.len(), move |index| {
        if !copy.called[index].wait_timeout(LONG) {
            return false;
        }
        let woken = copy.woken.lock().unwrap();
        copy.waiting.fetch_add(1);
        let mut woken = copy.changed.wait(woken).unwrap();
        let count = woken.count as usize;
        woken.who[count] = index as u32;
        woken.count += 1;
        woken.count <= woken.allowed
    });
    for (place, &index) in order.iter().enumerate() {
        queue.called[index].set();
        until("that one waits", || queue.waiting.get() == place as u32 + 1 && asleep(&family[index]))?;
    }
    let mut before = 0;
    for &wake in wakes {
        let after = before + wake.min((order.len() - before) as u32) as usize;
        queue.woken.lock().unwrap().allowed = after as u32;
        match (after - before) as u32 {
            _ if broken => queue.changed.notify_all(),
            0 => break,
            1 => queue.changed.notify_one(),
            count => queue.changed.notify_n(count),
        }
        until("that the notified wake up", || queue.woken.lock().unwrap().count >= after as u32)?;
        let woken = queue.woken.lock().unwrap();
        let mut who: Vec<_> = woken.who[before..after].iter().map(|&index| index as usize).collect();
        let mut expected = order[before..after].to_vec();
        who.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(who, expected, "refuted: others were woken than slept longest");
        before = after;
    }
    queue.woken.lock().unwrap().allowed = order.len() as u32;
    queue.changed.notify_all();
    family.join()
}

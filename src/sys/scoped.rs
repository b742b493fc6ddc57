//! Handlers of signals that borrow from the call that sets them.
//!
//! Called by [`Signals::handling`](crate::Signals::handling), and wherever a child is started: it
//! does not return from the call, and the handler is not its own. In fibers it shares the memory
//! from which the handler borrows, and may outlive that.
//!
//! | the parent handles the signal | its child |
//! |---|---|
//! | with a handler that lasts | handles it with the same |
//! | with one that borrows | does what was done before that was set |
//!
//! When a process dies here, nothing is left. A fiber that is thrown away takes its handlers
//! along; what is known of them is forgotten later.

use super::process::Signal;
use super::signal::{Action, Handler};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};

/// A handler of which only the lifetime is gone.
type Erased = &'static dyn Fn(Signal);

/// A handler that borrows, while what it borrows is there.
struct Scoped(Rc<Cell<Option<Erased>>>);

impl Drop for Scoped {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// A handler that borrows, and what was done before it.
type Scope = (Weak<dyn Fn(Signal)>, Action);

thread_local! {
    static SCOPES: RefCell<Vec<Scope>> = const { RefCell::new(Vec::new()) };
}

/// Lets `body` run while `handler` handles a signal, which need not outlive the call.
/// `install` sets the handler that it is given and returns what takes it back when dropped;
/// `before` says what was done until then.
///
/// # Errors
/// Those of `install`.
pub fn scoped<G, R>(
    handler: &dyn Fn(Signal),
    install: impl FnOnce(Handler) -> io::Result<G>,
    before: impl FnOnce(&G) -> Action,
    body: impl FnOnce() -> R,
) -> io::Result<R> {
    // SAFETY: only the lifetime is erased. The reference is taken out of its cell before
    // this returns or unwinds, also if somebody keeps the handler itself; if this never
    // does, the closure stays where it is, and if its stack is thrown away, its task runs
    // no handler any more.
    let handler = unsafe { std::mem::transmute::<&dyn Fn(Signal), Erased>(handler) };
    let scoped = Scoped(Rc::new(Cell::new(Some(handler))));
    let cell = Rc::clone(&scoped.0);
    let handler: Handler = Rc::new(move |signal| {
        if let Some(handler) = cell.get() {
            handler(signal);
        }
    });
    let known = Rc::downgrade(&handler);
    let guard = install(handler)?;
    let forgotten = SCOPES.with_borrow_mut(|scopes| {
        let lives = |(handler, _): &Scope| handler.strong_count() > 0;
        let (living, gone) = std::mem::take(scopes).into_iter().partition::<Vec<_>, _>(lives);
        *scopes = living;
        scopes.push((known, before(&guard)));
        gone
    });
    // Outside of the borrow: a destructor may set handlers.
    drop(forgotten);
    let result = body();
    drop(guard);
    Ok(result)
}

/// What a child does about a signal about which its parent, in this thread, does this.
#[must_use]
pub fn lasting(mut action: Action) -> Action {
    while let Action::Handle(handler) = &action
        && let Some(before) = before(handler)
    {
        action = before;
    }
    action
}

/// What was done before a handler that borrows.
fn before(handler: &Handler) -> Option<Action> {
    let is_it = |known: &Weak<dyn Fn(Signal)>| std::ptr::addr_eq(known.as_ptr(), Rc::as_ptr(handler));
    SCOPES
        .with_borrow(|scopes| scopes.iter().find(|(known, _)| is_it(known)).map(|(_, before)| before.clone()))
}

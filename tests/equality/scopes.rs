//! What a task can do around something else: hold a lock, handle a signal, catch a panic.

use super::objects::{Objects, Own, SHORT};
use super::rows::{Row, closure, named};
use selvedge_harness::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Something that a task does around a body.
pub(crate) type Scope = Row<fn(&Objects, &mut Own, Body<'_>)>;

/// What is done inside.
pub(crate) type Body<'a> = &'a mut dyn FnMut(&mut Own);

/// A table of scopes in which what an expression gives is kept: a lock if it was to be had.
macro_rules! kept {
    (($shared:ident, $own:ident) $($code:expr;)*) => {
        named! { ($shared, $own, body)
            $(concat!("keep ", stringify!($code)) => {
                let kept = $code;
                body($own);
                drop(kept);
            };)*
        }
    };
}

/// What is given back in the end.
pub(crate) const KEPT: &[Scope] = kept! { (shared, own)
    shared.first.lock();
    shared.second.lock();
    shared.first.try_lock();
    shared.second.try_lock_for(SHORT);
    shared.robust.lock();
    shared.sturdy.lock();
    shared.robust.try_lock();
    shared.sturdy.try_lock_for(SHORT);
    shared.robust.lock_or_repair(|number| *number = 1);
    shared.sturdy.lock_or_repair(|number| *number = 1);
    shared.document.read();
    shared.document.write();
    shared.document.write().map(|held| held.downgrade());
    shared.nested.lock();
    shared.nested.try_lock_for(SHORT);
    shared.permits.access();
    shared.permits.access_timeout(SHORT);
    shared.seats.acquire();
    shared.seats.acquire_timeout(SHORT);
    shared.count.lock();
    shared.row.lock();
    Signals::ignore(Signal::SIGTERM);
};

/// What does more than that.
pub(crate) const AROUND: &[Scope] = named! { (shared, own, body)
    "keep shared.file().lock()" => {
        let mut file = shared.file();
        let kept = file.lock();
        body(own);
        drop(kept);
    };
    "keep shared.file().lock_shared()" => {
        let mut file = shared.file();
        let kept = file.lock_shared();
        body(own);
        drop(kept);
    };
    "keep own.lock().lock()" => {
        let lock = own.lock();
        let kept = lock.lock();
        body(own);
        drop(kept);
    };
    "catch_unwind" => _ = catch_unwind(AssertUnwindSafe(|| body(own)));
    "shared.once.call_once" => shared.once.call_once(|| body(own));
    "shared.once.call_once_timeout" => _ = shared.once.call_once_timeout(SHORT, || body(own));
    "shared.cell.get_or_init" => _ = shared.cell.get_or_init(|| { body(own); 5 });
    "shared.barrier.wait_with" => _ = shared.barrier.wait_with(|| body(own));
    "Signals::handling SIGUSR1" => {
        _ = Signals::handling(Signal::SIGUSR1, |_| _ = shared.total.fetch_add(1), || body(own));
    };
    "Signals::handling SIGTERM" => {
        _ = Signals::handling(Signal::SIGTERM, |_| step(), || body(own));
    };
    "Signals::block" => {
        _ = Signals::block([Signal::SIGTERM, Signal::SIGUSR1]);
        body(own);
        _ = Signals::unblock([Signal::SIGTERM, Signal::SIGUSR1]);
    };
    "scope of threads" => {
        body(own);
        own.join();
    };
};

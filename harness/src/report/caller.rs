//! Which test explores: told by the stack of the thread that does.
//!
//! Called for the line that reproduces a finding. The name of a thread alone tells nothing: a
//! test may start one with any name and explore there.
//!
//! | who called | the test |
//! |---|---|
//! | libtest, in a thread of its own | the thread's name |
//! | libtest, in the main thread (`--test-threads=1`) | the function that libtest called |
//! | anybody else | unknown |
//!
//! Where an executable has no symbols, it is unknown as well.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::sync::Arc;

/// The function of libtest that calls a test, and no other code.
const LIBTEST: &str = "test::__rust_begin_short_backtrace";

thread_local! {
    static DEPUTY_OF: RefCell<Option<Arc<Caller>>> = const { RefCell::new(None) };
}

/// Who explores.
pub(crate) struct Caller {
    thread: Option<String>,
    /// Looked up only where somebody asks: that takes long.
    stack: Backtrace,
}

impl Caller {
    /// The running code.
    pub(crate) fn here() -> Caller {
        let thread = std::thread::current().name().map(str::to_owned);
        Caller { thread, stack: Backtrace::force_capture() }
    }

    /// From now on this thread speaks for that caller.
    pub(crate) fn deputize(self: Arc<Caller>) {
        DEPUTY_OF.set(Some(self));
    }

    /// The path of the running test, as libtest calls it.
    pub(super) fn test() -> Option<String> {
        match DEPUTY_OF.with_borrow(Clone::clone) {
            Some(caller) => caller.name(),
            None => Caller::here().name(),
        }
    }

    fn name(&self) -> Option<String> {
        let stack = self.stack.to_string();
        let thread = self.thread.as_deref().filter(|thread| *thread != "main");
        let test = called_by_libtest(&stack)?;
        thread.map(str::to_owned).or(test)
    }
}

/// The test that libtest called, if libtest called anything; none in that if its function was
/// made a part of another one.
fn called_by_libtest(stack: &str) -> Option<Option<String>> {
    let frames: Vec<&str> = stack.lines().filter_map(frame).collect();
    let libtest = frames.iter().position(|name| *name == LIBTEST)?;
    let is_call =
        |name: &&&str| name.contains("core::ops::function::FnOnce") && name.ends_with("::call_once");
    let mut called = frames[..libtest].iter().rev().skip_while(is_call);
    // The attribute `test` makes a closure around the function.
    let (closure, function) = (called.next(), called.next());
    let path = function.filter(|function| closure.and_then(|closure| owner(closure)) == Some(function));
    Some(path.and_then(|path| path.split_once("::")).map(|(_, test)| test.to_owned()))
}

/// The name in a line that has one, without the types that stand for its parameters: a number,
/// a colon and the name; below it may stand its place.
fn frame(line: &str) -> Option<&str> {
    let (number, name) = line.trim_start().split_once(": ")?;
    number.parse::<usize>().ok()?;
    Some(name.find("::<").map_or(name, |types| &name[..types]))
}

/// In what a closure stands.
fn owner(closure: &str) -> Option<&str> {
    closure.strip_suffix("::{{closure}}").or_else(|| closure.strip_suffix("::{closure#0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_in_its_own_thread_and_by_who_speaks_for_it() {
        let name = "report::caller::tests::a_test_is_known_in_its_own_thread_and_by_who_speaks_for_it";
        assert_eq!(Caller::test().as_deref(), Some(name));
        // As in the main thread, where the name says nothing. Optimised code may have no frame for
        // the function.
        let nameless = Caller { thread: Some("main".to_owned()), ..Caller::here() }.name();
        assert!(nameless.as_deref() == Some(name) || !cfg!(debug_assertions) && nameless.is_none());
        let caller = Arc::new(Caller::here());
        let other = std::thread::Builder::new().name("one::of_mine".to_owned());
        let tests = other.spawn(|| {
            let before = Caller::test();
            caller.deputize();
            (before, Caller::test())
        });
        assert_eq!(tests.unwrap().join().unwrap(), (None, Some(name.to_owned())));
    }

    #[test]
    fn what_is_no_test_is_not_taken_for_one() {
        let stack = |frames: &[&str]| -> String {
            frames
                .iter()
                .enumerate()
                .map(|(at, name)| format!("{at:4}: {name}\n             at x.rs:1:2\n"))
                .collect()
        };
        let call = "core::ops::function::FnOnce::call_once";
        let other_call = "<fn() as core::ops::function::FnOnce<()>>::call_once";
        let typed = "test::__rust_begin_short_backtrace::<(), fn() -> ()>";
        for (frames, test) in [
            (&["shop::main", "std::rt::lang_start"][..], None),
            (&["std::sys::backtrace::__rust_begin_short_backtrace"], None),
            (&["my_test::__rust_begin_short_backtrace"], None),
            (&["a::t::own", "a::t::own::{{closure}}", call, LIBTEST], Some(Some("t::own"))),
            (&["a::t::own", "a::t::own::{closure#0}", call, other_call, typed], Some(Some("t::own"))),
            // The test is a part of its caller, and what it calls is none.
            (&["a::t::help", "a::t::other::{{closure}}", call, LIBTEST], Some(None)),
            (&["a::t::help", call, LIBTEST], Some(None)),
            (&[LIBTEST], Some(None)),
        ] {
            let test = test.map(|test| test.map(str::to_owned));
            assert_eq!(called_by_libtest(&stack(frames)), test, "{frames:?}");
        }
    }
}

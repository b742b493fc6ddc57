//! What a panic said and where, kept in the arena instead of printed.
//!
//! The panic hook is the only place that knows the source line of a panic. One
//! hook is installed once for the whole program; for threads that do not run an
//! exploration it calls the hook that was there before.
//!
//! When a process dies here, the note holds what was written so far.

use crate::judge::{Place, Verdict};
use crate::kernel::data::current;
use crate::kernel::data::fixed::Text;
use crate::kernel::data::state::UNWINDING;
use crate::kernel::hooks::recorder::Judged;
use std::any::Any;
use std::cell::Cell;
use std::panic::{Location, PanicHookInfo, panic_any, resume_unwind};
use std::ptr;
use std::sync::Once;

/// The note of a panic.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Note {
    pub(crate) message: Text<2048>,
    pub(crate) file: Text<256>,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// `real`: the signal that the running task caught.
    pub(crate) signal: i32,
    /// It is no fault of the program: what it runs in refused it something.
    pub(crate) refused: bool,
}

impl Note {
    pub(crate) const EMPTY: Note =
        Note { message: Text::EMPTY, file: Text::EMPTY, line: 0, column: 0, signal: 0, refused: false };

    pub(crate) fn clear(&mut self) {
        self.message.clear();
        self.file.clear();
        self.line = 0;
        self.column = 0;
        self.signal = 0;
        self.refused = false;
    }

    /// The law that the noted panic says is broken.
    pub(crate) fn law(&self) -> Verdict {
        Verdict::Law { message: self.message.as_str().to_owned(), place: self.place() }
    }

    /// What was refused, if the noted panic says that.
    pub(crate) fn refusal(&self) -> Option<Verdict> {
        self.refused.then(|| Verdict::Refused(self.message.as_str().to_owned()))
    }

    /// What a judgement that ended with this panic says.
    pub(crate) fn judged(&mut self, payload: &(dyn Any + Send)) -> Verdict {
        match payload.downcast_ref::<Judged>() {
            Some(Judged::Undecided(why)) => Verdict::Broken(why.clone()),
            Some(Judged::Refused(why)) => Verdict::Refused(why.clone()),
            Some(Judged::Broken(message, site)) => {
                let place = Place::new(site.file(), site.line(), site.column());
                Verdict::Law { message: message.clone(), place }
            }
            None => {
                self.complete(payload);
                self.law()
            }
        }
    }

    /// What is said of an execution whose set-up ended with the noted panic.
    pub(crate) fn set_up(&self) -> Verdict {
        let broken = || Verdict::Broken(format!("the set-up panicked: {}", self.message.as_str()));
        self.refusal().unwrap_or_else(broken)
    }

    /// Where the noted panic stands.
    pub(crate) fn place(&self) -> Place {
        Place::new(self.file.as_str(), self.line, self.column)
    }

    /// Writes down a panic that no hook saw (`resume_unwind`), unless it goes on with what
    /// the noted one said. One that was caught meanwhile may have left a note of its own.
    pub(crate) fn complete(&mut self, payload: &(dyn Any + Send)) {
        let mut said = Text::EMPTY;
        said.set(text(payload));
        if self.message.as_str() != said.as_str() {
            self.clear();
            self.message = said;
            self.refused = is_refusal(payload);
        }
    }
}

/// Unwinds with a panic that says `message` and stands at `place`.
pub(in crate::kernel) fn unwind_with(message: String, place: &Location<'_>) -> ! {
    let note = NOTE.get();
    if !note.is_null() {
        // SAFETY: as in `write_down`.
        let note = unsafe { &mut *note };
        note.clear();
        note.message.set(&message);
        note.file.set(place.file());
        note.line = place.line();
        note.column = place.column();
    }
    resume_unwind(Box::new(message))
}

/// Panics because what the program runs in refuses it something that every execution needs;
/// `message` says what would be right.
#[track_caller]
pub(crate) fn refuse(message: String) -> ! {
    if NOTE.get().is_null() {
        panic!("{message}");
    }
    panic_any(Judged::Refused(message))
}

fn is_refusal(payload: &(dyn Any + Send)) -> bool {
    matches!(payload.downcast_ref(), Some(Judged::Refused(_)))
}

fn text<'p>(payload: &'p (dyn Any + Send)) -> &'p str {
    let judged = |judged: &'p Judged| match judged {
        Judged::Broken(text, _) | Judged::Undecided(text) | Judged::Refused(text) => text.as_str(),
    };
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .or_else(|| payload.downcast_ref::<Judged>().map(judged))
        .unwrap_or("a panic whose payload is not text")
}

/// Gives back what a panic carried. A payload that is more than text is left where it is:
/// its destructor could wait or panic again, where no task runs any more.
pub(crate) fn let_go(payload: Box<dyn Any + Send>) {
    if !(payload.is::<&str>() || payload.is::<String>() || payload.is::<Judged>()) {
        std::mem::forget(payload);
    }
}

thread_local! {
    static NOTE: Cell<*mut Note> = const { Cell::new(ptr::null_mut()) };
}

/// Installs the hook, once. Done before any fork as well, so that no child can
/// inherit the installation half done by another thread.
pub(crate) fn install() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !write_down(info) {
                before(info);
            }
        }));
    });
}

/// From now on panics of this thread are written to `note`; null ends that.
/// Returns what was set before.
pub(crate) fn capture(note: *mut Note) -> *mut Note {
    install();
    NOTE.replace(note)
}

fn write_down(info: &PanicHookInfo<'_>) -> bool {
    let note = NOTE.get();
    if note.is_null() {
        return false;
    }
    let kernel = current::get();
    if !kernel.is_null() {
        // SAFETY: a current kernel is alive, and the panicking task holds the turn.
        let kernel = unsafe { &mut *kernel };
        if kernel.is_over() {
            // The execution has its verdict; tasks only leave their code now.
            return true;
        }
        kernel.flags |= UNWINDING;
        kernel.note_fall();
    }
    // SAFETY: an engine set the pointer to the note in its arena and takes it back
    // before the arena goes; only this thread, or the holder of the turn, writes it.
    let note = unsafe { &mut *note };
    note.clear();
    note.message.set(text(info.payload()));
    note.refused = is_refusal(info.payload());
    if let Some(place) = info.location() {
        note.file.set(place.file());
        note.line = place.line();
        note.column = place.column();
    }
    true
}

//! What a panic says, and the end of one that was caught.
//!
//! Called by everything that runs code of others and must go on after it has panicked.
//!
//! When a process dies here, nothing is left.

use std::any::Any;
use std::mem;

/// The text of a panic.
pub(crate) fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

/// What a panic says that goes no further than here. Its payload is never dropped: the
/// destructor could panic again, and nobody needs it.
pub(crate) fn end(payload: Box<dyn Any + Send>) -> String {
    let text = text(&*payload);
    mem::forget(payload);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    struct Explosive;

    impl Drop for Explosive {
        fn drop(&mut self) {
            panic_any("it was dropped");
        }
    }

    #[test]
    fn a_panic_has_its_words_or_others() {
        assert_eq!(end(Box::new("borrowed")), "borrowed");
        assert_eq!(end(Box::new("owned".to_owned())), "owned");
        assert_eq!(end(Box::new(Explosive)), "a panic without a message");
    }
}

//! Functions by their address, which means the same to every copy of a process.
//!
//! Called by pools, also those of managers: a task says by its address what is to be run.
//!
//! 1. Only a function that captures nothing has its whole meaning in its address. That is
//!    checked when a program is compiled.
//! 2. An address is used by the process that took it and by those forked from it: they have
//!    the same code at the same place, whenever they were forked.
//!
//! When a process dies here, nothing is left behind.

use std::ptr::NonNull;

/// What a function is called for: it gets bytes, may write some, and answers with an `A`.
pub(crate) trait Body<A>: Copy + 'static {
    /// Runs it. What it writes goes behind what there is in `output`.
    fn run(self, input: &[u8], output: &mut Vec<u8>) -> A;
}

/// The address of a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(u64);

type Call<A> = fn(&[u8], &mut Vec<u8>) -> A;

impl Code {
    /// The address of the code behind `_body`.
    pub(crate) fn of<A, B: Body<A>>(_body: B) -> Code {
        const {
            assert!(
                size_of::<B>() == 0,
                "the function of a pool's task must not capture anything: it is run by a process that \
                 was forked earlier; give what it needs as its argument"
            );
        }
        Code(call::<A, B> as Call<A> as usize as u64)
    }

    /// The address as a number, for a message to another process of this family.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The code at a [`number`](Self::number) of this family's.
    pub(crate) fn from_number(number: u64) -> Code {
        Code(number)
    }

    /// Runs the code that has this address and answers with an `A`: the same `A` as in
    /// [`of`](Self::of), which the one caller in this crate sees to.
    pub(crate) fn run<A>(self, input: &[u8], output: &mut Vec<u8>) -> A {
        // SAFETY: a `Code` is made by `of` alone, or from the number of one that was, and reaches
        // only copies of its process (2).
        let call = unsafe { std::mem::transmute::<usize, Call<A>>(self.0 as usize) };
        call(input, output)
    }
}

fn call<A, B: Body<A>>(input: &[u8], output: &mut Vec<u8>) -> A {
    // SAFETY: a value without a size is anywhere; `of` was given one of this type, which may
    // be copied.
    let body = unsafe { NonNull::<B>::dangling().read() };
    body.run(input, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Length;

    impl Body<usize> for Length {
        fn run(self, input: &[u8], output: &mut Vec<u8>) -> usize {
            output.extend_from_slice(input);
            input.len()
        }
    }

    #[test]
    fn the_address_is_the_function() {
        let code = Code::from_number(Code::of(Length).number());
        let mut output = b"not ".to_vec();
        assert_eq!(code.run::<usize>(b"four", &mut output), 4);
        assert_eq!(output, b"not four");
    }
}

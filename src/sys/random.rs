//! Random bytes from the kernel.
//!
//! Called for secrets only: keys and challenges. What a schedule could depend on comes
//! from a seed instead.
//!
//! When a process dies here, nothing is left behind.
//!
//! Source: getrandom(2).

use nix::errno::Errno;
use nix::libc;

/// `N` random bytes.
///
/// # Panics
/// If the kernel has none to give; every Linux since 3.17 has.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        let rest = &mut bytes[filled..];
        // SAFETY: the kernel writes at most as many bytes as `rest` has.
        let result = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match Errno::result(result) {
            Ok(count) => filled += count.cast_unsigned(),
            Err(Errno::EINTR) => {}
            Err(errno) => panic!("the kernel gives no random bytes: {errno}"),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_equal() {
        assert_ne!(bytes::<32>(), bytes::<32>());
        assert_eq!(bytes::<0>(), []);
    }
}

//! The descriptor into which signals are written as they come.
//!
//! When a process dies here, nothing is expected of it.

use super::signal::{file, non_blocking, nothing_seen, noting};
use rusty_fork::rusty_fork_test;
use selvedge::Signals;
use selvedge::signal::Signal::{SIGUSR1, SIGUSR2};
use std::io::{ErrorKind, Read, pipe};
use std::os::unix::net::UnixStream;

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_signal_06_setting_a_wake_up_descriptor_returns_the_one_before() {
        let pipes: Vec<_> = (0..2).map(|_| pipe().unwrap()).collect();
        let mut ends = pipes.iter().map(|(_, writer)| non_blocking(writer.try_clone().unwrap()));
        assert!(Signals::set_wakeup(ends.next()).unwrap().is_none());
        let first = Signals::set_wakeup(ends.next()).unwrap().expect("the first");
        assert_eq!(file(&first), file(&pipes[0].1));
        let second = Signals::set_wakeup(None).unwrap().expect("the second");
        assert_eq!(file(&second), file(&pipes[1].1));
        assert!(Signals::set_wakeup(None).unwrap().is_none());
    }

    #[test]
    fn c_signal_07_a_wake_up_descriptor_that_blocks_is_refused() {
        let (_reader, writer) = pipe().unwrap();
        let error = Signals::set_wakeup(Some(writer.into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("O_NONBLOCK"), "{error}");
    }

    #[test]
    fn c_signal_10_the_bytes_are_the_numbers_in_order() {
        let (mut reader, writer) = pipe().unwrap();
        Signals::set_wakeup(Some(non_blocking(writer))).unwrap();
        let _one = Signals::handle(SIGUSR1, |_| ()).unwrap();
        let _two = Signals::handle(SIGUSR2, |_| ()).unwrap();
        for signal in [SIGUSR1, SIGUSR2, SIGUSR1] {
            Signals::raise(signal).unwrap();
        }
        let mut bytes = [0; 3];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes.map(i32::from), [SIGUSR1 as i32, SIGUSR2 as i32, SIGUSR1 as i32]);
    }

    #[test]
    fn c_signal_12_a_socket_will_do_and_a_full_one_loses_bytes_and_waits_for_nobody() {
        let (mut near, far) = UnixStream::pair().unwrap();
        Signals::set_wakeup(Some(non_blocking(far))).unwrap();
        let seen = nothing_seen();
        let _handler = Signals::handle(SIGUSR1, noting(&seen)).unwrap();
        Signals::raise(SIGUSR1).unwrap();
        let mut byte = [0];
        near.read_exact(&mut byte).unwrap();
        assert_eq!(i32::from(byte[0]), SIGUSR1 as i32);
        assert_eq!(Signals::lost_wakeups(), 0);
        let mut raised = 1;
        let mut lost = 0;
        while lost == 0 {
            Signals::raise(SIGUSR1).unwrap();
            raised += 1;
            lost = Signals::lost_wakeups();
        }
        assert_eq!(lost, 1);
        assert_eq!(seen.borrow().len(), raised);
        assert_eq!(Signals::lost_wakeups(), 0, "counted once");
    }
}

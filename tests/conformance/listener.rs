//! Listeners and clients: addresses, backlogs, keys, and peers that mean no good.
//!
//! When a process dies here, a test asked for it.

use super::connection::{errno, families, listener};
use nix::libc;
use rusty_fork::rusty_fork_test;
use selvedge::net::{Address, Listener, connect};
use selvedge::platform::Native;
use selvedge::process::AuthKey;
use selvedge::{Error, Process, current_process};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_conn_13_an_address_can_be_listened_at_once() {
        for address in families() {
            let first = listener(&address);
            assert_eq!(errno(Listener::<Native>::bind(first.address())), Some(libc::EADDRINUSE), "{address}");
        }
        // Their paths and ports are free again.
        families().iter().for_each(|address| drop(listener(address)));
    }

    #[test]
    fn c_conn_14_listeners_accept_until_they_are_closed() {
        for address in families() {
            let mut listener = listener(&address);
            let address = listener.address().clone();
            let child = Process::spawn(move || connect::<Native>(&address, None).unwrap().send("here").unwrap());
            assert_eq!(listener.accept().unwrap().recv::<String>().unwrap(), "here");
            assert!(child.join().unwrap().success());
            listener.close();
            assert!(matches!(listener.accept(), Err(Error::ConnectionClosed)));
            // A port could be somebody else's by now.
            if !matches!(listener.address(), Address::Tcp(_)) {
                assert!(errno(connect::<Native>(listener.address(), None)).is_some());
            }
            if let Address::Unix(path) = listener.address() {
                assert!(!path.exists());
            }
        }
    }

    #[test]
    fn c_conn_15_a_client_that_left_is_still_heard() {
        for address in families() {
            let listener = listener(&address);
            let client = connect::<Native>(listener.address(), None).unwrap();
            client.send("I was here").unwrap();
            drop(client);
            let mut connection = listener.accept().unwrap();
            assert!(connection.poll(LONG).unwrap(), "{address}");
            assert_eq!(connection.recv::<String>().unwrap(), "I was here");
            assert!(matches!(connection.recv::<u8>(), Err(Error::EndOfFile)));
        }
    }

    #[test]
    fn b_xt_14_both_sides_must_have_the_key() {
        let (key, other) = (current_process().authkey().clone(), AuthKey::new(b"another"));
        for address in families() {
            let listener = listener(&address).authkey(&key).patience(LONG);
            let at = listener.address().clone();
            let (right, wrong) = (key.clone(), other.clone());
            let child = Process::spawn(move || {
                let refused = connect::<Native>(&at, Some(&wrong)).unwrap_err();
                assert!(matches!(refused, Error::Authentication { .. }), "{refused}");
                let mut server = connect::<Native>(&at, Some(&right)).unwrap();
                server.send(&server.is_writable()).unwrap();
                assert!(server.recv::<bool>().unwrap());
            });
            let error = listener.accept().unwrap_err();
            assert_eq!(error.to_string(), "not authenticated: the other side has another key");
            let mut client = listener.accept().unwrap();
            assert!(client.recv::<bool>().unwrap());
            client.send(&true).unwrap();
            assert!(child.join().unwrap().success());
        }
    }

    #[test]
    fn b_xt_14_hostile_peers_are_refused() {
        let key = AuthKey::new(b"the key");
        let refused = |what: &str, bytes: &[u8], why: &str| {
            // Whoever says something is heard, however long it takes to come.
            let patience = if bytes.is_empty() { Duration::from_millis(1) } else { LONG };
            let listener = listener(&"127.0.0.1:0".parse().unwrap()).authkey(&key).patience(patience);
            let Address::Tcp(at) = listener.address().clone() else { unreachable!() };
            let mut peer = TcpStream::connect(at).unwrap();
            // It may be turned away before it has said all.
            let _ = peer.write_all(bytes);
            if what == "short" {
                drop(peer.shutdown(std::net::Shutdown::Write));
            }
            let error = listener.accept().unwrap_err();
            assert!(matches!(error, Error::Authentication { .. }) && error.to_string().contains(why), "{what}: {error}");
        };
        refused("silent", b"", "timed out");
        refused("short", &[0, 0, 0, 32, 1, 2], "end of file");
        refused("oversized", &[&[0, 0, 16, 0][..], &[0; 4096]].concat(), "at most 256");
        refused("endless", &[0xBF, 0xFF, 0xFF, 0xFF], "no message");
        refused("in parts", &[&[0xC0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9], b"x"].concat(), "no message");
        refused("wrong digest", &[&[0, 0, 0, 32][..], &[7; 32]].concat(), "another key");
        refused("empty digest", &[0, 0, 0, 0], "another key");
        // And a server that asks for no key learns nothing and is refused by its client.
        let impostor = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = Address::Tcp(impostor.local_addr().unwrap());
        let child = Process::spawn(move || {
            let error = connect::<Native>(&at, Some(&key)).unwrap_err();
            assert!(matches!(error, Error::Authentication { .. }), "{error}");
        });
        let mut peer = impostor.accept().unwrap().0;
        peer.write_all(&[&[0, 0, 0, 9][..], b"#WELCOME#"].concat()).unwrap();
        assert!(child.join().unwrap().success());
    }
}

//! How two processes show each other that they have the same key, without sending it.
//!
//! Called by [`Listener::accept`](super::Listener::accept) and
//! [`connect`](super::connect()).
//!
//! | step | listener | client |
//! |---|---|---|
//! | 1 | sends a challenge: 32 random bytes | |
//! | 2 | | answers with its HMAC-SHA-256 under the key |
//! | 3 | says welcome, or failure and closes | |
//! | 4 to 6 | answers | the same, the other way round |
//!
//! 1. Nothing but these messages is read before both have shown the key, none of them is
//!    longer than [`LONGEST`] bytes, and all of it must be over by a deadline.
//! 2. What is answered names who answers, so that a challenge cannot be sent back to the
//!    one who made it and be answered by him.
//! 3. Digests are compared in a time that does not depend on where they differ.
//!
//! When a process dies here, the other one meets the end of the file and refuses.
//!
//! Sources: RFC 2104; the shape of the exchange is that of Python's
//! `multiprocessing.connection`.

use crate::Error;
use crate::channel::Connection;
use crate::platform::Io;
use crate::process::AuthKey;
use crate::sys::random;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The longest message of an exchange, in bytes.
const LONGEST: usize = 256;
const CHALLENGE: &[u8] = b"#CHALLENGE#{sha256}";
const WELCOME: &[u8] = b"#WELCOME#";
const FAILURE: &[u8] = b"#FAILURE#";
const RANDOM: usize = 32;

/// Who answers a challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Listener,
    Client,
}

fn digest(key: &AuthKey, answers: Role, challenge: &[u8]) -> Hmac<Sha256> {
    let mut digest = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key may have any length");
    digest.update(if answers == Role::Listener { b"listener" } else { b"client  " });
    digest.update(challenge);
    digest
}

/// The exchange as one side sees it.
struct Exchange<'c, P: Io> {
    connection: &'c mut Connection<P>,
    key: &'c AuthKey,
    deadline: u64,
    site: P::Site,
}

/// The listener's side.
pub(super) fn of_listener<P: Io>(
    connection: &mut Connection<P>,
    key: &AuthKey,
    deadline: u64,
    site: P::Site,
) -> Result<(), Error> {
    let mut exchange = Exchange { connection, key, deadline, site };
    exchange.challenge(Role::Client).and_then(|()| exchange.answer(Role::Listener)).map_err(refused)
}

/// The client's side; its errors are not [`refused`] yet.
pub(super) fn of_client<P: Io>(
    connection: &mut Connection<P>,
    key: &AuthKey,
    deadline: u64,
    site: P::Site,
) -> Result<(), Error> {
    let mut exchange = Exchange { connection, key, deadline, site };
    exchange.answer(Role::Client).and_then(|()| exchange.challenge(Role::Listener))
}

/// Whatever goes wrong, the other one has not shown the key.
pub(super) fn refused(error: Error) -> Error {
    match error {
        Error::Authentication { .. } => error,
        other => Error::Authentication { why: other.to_string() },
    }
}

fn wrong(why: &str) -> Error {
    Error::Authentication { why: why.to_owned() }
}

impl<P: Io> Exchange<'_, P> {
    fn receive(&mut self) -> Result<Vec<u8>, Error> {
        self.connection.recv_until(LONGEST, self.deadline, self.site)
    }

    /// Has the other one, who is `other`, show the key.
    fn challenge(&mut self, other: Role) -> Result<(), Error> {
        let challenge = random::bytes::<RANDOM>();
        self.connection.send_bytes_from(&[CHALLENGE, &challenge].concat(), self.site)?;
        let answer = self.receive()?;
        if digest(self.key, other, &challenge).verify_slice(&answer).is_err() {
            // Who is refused need not be there any more.
            let _ = self.connection.send_bytes_from(FAILURE, self.site);
            return Err(wrong("the other side has another key"));
        }
        self.connection.send_bytes_from(WELCOME, self.site)
    }

    /// Shows the key to the other one, as `me`.
    fn answer(&mut self, me: Role) -> Result<(), Error> {
        let message = self.receive()?;
        let challenge = message.strip_prefix(CHALLENGE).filter(|challenge| challenge.len() == RANDOM);
        let Some(challenge) = challenge else {
            return Err(wrong("the other side sent no challenge: it may not ask for a key"));
        };
        let answer = digest(self.key, me, challenge).finalize().into_bytes();
        self.connection.send_bytes_from(&answer, self.site)?;
        match self.receive()?.as_slice() {
            WELCOME => Ok(()),
            _ => Err(wrong("the other side refused this key")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_right_for_one_key_one_challenge_and_one_side() {
        let (key, other) = (AuthKey::new(b"key"), AuthKey::new(b"other"));
        let (challenge, another) = (random::bytes::<RANDOM>(), random::bytes::<RANDOM>());
        let answer = digest(&key, Role::Client, &challenge).finalize().into_bytes();
        let is_right =
            |key, role, challenge: &[u8]| digest(key, role, challenge).verify_slice(&answer).is_ok();
        assert!(is_right(&key, Role::Client, &challenge));
        assert!(!is_right(&other, Role::Client, &challenge) && !is_right(&key, Role::Client, &another));
        // A challenge that is sent back to its maker brings no answer to it.
        assert!(!is_right(&key, Role::Listener, &challenge));
        assert!(digest(&key, Role::Client, &challenge).verify_slice(&answer[..31]).is_err());
    }
}

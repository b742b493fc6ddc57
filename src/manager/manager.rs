//! Starting, finding and ending a manager.
//!
//! Called by programs.
//!
//! | state | calls of proxies | `shutdown` |
//! |---|---|---|
//! | runs | answered | ends it |
//! | ended or dead | [`Error::ManagerGone`] | done already |
//!
//! 1. The server listens before `start` returns.
//! 2. Only the process that started the server ends it: by [`Manager::shutdown`], by
//!    dropping, or by its own end.
//!
//! When the starter dies, the server ends; when the server dies, see the folder's text.

use super::lifeline::Lifeline;
use super::link::Link;
use super::message::Request;
use super::server::Server;
use super::state::{Type, Types};
use crate::channel::pipe;
use crate::net::{Address, Listener};
use crate::platform::{Io, Native, Site, Tasks};
use crate::process::{self, AuthKey, Process};
use crate::{Error, ExitStatus};
use std::fmt;
use std::time::Duration;

/// How long a server may take to end before it is ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process whose objects other processes use through proxies.
///
/// ```
/// use selvedge::manager::Manager;
/// use selvedge::Process;
///
/// let manager: Manager = Manager::start()?;
/// let stock = manager.dict::<String, u32>()?;
/// stock.insert("apples", &3)?;
/// let copy = stock.clone();
/// let buyer = Process::spawn(move || {
///     copy.update("apples", |count| count.map(|count| count - 1)).unwrap();
/// });
/// buyer.join()?;
/// assert_eq!(stock.get("apples")?, Some(2));
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "SyncManager")]
pub struct Manager<P: Io + Tasks = Native> {
    pub(super) link: Link<P>,
    /// The server, and the process that started it.
    server: Option<(Process<P>, u32)>,
    /// What the server lives by, in that process.
    _lifeline: Option<Lifeline<P>>,
    /// Where it was made.
    site: P::Site,
}

/// What a manager is started with.
#[derive(Default)]
#[must_use = "it starts nothing by itself"]
pub struct Builder {
    address: Option<Address>,
    authkey: Option<AuthKey>,
    types: Types,
    initializer: Option<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Builder { address, authkey, types, initializer } = self;
        f.debug_struct("Builder")
            .field("address", address)
            .field("authkey", authkey)
            .field("types", types)
            .field("initializer", &initializer.is_some())
            .finish()
    }
}

impl Builder {
    /// The server listens at this address; one of the kernel's that nobody else uses
    /// unless given.
    pub fn address(mut self, address: Address) -> Self {
        self.address = Some(address);
        self
    }

    /// Clients must show this key; that of the calling process unless given.
    pub fn authkey(mut self, authkey: &AuthKey) -> Self {
        self.authkey = Some(authkey.clone());
        self
    }

    /// Clients can have objects of this type; see [`Registered`](super::Registered).
    pub fn register<T>(mut self, added: Type<T>) -> Self {
        self.types.add(added);
        self
    }

    /// The server's process runs this first, before it listens.
    pub fn initializer(mut self, initializer: impl FnOnce() + Send + 'static) -> Self {
        self.initializer = Some(Box::new(initializer));
        self
    }

    /// Starts the server process.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if two registered types have one name, [`Error::Os`] if the
    /// process cannot be started, [`Error::Remote`] if its initializer panics or it cannot
    /// listen at the address, and what [`Process::start`] refuses.
    #[track_caller]
    pub fn start<P: Io + Tasks>(self) -> Result<Manager<P>, Error> {
        P::made("Manager");
        self.types.check()?;
        let site = P::Site::here();
        let starter = std::process::id();
        let wanted = self.address.unwrap_or_else(|| Address::own("manager"));
        let authkey = self.authkey.unwrap_or_else(|| process::current::<P>().authkey().clone());
        let (mut ready, tell) = pipe::<P>(false)?;
        let (lifeline, starter_end) = Lifeline::new()?;
        let (key, types, initializer) = (authkey.clone(), self.types, self.initializer);
        let body = move || {
            P::helps();
            if let Some(initializer) = initializer {
                initializer();
            }
            let listener = Listener::<P>::bind(&wanted).map(|listener| listener.authkey(&key));
            let server = listener.and_then(|listener| {
                Server::new(listener, key, types, starter_end, site).map(|server| {
                    let address = server.address().clone();
                    (server, address)
                })
            });
            let mut server = match server {
                Ok((server, address)) => {
                    // If nobody hears it, the starter has died, and the loop will end.
                    let _ = tell.send(&Ok::<_, String>(address));
                    server
                }
                Err(error) => {
                    let _ = tell.send(&Err::<Address, _>(error.to_string()));
                    process::exit::<P>(1)
                }
            };
            drop(tell);
            let outcome = server.serve();
            server.close();
            // Threads that wait for silent clients are not waited for.
            process::exit::<P>(i32::from(outcome.is_err()))
        };
        let mut server = Process::<P>::new(body).name("Manager").daemon(true);
        server.start()?;
        let address = match ready.recv::<Result<Address, String>>() {
            Ok(Ok(address)) => address,
            Ok(Err(why)) => {
                server.join()?;
                return Err(Error::Remote { why });
            }
            Err(_) => {
                let status = server.join()?;
                let said = server.panic_message().map_or(String::new(), |said| format!(": {said}"));
                return Err(Error::Remote { why: format!("its process ended at once, {status}{said}") });
            }
        };
        Ok(Manager {
            link: Link::to(&address, &authkey),
            server: Some((server, starter)),
            _lifeline: Some(lifeline),
            site,
        })
    }
}

impl<P: Io + Tasks> Manager<P> {
    /// Starts a server process at an address of its own, with the key of this process.
    ///
    /// # Errors
    /// As [`Builder::start`].
    #[track_caller]
    pub fn start() -> Result<Self, Error> {
        Builder::default().start()
    }

    /// What else a server can be started with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The manager at an address, which another process started.
    ///
    /// # Errors
    /// [`Error::ManagerGone`] if there is none, [`Error::Authentication`] if it has
    /// another key, or [`Error::Os`].
    #[track_caller]
    pub fn connect(address: &Address, authkey: &AuthKey) -> Result<Self, Error> {
        let link = Link::to(address, authkey);
        link.greet()?;
        Ok(Manager { link, server: None, _lifeline: None, site: P::Site::here() })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.link.address()
    }

    /// The number of the server process, if this manager started it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().and_then(|(process, _)| process.pid())
    }

    /// Ends the server and waits for its end; all its objects are gone. Returns how it
    /// ended, or `None` if another process started it.
    ///
    /// # Errors
    /// [`Error::Os`] if the operating system refuses.
    #[track_caller]
    pub fn shutdown(&mut self) -> Result<Option<ExitStatus>, Error> {
        let Some((process, starter)) = &self.server else { return Ok(None) };
        if *starter != std::process::id() {
            return Ok(None);
        }
        if process.is_alive() {
            // Whether it was asked or is gone already, its end is what counts.
            let _ = self.link.ask(&Request::Shutdown);
        }
        if let Some(status) = process.join_timeout(PATIENCE)? {
            return Ok(Some(status));
        }
        process.terminate()?;
        process.join().map(Some)
    }
}

impl<P: Io + Tasks> Drop for Manager<P> {
    fn drop(&mut self) {
        // Whoever wants to know how it ended calls `shutdown`.
        let _ = P::on_behalf_of(self.site, || self.shutdown());
    }
}

impl<P: Io + Tasks> fmt::Debug for Manager<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manager({})", self.link.address())
    }
}

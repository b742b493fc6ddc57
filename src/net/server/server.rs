//! The loop that serves what comes to a socket.
//!
//! Called by programs.
//!
//! | state | `serve_forever` | `handle_request` |
//! |---|---|---|
//! | made | serves until it is shut down | serves one |
//! | shut down while nobody served | returns at once, once | the same |
//! | closed | is no more | is no more |
//!
//! 1. A failure concerns one request: it is told to the handler, and the server goes on.
//! 2. No more requests are handled at a time than the mode says; the others wait in the
//!    kernel, which turns them away when its own list is full.
//! 3. A shutdown is never lost: one that comes before `serve_forever` ends that at once.
//! 4. A handler's process has given up the listening socket before it serves.
//! 5. There are no zombies of handlers for longer than until the next turn of the loop.
//!
//! Orderings: those of threads and processes that are started and joined.
//!
//! **When a process dies here**: a handler's process takes its client with it, and the
//! server tells [`Failure::Killed`] and goes on; so it does for a worker, and starts another
//! one. When the server's process dies, its socket is closed; processes at a request finish
//! it, workers end after the request that they are at.
//!
//! Sources: the names are those of Python's `socketserver`.

use super::crew::Crew;
use super::handler::{Closure, Handler};
use super::mode::Mode;
use super::prefork;
use super::socket::Socket;
use super::turn::{Turn, Watched};
use crate::Error;
use crate::net::{Interest, Key, Selector, Waker};
use crate::platform::{Io, Native, Site, Tasks};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Ends [`serve_forever`](Server::serve_forever) from another thread, a handler, or a forked
/// process; cheap to clone.
#[derive(Debug)]
pub struct Shutdown<P: Io = Native>(Waker<P>);

impl<P: Io> Shutdown<P> {
    /// Has the loop end after what it is at. It does not wait for that, so that a handler
    /// may call it.
    ///
    /// # Errors
    /// [`Error::Os`], which nothing is known to cause.
    #[track_caller]
    pub fn shutdown(&self) -> Result<(), Error> {
        self.0.wake_from(P::Site::here())
    }
}

impl<P: Io> Clone for Shutdown<P> {
    fn clone(&self) -> Self {
        Shutdown(self.0.clone())
    }
}

/// A socket, a handler for what comes there, and a [`Mode`] of handling it.
///
/// ```
/// use selvedge::Server;
/// use std::io::{BufRead, BufReader, Write};
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let mut server = Server::new(listener, |client| {
///     let mut line = String::new();
///     BufReader::new(&mut *client).read_line(&mut line)?;
///     client.write_all(line.to_uppercase().as_bytes())
/// })?;
/// let mut client = TcpStream::connect(address)?;
/// client.write_all(b"quiet\n")?;
/// server.handle_request()?;
/// assert_eq!(BufReader::new(client).lines().next().unwrap()?, "QUIET");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Dropping a server is [`close`](Self::close).
#[doc(alias = "BaseServer")]
#[doc(alias = "TCPServer")]
#[doc(alias = "UDPServer")]
#[doc(alias = "UnixStreamServer")]
#[doc(alias = "UnixDatagramServer")]
pub struct Server<S: Socket, H, P: Io + Tasks = Native> {
    pub(super) socket: Arc<S>,
    pub(super) handler: Arc<H>,
    pub(super) mode: Mode,
    timeout: Option<Duration>,
    pub(super) despite_threads: bool,
    block_on_close: bool,
    pub(super) selector: Selector<Watched<S, P>, P>,
    /// How the socket is waited for.
    pub(super) interest: Interest,
    /// The socket's key, while it is waited for.
    pub(super) requests: Option<Key>,
    pub(super) stop: Waker<P>,
    pub(super) stop_key: Key,
    pub(super) crew: Crew<P>,
    /// Nothing is taken before this.
    pub(super) paused: Option<u64>,
}

impl<S, F, P> Server<S, Closure<F>, P>
where
    S: Socket,
    P: Io + Tasks,
    F: Fn(&mut S::Request<P>) -> io::Result<()> + Send + Sync + 'static,
{
    /// A server that gives each request to a closure.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn new(socket: S, handle: F) -> Result<Self, Error> {
        Server::with(socket, Closure(handle))
    }
}

impl<S: Socket, H: Handler<S::Request<P>>, P: Io + Tasks> Server<S, H, P> {
    /// A server that gives each request to `handler`. The socket does not block any more.
    ///
    /// # Errors
    /// [`Error::Os`], where there are too many descriptors.
    pub fn with(socket: S, handler: H) -> Result<Self, Error> {
        socket.never_block().map_err(Error::os("fcntl"))?;
        Self::of_parts(Arc::new(socket), Arc::new(handler), Waker::new()?, Interest::READABLE)
    }

    pub(super) fn of_parts(
        socket: Arc<S>,
        handler: Arc<H>,
        stop: Waker<P>,
        interest: Interest,
    ) -> Result<Self, Error> {
        let mut selector = Selector::new()?;
        let stop_key = selector.register(Watched::Stop(stop.clone()), Interest::READABLE)?;
        Ok(Server {
            socket,
            handler,
            mode: Mode::Serial,
            timeout: None,
            despite_threads: false,
            block_on_close: true,
            selector,
            interest,
            requests: None,
            stop,
            stop_key,
            crew: Crew::new(),
            paused: None,
        })
    }

    /// Who handles the requests; [`Mode::Serial`] unless given.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a mode in which nobody does.
    pub fn mode(mut self, mode: Mode) -> Result<Self, Error> {
        mode.check()?;
        self.mode = mode;
        Ok(self)
    }

    /// How long [`handle_request`](Self::handle_request) waits for a request; for ever unless
    /// given.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Forks handlers even if this process has other threads; see
    /// [`Process::despite_threads`](crate::process::Process::despite_threads).
    #[must_use]
    pub fn despite_threads(mut self) -> Self {
        self.despite_threads = true;
        self
    }

    /// Whether [`close`](Self::close) waits for the requests that are being handled; it does
    /// unless this says no.
    #[doc(alias = "daemon_threads")]
    #[must_use]
    pub fn block_on_close(mut self, block: bool) -> Self {
        self.block_on_close = block;
        self
    }

    /// The socket, for its address and options.
    #[doc(alias = "server_address")]
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// The handler.
    pub fn handler(&self) -> &H {
        &self.handler
    }

    /// How many threads and processes are kept that were given requests: those at work, and
    /// who has ended since the last turn of the loop.
    #[doc(alias = "active_children")]
    #[must_use]
    pub fn children(&self) -> usize {
        self.crew.listed()
    }

    /// What ends [`serve_forever`](Self::serve_forever) from elsewhere.
    #[must_use]
    pub fn shutdown_handle(&self) -> Shutdown<P> {
        Shutdown(self.stop.clone())
    }

    /// Serves until it is [shut down](Self::shutdown_handle). Then it can be called again.
    ///
    /// # Errors
    /// [`Error::Os`] if the socket is of no use any more; nothing that concerns one request.
    #[track_caller]
    pub fn serve_forever(&mut self) -> Result<(), Error> {
        let site = P::Site::here();
        P::on_behalf_of(site, || {
            if let Mode::Workers(count) = self.mode {
                return prefork::serve(self, count, site);
            }
            while self.turn(None, site)? != Turn::Stopped {}
            self.stop.clear();
            Ok(())
        })
    }

    /// Waits for one request, at most for the [timeout](Self::timeout), and serves it or has
    /// it served. False if none came in time, which the handler is told, or if the server was
    /// shut down. In the mode [`Workers`](Mode::Workers) it is served here.
    ///
    /// # Errors
    /// As [`serve_forever`](Self::serve_forever).
    #[track_caller]
    pub fn handle_request(&mut self) -> Result<bool, Error> {
        let site = P::Site::here();
        let deadline = self.timeout.map(P::deadline);
        P::on_behalf_of(site, || {
            loop {
                match self.turn(deadline, site)? {
                    Turn::Served => return Ok(true),
                    Turn::Other => {}
                    Turn::Late => {
                        self.handler.timed_out();
                        return Ok(false);
                    }
                    Turn::Stopped => {
                        self.stop.clear();
                        return Ok(false);
                    }
                }
            }
        })
    }

    /// Stops listening, and waits until all requests that are being handled are done, if
    /// [wanted](Self::block_on_close).
    #[doc(alias = "server_close")]
    #[track_caller]
    pub fn close(mut self) {
        if self.block_on_close {
            let (_, failures) = P::on_behalf_of(P::Site::here(), || self.crew.join());
            failures.iter().for_each(|failure| self.handler.failed(failure));
        }
    }
}

impl<S: Socket, H, P: Io + Tasks> Drop for Server<S, H, P> {
    fn drop(&mut self) {
        // Who is unwinding waits for nobody.
        if self.block_on_close && !P::panicking() {
            self.crew.join();
        } else {
            self.crew.leave();
        }
    }
}

impl<S: Socket, H, P: Io + Tasks> fmt::Debug for Server<S, H, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Server");
        text.field("mode", &self.mode).field("children", &self.crew.listed()).finish_non_exhaustive()
    }
}

//! A Redis server of our own, and the least of a client: the rival of a manager's dict.
//!
//! Used by the bench `managers`. The server is the `redis-server` on the `PATH`, started
//! with nothing but a Unix socket in a new directory, and ended when it is dropped.
//!
//! When this process dies here, the server lives on until it is killed; it stores nothing.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running server, and a connection to it.
#[derive(Debug)]
pub struct Redis {
    server: Child,
    directory: PathBuf,
    stream: UnixStream,
    request: Vec<u8>,
    reply: [u8; 256],
}

impl Redis {
    /// Starts one; `None` if there is no Redis on this machine.
    ///
    /// # Panics
    /// If it is there and cannot be used.
    pub fn start() -> Option<Redis> {
        let directory = std::env::temp_dir().join(format!("selvedge-redis-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let socket = directory.join("socket");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--dir"]).arg(&directory);
        command.arg("--unixsocket").arg(&socket);
        let mut server = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        // It says when it can be reached.
        let mut said = Vec::new();
        let output = server.stdout.as_mut().expect("it is piped");
        while !said
            .windows(20)
            .any(|words| words == b"ready to accept conn" || words == b"now ready to accept ")
        {
            let mut some = [0; 256];
            let count = output.read(&mut some).expect("what it says");
            assert!(count > 0, "redis-server ended: {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&some[..count]);
        }
        let stream = UnixStream::connect(&socket).expect("its socket");
        Some(Redis { server, directory, stream, request: Vec::new(), reply: [0; 256] })
    }

    /// Sets the value of a key.
    ///
    /// # Panics
    /// If it is refused.
    pub fn set(&mut self, key: &str, value: u64) {
        let value = value.to_string();
        self.ask(&["SET", key, &value]);
        assert_eq!(self.reply[0], b'+');
    }

    /// Gets the value of a key, as text.
    ///
    /// # Panics
    /// If there is none.
    pub fn get(&mut self, key: &str) -> &[u8] {
        let count = self.ask(&["GET", key]);
        assert_eq!(self.reply[0], b'$');
        &self.reply[..count]
    }

    /// Writes a command in one call and reads the reply, which is short, in another.
    fn ask(&mut self, words: &[&str]) -> usize {
        self.request.clear();
        // Writing to a vector does not fail.
        let _ = write!(self.request, "*{}\r\n", words.len());
        for word in words {
            let _ = write!(self.request, "${}\r\n{word}\r\n", word.len());
        }
        self.stream.write_all(&self.request).expect("a server");
        self.stream.read(&mut self.reply).expect("a reply")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It is gone, or it cannot be helped.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

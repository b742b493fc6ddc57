//! Do the programs of the network say, word for word, what they are known to say?
//!
//! A transcript has a line for what a client sends (`>`) and one for what somebody gets
//! (`<`), in the order in which the server acts.

#[path = "transcripts/chat.rs"]
mod chat;
#[path = "transcripts/datagrams.rs"]
mod datagrams;
#[path = "transcripts/stream.rs"]
mod stream;

use selvedge_fixtures::systems::tftp::Files;
use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    socket
}

/// A folder with some files, which goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let root = std::env::temp_dir().join(format!("selvedge-tftp-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("served")).unwrap();
        fs::write(root.join("secret"), "secret").unwrap();
        Folder(root)
    }

    fn with(self, files: &[(&str, &str)]) -> Folder {
        for (name, content) in files {
            fs::write(self.0.join("served").join(name), content).unwrap();
        }
        self
    }

    fn files(&self) -> Files {
        Files::of(self.0.join("served"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

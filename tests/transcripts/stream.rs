//! The file server over a stream: its conversation, uploads that break off, and any way of
//! cutting the stream into pieces.

use super::Folder;
use proptest::prelude::*;
use selvedge_fixtures::systems::tftp::{End, Protocol};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

/// What a server sends to a client that says this and then nothing more.
fn answer(protocol: Protocol, folder: &Folder, said: &[Vec<u8>]) -> (Vec<u8>, io::Result<End>) {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    for command in said {
        near.write_all(command).unwrap();
    }
    near.shutdown(std::net::Shutdown::Write).unwrap();
    let end = protocol.serve(&mut far, &folder.files(), &|| ());
    drop(far);
    let mut come = Vec::new();
    near.read_to_end(&mut come).unwrap();
    (come, end)
}

fn conversation(protocol: Protocol, commands: &[&str]) -> String {
    let folder = Folder::new(&format!("{protocol:?}")).with(&[("a", "hello"), ("b", "##"), (".hidden", "")]);
    let mut text = String::new();
    for command in commands {
        let (come, end) = answer(protocol, &folder, &[protocol.command(command)]);
        let come = protocol.messages(&come).unwrap();
        let come: Vec<_> = come.iter().map(|message| String::from_utf8_lossy(message)).collect();
        writeln!(text, "> {command:?}\n< {come:?} {:?}", end.unwrap()).unwrap();
    }
    text
}

#[test]
fn a_file_server_is_as_reviewed() {
    let commands = ["L", "G a", "G nosuch", "G ../secret", "Q", "X"];
    insta::assert_snapshot!("tftp-racy", conversation(Protocol::Racy, &commands));
    let commands =
        ["L", "G a", "G b", "G nosuch", "G ../secret", "G .hidden", "P ../x", "P a/b", "G ", "Q", "X", ""];
    insta::assert_snapshot!("tftp-framed", conversation(Protocol::Framed, &commands));
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = Folder::new("broken").with(&[("a", "before")]);
    let frame = Protocol::Framed.command("half of it");
    let (_, end) = answer(Protocol::Framed, &folder, &[Protocol::Framed.command("P a"), frame.clone()]);
    assert_eq!(end.unwrap(), End::Left);
    let (_, end) = answer(Protocol::Framed, &folder, &[Protocol::Framed.command("P a"), frame[..6].to_vec()]);
    assert_eq!(end.unwrap(), End::Left);
    let left: Vec<_> =
        fs::read_dir(folder.0.join("served")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a"]);
    assert_eq!(fs::read(folder.0.join("served/a")).unwrap(), b"before");
    // A frame that is too long is refused before there is room made for it.
    let (_, end) = answer(Protocol::Framed, &folder, &[vec![0xFF; 4]]);
    assert_eq!(end.unwrap_err().to_string(), "a frame of 4294967295 bytes, at most 65536 are allowed");
}

/// A stream that gives and takes no more at a time than it is told.
struct Segmented<'s> {
    stream: UnixStream,
    sizes: std::iter::Cycle<std::slice::Iter<'s, usize>>,
}

impl Read for Segmented<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(*self.sizes.next().unwrap());
        self.stream.read(&mut buffer[..len])
    }
}

impl Write for Segmented<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(*self.sizes.next().unwrap());
        self.stream.write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Whatever is in a file and however the stream is cut: what is received is what was
    /// sent.
    #[test]
    fn files_go_and_come_whole(
        content in prop::collection::vec(prop::sample::select(vec![b'#', 0, b'x']), 0..5000),
        near_sizes in prop::collection::vec(1_usize..1500, 1..8),
        far_sizes in prop::collection::vec(1_usize..1500, 1..8),
    ) {
        let folder = Folder::new("whole");
        let files = folder.files();
        let (near, far) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            // Dropped at a failure, so that the server ends.
            let mut near = Segmented { stream: near, sizes: near_sizes.iter().cycle() };
            scope.spawn(|| {
                let mut far = Segmented { stream: far, sizes: far_sizes.iter().cycle() };
                assert_eq!(Protocol::Framed.serve(&mut far, &files, &|| ()).unwrap(), End::Quit);
            });
            assert!(Protocol::Framed.put(&mut near, "a name#", &content, &|| ()).unwrap());
            assert_eq!(Protocol::Framed.get(&mut near, "a name#").unwrap().as_deref(), Some(&*content));
            near.write_all(&Protocol::Framed.command("Q")).unwrap();
        });
    }
}

//! TFTP by datagrams: its packets, and a network that loses, doubles and overtakes them.

use super::{Folder, LONG, socket};
use proptest::prelude::*;
use selvedge::Server;
use selvedge::net::server::{Datagram, Mode};
use selvedge_fixtures::systems::tftp_udp::{
    self as tftp, BLOCK, Packet, Peer, Receiver, Repeated, Sender, Standing, Wire,
};
use std::fmt::Write;
use std::fs;
use std::io;
use std::net::UdpSocket;
use std::time::Duration;

/// Nothing is lost here: an answer may take long, and nobody lingers.
const TIMES: tftp::Times = tftp::Times { patience: LONG, linger: Duration::ZERO };

/// A client's way to the server, which writes down what goes through it.
struct Noted<'t> {
    peer: Peer,
    text: &'t mut String,
}

impl Wire for Noted<'_> {
    fn send(&mut self, packet: &Packet) -> io::Result<()> {
        writeln!(self.text, "> {packet}").unwrap();
        self.peer.send(packet)
    }

    fn receive(&mut self) -> io::Result<Option<Packet>> {
        let come = self.peer.receive()?;
        if let Some(packet) = &come {
            writeln!(self.text, "< {packet}").unwrap();
        }
        Ok(come)
    }

    fn linger(&mut self) -> io::Result<Option<Packet>> {
        self.peer.linger()
    }
}

#[test]
fn tftp_by_datagrams_is_as_reviewed() {
    let folder = Folder::new("udp").with(&[("one", &"x".repeat(BLOCK + 1)), ("full", &"y".repeat(BLOCK))]);
    let (files, listening) = (folder.files(), socket());
    let address = listening.local_addr().unwrap();
    let mut server = Server::new(listening, move |request: &mut Datagram<UdpSocket>| {
        tftp::serve(&files, request.bytes(), *request.sender(), TIMES)
    })
    .unwrap()
    .mode(Mode::Threads { most: 4 })
    .unwrap();
    let mut text = String::new();
    // The client has a thread of its own, for each request is taken by this one.
    let mut client = |what: &dyn Fn(&mut Noted<'_>) -> String| {
        let mut noted = Noted { peer: Peer::of_server(address, TIMES).unwrap(), text: &mut text };
        let outcome = std::thread::scope(|scope| {
            scope.spawn(|| assert!(server.handle_request().unwrap()));
            what(&mut noted)
        });
        writeln!(text, "{outcome}\n").unwrap();
    };
    let got = |wire: &mut Noted<'_>, name: &str| match tftp::get(wire, name) {
        Ok(content) => format!("got {} bytes", content.len()),
        Err(error) => error.to_string(),
    };
    client(&|wire| got(wire, "one"));
    client(&|wire| got(wire, "full"));
    client(&|wire| got(wire, "nosuch"));
    client(&|wire| got(wire, "../secret"));
    let put = |wire: &mut Noted<'_>, name: &str, content: &[u8]| match tftp::put(wire, name, content) {
        Ok(()) => "put".to_owned(),
        Err(error) => error.to_string(),
    };
    client(&|wire| put(wire, "new", &[7; BLOCK + 1]));
    client(&|wire| put(wire, "one", b"overwrites"));
    client(&|wire| put(wire, "../new", b"escapes"));
    insta::assert_snapshot!("tftp-udp", text);
    // The transfers are over when the server is closed.
    drop(server);
    assert_eq!(fs::read(folder.0.join("served/new")).unwrap(), [7; BLOCK + 1]);
    assert!(!folder.0.join("new").exists());
}

/// What becomes of a packet in a network.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    /// After the one that is sent next.
    Overtaken,
}

/// Runs both machines over a network in which this becomes of the packets, and then all
/// arrive. Returns the receiver, and how many packets the sender sent and how often it was
/// late.
fn transfer(content: &[u8], repeated: Repeated, fates: &[Fate]) -> (Receiver, usize, usize) {
    let (mut sender, mut receiver) =
        (Sender::new(content, repeated), Receiver::new(Packet::Ack { block: 0 }));
    let mut fates = fates.iter().copied();
    let mut to_receiver = vec![sender.block()];
    let mut to_sender = Vec::new();
    let (mut sent, mut late) = (1, 0);
    let mut travel = |packets: Vec<Packet>| {
        let mut come = Vec::new();
        let mut overtaken = None;
        for packet in packets {
            match fates.next().unwrap_or(Fate::Arrives) {
                Fate::Arrives => come.push(packet),
                Fate::Lost => {}
                Fate::Twice => come.extend([packet.clone(), packet]),
                Fate::Overtaken => {
                    come.extend(overtaken.replace(packet));
                    continue;
                }
            }
            come.extend(overtaken.take());
        }
        come.extend(overtaken);
        come
    };
    for _ in 0..10_000 {
        for packet in travel(std::mem::take(&mut to_receiver)) {
            to_sender.extend(receiver.on(&packet));
        }
        for packet in travel(std::mem::take(&mut to_sender)) {
            to_receiver.extend(sender.on(&packet));
        }
        if *sender.standing() != Standing::Open {
            return (receiver, sent, late);
        }
        if to_receiver.is_empty() {
            late += 1;
            to_receiver.extend(sender.late());
        }
        sent += to_receiver.len();
    }
    panic!("the transfer does not end");
}

fn packet() -> impl Strategy<Value = Packet> {
    let request = || ("[a-z./]{0,9}", "[a-z]{1,8}").prop_map(|(name, mode)| tftp::Request { name, mode });
    prop_oneof![
        request().prop_map(Packet::Read),
        request().prop_map(Packet::Write),
        (any::<u16>(), prop::collection::vec(any::<u8>(), 0..=BLOCK))
            .prop_map(|(block, bytes)| Packet::Data { block, bytes }),
        any::<u16>().prop_map(|block| Packet::Ack { block }),
        (any::<u16>(), "[a-z ]{0,9}").prop_map(|(code, message)| Packet::Error { code, message }),
    ]
}

/// Less are lost than there are tries, so that nobody gives up.
fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        4 => Just(Fate::Arrives), 1 => Just(Fate::Lost), 1 => Just(Fate::Twice), 1 => Just(Fate::Overtaken)
    ];
    prop::collection::vec(fate, 0..40).prop_map(|mut fates| {
        let lost = fates.iter_mut().filter(|fate| matches!(fate, Fate::Lost));
        lost.skip(tftp::TRIES as usize - 1).for_each(|fate| *fate = Fate::Arrives);
        fates
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packets_are_read_as_they_were_written(packet in packet()) {
        prop_assert_eq!(Packet::decode(&packet.encode()), Some(packet));
    }

    /// Whatever comes is a packet or none, and the one that it is has these bytes.
    #[test]
    fn any_bytes_are_a_packet_or_none(code in 0_u8..7, rest in prop::collection::vec(any::<u8>(), 0..40)) {
        let bytes = [&[0, code][..], &rest].concat();
        if let Some(packet) = Packet::decode(&bytes) {
            prop_assert_eq!(packet.encode().to_ascii_lowercase(), bytes.to_ascii_lowercase());
        }
    }

    /// Whatever is lost, doubled or overtaken: the file comes whole, and a block is sent again
    /// only when one was late.
    #[test]
    fn a_file_comes_whole_through_any_network(len in 0_usize..3000, fates in fates()) {
        let content: Vec<u8> = (0..len).map(|index| (index % 251) as u8).collect();
        let (receiver, sent, late) = transfer(&content, Repeated::Ignored, &fates);
        prop_assert_eq!(receiver.content(), &content[..]);
        prop_assert_eq!(sent, content.len() / BLOCK + 1 + late);
        let (receiver, ..) = transfer(&content, Repeated::Answered, &fates);
        prop_assert_eq!(receiver.content(), &content[..]);
    }
}

#[test]
fn one_doubled_packet_doubles_all_that_follow_if_repeated_acknowledgements_are_answered() {
    let content = [0; 40 * BLOCK];
    let fates = [Fate::Twice];
    let (_, sent, late) = transfer(&content, Repeated::Ignored, &fates);
    assert_eq!((sent, late), (41, 0));
    let (_, sent, _) = transfer(&content, Repeated::Answered, &fates);
    assert_eq!(sent, 2 * 41 - 1);
}

#[test]
fn block_numbers_begin_again() {
    let content = vec![1; 65_537 * BLOCK + 1];
    let (receiver, sent, _) = transfer_long(&content);
    assert!(receiver.content() == content && sent == 65_538);
}

/// Without a network in between.
fn transfer_long(content: &[u8]) -> (Receiver, usize, usize) {
    let (mut sender, mut receiver) =
        (Sender::new(content, Repeated::Ignored), Receiver::new(Packet::Ack { block: 0 }));
    let (mut next, mut sent) = (Some(sender.block()), 0);
    while let Some(block) = next {
        sent += 1;
        next = receiver.on(&block).and_then(|ack| sender.on(&ack));
    }
    (receiver, sent, 0)
}

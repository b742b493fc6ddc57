//! The chat by datagrams: an honest conversation, a stranger, and whatever else may come.

use super::socket;
use proptest::prelude::*;
use selvedge::Server;
use selvedge::net::server::Datagram;
use selvedge_fixtures::systems::udp_chat::Chat;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// Clients of a chat with their names in the transcript, a server, and what was said.
struct Room {
    names: BTreeMap<SocketAddr, &'static str>,
    sockets: BTreeMap<&'static str, UdpSocket>,
    server: SocketAddr,
    text: String,
}

impl Room {
    fn new(server: SocketAddr) -> Room {
        let sockets: BTreeMap<_, _> = ["a", "b", "c"].map(|name| (name, socket())).into();
        let names = sockets.iter().map(|(name, socket)| (socket.local_addr().unwrap(), *name)).collect();
        Room { names, sockets, server, text: String::new() }
    }

    /// A client, or the server itself as `admin`, sends; all receive what the server sends.
    fn say(
        &mut self,
        who: &str,
        what: &str,
        admin: &UdpSocket,
        serve: &mut dyn FnMut() -> Vec<(SocketAddr, String)>,
    ) {
        let socket = self.sockets.get(who).unwrap_or(admin);
        socket.send_to(what.as_bytes(), self.server).unwrap();
        writeln!(self.text, "{who} > {what:?}").unwrap();
        for (to, expected) in serve() {
            let Some(name) = self.names.get(&to) else { continue };
            let mut bytes = [0; 2048];
            let len = self.sockets[name].recv(&mut bytes).unwrap();
            let come = std::str::from_utf8(&bytes[..len]).unwrap();
            assert_eq!(come, expected);
            writeln!(self.text, "{name} < {come:?}").unwrap();
        }
    }

    /// Nobody has got anything else.
    fn end(self) -> String {
        for (name, socket) in self.sockets {
            socket.set_nonblocking(true).unwrap();
            let more = socket.recv(&mut [0; 2048]).map_err(|error| error.kind());
            assert_eq!(more, Err(std::io::ErrorKind::WouldBlock), "{name} has got more");
        }
        self.text
    }
}

/// A conversation through real sockets and a real server.
fn chat(variant: &str, lines: &[(&str, &str)]) -> String {
    let listening = socket();
    let address = listening.local_addr().unwrap();
    let admin = listening.try_clone().unwrap();
    let chat = Mutex::new(Chat::new(variant, address));
    let sent = Mutex::new(Vec::new());
    let sent = std::sync::Arc::new(sent);
    let told = sent.clone();
    let mut server = Server::new(listening, move |request: &mut Datagram<UdpSocket>| {
        for (to, text) in chat.lock().unwrap().answer(request.sender(), request.bytes()) {
            request.send_to(text.as_bytes(), &to)?;
            told.lock().unwrap().push((to, text));
        }
        Ok(())
    })
    .unwrap();
    let mut room = Room::new(address);
    for (who, what) in lines {
        room.say(who, what, &admin, &mut || {
            assert!(server.handle_request().unwrap());
            std::mem::take(&mut sent.lock().unwrap())
        });
    }
    room.end()
}

/// What the original program does with honest clients.
const NORMAL: [(&str, &str); 12] = [
    ("a", "登录 甲"),
    ("b", "登录 乙"),
    ("c", "登录 甲"),
    ("c", "登录 管理员"),
    ("a", "聊天 甲 hello  world"),
    ("admin", "聊天 管理员 大家好"),
    ("b", "退出 乙"),
    ("a", "foo"),
    ("a", ""),
    ("b", "登录 John Smith"),
    ("b", "聊天 John "),
    ("a", "退出 甲"),
];

#[test]
fn a_chat_is_as_reviewed() {
    let text = chat("fixed", &NORMAL);
    insta::assert_snapshot!("udp-chat", text);
    assert_eq!(chat("racy", &NORMAL), text, "both say the same to honest clients");
}

#[test]
fn a_chat_with_a_stranger_is_as_reviewed() {
    let forged = [
        ("a", "登录 甲"),
        ("b", "登录 乙"),
        ("c", "聊天 甲 假"),
        ("c", "聊天 管理员 假"),
        ("c", "退出 乙"),
        ("b", "聊天 乙 还在"),
    ];
    insta::assert_snapshot!("udp-chat-stranger-racy", chat("racy", &forged));
    insta::assert_snapshot!("udp-chat-stranger-fixed", chat("fixed", &forged));
}

#[test]
fn one_datagram_ends_the_first_server_and_none_the_second() {
    let cut = ["聊天 甲 ".as_bytes(), &"字".repeat(400).into_bytes()].concat();
    let fatal: [&[u8]; 6] =
        ["登录".as_bytes(), "聊天".as_bytes(), "退出 无".as_bytes(), "退出".as_bytes(), b"\xff", &cut];
    for bytes in fatal {
        let dies = |variant| {
            let mut chat = Chat::new(variant, 0);
            chat.answer(&1, "登录 甲".as_bytes());
            catch_unwind(AssertUnwindSafe(|| chat.answer(&1, bytes))).is_err()
        };
        assert!(dies("racy"), "{bytes:?}");
        assert!(!dies("fixed"), "{bytes:?}");
    }
}

/// Datagrams as clients send them, and some that nobody should.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let command = prop::sample::select(vec!["登录", "聊天", "退出", "foo", ""]);
    let name = prop::sample::select(vec!["甲", "乙", "管理员", ""]);
    let text = prop::sample::select(vec![" 一", "", "  二 三"]);
    let proper = (command, name, text)
        .prop_map(|(command, name, text)| format!("{command} {name}{text}").into_bytes());
    prop_oneof![8 => proper, 1 => prop::collection::vec(any::<u8>(), 0..20)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes: a user is spoken for by his own address only, who has left is told
    /// nothing more, and nobody hears himself.
    #[test]
    fn a_user_is_an_address(events in prop::collection::vec((1_u8..5, datagram()), 0..40)) {
        let mut chat = Chat::new("fixed", 0_u8);
        let mut users: BTreeMap<u8, String> = BTreeMap::new();
        for (from, bytes) in events {
            let replies = chat.answer(&from, &bytes);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let words: Vec<&str> = text.splitn(3, ' ').collect();
            let name = words.get(1).copied().unwrap_or_default();
            let others: Vec<u8> = users.keys().copied().filter(|user| *user != from).collect();
            let mut told: Vec<u8> = replies.iter().map(|(to, _)| *to).filter(|to| *to != from).collect();
            told.sort_unstable();
            let own: Vec<&str> = replies.iter().filter(|(to, _)| *to == from).map(|(_, text)| text.as_str()).collect();
            let is_mine = users.get(&from).is_some_and(|mine| mine == name);
            match words[0] {
                "登录" if own == ["OK"] => {
                    prop_assert!(!name.is_empty() && name != "管理员" && !users.values().any(|known| known == name));
                    prop_assert_eq!(told, others);
                    users.insert(from, name.to_owned());
                }
                "聊天" if is_mine => prop_assert!(told == others && own.is_empty()),
                "退出" if is_mine => {
                    prop_assert!(told == others && own.is_empty());
                    users.remove(&from);
                }
                _ => prop_assert!(told.is_empty() && own.len() == 1 && own[0] != "OK"),
            }
        }
    }
}

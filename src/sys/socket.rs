//! Pipes and sockets as messages use them: pairs, addresses, datagrams with descriptors.
//!
//! Called by `channel` and `net`. Every descriptor made here is closed by exec(2), and no
//! call here raises `SIGPIPE` or hides an `EINTR`.
//!
//! | kind | made by | a write | a read |
//! |---|---|---|---|
//! | pipe | [`pipe`] | of up to [`ATOMIC`] bytes is all or nothing | of any part |
//! | packets | [`packets`], Unix addresses | is one packet | is one packet |
//! | stream | TCP addresses | of any part | of any part |
//!
//! When a process dies here, its descriptors are closed; those in a packet that nobody
//! received go with the packet.
//!
//! Sources: pipe(7), unix(7), socket(7), cmsg(3), preadv2(2).

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, SockaddrLike, UnixAddr, accept4, bind,
    connect, listen, sendmsg, setsockopt, socket, socketpair, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// What a pipe takes in one piece, whoever else writes to it.
pub(crate) const ATOMIC: usize = libc::PIPE_BUF;

/// How many descriptors one packet can carry: `SCM_MAX_FD`.
pub(crate) const MOST_DESCRIPTORS: usize = 253;

/// A pipe: the end to read from, and the end to write to.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Two connected sockets that pass packets in order.
pub(crate) fn packets() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

fn packet_socket() -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)?)
}

/// A socket that waits for connections by packets at this address.
pub(crate) fn listen_at(address: &UnixAddr, backlog: i32) -> io::Result<OwnedFd> {
    let socket = packet_socket()?;
    bind(socket.as_raw_fd(), address)?;
    listen(&socket, nix::sys::socket::Backlog::new(backlog)?)?;
    Ok(socket)
}

/// A connection by packets to whoever listens at this address. Where too many wait to be
/// accepted, the caller waits for so long to be one of them; `None` for ever.
pub(crate) fn connect_to(address: &UnixAddr, patience: Option<Duration>) -> io::Result<OwnedFd> {
    let socket = packet_socket()?;
    let limit = |time: Duration| {
        setsockopt(&socket, sockopt::SendTimeout, &TimeVal::microseconds(time.as_micros() as i64))
    };
    if let Some(patience) = patience {
        limit(patience)?;
    }
    loop {
        match connect(socket.as_raw_fd(), address as &dyn SockaddrLike) {
            Ok(()) => break,
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(errno) => return Err(errno.into()),
        }
    }
    if patience.is_some() {
        limit(Duration::ZERO)?;
    }
    Ok(socket)
}

/// The next connection to a socket that listens.
pub(crate) fn accept(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let fd = accept4(socket.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?;
    // SAFETY: the kernel just gave us this descriptor and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Puts one packet on its way, with copies of these descriptors.
pub(crate) fn send_packet(
    socket: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let rights = if raw.is_empty() { &[] } else { &rights[..] };
    let flags = MsgFlags::MSG_NOSIGNAL;
    Ok(sendmsg(socket.as_raw_fd(), parts, rights, flags, None::<&()>)?)
}

/// Takes the next packet; 0 bytes mean that the other end is closed. A packet that is
/// longer than `buffer`, or that brings more descriptors than this process may still have
/// (`EMFILE`), is an error, and lost with all that came in it.
pub(crate) fn receive_packet(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut control = Control([0; CONTROL]);
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: all zeros are a message without any part.
    let mut packet: libc::msghdr = unsafe { mem::zeroed() };
    (packet.msg_iov, packet.msg_iovlen) = (&mut part, 1);
    (packet.msg_control, packet.msg_controllen) = (control.0.as_mut_ptr().cast(), CONTROL);
    // SAFETY: one part, of bytes that are ours to write, and room for what comes with them.
    let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut packet, libc::MSG_CMSG_CLOEXEC) };
    let count = Errno::result(count)? as usize;
    let arrived = arrived(&packet);
    match packet.msg_flags {
        flags if flags & libc::MSG_CTRUNC != 0 => Err(Errno::EMFILE.into()),
        flags if flags & libc::MSG_TRUNC != 0 => Err(Errno::EMSGSIZE.into()),
        _ => {
            descriptors.extend(arrived);
            Ok(count)
        }
    }
}

/// As many bytes as [`MOST_DESCRIPTORS`] take up beside a packet.
// SAFETY: it computes a number.
const CONTROL: usize = unsafe { libc::CMSG_SPACE((MOST_DESCRIPTORS * size_of::<RawFd>()) as u32) } as usize;

/// Room for what comes beside a packet, aligned as its heads must be.
#[repr(align(8))]
struct Control([u8; CONTROL]);

/// The descriptors that came with a packet: also those of a packet that had more, which the
/// kernel has made all the same.
fn arrived(packet: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    // SAFETY: the kernel has filled in the packet, whose room the caller still holds.
    let mut head = unsafe { libc::CMSG_FIRSTHDR(packet) };
    // SAFETY: a head that these functions give out lies within that room.
    while let Some(here) = unsafe { head.as_ref() } {
        if (here.cmsg_level, here.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            // SAFETY: as above; the data begins behind the head, aligned for numbers.
            let (data, empty) = unsafe { (libc::CMSG_DATA(head).cast::<RawFd>(), libc::CMSG_LEN(0)) };
            let count = (here.cmsg_len - empty as usize) / size_of::<RawFd>();
            // SAFETY: so many descriptors follow, which the kernel just gave us, and nobody
            // else has them.
            descriptors.extend((0..count).map(|at| unsafe { OwnedFd::from_raw_fd(data.add(at).read()) }));
        }
        // SAFETY: as for the first.
        head = unsafe { libc::CMSG_NXTHDR(packet, head) };
    }
    descriptors
}

/// Reads what is there, of a pipe or a stream; 0 bytes mean that the other end is closed.
#[inline]
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(nix::unistd::read(fd, buffer)?)
}

/// As [`read`], but `None` if it would have to wait.
#[inline]
pub(crate) fn read_now(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let place = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: one place, of bytes that are ours to write.
    match Errno::result(unsafe { libc::preadv2(fd.as_raw_fd(), &place, 1, -1, libc::RWF_NOWAIT) }) {
        Ok(count) => Ok(Some(count as usize)),
        Err(Errno::EAGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes one after the other, in one call.
pub(crate) fn write_both(fd: BorrowedFd<'_>, first: &[u8], second: &[u8]) -> io::Result<usize> {
    Ok(nix::sys::uio::writev(fd, &[IoSlice::new(first), IoSlice::new(second)])?)
}

/// Writes what there is room for, to a pipe or a stream.
#[inline]
pub(crate) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(nix::unistd::write(fd, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::resource::{Resource, setrlimit};
    use nix::sys::socket::getsockopt;
    use rusty_fork::rusty_fork_test;
    use std::fs::File;
    use std::os::fd::AsFd;

    #[test]
    fn who_waits_in_a_full_line_gives_up_in_time() {
        let address = UnixAddr::new_abstract(format!("line-{}", std::process::id()).as_bytes()).unwrap();
        let _listener = listen_at(&address, 0).unwrap();
        let soon = Some(Duration::from_millis(20));
        let one = connect_to(&address, soon).unwrap();
        assert_eq!(getsockopt(&one, sockopt::SendTimeout).unwrap().tv_usec(), 0, "it was for the connection");
        assert_eq!(connect_to(&address, soon).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    rusty_fork_test! {
        #[test]
        fn descriptors_for_which_there_is_no_room_leave_room_for_others() {
            let (here, there) = packets().unwrap();
            let file = File::open("/dev/null").unwrap();
            let next = file.as_raw_fd() as u64 + 1;
            setrlimit(Resource::RLIMIT_NOFILE, next + 50, next + 50).unwrap();
            let receive = |came: &mut Vec<OwnedFd>| receive_packet(here.as_fd(), &mut [0; 8], came);
            let send = |count| {
                send_packet(there.as_fd(), &[IoSlice::new(b"packet")], &vec![file.as_fd(); count]).unwrap()
            };
            for _ in 0..3 {
                let mut came = Vec::new();
                send(100);
                assert_eq!(receive(&mut came).unwrap_err().raw_os_error(), Some(Errno::EMFILE as i32));
                assert_eq!(came.len(), 0);
            }
            let mut came = Vec::new();
            send(1);
            assert_eq!((receive(&mut came).unwrap(), came.len()), (6, 1));
        }
    }
}

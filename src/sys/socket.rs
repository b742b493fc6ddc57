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
//! Sources: pipe(7), unix(7), cmsg(3), preadv2(2).

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrLike, UnixAddr,
    accept4, bind, connect, listen, recvmsg, sendmsg, socket, socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

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

/// A connection by packets to whoever listens at this address.
pub(crate) fn connect_to(address: &UnixAddr) -> io::Result<OwnedFd> {
    let socket = packet_socket()?;
    loop {
        match connect(socket.as_raw_fd(), address as &dyn SockaddrLike) {
            Ok(()) => return Ok(socket),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
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
/// longer than `buffer` is an error, and lost.
pub(crate) fn receive_packet(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut control = nix::cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let packet = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    for message in packet.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = message {
            // SAFETY: the kernel just gave us these descriptors and nobody else has them.
            descriptors.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    if packet.flags.contains(MsgFlags::MSG_TRUNC) {
        return Err(Errno::EMSGSIZE.into());
    }
    Ok(packet.bytes)
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

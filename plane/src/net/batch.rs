//! Many datagrams with one system call: `recvmmsg` and `sendmmsg`, which std does not have.
//!
//! Nearly all unsafe code is here (the rest: inherited.rs). All memory that the kernel is told of is in one allocation,
//! [`Slots`], which is reached through a raw pointer only, so that no reference ever contradicts
//! the pointers in the message headers.
#![expect(unsafe_code, reason = "recvmmsg, sendmmsg, poll and packet info have no safe form")]
#![expect(
    clippy::indexing_slicing,
    reason = "places behind a raw pointer have no get; every index is below BATCH, see SAFETY"
)]

use std::ffi::c_void;
use std::io;
use std::marker::PhantomData;
use std::mem::{offset_of, size_of, size_of_val, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{NonNull, addr_of_mut, from_mut};

use crate::wire::MOST_UDP;

/// How many datagrams are taken at once.
pub(super) const BATCH: usize = 64;
/// The longest query; an odd number of cache lines, so that slots spread over the cache's sets.
const QUERY: usize = 33 * 64;
/// The longest reply, rounded up likewise.
const REPLY: usize = 33 * 64;
/// Room for one packet-info control message of either family.
const CONTROL: usize = 64;

const _: () = assert!(REPLY >= MOST_UDP as usize && QUERY >= MOST_UDP as usize);

#[repr(C, align(64))]
struct Slots {
    queries: [[u8; QUERY]; BATCH],
    replies: [[u8; REPLY]; BATCH],
    controls: [Control; BATCH],
    sources: [libc::sockaddr_storage; BATCH],
    query_parts: [libc::iovec; BATCH],
    reply_parts: [libc::iovec; BATCH],
    incoming: [libc::mmsghdr; BATCH],
    outgoing: [libc::mmsghdr; BATCH],
}

#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

/// Room for a batch of datagrams and their replies, kept by a thread.
pub(super) struct Batch {
    slots: NonNull<Slots>,
    /// How many of `incoming` the kernel has written since they were last reset.
    received: usize,
    /// How many of `outgoing` are ready.
    ready: usize,
}

/// A datagram, its source, and room for the reply.
pub(super) struct Slot<'b> {
    pub(super) packet: &'b [u8],
    pub(super) source: IpAddr,
    pub(super) out: &'b mut [u8],
}

/// Where the reply to a datagram goes, kept beyond the time of its batch.
#[derive(Clone, Copy)]
pub(super) struct Envelope {
    name: libc::sockaddr_storage,
    name_length: libc::socklen_t,
    control: Control,
    control_length: usize,
}

/// Whether to wait for the first datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until the socket's receive timeout.
    ForOne,
    /// Not at all.
    No,
}

impl Batch {
    pub(super) fn new() -> Self {
        // SAFETY: every field of Slots is made of integers and of pointers that may be null, for
        // all of which zero is a value.
        let slots: Box<Slots> = unsafe { Box::new(zeroed()) };
        let slots = NonNull::from(Box::leak(slots));
        for at in 0..BATCH {
            let all = slots.as_ptr();
            // SAFETY: `slots` is a live allocation of ours and `at` is below the length of each
            // of its arrays; no reference to it exists.
            unsafe {
                (*all).query_parts[at] = libc::iovec {
                    iov_base: addr_of_mut!((*all).queries[at]).cast::<c_void>(),
                    iov_len: QUERY,
                };
                (*all).reply_parts[at] = libc::iovec {
                    iov_base: addr_of_mut!((*all).replies[at]).cast::<c_void>(),
                    iov_len: 0,
                };
                let header = addr_of_mut!((*all).incoming[at].msg_hdr);
                (*header).msg_name = addr_of_mut!((*all).sources[at]).cast::<c_void>();
                (*header).msg_iov = addr_of_mut!((*all).query_parts[at]);
                (*header).msg_iovlen = 1;
                (*header).msg_control = addr_of_mut!((*all).controls[at]).cast::<c_void>();
            }
        }
        Self { slots, received: BATCH, ready: 0 }
    }

    /// Receive what has come, at most [`BATCH`] datagrams; give their number.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>, wait: Wait) -> io::Result<usize> {
        let all = self.slots.as_ptr();
        for at in 0..self.received.min(BATCH) {
            // SAFETY: as in `new`. The kernel has shortened these lengths to what it wrote.
            unsafe {
                let header = addr_of_mut!((*all).incoming[at].msg_hdr);
                (*header).msg_namelen = length(size_of::<libc::sockaddr_storage>());
                (*header).msg_controllen = CONTROL;
            }
        }
        self.ready = 0;
        let flags = if wait == Wait::ForOne { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        // SAFETY: `incoming` has BATCH headers, each of which points to its own part of the
        // allocation with that part's length; the descriptor is open for the time of the borrow.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                addr_of_mut!((*all).incoming).cast::<libc::mmsghdr>(),
                length(BATCH),
                flags,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error());
        self.received = *count.as_ref().unwrap_or(&BATCH);
        count
    }

    /// A received datagram; `None` if it was longer than a slot, or not of IP.
    #[inline]
    pub(super) fn slot(&mut self, at: usize) -> Option<Slot<'_>> {
        if at >= self.received.min(BATCH) {
            return None;
        }
        let all = self.slots.as_ptr();
        // SAFETY: `at` is below BATCH, and below what the kernel has filled in. The references
        // are to parts of the allocation that do not overlap, and live as long as `self` is
        // borrowed, in which time no system call is made with them.
        unsafe {
            let header = &(*all).incoming[at];
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                return None;
            }
            let source = address_of(&(*all).sources[at])?;
            let packet = (*all).queries[at].get(..usize::try_from(header.msg_len).ok()?)?;
            Some(Slot { packet, source, out: &mut (*all).replies[at] })
        }
    }

    /// Make the reply in a slot ready to be sent to where its query came from.
    #[inline]
    pub(super) fn reply(&mut self, at: usize, octets: usize) {
        if at >= BATCH || self.ready >= BATCH || octets > REPLY {
            return;
        }
        let all = self.slots.as_ptr();
        // SAFETY: both indices are below BATCH; the reply's part is as long as its slot at most.
        // The received header is copied whole: name, control message and their lengths.
        unsafe {
            (*all).reply_parts[at].iov_len = octets;
            let mut header = (*all).incoming[at].msg_hdr;
            header.msg_iov = addr_of_mut!((*all).reply_parts[at]);
            header.msg_flags = 0;
            if header.msg_controllen > 0 {
                forget_interface(&mut (*all).controls[at]);
            } else {
                header.msg_control = std::ptr::null_mut();
            }
            (*all).outgoing[self.ready].msg_hdr = header;
        }
        self.ready += 1;
    }

    /// Where the reply to the datagram in a slot goes.
    pub(super) fn envelope(&self, at: usize) -> Option<Envelope> {
        if at >= self.received.min(BATCH) {
            return None;
        }
        let all = self.slots.as_ptr();
        // SAFETY: `at` is below BATCH, and below what the kernel has filled in; all is copied.
        unsafe {
            let header = (*all).incoming[at].msg_hdr;
            let mut control = (*all).controls[at];
            forget_interface(&mut control);
            Some(Envelope {
                name: (*all).sources[at],
                name_length: header.msg_namelen,
                control,
                control_length: header.msg_controllen.min(CONTROL),
            })
        }
    }

    /// Send all replies that are ready; give how many the kernel would not take.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>) -> u64 {
        let (mut sent, mut unsent) = (0, 0_usize);
        let all = self.slots.as_ptr();
        while sent < self.ready {
            // SAFETY: `sent` is below `ready`, which is BATCH at most; the headers up to `ready`
            // were written by `reply` and point into the allocation.
            let count = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    addr_of_mut!((*all).outgoing[sent]),
                    length(self.ready - sent),
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(count) {
                Ok(count) if count > 0 => sent += count,
                _ => match io::Error::last_os_error().kind() {
                    io::ErrorKind::Interrupted => {}
                    // The send buffer is full, as of replies to neighbours that are not there.
                    // Waiting would stop this thread for seconds; clients ask again.
                    io::ErrorKind::WouldBlock => {
                        unsent += self.ready - sent;
                        break;
                    }
                    // The first one cannot be sent; the others may.
                    _ => {
                        sent += 1;
                        unsent += 1;
                    }
                },
            }
        }
        self.ready = 0;
        u64::try_from(unsent).unwrap_or(u64::MAX)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a Box of this type and is dropped once.
        drop(unsafe { Box::from_raw(self.slots.as_ptr()) });
    }
}

/// Send one reply, at once or not at all.
pub(super) fn send_one(
    socket: BorrowedFd<'_>,
    mut envelope: Envelope,
    octets: &[u8],
) -> io::Result<()> {
    let mut part = libc::iovec {
        iov_base: octets.as_ptr().cast_mut().cast::<c_void>(),
        iov_len: octets.len(),
    };
    // SAFETY: a header is made of integers and of pointers that may be null. All that it is made
    // to point to lives until the call returns, with the lengths that are given, and is only read.
    let sent = unsafe {
        let mut header: libc::msghdr = zeroed();
        header.msg_name = from_mut(&mut envelope.name).cast::<c_void>();
        header.msg_namelen = envelope.name_length;
        header.msg_iov = from_mut(&mut part);
        header.msg_iovlen = 1;
        if envelope.control_length > 0 {
            header.msg_control = from_mut(&mut envelope.control).cast::<c_void>();
            header.msg_controllen = envelope.control_length;
        }
        libc::sendmsg(socket.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A length as the C library wants it; all of ours are small.
fn length<T: TryFrom<usize> + Default>(octets: usize) -> T {
    T::try_from(octets).unwrap_or_default()
}

/// The address in what the kernel wrote as a source.
#[inline]
fn address_of(source: &libc::sockaddr_storage) -> Option<IpAddr> {
    let source = std::ptr::from_ref(source);
    // SAFETY: the storage is as large and as aligned as any address, and the family says which
    // of them the kernel has written.
    unsafe {
        match i32::from((*source).ss_family) {
            libc::AF_INET => {
                let address = (*source.cast::<libc::sockaddr_in>()).sin_addr.s_addr;
                Some(IpAddr::V4(Ipv4Addr::from(address.to_ne_bytes())))
            }
            libc::AF_INET6 => {
                let address = (*source.cast::<libc::sockaddr_in6>()).sin6_addr.s6_addr;
                Some(IpAddr::V6(Ipv6Addr::from(address)))
            }
            _ => None,
        }
    }
}

/// Keep the address that a query was sent to, as the reply's source, and let routing choose the
/// interface; except for link-local addresses, which mean nothing without theirs.
fn forget_interface(control: &mut Control) {
    const HEADER: usize = size_of::<libc::cmsghdr>();
    const V4: usize = HEADER + offset_of!(libc::in_pktinfo, ipi_ifindex);
    const V6: usize = HEADER + offset_of!(libc::in6_pktinfo, ipi6_ifindex);
    let control = &mut control.0;
    let level = control.get(offset_of!(libc::cmsghdr, cmsg_level)..).and_then(<[u8]>::first_chunk);
    let at = match level.map(|level| i32::from_ne_bytes(*level)) {
        Some(libc::IPPROTO_IP) => V4,
        Some(libc::IPPROTO_IPV6) => match control.get(HEADER..HEADER + 2) {
            Some([0xfe, 0x80..=0xbf]) => return,
            _ => V6,
        },
        _ => return,
    };
    if let Some(interface) = control.get_mut(at..at + 4) {
        interface.fill(0);
    }
}

/// Ask the kernel to tell of each datagram which of our addresses it was sent to.
pub(super) fn tell_destination(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    let (level, option) = if ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    let mut on = 1i32;
    // SAFETY: the option's value is an int that lives until the call returns.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            from_mut(&mut on).cast::<c_void>(),
            length(size_of_val(&on)),
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Several sockets that are waited for together; made once, so that waiting allocates nothing.
pub(super) struct Readiness<'s> {
    polled: Vec<libc::pollfd>,
    sockets: PhantomData<BorrowedFd<'s>>,
}

impl<'s> Readiness<'s> {
    pub(super) fn new(sockets: impl Iterator<Item = BorrowedFd<'s>>) -> Self {
        let polled = sockets.map(|socket| libc::pollfd {
            fd: socket.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        });
        Self { polled: polled.collect(), sockets: PhantomData }
    }

    /// Wait until a socket can be read, at most so many milliseconds; give for each, in the order
    /// in which they came, whether it can.
    pub(super) fn wait(&mut self, milliseconds: i32) -> impl Iterator<Item = bool> {
        let count = length(self.polled.len());
        // SAFETY: the list has the length that is given, and lives until the call returns; the
        // descriptors are open for as long as `self` borrows them.
        let ready = unsafe { libc::poll(self.polled.as_mut_ptr(), count, milliseconds) };
        self.polled.iter().map(move |one| ready > 0 && one.revents != 0)
    }
}

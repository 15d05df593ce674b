//! Who waits is woken, limits hold, and nothing is lost between threads.

use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;

use crate::{Dialer, Listener, ListenerOptions, Stream};

fn size(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn kind<T>(result: std::io::Result<T>) -> ErrorKind {
    result.map(drop).expect_err("it must fail").kind()
}

/// Counts how often it was woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Waiter {
    counter: Arc<Counter>,
    waker: Waker,
}

impl Waiter {
    fn new() -> Self {
        let counter = Arc::new(Counter::default());
        Self { waker: Waker::from(Arc::clone(&counter)), counter }
    }

    fn cx(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    fn woken(&self) -> usize {
        self.counter.0.load(Ordering::SeqCst)
    }
}

/// Runs a test on one thread and on several.
fn both_runtimes<F: Future<Output = ()>>(test: impl Fn() -> F) {
    Builder::new_current_thread().build().unwrap().block_on(test());
    Builder::new_multi_thread().worker_threads(4).build().unwrap().block_on(test());
}

#[test]
fn shared_and_sent() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Stream>();
    check::<Listener>();
    check::<Dialer>();
}

#[test]
fn every_event_wakes_whom_it_concerns_and_nobody_else() {
    type Event = fn(&Stream, &mut Option<Stream>);
    // The stream has a full outgoing direction and an empty incoming one.
    let rows: [(&str, Event, [usize; 3]); 9] = [
        ("bytes come in", |_, peer| drop(peer.as_ref().unwrap().try_write(b"x")), [1, 0, 0]),
        ("one byte of room", |_, peer| drop(peer.as_ref().unwrap().try_read(&mut [0])), [0, 0, 0]),
        ("half is free", |_, peer| drop(peer.as_ref().unwrap().try_read(&mut [0; 4])), [0, 1, 0]),
        (
            "the peer half-closes",
            |_, peer| peer.as_ref().unwrap().shutdown(Shutdown::Write).unwrap(),
            [1, 0, 0],
        ),
        (
            "the peer does not want more",
            |_, peer| peer.as_ref().unwrap().shutdown(Shutdown::Read).unwrap(),
            [0, 1, 0],
        ),
        (
            "the peer shuts both down",
            |_, peer| peer.as_ref().unwrap().shutdown(Shutdown::Both).unwrap(),
            [1, 1, 1],
        ),
        ("its own shutdown for reading", |own, _| own.shutdown(Shutdown::Read).unwrap(), [1, 0, 0]),
        (
            "its own shutdown for writing",
            |own, _| own.shutdown(Shutdown::Write).unwrap(),
            [0, 1, 0],
        ),
        ("the peer is dropped", |_, peer| drop(peer.take()), [1, 1, 1]),
    ];
    for (event, act, expected) in rows {
        let (own, peer) = Stream::pair(size(8));
        assert_eq!(own.try_write(&[0; 100]).unwrap(), 8);
        let [reader, writer, watcher] = [Waiter::new(), Waiter::new(), Waiter::new()];
        assert!(own.poll_read_ready(&mut reader.cx()).is_pending());
        assert!(own.poll_write_ready(&mut writer.cx()).is_pending());
        assert!(own.poll_error(&mut watcher.cx()).is_pending());
        let mut peer = Some(peer);
        act(&own, &mut peer);
        let woken = [reader, writer, watcher].map(|waiter| waiter.woken());
        assert_eq!(woken, expected, "{event}");
    }
}

#[test]
fn who_waited_last_is_woken() {
    let (own, peer) = Stream::pair(size(8));
    let (first, last) = (Waiter::new(), Waiter::new());
    assert!(own.poll_read_ready(&mut first.cx()).is_pending());
    assert!(own.poll_read_ready(&mut last.cx()).is_pending());
    peer.try_write(b"x").unwrap();
    peer.try_write(b"x").unwrap();
    assert_eq!((first.woken(), last.woken()), (0, 1));
}

#[test]
fn a_waker_does_not_outlive_its_end() {
    let (own, peer) = Stream::pair(size(8));
    let waiter = Waiter::new();
    assert!(own.poll_read_ready(&mut waiter.cx()).is_pending());
    assert!(own.poll_error(&mut waiter.cx()).is_pending());
    drop(own);
    assert_eq!(Arc::strong_count(&waiter.counter), 2, "the counter and its waker here");
    drop(peer);
}

#[test]
fn a_full_direction_takes_what_fits() {
    let (a, b) = Stream::pair(size(10));
    assert_eq!(a.try_write(&[1; 7]).unwrap(), 7);
    let slices = [IoSlice::new(&[2; 2]), IoSlice::new(&[]), IoSlice::new(&[3; 5])];
    assert_eq!(a.try_write_vectored(&slices).unwrap(), 3);
    assert_eq!(kind(a.try_write(b"x")), ErrorKind::WouldBlock);
    assert_eq!(a.try_write(b"").unwrap(), 0, "nothing always fits");
    assert_eq!(a.unread(), 10);
    let mut bytes = [0; 4];
    assert_eq!(b.try_read(&mut bytes).unwrap(), 4);
    assert_eq!(a.unread(), 6);
    // Round the end of the ring.
    assert_eq!(a.try_write(&[4; 9]).unwrap(), 4);
    let mut rest = [0; 20];
    assert_eq!(b.try_read(&mut rest).unwrap(), 10);
    assert_eq!(rest[..10], [1, 1, 1, 2, 2, 3, 4, 4, 4, 4]);
    assert_eq!(a.unread(), 0);
}

#[test]
fn memory_is_there_only_while_bytes_are() {
    let (a, b) = Stream::pair(size(1 << 20));
    assert_eq!((a.allocated(), b.allocated()), (0, 0));
    for _ in 0..8 {
        assert_eq!(a.try_write(&vec![0; 100_000]).unwrap(), 100_000);
    }
    assert!((800_000..=1 << 20).contains(&b.allocated()), "{}", b.allocated());
    let mut buffer = vec![0; 1 << 20];
    assert_eq!(b.try_read(&mut buffer).unwrap(), 800_000);
    assert!(b.allocated() <= 4096, "{}", b.allocated());
    a.try_write(&buffer).unwrap();
    drop(b);
    assert_eq!((a.unread(), a.allocated()), (0, 0), "what nobody can read is gone");
}

#[test]
fn a_task_whose_peer_is_always_ready_yields() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        let (mut a, b) = Stream::pair(size(1 << 20));
        // Without the budget, this task would never let the other one run.
        let endless = tokio::spawn(async move {
            let mut byte = [0];
            while a.write_all(b"x").await.is_ok() && (&b).read_exact(&mut byte).await.is_ok() {}
        });
        tokio::task::yield_now().await;
        endless.abort();
        assert!(endless.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn connections_are_accepted_in_their_order_and_by_anybody() {
    both_runtimes(|| async {
        let listener = Arc::new(Listener::new());
        let dialer = listener.dialer();
        // Both kinds of waiting at once; no connection may be lost between them.
        let accepters: Vec<_> = (0..4)
            .map(|number| {
                let listener = Arc::clone(&listener);
                tokio::spawn(async move {
                    let mut accepted = Vec::new();
                    loop {
                        let stream = if number == 0 {
                            std::future::poll_fn(|cx| listener.poll_accept(cx)).await
                        } else {
                            listener.accept().await
                        };
                        let Ok(mut stream) = stream else { return accepted };
                        accepted.push(stream.read_u32().await.unwrap());
                        stream.write_u8(1).await.unwrap();
                    }
                })
            })
            .collect();
        let dialers: Vec<_> = (0..1000)
            .map(|number| {
                let dialer = dialer.clone();
                tokio::spawn(async move {
                    let mut stream = dialer.connect().await.unwrap();
                    stream.write_u32(number).await.unwrap();
                    assert_eq!(stream.read_u8().await.unwrap(), 1);
                })
            })
            .collect();
        for dialer in dialers {
            dialer.await.unwrap();
        }
        listener.close();
        let mut all = Vec::new();
        for accepter in accepters {
            all.extend(accepter.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());

        let listener = Listener::new();
        let dialer = listener.dialer();
        let mut streams = Vec::new();
        for number in 0..10 {
            let mut stream = dialer.connect().await.unwrap();
            stream.write_u8(number).await.unwrap();
            streams.push(stream);
        }
        for number in 0..10 {
            assert_eq!(listener.accept().await.unwrap().read_u8().await.unwrap(), number);
        }
    });
}

#[test]
fn a_full_backlog_waits_for_an_accept() {
    both_runtimes(|| async {
        let options = ListenerOptions { backlog: size(2), ..ListenerOptions::default() };
        let listener = Listener::with(options);
        let dialer = listener.dialer();
        let _pending = [dialer.connect().await.unwrap(), dialer.connect().await.unwrap()];
        let waiter = Waiter::new();
        let mut third = Box::pin(dialer.connect());
        let mut fourth = Box::pin(dialer.connect());
        assert!(third.as_mut().poll(&mut waiter.cx()).is_pending());
        assert!(fourth.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let first = listener.accept().await.unwrap();
        assert_eq!(waiter.woken(), 1);
        // Who gives up lets the next one in.
        drop(third);
        let fourth = fourth.await.unwrap();
        let second = listener.accept().await.unwrap();
        let accepted = listener.accept().await.unwrap();
        fourth.try_write(b"x").unwrap();
        assert_eq!(accepted.try_read(&mut [0]).unwrap(), 1);
        drop((first, second));
    });
}

#[test]
fn closing_ends_all_waiting() {
    both_runtimes(|| async {
        for by_drop in [false, true] {
            let listener =
                Listener::with(ListenerOptions { backlog: size(1), ..ListenerOptions::default() });
            let dialer = listener.dialer();
            let pending = dialer.connect().await.unwrap();
            let waiting = tokio::spawn({
                let dialer = dialer.clone();
                async move { dialer.connect().await }
            });
            let reading = tokio::spawn(async move {
                let mut pending = pending;
                let error = kind(pending.read_u8().await);
                (error, pending.read(&mut [0]).await.unwrap())
            });
            // Lets both begin to wait on one thread; on several, either order must do.
            tokio::task::yield_now().await;
            if by_drop {
                drop(listener);
            } else {
                close_and_check(&listener).await;
            }
            assert_eq!(kind(waiting.await.unwrap()), ErrorKind::ConnectionRefused);
            assert_eq!(reading.await.unwrap(), (ErrorKind::ConnectionReset, 0));
            assert_eq!(kind(dialer.connect().await), ErrorKind::ConnectionRefused);
        }
    });
}

async fn close_and_check(listener: &Listener) {
    listener.close();
    listener.close();
    assert_eq!(kind(listener.accept().await), ErrorKind::InvalidInput);
    let waiter = Waiter::new();
    let Poll::Ready(accepted) = listener.poll_accept(&mut waiter.cx()) else {
        panic!("a closed listener lets nobody wait")
    };
    assert_eq!(kind(accepted), ErrorKind::InvalidInput);
}

#[test]
fn who_waits_to_accept_learns_of_the_close() {
    let listener = Listener::new();
    let (slot, future) = (Waiter::new(), Waiter::new());
    let mut accept = Box::pin(listener.accept());
    assert!(accept.as_mut().poll(&mut future.cx()).is_pending());
    assert!(listener.poll_accept(&mut slot.cx()).is_pending());
    listener.close();
    assert_eq!((slot.woken(), future.woken()), (1, 1));
    let Poll::Ready(accepted) = accept.as_mut().poll(&mut future.cx()) else { panic!("closed") };
    assert_eq!(kind(accepted), ErrorKind::InvalidInput);
}

#[test]
fn both_directions_carry_every_byte_through_a_tiny_capacity() {
    both_runtimes(|| async {
        for capacity in [1, 7, 4096, 65_536] {
            let (a, b) = Stream::pair(size(capacity));
            let (a, b) = (Arc::new(a), Arc::new(b));
            let amount = if capacity < 100 { 20_000 } else { 2_000_000 };
            let tasks = [
                tokio::spawn(send(Arc::clone(&a), amount, 1)),
                tokio::spawn(send(Arc::clone(&b), amount, 2)),
                tokio::spawn(receive(b, amount, 1)),
                tokio::spawn(receive(a, amount, 2)),
            ];
            for task in tasks {
                task.await.unwrap();
            }
        }
    });
}

/// The byte at a place of the stream with this seed.
fn byte(at: usize, seed: usize) -> u8 {
    (at.wrapping_mul(2_654_435_761).wrapping_add(seed * 97) >> 7).to_le_bytes()[0]
}

async fn send(stream: Arc<Stream>, amount: usize, seed: usize) {
    let (mut at, mut stream) = (0, &*stream);
    while at < amount {
        let block: Vec<u8> =
            (at..amount.min(at + 1 + at % 9001)).map(|at| byte(at, seed)).collect();
        stream.write_all(&block).await.unwrap();
        at += block.len();
    }
    AsyncWriteExt::shutdown(&mut stream).await.unwrap();
}

async fn receive(stream: Arc<Stream>, amount: usize, seed: usize) {
    let (mut at, mut stream) = (0, &*stream);
    let mut block = vec![0; 5000];
    loop {
        let most = 1 + at % block.len();
        let count = stream.read(&mut block[..most]).await.unwrap();
        if count == 0 {
            assert_eq!(at, amount);
            return;
        }
        for found in &block[..count] {
            assert_eq!(*found, byte(at, seed), "at {at}");
            at += 1;
        }
    }
}

//! The relay as a state machine: two parties that say, end, leave and reset what they like over an
//! in-memory transport that reads and writes short, blocks without need and runs out of pipes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use devkit_memnet::Stream;
use proptest::prelude::*;
use proptest::test_runner::Config;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{Meter, RelayEnds, RelayRules, Timeouts, echo, relay};
use crate::input::options::Engine;
use crate::serve::event::Reason;
use crate::socket::transport::{Conduit, Transport};

/// What goes wrong at one call; nothing where the tape has ended.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Nothing,
    /// The call moves at most this many bytes.
    Short(usize),
    /// The call moves nothing, and readiness comes again at once.
    Block,
    /// Splicing says 0 without an end, as old kernels do.
    Zero,
    /// Splicing is not possible here.
    NoSplice,
    /// There is no pipe.
    NoPipe,
}

/// An end of a connection in memory, with faults.
struct Memory {
    /// Always there until it is dropped.
    stream: Option<Stream>,
    tape: Arc<Mutex<VecDeque<Fault>>>,
    /// What a zero linger is for a socket.
    resets: AtomicBool,
    /// Readiness that a fault has taken away.
    blocked: [AtomicBool; 2],
}

const READING: usize = 0;
const WRITING: usize = 1;

impl Memory {
    fn new(stream: Stream, tape: &Arc<Mutex<VecDeque<Fault>>>) -> Self {
        Self {
            stream: Some(stream),
            tape: Arc::clone(tape),
            resets: AtomicBool::new(false),
            blocked: [AtomicBool::new(false), AtomicBool::new(false)],
        }
    }

    fn stream(&self) -> &Stream {
        self.stream.as_ref().expect("it is taken only when dropped")
    }

    fn fault(&self) -> Fault {
        self.tape.lock().unwrap().pop_front().unwrap_or(Fault::Nothing)
    }

    /// How many bytes one call may move.
    fn allowed(&self, way: usize, wanted: usize) -> io::Result<usize> {
        match self.fault() {
            Fault::Short(most) => Ok(wanted.min(most)),
            Fault::Block => {
                self.blocked[way].store(true, Relaxed);
                Err(ErrorKind::WouldBlock.into())
            }
            _ => Ok(wanted),
        }
    }

    fn poll_ready(&self, way: usize, cx: &mut Context<'_>) -> Poll<()> {
        if self.blocked[way].swap(false, Relaxed) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let result = match way {
            READING => self.stream().poll_read_ready(cx),
            _ => self.stream().poll_write_ready(cx),
        };
        result.map(|_| ())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take().filter(|_| self.resets.load(Relaxed)) {
            stream.abort();
        }
    }
}

impl Transport for Memory {
    type Conduit = MemoryPipe;

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(READING, cx)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(WRITING, cx)
    }

    fn broken(&self) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(|cx| self.stream().poll_error(cx))
    }

    fn hung_up(&self) -> bool {
        self.stream().hung_up()
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.allowed(READING, buffer.len())?;
        self.stream().try_read(&mut buffer[..most])
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let most = self.allowed(WRITING, bytes.len())?;
        self.stream().try_write(&bytes[..most])
    }

    fn splices_to(&self, _: &Self) -> bool {
        true
    }

    fn end_writing(&self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    fn reset(&self) {
        self.resets.store(true, Relaxed);
    }

    fn take_error(&self) -> Option<io::Error> {
        self.stream().take_error().unwrap()
    }

    fn queued(&self) -> usize {
        self.stream().unread()
    }

    fn delivered(&self) -> bool {
        true
    }
}

thread_local! {
    static KEPT: RefCell<Vec<VecDeque<u8>>> = const { RefCell::new(Vec::new()) };
    static SPLICED: Cell<u64> = const { Cell::new(0) };
    /// The tape of the connections under test, for code that has no end at hand.
    static TAPE: RefCell<Option<Arc<Mutex<VecDeque<Fault>>>>> = const { RefCell::new(None) };
}

/// A pipe that keeps its bytes where a mistake would show: in the next one that is taken.
struct MemoryPipe(VecDeque<u8>);

impl MemoryPipe {
    const SIZE: usize = 64 * 1024;
}

impl Conduit<Memory> for MemoryPipe {
    fn take() -> Option<Self> {
        let tape = TAPE.with_borrow(Clone::clone)?;
        let fault = tape.lock().unwrap().pop_front();
        if matches!(fault, Some(Fault::NoPipe)) {
            return None;
        }
        Some(Self(KEPT.with_borrow_mut(Vec::pop).unwrap_or_default()))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn fill(&mut self, from: &Memory, most: usize) -> io::Result<usize> {
        assert!(self.is_empty(), "a pipe is filled only when it is empty");
        match from.fault() {
            Fault::Zero => return Ok(0),
            Fault::NoSplice => return Err(io::Error::from_raw_os_error(nix::libc::EINVAL)),
            _ => {}
        }
        let mut buffer = vec![0; most.min(Self::SIZE)];
        let count = from.try_read(&mut buffer)?;
        self.0.extend(&buffer[..count]);
        SPLICED.set(SPLICED.get() + count as u64);
        Ok(count)
    }

    fn drain(&mut self, to: &Memory) -> io::Result<usize> {
        let count = to.try_write(self.0.make_contiguous())?;
        self.0.drain(..count);
        Ok(count)
    }
}

impl Drop for MemoryPipe {
    fn drop(&mut self) {
        if self.is_empty() {
            KEPT.with_borrow_mut(|kept| kept.push(std::mem::take(&mut self.0)));
        }
    }
}

/// What a party does, one after the other. At the end it reads until there is nothing more.
#[derive(Debug, Clone, Copy)]
enum Act {
    Send(usize),
    Read(usize),
    /// Lets the others go on.
    Wait(u8),
    /// A FIN; nothing is sent after it.
    End,
    /// Reads to the end before it does anything else, as a server that answers a whole request.
    Hear,
    /// Reads what is there and closes.
    Leave,
    Reset,
}

/// How a party saw its connection end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Eof,
    Reset,
    /// The party went away before.
    Nothing,
}

#[derive(Debug)]
struct Told {
    sent: u64,
    received: u64,
    ended: bool,
    left: bool,
    reset: bool,
    seen: Seen,
}

/// The byte at a place of a stream: any byte that is lost, doubled, moved or somebody else's shows.
fn byte(seed: u8, at: u64) -> u8 {
    let mixed = (at ^ (u64::from(seed) << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed.to_be_bytes()[0]
}

/// A client or a destination that uses the relay.
struct Party {
    stream: Option<Stream>,
    /// The seeds of the bytes that it sends, and of those that it receives.
    seeds: [u8; 2],
    /// The least room for bytes on the way.
    narrowest: usize,
    told: Told,
}

impl Party {
    async fn run(mut self, acts: &[Act]) -> Told {
        for act in acts {
            match *act {
                Act::Send(count) => self.send(count).await,
                Act::Read(count) => drop(self.read(count)),
                Act::Wait(turns) => {
                    for _ in 0..turns {
                        yield_now().await;
                    }
                }
                Act::End => {
                    if let Some(stream) = &self.stream {
                        stream.shutdown(Shutdown::Write).unwrap();
                        self.told.ended = true;
                    }
                }
                Act::Hear => self.hear().await,
                Act::Leave => {
                    while self.read(usize::MAX) > 0 {}
                    self.told.left |= self.stream.take().is_some();
                }
                Act::Reset => {
                    if let Some(stream) = self.stream.take() {
                        stream.abort();
                        self.told.reset = true;
                    }
                }
            }
            yield_now().await;
        }
        if let Some(stream) = &self.stream {
            // Whoever has said all it wants to says so: the other waits for it.
            stream.shutdown(Shutdown::Write).unwrap();
            self.told.ended = true;
        }
        self.hear().await;
        self.told
    }

    /// Reads until there is nothing more.
    async fn hear(&mut self) {
        while self.told.seen == Seen::Nothing {
            if self.read(usize::MAX) > 0 {
                continue;
            }
            match &self.stream {
                Some(stream) if self.told.seen == Seen::Nothing => {
                    poll_fn(|cx| stream.poll_read_ready(cx)).await.unwrap();
                }
                _ => return,
            }
        }
    }

    /// Sends all of it, or until nobody takes it; reads meanwhile, so that two of these never wait
    /// for each other.
    async fn send(&mut self, count: usize) {
        // Little by little takes long.
        let mut left = count.min(100 * self.narrowest);
        let mut waits = 0;
        let mut bytes = VecDeque::new();
        while left > 0 && !self.told.ended {
            let Some(stream) = &self.stream else { return };
            if bytes.is_empty() {
                let (seed, at) = (self.seeds[0], self.told.sent);
                bytes.extend((at..).take(left.min(64 * 1024)).map(|at| byte(seed, at)));
            }
            match stream.try_write(bytes.make_contiguous()) {
                Ok(count) => {
                    bytes.drain(..count);
                    left -= count;
                    self.told.sent += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let read = self.read(usize::MAX);
                    waits = if read > 0 { 0 } else { waits + 1 };
                    assert!(waits < 10_000, "neither sends nor receives: {:?}", self.told);
                    yield_now().await;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
                    return;
                }
            }
        }
    }

    /// Reads what is there, and looks at each byte.
    fn read(&mut self, most: usize) -> usize {
        let Some(stream) = self.stream.as_ref().filter(|_| self.told.seen == Seen::Nothing) else {
            return 0;
        };
        let mut buffer = vec![0; most.min(64 * 1024)];
        match stream.try_read(&mut buffer) {
            Ok(0) if most > 0 => self.told.seen = Seen::Eof,
            Ok(count) => {
                for (at, got) in (self.told.received..).zip(&buffer[..count]) {
                    assert_eq!(*got, byte(self.seeds[1], at), "byte {at}");
                }
                self.told.received += count as u64;
                return count;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                self.told.seen = Seen::Reset;
            }
        }
        0
    }
}

#[derive(Debug, Clone)]
struct Case {
    client: Vec<Act>,
    destination: Vec<Act>,
    capacities: [usize; 2],
    tape: Vec<Fault>,
    engine: Engine,
    half_close_timeout: bool,
}

/// `hears`: only one of the two may wait for the other's end.
fn acts(hears: bool) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => prop_oneof![1..200_usize, 16_384..200_000_usize].prop_map(Act::Send),
        4 => prop_oneof![1..200_usize, 16_384..200_000_usize].prop_map(Act::Read),
        4 => (0..8_u8).prop_map(Act::Wait),
        1 => Just(if hears { Act::Hear } else { Act::End }),
        1 => Just(Act::End),
        1 => Just(Act::Leave),
        1 => Just(Act::Reset),
    ];
    proptest::collection::vec(act, 0..10)
}

fn case() -> impl Strategy<Value = Case> {
    let fault = prop_oneof![
        6 => Just(Fault::Nothing),
        2 => (1..100_usize).prop_map(Fault::Short),
        2 => (16_384..64_000_usize).prop_map(Fault::Short),
        2 => Just(Fault::Block),
        1 => Just(Fault::Zero),
        1 => Just(Fault::NoPipe),
        1 => Just(Fault::NoSplice),
    ];
    let capacity = || prop_oneof![1 => 32..300_usize, 3 => 4096..200_000_usize];
    let engine = prop_oneof![3 => Just(Engine::Adaptive), 1 => Just(Engine::Copy)];
    let tape = proptest::collection::vec(fault, 0..60);
    (acts(false), acts(true), capacity(), capacity(), tape, engine, any::<bool>()).prop_map(
        |(client, destination, up, down, tape, engine, half_close_timeout)| Case {
            client,
            destination,
            capacities: [up, down],
            tape,
            engine,
            half_close_timeout,
        },
    )
}

fn runtime() -> tokio::runtime::Runtime {
    // Paused: time passes only where nothing else can happen.
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn rules(case: &Case) -> RelayRules {
    let hour = Duration::from_secs(3600);
    let half_closed = case.half_close_timeout.then_some(hour);
    RelayRules { patience: Timeouts { idle: None, half_closed }, engine: case.engine }
}

fn party(stream: Stream, narrowest: usize, seeds: [u8; 2]) -> Party {
    let (ended, left, reset) = (false, false, false);
    let told = Told { sent: 0, received: 0, ended, left, reset, seen: Seen::Nothing };
    Party { stream: Some(stream), seeds, narrowest, told }
}

/// What comes of one connection: what both parties saw, what the relay counted and said.
async fn carry(case: &Case, seed: u8) -> ([Told; 2], [u64; 2], Reason) {
    let tape: Arc<Mutex<VecDeque<Fault>>> = Arc::new(Mutex::new(case.tape.clone().into()));
    TAPE.set(Some(Arc::clone(&tape)));
    let [up, down] = case.capacities.map(|capacity| NonZeroUsize::new(capacity).unwrap());
    let (client_outside, client_inside) = Stream::pair(up);
    let (destination_inside, destination_outside) = Stream::pair(down);
    let narrowest = up.min(down).get();
    let client = party(client_outside, narrowest, [seed, seed + 1]);
    let destination = party(destination_outside, narrowest, [seed + 1, seed]);
    let counts: [AtomicU64; 4] = Default::default();
    let rules = rules(case);
    let relayed = async {
        let client = Memory::new(client_inside, &tape);
        let destination = Memory::new(destination_inside, &tape);
        let meters = [
            Meter { connection: &counts[0], all: &counts[2] },
            Meter { connection: &counts[1], all: &counts[3] },
        ];
        let ends =
            RelayEnds { client: &client, destination: &destination, destination_lost: false };
        relay(&ends, meters, &rules).await
    };
    let all = async {
        tokio::join!(client.run(&case.client), destination.run(&case.destination), relayed)
    };
    let day = Duration::from_secs(86_400);
    let (client, destination, reason) = timeout(day, all).await.expect("it comes to an end");
    let [up, down, all_up, all_down] = counts.map(AtomicU64::into_inner);
    assert_eq!([up, down], [all_up, all_down]);
    ([client, destination], [up, down], reason)
}

/// The laws, for one direction.
fn judge(sender: &Told, receiver: &Told, counted: u64) {
    assert!(receiver.received <= counted && counted <= sender.sent, "counted {counted}");
    // An end is the truth: nothing is missing before it, and it was said.
    if receiver.seen == Seen::Eof {
        assert_eq!(receiver.received, sender.sent, "cut short by a proper end");
        assert!(sender.ended || sender.left, "an end that nobody said");
    }
    // A reset has a cause.
    if receiver.seen == Seen::Reset {
        assert!(sender.reset || sender.left, "a reset that nobody made");
    }
    if receiver.seen != Seen::Nothing {
        // What was sent before an end, a reset or a departure arrives.
        assert_eq!(receiver.received, sender.sent, "lost");
        if sender.reset && !sender.ended {
            assert_eq!(receiver.seen, Seen::Reset, "a reset that is hidden");
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_happens_the_bytes_and_the_ends_are_the_truth(
        cases in proptest::collection::vec(case(), 1..3)
    ) {
        runtime().block_on(async {
            // Some share the thread, and with it the scratch buffer and the pipes.
            for (seed, case) in (0..).step_by(2).zip(&cases) {
                let ([client, destination], [up, down], reason) = carry(case, seed).await;
                judge(&client, &destination, up);
                judge(&destination, &client, down);
                let quiet = |told: &Told| !told.left && !told.reset;
                if quiet(&client) && quiet(&destination) {
                    assert_eq!(reason, Reason::Ended);
                    assert_eq!([client.seen, destination.seen], [Seen::Eof; 2]);
                }
            }
        });
    }

    #[test]
    fn an_echo_answers_what_it_gets(
        sends in proptest::collection::vec(1..150_000_usize, 0..6),
        case in case(),
    ) {
        runtime().block_on(async {
            let tape: Arc<Mutex<VecDeque<Fault>>> = Arc::new(Mutex::new(case.tape.clone().into()));
            TAPE.set(Some(Arc::clone(&tape)));
            let capacity = NonZeroUsize::new(case.capacities[0]).unwrap();
            let (outside, inside) = Stream::pair(capacity);
            let counts: [AtomicU64; 4] = Default::default();
            let rules = rules(&case);
            let echoed = async {
                let inside = Memory::new(inside, &tape);
                let meters = [
                    Meter { connection: &counts[0], all: &counts[2] },
                    Meter { connection: &counts[1], all: &counts[3] },
                ];
                echo(&inside, meters, &rules).await
            };
            let acts: Vec<Act> = sends.iter().map(|count| Act::Send(*count)).collect();
            let party = party(outside, capacity.get(), [7, 7]);
            let both = async { tokio::join!(party.run(&acts), echoed) };
            let (told, reason) =
                timeout(Duration::from_secs(86_400), both).await.expect("it comes to an end");
            assert_eq!((told.received, told.seen), (told.sent, Seen::Eof));
            assert_eq!(reason, Reason::Ended);
            assert_eq!(counts.map(AtomicU64::into_inner), [told.sent; 4]);
        });
    }
}

#[test]
fn a_stream_is_spliced_and_small_messages_are_not() {
    for (each, engine, spliced) in [
        (100_000, Engine::Adaptive, true),
        (100_000, Engine::Copy, false),
        (1000, Engine::Adaptive, false),
    ] {
        let case = Case {
            // Read before the next is sent, so that what is sent is what is read at once.
            client: [Act::Send(each), Act::Wait(4)].repeat(10),
            destination: [Act::Read(each), Act::Wait(1)].repeat(60),
            capacities: [200_000; 2],
            tape: Vec::new(),
            engine,
            half_close_timeout: true,
        };
        SPLICED.set(0);
        let ([client, destination], ..) = runtime().block_on(carry(&case, 1));
        assert_eq!(client.sent, 10 * each as u64);
        assert_eq!(destination.received, client.sent);
        assert_eq!(SPLICED.get() > 0, spliced, "{each} {engine:?}: {} bytes", SPLICED.get());
    }
}

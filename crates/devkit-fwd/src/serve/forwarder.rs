//! The running forwarder: accept, admit, dial, relay, and stop in good order.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use devkit_report::message;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::dial::{DialFailure, Dialled, Errand, FirstWord, dial, out_of_descriptors};
use super::event::{Closed, Event, Pause, Peer, Reason, Stats};
use super::relay::{Meter, RelayEnds, RelayRules, Timeouts, echo, relay};
use super::stdio;
use super::workers::Workers;
use crate::error::Error;
use crate::input::endpoint::{Address, Destination};
use crate::input::options::Options;
use crate::listen::listener::SocketListener;
use crate::listen::socket_file::SocketFile;
use crate::socket::stream::{Detached, SocketStream};
use crate::socket::transport::Transport;
use crate::system::limits;
use crate::system::sys;

/// Pause after the system had no descriptor for a new connection.
const BACK_OFF: Duration = Duration::from_millis(100);
/// A pause this long after the last one is told again.
const BURST: Duration = Duration::from_secs(10);

/// Gets every event, from the threads that carry connections: it must not block.
pub type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// A forwarder that listens already.
pub struct Forwarder {
    listeners: Vec<SocketListener>,
    shared: Arc<Shared>,
}

/// Steers a running forwarder from outside.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

struct Shared {
    destination: Destination,
    options: Options,
    rules: RelayRules,
    /// TCP addresses listened on: a destination that resolves to one leads back here.
    own: Vec<SocketAddr>,
    limit: usize,
    on_event: Mutex<Option<OnEvent>>,
    stop: watch::Sender<bool>,
    open: Mutex<Open>,
    /// Worker threads besides this one, once they run.
    workers: OnceLock<Vec<Handle>>,
    /// Wakes who waits, whenever a connection is over.
    left: Notify,
    starved: AtomicBool,
    /// When each kind of pause was last told, or would have been.
    last_pauses: Mutex<HashMap<Pause, Instant>>,
    counts: Counts,
}

/// Open connections, and where they are carried.
#[derive(Default)]
struct Open {
    /// By id; without a handle for the moment between entry and spawn.
    tasks: HashMap<u64, Option<AbortHandle>>,
    /// Connections that each seat carries: this thread is the first, the workers follow.
    loads: Vec<usize>,
}

#[derive(Default)]
struct Counts {
    total: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    to_destination: AtomicU64,
    to_client: AtomicU64,
}

impl Control {
    /// Stops accepting at once; open connections get the drain time to finish.
    pub fn stop(&self) {
        self.shared.stop.send_replace(true);
    }

    /// The counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl Forwarder {
    pub(crate) fn new(
        listeners: Vec<SocketListener>,
        destination: Destination,
        options: Options,
    ) -> Self {
        let options = options.bounded();
        let own = listeners.iter().flat_map(SocketListener::covers).collect();
        let limit = options
            .max_connections
            .map_or_else(|| limits::connections(options.workers), Into::into);
        let shared = Shared {
            destination,
            rules: RelayRules {
                patience: Timeouts {
                    idle: options.idle_timeout,
                    half_closed: options.half_close_timeout,
                },
                engine: options.engine,
            },
            options,
            own,
            limit,
            on_event: Mutex::new(None),
            stop: watch::Sender::new(false),
            open: Mutex::default(),
            workers: OnceLock::new(),
            left: Notify::new(),
            starved: AtomicBool::new(false),
            last_pauses: Mutex::default(),
            counts: Counts::default(),
        };
        Self { listeners, shared: Arc::new(shared) }
    }

    /// A handle for stopping it and asking it.
    #[must_use]
    pub fn control(&self) -> Control {
        Control { shared: Arc::clone(&self.shared) }
    }

    /// Serves until [`Control::stop`], and then until all connections are over or the drain time
    /// is. Runs on a current-thread tokio runtime with I/O and time enabled; further workers bring
    /// their own.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the runtime cannot take a listener, or the system has no thread for a
    /// worker. No connection can make this fail.
    pub async fn serve(self, on_event: OnEvent) -> Result<Stats, Error> {
        let shared = self.shared;
        *lock(&shared.on_event) = Some(on_event);
        let workers = Workers::start(shared.options.workers.get() - 1)
            .map_err(|source| Error::Io { action: "start the worker threads".into(), source })?;
        let _ = shared.workers.set(workers.handles());
        let mut stopped = shared.stop.subscribe();
        let sources: Vec<String> = self.listeners.iter().map(SocketListener::address).collect();
        let mut files: Vec<SocketFile> = Vec::new();
        let mut loops = JoinSet::new();
        for listener in self.listeners {
            let address = listener.address();
            register(listener, &shared, &mut loops, &mut files).map_err(|source| Error::Io {
                action: message!("watch {} for connections", address),
                source,
            })?;
        }
        let destination = shared.destination.to_string();
        if let Some(first) = sources.first() {
            shared.tell(Event::Listening { source: first.clone(), sources, destination });
        }
        let _ = stopped.wait_for(|stop| *stop).await;

        drop(files);
        loops.shutdown().await;
        shared.drain().await;
        drop(workers);
        Ok(shared.stats())
    }

    /// Serves one connection on an input and an output, and returns when both directions are over
    /// and all output is written, or when stopped.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when there are no descriptors for it, when the input cannot be read to its end,
    /// and when the output cannot be written (other than that nobody reads it any more).
    pub async fn serve_stdio<I, O>(
        self,
        input: I,
        output: O,
        on_event: OnEvent,
    ) -> Result<Stats, Error>
    where
        I: io::Read + AsFd + Send + 'static,
        O: io::Write + AsFd + Send + 'static,
    {
        let shared = self.shared;
        let cannot =
            |source| Error::Io { action: "connect standard input and output".into(), source };
        let bridge = stdio::bridge(input, output).map_err(cannot)?;
        // What is read can go nowhere else any more, so the destination has to be there first.
        let read = Mutex::new(Some(bridge.read));
        *lock(&shared.on_event) = Some(Arc::new(move |event| {
            if !matches!(event, Event::Opened { .. }) {
                lock(&read).take();
            } else if let Some(read) = lock(&read).take() {
                let _ = read.send(());
            }
            on_event(event);
        }));
        let client = adopt(bridge.socket).map_err(cannot)?;
        shared.accept(SocketStream::Unix(client), Peer::Stdio);

        let mut stopped = shared.stop.subscribe();
        let mut written = pin!(async {
            shared.all_over().await;
            bridge.written.await.unwrap_or(Ok(()))
        });
        let unreadable = async {
            match bridge.input_failed.await {
                Ok(error) => error,
                Err(_) => std::future::pending().await,
            }
        };
        let write = |source| Error::Io { action: "write standard output".into(), source };
        tokio::select! {
            result = &mut written => result.map_err(write)?,
            source = unreadable => {
                // The destination is not to take a part for the whole.
                shared.abort();
                shared.all_over().await;
                return Err(Error::Io { action: "read standard input".into(), source });
            }
            _ = stopped.wait_for(|stop| *stop) => {
                let deadline = Instant::now() + shared.options.drain;
                if shared.drain().await {
                    let late = |_| Err(io::ErrorKind::TimedOut.into());
                    timeout_at(deadline, written).await.unwrap_or_else(late).map_err(write)?;
                }
            }
        }
        Ok(shared.stats())
    }
}

fn adopt(socket: StdUnixStream) -> io::Result<UnixStream> {
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

fn register(
    listener: SocketListener,
    shared: &Arc<Shared>,
    loops: &mut JoinSet<()>,
    files: &mut Vec<SocketFile>,
) -> io::Result<()> {
    match listener {
        SocketListener::Tcp(listener) => {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            loops.spawn(accept_tcp(listener, Arc::clone(shared)));
        }
        SocketListener::Unix(listener, file) => {
            listener.set_nonblocking(true)?;
            let listener = UnixListener::from_std(listener)?;
            files.extend(file);
            loops.spawn(accept_unix(listener, Arc::clone(shared)));
        }
    }
    Ok(())
}

async fn accept_tcp(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        shared.room().await;
        match poll_fn(|cx| shared.accept_next(|| listener.poll_accept(cx))).await {
            None => {}
            Some(Ok((stream, peer))) => {
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                let admitted = shared.options.networks.admit(peer.ip());
                shared.admit(admitted, SocketStream::Tcp(stream), Peer::Tcp(peer));
            }
            Some(Err(error)) => shared.accept_failed(&error).await,
        }
    }
}

async fn accept_unix(listener: UnixListener, shared: Arc<Shared>) {
    let own_pid = Some(std::process::id().cast_signed());
    loop {
        shared.room().await;
        match poll_fn(|cx| shared.accept_next(|| listener.poll_accept(cx))).await {
            None => {}
            Some(Ok((stream, _))) => {
                let (admitted, peer) = identify(&stream, &shared.options);
                // Our own dial, about to find out that it leads back here: see `dial`.
                if matches!(peer, Peer::Unix { pid, .. } if pid == own_pid) {
                    continue;
                }
                shared.admit(admitted, SocketStream::Unix(stream), peer);
            }
            Some(Err(error)) => shared.accept_failed(&error).await,
        }
    }
}

/// Who a Unix peer is, and whether it may connect. One whose credentials are unknown may only
/// where there is no rule.
fn identify(stream: &UnixStream, options: &Options) -> (bool, Peer) {
    let Ok(peer) = stream.peer_cred() else {
        return (!options.peers.restrict(), Peer::Unix { uid: u32::MAX, pid: None });
    };
    let mut gids = vec![peer.gid()];
    if !options.peers.gids.is_empty() {
        gids.extend(sys::peer_groups(stream).unwrap_or_default());
    }
    let admitted = options.peers.admit(peer.uid(), &gids);
    (admitted, Peer::Unix { uid: peer.uid(), pid: peer.pid() })
}

impl Shared {
    fn tell(&self, event: Event) {
        let on_event = lock(&self.on_event).clone();
        if let Some(on_event) = on_event {
            on_event(event);
        }
    }

    fn stats(&self) -> Stats {
        Stats {
            open: lock(&self.open).tasks.len() as u64,
            total: self.counts.total.load(Relaxed),
            failed: self.counts.failed.load(Relaxed),
            refused: self.counts.refused.load(Relaxed),
            bytes_up: self.counts.to_destination.load(Relaxed),
            bytes_down: self.counts.to_client.load(Relaxed),
        }
    }

    /// Waits until one more connection may be open.
    async fn room(&self) {
        loop {
            if self.starved.swap(false, Relaxed) {
                self.paused(Pause::NoDescriptors);
                sleep(BACK_OFF).await;
                continue;
            }
            let left = self.left.notified();
            if !self.full() {
                return;
            }
            self.paused(Pause::MaxConnections);
            left.await;
        }
    }

    fn full(&self) -> bool {
        lock(&self.open).tasks.len() >= self.limit
    }

    /// Accepts, or is ready with `None` where another listener has filled the last place since
    /// [`Self::room`]: a client that cannot be served yet stays in the backlog.
    fn accept_next<T>(&self, accept: impl FnOnce() -> Poll<T>) -> Poll<Option<T>> {
        if self.full() { Poll::Ready(None) } else { accept().map(Some) }
    }

    async fn accept_failed(&self, error: &io::Error) {
        use nix::libc::{EBADF, EINVAL, ENOTSOCK};
        let broken = matches!(error.raw_os_error(), Some(EBADF | EINVAL | ENOTSOCK));
        // Anything else was that one connection's trouble (accept(2) lists what can be pending).
        if out_of_descriptors(error) || broken {
            self.paused(Pause::NoDescriptors);
            let _ = timeout(BACK_OFF, self.left.notified()).await;
        }
    }

    fn paused(&self, reason: Pause) {
        let now = Instant::now();
        let last = lock(&self.last_pauses).insert(reason, now);
        let told = last.is_some_and(|last| now - last < BURST);
        if !told {
            let limit = match reason {
                Pause::MaxConnections => self.limit as u64,
                Pause::NoDescriptors => limits::descriptors(),
            };
            self.tell(Event::Paused { reason, limit });
        }
    }

    fn admit(self: &Arc<Self>, admitted: bool, client: SocketStream, peer: Peer) {
        if admitted {
            self.accept(client, peer);
            return;
        }
        let id = self.counts.total.fetch_add(1, Relaxed) + 1;
        self.counts.refused.fetch_add(1, Relaxed);
        client.reset();
        drop(client);
        self.tell(Event::Refused { id, peer });
    }

    fn accept(self: &Arc<Self>, client: SocketStream, peer: Peer) {
        let id = self.counts.total.fetch_add(1, Relaxed) + 1;
        let workers = self.workers.get().map_or(&[][..], Vec::as_slice);
        let seat = lock(&self.open).enter(id, workers.len());
        let place = OpenPlace { shared: Arc::clone(self), id, seat };
        let task = match seat.checked_sub(1) {
            None => {
                let mut connection = CarriedConnection::new(place, client, peer);
                // By reference: an `async fn` stores its arguments twice, in each task.
                tokio::spawn(async move { connection.run().await })
            }
            Some(worker) => {
                let detached = client.detach();
                workers[worker].spawn(async move {
                    match detached.and_then(Detached::attach) {
                        Ok(client) => CarriedConnection::new(place, client, peer).run().await,
                        // The system has no room to watch it.
                        Err(error) => place.failed(peer, &DialFailure::Other(error)),
                    }
                })
            }
        };
        // The connection may be over already.
        if let Some(entry) = lock(&self.open).tasks.get_mut(&id) {
            *entry = Some(task.abort_handle());
        }
    }

    async fn all_over(&self) {
        loop {
            let left = self.left.notified();
            if lock(&self.open).tasks.is_empty() {
                return;
            }
            left.await;
        }
    }

    /// Whether all connections came to their end by themselves.
    async fn drain(&self) -> bool {
        let open = lock(&self.open).tasks.len() as u64;
        self.tell(Event::Stopping { open });
        let ended = timeout(self.options.drain, self.all_over()).await.is_ok();
        if !ended {
            self.abort();
            self.all_over().await;
        }
        ended
    }

    fn abort(&self) {
        for task in lock(&self.open).tasks.values().flatten() {
            task.abort();
        }
    }
}

impl Open {
    /// Takes the seat with the fewest connections, and gives its number.
    fn enter(&mut self, id: u64, workers: usize) -> usize {
        self.loads.resize(workers + 1, 0);
        let seat = (0..=workers).min_by_key(|seat| self.loads[*seat]).unwrap_or(0);
        self.loads[seat] += 1;
        self.tasks.insert(id, None);
        seat
    }

    fn leave(&mut self, id: u64, seat: usize) {
        if self.tasks.remove(&id).is_some() {
            self.loads[seat] -= 1;
        }
    }
}

/// The place of a connection among the open ones, until it is dropped.
struct OpenPlace {
    shared: Arc<Shared>,
    id: u64,
    seat: usize,
}

impl OpenPlace {
    /// Counts and tells that this connection cannot be carried.
    fn failed(&self, peer: Peer, error: &DialFailure) {
        let shared = &self.shared;
        shared.counts.failed.fetch_add(1, Relaxed);
        let destination = shared.destination.to_string();
        shared.tell(Event::failed(self.id, peer, destination, error));
    }
}

impl Drop for OpenPlace {
    fn drop(&mut self) {
        lock(&self.shared.open).leave(self.id, self.seat);
        self.shared.left.notify_waiters();
    }
}

/// An accepted connection. Dropping it closes both sockets, by reset unless it came to its end.
struct CarriedConnection {
    client: SocketStream,
    destination: Option<Dialled>,
    /// Last: its place is free when the sockets are closed. Boxed, because a small piece of memory
    /// fits between the tasks, which are stored apart from each other.
    record: Box<ConnectionRecord>,
}

/// What is told of a connection.
struct ConnectionRecord {
    peer: Peer,
    started: Instant,
    bytes: [AtomicU64; 2],
    end: ConnectionEnd,
    place: OpenPlace,
}

enum ConnectionEnd {
    /// Not yet: if it is dropped now, somebody has aborted it.
    Cut,
    Closed(Reason),
    /// Never was open.
    Failed,
}

impl CarriedConnection {
    fn new(place: OpenPlace, client: SocketStream, peer: Peer) -> Self {
        let record = ConnectionRecord {
            peer,
            started: Instant::now(),
            bytes: [AtomicU64::new(0), AtomicU64::new(0)],
            end: ConnectionEnd::Cut,
            place,
        };
        Self { client, destination: None, record: Box::new(record) }
    }

    async fn run(&mut self) {
        let place = &self.record.place;
        if let Destination::Connect(address) = &place.shared.destination {
            let first = match address {
                Address::Tcp(_) if self.client.has_data() => FirstWord::Waits,
                _ => FirstWord::Unknown,
            };
            let dialled = dial(Errand {
                address,
                first,
                limit: place.shared.options.connect_timeout,
                own: &place.shared.own,
                starved: &place.shared.starved,
            });
            match dialled.await {
                Ok(destination) => self.destination = Some(destination),
                Err(error) => {
                    self.record.end = ConnectionEnd::Failed;
                    // An empty answer would look like success.
                    self.client.reset();
                    return self.record.place.failed(self.record.peer.clone(), &error);
                }
            }
        }
        let ConnectionRecord { peer, bytes: [up, down], end, place, .. } = &mut *self.record;
        let shared = &*place.shared;
        shared.tell(Event::Opened { id: place.id, peer: peer.clone() });
        let meters = [
            Meter { connection: up, all: &shared.counts.to_destination },
            Meter { connection: down, all: &shared.counts.to_client },
        ];
        let reason = match &self.destination {
            Some(Dialled { stream, lost }) => {
                let (client, destination_lost) = (&self.client, *lost);
                // In a statement of its own: then the ends are not stored beside it.
                let relay = relay(
                    &RelayEnds { client, destination: stream, destination_lost },
                    meters,
                    &shared.rules,
                );
                relay.await
            }
            None => Box::pin(echo(&self.client, meters, &shared.rules)).await,
        };
        *end = ConnectionEnd::Closed(reason);
    }
}

impl Drop for CarriedConnection {
    fn drop(&mut self) {
        let ConnectionRecord { peer, started, bytes, end, place } = &*self.record;
        let reason = match end {
            ConnectionEnd::Closed(reason) => *reason,
            ConnectionEnd::Failed => return,
            ConnectionEnd::Cut => {
                self.client.reset();
                if let Some(destination) = &self.destination {
                    destination.stream.reset();
                }
                Reason::Stopped
            }
        };
        place.shared.tell(Event::Closed(Closed {
            id: place.id,
            peer: peer.clone(),
            bytes_up: bytes[0].load(Relaxed),
            bytes_down: bytes[1].load(Relaxed),
            reason,
            duration: started.elapsed(),
        }));
    }
}

/// A panic elsewhere leaves these counters and maps as usable as they were.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

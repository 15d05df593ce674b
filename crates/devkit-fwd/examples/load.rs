//! The load for `cargo xtask bench fwd`: a server and its clients in one process, a thread each.
//!
//! `load KIND BACKEND TARGET CONNECTIONS AMOUNT`: listens on BACKEND, connects to TARGET, which
//! leads back there. Addresses are `HOST:PORT` or `unix:PATH`. Prints the seconds it took, and the
//! 99th percentile of a round trip in microseconds.
//!
//! - `bulk`: AMOUNT bytes in all, and an answer after the FIN.
//! - `ping`: AMOUNT round trips of 64 bytes in all.
//! - `mixed`: the same while one more connection sends as much as it can.
//! - `short`: AMOUNT connections one after the other: connect, echo, close.
//! - `idle`: prints `ready` once all are connected, and holds them until standard input ends.
#![expect(clippy::print_stdout, reason = "its output is what it measured")]

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    async fn bind(address: &str) -> io::Result<Self> {
        match address.strip_prefix("unix:") {
            Some(path) => {
                let _ = std::fs::remove_file(path);
                Ok(Self::Unix(UnixListener::bind(path)?))
            }
            None => Ok(Self::Tcp(TcpListener::bind(address).await?)),
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

async fn connect(address: &str) -> io::Result<Box<dyn Stream>> {
    if let Some(path) = address.strip_prefix("unix:") {
        return Ok(Box::new(UnixStream::connect(path).await?));
    }
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

/// What the first byte of a bulk connection is; a round trip starts with another.
const BULK: u8 = 0x5a;

/// Serves one connection, which says by its first byte what it is for.
async fn serve(mut stream: Box<dyn Stream>) -> io::Result<()> {
    let mut buffer = vec![0; 4096];
    let count = stream.read(&mut buffer).await?;
    if buffer[0] == BULK {
        return sink(stream).await;
    }
    stream.write_all(&buffer[..count]).await?;
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Reads to the end and then answers.
async fn sink(mut stream: Box<dyn Stream>) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    while stream.read(&mut buffer).await? > 0 {}
    stream.write_all(b"received").await
}

async fn send_bulk(stream: Box<dyn Stream>, bytes: usize) -> io::Result<()> {
    send_while(stream, |sent| (bytes - sent).min(BLOCK)).await
}

const BLOCK: usize = 128 * 1024;

/// Sends as many bytes at a time as it is told, until that is none, and waits for the answer.
async fn send_while(mut stream: Box<dyn Stream>, next: impl Fn(usize) -> usize) -> io::Result<()> {
    let block = vec![BULK; BLOCK];
    let mut sent = 0;
    loop {
        match next(sent) {
            0 => break,
            count => sent += stream.write(&block[..count]).await?,
        }
    }
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if answer == b"received" { Ok(()) } else { Err(io::Error::other("the answer was lost")) }
}

/// Gives how long each round trip took.
async fn ping(mut stream: Box<dyn Stream>, times: usize) -> io::Result<Vec<Duration>> {
    let mut message = [0x42; 64];
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let start = Instant::now();
        stream.write_all(&message).await?;
        stream.read_exact(&mut message).await?;
        took.push(start.elapsed());
    }
    Ok(took)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn main() -> io::Result<()> {
    devkit_fwd::raise_descriptor_limit();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, backend, target, connections, amount] = args.as_slice() else {
        return Err(io::Error::other("usage: load KIND BACKEND TARGET CONNECTIONS AMOUNT"));
    };
    let number = |text: &String| text.parse::<usize>().map_err(io::Error::other);
    let (connections, amount) = (number(connections)?, number(amount)?);
    let server = runtime()?;
    let listener = server.block_on(Listener::bind(backend))?;
    thread::spawn(move || {
        server.block_on(async {
            while let Ok(stream) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    runtime()?.block_on(clients(kind, target, connections, amount))
}

async fn clients(kind: &str, target: &str, connections: usize, amount: usize) -> io::Result<()> {
    let mut streams = Vec::new();
    if kind != "short" {
        for _ in 0..connections {
            streams.push(connect(target).await?);
        }
    }
    if kind == "idle" {
        for stream in &mut streams {
            // Each sends a message, so that every connection has been used.
            stream.write_all(b"x").await?;
            stream.read_exact(&mut [0]).await?;
        }
        println!("ready");
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(());
    }
    let stop = Arc::new(AtomicBool::new(false));
    let stream = (kind == "mixed").then(|| saturate(target.to_owned(), Arc::clone(&stop)));
    let start = Instant::now();
    let mut took = Vec::new();
    if kind == "short" {
        for _ in 0..amount {
            took.extend(ping(connect(target).await?, 1).await?);
        }
    }
    let each = amount / connections;
    let tasks: Vec<_> = streams
        .into_iter()
        .map(|stream| match kind {
            "bulk" => {
                tokio::spawn(async move { send_bulk(stream, each).await.map(|()| Vec::new()) })
            }
            _ => tokio::spawn(ping(stream, each)),
        })
        .collect();
    for task in tasks {
        took.extend(task.await.map_err(io::Error::other)??);
    }
    let seconds = start.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    if let Some(stream) = stream {
        stream.join().map_err(|_| io::Error::other("the stream panicked"))??;
    }
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
    println!("{seconds} {}", p99.as_secs_f64() * 1e6);
    Ok(())
}

/// A connection that sends as much as it can, in a thread of its own.
fn saturate(target: String, stop: Arc<AtomicBool>) -> thread::JoinHandle<io::Result<()>> {
    thread::spawn(move || {
        runtime()?.block_on(async {
            let next = |_| if stop.load(Ordering::Relaxed) { 0 } else { BLOCK };
            send_while(connect(&target).await?, next).await
        })
    })
}

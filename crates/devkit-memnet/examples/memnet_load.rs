//! The load for `cargo xtask bench memnet`: a server and its client on one thread.
//!
//! `memnet_load KIND TRANSPORT AMOUNT` prints the CPU seconds and the wall-clock seconds it took.
//!
//! - `bulk`: AMOUNT bytes one way, in blocks of 64 KiB, and an answer after the end.
//! - `ping`: AMOUNT round trips of 64 bytes over one connection.
//! - `short`: AMOUNT connections one after the other: connect, echo, close.
//!
//! TRANSPORT is `memory`, `unix`, `tcp`, or tokio's `duplex`, which has no listener and so no `short`.
#![expect(clippy::print_stdout, reason = "its output is what it measured")]

use std::io;
use std::time::{Duration, Instant};

use devkit_memnet::{Dialer, Listener};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// The capacity that a memory listener has by default.
const CAPACITY: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

enum Server {
    Memory(Listener),
    Unix(UnixListener),
    Tcp(TcpListener),
    Duplex(Option<DuplexStream>),
}

enum Client {
    Memory(Dialer),
    Unix(TempDir),
    Tcp(String),
    Duplex(Option<DuplexStream>),
}

async fn transport(name: &str) -> io::Result<(Server, Client)> {
    Ok(match name {
        "memory" => {
            let listener = Listener::new();
            let dialer = listener.dialer();
            (Server::Memory(listener), Client::Memory(dialer))
        }
        "unix" => {
            let folder = tempfile::tempdir()?;
            let listener = UnixListener::bind(folder.path().join("s"))?;
            (Server::Unix(listener), Client::Unix(folder))
        }
        "tcp" => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?.to_string();
            (Server::Tcp(listener), Client::Tcp(address))
        }
        "duplex" => {
            let (server, client) = duplex(CAPACITY);
            (Server::Duplex(Some(server)), Client::Duplex(Some(client)))
        }
        _ => return Err(io::Error::other("the transport is memory, unix, tcp or duplex")),
    })
}

impl Server {
    async fn accept(&mut self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Memory(listener) => Box::new(listener.accept().await?),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Duplex(stream) => match stream.take() {
                Some(stream) => Box::new(stream),
                None => std::future::pending().await,
            },
        })
    }
}

impl Client {
    async fn connect(&mut self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Memory(dialer) => Box::new(dialer.connect().await?),
            Self::Unix(folder) => Box::new(UnixStream::connect(folder.path().join("s")).await?),
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address.as_str()).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Duplex(stream) => match stream.take() {
                Some(stream) => Box::new(stream),
                None => return Err(io::Error::other("a duplex connects once")),
            },
        })
    }
}

/// Reads to the end and then answers.
async fn sink(mut stream: Box<dyn Stream>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    while stream.read(&mut buffer).await? > 0 {}
    stream.write_all(b"received").await
}

async fn echo(mut stream: Box<dyn Stream>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

async fn send(mut stream: Box<dyn Stream>, bytes: usize) -> io::Result<()> {
    let block = vec![0x5a; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        left -= stream.write(&block[..left.min(block.len())]).await?;
    }
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if answer == b"received" { Ok(()) } else { Err(io::Error::other("the answer was lost")) }
}

async fn ping(mut stream: Box<dyn Stream>, times: usize) -> io::Result<()> {
    let mut message = [0x42; 64];
    for _ in 0..times {
        stream.write_all(&message).await?;
        stream.read_exact(&mut message).await?;
    }
    Ok(())
}

/// CPU time of this thread, which is the only one that works. From its clock: what `/proc` tells of a
/// running thread is as old as the last tick.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread's time is never negative")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, name, amount] = args.as_slice() else {
        return Err(io::Error::other("usage: memnet_load KIND TRANSPORT AMOUNT"));
    };
    let amount: usize = amount.parse().map_err(io::Error::other)?;
    let (mut server, mut client) = transport(name).await?;
    let bulk = kind == "bulk";
    tokio::spawn(async move {
        while let Ok(stream) = server.accept().await {
            tokio::spawn(async move { if bulk { sink(stream).await } else { echo(stream).await } });
        }
    });
    let start = (cpu(), Instant::now());
    match kind.as_str() {
        "bulk" => send(client.connect().await?, amount).await?,
        "ping" => ping(client.connect().await?, amount).await?,
        "short" => {
            for _ in 0..amount {
                ping(client.connect().await?, 1).await?;
            }
        }
        _ => return Err(io::Error::other("the kind is bulk, ping or short")),
    }
    println!("{} {}", cpu().saturating_sub(start.0).as_secs_f64(), start.1.elapsed().as_secs_f64());
    Ok(())
}

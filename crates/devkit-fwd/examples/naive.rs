//! The forwarder that most people would write, kept as the measure for `cargo xtask bench fwd`:
//! boxed streams, the multi-thread runtime, `copy_bidirectional`.
//!
//! `naive SOURCE DESTINATION`, each `HOST:PORT` or `unix:PATH`. Not an example to follow: it takes
//! a socket path without asking, and ends when there is no descriptor left.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn dial(destination: &str) -> io::Result<Box<dyn Stream>> {
    if let Some(path) = destination.strip_prefix("unix:") {
        return Ok(Box::new(UnixStream::connect(path).await?));
    }
    let stream = TcpStream::connect(destination).await?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

async fn carry(mut client: Box<dyn Stream>, destination: String) -> io::Result<()> {
    let mut destination = dial(&destination).await?;
    copy_bidirectional(&mut client, &mut destination).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> io::Result<()> {
    devkit_fwd::raise_descriptor_limit();
    let args: Vec<String> = std::env::args().collect();
    let [_, source, destination] = args.as_slice() else {
        return Err(io::Error::other("usage: naive SOURCE DESTINATION"));
    };
    if let Some(path) = source.strip_prefix("unix:") {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path)?;
        loop {
            let (client, _) = listener.accept().await?;
            tokio::spawn(carry(Box::new(client), destination.clone()));
        }
    }
    let listener = TcpListener::bind(source).await?;
    loop {
        let (client, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        tokio::spawn(carry(Box::new(client), destination.clone()));
    }
}

//! TCP to a host that may have several addresses, not all of which answer.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::DialError;
use crate::upstream::server::bracketed;

const KEEPALIVE: Duration = Duration::from_secs(30);
/// What one address may take before the next is tried as well (Go's `Dialer.FallbackDelay`).
const HEAD_START: Duration = Duration::from_millis(300);

pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let connect = async {
        let found = devkit_lookup::addresses_in_time(host, port).await?;
        let stream = first_of(found.into_iter()).await?;
        stream.set_nodelay(true)?;
        // A watch on a connection that nobody has any more would wait for ever.
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        Ok(stream)
    };
    let failed = |source| DialError::Connect { to: format!("{}:{port}", bracketed(host)), source };
    connect.await.map_err(failed)
}

/// The first that answers. If none does, what was wrong with the first.
async fn first_of(mut addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut failure: Option<io::Error> = None;
    loop {
        if let Some(next) = addresses.next() {
            attempts.spawn(TcpStream::connect(next));
        }
        tokio::select! {
            biased;
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => drop(failure.get_or_insert(error)),
                Some(Err(error)) => return Err(error.into()),
                None => break,
            },
            () = sleep(HEAD_START) => {}
        }
    }
    Err(failure.unwrap_or_else(|| ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        // Well before the system gives up by itself.
        let patient = async { tokio::time::timeout(Duration::from_secs(20), test).await };
        runtime.block_on(patient).expect("it does not wait for one that does not answer")
    }

    /// An address that drops what would connect: its queue is full.
    fn silent() -> (Socket, Vec<Socket>, SocketAddr) {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into();
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&any).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            if socket.connect_timeout(&address, Duration::from_millis(50)).is_err() {
                return (listener, queued, address.as_socket().unwrap());
            }
            queued.push(socket);
        }
    }

    #[test]
    fn an_address_that_does_not_answer_is_not_waited_for() {
        let (_listener, _queued, silent) = silent();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let good = listener.local_addr().unwrap();
        let closed = {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            listener.local_addr().unwrap()
        };
        for addresses in [vec![silent, good], vec![closed, silent, good], vec![good, silent]] {
            let stream = run(first_of(addresses.iter().copied())).unwrap();
            assert_eq!(stream.peer_addr().unwrap(), good, "{addresses:?}");
        }
        let error = run(first_of([closed, closed].into_iter())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(run(first_of([].into_iter())).unwrap_err().kind(), ErrorKind::NotFound);
    }
}

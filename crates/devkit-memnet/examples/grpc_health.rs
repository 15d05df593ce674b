//! gRPC over memory: a tonic server with the health service, and its clients, without a port.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use devkit_memnet::{Dialer, Listener, Stream};
use futures_util::stream;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tonic::transport::server::Connected;
use tonic::transport::{Channel, Endpoint, Server, Uri};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;
use tonic_health::{ServingStatus, pb};
use tower::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for status in health().await? {
        println!("{}", status.as_str_name());
    }
    println!("after the shutdown: connection refused");
    Ok(())
}

/// Asks a server over several connections, and shuts it down.
async fn health() -> Result<Vec<pb::health_check_response::ServingStatus>, Box<dyn Error>> {
    let listener = Listener::new();
    let dialer = listener.dialer();

    let (reporter, service) = health_reporter();
    reporter.set_service_status("orders", ServingStatus::Serving).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(
        Server::builder()
            .add_service(service)
            .serve_with_incoming_shutdown(incoming(listener), async { drop(stopped.await) }),
    );

    let mut statuses = Vec::new();
    for _ in 0..2 {
        let mut client = HealthClient::new(channel(dialer.clone()).await?);
        for _ in 0..2 {
            let request = HealthCheckRequest { service: "orders".into() };
            statuses.push(client.check(request).await?.into_inner().status());
        }
    }

    // Calls in flight are answered; the listener goes with the server.
    drop(stop);
    server.await??;
    match dialer.connect().await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(statuses),
        _ => Err("the server is gone, and yet a connection was made".into()),
    }
}

/// A channel whose connections are made by the dialer; the address is only shown to the server.
async fn channel(dialer: Dialer) -> Result<Channel, tonic::transport::Error> {
    let connector = service_fn(move |_: Uri| {
        let dialer = dialer.clone();
        async move { dialer.connect().await.map(TokioIo::new) }
    });
    Endpoint::from_static("http://memory").connect_with_connector(connector).await
}

/// The listener's connections as tonic takes them, until the listener is closed.
fn incoming(listener: Listener) -> impl futures_util::Stream<Item = io::Result<Connection>> {
    stream::unfold(listener, |listener| async move {
        let stream = listener.accept().await.ok()?;
        Some((Ok(Connection(stream)), listener))
    })
}

/// tonic's trait needs a type of this crate: a server can ask it who has connected.
struct Connection(Stream);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[tokio::test]
async fn four_calls_over_two_connections_are_served() {
    use pb::health_check_response::ServingStatus::Serving;
    assert_eq!(health().await.expect("the example runs"), [Serving; 4]);
}

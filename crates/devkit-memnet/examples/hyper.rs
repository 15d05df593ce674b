//! HTTP/1.1 over memory: a hyper server and its client, two requests over one connection.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;

use devkit_memnet::{Dialer, Listener};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for answer in echoes(&["first", "second"]).await? {
        println!("{answer}");
    }
    Ok(())
}

/// Sends each text as the body of a request, and gives what came back.
async fn echoes(texts: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let listener = Listener::new();
    let dialer = listener.dialer();
    let server = tokio::spawn(serve(listener));

    let mut client = connect(&dialer).await?;
    let mut answers = Vec::new();
    for text in texts {
        let request = Request::post("/echo").header(HOST, "memory");
        let response = client.send_request(request.body((*text).to_owned())?).await?;
        let body = response.into_body().collect().await?.to_bytes();
        answers.push(String::from_utf8(body.to_vec())?);
    }
    drop(client);
    server.abort();
    Ok(answers)
}

/// A connection that is kept alive from request to request.
async fn connect(dialer: &Dialer) -> Result<SendRequest<String>, Box<dyn Error>> {
    let stream = TokioIo::new(dialer.connect().await?);
    let (client, connection) = handshake(stream).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Serves until the listener is closed.
async fn serve(listener: Listener) {
    while let Ok(stream) = listener.accept().await {
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(echo));
        tokio::spawn(connection);
    }
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    Ok(Response::new(Full::new(request.into_body().collect().await?.to_bytes())))
}

#[cfg(test)]
#[tokio::test]
async fn every_body_comes_back() {
    let answers = echoes(&["first", "second"]).await.expect("the example runs");
    assert_eq!(answers, ["first", "second"]);
}

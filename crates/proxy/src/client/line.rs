//! One request, one response: the connections that some servers are reached by, with their deadlines kept apart.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::{
    client::legacy::{Client as Pool, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};
use plan::{Trouble, trouble::Deadline};
use tokio::time::timeout;
use url::Url;

use super::{
    connect::{self, Connector, Reach},
    why,
};
use crate::limits;

/// Sends requests with bodies of type `B`; keeps connections. Does not retry, follow or judge answers.
pub(crate) struct Line<B> {
    pool: Pool<Connector, B>,
    connector: Connector,
}

/// A request that got no response, and whether it was sent over a connection that had served before.
pub(crate) struct Lost {
    /// Why.
    pub(crate) trouble: Trouble,
    /// True if the connection may merely have been too old: the same request over a new one may well be answered.
    pub(crate) reused: bool,
}

impl From<Trouble> for Lost {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, reused: false }
    }
}

impl<B> Line<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    pub(crate) fn new(reach: Reach) -> Self {
        let connector = Connector::new(reach);
        Self { pool: pool(connector.clone()), connector }
    }

    /// How its servers are reached.
    pub(crate) fn reach(&self) -> &Reach {
        self.connector.reach()
    }

    /// Sends `request` and waits at most `first_byte` for the head of the response, from when it could be sent.
    pub(crate) async fn send(&self, mut request: Request<B>, first_byte: Duration) -> Result<Response<Incoming>, Lost> {
        let mut connection = capture_connection(&mut request);
        let mut response = std::pin::pin!(self.pool.request(request));
        // Connecting has deadlines of its own, in the connector; the first byte's starts once the request can be sent.
        let early = tokio::select! {
            biased;
            done = &mut response => Some(done),
            _ = connection.wait_for_connection_metadata() => None,
        };
        let done = match early {
            Some(done) => done,
            None => match timeout(first_byte, &mut response).await {
                Ok(done) => done,
                Err(_) => {
                    // Perhaps nobody is at the other end any more; others must not wait for that, too.
                    connection.connection_metadata().as_ref().inspect(|connected| connected.poison());
                    return Err(Trouble::Deadline(Deadline::FirstByte, why::millis(first_byte)).into());
                }
            },
        };
        match done {
            Ok(response) => {
                connect::served(response.extensions());
                Ok(response)
            }
            Err(error) => {
                let reused = connection.connection_metadata().as_ref().is_some_and(connect::reused);
                let trouble = why::trouble(&error);
                Err(Lost { reused: reused && matches!(trouble, Trouble::Broken(_)), trouble })
            }
        }
    }

    /// The login of the forward proxy that a plain http request for `url` is handed to.
    pub(crate) fn proxy_login(&self, url: &Url) -> Option<HeaderValue> {
        let plain = url.scheme() == "http";
        plain.then(|| self.reach().forward.of(url)?.login.clone()).flatten()
    }
}

fn pool<B>(connector: Connector) -> Pool<Connector, B>
where
    B: Body<Data = Bytes> + Send,
{
    Pool::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::IDLE_CONNECTION)
        .pool_max_idle_per_host(limits::MAX_IDLE_CONNECTIONS)
        .http2_keep_alive_interval(limits::HTTP2_PING)
        .http2_keep_alive_timeout(limits::HTTP2_PING)
        .http2_initial_stream_window_size(limits::HTTP2_STREAM_WINDOW_BYTES)
        .http2_initial_connection_window_size(limits::HTTP2_CONNECTION_WINDOW_BYTES)
        .build(connector)
}

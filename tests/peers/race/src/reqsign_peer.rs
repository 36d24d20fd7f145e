use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_lite::future::block_on;
use peer_reqsign::{Elsewhere, grant};
use reqsign::aws::{AssumeRoleGranter, Credential, StaticCredentialProvider};
use reqsign::{Context, Granter, HttpSend};
use reqsign_http_send_reqwest::ReqwestHttpSend;

use crate::contest::Outcome;
use crate::memory::{KEY, REGION};
use crate::responder;

fn granter(sender: impl HttpSend) -> Granter<Credential> {
    let source = StaticCredentialProvider::new(KEY.0, KEY.1);
    Granter::new(Context::new().with_http_send(sender), source, AssumeRoleGranter::new(REGION, grant()))
}

/// A client of that URL.
pub(crate) fn client(url: &str) -> Granter<Credential> {
    granter(Elsewhere { sender: ReqwestHttpSend::default(), url: url.to_owned() })
}

/// So many calls by that client.
pub(crate) async fn calls(client: &Granter<Credential>, count: u32) -> Outcome {
    for _ in 0..count {
        black_box(client.grant(Some(Duration::from_secs(3600))).await?);
    }
    Ok(())
}

/// Answers at once, and notes when.
#[derive(Debug)]
struct Canned {
    document: Bytes,
    asked: Arc<Mutex<Option<Instant>>>,
}

impl HttpSend for Canned {
    async fn http_send(&self, request: http::Request<Bytes>) -> reqsign::Result<http::Response<Bytes>> {
        black_box(request);
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(http::Response::new(Bytes::copy_from_slice(&self.document)))
    }
}

/// The times of calls without a network.
#[derive(Clone, Copy, Default)]
pub(crate) struct Times {
    /// Until the request was made and signed.
    pub(crate) request: Duration,
    /// From the reply on.
    pub(crate) reply: Duration,
    pub(crate) whole: Duration,
}

/// It has no functions for the pieces of a call, so they are told apart by the clock: 50 ns of a piece are the clock's.
pub(crate) fn call() -> impl FnMut(u32) -> Outcome<Times> {
    let asked = Arc::new(Mutex::new(None));
    let sender = Canned { document: responder::document().into(), asked: Arc::clone(&asked) };
    let client = granter(sender);
    move |count| {
        let mut times = Times::default();
        for _ in 0..count {
            let start = Instant::now();
            black_box(block_on(client.grant(Some(Duration::from_secs(3600))))?);
            let end = Instant::now();
            let between = asked.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or("no request")?;
            times.request += between - start;
            times.reply += end - between;
            times.whole += end - start;
        }
        Ok(times)
    }
}

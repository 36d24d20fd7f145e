//! For the sample replies at the bottom of every operation's file.

use super::Operation;
use crate::error::Error;
use crate::reply::Reply;

pub(super) fn decode<O: Operation>(operation: &O, body: &str) -> Result<Reply<O::Output>, Error> {
    operation.decode(&http::Response::new(body))
}

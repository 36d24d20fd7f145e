//! Recorded traffic.

use serde_json::Value;
use sts_proto::http::Method;

/// One recorded request and its reply.
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) uri: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) status: u16,
    pub(super) reply: Vec<u8>,
}

/// The requests of a record with their replies, in the order of the requests.
pub(super) fn exchanges(traffic: &Value) -> Vec<Exchange> {
    let mut exchanges: Vec<(u64, Exchange)> = Vec::new();
    for event in traffic["events"].as_array().into_iter().flatten() {
        let connection = event["connection_id"].as_u64().unwrap_or_default();
        let action = &event["action"];
        let request = &action["Request"]["request"];
        if request.is_object() {
            // Those of an SDK or of a moment; and the host, which is in the URI.
            let ignored = [
                "user-agent",
                "x-amz-user-agent",
                "authorization",
                "content-length",
                "x-amz-date",
                "content-type",
                "host",
            ];
            let headers = request["headers"].as_object().into_iter().flatten();
            let headers = headers
                .map(|(name, values)| {
                    (name.to_ascii_lowercase(), values[0].as_str().unwrap_or_default().to_owned())
                })
                .filter(|(name, _)| !ignored.contains(&name.as_str()));
            let exchange = Exchange {
                method: request["method"].as_str().and_then(|m| m.parse().ok()).expect("a method"),
                uri: request["uri"].as_str().expect("a URI").to_owned(),
                headers: headers.collect(),
                body: String::new(),
                status: 0,
                reply: Vec::new(),
            };
            exchanges.push((connection, exchange));
            continue;
        }
        let Some((_, exchange)) = exchanges.iter_mut().rev().find(|(id, _)| *id == connection) else {
            continue;
        };
        if let Some(status) = action["Response"]["response"]["Ok"]["status"].as_u64() {
            exchange.status = status.try_into().expect("a status");
        }
        let text = action["Data"]["data"]["Utf8"].as_str().unwrap_or_default();
        match action["Data"]["direction"].as_str() {
            Some("Request") => exchange.body.push_str(text),
            Some("Response") => exchange.reply.extend_from_slice(text.as_bytes()),
            _ => {}
        }
    }
    exchanges.into_iter().map(|(_, exchange)| exchange).collect()
}

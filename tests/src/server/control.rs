//! The control endpoint, for programs in other processes: what the methods of `Server` do, as JSON.

use serde_json::{Value, json};

use super::answers::Answer;
use super::fault::Fault;
use super::keyset::TokenAlgorithm;
use super::oidc;
use super::request::Request;
use super::service::Service;
use super::tokens;

/// Where it is. No client of STS sends anything there.
pub(super) const PREFIX: &str = "/_control/";

/// `None` for a request to STS.
pub(super) fn answer(service: &Service, request: &Request) -> Option<Answer> {
    let resource = request.path.strip_prefix(PREFIX)?;
    let outcome = match (resource, request.method.as_str()) {
        ("faults", "GET") => Ok(service.faults().to_json()),
        ("faults", "DELETE") => {
            service.faults().clear();
            Ok(Value::Null)
        }
        ("faults", "POST") => add_fault(service, &request.body),
        ("clock", "POST") => set_clock(service, &request.body),
        ("message", "POST") => encode(&request.body),
        ("token", "POST") => mint(service, &request.body),
        _ => return Some(Answer::reply(404, &[], "")),
    };
    Some(match outcome {
        Ok(Value::Null) => Answer::reply(204, &[("Content-Length", "0")], ""),
        Ok(value) => json_reply(200, &value),
        Err(complaint) => json_reply(400, &json!({ "error": complaint })),
    })
}

/// A reply with a JSON document.
pub(super) fn json_reply(status: u16, value: &Value) -> Answer {
    Answer::reply(status, &[("Content-Type", "application/json")], value.to_string())
}

/// `{"fault": "throttle", "times": 3}` or `{"fault": "delay=100", "rate": 0.1, "seed": 7}`.
fn add_fault(service: &Service, body: &[u8]) -> Result<Value, String> {
    let order: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let members = order.as_object().ok_or("an object is expected")?;
    let known = ["fault", "times", "rate", "seed"];
    if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("{unknown:?} is not one of {known:?}"));
    }
    let fault = order["fault"].as_str().ok_or("\"fault\" must be a text")?;
    let fault: Fault = fault.parse().map_err(|error| format!("{error}"))?;
    let number = |name: &str, default: u64| match members.get(name) {
        None => Ok(default),
        Some(value) => value.as_u64().ok_or_else(|| format!("{name:?} must be a number")),
    };
    let (times, seed) = (number("times", 1)?, number("seed", 0)?);
    let fits = match members.get("rate") {
        None => service.faults().add(fault, usize::try_from(times).unwrap_or(usize::MAX)),
        Some(rate) => {
            let rate = rate.as_f64().filter(|rate| (0.0..=1.0).contains(rate));
            service.faults().add_rate(fault, rate.ok_or("\"rate\" must be from 0 to 1")?, seed)
        }
    };
    if fits { Ok(Value::Null) } else { Err("too many faults wait already".to_owned()) }
}

/// `{"claims": {"sub": "me"}, "alg": "ES384"}`, of which either may be missing.
fn mint(service: &Service, body: &[u8]) -> Result<Value, String> {
    let order: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let claims = match order.get("claims") {
        None => serde_json::Map::new(),
        Some(claims) => claims.as_object().ok_or("\"claims\" must be an object")?.clone(),
    };
    let algorithm = order.get("alg").map_or(Some("ES384"), Value::as_str).and_then(TokenAlgorithm::named);
    let algorithm = algorithm.ok_or("\"alg\" must be ES384 or RS256")?;
    let token = oidc::mint(service, algorithm, claims).ok_or("there is no randomness")?;
    Ok(json!({ "token": token }))
}

/// `{"offset": 3600}`, in seconds.
fn set_clock(service: &Service, body: &[u8]) -> Result<Value, String> {
    let order: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    service.clock.set_offset(order["offset"].as_i64().ok_or("\"offset\" must be a number of seconds")?);
    Ok(Value::Null)
}

/// Any text, for `DecodeAuthorizationMessage` to give back.
fn encode(body: &[u8]) -> Result<Value, String> {
    let message = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    Ok(json!({ "encoded": tokens::encode_authorization_message(message) }))
}

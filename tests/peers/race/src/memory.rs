use std::hint::black_box;
use std::time::{Duration, SystemTime};

use crate::contest::{Contestant, Outcome, Turns, race as contest};
use crate::{ours, reqsign_peer, responder, sdk};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const URL: &str = "https://sts.eu-west-1.amazonaws.com/";
/// AWS's example of a key.
pub(crate) const KEY: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

const TURNS: Turns = Turns { turn: Duration::from_millis(1), count: 500, batch: 16 };

/// Calls without a network, in pieces and whole.
pub(crate) fn race(peers: &[&str]) -> Outcome {
    let by_hand = aws_credential_types::Credentials::new(KEY.0, KEY.1, None, None, "race");
    let request = || {
        let form = peer_by_hand::assume_role();
        black_box(peer_by_hand::request(URL, REGION, &by_hand, SystemTime::now(), form)?);
        Ok(())
    };
    let document = responder::document();
    let reply = || {
        black_box(peer_by_hand::read(black_box(&document))?);
        Ok(())
    };
    let mut pieces = reqsign_peer::call();
    let contestants = vec![
        Contestant::new("ours", ours::request()?),
        Contestant::new("sdk", sdk::request()?),
        Contestant::timed("reqsign", move |count| Ok(pieces(count)?.request)),
        Contestant::new("by-hand", request),
    ];
    contest("request", TURNS, peers, contestants)?;

    let mut pieces = reqsign_peer::call();
    let contestants = vec![
        Contestant::new("ours", ours::reply()),
        Contestant::new("sdk", sdk::reply()?),
        Contestant::timed("reqsign", move |count| Ok(pieces(count)?.reply)),
        Contestant::new("by-hand", reply),
    ];
    contest("reply", TURNS, peers, contestants)?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = sdk::canned();
    let mut whole = reqsign_peer::call();
    let contestants = vec![
        Contestant::new("ours", ours::call()?),
        Contestant::many("sdk", |count| runtime.block_on(sdk::calls(&client, count))),
        Contestant::timed("reqsign", move |count| Ok(whole(count)?.whole)),
        Contestant::new("by-hand", || {
            request()?;
            // As it comes from a network.
            let body = String::from_utf8(document.as_bytes().to_vec())?;
            black_box(peer_by_hand::read(&body)?);
            Ok(())
        }),
    ];
    contest("call", TURNS, peers, contestants)
}

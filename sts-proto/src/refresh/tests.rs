use std::time::Duration;

use time::OffsetDateTime;

use super::*;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorCode, TransportKind};
use crate::operation::{GetCallerIdentity, Operation};
use crate::retry::Random;

fn at(seconds: f64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + time::Duration::seconds_f64(seconds)
}

fn credentials(id: &str, expiration: f64) -> Credentials {
    Credentials::new(id, "secret").unwrap().with_expiration(at(expiration))
}

fn down() -> Error {
    Error::transport(TransportKind::Closed, "down")
}

fn refused(code: &ErrorCode) -> Error {
    let body = format!("<ErrorResponse><Error><Code>{}</Code></Error></ErrorResponse>", code.as_str());
    let response = http::Response::builder().status(403).body(body.into_bytes()).unwrap();
    GetCallerIdentity::new().decode(&response).unwrap_err()
}

fn machine() -> Refresh {
    Refresh::new(RefreshPolicy::default(), 7)
}

/// Short names for what was decided.
fn name(decision: &Decision) -> String {
    match decision {
        Decision::Serve(Served { credentials, is_stale }) => {
            format!("{}{}", credentials.access_key_id(), if *is_stale { ", stale" } else { "" })
        }
        Decision::Refresh { .. } => "refresh".to_owned(),
        Decision::Wait { .. } => "wait".to_owned(),
        Decision::Fail(_) => "fail".to_owned(),
    }
}

fn refresh(
    machine: &mut Refresh,
    seconds: f64,
    outcome: Result<Credentials, Error>,
) -> Result<Served, Error> {
    let decision = machine.ask(at(seconds));
    let Decision::Refresh { round, .. } = decision else { panic!("at {seconds}: {decision:?}") };
    machine.finished(round, at(seconds), outcome)
}

/// A machine with credentials A of an hour.
fn with_an_hour() -> Refresh {
    let mut machine = machine();
    refresh(&mut machine, 0.0, Ok(credentials("A", 3600.0))).unwrap();
    machine
}

#[test]
fn the_windows() {
    let mut machine = with_an_hour();
    // The window opens 15 minutes before the end, and a tenth of the 14 between later at most.
    assert_eq!(name(&machine.ask(at(2699.0))), "A");
    let due = machine.next_refresh_at().unwrap();
    assert!((at(2700.0)..=at(2784.0)).contains(&due), "{due}");
    assert_eq!(name(&machine.ask(due - Duration::from_millis(1))), "A");
    let Decision::Refresh { round, meanwhile } = machine.ask(due) else { panic!("it is due") };
    assert_eq!(meanwhile.unwrap().credentials.access_key_id(), "A");
    for (time, decision) in [(2800.0, "A"), (3539.0, "A"), (3540.0, "wait"), (3600.0, "wait"), (1e6, "wait")]
    {
        assert_eq!(name(&machine.ask(at(time))), decision, "{time}");
    }
    assert!(!machine.is_over(round));
    machine.finished(round, at(3550.0), Ok(credentials("B", 7200.0))).unwrap();
    assert!(machine.is_over(round));
    assert_eq!(name(&machine.after_wait(round, at(3550.0))), "B");
    assert_eq!(name(&machine.ask(at(3550.0))), "B");
}

#[test]
fn a_window_of_the_users() {
    let policy = RefreshPolicy::default().advisory(Duration::from_secs(30)).jitter(f64::NAN);
    let mut machine = Refresh::new(policy, 7);
    refresh(&mut machine, 0.0, Ok(credentials("A", 3600.0))).unwrap();
    // The mandatory window is never longer.
    assert_eq!(name(&machine.ask(at(3569.0))), "A");
    assert_eq!(name(&machine.ask(at(3570.0))), "refresh");
    assert_eq!(name(&machine.ask(at(3570.0))), "wait");
}

#[test]
fn short_sessions_make_no_storm() {
    for (lifetime, most) in [(900.0, 193), (60.0, 2881), (4.0, 43_201)] {
        let policy = RefreshPolicy::default().advisory(Duration::from_secs(24 * 3600));
        for policy in [RefreshPolicy::default(), policy] {
            let (mut machine, mut loads) = (Refresh::new(policy, 7), 0);
            for half_second in 0..2 * 24 * 3600 {
                let now = f64::from(half_second) / 2.0;
                if let Decision::Refresh { round, .. } = machine.ask(at(now)) {
                    machine.finished(round, at(now), Ok(credentials("A", now + lifetime))).unwrap();
                    loads += 1;
                }
            }
            // At most four times a lifetime, however long the window is to be.
            assert!(loads <= most * 4, "{lifetime} s: {loads}");
        }
    }
}

#[test]
fn a_failed_refresh_keeps_what_is_good_and_pauses() {
    let mut machine = with_an_hour();
    assert_eq!(refresh(&mut machine, 2800.0, Err(down())).unwrap().credentials.access_key_id(), "A");
    assert!(machine.error().is_some());
    let retry = machine.next_refresh_at().unwrap();
    assert!((at(3100.0)..=at(3400.0)).contains(&retry), "{retry}");
    assert_eq!(name(&machine.ask(retry - Duration::from_millis(2))), "A");
    // The next one at the latest when the mandatory window opens, and at the end.
    assert_eq!(name(&machine.ask(at(3400.0))), "refresh");
    machine.finished(machine_round(&machine), at(3400.0), Err(down())).unwrap();
    assert_eq!(machine.next_refresh_at().unwrap(), at(3540.0));
    refresh(&mut machine, 3540.0, Err(down())).unwrap();
    assert_eq!(name(&machine.ask(at(3599.0))), "A");
    // Past it, every few seconds.
    let served = refresh(&mut machine, 3600.0, Err(down())).unwrap();
    assert!(served.is_stale);
    assert_eq!(name(&machine.ask(at(3600.9))), "A, stale");
    let served = refresh(&mut machine, 3605.0, Ok(credentials("B", 7200.0))).unwrap();
    assert_eq!(
        (served.credentials.access_key_id(), served.is_stale, machine.error().is_none()),
        ("B", false, true)
    );
}

fn machine_round(machine: &Refresh) -> u32 {
    (0..100).find(|round| !machine.is_over(*round)).expect("a refresh is under way")
}

#[test]
fn a_first_failure_surfaces_for_a_moment() {
    let mut machine = machine();
    let Decision::Refresh { round, meanwhile: None } = machine.ask(at(0.0)) else { panic!() };
    assert_eq!(name(&machine.ask(at(0.5))), "wait");
    machine.finished(round, at(1.0), Err(down())).unwrap_err();
    assert_eq!(name(&machine.ask(at(1.9))), "fail");
    // Who waited gets it whenever it comes to ask.
    assert_eq!(name(&machine.after_wait(round, at(500.0))), "fail");
    assert_eq!(name(&machine.ask(at(6.1))), "refresh");
}

#[test]
fn what_time_does_not_heal_is_raised() {
    for error in [
        refused(&ErrorCode::AccessDenied),
        refused(&ErrorCode::MalformedPolicyDocument),
        refused(&ErrorCode::PackedPolicyTooLarge),
        refused(&ErrorCode::RegionDisabled),
        refused(&ErrorCode::IdpRejectedClaim),
        refused(&ErrorCode::InvalidIdentityToken),
    ] {
        let mut machine = with_an_hour();
        refresh(&mut machine, 2800.0, Err(error.clone())).unwrap_err();
        assert_eq!(name(&machine.ask(at(2800.9))), "fail", "{error}");
        assert_eq!(name(&machine.ask(at(2805.1))), "refresh", "{error}");
        assert_eq!(name(&machine.ask(at(2805.1))), "wait", "{error}");
        // What is good is served again once the error is another one.
        let served = machine.finished(machine_round(&machine), at(2805.1), Err(down())).unwrap();
        assert_eq!(served.credentials.access_key_id(), "A");
    }
    for error in [refused(&ErrorCode::Throttling), refused(&ErrorCode::ExpiredToken), down()] {
        assert!(refresh(&mut with_an_hour(), 2800.0, Err(error)).is_ok());
    }
}

#[test]
fn bad_input_is_raised_once_there_is_nothing_good() {
    let wrong = || Err(Error::setting("WebIdentityToken", "is wrong"));
    let mut machine = with_an_hour();
    assert_eq!(refresh(&mut machine, 2800.0, wrong()).unwrap().credentials.access_key_id(), "A");
    assert_eq!(name(&machine.ask(at(2800.9))), "A");
    assert!(machine.error().is_some());
    refresh(&mut machine, 3540.0, wrong()).unwrap();
    assert_eq!(name(&machine.ask(at(3599.0))), "A");
    refresh(&mut machine, 3600.0, wrong()).unwrap_err();
    assert_eq!(name(&machine.ask(at(3600.9))), "fail");
    let served = refresh(&mut machine, 3606.0, Ok(credentials("B", 7200.0))).unwrap();
    assert_eq!(served.credentials.access_key_id(), "B");
    refresh(&mut self::machine(), 0.0, wrong()).unwrap_err();
}

#[test]
fn expired_credentials_are_a_failure_of_their_source() {
    let error = refresh(&mut machine(), 10.0, Ok(credentials("A", 4.0))).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Credentials);
    assert!(error.to_string().contains("expired 6 seconds ago"), "{error}");
    let mut machine = with_an_hour();
    let served = refresh(&mut machine, 2800.0, Ok(credentials("B", 2800.0))).unwrap();
    assert_eq!(served.credentials.access_key_id(), "A");
}

#[test]
fn credentials_without_expiry_stay() {
    let mut machine = machine();
    refresh(&mut machine, 0.0, Ok(Credentials::new("A", "secret").unwrap())).unwrap();
    assert_eq!(name(&machine.ask(at(1e9))), "A");
    assert_eq!((machine.next_refresh_at(), machine.served_when()), (None, i64::MIN..i64::MAX));
}

#[test]
fn feedback_drops_what_was_refused() {
    let mut machine = with_an_hour();
    // Not at once, or a service that refuses everything would have them replaced with every call.
    assert!(!machine.refused(at(0.9), "A"));
    assert_eq!(name(&machine.ask(at(1.0))), "A");
    // Somebody else's are long gone.
    assert!(machine.refused(at(10.0), "Z"));
    assert_eq!(name(&machine.ask(at(10.0))), "A");
    assert!(machine.refused(at(10.0), "A"));
    assert_eq!(name(&machine.ask(at(10.0))), "refresh");
    assert!(machine.refused(at(10.0), "A"));
    machine.finished(machine_round(&machine), at(11.0), Err(down())).unwrap_err();
    assert_eq!(name(&machine.ask(at(11.0))), "fail");
}

#[test]
fn who_is_gone_is_replaced() {
    let mut machine = machine();
    let Decision::Refresh { round, .. } = machine.ask(at(0.0)) else { panic!() };
    machine.abandoned(round);
    machine.abandoned(round);
    assert_eq!(name(&machine.after_wait(round, at(0.0))), "refresh");
    // Too late: it changes nothing.
    machine.abandoned(round);
    assert_eq!(
        machine.finished(round, at(0.0), Ok(credentials("A", 9.0))).unwrap().credentials.access_key_id(),
        "A"
    );
    assert_eq!(name(&machine.ask(at(0.0))), "wait");
}

/// Callers that come, go, wait, and are dropped in any order, with a source that answers as it likes and a clock that
/// jumps.
#[test]
fn in_any_order_one_refreshes_and_nobody_is_stuck() {
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let mut pick = |n: u64| random.next() % n;
        let mut machine = Refresh::new(RefreshPolicy::default(), seed);
        let (mut now, mut refreshing, mut waiting) = (0.0, None::<u32>, Vec::new());
        for step in 0..200 {
            now += [0.0, 0.3, 7.0, 200.0, 1000.0, -5000.0][pick(6) as usize];
            match (pick(6), refreshing) {
                (0 | 1, _) | (2, None) => {
                    let decision = if pick(8) == 0 { machine.force(at(now)) } else { machine.ask(at(now)) };
                    check(&decision, &mut refreshing, &mut waiting, now);
                }
                (2, Some(round)) => {
                    machine.abandoned(round);
                    refreshing = None;
                }
                (3 | 4, Some(round)) => {
                    refreshing = None;
                    let outcome = match pick(5) {
                        0 => Err(down()),
                        1 => Err(refused(&ErrorCode::AccessDenied)),
                        2 => Ok(credentials("old", now - 1.0)),
                        3 => Ok(Credentials::new("forever", "secret").unwrap()),
                        _ => Ok(credentials("new", now + [900.0, 3600.0, 40_000.0][pick(3) as usize])),
                    };
                    let is_good = outcome.as_ref().is_ok_and(|it| it.access_key_id() != "old");
                    let served = machine.finished(round, at(now), outcome);
                    assert!(
                        !is_good || served.is_ok_and(|served| !served.is_stale),
                        "seed {seed}, step {step}"
                    );
                }
                (5, _) => {
                    machine.refused(at(now), ["old", "new", "forever"][pick(3) as usize]);
                }
                _ => {}
            }
            // Those whose wait is over go on, some of them at least.
            let over: Vec<_> = waiting.iter().copied().filter(|round| machine.is_over(*round)).collect();
            waiting.retain(|round| !machine.is_over(*round));
            for round in over {
                let decision = machine.after_wait(round, at(now));
                check(&decision, &mut refreshing, &mut waiting, now);
            }
            assert!(refreshing.is_some() || waiting.is_empty(), "seed {seed}, step {step}: nobody refreshes");
            if refreshing.is_none() {
                // Whatever happened, after the longest hold, twice where the clock was set back, somebody may try again,
                // or is served what has not expired.
                let decision = machine.clone().ask(at(now + 10.001));
                let is_unexpired = matches!(&decision, Decision::Serve(served) if !served.is_stale);
                let is_fine = is_unexpired || matches!(decision, Decision::Refresh { .. });
                assert!(is_fine, "seed {seed}, step {step}: {decision:?}");
            }
        }
    }
}

fn check(decision: &Decision, refreshing: &mut Option<u32>, waiting: &mut Vec<u32>, now: f64) {
    match decision {
        Decision::Refresh { round, .. } => {
            assert_eq!(refreshing.replace(*round), None, "two refresh at once");
        }
        Decision::Wait { round } => {
            assert_eq!(Some(*round), *refreshing, "waits for nobody");
            waiting.push(*round);
        }
        Decision::Serve(served) => {
            let expiration = served.credentials.expiration();
            assert_eq!(served.is_stale, expiration.is_some_and(|expiration| expiration <= at(now)));
        }
        Decision::Fail(_) => {}
    }
}

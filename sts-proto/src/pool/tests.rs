use super::*;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_194_528 + seconds).unwrap()
}

fn credentials(key: u64, left: i64, now: OffsetDateTime) -> Credentials {
    let credentials = Credentials::new(format!("ASIA{key}"), "secret").unwrap();
    credentials.with_session_token("t").unwrap().with_expiration(now + time::Duration::seconds(left))
}

/// Whatever is asked, finished, abandoned and refused, and in whichever order.
#[test]
fn in_any_order_it_stays_in_bounds_and_nobody_is_stuck() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut pick = |n: u64| random.next() % n;
        let policy = PoolPolicy::default().capacity(3).concurrency(2).refresh(RefreshPolicy::default());
        let mut pool = Pool::new(policy, seed);
        let (mut now, mut running) = (0, Vec::<(u64, u32)>::new());
        for _ in 0..200 {
            now += [0, 1, 60, 4000][pick(4) as usize];
            let key = pick(7);
            match pick(6) {
                0..=2 => match pool.ask(&key, at(now)) {
                    Decision::Serve(served) => {
                        assert_eq!(served.credentials.access_key_id(), format!("ASIA{key}"));
                    }
                    Decision::Refresh { round } => {
                        assert!(running.iter().all(|(other, _)| *other != key), "two refreshes of a key");
                        running.push((key, round));
                    }
                    Decision::Wait { round } => {
                        assert!(running.contains(&(key, round)), "it waits for nobody");
                        assert!(!pool.is_over(&key, round));
                    }
                    Decision::Queue => assert!(!pool.has_room()),
                    Decision::Fail(error) => assert_eq!(error.kind(), crate::ErrorKind::Credentials),
                },
                3 if !running.is_empty() => {
                    let (key, round) = running.swap_remove(pick(running.len() as u64) as usize);
                    let outcome = match pick(3) {
                        0 => Err(Error::credentials("test", "there are none")),
                        _ => Ok(credentials(key, 900, at(now))),
                    };
                    let is_good = outcome.is_ok();
                    let served = pool.finished(&key, round, at(now), outcome);
                    assert!(served.is_ok() || !is_good);
                    assert!(pool.is_over(&key, round));
                }
                4 if !running.is_empty() => {
                    let (key, round) = running.swap_remove(pick(running.len() as u64) as usize);
                    pool.abandoned(&key, round);
                    // A second time changes nothing.
                    pool.abandoned(&key, round);
                    assert!(pool.is_over(&key, round));
                }
                _ => {
                    // What has just come is kept, or a service that refuses everything would have it fetched with every call.
                    let is_dropped = pool.refused(&key, at(now), &format!("ASIA{key}"));
                    assert_eq!(is_dropped, pool.credentials(&key).is_none());
                }
            }
            assert!(running.len() <= 2 && pool.has_room() == (running.len() < 2));
            assert!(pool.len() <= 3, "{} keys", pool.len());
        }
        for (key, round) in running {
            pool.abandoned(&key, round);
        }
        for key in 0..7 {
            match pool.ask(&key, at(now)) {
                Decision::Refresh { round } => pool.abandoned(&key, round),
                Decision::Serve(_) | Decision::Fail(_) => {}
                other => panic!("nobody refreshes, and {key} is told to {other:?}"),
            }
        }
    }
}

/// Whoever drops a permit hands the refresh on, and room that nobody uses is passed on.
#[test]
fn a_permit_that_is_dropped_is_another_ones() {
    let pool = SharedPool::new(PoolPolicy::default().concurrency(1), 7);
    let keys = ["a", "b"].map(|name| RoleKey::of(&AssumeRole::new("arn:aws:iam::123456789012:role/r", name)));
    let PoolTurn::Refresh(permit) = pool.turn(keys[0], at(0)).unwrap() else { panic!() };
    let PoolTurn::Wait(same) = pool.turn(keys[0], at(0)).unwrap() else { panic!() };
    let PoolTurn::Wait(other) = pool.turn(keys[1], at(0)).unwrap() else { panic!() };
    drop(permit);
    let PoolTurn::Refresh(permit) = same.turn(at(0)).unwrap() else { panic!() };
    permit.finish(at(0), Ok(credentials(0, 900, at(0)))).unwrap();
    let PoolTurn::Refresh(permit) = other.turn(at(0)).unwrap() else { panic!() };
    permit.finish(at(0), Ok(credentials(1, 900, at(0)))).unwrap();
    assert!(
        matches!(pool.turn(keys[0], at(1)).unwrap(), PoolTurn::Serve(found) if found.access_key_id() == "ASIA0")
    );
    assert_eq!((pool.len(), pool.is_empty()), (2, false));
    assert!(pool.refused(&keys[0], at(60), "ASIA0"));
    assert!(matches!(pool.turn(keys[0], at(60)).unwrap(), PoolTurn::Refresh(_)));
}

use std::hint::black_box;
use std::time::{Duration, Instant};

use sts_proto::operation::AssumeRole;
use sts_proto::pool::{Decision, Pool, PoolPolicy, RoleKey};
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, Error};
use sts_tests::sibling;

use crate::request::median;
use crate::{Outcome, Point};

const SIZES: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

/// What is timed in one go, and how often.
const BATCH: usize = 64;
const BATCHES: usize = 301;

/// Memory of a process comes in pages: of fewer roles it tells nothing.
const LEAST_WEIGHED: usize = 1_000;

const LIFETIME: Duration = Duration::from_secs(3_600);

/// Nanoseconds, and MiB.
pub(super) struct Costs {
    /// To be served the credentials of a role that is there and fresh.
    pub(super) found: Vec<Point>,
    /// To be told that they have expired, and to bring new ones.
    pub(super) refreshed: Vec<Point>,
    /// To be told that there are none, and to bring them; the role that was not asked for the longest is dropped.
    pub(super) added: Vec<Point>,
    /// With credentials whose session token has 800 bytes.
    pub(super) memory: Vec<Point>,
}

/// Of the machine alone, which the drivers lock for as long.
pub(super) fn costs() -> Outcome<Costs> {
    let mut costs = Costs { found: Vec::new(), refreshed: Vec::new(), added: Vec::new(), memory: Vec::new() };
    // Known beforehand, so that memory is the cache's. Those after the most are the ones that are added to a full cache.
    let most = SIZES[SIZES.len() - 1];
    let keys: Vec<_> = (0..most + BATCH * BATCHES).map(key).collect();
    let mut worlds = Vec::new();
    for size in SIZES {
        let (mut world, before) = (World::new(size), sibling::resident());
        for key in &keys[..size] {
            world.refresh(key, credentials(&world)?)?;
        }
        if size >= LEAST_WEIGHED {
            let memory = sibling::resident().saturating_sub(before) as f64 / 1024.0;
            costs.memory.push(Point { size: size as f64, cost: memory });
        }
        // All are kept: memory that one gave back would be used by the next one, and not be seen.
        worlds.push((size, world));
    }
    for (size, mut world) in worlds {
        let mut places = Places(7);
        let found = batches(&mut world, |world, _| {
            let chosen: Vec<_> = (0..BATCH).map(|_| keys[places.below(size)]).collect();
            time(|| chosen.iter().try_for_each(|key| world.serve(key)))
        })?;
        let refreshed = batches(&mut world, |world, _| {
            // All have expired by then.
            world.now += 2 * LIFETIME;
            // Each once, as far as there are so many: asked for again, it would be fresh.
            let first = places.below(size);
            let chosen: Vec<_> =
                (0..BATCH.min(size)).map(|step| keys[(first + step * 7_919) % size]).collect();
            let fresh = chosen.iter().map(|_| credentials(world)).collect::<Result<Vec<_>, _>>()?;
            let each = BATCH as f64 / chosen.len() as f64;
            let bring = |(key, fresh)| world.refresh(key, fresh);
            Ok(each * time(|| chosen.iter().zip(fresh).try_for_each(bring))?)
        })?;
        let added = batches(&mut world, |world, batch| {
            let new = &keys[most + batch * BATCH..][..BATCH];
            let fresh = new.iter().map(|_| credentials(world)).collect::<Result<Vec<_>, _>>()?;
            time(|| new.iter().zip(fresh).try_for_each(|(key, fresh)| world.refresh(key, fresh)))
        })?;
        let point = |cost| Point { size: size as f64, cost };
        costs.found.push(point(found));
        costs.refreshed.push(point(refreshed));
        costs.added.push(point(added));
    }
    Ok(costs)
}

/// A cache that holds so many roles, and the time.
struct World {
    pool: Pool<RoleKey>,
    now: OffsetDateTime,
}

impl World {
    fn new(capacity: usize) -> Self {
        let policy = PoolPolicy::default().capacity(capacity).concurrency(BATCH);
        Self { pool: Pool::new(policy, 7), now: OffsetDateTime::now_utc() }
    }

    fn serve(&mut self, key: &RoleKey) -> Outcome<()> {
        match black_box(self.pool.ask(key, self.now)) {
            Decision::Serve(_) => Ok(()),
            other => Err(format!("{other:?} instead of credentials").into()),
        }
    }

    fn refresh(&mut self, key: &RoleKey, credentials: Credentials) -> Outcome<()> {
        match self.pool.ask(key, self.now) {
            Decision::Refresh { round } => {
                black_box(self.pool.finished(key, round, self.now, Ok(credentials))?);
                Ok(())
            }
            other => Err(format!("{other:?} instead of a refresh").into()),
        }
    }
}

fn key(number: usize) -> RoleKey {
    RoleKey::of(&AssumeRole::new(format!("arn:aws:iam::{number:012}:role/Deploy"), "session"))
}

fn credentials(world: &World) -> Result<Credentials, Error> {
    let credentials = Credentials::new("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")?;
    Ok(credentials.with_session_token("t".repeat(800))?.with_expiration(world.now + LIFETIME))
}

/// The median of what the batches took for each.
fn batches(world: &mut World, mut batch: impl FnMut(&mut World, usize) -> Outcome<f64>) -> Outcome<f64> {
    let times = (0..BATCHES).map(|number| batch(world, number)).collect::<Result<Vec<_>, _>>()?;
    Ok(median(times))
}

/// Nanoseconds for each of a batch.
fn time(run: impl FnOnce() -> Outcome<()>) -> Outcome<f64> {
    let start = Instant::now();
    run()?;
    Ok(1e9 * start.elapsed().as_secs_f64() / BATCH as f64)
}

/// Places at random, the same in every run: xorshift.
struct Places(u64);

impl Places {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

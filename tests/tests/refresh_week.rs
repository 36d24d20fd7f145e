//! A week of credentials in virtual time: sessions of an hour and of 900 seconds, with outages, throttling and a clock
//! that is set forth and back. The bare core, and a model of STS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::call::{Call, Caller, Deadlines};
use sts_proto::endpoint::EndpointOptions;
use sts_proto::http::{Response, StatusCode};
use sts_proto::operation::{AssumeRole, GetCallerIdentity};

use sts_proto::refresh::{Cached, RefreshPolicy, Turn};
use sts_proto::source::{AssumedRole, Chain, Context, Given};
use sts_proto::step::{Answer, Flow, Resume, Seq, Step};
use sts_proto::time::OffsetDateTime;
use sts_proto::token::cli_cache::least_left;
use sts_proto::{Body, Credentials, Encoder, Error, RetryPolicy, TransportKind};

const WEEK: i64 = 7 * 24 * 3600;
const START: i64 = 1_800_000_000;
const DEADLINES: Deadlines = Deadlines { attempt: Duration::from_secs(5), total: Duration::from_secs(20) };

/// How the service is at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Service {
    Up,
    Down,
    Throttles,
}

struct World {
    /// The server's, in milliseconds since the start.
    time: i64,
    lifetime: i64,
    /// From second to second.
    troubles: Vec<(i64, i64, Service)>,
    /// From second on, what our clock is ahead by, in seconds.
    clock: Vec<(i64, i64)>,
    issued: u64,
    /// Requests for a role, whatever became of them.
    requests: u64,
    /// Whether a reply has told the time since the clock was last set.
    known_until_step: usize,
    /// The file of the role in the AWS CLI's cache, which all programs share. Where there is none, roles are not kept.
    file: Option<Vec<u8>>,
}

impl World {
    fn service(&self) -> Service {
        let second = self.time / 1000;
        let trouble = self.troubles.iter().find(|(from, to, _)| (*from..*to).contains(&second));
        trouble.map_or(Service::Up, |(_, _, service)| *service)
    }

    fn steps_done(&self) -> usize {
        self.clock.iter().filter(|(from, _)| *from * 1000 <= self.time).count()
    }

    fn server(&self) -> OffsetDateTime {
        at(self.time)
    }

    fn local(&self) -> OffsetDateTime {
        let ahead =
            self.clock.iter().rfind(|(from, _)| *from * 1000 <= self.time).map_or(0, |(_, ahead)| *ahead);
        at(self.time + ahead * 1000)
    }

    fn drive<F: Flow>(&mut self, mut step: Step<F>) -> Result<F::Output, Error> {
        loop {
            step = match step {
                Step::Send(transmit, then) => {
                    let answer = self.answer(transmit.request.body());
                    then.resume(self.local(), answer)
                }
                Step::Wait(wait, then) => {
                    self.time += i64::try_from(wait.as_millis()).expect("no wait is that long");
                    then.resume(self.local(), ())
                }
                Step::Read(_, then) => {
                    let contents = self.file.clone().map(Body::from);
                    then.resume(self.local(), contents.ok_or_else(|| io::ErrorKind::NotFound.into()))
                }
                Step::Write(write, then) => {
                    self.file = Some(write.contents.as_ref().to_vec());
                    then.resume(self.local(), Ok(()))
                }
                Step::Done(result) => return result,
                _ => panic!("nothing else is wanted here"),
            }
        }
    }

    fn answer(&mut self, form: &Body) -> Answer {
        let wants_role = form.as_ref().starts_with(b"Action=AssumeRole");
        self.requests += u64::from(wants_role);
        self.time += 40;
        let (status, body) = match self.service() {
            Service::Down => {
                self.time += 5_000;
                return Err(Error::transport(TransportKind::Timeout, "down"));
            }
            Service::Throttles => (400, THROTTLED.to_owned()),
            Service::Up if wants_role => {
                self.issued += 1;
                let expiration = at((self.time / 1000 + self.lifetime) * 1000);
                let expiration = expiration.format(&expiration_format()).expect("a time");
                (
                    200,
                    GRANTED
                        .replace("{number}", &self.issued.to_string())
                        .replace("{expiration}", &expiration),
                )
            }
            Service::Up => (200, IDENTITY.to_owned()),
        };
        self.known_until_step = self.steps_done();
        let mut response = Response::new(Body::from(body.into_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        let date = self.server().format(&date_format()).expect("a time");
        response.headers_mut().insert("date", date.parse().expect("a date"));
        Ok(response)
    }
}

fn at(milliseconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
        + Duration::from_secs(START as u64)
        + time::Duration::milliseconds(milliseconds)
}

fn expiration_format() -> impl time::formatting::Formattable {
    time::format_description::well_known::Rfc3339
}

fn date_format() -> impl time::formatting::Formattable {
    time::format_description::well_known::Rfc2822
}

#[derive(Debug, Default)]
struct Outcome {
    /// How often credentials were served, and how often they had expired: while the service did not answer, while the
    /// clock was wrong and nobody had told, and otherwise.
    served: u64,
    stale: u64,
    misled: u64,
    expired: u64,
    /// How often there were none.
    failed: u64,
}

/// Someone asks for credentials every `every` seconds, and makes a call with them about once a minute.
fn week(world: &mut World, every: i64, seed: u64) -> Outcome {
    let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().expect("a region"));
    let caller = Arc::new(Caller::new(encoder, RetryPolicy::default()));
    let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
    let operation = AssumeRole::new("arn:aws:iam::123456789012:role/Week", "week");
    let role = AssumedRole::new(Given::new(key), operation);
    let cached = Cached::new(Chain::new().with(role), RefreshPolicy::default(), seed);
    let mut outcome = Outcome::default();
    let mut calls = seed;
    while world.time < WEEK * 1000 {
        let begun = world.time;
        calls += 1;
        let now = world.local().saturating_add(caller.skew());
        let milliseconds =
            i64::try_from(now.unix_timestamp_nanos() / 1_000_000).expect("a time of this century");
        let was_known = world.known_until_step == world.steps_done();
        let was = world.service();
        let credentials = match cached.current(milliseconds) {
            Some(credentials) => Ok(credentials),
            None => match cached.turn(now) {
                Ok(Turn::Serve(credentials)) => Ok(credentials),
                Ok(Turn::Refresh(permit)) => {
                    let (caller, local) = (Arc::clone(&caller), world.local());
                    let step =
                        Seq::start(local, |ask| permit.load(Context::new(ask, caller, DEADLINES, calls)));
                    world.drive(step).map(|served| served.credentials)
                }
                Ok(Turn::Wait(_)) => panic!("nobody else refreshes"),
                Err(error) => Err(error),
            },
        };
        match credentials {
            Err(_) => outcome.failed += 1,
            Ok(credentials) => {
                outcome.served += 1;
                let is_expired = credentials.expiration().is_some_and(|at| at <= world.server());
                let answered = was == Service::Up && world.service() == Service::Up;
                match (is_expired, answered) {
                    (false, _) => {}
                    (true, false) => outcome.stale += 1,
                    (true, true) if !was_known => outcome.misled += 1,
                    (true, true) => outcome.expired += 1,
                }
                if !calls.is_multiple_of(60 / every.cast_unsigned()) {
                    world.time = world.time.max(begun + every * 1000);
                    continue;
                }
                let call = Call::new(
                    Arc::clone(&caller),
                    GetCallerIdentity::new(),
                    Some(credentials),
                    DEADLINES,
                    calls,
                );
                let local = world.local();
                let _ = world.drive(call.start(local));
            }
        }
        world.time = world.time.max(begun + every * 1000);
    }
    outcome
}

fn world(lifetime: i64) -> World {
    World {
        time: 0,
        lifetime,
        troubles: Vec::new(),
        clock: vec![(0, 0)],
        issued: 0,
        requests: 0,
        known_until_step: 1,
        file: None,
    }
}

/// A program that keeps the role in the AWS CLI's cache, as others do.
struct Program {
    caller: Arc<Caller>,
    cached: Cached,
    seed: u64,
}

impl Program {
    fn new(lifetime: i64, seed: u64) -> Self {
        let encoder = Encoder::new(EndpointOptions::new().region("eu-west-1").resolve().expect("a region"));
        let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret").expect("credentials");
        let operation = AssumeRole::new("arn:aws:iam::123456789012:role/Week", "week");
        let operation = operation.duration_seconds(lifetime.try_into().expect("seconds"));
        let role = AssumedRole::new(Given::new(key), operation).cached_in("/cache");
        Self {
            caller: Arc::new(Caller::new(encoder, RetryPolicy::default())),
            cached: Cached::new(Chain::new().with(role), RefreshPolicy::default(), seed),
            seed,
        }
    }

    /// How long the credentials last that it gets now, in seconds.
    fn ask(&self, world: &mut World) -> i64 {
        let credentials = match self.cached.turn(world.local()).expect("the service answers") {
            Turn::Serve(credentials) => credentials,
            Turn::Refresh(permit) => {
                let (caller, seed) = (Arc::clone(&self.caller), self.seed);
                let step =
                    Seq::start(world.local(), |ask| permit.load(Context::new(ask, caller, DEADLINES, seed)));
                world.drive(step).expect("the service answers").credentials
            }
            Turn::Wait(_) => panic!("nobody else refreshes"),
        };
        (credentials.expiration().expect("a session") - world.server()).whole_seconds()
    }
}

/// The calls of one who refreshes at the moment when the window opens, every time.
fn ideal(lifetime: i64, up: i64) -> f64 {
    let window = RefreshPolicy::default().window(Duration::from_secs(lifetime as u64)).as_secs() as i64;
    up as f64 / (lifetime - window) as f64
}

fn is_near(count: u64, ideal: f64) -> bool {
    (count as f64 - ideal).abs() <= ideal * 0.05
}

#[test]
fn a_quiet_week_takes_the_ideal_number_of_calls() {
    for lifetime in [900, 3600, 12 * 3600] {
        let mut world = world(lifetime);
        let outcome = week(&mut world, 10, 1);
        assert_eq!((outcome.expired, outcome.stale, outcome.failed), (0, 0, 0), "{outcome:?}");
        let ideal = ideal(lifetime, WEEK);
        println!("{lifetime} s: {} calls, ideal {ideal:.1}", world.requests);
        assert!(is_near(world.requests, ideal), "{} requests, {ideal}", world.requests);
    }
}

#[test]
fn programs_that_share_the_disk_cache_share_its_sessions() {
    for lifetime in [900, 3600, 12 * 3600] {
        for programs in [1, 5] {
            let mut world = world(lifetime);
            let programs: Vec<_> = (0..programs).map(|i| Program::new(lifetime, i + 1)).collect();
            let mut least = i64::MAX;
            for (i, second) in (0..WEEK).step_by(30).enumerate() {
                world.time = world.time.max(second * 1000);
                least = least.min(programs[i % programs.len()].ask(&mut world));
            }
            // As many as one program takes that keeps them in memory, and as early: the file has what is to be replaced.
            let ideal = ideal(lifetime, WEEK);
            println!("{lifetime} s, {} programs: {} calls, ideal {ideal:.1}", programs.len(), world.requests);
            assert!(is_near(world.requests, ideal), "{} requests, {ideal}", world.requests);
            let window = RefreshPolicy::default().window(Duration::from_secs(lifetime.cast_unsigned()));
            assert!(
                least > window.as_secs().cast_signed() * 9 / 10 - 60,
                "{least} s were left of {lifetime}"
            );
        }
    }
}

#[test]
fn programs_that_end_at_once_take_sessions_from_the_disk_cache() {
    for lifetime in [900, 3600, 12 * 3600] {
        let mut world = world(lifetime);
        let mut least = i64::MAX;
        for second in (0..WEEK).step_by(20) {
            world.time = world.time.max(second * 1000);
            least = least.min(Program::new(lifetime, second.cast_unsigned()).ask(&mut world));
        }
        let left = least_left(lifetime.try_into().ok()).whole_seconds();
        let ideal = WEEK as f64 / (lifetime - left) as f64;
        println!("{lifetime} s: {} calls, ideal {ideal:.1}", world.requests);
        assert!(is_near(world.requests, ideal), "{} requests, {ideal}", world.requests);
        assert!(least >= left, "{least} s were left");
    }
}

#[test]
fn no_expired_credentials_are_served_while_the_service_answers() {
    for (lifetime, seed) in [(900, 1), (3600, 2), (900, 3), (3600, 4), (900, 5), (3600, 6)] {
        let mut world = world(lifetime);
        let mut random = Random(seed);
        let mut lost = 0;
        for day in 0..7 {
            // An outage of up to three hours, and two of some minutes; a throttle of up to one.
            let morning = day * 86_400 + 3600;
            let lengths = [random.below(10_800), random.below(600), random.below(300), random.below(3600)];
            for (i, length) in lengths.into_iter().enumerate() {
                let from = morning + i as i64 * 14_400 + random.below(600);
                let service = if i == 3 { Service::Throttles } else { Service::Down };
                world.troubles.push((from, from + length, service));
                lost += length;
            }
            // The clock is set once a day, by up to three hours either way.
            let when = day * 86_400 + random.below(86_400);
            world.clock.push((when, random.below(21_600) - 10_800));
        }
        world.clock.sort_unstable();
        let outcome = week(&mut world, 20, seed);
        assert_eq!((outcome.expired, outcome.failed), (0, 0), "{lifetime} s, seed {seed}: {outcome:?}");
        assert!(outcome.stale > 0, "the outages were too short: {outcome:?}");
        // Told by the first call that used them, within a minute.
        assert!(outcome.misled <= 7 * 3, "{outcome:?}");
        // A clock that was set forth costs a call, and so does the end of an outage.
        let ideal = ideal(lifetime, WEEK - lost);
        println!("{lifetime} s, seed {seed}: {} issued, ideal {ideal:.1}, {outcome:?}", world.issued);
        assert!(is_near(world.issued, ideal), "{} issued, {ideal}, {outcome:?}", world.issued);
    }
}

#[test]
fn an_outage_costs_no_storm() {
    // Half a day: credentials of an hour are good for a part of it only.
    let mut world = world(3600);
    world.troubles.push((100_000, 143_200, Service::Down));
    let outcome = week(&mut world, 1, 9);
    // The service answers again up to five seconds before anyone finds out.
    assert!(outcome.expired <= 5 && outcome.failed == 0, "{outcome:?}");
    // Asked every second: once they have expired, every call of the role takes 5 to 15 seconds to fail, and then holds
    // for at least one; before, every 5 to 10 minutes.
    let quiet = ideal(3600, WEEK);
    assert!((world.requests as f64) < quiet + 43_200.0 / 5.0, "{} requests", world.requests);
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % end
    }
}

const GRANTED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{number}</AccessKeyId>\
    <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>{expiration}</Expiration>\
    </Credentials><AssumedRoleUser><AssumedRoleId>AROA:week</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/\
    Week/week</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";
const THROTTLED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>\
    </Error><RequestId>r-1</RequestId></ErrorResponse>";
const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/\
    Week/week</Arn><UserId>AROA:week</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
    </GetCallerIdentityResponse>";

//! How often a client sends in adaptive mode, as arithmetic over `now`.
//!
//! The rules and constants are botocore's, in its `retries/adaptive.py`, `throttling.py` and `bucket.py`: the growth of the
//! rate is that of TCP CUBIC. One thing differs: whoever waits has its token from the beginning, so that all wait in the
//! order in which they came, and wait once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

/// What a throttle leaves of the rate.
const BETA: f64 = 0.7;

/// How fast the rate grows.
const SCALE: f64 = 0.4;

/// What the latest measurement weighs against those before.
const SMOOTHING: f64 = 0.8;

/// Measurements of a second: the rate is measured over half seconds.
const MEASUREMENTS: f64 = 2.0;

/// The lowest rate, in requests a second.
const MIN_RATE: f64 = 0.5;

/// How many tokens there is room for at least.
const MIN_CAPACITY: f64 = 1.0;

/// The rate that a bucket begins with.
const FIRST_RATE: f64 = 1.0;

/// The limit is never above the measured rate times this.
const GROWTH: f64 = 2.0;

/// A clock that goes back by more, in seconds, was set; calls that run at the same time bring theirs in any order.
const SET_BACK: f64 = 1.0;

/// How often the calls of one client may send: without limit until the first throttle.
#[derive(Debug, Default)]
pub(crate) struct RateLimit(Mutex<Option<State>>);

#[derive(Debug)]
struct State {
    clock: Clock,
    is_enabled: bool,
    cubic: Cubic,
    meter: Meter,
    bucket: Bucket,
}

impl RateLimit {
    /// Takes a token and tells how long to wait for it. Takes none where that is `most` or more, and tells that as the
    /// error.
    pub(crate) fn take(&self, now: OffsetDateTime, most: Duration) -> Result<Duration, Duration> {
        self.with(now, |state, at| {
            if !state.is_enabled {
                return Ok(Duration::ZERO);
            }
            let wait = state.bucket.wait(at);
            if wait >= most {
                return Err(wait);
            }
            state.bucket.tokens -= 1.0;
            Ok(wait)
        })
    }

    /// How long somebody who comes `later` would wait for a token, as far as is known.
    pub(crate) fn wait(&self, now: OffsetDateTime, later: Duration) -> Duration {
        self.with(now, |state, at| {
            if state.is_enabled { state.bucket.wait(at).saturating_sub(later) } else { Duration::ZERO }
        })
    }

    /// Learns from the end of an attempt.
    pub(crate) fn learn(&self, now: OffsetDateTime, is_throttled: bool) {
        self.with(now, |state, at| {
            let measured = state.meter.record(at);
            let rate = if is_throttled {
                let sent = if state.is_enabled { measured.min(state.bucket.rate) } else { measured };
                state.is_enabled = true;
                state.cubic.throttled(sent, at)
            } else {
                state.cubic.passed(at)
            };
            state.bucket.set_rate(rate.min(GROWTH * measured), at);
        });
    }

    /// Requests a second, if they are limited.
    pub(crate) fn rate(&self) -> Option<f64> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.as_ref().filter(|state| state.is_enabled).map(|state| state.bucket.rate)
    }

    fn with<T>(&self, now: OffsetDateTime, then: impl FnOnce(&mut State, f64) -> T) -> T {
        // Nothing in here panics, so that no state is half written.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state.get_or_insert_with(|| State {
            clock: Clock { origin: now.replace_nanosecond(0).unwrap_or(now), last: 0.0 },
            is_enabled: false,
            cubic: Cubic::default(),
            meter: Meter::default(),
            bucket: Bucket::default(),
        });
        let at = state.clock.read(now);
        then(state, at)
    }
}

/// Seconds since the first call, which never go back.
#[derive(Debug)]
struct Clock {
    origin: OffsetDateTime,
    last: f64,
}

impl Clock {
    fn read(&mut self, now: OffsetDateTime) -> f64 {
        let at = (now - self.origin).as_seconds_f64();
        if at < self.last - SET_BACK {
            self.origin = now.saturating_sub(time::Duration::saturating_seconds_f64(self.last));
        }
        self.last = self.last.max(at);
        self.last
    }
}

/// The rate that the service is thought to take.
#[derive(Debug, Default)]
struct Cubic {
    /// The rate at the last throttle.
    most: f64,
    throttled_at: f64,
}

impl Cubic {
    /// How long it takes to come back to the rate of the last throttle.
    fn zero_point(&self) -> f64 {
        (self.most * (1.0 - BETA) / SCALE).cbrt()
    }

    fn passed(&self, at: f64) -> f64 {
        SCALE * (at - self.throttled_at - self.zero_point()).powi(3) + self.most
    }

    fn throttled(&mut self, rate: f64, at: f64) -> f64 {
        self.most = rate;
        self.throttled_at = at;
        rate * BETA
    }
}

/// The rate of replies.
#[derive(Debug, Default)]
struct Meter {
    rate: f64,
    since: f64,
    count: f64,
}

impl Meter {
    fn record(&mut self, at: f64) -> f64 {
        self.count += 1.0;
        let until = (at * MEASUREMENTS).floor() / MEASUREMENTS;
        if until > self.since {
            let latest = self.count / (until - self.since);
            self.rate = latest * SMOOTHING + self.rate * (1.0 - SMOOTHING);
            self.count = 0.0;
            self.since = until;
        }
        self.rate
    }
}

/// Tokens, one for each request. Fewer than none where some are waited for.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    capacity: f64,
    rate: f64,
    filled_at: Option<f64>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { tokens: 0.0, capacity: MIN_CAPACITY, rate: FIRST_RATE, filled_at: None }
    }
}

impl Bucket {
    fn fill(&mut self, at: f64) {
        let since = self.filled_at.replace(at).unwrap_or(at);
        self.tokens = (self.tokens + (at - since) * self.rate).min(self.capacity);
    }

    /// How long the next request has to wait.
    fn wait(&mut self, at: f64) -> Duration {
        self.fill(at);
        let wait = ((1.0 - self.tokens) / self.rate).max(0.0);
        Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)
    }

    /// What has flowed in until now has done so at the rate until now.
    fn set_rate(&mut self, rate: f64, at: f64) {
        self.fill(at);
        self.rate = rate.max(MIN_RATE);
        self.capacity = rate.max(MIN_CAPACITY);
        self.tokens = self.tokens.min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retry::Random;

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9 * right.abs().max(1.0)
    }

    fn at(seconds: f64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap() + time::Duration::seconds_f64(seconds)
    }

    const NEVER: Duration = Duration::from_secs(3600);

    #[test]
    fn the_numbers_of_cubic() {
        // What botocore's own tests expect: worked out by hand there.
        let mut cubic = Cubic { most: 10.0, throttled_at: 0.0 };
        assert!(near(cubic.zero_point(), 1.957_433_820_584_431_7));
        assert!(near(cubic.passed(cubic.zero_point()), 10.0));
        assert!(near(cubic.passed(0.0), 7.0));
        assert!(near(cubic.throttled(8.0, 1.0), 5.6) && near(cubic.zero_point(), 1.817_120_592_832_139_7));
        // The formula of RFC 9438, 0.4 (t - K)^3 + 8, worked out by another program.
        for (seconds, rate) in
            [(1.0, 5.6), (2.0, 7.781_767_987), (2.817_120_592_832_14, 8.0), (5.0, 12.160_535_412)]
        {
            assert!((cubic.passed(seconds) - rate).abs() < 1e-6, "{seconds}: {}", cubic.passed(seconds));
        }
    }

    #[test]
    fn the_rate_is_measured_over_half_seconds() {
        // The cases of botocore's tests.
        let measure = |times: &[f64]| {
            let mut meter = Meter::default();
            times.iter().map(|at| meter.record(*at)).last().unwrap()
        };
        assert!(near(measure(&[1.0]), 0.8));
        let seconds: Vec<_> = (1..=20).map(f64::from).collect();
        assert!((measure(&seconds) - 1.0).abs() < 1e-6);
        assert!(near(measure(&[0.1, 0.2, 0.3, 0.4, 0.49]), 0.0));
        assert!(near(measure(&[0.1, 0.2, 0.3, 0.4, 0.49, 0.5]), 12.0 * 0.8));
        let steady = measure(&[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]);
        assert!((1.99..=2.0).contains(&steady), "{steady}");
        let slower = measure(&[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 14.0]);
        assert!((0.1..=2.0).contains(&slower), "{slower}");
    }

    #[test]
    fn a_bucket_fills_at_its_rate_up_to_its_capacity() {
        let mut bucket = Bucket::default();
        bucket.set_rate(10.0, 0.0);
        assert_eq!(bucket.wait(0.0), Duration::from_millis(100));
        assert_eq!((bucket.wait(0.05), bucket.tokens), (Duration::from_millis(50), 0.5));
        assert_eq!((bucket.wait(100.0), bucket.tokens), (Duration::ZERO, 10.0));
        // Slower and smaller than it may be: half a token a second, and room for one.
        bucket.set_rate(0.1, 100.0);
        assert_eq!((bucket.rate, bucket.capacity, bucket.tokens), (0.5, 1.0, 1.0));
        bucket.tokens -= 1.0;
        assert_eq!(bucket.wait(100.0), Duration::from_secs(2));
    }

    #[test]
    fn the_first_throttle_begins_the_limit() {
        let limit = RateLimit::default();
        for _ in 0..1000 {
            assert_eq!(limit.take(at(0.0), NEVER), Ok(Duration::ZERO));
        }
        limit.learn(at(0.0), false);
        assert_eq!(limit.rate(), None);
        // Eleven replies in the first second: 11 / 1 s * 0.8 is the rate, 0.7 of it is left.
        for _ in 0..9 {
            limit.learn(at(0.25), false);
        }
        limit.learn(at(1.0), true);
        assert!(near(limit.rate().unwrap(), 11.0 * 0.8 * 0.7));
        // Half a token had flowed in, at the lowest rate because none was measured yet. The others are 1 / 6.16 s apart.
        let waits: Vec<_> = (0..4).map(|_| limit.take(at(1.0), NEVER).unwrap()).collect();
        for (number, wait) in waits.iter().enumerate() {
            assert!((wait.as_secs_f64() - (number as f64 + 0.5) / 6.16).abs() < 1e-6, "{waits:?}");
        }
        // Whoever cannot wait takes nothing.
        let wait = limit.take(at(1.0), Duration::from_millis(600)).unwrap_err();
        assert_eq!(limit.take(at(1.0), Duration::from_millis(600)), Err(wait));
        assert_eq!(limit.wait(at(1.0), Duration::ZERO), wait);
        assert_eq!(limit.wait(at(1.0), Duration::from_millis(600)), wait - Duration::from_millis(600));
        assert_eq!(limit.wait(at(1.0), NEVER), Duration::ZERO);
    }

    #[test]
    fn a_limit_grows_to_twice_what_is_sent_at_most() {
        let limit = RateLimit::default();
        limit.learn(at(0.0), true);
        assert_eq!(limit.rate(), Some(MIN_RATE));
        // An hour later CUBIC would allow billions.
        limit.learn(at(3600.0), false);
        limit.learn(at(3601.0), false);
        // 2 / 3600 s * 0.8, then 1 / 1 s * 0.8 and 0.2 of that; twice as much.
        let measured = 0.8 + 0.2 * (2.0 / 3600.0 * 0.8);
        assert!(near(limit.rate().unwrap(), 2.0 * measured), "{:?}", limit.rate());
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nobody_up() {
        let limit = RateLimit::default();
        limit.learn(at(0.0), true);
        assert_eq!(limit.take(at(0.0), NEVER), Ok(Duration::from_secs(2)));
        assert_eq!(limit.take(at(-7200.0), NEVER), Ok(Duration::from_secs(4)));
        assert_eq!(limit.take(at(-7196.0), NEVER), Ok(Duration::from_secs(2)));
        // Nor does one that is a little behind another.
        assert_eq!(limit.take(at(-7196.5), NEVER), Ok(Duration::from_secs(4)));
        limit.learn(OffsetDateTime::from_unix_timestamp(253_402_300_799).unwrap(), false);
        limit.learn(OffsetDateTime::UNIX_EPOCH, true);
        assert!(limit.rate().is_some_and(|rate| (MIN_RATE..10.0).contains(&rate)), "{:?}", limit.rate());
    }

    #[test]
    fn no_window_sees_more_than_its_rate() {
        let mut random = Random::new(11);
        for rate in [0.5, 0.9, 1.0, 3.7, 20.0] {
            let limit = RateLimit::default();
            limit.learn(at(0.0), true);
            limit.with(at(0.0), |state, at| state.bucket.set_rate(rate, at));
            let (mut now, mut sent) = (0.0, Vec::new());
            for _ in 0..400 {
                // Bursts, lulls, and long pauses.
                now += match random.next() % 8 {
                    0..5 => 0.0,
                    5..7 => random.fraction() / rate,
                    _ => random.fraction() * 20.0 / rate,
                };
                let wait = limit.take(at(now), Duration::from_secs(60));
                sent.extend(wait.map(|wait| now + wait.as_secs_f64()));
            }
            assert!(sent.is_sorted() && sent.len() > 100, "{rate}: {}", sent.len());
            let capacity = rate.max(1.0);
            for (i, from) in sent.iter().enumerate() {
                for (j, to) in sent.iter().enumerate().skip(i) {
                    let most = capacity + rate * (to - from) + 1e-3;
                    assert!((j - i) as f64 <= most, "{rate}: {} requests from {from} to {to}", j - i + 1);
                }
            }
        }
    }
}

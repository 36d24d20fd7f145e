//! The clock, the service, and everybody's turns in their order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use sts_proto::endpoint::EndpointOptions;
use sts_proto::operation::AssumeRole;
use sts_proto::sigv4::Signer;
use sts_proto::time::OffsetDateTime;
use sts_proto::{Credentials, RetryPolicy};

use super::client::{Client, Turn, Verdict};

const PERIOD: Duration = Duration::from_secs(900);
/// The outage begins when everybody has made one call.
pub(super) const OUTAGE: [Duration; 2] = [Duration::from_secs(900), Duration::from_secs(1500)];
/// More than a period after the outage.
pub(super) const END: Duration = Duration::from_secs(2700);

/// What is simulated.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) clients: u32,
    /// Calls a second that the service grants.
    pub(super) rate: u32,
    /// What it grants at once after a pause.
    pub(super) burst: u32,
    pub(super) policy: RetryPolicy,
    /// The least and the most of the time after which a client makes its next call when one has failed; otherwise that
    /// is the next one by the clock.
    pub(super) insists: Option<[Duration; 2]>,
    /// Whether that time is random between the two, or always in their middle.
    pub(super) is_random: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Summary {
    /// Requests in each second.
    pub(super) offered: Vec<u32>,
    pub(super) outage_requests: u64,
    pub(super) outage_peak: u32,
    /// The most requests in a second after the outage.
    pub(super) later_peak: u32,
    /// The share of the requests that were throttled, from the end of the outage to the recovery.
    pub(super) throttled: f64,
    /// Calls that gave their caller an error.
    pub(super) failed: u64,
    /// How long after the outage there was nobody any more whose last call had failed.
    pub(super) recovered: Option<Duration>,
}

/// The whole simulation.
pub(super) struct World {
    settings: Settings,
    clients: Vec<Client>,
    /// Whose turn comes when. A client has one turn at a time.
    turns: BinaryHeap<Reverse<(Duration, u32)>>,
    random: Random,
    tokens: f64,
    filled: Duration,
    offered: Vec<u32>,
    throttled: Vec<u32>,
    failed: u64,
    /// Clients whose last call failed.
    without: u32,
    recovered: Option<Duration>,
}

fn part_of(of: Duration, share: f64) -> Duration {
    Duration::try_from_secs_f64(of.as_secs_f64() * share).unwrap_or(of)
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let endpoint = EndpointOptions::new().region("us-east-1").resolve().expect("a region");
        let signer = Arc::new(Signer::new());
        let mut random = Random(1);
        let clients: Vec<_> = (0..settings.clients)
            .map(|_| {
                Client::new(&endpoint, &signer, settings.policy.clone(), part_of(PERIOD, random.fraction()))
            })
            .collect();
        let turns = clients.iter().zip(0..).map(|(client, number)| Reverse((client.phase, number))).collect();
        Self {
            tokens: settings.burst.into(),
            settings,
            clients,
            turns,
            random,
            filled: Duration::ZERO,
            offered: vec![0; END.as_secs() as usize],
            throttled: vec![0; END.as_secs() as usize],
            failed: 0,
            without: 0,
            recovered: None,
        }
    }

    pub(super) fn run(mut self) -> Summary {
        let operation =
            AssumeRole::new("arn:aws:iam::123456789012:role/Fleet", "fleet").duration_seconds(3600);
        let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let key = Arc::new(key.expect("credentials"));
        while let Some(Reverse((now, number))) = self.turns.pop()
            && now < END
        {
            let seed = self.random.next();
            let wall_clock = OffsetDateTime::UNIX_EPOCH + now;
            let turn = self.clients[number as usize].go_on(wall_clock, seed, &operation, &key);
            let pause = match turn {
                Turn::Sends => {
                    let verdict = self.serve(now);
                    self.clients[number as usize].decide(verdict);
                    verdict.delay()
                }
                Turn::Waits(wait) => wait,
                Turn::Ends(is_ok) => self.end(number, now, is_ok),
            };
            self.turns.push(Reverse((now + pause, number)));
        }
        self.summary()
    }

    /// The service: down in the outage, and otherwise with a bucket of tokens.
    fn serve(&mut self, now: Duration) -> Verdict {
        let second = now.as_secs() as usize;
        self.offered[second] += 1;
        let passed = now - self.filled;
        self.filled = now;
        let filled = self.tokens + passed.as_secs_f64() * f64::from(self.settings.rate);
        self.tokens = filled.min(self.settings.burst.into());
        if (OUTAGE[0]..OUTAGE[1]).contains(&now) {
            Verdict::Down
        } else if self.tokens < 1.0 {
            self.throttled[second] += 1;
            Verdict::Throttled
        } else {
            self.tokens -= 1.0;
            Verdict::Granted
        }
    }

    /// A call is over; gives the time until the client's next one.
    fn end(&mut self, number: u32, now: Duration, is_ok: bool) -> Duration {
        let client = &mut self.clients[number as usize];
        self.without += u32::from(!is_ok);
        self.without -= u32::from(client.has_failed);
        client.has_failed = !is_ok;
        self.failed += u64::from(!is_ok);
        if now >= OUTAGE[1] && self.without == 0 && self.recovered.is_none() {
            self.recovered = Some(now - OUTAGE[1]);
        }
        match self.settings.insists {
            Some([least, most]) if !is_ok => {
                let part = if self.settings.is_random { self.random.fraction() } else { 0.5 };
                least + part_of(most - least, part)
            }
            _ => {
                let periods = (now - client.phase).as_secs() / PERIOD.as_secs() + 1;
                PERIOD * periods as u32 + client.phase - now
            }
        }
    }

    fn summary(self) -> Summary {
        let seconds = |from: Duration, to: Duration| from.as_secs() as usize..to.as_secs() as usize;
        let outage = &self.offered[seconds(OUTAGE[0], OUTAGE[1])];
        let later = seconds(OUTAGE[1], END);
        let until = self.recovered.map_or(END, |after| OUTAGE[1] + after + Duration::from_secs(1)).min(END);
        let recovery = seconds(OUTAGE[1], until);
        let sum = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
        let most = |counts: &[u32]| counts.iter().copied().max().unwrap_or_default();
        Summary {
            outage_requests: sum(outage),
            outage_peak: most(outage),
            later_peak: most(&self.offered[later]),
            throttled: sum(&self.throttled[recovery.clone()]) as f64
                / sum(&self.offered[recovery]).max(1) as f64,
            failed: self.failed,
            recovered: self.recovered,
            offered: self.offered,
        }
    }
}

/// SplitMix64: any seed is good.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

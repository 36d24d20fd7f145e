//! Which fault strikes next.

use std::collections::VecDeque;

use super::fault::Fault;

/// Faults that may wait, so that a control request cannot fill the memory.
pub(super) const WAITING_LIMIT: usize = 100_000;
/// Faults that may strike by rate.
pub(super) const RATES_LIMIT: usize = 100;

/// The faults that were ordered.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: VecDeque<Fault>,
    rates: Vec<Rate>,
}

/// A fault that strikes now and then, the same requests in every run.
#[derive(Debug)]
struct Rate {
    fault: Fault,
    rate: f64,
    state: u64,
}

impl Rate {
    /// SplitMix64: any seed is good, zero too.
    fn strikes(&mut self) -> bool {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // 53 bits are what a double holds exactly.
        ((mixed >> 11) as f64) / ((1_u64 << 53) as f64) < self.rate
    }
}

impl Faults {
    /// `false` when too many wait already.
    pub(super) fn add(&mut self, fault: Fault, times: usize) -> bool {
        let fits = times <= WAITING_LIMIT - self.waiting.len().min(WAITING_LIMIT);
        if fits {
            self.waiting.extend(std::iter::repeat_n(fault, times));
        }
        fits
    }

    /// `false` when there are too many already.
    pub(super) fn add_rate(&mut self, fault: Fault, rate: f64, seed: u64) -> bool {
        let fits = self.rates.len() < RATES_LIMIT;
        if fits {
            self.rates.push(Rate { fault, rate, state: seed });
        }
        fits
    }

    /// What strikes the next request, or the next handshake. Those that wait come first.
    pub(super) fn take(&mut self, handshake: bool) -> Option<Fault> {
        let mine = |fault: &Fault| fault.is_of_handshake() == handshake;
        if let Some(place) = self.waiting.iter().position(mine) {
            return self.waiting.remove(place);
        }
        // Every rate is drawn every time, so that one does not shift the other's sequence.
        let drawn = self.rates.iter_mut().filter(|rate| mine(&rate.fault));
        let struck: Vec<_> = drawn.filter_map(|rate| rate.strikes().then(|| rate.fault.clone())).collect();
        struck.into_iter().next()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// As the control endpoint shows them.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let waiting: Vec<_> = self.waiting.iter().map(Fault::to_string).collect();
        let rates: Vec<_> = self
            .rates
            .iter()
            .map(|rate| serde_json::json!({ "fault": rate.fault.to_string(), "rate": rate.rate }))
            .collect();
        serde_json::json!({ "next": waiting, "rates": rates })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::BadCertificate;
    use super::*;

    #[test]
    fn handshakes_and_requests_have_their_own() {
        let mut faults = Faults::default();
        let bad = Fault::Certificate(BadCertificate::Expired);
        assert!(
            faults.add(bad.clone(), 1)
                && faults.add(Fault::Html, 2)
                && !faults.add(Fault::Html, WAITING_LIMIT)
        );
        assert_eq!(
            [faults.take(false), faults.take(false), faults.take(false)],
            [Some(Fault::Html), Some(Fault::Html), None]
        );
        assert_eq!([faults.take(true), faults.take(true)], [Some(bad), None]);
    }

    #[test]
    fn a_rate_is_kept_and_repeats_itself() {
        let run = |seed| {
            let mut faults = Faults::default();
            faults.add_rate(Fault::Throttle, 0.25, seed);
            (0..10_000).map(|_| faults.take(false).is_some()).collect::<Vec<_>>()
        };
        let struck = run(7).iter().filter(|struck| **struck).count();
        assert!((2300..2700).contains(&struck), "{struck}");
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}

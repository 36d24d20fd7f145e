use std::time::{Duration, Instant};

/// What can go wrong here: anything.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Makes so many calls, and tells the time that counts.
pub(crate) type Run<'a> = Box<dyn FnMut(u32) -> Outcome<Duration> + 'a>;

pub(crate) struct Contestant<'a> {
    peer: &'static str,
    run: Run<'a>,
}

impl<'a> Contestant<'a> {
    /// One that makes a call at a time.
    pub(crate) fn new(peer: &'static str, mut call: impl FnMut() -> Outcome + 'a) -> Self {
        Self::many(peer, move |calls| (0..calls).try_for_each(|_| call()))
    }

    /// One that makes many calls at a time: a runtime is entered once for many, as programs do.
    pub(crate) fn many(peer: &'static str, mut calls: impl FnMut(u32) -> Outcome + 'a) -> Self {
        Self::timed(peer, move |count| {
            let start = Instant::now();
            calls(count)?;
            Ok(start.elapsed())
        })
    }

    /// One that tells by itself which time counts.
    pub(crate) fn timed(peer: &'static str, run: impl FnMut(u32) -> Outcome<Duration> + 'a) -> Self {
        Self { peer, run: Box::new(run) }
    }
}

/// How long a turn is, and how many each gets.
#[derive(Clone, Copy)]
pub(crate) struct Turns {
    pub(crate) turn: Duration,
    pub(crate) count: usize,
    /// The calls between two looks at the clock.
    pub(crate) batch: u32,
}

/// Lets them take turns, and prints a line for each. The first one is what the others are compared with.
pub(crate) fn race(what: &str, turns: Turns, only: &[&str], mut contestants: Vec<Contestant<'_>>) -> Outcome {
    let first = contestants[0].peer;
    contestants
        .retain(|contestant| contestant.peer == first || only.is_empty() || only.contains(&contestant.peer));
    let mut times = vec![Vec::new(); contestants.len()];
    // The first turns warm up: connections, keys, branch predictors.
    for turn in 0..=turns.count {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            let (mut calls, mut taken) = (0, Duration::ZERO);
            // The same time for each, so that a scheduler treats them alike.
            let start = Instant::now();
            while start.elapsed() < turns.turn {
                taken += (contestant.run)(turns.batch)?;
                calls += turns.batch;
            }
            if turn > 0 {
                times.push(1e9 * taken.as_secs_f64() / f64::from(calls));
            }
        }
    }
    for (contestant, taken) in contestants.iter().zip(&times) {
        let ratio = median(times[0].iter().zip(taken).map(|(first, time)| time / first).collect());
        println!("{what}\t{}\t{:.0}\t{ratio:.3}", contestant.peer, median(taken.clone()));
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

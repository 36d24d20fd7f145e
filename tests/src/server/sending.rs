//! A delivery under way: its steps, taken as far as the socket and the clock allow.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};
use std::vec;

use super::delivery::{Delivery, End, Step};
use super::wire::{Flushed, Wire};

/// In the place of a pause so long that the clock cannot tell its end.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The moment after this pause.
pub(super) fn after(now: Instant, pause: Duration) -> Instant {
    now.checked_add(pause).or_else(|| now.checked_add(FAR)).unwrap_or(now)
}

/// What is left of a delivery.
#[derive(Debug)]
pub(super) struct Sending {
    steps: vec::IntoIter<Step>,
    drip: vec::IntoIter<u8>,
    /// Before each byte that drips.
    drip_pause: Duration,
    /// Until when the step that is being taken waits.
    due: Option<Instant>,
    /// Until when the client may go without receiving anything.
    patience: Option<Instant>,
    end: End,
    /// Whether the end was announced.
    parting: bool,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Everything was handed to the system.
    Done(End),
    /// It goes on when the client receives, or at this moment.
    Until(Instant),
}

impl Sending {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self {
            steps: delivery.steps.into_iter(),
            drip: Vec::new().into_iter(),
            drip_pause: Duration::ZERO,
            due: None,
            patience: None,
            end: delivery.end,
            parting: false,
        }
    }

    /// Nothing but the end of the connection, after what was written already.
    pub(super) fn end() -> Self {
        Self::new(Delivery { steps: Vec::new(), end: End::Close })
    }

    /// Goes on. An error when the client left, or did not receive anything for as long as `patience`.
    pub(super) fn advance(
        &mut self,
        wire: &mut Wire,
        now: Instant,
        patience: Duration,
    ) -> io::Result<Progress> {
        loop {
            match wire.flush()? {
                Flushed::All => self.patience = None,
                Flushed::Part { progress } => {
                    let until = self.patience.filter(|_| !progress).unwrap_or_else(|| after(now, patience));
                    self.patience = Some(until);
                    return if now < until {
                        Ok(Progress::Until(until))
                    } else {
                        Err(ErrorKind::TimedOut.into())
                    };
                }
            }
            if let Some(due) = self.due {
                if now < due {
                    return Ok(Progress::Until(due));
                }
                self.due = None;
                if let Some(byte) = self.drip.next() {
                    wire.write(vec![byte])?;
                    continue;
                }
            }
            if !self.drip.as_slice().is_empty() {
                self.due = Some(after(now, self.drip_pause));
                continue;
            }
            match self.steps.next() {
                Some(Step::Write(bytes)) => wire.write(bytes)?,
                Some(Step::Wait(pause)) => self.due = Some(after(now, pause)),
                Some(Step::Drip(bytes, pause)) => (self.drip, self.drip_pause) = (bytes.into_iter(), pause),
                None if self.end == End::Close && !self.parting => {
                    self.parting = true;
                    wire.say_goodbye();
                }
                None => return Ok(Progress::Done(self.end)),
            }
        }
    }
}

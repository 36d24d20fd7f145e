use std::fmt;
use std::time::Duration;

/// A duration in seconds with three digits after the point: `0.123`. Numbers with a point take 20 KB of code to write, which
/// most programs have no other use for.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = self.0.saturating_add(Duration::from_micros(500));
        write!(f, "{}.{:03}", rounded.as_secs(), rounded.subsec_millis())
    }
}

/// A part of a duration: none for what is no number, and what is too long for a duration is the longest one.
pub(crate) fn part(of: Duration, share: f64) -> Duration {
    let seconds = of.as_secs_f64() * share.max(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_durations() {
        let second = Duration::from_secs(1);
        assert_eq!(part(second, 0.25), Duration::from_millis(250));
        for nothing in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(part(second, nothing), Duration::ZERO, "{nothing}");
        }
        assert_eq!(part(second, f64::INFINITY), Duration::MAX);
        assert_eq!(part(Duration::MAX, 2.0), Duration::MAX);
    }

    #[test]
    fn they_are_rounded() {
        let shown = |nanoseconds| Seconds(Duration::from_nanos(nanoseconds)).to_string();
        assert_eq!(shown(0), "0.000");
        assert_eq!(shown(499_999), "0.000");
        assert_eq!(shown(500_000), "0.001");
        assert_eq!(shown(12_034_400_000), "12.034");
        assert_eq!(shown(999_999_999), "1.000");
        assert_eq!(Seconds(Duration::MAX).to_string(), format!("{}.999", u64::MAX));
    }
}

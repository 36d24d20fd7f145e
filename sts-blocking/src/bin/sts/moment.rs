//! Lengths of time for people.

use sts_blocking::time::Duration;

/// `11 h 59 min`, `59 min`, `30 s`, or that it is over.
pub(crate) fn left(left: Duration) -> String {
    let seconds = left.whole_seconds();
    match (seconds / 3600, seconds / 60 % 60) {
        _ if seconds <= 0 => "over".to_owned(),
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_can_be_read() {
        for (seconds, words) in
            [(0, "over"), (-5, "over"), (59, "59 s"), (60, "1 min"), (43_199, "11 h 59 min")]
        {
            assert_eq!(left(Duration::seconds(seconds)), words);
        }
    }
}

//! Times for people.

use sts_blocking::time::{Duration, OffsetDateTime, UtcOffset};

/// `2026-01-02T03:04:05Z`.
pub(crate) fn utc(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

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
        let at = OffsetDateTime::from_unix_timestamp(1_795_194_528).unwrap();
        assert_eq!(utc(at), "2026-11-20T17:08:48Z");
        for (seconds, words) in
            [(0, "over"), (-5, "over"), (59, "59 s"), (60, "1 min"), (43_199, "11 h 59 min")]
        {
            assert_eq!(left(Duration::seconds(seconds)), words);
        }
    }
}

//! Moments as text: the one place that writes them and reads what others have written.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::reply;

/// Writes a moment as RFC 3339 has it, in UTC and whole seconds: `2026-11-20T17:08:48Z`.
///
/// A moment before the year 0 or after the year 9999 in UTC, which that form cannot tell, becomes the first or the last one that it can.
///
/// ```
/// use sts_proto::time::OffsetDateTime;
/// use sts_proto::timestamp;
///
/// let at = OffsetDateTime::from_unix_timestamp(1_795_194_528)?;
/// assert_eq!(timestamp::rfc3339(at), "2026-11-20T17:08:48Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rfc3339(at: OffsetDateTime) -> String {
    Utc::nearest(at).to_string()
}

/// The same for what is read by others, who are not told another moment than the one that was meant.
#[cfg(any(feature = "sources", feature = "token"))]
pub(crate) fn exact(at: OffsetDateTime) -> Result<String, Error> {
    Utc::of(at).map(|utc| utc.to_string())
}

/// A time in RFC 3339, or with `UTC` at its end, as botocore and the AWS CLI once wrote it.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    // Longer is none, and would be copied below.
    if text.len() > 64 {
        return None;
    }
    match text.strip_suffix("UTC") {
        // In one piece of memory: in a damaged document it may be anything.
        Some(rest) => OffsetDateTime::parse(&Zeroizing::new([rest, "Z"].concat()), &Rfc3339).ok(),
        None => OffsetDateTime::parse(text, &Rfc3339).ok(),
    }
}

/// The same for when credentials expire: one that [`reply::expiration`] takes.
pub(crate) fn parse_expiration(text: &str) -> Option<OffsetDateTime> {
    parse(text).and_then(reply::expiration)
}

/// A moment on the calendar and the clock of UTC, in the years 0 to 9999.
#[derive(Clone, Copy)]
pub(crate) struct Utc {
    /// The first two digits of the year and the last two, then month, day, hour, minute and second. All are below 100.
    pairs: [u8; 7],
}

impl Utc {
    /// # Errors
    /// In UTC the moment is not in the years 0 to 9999.
    pub(crate) fn of(at: OffsetDateTime) -> Result<Self, Error> {
        let utc = at.checked_to_offset(UtcOffset::UTC).filter(|utc| (0..=9999).contains(&utc.year()));
        let utc = utc.ok_or_else(|| Error::setting("Time", "must be in the years 0 to 9999"))?;
        let (year, month, day) = utc.to_calendar_date();
        let (hour, minute, second) = utc.to_hms();
        let [century, of_century] =
            [year / 100, year % 100].map(|pair| u8::try_from(pair).unwrap_or_default());
        Ok(Self { pairs: [century, of_century, month.into(), day, hour, minute, second] })
    }

    fn nearest(at: OffsetDateTime) -> Self {
        const FIRST: Utc = Utc { pairs: [0, 0, 1, 1, 0, 0, 0] };
        const LAST: Utc = Utc { pairs: [99, 99, 12, 31, 23, 59, 59] };
        let nearest = if at.year() < 5000 { FIRST } else { LAST };
        Self::of(at).unwrap_or(nearest)
    }

    /// The basic form of ISO 8601, as signatures have it: `20261120T170848Z`.
    pub(crate) fn basic(self) -> [u8; 16] {
        let mut text = *b"YYYYMMDDTHHMMSSZ";
        for (pair, at) in self.pairs.into_iter().zip([0, 2, 4, 6, 9, 11, 13]) {
            text[at] = b'0' + pair / 10;
            text[at + 1] = b'0' + pair % 10;
        }
        text
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [century, year, month, day, hour, minute, second] = self.pairs;
        write!(f, "{century:02}{year:02}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Date, Duration, Month, Time};

    fn moment(year: i32, month: Month, day: u8, offset: i32) -> OffsetDateTime {
        let date = Date::from_calendar_date(year, month, day).unwrap();
        let time = if day == 31 { Time::MAX } else { Time::MIDNIGHT };
        date.with_time(time).assume_offset(UtcOffset::from_whole_seconds(offset).unwrap())
    }

    #[test]
    fn moments_are_written_in_utc_and_whole_seconds() {
        let at = OffsetDateTime::from_unix_timestamp_nanos(1_795_194_528_999_999_999).unwrap();
        for offset in [0, 19_800, -39_600, 93_599, -93_599] {
            let at = at.checked_to_offset(UtcOffset::from_whole_seconds(offset).unwrap()).unwrap();
            assert_eq!(rfc3339(at), "2026-11-20T17:08:48Z");
            assert_eq!(&Utc::of(at).unwrap().basic(), b"20261120T170848Z");
        }
        let early = OffsetDateTime::from_unix_timestamp(0).unwrap().saturating_sub(Duration::days(700_000));
        assert_eq!(rfc3339(early), "0053-06-19T00:00:00Z");
    }

    #[test]
    fn times_of_all_tools() {
        for text in ["2020-06-04T15:22:03Z", "2020-06-04T15:22:03UTC", "2020-06-04T17:22:03.0+02:00"] {
            assert_eq!(parse(text).unwrap().unix_timestamp(), 1_591_284_123);
            assert!(parse_expiration(text).is_some());
        }
        assert_eq!(parse(&"2".repeat(100)), None);
        for text in ["9999-12-31T23:59:59-00:01", "1999-12-31T23:59:59Z", "2020-06-04"] {
            assert_eq!(parse_expiration(text), None, "{text}");
        }
    }

    #[test]
    fn what_utc_has_no_year_for_is_the_nearest_that_it_has() {
        for (at, text) in [
            (moment(9999, Month::December, 31, -60), "9999-12-31T23:59:59Z"),
            (moment(9999, Month::December, 31, 0), "9999-12-31T23:59:59Z"),
            (moment(0, Month::January, 1, 60), "0000-01-01T00:00:00Z"),
            (moment(-9999, Month::January, 1, 60), "0000-01-01T00:00:00Z"),
            (moment(-9999, Month::January, 1, -60), "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(at), text, "{at:?}");
        }
        for at in [moment(9999, Month::December, 31, -60), moment(0, Month::January, 1, 60)] {
            let error = Utc::of(at).err().unwrap().to_string();
            assert!(error.contains("years 0 to 9999"), "{error}");
        }
    }
}

//! The server's idea of now, which a test may set wrong, and the three ways AWS writes a time.

use std::sync::atomic::{AtomicI64, Ordering};

use time::{Date, Duration, Month, OffsetDateTime, Time};

/// The machine's clock plus an offset.
#[derive(Debug, Default)]
pub(super) struct Clock {
    offset: AtomicI64,
}

impl Clock {
    pub(super) fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::SeqCst);
    }

    /// Whole seconds, because that is all that signatures, expirations and the `Date` header carry.
    pub(super) fn now(&self) -> OffsetDateTime {
        let machine = OffsetDateTime::now_utc().truncate_to_second();
        let offset = Duration::seconds(self.offset.load(Ordering::SeqCst));
        // An offset beyond the calendar cannot mean anything: keep the machine's time.
        machine.checked_add(offset).unwrap_or(machine)
    }
}

/// `20261120`, as in a credential scope.
pub(super) fn date(at: OffsetDateTime) -> String {
    format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day())
}

/// `20261120T170848Z`, as in `X-Amz-Date`.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    format!("{}T{:02}{:02}{:02}Z", date(at), at.hour(), at.minute(), at.second())
}

/// `2026-11-20T17:08:48Z`, as in `<Expiration>`.
pub(super) fn expiration(at: OffsetDateTime) -> String {
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", at.hour(), at.minute(), at.second())
}

/// `Fri, 20 Nov 2026 17:08:48 GMT` (IMF-fixdate), as in the `Date` header.
pub(super) fn imf_fixdate(at: OffsetDateTime) -> String {
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    let (day, year) = (at.day(), at.year());
    format!(
        "{weekday:.3}, {day:02} {month:.3} {year:04} {:02}:{:02}:{:02} GMT",
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Reads `20261120T170848Z` and nothing else: the string to sign holds exactly this form.
pub(super) fn parse_timestamp(text: &str) -> Option<OffsetDateTime> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let small = |from| u8::try_from(number(from, from + 2)?).ok();
    let month = Month::try_from(small(4)?).ok()?;
    let date = Date::from_calendar_date(i32::from(number(0, 4)?), month, small(6)?).ok()?;
    let time = Time::from_hms(small(9)?, small(11)?, small(13)?).ok()?;
    Some(date.with_time(time).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_forms_aws_uses() {
        let at = parse_timestamp("20261120T170848Z").expect("a timestamp");
        assert_eq!(date(at), "20261120");
        assert_eq!(timestamp(at), "20261120T170848Z");
        assert_eq!(expiration(at), "2026-11-20T17:08:48Z");
        assert_eq!(imf_fixdate(at), "Fri, 20 Nov 2026 17:08:48 GMT");
    }

    #[test]
    fn refuses_what_is_not_a_timestamp() {
        for text in
            ["", "20261120", "2026-11-20T17:08", "20261320T170848Z", "20261120T250848Z", "+0261120T170848Z"]
        {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
        assert_eq!(parse_timestamp("2026112éT17084Z"), None);
    }

    #[test]
    fn an_absurd_offset_is_ignored() {
        let clock = Clock::default();
        for offset in [i64::MAX, i64::MIN] {
            clock.set_offset(offset);
            assert!((clock.now() - OffsetDateTime::now_utc()).abs() < Duration::minutes(1));
        }
    }
}

//! Time: UTC instants, half-open periods, the date grammar of the command line, and the three clocks of a question.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, to the microsecond, in the years 1 to 9999.
///
/// Grammar: `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, the fraction left out when it is zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A text that is not a moment, or not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATime {
    /// Not `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, or no such day or hour.
    #[error("a moment reads YYYY-MM-DDTHH:MM:SS[.ffffff]Z")]
    Instant,
    /// Slashes or points, so that nobody can tell the day from the month.
    #[error("day and month cannot be told apart; write {0} or {1}")]
    Ambiguous(String, String),
    /// Neither a date nor a moment.
    #[error("write a day 2026-03-31, a month 2026-03, a quarter 2026Q1, a year FY2026, yesterday, or a moment 2026-03-31T12:00:00Z")]
    Date,
}

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400 * MICROS;
/// Days in 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const TO_EPOCH: i64 = 719_468;

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar; nothing when there is no such day. Years are counted from March, so
/// that the leap day comes last. A feed's row has five moments: this takes a third of the time that building a date does.
fn days_until(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if year == 0 || day == 0 || day > length {
        return None;
    }
    let (year, month, day) = (i64::from(year) - i64::from(month < 3), i64::from((month + 9) % 12), i64::from(day));
    let (era, of_era) = (year / 400, year % 400);
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1;
    Some(era * ERA + day_of_era - TO_EPOCH)
}

/// A part of a date or of a day, all of which are small.
fn narrow(part: i64) -> u32 {
    u32::try_from(part).unwrap_or(0)
}

/// Year, month and day so many days after 1970-01-01: [`days_until`] backwards.
fn date_after(days: i64) -> [i64; 3] {
    let days = days + TO_EPOCH;
    let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (ERA - 1)) / 365;
    let day_of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + of_era + i64::from(month >= 10);
    [year, (month + 2) % 12 + 1, day]
}

impl Instant {
    /// The moment so many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whether it lies in the years 1 to 9999: what lies outside has no text that could be read again.
    pub fn is_in_range(self) -> bool {
        (days_until(1, 1, 1)..=days_until(9999, 12, 31)).contains(&Some(self.0.div_euclid(DAY)))
    }

    /// The start of a day.
    pub fn midnight(day: NaiveDate) -> Self {
        Self(day.signed_duration_since(NaiveDate::default()).num_seconds() * MICROS)
    }

    /// The day it falls on.
    pub fn day(self) -> NaiveDate {
        self.datetime().date_naive()
    }

    /// Reads `YYYY-MM-DD` at the start of a text: the start of that day.
    pub(crate) fn midnight_at_start(bytes: &[u8]) -> Option<Self> {
        let (year, month, day) = date_at_start(bytes)?;
        Some(Self(days_until(year, month, day)? * DAY))
    }

    /// So much later on the day that this is the start of.
    pub(crate) fn at_clock(self, (hour, minute, second): (u32, u32, u32), micros: u32) -> Option<Self> {
        let seconds = (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)?;
        Some(Self(self.0 + i64::from(seconds) * MICROS + i64::from(micros)))
    }

    fn datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp_micros())
    }
}

/// Reads so many digits, nothing else. Whether one is none is asked once, behind the last.
fn digits<const WIDTH: usize>(bytes: &[u8], from: usize) -> Option<u32> {
    let digits: &[u8; WIDTH] = bytes.get(from..)?.first_chunk()?;
    let (mut sum, mut wrong) = (0, false);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        wrong |= digit > 9;
        sum = sum * 10 + u32::from(digit);
    }
    (!wrong).then_some(sum)
}

/// Reads `YYYY-MM-DD` at the start of a text.
fn date_at_start(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let date = (digits::<4>(bytes, 0)?, digits::<2>(bytes, 5)?, digits::<2>(bytes, 8)?);
    (bytes[4] == b'-' && bytes[7] == b'-' && date.0 > 0).then_some(date)
}

fn day_at_start(bytes: &[u8]) -> Option<NaiveDate> {
    let (year, month, day) = date_at_start(bytes)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Reads `HH:MM:SS` after the day and a separator.
pub(crate) fn clock_after_day(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let (hour, minute, second) = (digits::<2>(bytes, 11)?, digits::<2>(bytes, 14)?, digits::<2>(bytes, 17)?);
    (bytes[13] == b':' && bytes[16] == b':').then_some((hour, minute, second))
}

impl FromStr for Instant {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let read = || {
            let bytes = text.as_bytes();
            let (midnight, clock) = (Self::midnight_at_start(bytes)?, clock_after_day(bytes)?);
            let micros = match &bytes[19..] {
                b"Z" => 0,
                [b'.', fraction @ .., b'Z'] if fraction.len() == 6 => digits::<6>(fraction, 0).filter(|micros| *micros > 0)?,
                _ => return None,
            };
            if bytes[10] != b'T' {
                return None;
            }
            midnight.at_clock(clock, micros)
        };
        read().ok_or(NotATime::Instant)
    }
}

impl Instant {
    /// Hands out its text, which is nowhere allocated: a line has four of them.
    fn written<R>(self, take: impl FnOnce(&str) -> R) -> R {
        let [year, month, day] = date_after(self.0.div_euclid(DAY)).map(narrow);
        let clock = self.0.rem_euclid(DAY);
        let (seconds, micros) = (narrow(clock / MICROS), narrow(clock % MICROS));
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        // Two digits at a time.
        let mut put = |at: usize, value: u32| {
            let pair = u8::try_from(value % 100).unwrap_or(0);
            (text[at], text[at + 1]) = (b'0' + pair / 10, b'0' + pair % 10);
        };
        put(0, year / 100);
        put(2, year);
        put(5, month);
        put(8, day);
        put(11, seconds / 3600);
        put(14, seconds / 60 % 60);
        put(17, seconds % 60);
        put(20, micros / 10_000);
        put(22, micros / 100);
        put(24, micros);
        if micros == 0 {
            text[19] = b'Z';
        }
        let length = if micros == 0 { 20 } else { 27 };
        take(std::str::from_utf8(&text[..length]).expect("digits are ASCII"))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written(|text| out.pad(text))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::parsed(deserializer, "a moment such as \"2026-03-31T12:00:00Z\"")
    }
}

/// A stretch of time: from its first moment up to, and without, the moment it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment inside.
    pub from: Instant,
    /// The first moment after.
    pub until: Instant,
}

impl Period {
    /// Reads what a person writes for a stretch of time; `today` resolves `yesterday` and `today`.
    ///
    /// # Errors
    /// When it is no date, or a date whose day and month cannot be told apart.
    ///
    /// ```
    /// use ledger_core::time::Period;
    /// let today = chrono::NaiveDate::from_ymd_opt(2026, 4, 3).unwrap();
    /// assert_eq!(Period::parse("2026Q1", today).unwrap().until.to_string(), "2026-04-01T00:00:00Z");
    /// assert!(Period::parse("03/04/2026", today).is_err());
    /// ```
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self, NotATime> {
        let days = |from: NaiveDate, until: Option<NaiveDate>| match until {
            Some(until) if from.year() > 0 => Ok(Self { from: Instant::midnight(from), until: Instant::midnight(until) }),
            _ => Err(NotATime::Date),
        };
        let one_day = |day: NaiveDate| days(day, day.checked_add_days(Days::new(1)));
        let bytes = text.as_bytes();
        let month_of = |year: u32, month: u32, months: u32| {
            let from = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, 1)).ok_or(NotATime::Date)?;
            days(from, from.checked_add_months(Months::new(months)))
        };
        match bytes.len() {
            10 if bytes[4] == b'-' => one_day(day_at_start(bytes).ok_or(NotATime::Date)?),
            7 if bytes[4] == b'-' => {
                month_of(digits::<4>(bytes, 0).ok_or(NotATime::Date)?, digits::<2>(bytes, 5).ok_or(NotATime::Date)?, 1)
            }
            6 if bytes[4] == b'Q' && (b'1'..=b'4').contains(&bytes[5]) => {
                month_of(digits::<4>(bytes, 0).ok_or(NotATime::Date)?, u32::from(bytes[5] - b'1') * 3 + 1, 3)
            }
            6 if bytes.starts_with(b"FY") => month_of(digits::<4>(bytes, 2).ok_or(NotATime::Date)?, 1, 12),
            4 if bytes.iter().all(u8::is_ascii_digit) => month_of(digits::<4>(bytes, 0).ok_or(NotATime::Date)?, 1, 12),
            _ if text == "today" => one_day(today),
            _ if text == "yesterday" => one_day(today.pred_opt().ok_or(NotATime::Date)?),
            _ if text.ends_with('Z') => {
                let moment: Instant = text.parse()?;
                Ok(Self { from: moment, until: Instant(moment.0 + 1) })
            }
            _ => Err(ambiguous(text).unwrap_or(NotATime::Date)),
        }
    }

    /// The month that begins at a moment, if one does.
    pub fn month_from(moment: Instant) -> Option<Self> {
        let day = moment.day();
        let until = day.checked_add_months(Months::new(1))?;
        (day.day() == 1 && Instant::midnight(day) == moment).then(|| Self { from: moment, until: Instant::midnight(until) })
    }

    /// The month that holds a moment.
    pub fn month_of(moment: Instant) -> Option<Self> {
        Self::month_from(Instant::midnight(moment.day().with_day(1)?))
    }

    /// Whether a moment lies inside.
    pub fn holds(&self, moment: Instant) -> bool {
        self.from <= moment && moment < self.until
    }
}

/// `03/04/2026` may be 3 April or 4 March: say both, take neither.
fn ambiguous(text: &str) -> Option<NotATime> {
    let parts: Vec<&str> = text.split(['/', '.']).collect();
    let [first, second, year] = parts.as_slice() else { return None };
    if year.len() != 4 || !parts.iter().all(|part| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    Some(NotATime::Ambiguous(format!("{year}-{second:0>2}-{first:0>2}"), format!("{year}-{first:0>2}-{second:0>2}")))
}

/// The three clocks of a question. Everything that answers takes one, so that no clock can be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// `--as-of`: only what was true in the world before this moment; all of it when absent.
    pub effective_before: Option<Instant>,
    /// `--known-at`: only what the ledger had recorded up to this position.
    pub known_at: u64,
    /// `--stated-by`: of facts whose source dates its statements, only what it had said before this moment; all of it when absent.
    pub stated_before: Option<Instant>,
}

impl Basis {
    /// Everything recorded up to a position.
    pub fn at(known_at: u64) -> Self {
        Self { effective_before: None, known_at, stated_before: None }
    }

    /// Whether a fact that took effect then had happened.
    pub fn had_happened(&self, effective_at: Instant) -> bool {
        self.effective_before.is_none_or(|before| effective_at < before)
    }

    /// Whether a fact that was recorded there and stated then was known. A source that does not date its statements is always inside.
    pub fn had_been_stated(&self, seq: u64, stated_at: Option<Instant>) -> bool {
        seq <= self.known_at && stated_at.is_none_or(|stated| self.stated_before.is_none_or(|before| stated < before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let (mut date, last) = (NaiveDate::from_ymd_opt(1, 1, 1).unwrap(), NaiveDate::from_ymd_opt(9999, 12, 31).unwrap());
        while date < last {
            let days = Instant::midnight(date).micros() / DAY;
            let parts = [date.year().unsigned_abs(), date.month(), date.day()];
            assert_eq!((days_until(parts[0], parts[1], parts[2]), date_after(days)), (Some(days), parts.map(i64::from)));
            date = date.succ_opt().unwrap();
        }
        for (year, month, day) in
            [(0, 1, 1), (2025, 0, 1), (2025, 13, 1), (2025, 1, 0), (2025, 1, 32), (2025, 4, 31), (2025, 2, 29), (1900, 2, 29)]
        {
            assert_eq!(days_until(year, month, day), None, "{year}-{month}-{day}");
        }
        assert!(days_until(2000, 2, 29).is_some() && days_until(2024, 2, 29).is_some());
    }

    #[test]
    fn a_moment_is_written_as_it_was_read() {
        for text in ["2026-03-31T12:00:00Z", "1969-12-31T23:59:59.000001Z", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(text.parse::<Instant>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_moment_has_one_form() {
        for text in [
            "2026-03-31 12:00:00Z",
            "2026-03-31T12:00:00",
            "2026-03-31T12:00:00.000000Z",
            "2026-03-31T12:00:00.5Z",
            "2026-02-30T00:00:00Z",
            "2026-03-31T24:00:00Z",
            "2026-03-31T12:00:60Z",
            "2026-03-31T12:00:00+00:00",
            "0000-01-01T00:00:00Z",
            "2026-03-31",
            "",
        ] {
            assert_eq!(text.parse::<Instant>(), Err(NotATime::Instant), "{text}");
        }
    }

    #[test]
    fn a_date_means_all_of_its_day() {
        let today = NaiveDate::from_ymd_opt(2026, 4, 3).unwrap();
        let read = |text: &str| Period::parse(text, today).map(|p| format!("{} {}", p.from, p.until)).unwrap_or_else(|why| why.to_string());
        for (text, both) in [
            ("2026-03-31", "2026-03-31T00:00:00Z 2026-04-01T00:00:00Z"),
            ("2026-02", "2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"),
            ("2026Q4", "2026-10-01T00:00:00Z 2027-01-01T00:00:00Z"),
            ("FY2026", "2026-01-01T00:00:00Z 2027-01-01T00:00:00Z"),
            ("yesterday", "2026-04-02T00:00:00Z 2026-04-03T00:00:00Z"),
            ("2026-03-31T12:00:00Z", "2026-03-31T12:00:00Z 2026-03-31T12:00:00.000001Z"),
            ("03/04/2026", "day and month cannot be told apart; write 2026-04-03 or 2026-03-04"),
        ] {
            assert_eq!(read(text), both, "{text}");
        }
        for text in ["2026-13", "2026-02-29", "2026Q5", "soon", "", "2026-3-1"] {
            assert_eq!(Period::parse(text, today), Err(NotATime::Date), "{text}");
        }
    }
}

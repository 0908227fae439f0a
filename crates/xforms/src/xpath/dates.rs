//! Days and times as ODK's expressions see them: days since 1970-01-01 at local midnight.

/// The moment that `now()` means, handed in: there is no clock in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC.
    pub epoch_ms: i64,
    /// Local time minus UTC, in minutes; 480 in China.
    pub offset_minutes: i32,
}

impl Moment {
    /// As a local date and time.
    pub(super) fn local(self) -> Local {
        Local { days: (self.epoch_ms as f64 / 60_000.0 + f64::from(self.offset_minutes)) / 1440.0, timed: true }
    }
}

/// A local date, perhaps with time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Local {
    /// Days since 1970-01-01T00:00 local; NaN for what is no date.
    pub days: f64,
    /// Whether the time counts when it is written.
    pub timed: bool,
}

const MS_PER_DAY: f64 = 86_400_000.0;

/// Days since 1970-01-01 of a Gregorian date (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The Gregorian date of a day: year, month, day.
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, (doy - (153 * mp + 2) / 5 + 1) as u32)
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn digits(text: &str, least: usize, most: usize) -> Option<u32> {
    ((least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// A date `YYYY-MM-DD`, months and days perhaps with one digit, in days.
fn day(text: &str) -> Option<f64> {
    let mut parts = text.split('-');
    let (year, month, of_month) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, of_month) = (digits(year, 4, 4)?, digits(month, 1, 2)?, digits(of_month, 1, 2)?);
    let fits =
        parts.next().is_none() && (1..=12).contains(&month) && of_month >= 1 && of_month <= days_in_month(i64::from(year), month);
    fits.then(|| days_from_civil(i64::from(year), month, of_month) as f64)
}

/// A time `hh:mm[:ss[.fff]][Z|±hh:mm]` in days, and the minutes of its offset.
fn time(text: &str) -> Option<(f64, Option<i32>)> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], Some(offset(&text[at..])?)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 2, 2)?;
    let minute = digits(parts.next()?, 2, 2)?;
    let seconds = match parts.next() {
        None => 0.0,
        Some(s) => {
            let (whole, fraction) = s.split_once('.').unwrap_or((s, "0"));
            let whole = digits(whole, 2, 2).filter(|s| *s < 61)?;
            digits(fraction, 1, 9)?;
            f64::from(whole) + format!("0.{fraction}").parse::<f64>().ok()?
        }
    };
    let fits = parts.next().is_none() && hour < 24 && minute < 60;
    fits.then(|| ((f64::from(hour) * 3600.0 + f64::from(minute) * 60.0 + seconds) / 86_400.0, offset))
}

fn offset(text: &str) -> Option<i32> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = &text[1..];
    let (hours, minutes) = match rest.split_once(':') {
        Some((h, m)) => (digits(h, 2, 2)?, digits(m, 2, 2)?),
        None if rest.len() == 4 => (digits(&rest[..2], 2, 2)?, digits(&rest[2..], 2, 2)?),
        None => (digits(rest, 2, 2)?, 0),
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours as i32 * 60 + minutes as i32))
}

/// A text as a local date or date and time. `None` where it is neither.
pub fn parse_moment(text: &str, local_offset_minutes: i32) -> Option<Local> {
    let text = text.trim();
    if !text.is_ascii() || text.len() > 40 {
        return None;
    }
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let day = day(date)?;
    match clock {
        None => Some(Local { days: day, timed: false }),
        Some(clock) => {
            let (fraction, offset) = time(clock)?;
            let shift = offset.map_or(0.0, |o| f64::from(local_offset_minutes - o) / 1440.0);
            Some(Local { days: day + fraction + shift, timed: true })
        }
    }
}

/// A time of day in days, at local time.
pub(super) fn parse_time(text: &str, local_offset_minutes: i32) -> Option<f64> {
    let text = text.trim();
    if !text.is_ascii() || text.len() > 40 {
        return None;
    }
    let (fraction, offset) = time(text)?;
    let shift = offset.map_or(0.0, |o| f64::from(local_offset_minutes - o) / 1440.0);
    Some((fraction + shift).rem_euclid(1.0))
}

impl Local {
    /// Milliseconds since local 1970-01-01, rounded.
    fn ms(self) -> i64 {
        (self.days * MS_PER_DAY).round() as i64
    }

    /// `YYYY-MM-DD`, with time and offset where it has a time.
    pub(super) fn text(self, offset_minutes: i32) -> String {
        if !self.days.is_finite() || self.days.abs() > 4e6 {
            return String::new();
        }
        let ms = self.ms();
        let (year, month, day) = civil_from_days(ms.div_euclid(86_400_000));
        let date = format!("{year:04}-{month:02}-{day:02}");
        if !self.timed {
            return date;
        }
        let of_day = ms.rem_euclid(86_400_000);
        let (h, m, s, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
        let sign = if offset_minutes < 0 { '-' } else { '+' };
        let o = offset_minutes.abs();
        format!("{date}T{h:02}:{m:02}:{s:02}.{milli:03}{sign}{:02}:{:02}", o / 60, o % 60)
    }

    /// Formats as ODK's `format-date-time`: %Y %y %m %n %b %d %e %H %h %M %S %3 %a, %% for a per cent sign.
    pub(super) fn format(self, format: &str) -> String {
        if !self.days.is_finite() || self.days.abs() > 4e6 {
            return String::new();
        }
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
        let ms = self.ms();
        let whole_days = ms.div_euclid(86_400_000);
        let (year, month, day) = civil_from_days(whole_days);
        let of_day = ms.rem_euclid(86_400_000);
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('Y') => out.push_str(&format!("{year:04}")),
                Some('y') => out.push_str(&format!("{:02}", year.rem_euclid(100))),
                Some('m') => out.push_str(&format!("{month:02}")),
                Some('n') => out.push_str(&month.to_string()),
                Some('b') => out.push_str(MONTHS[(month as usize - 1) % 12]),
                Some('d') => out.push_str(&format!("{day:02}")),
                Some('e') => out.push_str(&day.to_string()),
                Some('H') => out.push_str(&format!("{:02}", of_day / 3_600_000)),
                Some('h') => out.push_str(&(of_day / 3_600_000).to_string()),
                Some('M') => out.push_str(&format!("{:02}", of_day / 60_000 % 60)),
                Some('S') => out.push_str(&format!("{:02}", of_day / 1000 % 60)),
                Some('3') => out.push_str(&format!("{:03}", of_day % 1000)),
                Some('a') => out.push_str(DAYS[(whole_days + 4).rem_euclid(7) as usize]),
                Some('%') | None => out.push('%'),
                Some(other) => {
                    out.push('%');
                    out.push(other);
                }
            }
        }
        out
    }
}

//! Dates as go-yaml reads them and Go prints them.

/// A text that go-yaml takes for a date, as Go prints that: `2001-1-1` is
/// `2001-01-01 00:00:00 +0000 UTC`. Nothing where it is none.
pub(crate) fn printed(text: &str) -> Option<String> {
    let mut rest = Rest(text);
    let year = rest.number(4, 4)?;
    rest.sign("-")?;
    let month = rest.number(1, 2)?;
    rest.sign("-")?;
    let day = rest.number(1, 2)?;
    if !(1..=12).contains(&month) || !(1..=days(year, month)).contains(&day) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.0.is_empty() {
        return Some(format!("{date} 00:00:00 +0000 UTC"));
    }
    let zoned = rest.sign("T").or_else(|| rest.sign("t")).is_some();
    if !zoned {
        rest.sign(" ")?;
        // A layout's blank stands for any number of them.
        rest.0 = rest.0.trim_start_matches(' ');
    }
    let time = rest.time()?;
    let zone = if zoned { rest.zone()? } else { "+0000 UTC".into() };
    rest.0.is_empty().then(|| format!("{date} {time} {zone}"))
}

/// What of a text is still to be read.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let number = self.0[..digits].parse().ok();
        self.0 = &self.0[digits..];
        number.filter(|_| digits >= least)
    }

    fn sign(&mut self, sign: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(sign)?;
        Some(())
    }

    /// `1:2:3.5` as `01:02:03.5`.
    fn time(&mut self) -> Option<String> {
        let hour = self.number(1, 2).filter(|hour| *hour < 24)?;
        self.sign(":")?;
        let minute = self.number(1, 2).filter(|minute| *minute < 60)?;
        self.sign(":")?;
        let second = self.number(1, 2).filter(|second| *second < 60)?;
        let whole = format!("{hour:02}:{minute:02}:{second:02}");
        let Some(behind) = self.0.strip_prefix(['.', ',']) else { return Some(whole) };
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Some(whole);
        }
        let fraction = behind[..digits.min(9)].trim_end_matches('0');
        self.0 = &behind[digits..];
        let point = if fraction.is_empty() { "" } else { "." };
        Some(format!("{whole}{point}{fraction}"))
    }

    /// `Z` or `+02:00`, as Go prints them.
    fn zone(&mut self) -> Option<String> {
        if self.sign("Z").is_some() {
            return Some("+0000 UTC".into());
        }
        let sign = self.0.chars().next().filter(|sign| matches!(sign, '+' | '-'))?;
        self.0 = &self.0[1..];
        let hours = self.number(2, 2).filter(|hours| *hours <= 24)?;
        self.sign(":")?;
        let minutes = self.number(2, 2).filter(|minutes| *minutes <= 60)?;
        let minutes = hours * 60 + minutes;
        if minutes == 0 {
            return Some("+0000 UTC".into());
        }
        let offset = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
        Some(format!("{offset} {offset}"))
    }
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

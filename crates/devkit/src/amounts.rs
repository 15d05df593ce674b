//! Writes sizes and times as people read them, and reads sizes that people write.

use std::str::FromStr;
use std::time::Duration;

/// `17 B`, `1.2 KiB`, `48.3 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, units[unit])
}

/// `12 ms`, `2.1 s`, `3m20s`, `5h02m`.
pub(crate) fn span(duration: Duration) -> String {
    let (millis, seconds) = (duration.as_millis(), duration.as_secs());
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{}.{} s", seconds, duration.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 connection`, `2 connections`.
pub(crate) fn count(number: impl TryInto<i128>, what: &str) -> String {
    let number = number.try_into().unwrap_or(i128::MAX);
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A size with its unit: `1MiB`, `512k`, `2G`. Units are powers of 1024.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let wanted = "a size is wanted, such as 512KiB, 1MiB or 2G";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        _ => return Err(wanted.into()),
    };
    let number: u64 = number.parse().map_err(|_| wanted.to_owned())?;
    number.checked_mul(1024_u64.pow(power)).ok_or_else(|| "that is more than there is".to_owned())
}

/// A whole number for an option; `wanted` says in words which ones there are.
pub(crate) fn whole<T: FromStr>(
    wanted: &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    // `+5` would be taken too.
    move |text| match text.parse() {
        Ok(number) if !text.starts_with('+') => Ok(number),
        _ => Err(wanted.to_owned()),
    }
}

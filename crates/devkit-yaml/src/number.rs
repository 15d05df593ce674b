//! Numbers as Go reads and prints them, and as .NET prints them.

use std::fmt;

/// A number. `Display` is Go's `%v`, which is what Compose makes of it where a text is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Numeric {
    /// A whole number that fits 64 bits with a sign.
    Int(i64),
    /// A larger one that fits them without.
    Unsigned(u64),
    /// Any other.
    Float(f64),
}

impl Numeric {
    /// The number as a float.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "Go and .NET lose the same digits")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Unsigned(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// The number as Go writes it into JSON and reads it back: a float without a fraction and below 10^21 is written
    /// without a point, and so is a whole number for its reader.
    pub(crate) fn through_json(self) -> Self {
        let Self::Float(number) = self else { return self };
        let (digits, exponent) = digits_of(&format!("{:e}", number.abs()));
        let sign = if number.is_sign_negative() { "-" } else { "" };
        let text = format!("{sign}{}", laid_out(&digits, exponent, (-7, 21), "e"));
        text.parse().map_or(self, Self::Int)
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Unsigned(number) => number.fmt(f),
            Self::Float(number) => f.write_str(&shortest(*number, &format!("{:e}", number.abs()))),
        }
    }
}

/// Go's `strconv.FormatFloat(number, 'g', -1, 32)`, which makes keys.
pub(crate) fn shortest_32(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml does so")]
    let number = number as f32;
    shortest(number.into(), &format!("{:e}", number.abs()))
}

/// `%g` of a number whose shortest digits are known.
fn shortest(number: f64, scientific: &str) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let (digits, exponent) = digits_of(scientific);
    format!("{sign}{}", laid_out(&digits, exponent, (-4, 6), "e"))
}

/// .NET's `ToString("G15")`, which the runner uses where a text is wanted.
pub(crate) fn g15(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    let (digits, exponent) = digits_of(&format!("{:.14e}", number.abs()));
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let sign = if number.is_sign_negative() { "-" } else { "" };
    format!("{sign}{}", laid_out(digits, exponent, (-4, 15), "E"))
}

/// Digits and exponent of `1.25e3`.
fn digits_of(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or_default())
}

/// `0.00125`, `1250` or `1.25e+30`: the last outside of the limits.
fn laid_out(digits: &str, exponent: i32, (least, most): (i32, i32), letter: &str) -> String {
    if exponent < least || exponent >= most {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{first}{point}{rest}{letter}{sign}{:02}", exponent.abs());
    }
    let Ok(whole) = usize::try_from(exponent + 1) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    if whole == 0 {
        return format!("0.{digits}");
    }
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (whole, fraction) = digits.split_at(whole);
    format!("{whole}.{fraction}")
}

/// Go's `strconv.ParseInt(text, 0, 64)`, else `ParseUint`, without underscores.
pub(crate) fn integer(text: &str) -> Option<Numeric> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (&digits[2..], 16),
        [b'0', b'b' | b'B', _, ..] => (&digits[2..], 2),
        [b'0', b'o' | b'O', _, ..] => (&digits[2..], 8),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    radix_integer(text, digits, radix)
}

/// go-yaml 2's own `0b` and `-0b`, behind which a sign may stand.
pub(crate) fn binary_integer(text: &str) -> Option<Numeric> {
    if let Some(digits) = text.strip_prefix("0b") {
        let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
        return radix_integer(digits, unsigned, 2);
    }
    let digits = text.strip_prefix("-0b")?;
    radix_integer("-", digits, 2)
}

/// The number of some digits, with the sign that `signed` begins with.
fn radix_integer(signed: &str, digits: &str, radix: u32) -> Option<Numeric> {
    // Rust takes a sign here, Go none.
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    let negative = signed.starts_with('-');
    let wide = if negative { -i128::from(value) } else { value.into() };
    match i64::try_from(wide) {
        Ok(number) => Some(Numeric::Int(number)),
        // Beyond that there is no sign at all.
        Err(_) if signed.starts_with(['+', '-']) => None,
        Err(_) => Some(Numeric::Unsigned(value)),
    }
}

/// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, read by Go's `ParseFloat`.
pub(crate) fn float(text: &str) -> Option<f64> {
    // What overflows is an error of Go's `ParseFloat`, and then a string.
    decimal(text)?.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// The text, where it looks like a decimal number.
pub(crate) fn decimal(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent = exponent
        .is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    (mantissa && exponent).then_some(text)
}

/// Go's `ParseFloat` of what begins with a point: underscores may stand between digits.
pub(crate) fn float_after_point(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let between = |at: usize| {
        let digit =
            |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        digit(at.checked_sub(1)) && digit(Some(at + 1))
    };
    let rightly = (0..bytes.len()).filter(|at| bytes[*at] == b'_').all(between);
    rightly.then(|| float(&text.replace('_', ""))).flatten()
}

//! What a scalar stands for: YAML 1.1 as go-yaml 2.4 has it (`resolve.go`).

/// The tag of a merge key.
pub(crate) const MERGE: &str = "tag:yaml.org,2002:merge";
/// The tag of bytes written in base64.
pub(crate) const BINARY: &str = "tag:yaml.org,2002:binary";

/// A scalar by its JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Number,
    /// `.nan` and `.inf`.
    NotFinite,
    String,
}

/// What a plain scalar without a tag stands for.
pub(crate) fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => return Scalar::NotFinite,
        _ => {}
    }
    let numeric = match text.as_bytes()[0] {
        b'.' => is_float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let plain = text.replace('_', "");
            is_integer(&plain) || is_float(&plain)
        }
        _ => false,
    };
    // A date stays the string it is (`decode.go`, "for backward compatibility").
    if numeric { Scalar::Number } else { Scalar::String }
}

/// What a scalar with a tag stands for.
///
/// # Errors
///
/// What the tag asks for, where the text is none.
pub(crate) fn resolve_as(tag: &str, text: &str) -> Result<Scalar, &'static str> {
    let resolved = resolve(text);
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some("null") if resolved != Scalar::Null => Err("null"),
        Some("bool") if !matches!(resolved, Scalar::Bool(_)) => Err("a boolean"),
        Some("int") if resolved != Scalar::Number || !is_integer(&text.replace('_', "")) => {
            Err("an integer")
        }
        Some("float") if !matches!(resolved, Scalar::Number | Scalar::NotFinite) => Err("a number"),
        Some("null" | "bool" | "int" | "float") => Ok(resolved),
        // `!!str`, and tags that mean nothing here.
        _ => Ok(Scalar::String),
    }
}

/// A number as JSON has it, from a text that [`resolve`] takes for one.
pub(crate) fn json_number(text: &str) -> serde_json::Value {
    let plain = text.replace('_', "");
    match integer(&plain) {
        Some(number) => u64::try_from(number)
            .map(serde_json::Value::from)
            .or_else(|_| i64::try_from(number).map(serde_json::Value::from))
            .unwrap_or_default(),
        None => plain.parse::<f64>().map_or(serde_json::Value::Null, serde_json::Value::from),
    }
}

fn is_integer(text: &str) -> bool {
    integer(text).is_some()
}

/// Go's `strconv.ParseInt(text, 0, 64)` or `ParseUint`, and go-yaml's own `0b` and `-0b`.
fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, radix) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
        [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
        [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    let number = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    let value = number.then(|| u64::from_str_radix(digits, radix).ok()).flatten()?;
    let value = if text.starts_with('-') { -i128::from(value) } else { value.into() };
    // A signed one has a bit less; beyond it a decimal is a float all the same.
    let signed = text.starts_with(['+', '-']);
    (!signed || i64::try_from(value).is_ok()).then_some(value)
}

/// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
fn is_float(text: &str) -> bool {
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
    // What overflows is an error of Go's `ParseFloat`, and then a string.
    mantissa && exponent && text.parse::<f64>().is_ok_and(f64::is_finite)
}

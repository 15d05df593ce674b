//! What a scalar stands for, by dialect and tag.

use std::rc::Rc;

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::dialect::Dialect;
use crate::node::{Notation, Value};
use crate::number::{self, Numeric, binary_integer, float, float_after_point, g15, integer};
use crate::time;

/// How all tags of YAML itself begin.
const YAML: &str = "tag:yaml.org,2002:";

/// The tag of a merge key.
const MERGE: &str = "tag:yaml.org,2002:merge";

/// A scalar as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Written<'n> {
    pub(crate) text: &'n Rc<Zeroizing<String>>,
    pub(crate) notation: Notation,
    pub(crate) tag: Option<&'n str>,
}

impl Written<'_> {
    fn is_plain(self) -> bool {
        self.notation == Notation::Plain
    }

    fn string(self) -> Value {
        Value::String(Rc::clone(self.text))
    }
}

/// What a scalar stands for.
///
/// # Errors
///
/// Why it is none of what its tag asks for, as a fragment.
pub(crate) fn value(scalar: Written<'_>, dialect: Dialect) -> Result<Value, String> {
    match dialect {
        Dialect::Workflow => core(scalar),
        Dialect::Kubernetes | Dialect::Compose => go(scalar, dialect),
    }
}

/// Whether a key is a merge key: to go-yaml 4 by its tag alone, to go-yaml 2 by its text too.
pub(crate) fn is_merge(key: Written<'_>, dialect: Dialect) -> bool {
    let text = key.text.as_str() == "<<";
    match (key.tag, dialect) {
        (_, Dialect::Workflow) => false,
        (Some(MERGE), Dialect::Compose) => true,
        (Some(MERGE), _) | (Some("!"), Dialect::Kubernetes) => text,
        (None | Some("!"), _) => text && key.is_plain(),
        _ => false,
    }
}

/// go-yaml's rules: YAML 1.1 with some of 1.2 (`resolve.go`).
fn go(scalar: Written<'_>, dialect: Dialect) -> Result<Value, String> {
    // Where a tag says nothing, go-yaml 4 looks at the quotes; go-yaml 2 takes it for one of
    // its user.
    let tag = scalar.tag.filter(|tag| *tag != "!" || dialect == Dialect::Kubernetes);
    let Some(tag) = tag else {
        return Ok(if scalar.is_plain() { plain(scalar, dialect, true) } else { scalar.string() });
    };
    let shorter = || tag.strip_prefix("!!").filter(|_| dialect == Dialect::Compose);
    let short = tag.strip_prefix(YAML).or_else(shorter).unwrap_or_default();
    let wants = |wanted: &str| Err(format!("the tag asks for {wanted}, and it is none"));
    let resolved = plain(scalar, dialect, short == "timestamp");
    match (short, &resolved) {
        ("null", Value::Null)
        | ("bool", Value::Bool(_))
        | ("int", Value::Number(Numeric::Int(_) | Numeric::Unsigned(_)))
        | ("float", Value::Number(Numeric::Float(_))) => Ok(resolved),
        // No more than that becomes a float.
        ("float", Value::Number(Numeric::Int(_))) => {
            let Value::Number(number) = resolved else { return wants("a number") };
            Ok(Value::Number(Numeric::Float(number.as_f64())))
        }
        ("null", _) => wants("null"),
        ("bool", _) => wants("a boolean"),
        ("int", _) => wants("an integer"),
        ("float", _) => wants("a number"),
        ("timestamp", _) if time::printed(scalar.text).is_none() => wants("a date"),
        ("timestamp", _) => Ok(resolved),
        ("binary", _) => binary(scalar.text),
        // `!!str`, and tags that mean nothing here.
        _ => Ok(scalar.string()),
    }
}

/// What a text stands for by its look.
fn plain(scalar: Written<'_>, dialect: Dialect, dates: bool) -> Value {
    let text: &str = scalar.text;
    let kubernetes = dialect == Dialect::Kubernetes;
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if kubernetes => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if kubernetes => {
            return Value::Bool(false);
        }
        "-0" | "-0.0" if !kubernetes => return Value::Number(Numeric::Float(-0.0)),
        _ => {}
    }
    if let Some(number) = not_finite(text) {
        return Value::Number(Numeric::Float(number));
    }
    let number = match text.as_bytes()[0] {
        b'.' => float_after_point(text).map(Numeric::Float),
        b'0'..=b'9' | b'+' | b'-' => {
            // A date stays the string it is in go-yaml 2 (`decode.go`, "for backward compatibility").
            if let Some(date) = time::printed(text).filter(|_| dates) {
                return if kubernetes { scalar.string() } else { Value::Time(date.into()) };
            }
            let digits = Zeroizing::new(text.replace('_', ""));
            let number = integer(&digits).or_else(|| float(&digits).map(Numeric::Float));
            number.or_else(|| kubernetes.then(|| binary_integer(&digits)).flatten())
        }
        _ => None,
    };
    number.map_or_else(|| scalar.string(), Value::Number)
}

/// The words for numbers that are none.
fn not_finite(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Go's `base64.StdEncoding`, and its JSON, in which a byte that is no text becomes U+FFFD.
fn binary(text: &str) -> Result<Value, String> {
    let plain = Zeroizing::new(text.replace(['\r', '\n'], ""));
    let bytes = STRICT_ABOUT_PADDING.decode(plain.as_bytes());
    let bytes = Zeroizing::new(bytes.map_err(|_| "!!binary without base64")?);
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 3));
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(Value::String(Rc::new(text)))
}

/// Go's decoder wants the padding, and looks not at the bits that it throws away.
const STRICT_ABOUT_PADDING: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The runner's rules: the core schema of YAML 1.2 (actions/runner, `YamlObjectReader.cs`).
fn core(scalar: Written<'_>) -> Result<Value, String> {
    let wants = |wanted: &str| Err(format!("the tag asks for {wanted}, and it is none"));
    let Some(tag) = scalar.tag else {
        return if scalar.is_plain() { core_plain(scalar) } else { Ok(scalar.string()) };
    };
    let short = tag.strip_prefix(YAML).unwrap_or_default();
    if short == "str" {
        return Ok(scalar.string());
    }
    if !scalar.is_plain() {
        return Err("this tag is only for values without quotes".into());
    }
    let resolved = core_plain(scalar)?;
    match (short, &resolved) {
        ("null", Value::Null) | ("bool", Value::Bool(_)) => Ok(resolved),
        ("int", Value::Number(_)) if core_integer(scalar.text)?.is_some() => Ok(resolved),
        ("float", Value::Number(_)) if core_float(scalar.text).is_some() => Ok(resolved),
        ("null", _) => wants("null"),
        ("bool", _) => wants("a boolean"),
        ("int", _) => wants("an integer"),
        ("float", _) => wants("a number"),
        _ => Err("only the tags of null, booleans, numbers and strings are read".into()),
    }
}

fn core_plain(scalar: Written<'_>) -> Result<Value, String> {
    let text: &str = scalar.text;
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match core_integer(text)?.or_else(|| core_float(text)) {
            Some(number) => Value::Number(Numeric::Float(number)),
            None => scalar.string(),
        },
    })
}

/// Digits with a sign are doubles; hexadecimal and octal ones have 32 bits, of which the first is
/// the sign.
fn core_integer(text: &str) -> Result<Option<f64>, String> {
    let in_32_bits = |digits: &str, radix| {
        let bits = u32::from_str_radix(digits, radix).map_err(|_| "the number is too large")?;
        Ok(Some(f64::from(bits.cast_signed())))
    };
    let all =
        |digits: &str, of: fn(&u8) -> bool| !digits.is_empty() && digits.as_bytes().iter().all(of);
    if let Some(digits) = text.strip_prefix("0x").filter(|it| all(it, u8::is_ascii_hexdigit)) {
        return in_32_bits(digits, 16);
    }
    if let Some(digits) =
        text.strip_prefix("0o").filter(|it| all(it, |b| (b'0'..=b'7').contains(b)))
    {
        return in_32_bits(digits, 8);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    Ok(if all(digits, u8::is_ascii_digit) { text.parse().ok() } else { None })
}

/// What overflows is infinite in .NET.
fn core_float(text: &str) -> Option<f64> {
    not_finite(text).or_else(|| number::decimal(text)?.parse().ok())
}

impl Dialect {
    /// What the program makes of a value where it wants a text: of `010`, Compose makes `8` and the
    /// runner `10`. Nothing where it refuses the value, or takes nothing for a text.
    #[must_use]
    pub fn text_of(self, value: &Value) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(match (value, self) {
            (Value::String(text), _) => return Some(Zeroizing::clone(text)),
            (Value::Null, Self::Workflow) => String::new(),
            (Value::Bool(value), Self::Compose | Self::Workflow) => value.to_string(),
            (Value::Number(number), Self::Compose) => number.to_string(),
            (Value::Number(number), Self::Workflow) => g15(number.as_f64()),
            (Value::Time(text), Self::Compose) => text.to_string(),
            _ => return None,
        }))
    }
}

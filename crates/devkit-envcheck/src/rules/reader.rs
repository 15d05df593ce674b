//! Programs that want variables: how they list them, and how they hand them on.

use super::{NUL, SPLIT, rule, single, single_with};
use crate::rule::{Case, Group, Rule, Suggest, When};
use crate::syntax::IDENTIFIER;

const SPRING: &str = "spring-boot SystemEnvironmentPropertyMapper, ConfigurationPropertyName";
const MEASURED: &str = "measured";

const MAP_KEYS: &str = "keys of a Map are bound in lower case: serviceUrl comes out as serviceurl";

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    single_with(Suggest::Spring, Group::Reader, "spring", "Spring Boot 2 and 3", "the property's own name, or its uniform form: capitals, dots to '_', dashes left out", SPRING, &[
        NUL, NAMELESS, SPLIT,
        Case::ok(When::Always).caveat(MAP_KEYS),
    ]),
    single_with(Suggest::DotNet, Group::Reader, "dotnet", ".NET configuration", "any name; '__' stands for ':', and capitals do not matter", "dotnet/runtime EnvironmentVariablesConfigurationProvider", &[
        NUL, NAMELESS, SPLIT,
    ]),
    rule(Group::Reader, "java", "getenv", "JDK 17", "any name in the locale's encoding, up to the first '='", MEASURED, &[
        NUL,
        Case::mangled(When::LeadingEquals, nothing, "the name ends at its first '=', also at the very first byte"),
        SPLIT,
        Case::mangled(When::NotUtf8, replaced_by_java, "what is not UTF-8 becomes U+FFFD"),
    ]),
    rule(Group::Reader, "java", "ProcessBuilder", "JDK 17", "environment().put: no '=' and no NUL", MEASURED, &[
        Case::fatal(When::Nul, "java.lang.IllegalArgumentException: Invalid environment variable name: \"{name}\""),
        Case::fatal(When::Equals, "java.lang.IllegalArgumentException: Invalid environment variable name: \"{name}\""),
    ]),
    rule(Group::Reader, "node", "env", "Node 20", "process.env: any name in UTF-8, but no number", MEASURED, &[
        NUL, NAMELESS, SPLIT,
        Case::dropped(When::Find(index), "process.env['{name}'] is undefined, and children lose it"),
        Case::dropped(When::NotUtf8, "Object.keys lists it with U+FFFD, and process.env has no such name"),
    ]),
    rule(Group::Reader, "python", "environ", "CPython 3.11", "os.environ: any name", MEASURED, &[
        NUL,
        Case::mangled(When::LeadingEquals, nothing, "the name ends at its first '=', also at the very first byte"),
        SPLIT,
    ]),
    rule(Group::Reader, "go", "Setenv", "Go 1.19", "any name but an empty one, or one with '='", MEASURED, &[
        Case::rejected(When::Nul, "invalid argument"),
        Case::rejected(When::Empty, "invalid argument"),
        Case::rejected(When::Equals, "invalid argument"),
    ]),
    rule(Group::Reader, "go", "Environ", "Go 1.19", "the strings as they are", MEASURED, &[
        NUL, SPLIT,
    ]),
    rule(Group::Reader, "rust", "set_var", "Rust 1.95", "any name but an empty one, or one with '=' or NUL: those panic", MEASURED, &[
        Case::fatal(When::Nul, "failed to set environment variable `\"{name}\"` to `\"{value}\"`"),
        Case::fatal(When::Empty, "failed to set environment variable `\"{name}\"` to `\"{value}\"`: Invalid argument"),
        Case::fatal(When::Equals, "failed to set environment variable `\"{name}\"` to `\"{value}\"`: Invalid argument"),
    ]),
    rule(Group::Reader, "rust", "vars", "Rust 1.95", "any name in UTF-8; others panic (vars_os does not)", MEASURED, &[
        NUL,
        Case::dropped(When::Empty, "a string without a name is passed over"),
        SPLIT,
        Case::fatal(When::NotUtf8, "called `Result::unwrap()` on an `Err` value: \"{name}\""),
    ]),
    single(Group::Reader, "ruby", "3.1", "ENV: any name, up to the first '='", MEASURED, &[
        NUL,
        Case::ok(When::Empty).caveat("ENV[…]= refuses it: Invalid argument - setenv()"),
        Case::mangled(When::LeadingEquals, nothing, "the name ends at its first '=', also at the very first byte"),
        SPLIT,
    ]),
    single(Group::Reader, "perl", "5.36", "%ENV: any name", MEASURED, &[
        NUL, NAMELESS, SPLIT,
    ]),
    rule(Group::Reader, "php", "getenv", "8.2", "getenv('NAME'): any name", MEASURED, &[
        NUL, NAMELESS, SPLIT,
        Case::ok(When::Holds(b" .[")).caveat("getenv() and $_ENV, which list all, leave it out"),
    ]),
    rule(Group::Reader, "sh", "source", "POSIX sh", ". FILE with lines NAME=VALUE: [A-Za-z_][A-Za-z0-9_]*", "POSIX.1-2017 XCU 2.9.1; measured with dash", &[
        NUL,
        Case::dropped(When::Starts(&["#"]), "it is a comment"),
        super::shell::EQUALS,
        Case::rejected(When::Not(&IDENTIFIER), "{name}={value}: not found"),
    ]),
];

const NAMELESS: Case =
    Case::dropped(When::Find(nameless), "a string that starts with '=' is passed over");

fn nameless(name: &[u8]) -> Option<usize> {
    (name.is_empty() || name.starts_with(b"=")).then_some(0)
}

/// What JavaScript takes for an index: a number below 2^32 - 1, written as one.
fn index(name: &[u8]) -> Option<usize> {
    let text = str::from_utf8(name).ok()?;
    let number: u32 = text.parse().ok()?;
    (number < u32::MAX && number.to_string() == text).then_some(0)
}

/// Java's decoder: one U+FFFD for half of a surrogate pair, and for a sequence that is cut short.
fn replaced_by_java(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let good = match str::from_utf8(rest) {
            Ok(_) => rest.len(),
            Err(error) => error.valid_up_to(),
        };
        out.extend_from_slice(&rest[..good]);
        rest = &rest[good..];
        if rest.is_empty() {
            break;
        }
        out.extend_from_slice("\u{fffd}".as_bytes());
        let surrogate = matches!(rest, [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]);
        let wrong = rest.utf8_chunks().next().map_or(1, |chunk| chunk.invalid().len());
        rest = &rest[if surrogate { 3 } else { wrong.max(1) }..];
    }
    out
}

fn nothing(_: &[u8]) -> Vec<u8> {
    Vec::new()
}

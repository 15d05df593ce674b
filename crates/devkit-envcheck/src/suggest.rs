//! Suggests other names, which a context would take.

use crate::rule::{Rule, Suggest};
use crate::verdict::Verdict;

/// Capitals, digits and `_`: what every context of today takes. `a.b` gives `A_B`, `1a` gives `_1A`.
pub(crate) fn portable(name: &[u8]) -> Option<String> {
    // Nothing would be left of other letters.
    let text = str::from_utf8(name).ok().filter(|text| text.is_ascii())?;
    let mut out = String::new();
    for c in text.chars() {
        out.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out.contains(|c: char| c.is_ascii_alphanumeric()).then_some(out)
}

/// Spring's uniform form in capitals: the elements of a property without dashes, joined by `_`.
/// `foo.the-bar` gives `FOO_THEBAR`, `host[0]` gives `HOST_0`.
fn spring(name: &[u8]) -> Option<String> {
    let text = str::from_utf8(name).ok()?;
    let property =
        text.contains(['.', '-', '[']) || text.contains(|c: char| c.is_ascii_lowercase());
    let known = |c: char| c.is_ascii_alphanumeric() || "._-[]".contains(c);
    if !property || !text.chars().all(known) {
        return None;
    }
    let elements = text.split(['.', '[']).map(|element| {
        let letters = element.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_');
        letters.collect::<String>().to_ascii_uppercase()
    });
    let elements: Vec<String> = elements.filter(|element| !element.is_empty()).collect();
    (!elements.is_empty()).then(|| elements.join("_"))
}

/// .NET's form of a key: `Logging:LogLevel:Default` gives `Logging__LogLevel__Default`.
fn dotnet(name: &[u8]) -> Option<String> {
    let text = str::from_utf8(name).ok()?;
    let known = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
    let key = text.contains([':', '.']) && text.chars().all(known);
    key.then(|| text.replace([':', '.'], "__"))
}

/// The other name that would do in a context, and what to know of it.
pub(crate) fn suggest(
    rule: &Rule,
    name: &[u8],
    verdict: Verdict,
) -> Option<(String, Option<&'static str>)> {
    let (text, caveat) = match rule.suggest {
        Suggest::Portable if verdict == Verdict::Ok => return None,
        Suggest::Portable => (portable(name)?, None),
        Suggest::Spring => (spring(name)?, None),
        Suggest::DotNet => {
            let dotted = name.contains(&b'.');
            let caveat = "a dot is a part of the key in .NET: this is for dots that mean ':'";
            (dotnet(name)?, dotted.then_some(caveat))
        }
    };
    let other = text.as_bytes() != name;
    let works = rule.check(text.as_bytes(), b"").verdict == Verdict::Ok;
    (other && works).then_some((text, caveat))
}

/// Why a variable of that name changes what programs do, if it does.
#[must_use]
pub fn dangerous(name: &[u8]) -> Option<&'static str> {
    const LOADER: &str = "the dynamic loader acts upon it in every program";
    const SHELL: &str = "shells act upon it when they start";
    const RUNTIME: &str = "a language's runtime acts upon it when it starts";
    match name {
        b"GCONV_PATH" => Some(LOADER),
        b"BASH_ENV" | b"ENV" | b"SHELLOPTS" | b"BASHOPTS" | b"PS4" | b"IFS" | b"PROMPT_COMMAND" => {
            Some(SHELL)
        }
        b"NODE_OPTIONS" | b"NODE_PATH" | b"JAVA_TOOL_OPTIONS" | b"_JAVA_OPTIONS"
        | b"JDK_JAVA_OPTIONS" | b"PYTHONPATH" | b"PYTHONHOME" | b"PYTHONSTARTUP" | b"PERL5OPT"
        | b"PERL5LIB" | b"PERL5DB" | b"RUBYOPT" | b"RUBYLIB" => Some(RUNTIME),
        name if name.starts_with(b"LD_") => Some(LOADER),
        name if name.starts_with(b"BASH_FUNC_") => Some("bash takes it for a function"),
        _ => None,
    }
}

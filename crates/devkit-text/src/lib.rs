//! Text from elsewhere, made fit to be shown: names out of files and from the network, the system's
//! error messages, and names that somebody mistyped.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

/// Shows bytes as text: control characters, what else could move or hide text on a terminal (marks
/// of direction, characters without width) and bytes that are not UTF-8 become `\x1b`-style escapes.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if needs_escape(c) {
                let mut utf8 = [0; 4];
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Whether a character moves, hides or breaks the text around it, so that no output may have it as it is.
#[must_use]
pub fn needs_escape(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Characters that show nothing and can change how the text around them looks: Unicode's format
/// characters (Cf) but those that are drawn before digits, its line and paragraph separators, and
/// letters that are blank by design.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}'
    )
}

/// An I/O error in the system's words, without its number: `no space left on device`.
#[must_use]
pub fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// Names of `names` that `wanted` may have been meant for, escaped, the nearest first, three at
/// most.
///
/// Near is a slip in every third letter, or a part of the name; capitals do not count.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    // The work grows with the square of the length, and nobody mistypes names like that.
    let short = |name: &str| name.len() <= 300;
    let wanted = wanted.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| short(&wanted) && short(name))
        .filter_map(|name| {
            let known = name.to_lowercase();
            let slips = strsim::damerau_levenshtein(&wanted, &known);
            let longest = wanted.chars().count().max(known.chars().count());
            let part = wanted.len() > 2 && known.contains(&wanted);
            (slips * 3 <= longest || part).then_some((slips, name))
        })
        .collect();
    near.sort_by_key(|(slips, _)| *slips);
    near.into_iter().take(3).map(|(_, name)| escape(name.as_bytes())).collect()
}

//! The two line breaks that YAML 1.1 keeps as they are: U+2028 and U+2029 neither become `\n` nor
//! are folded into a blank. The parser knows them not, and has seen `\n` in their places.

use zeroize::Zeroizing;

use crate::node::Notation;

/// The value of a scalar that has such breaks, out of its text with them. Nothing where that is
/// left as the parser has it: in folded blocks, and beside escapes.
pub(crate) fn kept(raw: &str, value: &str, notation: Notation) -> Option<String> {
    match notation {
        Notation::Literal => Some(kept_in_block(raw, value)),
        Notation::Plain => Some(joined(raw)),
        Notation::SingleQuoted => {
            let inner = raw.strip_prefix('\'')?.strip_suffix('\'')?;
            Some(joined(inner).replace("''", "'"))
        }
        Notation::DoubleQuoted => {
            let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
            (!inner.contains('\\')).then(|| joined(inner))
        }
        Notation::Folded | Notation::Flow | Notation::Block => None,
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Each line of a literal block ends in the value as it does in the text.
fn kept_in_block(raw: &str, value: &str) -> String {
    let plain = Zeroizing::new(raw.replace("\r\n", "\n"));
    // The break behind `|` is not in the value.
    let header = usize::from(plain.starts_with('|'));
    let mut breaks = plain.chars().filter(|c| is_break(*c)).skip(header);
    let in_text = |c: char| match c {
        '\n' => breaks.next().filter(|c| *c != '\r').unwrap_or('\n'),
        c => c,
    };
    value.chars().map(in_text).collect()
}

/// Folds lines as libyaml does: a first break that is `\n` becomes a blank or nothing.
fn joined(raw: &str) -> String {
    let plain = Zeroizing::new(raw.replace("\r\n", "\n").replace('\r', "\n"));
    let mut text = String::with_capacity(plain.len());
    let mut rest: &str = &plain;
    while let Some(at) = rest.find(is_break) {
        text.push_str(rest[..at].trim_end_matches([' ', '\t']));
        let blank = |c: char| is_break(c) || matches!(c, ' ' | '\t');
        let behind = rest[at..].find(|c| !blank(c)).unwrap_or(rest.len() - at);
        let breaks: Vec<char> = rest[at..at + behind].chars().filter(|c| is_break(*c)).collect();
        match *breaks {
            ['\n'] => text.push(' '),
            ['\n', ..] => text.extend(&breaks[1..]),
            _ => text.extend(&breaks),
        }
        rest = &rest[at + behind..];
    }
    text.push_str(rest);
    text
}

//! What go-yaml's scanner takes and the parser refuses: the text is changed so that the parser takes
//! it too, byte for byte as long as before, and what comes out is changed back.

use std::collections::BTreeMap;

use crate::dialect::Dialect;

/// How often a text is mended. Each time all of it is read again.
pub(crate) const MOST: usize = 32;

/// A fault that go-yaml does not see, with the byte where the parser found it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mend {
    /// A comment right behind a quote, a bracket or `|`.
    Comment(usize),
    /// `-` alone within brackets, which is a text.
    Dash(usize),
    /// A colon that ends a scalar before a comma or a bracket, and is of it: with the first byte of
    /// the scalar and the byte of the colon.
    Colon(usize, usize),
    /// A colon right behind the name of an anchor, with which a value begins.
    AnchorColon(usize),
    /// Tabs before what stands within brackets, on this line and those that follow.
    Tabs(usize),
    /// `\'` within double quotes.
    Apostrophe(usize),
}

/// What was mended in a text, by the byte where its scalar begins.
#[derive(Default)]
pub(crate) struct Mended(BTreeMap<usize, Mend>);

impl Mended {
    /// Changes a text so that the parser goes on. `false` where that is not possible.
    pub(crate) fn mend(&mut self, text: &mut String, mend: Mend, dialect: Dialect) -> bool {
        if dialect == Dialect::Workflow {
            return false;
        }
        let changed = match mend {
            Mend::Comment(at) => blank_comment(text, at),
            Mend::Dash(at) => {
                let is_dash = text.as_bytes().get(at) == Some(&b'-');
                if is_dash {
                    text.replace_range(at..=at, "x");
                }
                is_dash.then_some(at)
            }
            Mend::Colon(start, at) => {
                text.replace_range(at..=at, "x");
                Some(start)
            }
            Mend::AnchorColon(at) => {
                let plain = text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
                if plain {
                    text.replace_range(at..=at, " ");
                }
                plain.then_some(at + 1)
            }
            Mend::Tabs(at) => blank_tabs(text, at),
            Mend::Apostrophe(at) => ring_for_apostrophes(text, at),
        };
        changed.is_some_and(|at| self.0.insert(at, mend) != Some(mend))
    }

    /// What a scalar was before it was mended.
    pub(crate) fn restored(&self, at: usize, text: &str) -> Option<String> {
        match self.0.get(&at)? {
            Mend::Comment(_) | Mend::Tabs(_) => None,
            Mend::Dash(_) => Some(text.replacen('x', "-", 1)),
            Mend::AnchorColon(_) => Some(format!(":{text}")),
            Mend::Colon(..) => text.strip_suffix('x').map(|text| format!("{text}:")),
            Mend::Apostrophe(_) => Some(text.replace(BELL, "'")),
        }
    }
}

/// What `\a` stands for.
const BELL: char = '\u{7}';

/// Makes blanks of a comment.
fn blank_comment(text: &mut String, at: usize) -> Option<usize> {
    let comment = text.get(at..).filter(|rest| rest.starts_with('#'))?;
    let len = comment.find(['\n', '\r']).unwrap_or(comment.len());
    text.replace_range(at..at + len, &" ".repeat(len));
    Some(at)
}

/// Makes blanks of the tabs that lines begin with, up to the first line that begins with none.
fn blank_tabs(text: &mut String, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    let first = before.rfind('\n').map_or(0, |end| end + 1);
    let mut from = first;
    loop {
        let line = &text[from..];
        let blanks = line.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(line.len());
        if !line[..blanks].contains('\t') {
            break;
        }
        let len = line.find('\n').map_or(line.len(), |end| end + 1);
        text.replace_range(from..from + blanks, &" ".repeat(blanks));
        from += len;
    }
    (from > first).then_some(first)
}

/// Makes `\a` of each `\'` of a scalar, if it has no other bell.
fn ring_for_apostrophes(text: &mut String, at: usize) -> Option<usize> {
    let inner = at + 1;
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut end = inner;
    loop {
        match bytes.get(end)? {
            b'"' => break,
            b'\\' => {
                match bytes.get(end + 1)? {
                    b'\'' => found.push(end + 1),
                    // Hexadecimal digits may be a bell too.
                    b'a' | b'x' | b'u' | b'U' => return None,
                    _ => {}
                }
                end += 2;
            }
            _ => end += 1,
        }
    }
    for place in &found {
        text.replace_range(*place..=*place, "a");
    }
    (!found.is_empty()).then_some(at)
}

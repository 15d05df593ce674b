//! What go-yaml's scanner refuses and the parser takes: rules about the bytes around a token.

use crate::dialect::Dialect;

/// Whether go-yaml reads a name of an anchor.
pub(crate) fn is_anchor_name(name: &str, dialect: Dialect) -> bool {
    let narrow = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match dialect {
        Dialect::Kubernetes => !name.is_empty() && name.chars().all(narrow),
        // What stands behind a colon is the next token there.
        Dialect::Compose => name.chars().all(|c| c.is_ascii_graphic() && c != ':'),
        Dialect::Workflow => true,
    }
}

/// Whether go-yaml reads a tag, with what stands behind it.
pub(crate) fn is_tag(tag: &str, behind: &str) -> bool {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    !tag.contains(['#', '{', '}', '^', '"', '|', '\\'])
        && (behind.is_empty() || behind.starts_with(blank))
}

/// Whether a scalar within brackets is a key whose colon stands on another line, which go-yaml
/// refuses unless `?` stands before the key.
pub(crate) fn is_key_over_lines(text: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(behind)) = (text.get(..start), text.get(end..)) else { return false };
    let colon = behind.trim_start();
    let lines = text[start..text.len() - colon.len()].contains(['\n', '\r']);
    lines && colon.starts_with(':') && !before.trim_end().ends_with('?')
}

/// Whether go-yaml reads a scalar without quotes within brackets: a question mark ends it there, in
/// go-yaml 4 only before a blank, and in go-yaml 2 a colon begins none.
pub(crate) fn is_plain_in_flow(text: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Kubernetes => !(text.contains('?') || text.starts_with(':')),
        Dialect::Compose => !text.contains("? "),
        Dialect::Workflow => true,
    }
}

/// Whether there is a directive that is neither `%YAML` nor `%TAG`: go-yaml knows no other.
pub(crate) fn has_other_directive(prologue: &str) -> bool {
    let mut names = prologue.lines().filter_map(|line| line.strip_prefix('%'));
    names.any(|line| !matches!(line.split([' ', '\t']).next(), Some("YAML" | "TAG")))
}

/// Follows where a tab may stand outside of brackets: not where a key could begin, which is at the
/// start of a line and behind `-` and `?` (libyaml's `simple_key_allowed`).
pub(crate) struct Tabs {
    key_may_begin: bool,
}

impl Tabs {
    pub(crate) fn new() -> Self {
        Self { key_may_begin: true }
    }

    /// A token has ended. Behind a block scalar a new line has begun.
    pub(crate) fn behind_token(&mut self, block_scalar: bool) {
        self.key_may_begin = block_scalar;
    }

    /// The first tab that stands wrongly in what stands between two tokens.
    pub(crate) fn wrong_one(&mut self, gap: &str, at_line_start: bool) -> Option<usize> {
        let bytes = gap.as_bytes();
        let mut line_start = at_line_start;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\t' if self.key_may_begin => return Some(at),
                b'#' => {
                    at += gap[at..].find(['\n', '\r']).unwrap_or(gap.len() - at);
                    continue;
                }
                b'-' if line_start && gap[at..].starts_with("---") => {
                    self.key_may_begin = false;
                    at += 2;
                }
                b'\n' | b'\r' | b'-' | b'?' => self.key_may_begin = true,
                b' ' | b'\t' => {}
                _ => self.key_may_begin = false,
            }
            line_start = matches!(byte, b'\n' | b'\r');
            at += 1;
        }
        None
    }
}

//! The shape that a context wants of names, as data.

use crate::letters;

/// Which characters may stand in a place of a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    pub(crate) upper: bool,
    pub(crate) lower: bool,
    pub(crate) digits: bool,
    /// These besides.
    pub(crate) also: &'static str,
    pub(crate) beyond: Beyond,
}

/// What of the characters beyond ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    Nothing,
    /// Letters and digits of glibc.
    Glibc,
    /// Letters and digits of ksh93.
    Ksh93,
    /// Unicode's letters and digits.
    Unicode,
    /// Unicode's letters.
    UnicodeLetters,
}

impl Class {
    pub(crate) const fn new(also: &'static str) -> Self {
        Self { upper: true, lower: true, digits: true, also, beyond: Beyond::Nothing }
    }

    pub(crate) const fn no_digits(self) -> Self {
        Self { digits: false, ..self }
    }

    pub(crate) const fn no_lower(self) -> Self {
        Self { lower: false, ..self }
    }

    pub(crate) const fn beyond(self, beyond: Beyond) -> Self {
        Self { beyond, ..self }
    }

    fn has(&self, c: char) -> bool {
        match c {
            'A'..='Z' => self.upper,
            'a'..='z' => self.lower,
            '0'..='9' => self.digits,
            c if c.is_ascii() => self.also.contains(c),
            c => match self.beyond {
                Beyond::Nothing => self.also.contains(c),
                Beyond::Glibc => letters::glibc(c),
                Beyond::Ksh93 => letters::ksh93(c),
                Beyond::Unicode => c.is_alphanumeric(),
                Beyond::UnicodeLetters => c.is_alphabetic(),
            },
        }
    }
}

/// What a name has to look like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    /// The shape as people write it: `[A-Za-z_][A-Za-z0-9_]*`.
    pub(crate) words: &'static str,
    pub(crate) first: Class,
    pub(crate) rest: Class,
}

impl Syntax {
    /// Where a name goes wrong first. An empty one does at 0.
    pub(crate) fn offence(&self, name: &[u8]) -> Option<usize> {
        if name.is_empty() {
            return Some(0);
        }
        let mut at = 0;
        for chunk in name.utf8_chunks() {
            for c in chunk.valid().chars() {
                let class = if at == 0 { &self.first } else { &self.rest };
                if !class.has(c) {
                    return Some(at);
                }
                at += c.len_utf8();
            }
            if !chunk.invalid().is_empty() {
                return Some(at);
            }
        }
        None
    }

    pub(crate) fn fits(&self, name: &[u8]) -> bool {
        self.offence(name).is_none()
    }
}

/// POSIX's *name*: XBD 3.231.
pub(crate) const IDENTIFIER: Syntax = Syntax {
    words: "[A-Za-z_][A-Za-z0-9_]*",
    first: Class::new("_").no_digits(),
    rest: Class::new("_"),
};

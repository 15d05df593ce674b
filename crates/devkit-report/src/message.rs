//! A message in pieces: its own words, paths, arguments of commands and text from elsewhere, none of
//! which is made one with the others before somebody is told.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use devkit_text::escape;
use serde::{Serialize, Serializer};

use crate::paths::PathNames;

/// A text that is made of pieces. The macro [`message!`](crate::message) makes one.
///
/// `Display` and `Serialize` write paths whole; [`Message::shown`] shortens them for people. Both
/// escape what is foreign.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Message {
    pieces: Vec<Fragment>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fragment {
    /// Words of devkit's own. They may have line breaks.
    Plain(Cow<'static, str>),
    /// Text from elsewhere: out of a file, from the network, typed. The writers escape it.
    Foreign(Vec<u8>),
    /// A file or folder. The writers shorten and escape it.
    Path(PathBuf),
    /// A word of a command that can be copied. The writers quote it for a shell, and never shorten it.
    Argument(OsString),
}

/// What can fill a hole of a [`message!`](crate::message).
pub trait Say {
    /// Adds it to a message.
    fn say(&self, message: &mut Message);
}

/// Words of devkit's own in a variable, where a text would be taken for a foreign one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words(pub &'static str);

/// A word of a command that can be copied: it is quoted for a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument<'a>(pub &'a OsStr);

/// Foreign text of several lines, such as what a program said. The line breaks stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeveralLines<'a>(pub &'a str);

/// Makes a [`Message`]: the literal is devkit's own words, and each `{}` of it a hole for a value.
///
/// A `Path` stays a path, a number is written out, and every other text counts as foreign.
///
/// ```
/// use devkit_report::message;
/// let name = "a\u{1b}b";
/// assert_eq!(message!("no mirror '{}'", name).to_string(), r"no mirror 'a\x1bb'");
/// ```
#[macro_export]
macro_rules! message {
    ($format:literal $(, $value:expr)* $(,)?) => {{
        const FORMAT: &str = $format;
        const {
            assert!(
                $crate::holes(FORMAT) == <[&str]>::len(&[$(stringify!($value)),*]),
                "a message has one value for each hole"
            );
        }
        $crate::Message::filled(FORMAT, &[$(&$value as &dyn $crate::Say),*])
    }};
}

/// How many `{}` a text has.
#[must_use]
pub const fn holes(format: &str) -> usize {
    let bytes = format.as_bytes();
    let (mut at, mut found) = (0, 0);
    while at + 1 < bytes.len() {
        if bytes[at] == b'{' && bytes[at + 1] == b'}' {
            found += 1;
            at += 1;
        }
        at += 1;
    }
    found
}

impl Message {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Words with values in their holes, for [`message!`](crate::message), which counts both.
    #[must_use]
    pub fn filled(format: &'static str, values: &[&dyn Say]) -> Self {
        let mut message = Self::new();
        let mut values = values.iter();
        for (at, words) in format.split("{}").enumerate() {
            if at > 0
                && let Some(value) = values.next()
            {
                value.say(&mut message);
            }
            message.push(Fragment::Plain(words.into()));
        }
        message
    }

    /// Several messages with words between them.
    #[must_use]
    pub fn joined(messages: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut whole = Self::new();
        for (at, message) in messages.into_iter().enumerate() {
            if at > 0 {
                whole.push(Fragment::Plain(between.into()));
            }
            whole.pieces.extend(message.pieces);
        }
        whole
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Fragment) {
        match (&piece, self.pieces.last_mut()) {
            (Fragment::Plain(words), _) if words.is_empty() => {}
            (Fragment::Plain(words), Some(Fragment::Plain(before))) => {
                before.to_mut().push_str(words);
            }
            _ => self.pieces.push(piece),
        }
    }

    /// Puts a value behind it.
    #[must_use]
    pub fn and(mut self, value: &dyn Say) -> Self {
        value.say(&mut self);
        self
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The pieces of it, in their order.
    #[must_use]
    pub fn pieces(&self) -> &[Fragment] {
        &self.pieces
    }

    /// The text for people: paths are told by `paths`, and what is foreign is escaped.
    #[must_use]
    pub fn shown(&self, paths: &PathNames) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Fragment::Plain(words) => text.push_str(words),
                Fragment::Foreign(bytes) => text.push_str(&escape(bytes)),
                Fragment::Path(path) => text.push_str(&paths.show(path)),
                Fragment::Argument(word) => text.push_str(&quoted(word)),
            }
        }
        text
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(&PathNames::default()))
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// A text is foreign: who has words of devkit's own uses [`message!`](crate::message).
impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::new().and(&text)
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self { pieces: vec![Fragment::Foreign(text.into_bytes())] }
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Path> for Message {
    fn from(path: &Path) -> Self {
        Self::new().and(&path)
    }
}

impl Say for Message {
    fn say(&self, message: &mut Message) {
        for piece in &self.pieces {
            message.push(piece.clone());
        }
    }
}

impl Say for Fragment {
    fn say(&self, message: &mut Message) {
        message.push(self.clone());
    }
}

impl Say for Words {
    fn say(&self, message: &mut Message) {
        message.push(Fragment::Plain(self.0.into()));
    }
}

impl Say for Argument<'_> {
    fn say(&self, message: &mut Message) {
        message.push(Fragment::Argument(self.0.to_owned()));
    }
}

impl<'a> Argument<'a> {
    /// A word that is a text or a path.
    #[must_use]
    pub fn of(word: &'a (impl AsRef<OsStr> + ?Sized)) -> Self {
        Self(word.as_ref())
    }
}

impl Say for SeveralLines<'_> {
    fn say(&self, message: &mut Message) {
        for (at, line) in self.0.lines().enumerate() {
            if at > 0 {
                message.push(Fragment::Plain("\n".into()));
            }
            line.say(message);
        }
    }
}

impl Say for [u8] {
    fn say(&self, message: &mut Message) {
        message.push(Fragment::Foreign(self.to_vec()));
    }
}

impl Say for str {
    fn say(&self, message: &mut Message) {
        self.as_bytes().say(message);
    }
}

impl Say for String {
    fn say(&self, message: &mut Message) {
        self.as_bytes().say(message);
    }
}

impl Say for Cow<'_, str> {
    fn say(&self, message: &mut Message) {
        self.as_bytes().say(message);
    }
}

impl Say for OsStr {
    fn say(&self, message: &mut Message) {
        self.as_encoded_bytes().say(message);
    }
}

impl Say for Path {
    fn say(&self, message: &mut Message) {
        message.push(Fragment::Path(self.to_owned()));
    }
}

impl Say for PathBuf {
    fn say(&self, message: &mut Message) {
        message.push(Fragment::Path(self.clone()));
    }
}

impl Say for Arc<Path> {
    fn say(&self, message: &mut Message) {
        (**self).say(message);
    }
}

impl<T: Say + ?Sized> Say for &T {
    fn say(&self, message: &mut Message) {
        (**self).say(message);
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Say for $number {
            fn say(&self, message: &mut Message) {
                message.push(Fragment::Plain(self.to_string().into()));
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 usize i32 i64 }

/// A word as a shell takes it, fit for a terminal. What had to be escaped stands in `$'…'`, which bash
/// and zsh read back to the same bytes.
#[must_use]
pub fn quoted(word: &OsStr) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@%+=,".contains(c);
    let bytes = word.as_encoded_bytes();
    let text = escape(bytes);
    if text.as_bytes() != bytes {
        return format!("$'{}'", within_dollar_quotes(bytes));
    }
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The inside of `$'…'`: backslashes and quotes are masked before the rest is escaped.
fn within_dollar_quotes(bytes: &[u8]) -> String {
    let mut masked = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if matches!(byte, b'\\' | b'\'') {
            masked.push(b'\\');
        }
        masked.push(*byte);
    }
    escape(&masked)
}

//! What comes out: values, and where and how they are written.

use std::fmt;
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::mapping::{KeyValue, Mapping};
use crate::number::Numeric;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Byte in the file, from 0, in the file's own encoding.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notation {
    /// Without quotes: only then does a scalar's look decide what it is.
    Plain,
    /// `'so'`.
    SingleQuoted,
    /// `"so"`.
    DoubleQuoted,
    /// As a block behind `|`.
    Literal,
    /// As a block behind `>`.
    Folded,
    /// `[so]` or `{so}`.
    Flow,
    /// A list or a mapping by indentation.
    Block,
}

/// A value, and where and how it is written. No `Debug`: it may hold a private key.
#[derive(Clone)]
pub struct Node {
    /// What the program makes of it.
    pub value: Value,
    /// Where the value itself begins, behind a tag and an anchor. Behind an alias it is the place
    /// of the value that the alias stands for.
    pub at: Mark,
    /// How many bytes of the file it takes.
    pub len: usize,
    /// How it is written.
    pub notation: Notation,
    /// Its tag with the handle resolved: `tag:yaml.org,2002:int` for `!!int`, `!local`, `!`.
    pub tag: Option<Rc<str>>,
    /// The text of a scalar, whatever the program makes of it.
    pub(crate) written: Option<Rc<Zeroizing<String>>>,
}

/// What a program makes of a node.
#[derive(Clone)]
pub enum Value {
    /// Nothing: `~`, or a key without a value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Numeric),
    /// A text, overwritten when the last one that holds it is dropped.
    String(Rc<Zeroizing<String>>),
    /// A date, as Go prints it: only Compose has it.
    Time(Rc<str>),
    /// A list.
    List(Rc<[Node]>),
    /// A mapping.
    Map(Rc<Mapping>),
}

impl Value {
    /// What it is, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Time(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar, whatever the program makes of it: `010` where the value is 8.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        self.written.as_ref().map(|text| text.as_str())
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Its items; none where it is no list.
    #[must_use]
    pub fn list(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Its keys and values in the order of the file; none where it is no mapping.
    #[must_use]
    pub fn entries(&self) -> &[KeyValue] {
        match &self.value {
            Value::Map(map) => map.entries(),
            _ => &[],
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(map) => map.get(key),
            _ => None,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

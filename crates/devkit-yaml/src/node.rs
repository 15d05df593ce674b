//! What comes out: values, and where and how they are written.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use zeroize::Zeroizing;

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
    /// A block behind `|`.
    Literal,
    /// A block behind `>`.
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
    /// The tag with the handle resolved: `tag:yaml.org,2002:int` for `!!int`, `!local`, `!`.
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

    /// The items; none where it is no list.
    #[must_use]
    pub fn list(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The keys and values in the order of the file; none where it is no mapping.
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

/// A key that is in its mapping for the second time.
#[derive(Clone)]
pub struct DuplicateKey {
    /// The key.
    pub key: Rc<str>,
    /// Where the second one stands.
    pub at: Mark,
}

/// A key and its value. No `Debug`: either may be secret.
#[derive(Clone)]
pub struct KeyValue {
    /// The key as the program has it: a string, whatever it was.
    pub key: Rc<str>,
    /// Where the key begins.
    pub key_at: Mark,
    /// How many bytes of the file the key takes.
    pub key_len: usize,
    /// The value.
    pub node: Node,
}

/// Keys and values, each key once.
#[derive(Clone, Default)]
pub struct Mapping {
    entries: Vec<KeyValue>,
    /// Where a key stands in `entries`; empty for the many mappings that are small.
    index: HashMap<Rc<str>, usize>,
}

/// Up to here a look at each key is quicker than an index.
const SMALL: usize = 8;

impl Mapping {
    /// Keys and values in the order in which the keys came first.
    #[must_use]
    pub fn entries(&self) -> &[KeyValue] {
        &self.entries
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.find(key).map(|at| &self.entries[at].node)
    }

    fn find(&self, key: &str) -> Option<usize> {
        if self.index.is_empty() {
            return self.entries.iter().position(|entry| &*entry.key == key);
        }
        self.index.get(key).copied()
    }

    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Puts a value in. What was there under that key goes, and its place with it.
    pub(crate) fn put(&mut self, entry: KeyValue) {
        if let Some(at) = self.find(&entry.key) {
            self.entries[at] = entry;
            return;
        }
        if self.entries.len() == SMALL {
            let keys = self.entries.iter().enumerate();
            self.index = keys.map(|(at, entry)| (Rc::clone(&entry.key), at)).collect();
        }
        if self.entries.len() >= SMALL {
            self.index.insert(Rc::clone(&entry.key), self.entries.len());
        }
        self.entries.push(entry);
    }
}

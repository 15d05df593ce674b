//! Mappings: keys with their places, in the order of the file.

use std::collections::HashMap;
use std::rc::Rc;

use crate::node::{Mark, Node};

/// A key and its value. No `Debug`: either may be secret.
#[derive(Clone)]
pub struct KeyValue {
    /// The key as the program has it: a string, whatever it was.
    pub key: Rc<str>,
    /// Where the key begins.
    pub key_at: Mark,
    /// How many bytes of the file the key takes.
    pub key_len: usize,
    /// Its value.
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

//! A document before aliases, merge keys and tags are looked at.

use std::collections::HashMap;
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::error::{YamlError, syntax};
use crate::events::{Events, Happening, PlacedEvent};
use crate::node::{Mark, Notation};

/// What a branch is. Branches refer to each other by their place in the tree.
pub(crate) enum Shape {
    Scalar(Rc<Zeroizing<String>>),
    List(Vec<usize>),
    Map(Vec<(usize, usize)>),
    /// With the name of the anchor.
    Alias(usize, Box<str>),
}

/// A branch of a tree, and where it stands.
pub(crate) struct TreeNode {
    pub(crate) shape: Shape,
    pub(crate) notation: Notation,
    pub(crate) tag: Option<Rc<str>>,
    pub(crate) at: Mark,
    pub(crate) len: usize,
    /// Whether an alias may stand for it.
    pub(crate) anchored: bool,
}

/// The branches of the documents so far.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) branches: Vec<TreeNode>,
    anchors: HashMap<Box<str>, usize>,
}

/// A list or mapping that has not ended, with what it has so far.
struct Unfinished {
    index: usize,
    items: Vec<usize>,
}

impl Tree {
    /// Reads up to the end of the document that has begun, and gives its root.
    ///
    /// # Errors
    ///
    /// [`YamlError::Syntax`].
    pub(crate) fn document(&mut self, events: &mut Events<'_>) -> Result<usize, YamlError> {
        let mut open: Vec<Unfinished> = Vec::new();
        let mut root = None;
        loop {
            let PlacedEvent { what, at, end } = events.next()?;
            let index = match what {
                Happening::DocumentEnd | Happening::StreamEnd => {
                    return root.ok_or_else(|| syntax(at, "a value is missing"));
                }
                Happening::Anchor(name) => {
                    let last = self.branches.len() - 1;
                    self.branches[last].anchored = true;
                    self.anchors.insert(name.into(), last);
                    continue;
                }
                Happening::ListEnd | Happening::MapEnd => {
                    let Some(ended) = open.pop() else { continue };
                    self.close(ended, end)
                }
                Happening::ListStart { notation, tag } => {
                    open.push(self.open(Shape::List(Vec::new()), notation, tag, at));
                    continue;
                }
                Happening::MapStart { notation, tag } => {
                    open.push(self.open(Shape::Map(Vec::new()), notation, tag, at));
                    continue;
                }
                Happening::Scalar { text, notation, tag } => {
                    let text = Rc::new(Zeroizing::new(text.into_owned()));
                    self.leaf(Shape::Scalar(text), notation, tag, (at, end))
                }
                Happening::Alias(name) => {
                    let target = self.anchors.get(&*name).copied();
                    let target = target.ok_or_else(|| syntax(at, "an alias without its anchor"))?;
                    let shape = Shape::Alias(target, name.into());
                    self.leaf(shape, Notation::Plain, None, (at, end))
                }
                Happening::DocumentStart => continue,
            };
            match open.last_mut() {
                Some(parent) => parent.items.push(index),
                None => root = Some(index),
            }
        }
    }

    fn leaf(
        &mut self,
        shape: Shape,
        notation: Notation,
        tag: Option<Box<str>>,
        (at, end): (Mark, usize),
    ) -> usize {
        let len = end.saturating_sub(at.offset);
        let tag = tag.map(Rc::from);
        self.branches.push(TreeNode { shape, notation, tag, at, len, anchored: false });
        self.branches.len() - 1
    }

    fn open(
        &mut self,
        shape: Shape,
        notation: Notation,
        tag: Option<Box<str>>,
        at: Mark,
    ) -> Unfinished {
        Unfinished { index: self.leaf(shape, notation, tag, (at, at.offset)), items: Vec::new() }
    }

    fn close(&mut self, Unfinished { index, items }: Unfinished, end: usize) -> usize {
        // Behind a block stand blank lines and comments, which are not of it.
        let last = items.last().map(|last| &self.branches[*last]);
        let end = match self.branches[index].notation {
            Notation::Flow => end,
            _ => last.map_or(end, |last| last.at.offset + last.len),
        };
        let branch = &mut self.branches[index];
        branch.len = end.saturating_sub(branch.at.offset);
        match &mut branch.shape {
            Shape::Map(pairs) => {
                *pairs = items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            }
            shape => *shape = Shape::List(items),
        }
        index
    }
}

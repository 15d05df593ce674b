//! A tree becomes what a program makes of it: aliases, merge keys, tags, doubled keys, and how much
//! of that the program does before it gives up.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::dialect::Dialect;
use crate::error::{YamlError, syntax};
use crate::node::{DuplicateKey, KeyValue, Mapping, Mark, Node, Value};
use crate::number::{Numeric, g15, shortest_32};
use crate::scalar::{self, Written};
use crate::tree::{Shape, Tree, TreeNode};
use crate::work;

/// Levels of nesting, those within aliases included.
const DEPTH: u32 = 500;

/// What the runner's `TemplateMemory` allows.
const WORKFLOW_DEPTH: u32 = 50;

/// What the runner's `YamlObjectReader` allows: starts and ends count, those behind aliases too.
const WORKFLOW_EVENTS: u64 = 50_000;

/// What compose-go's `ResetProcessor` allows.
const COMPOSE_NODES: u64 = 100_000;

/// Resolves the branches of one document.
pub(crate) struct Resolver<'t> {
    tree: &'t Tree,
    dialect: Dialect,
    /// What is resolved of the nodes that aliases stand for.
    done: HashMap<usize, Node>,
    within: HashSet<usize>,
    alias_depth: u32,
    depth: u32,
    work: Work,
    pub(crate) duplicate_keys: Vec<DuplicateKey>,
}

/// What was done so far.
#[derive(Default)]
struct Work {
    decoded: u64,
    through_aliases: u64,
    /// Branches that were looked at, each once.
    visited: u64,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(tree: &'t Tree, dialect: Dialect) -> Self {
        Self {
            tree,
            dialect,
            done: HashMap::new(),
            within: HashSet::new(),
            alias_depth: 0,
            depth: 0,
            work: Work::default(),
            duplicate_keys: Vec::new(),
        }
    }

    /// The value of a branch.
    ///
    /// # Errors
    ///
    /// [`YamlError`], where the program has one.
    pub(crate) fn node(&mut self, index: usize) -> Result<Node, YamlError> {
        let at = self.branch(index).at;
        self.deeper(index, at)?;
        let node = self.node_here(index, at);
        self.depth -= 1;
        node
    }

    fn branch(&self, index: usize) -> &'t TreeNode {
        &self.tree.branches[index]
    }

    /// Through aliases more levels can be nested than the parser counts.
    fn deeper(&mut self, index: usize, at: Mark) -> Result<(), YamlError> {
        self.depth += 1;
        // The runner counts lists and mappings alone.
        let inner = matches!(self.branch(index).shape, Shape::List(_) | Shape::Map(_));
        let most = match self.dialect {
            Dialect::Workflow => WORKFLOW_DEPTH + u32::from(!inner),
            _ => DEPTH,
        };
        if self.depth > most { Err(syntax(at, "it is nested too deeply")) } else { Ok(()) }
    }

    fn node_here(&mut self, index: usize, at: Mark) -> Result<Node, YamlError> {
        let branch = self.branch(index);
        self.count(branch, at)?;
        let value = match &branch.shape {
            Shape::Alias(target, _) => return self.alias(*target, at),
            Shape::Scalar(text) => self.scalar(branch, text)?,
            Shape::List(items) => {
                self.within.insert(index);
                let kept = items.iter().filter(|item| !self.is_reset(**item));
                let kept: Vec<usize> = kept.copied().collect();
                let items: Result<Vec<Node>, _> =
                    kept.into_iter().map(|item| self.node(item)).collect();
                self.within.remove(&index);
                Value::List(items?.into())
            }
            Shape::Map(pairs) => {
                self.within.insert(index);
                let map = self.map(pairs);
                self.within.remove(&index);
                Value::Map(Rc::new(map?))
            }
        };
        let written = match &branch.shape {
            Shape::Scalar(text) => Some(Rc::clone(text)),
            _ => None,
        };
        let TreeNode { at, len, notation, tag, .. } = branch;
        let (at, len, notation, tag) = (*at, *len, *notation, tag.clone());
        let node = Node { value, at, len, notation, tag, written };
        if branch.anchored {
            self.done.insert(index, node.clone());
        }
        Ok(node)
    }

    fn scalar(&self, branch: &TreeNode, text: &Rc<Zeroizing<String>>) -> Result<Value, YamlError> {
        let value = self.written(branch, text)?;
        Ok(match value {
            // JSON, into which kubectl turns it first, has no such numbers.
            Value::Number(Numeric::Float(number))
                if self.dialect == Dialect::Kubernetes && !number.is_finite() =>
            {
                return Err(syntax(branch.at, "a number that is infinite or none at all"));
            }
            Value::Number(number) if self.dialect == Dialect::Kubernetes => {
                Value::Number(number.through_json())
            }
            value => value,
        })
    }

    /// A scalar before JSON.
    fn written(&self, branch: &TreeNode, text: &Rc<Zeroizing<String>>) -> Result<Value, YamlError> {
        let (notation, tag) = (branch.notation, branch.tag.as_deref());
        scalar::value(Written { text, notation, tag }, self.dialect)
            .map_err(|why| syntax(branch.at, why))
    }

    /// compose-go takes away what has the tag `!reset`, also where an alias stands for it.
    fn is_reset(&self, index: usize) -> bool {
        let branch = match self.branch(index) {
            TreeNode { shape: Shape::Alias(target, _), .. } => self.branch(*target),
            branch => branch,
        };
        self.dialect == Dialect::Compose && branch.tag.as_deref() == Some("!reset")
    }

    fn map(&mut self, pairs: &[(usize, usize)]) -> Result<Mapping, YamlError> {
        let mut map = Mapping::default();
        let mut seen = HashMap::new();
        let mut merged = Vec::new();
        for &(key, value) in pairs {
            let key_branch = self.branch(key);
            self.refuse_equal_keys(key_branch, &mut seen)?;
            if self.is_reset(value) {
                continue;
            }
            if self.is_merge_key(key_branch) {
                match self.dialect {
                    Dialect::Compose => merged.push(value),
                    _ => self.merge(value, true, &mut map)?,
                }
                continue;
            }
            let key_text = self.key(key)?;
            let node = self.node(value)?;
            let (key_at, key_len) = (key_branch.at, key_branch.len);
            let entry = KeyValue { key: key_text, key_at, key_len, node };
            self.add_own(&mut map, &mut seen, entry)?;
        }
        for value in merged {
            self.merge(value, false, &mut map)?;
        }
        Ok(map)
    }

    /// compose-go looks for equal keys before it knows what they are: by their text, or the name
    /// of their alias.
    fn refuse_equal_keys(
        &self,
        key: &'t TreeNode,
        seen: &mut HashMap<Rc<str>, Mark>,
    ) -> Result<(), YamlError> {
        if self.dialect != Dialect::Compose {
            return Ok(());
        }
        let text = match &key.shape {
            Shape::Scalar(text) => text.as_str(),
            Shape::Alias(_, name) => name,
            Shape::List(_) | Shape::Map(_) => "",
        };
        match seen.insert(text.into(), key.at) {
            Some(first) => Err(YamlError::DuplicateKey { at: key.at, first }),
            None => Ok(()),
        }
    }

    /// Adds a key of a mapping itself. `seen` has those before it, which merged ones are none of.
    fn add_own(
        &mut self,
        map: &mut Mapping,
        seen: &mut HashMap<Rc<str>, Mark>,
        entry: KeyValue,
    ) -> Result<(), YamlError> {
        let at = entry.key_at;
        match self.dialect {
            Dialect::Compose => {}
            Dialect::Kubernetes => {
                if seen.insert(Rc::clone(&entry.key), at).is_some() {
                    let key = Rc::clone(&entry.key);
                    self.duplicate_keys.push(DuplicateKey { key, at });
                }
            }
            Dialect::Workflow => {
                if let Some(first) = seen.insert(entry.key.to_uppercase().into(), at) {
                    return Err(YamlError::DuplicateKey { at, first });
                }
            }
        }
        map.put(entry);
        Ok(())
    }

    fn is_merge_key(&self, key: &TreeNode) -> bool {
        let Shape::Scalar(text) = &key.shape else { return false };
        let written = Written { text, notation: key.notation, tag: key.tag.as_deref() };
        scalar::is_merge(written, self.dialect)
    }

    /// Brings in the keys of another mapping, or of several. In go-yaml 2 they win over those that
    /// are there, and of several mappings the first wins; in go-yaml 4 only what is not there comes
    /// in.
    fn merge(&mut self, index: usize, wins: bool, map: &mut Mapping) -> Result<(), YamlError> {
        let branch = self.branch(index);
        let parts: Vec<usize> = match (&branch.shape, &self.target(branch).shape) {
            (Shape::List(items), _) => items.clone(),
            // compose-go puts the list in the place of its alias.
            (_, Shape::List(items)) if self.dialect == Dialect::Compose => items.clone(),
            _ => vec![index],
        };
        let parts: Vec<usize> = parts.into_iter().filter(|part| !self.is_reset(*part)).collect();
        for part in &parts {
            if !matches!(self.target(self.branch(*part)).shape, Shape::Map(_)) {
                return Err(syntax(branch.at, "a merge key wants a mapping or a list of mappings"));
            }
        }
        let in_turn: Vec<usize> = if wins { parts.into_iter().rev().collect() } else { parts };
        for part in in_turn {
            let Value::Map(part) = self.node(part)?.value else { continue };
            for entry in part.entries() {
                if wins || !map.has(&entry.key) {
                    map.put(entry.clone());
                }
            }
        }
        Ok(())
    }

    /// The branch itself, or what its alias stands for.
    fn target(&self, branch: &'t TreeNode) -> &'t TreeNode {
        match branch.shape {
            Shape::Alias(target, _) => self.branch(target),
            _ => branch,
        }
    }

    /// A key as a string.
    fn key(&mut self, index: usize) -> Result<Rc<str>, YamlError> {
        let branch = self.branch(index);
        let target = self.target(branch);
        self.count(branch, branch.at)?;
        let Shape::Scalar(text) = &target.shape else {
            return Err(syntax(branch.at, "a list or a mapping cannot be a key"));
        };
        let value = self.written(target, text)?;
        let refused = |what: &str| Err(syntax(branch.at, format!("{what} cannot be a key")));
        match (&value, self.dialect) {
            (Value::String(text), _) => Ok(text.as_str().into()),
            (_, Dialect::Compose)
            | (
                Value::Null | Value::Number(Numeric::Unsigned(_)) | Value::Time(_),
                Dialect::Kubernetes,
            ) => refused(value.kind()),
            (Value::Null, _) => Ok("".into()),
            (Value::Bool(value), _) => Ok(value.to_string().into()),
            (Value::Number(number), Dialect::Workflow) => Ok(g15(number.as_f64()).into()),
            (Value::Number(Numeric::Int(number)), _) => Ok(number.to_string().into()),
            (Value::Number(number), _) => Ok(match shortest_32(number.as_f64()).as_str() {
                "+Inf" => ".inf".into(),
                "-Inf" => "-.inf".into(),
                "NaN" => ".nan".into(),
                text => text.into(),
            }),
            _ => refused(value.kind()),
        }
    }

    fn alias(&mut self, target: usize, at: Mark) -> Result<Node, YamlError> {
        if self.within.contains(&target) {
            return Err(syntax(at, "an anchor's value contains itself"));
        }
        self.alias_depth += 1;
        // Counted as if it were decoded again; what comes out is the same value.
        let counted = self.recount(target, at);
        self.alias_depth -= 1;
        counted?;
        match self.done.get(&target) {
            Some(node) => Ok(node.clone()),
            None => self.node(target),
        }
    }

    fn recount(&mut self, index: usize, at: Mark) -> Result<(), YamlError> {
        self.deeper(index, at)?;
        let counted = self.recount_here(index, at);
        self.depth -= 1;
        counted
    }

    fn recount_here(&mut self, index: usize, at: Mark) -> Result<(), YamlError> {
        let branch = self.branch(index);
        self.count(branch, at)?;
        match &branch.shape {
            Shape::Alias(target, _) if self.within.contains(target) => {
                Err(syntax(at, "an anchor's value contains itself"))
            }
            Shape::Alias(target, _) => self.recount(*target, at),
            Shape::Scalar(_) => Ok(()),
            Shape::List(items) => items.iter().try_for_each(|item| self.recount(*item, at)),
            Shape::Map(pairs) => pairs.iter().try_for_each(|(key, value)| {
                if !self.is_merge_key(self.branch(*key)) {
                    self.recount(*key, at)?;
                }
                self.recount(*value, at)
            }),
        }
    }

    /// How much work a program does before it gives up.
    fn count(&mut self, branch: &TreeNode, at: Mark) -> Result<(), YamlError> {
        work::count();
        let work = &mut self.work;
        work.through_aliases += u64::from(self.alias_depth > 0);
        work.visited += u64::from(self.alias_depth == 0);
        let whole = matches!(branch.shape, Shape::Scalar(_) | Shape::Alias(..));
        work.decoded += if whole || self.dialect != Dialect::Workflow { 1 } else { 2 };
        match self.dialect {
            Dialect::Workflow if work.decoded > WORKFLOW_EVENTS => Err(YamlError::AliasBomb { at }),
            Dialect::Compose if work.visited > COMPOSE_NODES => {
                Err(syntax(at, "it has more values than Compose reads"))
            }
            Dialect::Workflow => Ok(()),
            _ if work.is_mostly_aliases() => Err(YamlError::AliasBomb { at }),
            _ => Ok(()),
        }
    }
}

impl Work {
    /// go-yaml's guard: how much of the work may be done through aliases, falling from 99 % for
    /// 400,000 values to 10 % for 4,000,000 (`decode.go`).
    fn is_mostly_aliases(&self) -> bool {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        if self.through_aliases <= 100 || self.decoded <= 1000 {
            return false;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (decoded, through) = (self.decoded as f64, self.through_aliases as f64);
        let allowed = 0.99 - 0.89 * ((decoded - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        through / decoded > allowed
    }
}

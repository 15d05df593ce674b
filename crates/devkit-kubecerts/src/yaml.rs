//! YAML as kubectl reads it: the first document, YAML 1.1 scalars, the last of two equal keys.
//!
//! kubectl turns YAML into JSON by go-yaml 2 and reads that with strict types. A reader that decodes
//! YAML straight into Rust types cannot see what that takes: whether a scalar was quoted, which tag
//! it had, that a key was there twice. So this works on the parser's events.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use base64::Engine as _;
use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, Tag, YamlVersion};
use zeroize::Zeroizing;

use crate::place::Position;
use crate::scalar::{self, Scalar};

/// A value as JSON would have it, and where it stands. No `Debug`: it may hold a private key.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: Position,
}

#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is written: no field of a kubeconfig is a number.
    Number(Rc<Zeroizing<String>>),
    String(Rc<Zeroizing<String>>),
    List(Rc<[Node]>),
    Map(Rc<Map>),
}

pub(crate) type Map = BTreeMap<Rc<str>, Node>;

impl Value {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    /// The value as JSON, which is what others than kubectl get of it.
    pub(crate) fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => scalar::json_number(text),
            Value::String(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(map) => {
                map.iter().map(|(key, node)| (key.to_string(), node.json())).collect()
            }
        }
    }
}

/// The first document of a file.
pub(crate) struct Document {
    /// Nothing for a file that holds none.
    pub(crate) root: Option<Node>,
    /// Keys that stand twice in one mapping, with the place of the second.
    pub(crate) duplicate_keys: Vec<(Rc<str>, Position)>,
    /// Where more documents follow, which kubectl does not look at.
    pub(crate) more_documents: Option<Position>,
}

/// Why a file is no YAML that kubectl would read. Never holds a value of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum YamlError {
    #[error("{why}")]
    Syntax { at: Position, why: String },
    #[error("excessive aliasing")]
    AliasBomb { at: Position },
}

/// Reads the first document of a file.
///
/// # Errors
///
/// [`YamlError`], as go-yaml 2 would have one; its depth limit is 255 here and 10,000 there.
pub(crate) fn first_document(bytes: &[u8]) -> Result<Document, YamlError> {
    let text = decode(bytes)?;
    let mut composer = Composer::new(&text);
    let root = composer.document()?;
    let more_documents = composer.more_documents();
    let tree = composer.tree;
    let Some(root) = root else {
        return Ok(Document { root: None, duplicate_keys: Vec::new(), more_documents });
    };
    let mut decoder = Decoder::new(&tree);
    let root = decoder.node(root)?;
    Ok(Document { root: Some(root), duplicate_keys: decoder.duplicate_keys, more_documents })
}

fn syntax(at: Position, why: impl Into<String>) -> YamlError {
    YamlError::Syntax { at, why: why.into() }
}

/// UTF-8, or UTF-16 with a byte order mark (YAML 1.1, section 5.2); without control characters
/// (section 5.1).
fn decode(bytes: &[u8]) -> Result<Zeroizing<String>, YamlError> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks(2).map(|pair| pair.try_into().map(unit));
        let units: Option<Vec<u16>> = units.map(Result::ok).collect();
        units.and_then(|units| String::from_utf16(&units).ok())
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => str::from_utf8(rest).ok().map(str::to_owned),
        _ => str::from_utf8(bytes).ok().map(str::to_owned),
    };
    let Some(text) = text.map(Zeroizing::new) else {
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        return Err(syntax(end_of(valid), "it is neither UTF-8 nor UTF-16"));
    };
    let refused = |c: char| {
        let control = c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
        control || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    // Most files are plain ASCII, and large.
    if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
        return Ok(text);
    }
    if let Some(at) = text.find(refused) {
        return Err(syntax(end_of(&text[..at]), "a control character stands there"));
    }
    // YAML 1.1 knows three more line breaks (section 4.1), of which 1.2 made plain characters.
    let breaks = ['\u{85}', '\u{2028}', '\u{2029}'];
    Ok(if text.contains(breaks) { Zeroizing::new(text.replace(breaks, "\n")) } else { text })
}

/// The place behind a text.
fn end_of(text: &str) -> Position {
    let line = text.matches('\n').count() + 1;
    let last = text.rsplit('\n').next().unwrap_or_default();
    Position { line, column: last.chars().count() + 1 }
}

/// A document before aliases, merge keys and tags are looked at.
enum Tree {
    Scalar { text: Rc<Zeroizing<String>>, plain: bool, tag: Option<Box<str>> },
    List { items: Vec<usize> },
    Map { pairs: Vec<(usize, usize)> },
    Alias(usize),
}

/// Builds a [`Tree`] out of events. Nodes refer to each other by their place in `tree`.
struct Composer<'t> {
    text: &'t str,
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    tree: Vec<(Tree, Position)>,
    anchors: BTreeMap<usize, usize>,
}

impl<'t> Composer<'t> {
    fn new(text: &'t str) -> Self {
        let parser = Parser::new_from_str_with_options(text, Options::default());
        Self { text, parser, tree: Vec::new(), anchors: BTreeMap::new() }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), YamlError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Option<usize>, YamlError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(None),
                (Event::DocumentStart(_, Some(version)), span) if !is_1_1(version) => {
                    return Err(syntax(position(&span), "only %YAML 1.1 is read"));
                }
                (Event::DocumentStart(..), _) => break,
                _ => {}
            }
        }
        let event = self.next()?;
        let root = self.node(event)?;
        loop {
            if let (Event::DocumentEnd | Event::StreamEnd, _) = self.next()? {
                return Ok(Some(root));
            }
        }
    }

    /// Where anything follows, be it broken or not.
    fn more_documents(&mut self) -> Option<Position> {
        loop {
            match self.next() {
                Ok((Event::StreamEnd, _)) => return None,
                Ok((Event::DocumentStart(..), span)) => return Some(position(&span)),
                Err(YamlError::Syntax { at, .. } | YamlError::AliasBomb { at }) => return Some(at),
                Ok(_) => {}
            }
        }
    }

    fn node(&mut self, (event, span): (Event<'t>, Span)) -> Result<usize, YamlError> {
        let at = position(&span);
        let index = self.tree.len();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_json_escapes(style, &span)?;
                let plain = style == ScalarStyle::Plain;
                let text = Rc::new(Zeroizing::new(text.into_owned()));
                let tag = tag.map(|tag| tag_name(&tag));
                self.tree.push((Tree::Scalar { text, plain, tag }, at));
                self.anchor(anchor, index);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.tree.push((Tree::List { items: Vec::new() }, at));
                self.anchor(anchor, index);
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        event => items.push(self.node(event)?),
                    }
                }
                self.tree[index].0 = Tree::List { items };
            }
            Event::MappingStart(_, anchor, _) => {
                self.tree.push((Tree::Map { pairs: Vec::new() }, at));
                self.anchor(anchor, index);
                let mut pairs = Vec::new();
                loop {
                    let key = match self.next()? {
                        (Event::MappingEnd, _) => break,
                        event => self.node(event)?,
                    };
                    let value = self.next()?;
                    pairs.push((key, self.node(value)?));
                }
                self.tree[index].0 = Tree::Map { pairs };
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                let target = target.ok_or_else(|| syntax(at, "an alias without its anchor"))?;
                self.tree.push((Tree::Alias(target), at));
            }
            _ => return Err(syntax(at, "a value is missing")),
        }
        Ok(index)
    }

    /// Every node has a number for its anchor, which is 0 where it has none.
    fn anchor(&mut self, anchor: usize, index: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, index);
        }
    }

    /// JSON's `\/` came with YAML 1.2, and halves of a character are none in either; kubectl reads
    /// 1.1 and refuses both.
    fn refuse_json_escapes(&self, style: ScalarStyle, span: &Span) -> Result<(), YamlError> {
        let raw = span.slice(self.text).unwrap_or_default();
        if style != ScalarStyle::DoubleQuoted || !raw.contains('\\') {
            return Ok(());
        }
        let mut rest = raw;
        while let Some((_, escape)) = rest.split_once('\\') {
            let refuse = |what: &str| {
                Err(syntax(position(span), format!("the escape {what} is none in YAML 1.1")))
            };
            match escape.as_bytes() {
                [b'/', ..] => return refuse(r"\/"),
                [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => {
                    return refuse("of half a character");
                }
                _ => {}
            }
            let mut after = escape.chars();
            after.next();
            rest = after.as_str();
        }
        Ok(())
    }
}

fn is_1_1(version: YamlVersion) -> bool {
    (version.major, version.minor) == (1, 1)
}

fn tag_name(tag: &Tag) -> Box<str> {
    format!("{}{}", tag.handle(), tag.suffix()).into()
}

fn position(span: &Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

fn scan_error(error: &ScanError) -> YamlError {
    let marker = error.marker();
    syntax(Position { line: marker.line(), column: marker.col() + 1 }, error.info())
}

/// Levels of nesting, those within aliases included.
const DEPTH: u32 = 500;

/// Resolves aliases, merge keys, tags and scalars, and counts as go-yaml 2.4 does (`decode.go`).
struct Decoder<'t> {
    tree: &'t [(Tree, Position)],
    /// What aliases stand for.
    wanted: BTreeSet<usize>,
    /// Of these, what is decoded.
    done: BTreeMap<usize, Node>,
    within: Vec<usize>,
    alias_depth: u32,
    depth: u32,
    decoded: u64,
    through_aliases: u64,
    duplicate_keys: Vec<(Rc<str>, Position)>,
}

impl<'t> Decoder<'t> {
    fn new(tree: &'t [(Tree, Position)]) -> Self {
        let wanted = tree.iter().filter_map(|(node, _)| match node {
            Tree::Alias(target) => Some(*target),
            _ => None,
        });
        let wanted = wanted.collect();
        Self {
            tree,
            wanted,
            done: BTreeMap::new(),
            within: Vec::new(),
            alias_depth: 0,
            depth: 0,
            decoded: 0,
            through_aliases: 0,
            duplicate_keys: Vec::new(),
        }
    }

    fn node(&mut self, index: usize) -> Result<Node, YamlError> {
        let at = self.tree[index].1;
        self.deeper(at)?;
        let node = self.node_here(index, at);
        self.depth -= 1;
        node
    }

    /// Through aliases more levels can be nested than the parser counts.
    fn deeper(&mut self, at: Position) -> Result<(), YamlError> {
        self.depth += 1;
        if self.depth > DEPTH { Err(syntax(at, "it is nested too deeply")) } else { Ok(()) }
    }

    fn node_here(&mut self, index: usize, at: Position) -> Result<Node, YamlError> {
        let tree = &self.tree[index].0;
        self.count(at)?;
        let value = match tree {
            Tree::Alias(target) => return self.alias(*target, at),
            Tree::Scalar { text, plain, tag } => scalar_value(text, *plain, tag.as_deref(), at)?,
            Tree::List { items } => {
                self.within.push(index);
                let items: Result<Vec<Node>, _> =
                    items.iter().map(|item| self.node(*item)).collect();
                self.within.pop();
                Value::List(items?.into())
            }
            Tree::Map { pairs } => {
                self.within.push(index);
                let map = self.map(pairs);
                self.within.pop();
                Value::Map(Rc::new(map?))
            }
        };
        let node = Node { value, at };
        if self.wanted.contains(&index) {
            self.done.insert(index, node.clone());
        }
        Ok(node)
    }

    fn map(&mut self, pairs: &[(usize, usize)]) -> Result<Map, YamlError> {
        let mut map = Map::new();
        let mut own = BTreeSet::new();
        for (key, value) in pairs {
            let at = self.tree[*key].1;
            if is_merge_key(&self.tree[*key].0) {
                self.merge(*value, &mut map)?;
                continue;
            }
            let key = key_text(&self.node(*key)?)?;
            let value = self.node(*value)?;
            if !own.insert(Rc::clone(&key)) {
                self.duplicate_keys.push((Rc::clone(&key), at));
            }
            map.insert(key, value);
        }
        Ok(map)
    }

    /// Keys come in where the merge key stands, so that it wins over those before it; of several
    /// mappings the first wins.
    fn merge(&mut self, index: usize, map: &mut Map) -> Result<(), YamlError> {
        let (tree, at) = (&self.tree[index].0, self.tree[index].1);
        let parts: Vec<usize> = match tree {
            Tree::Map { .. } | Tree::Alias(_) => vec![index],
            Tree::List { items } => items.iter().rev().copied().collect(),
            Tree::Scalar { .. } => Vec::new(),
        };
        let mut merged = Vec::new();
        let mut wrong = matches!(tree, Tree::Scalar { .. });
        for part in parts {
            match self.node(part)?.value {
                Value::Map(part) => merged.push(part),
                _ => wrong = true,
            }
        }
        if wrong {
            return Err(syntax(at, "a merge key wants a mapping or a list of mappings"));
        }
        for part in merged {
            map.extend(part.iter().map(|(key, node)| (Rc::clone(key), node.clone())));
        }
        Ok(())
    }

    fn alias(&mut self, target: usize, at: Position) -> Result<Node, YamlError> {
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

    fn recount(&mut self, index: usize, at: Position) -> Result<(), YamlError> {
        self.deeper(at)?;
        let counted = self.recount_here(index, at);
        self.depth -= 1;
        counted
    }

    fn recount_here(&mut self, index: usize, at: Position) -> Result<(), YamlError> {
        self.count(at)?;
        let tree = self.tree;
        match &tree[index].0 {
            Tree::Alias(target) if self.within.contains(target) => {
                Err(syntax(at, "an anchor's value contains itself"))
            }
            Tree::Alias(target) => self.recount(*target, at),
            Tree::Scalar { .. } => Ok(()),
            Tree::List { items } => items.iter().try_for_each(|item| self.recount(*item, at)),
            Tree::Map { pairs } => pairs.iter().try_for_each(|(key, value)| {
                if !is_merge_key(&tree[*key].0) {
                    self.recount(*key, at)?;
                }
                self.recount(*value, at)
            }),
        }
    }

    /// go-yaml's guard: how much of the work may be done through aliases, falling from 99 % for
    /// 400,000 values to 10 % for 4,000,000.
    fn count(&mut self, at: Position) -> Result<(), YamlError> {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        self.decoded += 1;
        self.through_aliases += u64::from(self.alias_depth > 0);
        if self.through_aliases <= 100 || self.decoded <= 1000 {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let (decoded, through) = (self.decoded as f64, self.through_aliases as f64);
        let allowed = 0.99 - 0.89 * ((decoded - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        if through / decoded > allowed { Err(YamlError::AliasBomb { at }) } else { Ok(()) }
    }
}

fn is_merge_key(key: &Tree) -> bool {
    match key {
        Tree::Scalar { text, plain, tag } => {
            text.as_str() == "<<"
                && (*plain && tag.is_none() || tag.as_deref() == Some(scalar::MERGE))
        }
        _ => false,
    }
}

/// A key as JSON has it: a string, whatever it was.
fn key_text(key: &Node) -> Result<Rc<str>, YamlError> {
    match &key.value {
        Value::String(text) => Ok(text.as_str().into()),
        Value::Bool(value) => Ok(if *value { "true" } else { "false" }.into()),
        // No field is named like that; they must only not be taken for duplicates.
        Value::Number(_) => Ok(format!("number at {}:{}", key.at.line, key.at.column).into()),
        Value::Null | Value::List(_) | Value::Map(_) => {
            Err(syntax(key.at, format!("{} cannot be a key", key.value.kind())))
        }
    }
}

fn scalar_value(
    text: &Rc<Zeroizing<String>>,
    plain: bool,
    tag: Option<&str>,
    at: Position,
) -> Result<Value, YamlError> {
    if tag == Some(scalar::BINARY) {
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(text.replace(['\r', '\n'], ""));
        let text = bytes.ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let text = text.ok_or_else(|| syntax(at, "!!binary without base64"))?;
        return Ok(Value::String(Rc::new(Zeroizing::new(text))));
    }
    let resolved = match tag {
        None if !plain => Scalar::String,
        None => scalar::resolve(text),
        Some(tag) => scalar::resolve_as(tag, text)
            .map_err(|wanted| syntax(at, format!("the tag asks for {wanted}, and it is none")))?,
    };
    Ok(match resolved {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Number => Value::Number(Rc::clone(text)),
        // JSON, into which kubectl turns it first, has no such numbers.
        Scalar::NotFinite => return Err(syntax(at, "a number that is infinite or none at all")),
        Scalar::String => Value::String(Rc::clone(text)),
    })
}

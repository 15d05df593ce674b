//! The documents of a file, as each program finds them.

use std::ops::Range;

use crate::dialect::Dialect;
use crate::error::{YamlError, syntax};
use crate::events::{Events, Happening};
use crate::json::Json;
use crate::mend;
use crate::node::{DuplicateKey, Mark, Node};
use crate::resolve::Resolver;
use crate::source::{Decoding, Piece, SourceText};
use crate::tree::Tree;

/// A document of a file.
pub struct YamlDocument {
    /// What it holds.
    pub root: Node,
    /// Keys that stand twice in one mapping, where the program takes the last.
    pub duplicate_keys: Vec<DuplicateKey>,
}

/// The first document of a file, for programs that read no further.
pub struct FirstDocument {
    /// Nothing for a file that holds none.
    pub root: Option<Node>,
    /// Keys that stand twice in one mapping, where the program takes the last.
    pub duplicate_keys: Vec<DuplicateKey>,
    /// Where more documents follow, which the program does not look at.
    pub more_documents: Option<Mark>,
}

/// Reads a file as its program does: all documents that hold something, in their order.
///
/// # Errors
///
/// [`YamlError`], where the program has one. Up to 500 levels may be nested, of which go-yaml takes
/// 10,000.
pub fn documents(bytes: &[u8], dialect: Dialect) -> Result<Vec<YamlDocument>, YamlError> {
    match dialect {
        Dialect::Kubernetes => kubernetes(&SourceText::read(bytes, Decoding::Lossy)?),
        Dialect::Compose => compose(&SourceText::read(bytes, Decoding::Strict)?),
        Dialect::Workflow => workflow(&SourceText::read(bytes, Decoding::StrictWithUtf32)?),
    }
}

/// Reads the first document of a file by go-yaml 2, as kubectl reads a kubeconfig.
///
/// # Errors
///
/// [`YamlError`], as go-yaml 2 would have one; 500 levels may be nested here, and 10,000 there.
pub fn first_document(bytes: &[u8]) -> Result<FirstDocument, YamlError> {
    let source = SourceText::read(bytes, Decoding::Strict)?;
    let piece = Piece::new(&source, 0..source.text.len(), (1, 1))?;
    let (tree, root, more_documents) = mending(piece, Dialect::Kubernetes, |events| {
        let mut tree = Tree::default();
        let root = next_document(events, &mut tree)?;
        Ok((tree, root, more_documents(events)))
    })?;
    let Some(root) = root else {
        return Ok(FirstDocument { root: None, duplicate_keys: Vec::new(), more_documents });
    };
    let YamlDocument { root, duplicate_keys } = resolved(&tree, root, Dialect::Kubernetes)?;
    Ok(FirstDocument { root: Some(root), duplicate_keys, more_documents })
}

/// Reads a text, again and again while it can be mended.
fn mending<T>(
    mut piece: Piece<'_>,
    dialect: Dialect,
    read: impl Fn(&mut Events<'_>) -> Result<T, YamlError>,
) -> Result<T, YamlError> {
    let mut times = 0;
    loop {
        let mut events = Events::new(&piece, dialect);
        let error = match read(&mut events) {
            Ok(read) => return Ok(read),
            Err(error) => error,
        };
        let Some(mend) = events.mend.filter(|_| times < mend::MOST) else { return Err(error) };
        times += 1;
        if !piece.mend(mend, dialect) {
            return Err(error);
        }
    }
}

fn next_document(events: &mut Events<'_>, tree: &mut Tree) -> Result<Option<usize>, YamlError> {
    loop {
        match events.next()?.what {
            Happening::StreamEnd => return Ok(None),
            Happening::DocumentStart => return tree.document(events).map(Some),
            _ => {}
        }
    }
}

/// Where anything follows, be it broken or not.
fn more_documents(events: &mut Events<'_>) -> Option<Mark> {
    loop {
        match events.next() {
            Ok(step) => match step.what {
                Happening::StreamEnd => return None,
                Happening::DocumentStart => return Some(step.at),
                _ => {}
            },
            Err(error) => return Some(error.at()),
        }
    }
}

fn resolved(tree: &Tree, root: usize, dialect: Dialect) -> Result<YamlDocument, YamlError> {
    let mut resolver = Resolver::new(tree, dialect);
    let root = resolver.node(root)?;
    Ok(YamlDocument { root, duplicate_keys: resolver.duplicate_keys })
}

/// go-yaml 4's `Decoder`, one document after the other. An anchor outlives its document.
fn compose(source: &SourceText) -> Result<Vec<YamlDocument>, YamlError> {
    let piece = Piece::new(source, 0..source.text.len(), (1, 1))?;
    let (tree, roots) = mending(piece, Dialect::Compose, |events| {
        let (mut tree, mut roots) = (Tree::default(), Vec::new());
        while let Some(root) = next_document(events, &mut tree)? {
            roots.push(root);
        }
        Ok((tree, roots))
    })?;
    roots.into_iter().map(|root| resolved(&tree, root, Dialect::Compose)).collect()
}

/// The runner wants the end of the stream behind its one document.
fn workflow(source: &SourceText) -> Result<Vec<YamlDocument>, YamlError> {
    let piece = Piece::new(source, 0..source.text.len(), (1, 1))?;
    let mut tree = Tree::default();
    let mut events = Events::new(&piece, Dialect::Workflow);
    let Some(root) = next_document(&mut events, &mut tree)? else { return Ok(Vec::new()) };
    loop {
        let step = events.next()?;
        match step.what {
            Happening::StreamEnd => break,
            Happening::DocumentStart => {
                return Err(syntax(step.at, "a workflow is one document, and another one follows"));
            }
            _ => {}
        }
    }
    Ok(vec![resolved(&tree, root, Dialect::Workflow)?])
}

/// kubectl first tries JSON where the file begins like it, and takes what is none for YAML
/// (`YAMLOrJSONDecoder` of k8s.io/apimachinery).
fn kubernetes(source: &SourceText) -> Result<Vec<YamlDocument>, YamlError> {
    let mut documents = Vec::new();
    let (mut from, mut place) = (0, (1, 1));
    if begins_like_json(&source.text) {
        let mut json = Json::new(source);
        loop {
            json.skip_line();
            (from, place) = (json.at, json.line_and_column());
            match json.next() {
                Ok(Some(root)) => {
                    let duplicate_keys = std::mem::take(&mut json.duplicate_keys);
                    documents.push(YamlDocument { root, duplicate_keys });
                }
                Ok(None) => return Ok(without_empty(documents)),
                // Behind two objects there is no doubt any more.
                Err(error) if documents.len() > 1 => return Err(error),
                Err(_) => break,
            }
        }
    }
    let mut chunks = Chunks::new(source, from, place);
    while let Some((range, place)) = chunks.next()? {
        let piece = Piece::of_chunk(source, range, place)?;
        // What follows the end of a document is not looked at, up to the next separator.
        let (tree, root) = mending(piece, Dialect::Kubernetes, |events| {
            let mut tree = Tree::default();
            let root = next_document(events, &mut tree)?;
            Ok((tree, root))
        })?;
        if let Some(root) = root {
            documents.push(resolved(&tree, root, Dialect::Kubernetes)?);
        }
    }
    Ok(without_empty(documents))
}

fn without_empty(documents: Vec<YamlDocument>) -> Vec<YamlDocument> {
    documents.into_iter().filter(|document| !document.root.is_null()).collect()
}

/// kubectl looks at the first 4096 bytes.
fn begins_like_json(text: &str) -> bool {
    let trimmed = text.trim_start();
    text.len() - trimmed.len() < 4096 && trimmed.starts_with('{')
}

/// A part of a text, and the line and column where it begins.
type Chunk = (Range<usize>, (usize, usize));

/// What kubectl takes for documents: it looks for lines of `---` before it knows any YAML.
struct Chunks<'s> {
    source: &'s SourceText,
    from: usize,
    place: (usize, usize),
}

impl<'s> Chunks<'s> {
    fn new(source: &'s SourceText, from: usize, place: (usize, usize)) -> Self {
        Self { source, from, place }
    }

    fn next(&mut self) -> Result<Option<Chunk>, YamlError> {
        let (start, place) = (self.from, self.place);
        let text: &str = &self.source.text;
        while self.from < text.len() {
            let line = &text[self.from..];
            let line = line.find('\n').map_or(line, |end| &line[..=end]);
            let (at, first) = (self.from, self.from == start);
            self.from += line.len();
            self.place = (self.place.0 + 1, 1);
            let Some(behind) = line.strip_prefix("---").map(str::trim) else { continue };
            if !behind.is_empty() && !behind.starts_with('#') {
                let place = self.source.mark_at(at);
                return Err(syntax(place, "kubectl wants nothing but a comment behind ---"));
            }
            // A separator with nothing before it is left for go-yaml.
            if !first {
                return Ok(Some((start..at, place)));
            }
        }
        Ok((start < text.len()).then_some((start..text.len(), place)))
    }
}

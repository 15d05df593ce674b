//! YAML and JSON with the places of things.

use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput};

use super::FileError;

/// Aliases of aliases end somewhere.
const MOST_NODES: usize = 1_000_000;

/// A value and where it stands, from 1.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Rc<Value>,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Debug)]
pub(super) enum Value {
    /// With whether it stands there without quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &*self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether it is nothing: `~`, or a key without a value.
    pub(super) fn is_null(&self) -> bool {
        matches!(&*self.value, Value::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether YAML 1.1 takes it for a boolean or a number, where a string is wanted.
    pub(super) fn is_no_string(&self) -> bool {
        const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false"];
        let Value::Scalar(text, true) = &*self.value else { return false };
        let usual = |word: &&&str| {
            let capitals = word.to_ascii_uppercase();
            let first = format!("{}{}", &capitals[..1], &word[1..]);
            [**word, &capitals, &first].contains(&text.as_str())
        };
        let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        WORDS.iter().any(|word| usual(&word))
            || number && text.replace('_', "").parse::<f64>().is_ok()
    }

    pub(super) fn list(&self) -> &[Node] {
        match &*self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn pairs(&self) -> &[(Node, Node)] {
        match &*self.value {
            Value::Map(pairs) => pairs,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let found = self.pairs().iter().rev().find(|(name, _)| name.text() == Some(key));
        found.map(|(_, value)| value)
    }

    /// The words of a command: a list of scalars.
    pub(super) fn words(&self) -> Vec<&str> {
        self.list().iter().filter_map(Node::text).collect()
    }
}

/// All documents of a stream.
pub(super) fn documents(text: &[u8]) -> Result<Vec<Node>, FileError> {
    let text =
        str::from_utf8(text).map_err(|_| FileError { line: 1, why: "it is not UTF-8".into() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, Options::default()),
        anchors: Vec::new(),
        nodes: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::DocumentStart(..), _) => {
                reader.anchors.clear();
                let event = reader.next()?;
                documents.push(reader.node(event)?);
            }
            _ => {}
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), FileError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                Err(FileError { line: error.marker().line(), why: error.info().clone() })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, (event, span): (Event<'t>, Span)) -> Result<Node, FileError> {
        let (line, column) = (span.start.line(), span.start.col() + 1);
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(FileError { line, why: "it is too large".into() });
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (Value::Scalar(text.into_owned(), plain), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        event => items.push(self.node(event)?),
                    }
                }
                (Value::List(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => {
                let mut pairs = Vec::new();
                loop {
                    let key = match self.next()? {
                        (Event::MappingEnd, _) => break,
                        event => self.node(event)?,
                    };
                    let value = self.next()?;
                    let value = self.node(value)?;
                    if key.text() == Some("<<") {
                        pairs.splice(0..0, merged(&value));
                    } else {
                        pairs.push((key, value));
                    }
                }
                (Value::Map(pairs), anchor)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.iter().rev().find(|(known, _)| *known == anchor);
                let known = known.map(|(_, node)| node.clone());
                let none = || FileError { line, why: "an alias without its anchor".into() };
                return known.ok_or_else(none);
            }
            _ => return Err(FileError { line, why: "a value is missing".into() }),
        };
        let node = Node { value: Rc::new(value), line, column };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }
}

/// What `<<` brings in.
fn merged(value: &Node) -> Vec<(Node, Node)> {
    match &*value.value {
        Value::Map(pairs) => pairs.clone(),
        Value::List(items) => items.iter().rev().flat_map(merged).collect(),
        Value::Scalar(..) => Vec::new(),
    }
}

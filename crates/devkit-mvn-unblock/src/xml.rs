//! XML as a tree of spans: what stands where, and whether it is well-formed.
//!
//! quick-xml finds the tokens. It lets much through that XML 1.0 forbids (text after the root, two
//! roots, open elements at the end, doubled attributes, `--` in comments), so that all of this is
//! looked at here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::errors::{IllFormedError, SyntaxError};
use quick_xml::events::Event;

/// A place in a text, in bytes of UTF-8.
pub(crate) type Span = Range<usize>;

/// Why a text is no XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MalformedXml {
    /// What is wrong, and where.
    pub(crate) at: Span,
    /// A fragment.
    pub(crate) why: String,
}

/// A well-formed document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// In their order, each element before what is in it; the root is the first. Text has no nodes:
    /// it is what lies between them.
    nodes: Vec<Node>,
    /// What some readers of Maven die of, though XML allows it.
    pub(crate) traps: Vec<Trap>,
}

/// Something that XML allows (or that is harmless), and some readers of Maven do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trap {
    /// Which.
    pub(crate) kind: TrapKind,
    /// Where.
    pub(crate) at: usize,
}

/// What some readers of Maven die of. Measured on 3.8.7, 3.9.16 and 4.0.0-rc-6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrapKind {
    /// A character beyond U+FFFF in a comment: 3.8.
    WideCharacterInComment,
    /// `>` in a processing instruction: 3.x.
    GreaterThanInInstruction,
    /// `>` in quotes before the subset of a DOCTYPE, or `]` in quotes in it: 3.x.
    QuotesInDoctype,
    /// A processing instruction whose name begins with `xml`: 3.x.
    InstructionNamedXml,
    /// A name with a prefix that no `xmlns:` declares: 4.
    UnknownPrefix,
    /// White space before the XML declaration, which XML does not allow: 4.
    SpaceBeforeDeclaration,
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    /// From the first character of its markup to behind the last.
    span: Span,
    /// What is between the tags of an element, empty and behind the tag if that is `<a/>`; of a
    /// CDATA section its text.
    content: Span,
    /// Behind the last node in it.
    next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Element {
        /// Bytes of the name, with its prefix.
        name: usize,
        /// `<a/>`.
        is_empty_tag: bool,
    },
    CData,
    /// `&amp;` or `&#65;`, as the character that it stands for.
    Character(char),
    Comment,
    Instruction,
}

/// An element of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    source: &'a str,
    nodes: &'a [Node],
    at: usize,
}

impl Node {
    /// The name of an element.
    fn name<'a>(&self, source: &'a str) -> &'a str {
        let start = self.span.start + "<".len();
        match self.kind {
            Kind::Element { name, .. } => &source[start..start + name],
            _ => "",
        }
    }
}

impl Document {
    /// The outermost element, given the text that was parsed.
    pub(crate) fn root<'a>(&'a self, source: &'a str) -> Element<'a> {
        Element { source, nodes: &self.nodes, at: 0 }
    }

    /// Comments in the root element, from `<` to behind `>`.
    pub(crate) fn comments(&self) -> impl Iterator<Item = Span> {
        let comments = self.nodes.iter().filter(|node| node.kind == Kind::Comment);
        comments.map(|node| node.span.clone())
    }
}

impl<'a> Element<'a> {
    fn node(self) -> &'a Node {
        &self.nodes[self.at]
    }

    /// With its prefix.
    pub(crate) fn name(self) -> &'a str {
        self.node().name(self.source)
    }

    /// From `<` of the start tag to behind `>` of the end tag.
    pub(crate) fn span(self) -> Span {
        self.node().span.clone()
    }

    /// Between the tags; empty and behind the tag if that is `<a/>`.
    pub(crate) fn content(self) -> Span {
        self.node().content.clone()
    }

    /// Whether there is only one tag: `<a/>`.
    pub(crate) fn is_empty_tag(self) -> bool {
        matches!(self.node().kind, Kind::Element { is_empty_tag: true, .. })
    }

    fn children(self) -> impl Iterator<Item = Self> {
        let behind = self.node().next;
        let inside = move |at: usize| (at < behind).then_some(Element { at, ..self });
        std::iter::successors(inside(self.at + 1), move |child| inside(child.node().next))
    }

    /// The elements in it.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.children().filter(|child| matches!(child.node().kind, Kind::Element { .. }))
    }

    /// The first element in it of a name.
    pub(crate) fn child(self, name: &str) -> Option<Self> {
        self.elements().find(|element| element.name() == name)
    }

    /// Comments and processing instructions in the element.
    pub(crate) fn remarks(self) -> impl Iterator<Item = Span> {
        let remarks = self
            .children()
            .filter(|child| matches!(child.node().kind, Kind::Comment | Kind::Instruction));
        remarks.map(Element::span)
    }

    /// The parts of its text, with their places: CDATA sections, references and what is between
    /// them. What is in elements does not count.
    fn parts(self) -> impl Iterator<Item = (usize, Cow<'a, str>)> {
        let source = self.source;
        let content = self.content();
        let mut at = content.start;
        let in_children = self.children().flat_map(move |child| {
            let Node { kind, span, content, .. } = child.node();
            let gap = (at, Cow::Borrowed(&source[at..span.start]));
            at = span.end;
            let own = match kind {
                Kind::CData => Some((content.start, Cow::Borrowed(&source[content.clone()]))),
                Kind::Character(c) => Some((span.start, Cow::Owned(c.to_string()))),
                Kind::Element { .. } | Kind::Comment | Kind::Instruction => None,
            };
            [Some(gap), own].into_iter().flatten()
        });
        let last = self.children().last().map_or(content.start, |child| child.span().end);
        in_children.chain([(last, Cow::Borrowed(&source[last..content.end]))])
    }

    /// The element's text, without the blanks around it: CDATA sections and what comments split are
    /// joined.
    pub(crate) fn text(self) -> Cow<'a, str> {
        // Maven trims by java.lang.String.trim.
        let blank = |c| c <= ' ';
        if self.children().next().is_none() {
            return Cow::Borrowed(self.source[self.content()].trim_matches(blank));
        }
        let text: String = self.parts().map(|(_, part)| part).collect();
        Cow::Owned(text.trim_matches(blank).to_owned())
    }

    /// Where it has text that is more than white space.
    pub(crate) fn has_text(self) -> Option<usize> {
        self.parts().find_map(|(at, part)| Some(at + part.find(|c| !is_space(c))?))
    }
}

/// Parses a document.
///
/// # Errors
///
/// [`MalformedXml`]: the first thing that is wrong.
pub(crate) fn parse(source: &str) -> Result<Document, MalformedXml> {
    Parser::new(source).run()
}

struct Parser<'a> {
    source: &'a str,
    nodes: Vec<Node>,
    /// Elements that are not closed yet, by their index.
    open: Vec<usize>,
    has_root: bool,
    traps: Vec<Trap>,
    /// Names that a DOCTYPE declares.
    entities: BTreeSet<String>,
    has_doctype: bool,
    /// Prefixes that open elements declare, with the depth of each.
    prefixes: Vec<(usize, String)>,
}

/// How many bytes of a file there are to a node, about.
const BYTES_OF_A_NODE: usize = 32;

fn malformed(at: Span, why: impl Into<String>) -> MalformedXml {
    MalformedXml { at, why: why.into() }
}

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            nodes: Vec::with_capacity(source.len() / BYTES_OF_A_NODE),
            open: Vec::new(),
            has_root: false,
            traps: Vec::new(),
            entities: BTreeSet::new(),
            has_doctype: false,
            prefixes: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Document, MalformedXml> {
        let forbidden = forbidden(self.source);
        let mut reader = Reader::from_str(self.source);
        // Whether the names match is looked at here, where both tags are known.
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        let result = loop {
            let start = offset(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => break Err(self.token_error(&error, offset(reader.error_position()))),
            };
            let span = start..offset(reader.buffer_position());
            if matches!(event, Event::Eof) {
                break Ok(());
            }
            if let Err(error) = self.event(&event, span) {
                break Err(error);
            }
        };
        if let Some((at, c)) = forbidden
            && result.as_ref().err().is_none_or(|error| at < error.at.start)
        {
            let why = format!("the character U+{:04X} is not allowed in XML", u32::from(c));
            return Err(malformed(at..at + c.len_utf8(), why));
        }
        result?;
        if let Some(open) = self.open.last() {
            let Node { span, content, .. } = &self.nodes[*open];
            let why = format!("<{}> is never closed", self.name(*open));
            return Err(malformed(span.start..content.start, why));
        }
        if !self.has_root {
            let end = self.source.len();
            return Err(malformed(end..end, "there is no element"));
        }
        Ok(Document { nodes: self.nodes, traps: self.traps })
    }

    fn event(&mut self, event: &Event<'_>, span: Span) -> Result<(), MalformedXml> {
        let is_empty_tag = matches!(event, Event::Empty(_));
        match event {
            Event::Start(_) | Event::Empty(_) => self.start(span, is_empty_tag),
            Event::End(_) => self.end(span),
            Event::Text(_) => self.text(span),
            Event::CData(_) => {
                let inner = span.start + "<![CDATA[".len()..span.end - "]]>".len();
                if self.open.is_empty() {
                    return Err(malformed(
                        span,
                        "a CDATA section stands outside of the root element",
                    ));
                }
                self.add(Kind::CData, span, inner);
                Ok(())
            }
            Event::GeneralRef(_) => self.reference(span),
            Event::Comment(_) => self.comment(span),
            Event::PI(_) | Event::Decl(_) => self.instruction(span),
            Event::DocType(_) => self.doctype(span),
            Event::Eof => Ok(()),
        }
    }

    /// A node that has no others in it. Outside of the root element nothing is kept.
    fn add(&mut self, kind: Kind, span: Span, content: Span) {
        if !self.open.is_empty() {
            self.nodes.push(Node { kind, span, content, next: self.nodes.len() + 1 });
        }
    }

    fn name(&self, at: usize) -> &'a str {
        self.nodes[at].name(self.source)
    }

    fn start(&mut self, span: Span, is_empty_tag: bool) -> Result<(), MalformedXml> {
        let tag = &self.source[span.clone()];
        let end = if is_empty_tag { "/>" } else { ">" };
        let inner = &tag[1..tag.len() - end.len()];
        let name = name_at(inner);
        if name.is_empty() {
            return Err(malformed(span, "a tag has no name that XML allows"));
        }
        let attributes =
            attributes(&inner[name.len()..], span.start + 1 + name.len(), &self.entities)?;
        self.look_at_prefixes(name, &attributes, span.start);
        if self.open.is_empty() && self.has_root {
            return Err(malformed(span, format!("<{name}> stands after the root element")));
        }
        self.has_root = true;
        let kind = Kind::Element { name: name.len(), is_empty_tag };
        let at = self.nodes.len();
        self.nodes.push(Node { kind, content: span.end..span.end, span, next: at + 1 });
        if !is_empty_tag {
            self.open.push(at);
        }
        Ok(())
    }

    fn look_at_prefixes(&mut self, name: &str, attributes: &[&str], at: usize) {
        let depth = self.open.len();
        self.prefixes.retain(|(of, _)| *of < depth);
        let declared = attributes.iter().filter_map(|name| name.strip_prefix("xmlns:"));
        self.prefixes.extend(declared.map(|prefix| (depth, prefix.to_owned())));
        let unknown = [name].iter().chain(attributes).any(|name| {
            let prefix = name.split_once(':').map(|(prefix, _)| prefix);
            prefix.is_some_and(|prefix| {
                !matches!(prefix, "xml" | "xmlns")
                    && self.prefixes.iter().all(|(_, known)| known != prefix)
            })
        });
        if unknown {
            self.trap(TrapKind::UnknownPrefix, at);
        }
    }

    fn end(&mut self, span: Span) -> Result<(), MalformedXml> {
        let tag = &self.source[span.clone()];
        let name = tag[2..tag.len() - 1].trim_end_matches(is_space);
        let Some(at) = self.open.pop() else {
            return Err(malformed(span, format!("</{name}> closes nothing")));
        };
        let opened = self.name(at);
        if opened != name {
            let line = 1 + self.source[..self.nodes[at].span.start].matches('\n').count();
            let why = format!("this closes <{opened}>, opened on line {line}");
            return Err(malformed(span, why));
        }
        let behind = self.nodes.len();
        let node = &mut self.nodes[at];
        node.content.end = span.start;
        node.span.end = span.end;
        node.next = behind;
        Ok(())
    }

    fn text(&mut self, span: Span) -> Result<(), MalformedXml> {
        let text = &self.source[span.clone()];
        if !self.open.is_empty() {
            // '>' is rare in text, and found faster.
            let end = text.as_bytes().contains(&b'>').then(|| text.find("]]>")).flatten();
            if let Some(at) = end {
                let at = span.start + at;
                return Err(malformed(at..at + 3, "']]>' is not allowed in text"));
            }
            return Ok(());
        }
        match text.find(|c| !is_space(c)) {
            None => Ok(()),
            Some(at) => {
                let at = span.start + at;
                let when = if self.has_root { "after" } else { "before" };
                Err(malformed(at..span.end, format!("there is text {when} the root element")))
            }
        }
    }

    fn reference(&mut self, span: Span) -> Result<(), MalformedXml> {
        if self.open.is_empty() {
            return Err(malformed(span, "there is text outside of the root element"));
        }
        let name = &self.source[span.start + 1..span.end - 1];
        let c = resolve(name, &self.entities).map_err(|why| malformed(span.clone(), why))?;
        self.add(Kind::Character(c), span.clone(), span);
        Ok(())
    }

    fn comment(&mut self, span: Span) -> Result<(), MalformedXml> {
        let inner = span.start + "<!--".len()..span.end.saturating_sub("-->".len());
        let text = self.source.get(inner.clone()).unwrap_or_default();
        if inner.end < inner.start || text.ends_with('-') || text.contains("--") {
            return Err(malformed(
                span,
                "'--' is not allowed inside a comment; Maven refuses this file",
            ));
        }
        if let Some(at) = text.find(|c| c > '\u{ffff}') {
            self.trap(TrapKind::WideCharacterInComment, inner.start + at);
        }
        self.add(Kind::Comment, span.clone(), span);
        Ok(())
    }

    fn instruction(&mut self, span: Span) -> Result<(), MalformedXml> {
        let inner = &self.source[span.start + 2..span.end - 2];
        let target = name_at(inner);
        if target.is_empty() {
            return Err(malformed(span, "a processing instruction has no name that XML allows"));
        }
        let rest = &inner[target.len()..];
        if !rest.is_empty() && !rest.starts_with(is_space) {
            return Err(malformed(span, "a processing instruction has no name that XML allows"));
        }
        if target.eq_ignore_ascii_case("xml") {
            let first = self.source[..span.start].find(|c| !is_space(c)).is_none();
            if !first || target != "xml" {
                return Err(malformed(
                    span,
                    "an XML declaration may only be the first thing in a file",
                ));
            }
            declaration(rest).map_err(|why| malformed(span.clone(), why))?;
            if span.start > 0 {
                self.trap(TrapKind::SpaceBeforeDeclaration, 0);
            }
            return Ok(());
        }
        if target.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml")) {
            self.trap(TrapKind::InstructionNamedXml, span.start);
        }
        if let Some(at) = rest.find('>') {
            self.trap(TrapKind::GreaterThanInInstruction, span.start + 2 + target.len() + at);
        }
        self.add(Kind::Instruction, span.clone(), span);
        Ok(())
    }

    fn doctype(&mut self, span: Span) -> Result<(), MalformedXml> {
        if self.has_doctype || self.has_root || !self.open.is_empty() {
            return Err(malformed(span, "a DOCTYPE may only stand once, before the root element"));
        }
        self.has_doctype = true;
        let text = &self.source[span.clone()];
        // Maven 3 counts brackets, and knows no quotes.
        let mut level = 0_i32;
        let end = text.char_indices().find(|(_, c)| {
            level += i32::from(*c == '[') - i32::from(*c == ']');
            level == 0 && *c == '>'
        });
        if end.is_none_or(|(at, _)| at + 1 < text.len()) {
            self.trap(TrapKind::QuotesInDoctype, span.start);
        }
        for declaration in text.split("<!ENTITY").skip(1) {
            self.entities.extend(declaration.split_whitespace().next().map(str::to_owned));
        }
        Ok(())
    }

    fn trap(&mut self, kind: TrapKind, at: usize) {
        if self.traps.iter().all(|trap| trap.kind != kind) {
            self.traps.push(Trap { kind, at });
        }
    }

    /// Puts the words of quick-xml into those of the file.
    fn token_error(&self, error: &quick_xml::Error, at: usize) -> MalformedXml {
        let rest = self.source.get(at..).unwrap_or_default();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let why = match error {
            quick_xml::Error::Syntax(SyntaxError::UnclosedComment) => {
                "this comment is never closed"
            }
            quick_xml::Error::Syntax(SyntaxError::UnclosedCData) => {
                "this CDATA section is never closed"
            }
            quick_xml::Error::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
                "this processing instruction is never closed"
            }
            quick_xml::Error::Syntax(SyntaxError::UnclosedDoctype) => {
                "this DOCTYPE is never closed"
            }
            quick_xml::Error::Syntax(SyntaxError::InvalidBangMarkup) => "this begins no markup",
            quick_xml::Error::Syntax(_) => "this tag is never closed",
            quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => {
                "'&' begins no reference; it is written &amp;"
            }
            other => return malformed(at..at + first, other.to_string()),
        };
        malformed(at..at + first, why)
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).expect("a text in memory has offsets that fit")
}

/// Looks at what stands between a tag's name and its end, and gives the attributes' names.
fn attributes<'a>(
    mut rest: &'a str,
    mut at: usize,
    entities: &BTreeSet<String>,
) -> Result<Vec<&'a str>, MalformedXml> {
    let mut names = Vec::new();
    loop {
        let blanks = rest.len() - rest.trim_start_matches(is_space).len();
        (rest, at) = (&rest[blanks..], at + blanks);
        if rest.is_empty() {
            return Ok(names);
        }
        let name = name_at(rest);
        let here = at..at + rest.chars().next().map_or(0, char::len_utf8).max(name.len());
        if name.is_empty() {
            return Err(malformed(here, "an attribute has no name that XML allows"));
        }
        if blanks == 0 {
            return Err(malformed(here, format!("there is no blank before the attribute {name}")));
        }
        if names.contains(&name) {
            return Err(malformed(here, format!("the attribute {name} is there twice")));
        }
        names.push(name);
        let value = rest[name.len()..].trim_start_matches(is_space);
        let value = value.strip_prefix('=').map(|value| value.trim_start_matches(is_space));
        let quote = value.and_then(|value| value.chars().next()).filter(|c| "\"'".contains(*c));
        let (Some(value), Some(quote)) = (value, quote) else {
            return Err(malformed(here, format!("the attribute {name} has no value in quotes")));
        };
        let Some(end) = value[1..].find(quote) else {
            return Err(malformed(here, format!("the value of {name} has no closing quote")));
        };
        let inner = &value[1..=end];
        if inner.contains('<') {
            return Err(malformed(here, format!("there is '<' in the value of {name}")));
        }
        for reference in inner.split('&').skip(1) {
            let known = reference.split_once(';').map(|(name, _)| resolve(name, entities));
            match known {
                Some(Ok(_)) => {}
                Some(Err(why)) => return Err(malformed(here, why)),
                None => {
                    let why = format!("'&' in the value of {name} begins no reference");
                    return Err(malformed(here, why));
                }
            }
        }
        let used = rest.len() - value.len() + end + 2;
        (rest, at) = (&rest[used..], at + used);
    }
}

/// Looks at what follows `<?xml`: version, then maybe encoding, then maybe standalone.
fn declaration(text: &str) -> Result<(), String> {
    let mut rest = text;
    let mut value = |name: &str| {
        let found = rest.strip_prefix(is_space)?.trim_start_matches(is_space).strip_prefix(name)?;
        let found = found.trim_start_matches(is_space).strip_prefix('=')?;
        let found = found.trim_start_matches(is_space);
        let quote = found.chars().next().filter(|c| "\"'".contains(*c))?;
        let (value, after) = found[1..].split_once(quote)?;
        rest = after;
        Some(value.to_owned())
    };
    match value("version").as_deref() {
        Some("1.0") => {}
        Some(other) => return Err(format!("XML {other} is not what Maven reads, only 1.0")),
        None => return Err("an XML declaration begins with the version".into()),
    }
    let encoding = value("encoding");
    if encoding.is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_alphabetic())) {
        return Err("an XML declaration names no encoding".into());
    }
    if value("standalone").is_some_and(|value| !matches!(value.as_str(), "yes" | "no")) {
        return Err("standalone is yes or no".into());
    }
    match rest.trim_matches(is_space) {
        "" => Ok(()),
        _ => Err("an XML declaration has version, encoding and standalone, in this order".into()),
    }
}

/// The character that a reference stands for.
fn resolve(name: &str, entities: &BTreeSet<String>) -> Result<char, String> {
    let number = |digits: &str, radix| {
        let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| all);
        code.and_then(char::from_u32).filter(|c| is_allowed(*c))
    };
    let c = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix('#') {
            Some(hex) if hex.starts_with('x') => number(&hex[1..], 16),
            Some(decimal) => number(decimal, 10),
            None if entities.contains(name) => {
                return Err(format!("Maven 3 does not know the entity '{name}' of the DOCTYPE"));
            }
            None => return Err(format!("there is no entity '{name}'; '&' is written &amp;")),
        },
    };
    c.ok_or_else(|| format!("&{name}; stands for no character that XML allows"))
}

/// The name that a text begins with, or nothing.
fn name_at(text: &str) -> &str {
    // Nearly all names are ASCII, which bytes tell faster.
    let is_plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':');
    let is_more = |byte: &u8| is_plain(byte) || matches!(byte, b'0'..=b'9' | b'-' | b'.');
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|byte| !is_more(byte)).unwrap_or(bytes.len());
    if bytes.first().is_some_and(is_plain) && bytes.get(end).is_none_or(u8::is_ascii) {
        return &text[..end];
    }
    let end = text.char_indices().find(|(at, c)| {
        !(is_name_start(*c) || *at > 0 && (matches!(c, '-' | '.' | '0'..='9') || is_name_more(*c)))
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// `NameStartChar` of XML 1.0, fifth edition.
fn is_name_start(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// The rest of `NameChar`.
fn is_name_more(c: char) -> bool {
    matches!(c, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// The first character that XML does not allow.
fn forbidden(text: &str) -> Option<(usize, char)> {
    // Nearly no text has one, which bytes tell faster, many at a time: all that are forbidden are
    // control characters, or U+FFFE and U+FFFF, which begin with EF BF.
    let is_suspicious =
        |byte: u8| (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0xef;
    let count = |part: &[u8]| part.iter().fold(0, |n, byte| n + u32::from(is_suspicious(*byte)));
    let part = text.as_bytes().chunks(PART).position(|part| count(part) > 0)?;
    let start = (0..=part * PART).rev().find(|at| text.is_char_boundary(*at))?;
    text[start..].char_indices().find(|(_, c)| !is_allowed(*c)).map(|(at, c)| (start + at, c))
}

/// Bytes that are looked at together.
const PART: usize = 256;

/// `Char` of XML 1.0.
pub(crate) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

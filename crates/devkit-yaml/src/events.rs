//! The parser's events, and what the programs refuse that the parser takes. The only module that
//! names the parser.

use std::borrow::Cow;

use granit_parser::{
    ErrorKind, Event as Parsed, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput,
    StructureStyle, Tag, YamlVersion,
};

use crate::breaks;
use crate::dialect::Dialect;
use crate::error::{YamlError, syntax};
use crate::mend::Mend;
use crate::node::{Mark, Notation};
use crate::source::Piece;
use crate::strict::{self, Tabs};
use crate::work;

/// Levels of nesting that the parser follows. go-yaml follows 10,000, which nobody writes.
const DEPTH: usize = 500;

/// What happens next in a text.
pub(crate) enum Happening<'p> {
    DocumentStart,
    DocumentEnd,
    StreamEnd,
    Scalar {
        text: Cow<'p, str>,
        notation: Notation,
        tag: Option<Box<str>>,
    },
    ListStart {
        notation: Notation,
        tag: Option<Box<str>>,
    },
    ListEnd,
    MapStart {
        notation: Notation,
        tag: Option<Box<str>>,
    },
    MapEnd,
    /// A name for the node that began last.
    Anchor(Cow<'p, str>),
    Alias(Cow<'p, str>),
}

/// Something, and the bytes of the piece's text that it takes.
pub(crate) struct PlacedEvent<'p> {
    pub(crate) what: Happening<'p>,
    pub(crate) at: Mark,
    pub(crate) end: usize,
}

/// The events of a piece of text.
pub(crate) struct Events<'p> {
    piece: &'p Piece<'p>,
    dialect: Dialect,
    parser: Parser<'p, StrInput<'p>>,
    /// What could be changed in the text after an error, so that the parser takes it.
    pub(crate) mend: Option<Mend>,
    tabs: Tabs,
    /// Where the last token has ended.
    behind: usize,
    brackets: usize,
    documents: usize,
}

impl<'p> Events<'p> {
    pub(crate) fn new(piece: &'p Piece<'p>, dialect: Dialect) -> Self {
        let mut options = Options::default();
        options.bom_inside_document_as_content = true;
        options.block_scalar_eof_without_line_feed = true;
        options.emit_unresolved_aliases = true;
        options.emit_anchor_events = true;
        options.flow_nesting_limit = DEPTH;
        options.block_nesting_limit = DEPTH;
        options.set_emit_comments(false);
        if dialect == Dialect::Compose {
            // go-yaml 4 has no limit.
            options.simple_key_max_lookahead = usize::MAX;
        }
        Self {
            piece,
            dialect,
            parser: Parser::new_from_str_with_options(&piece.text, options),
            mend: None,
            tabs: Tabs::new(),
            behind: 0,
            brackets: 0,
            documents: 0,
        }
    }

    /// # Errors
    ///
    /// [`YamlError::Syntax`].
    pub(crate) fn next(&mut self) -> Result<PlacedEvent<'p>, YamlError> {
        loop {
            work::count();
            let (event, span) = match self.parser.next_event() {
                Some(Ok(event)) => event,
                Some(Err(error)) => return Err(self.scan_error(&error)),
                None => (Parsed::StreamEnd, Span::default()),
            };
            let (at, end) = (self.mark(&span), self.origin(&span));
            self.look_around(&event, &span, at)?;
            if let Some(what) = self.happening(event, &span, at)? {
                return Ok(PlacedEvent { what, at, end });
            }
        }
    }

    /// Refuses what go-yaml's scanner refuses around a token.
    fn look_around(&mut self, event: &Parsed<'p>, span: &Span, at: Mark) -> Result<(), YamlError> {
        if self.dialect == Dialect::Workflow {
            return Ok(());
        }
        let text: &'p str = &self.piece.text;
        let (start, end) = (byte(span.start), byte(span.end));
        if let Some(tag) = span.tag_span() {
            let behind = text.get(byte(tag.end)..).unwrap_or_default();
            if !strict::is_tag(tag.slice(text).unwrap_or_default(), behind) {
                return Err(syntax(at, "a blank is missing behind a tag"));
            }
        }
        let flow = |style: &StructureStyle| *style == StructureStyle::Flow;
        match event {
            Parsed::Scalar(scalar, style, ..) => self.scalar(scalar, *style, (start, end), at),
            Parsed::Alias(_) | Parsed::UnresolvedAlias(_) => self.token(start, end, false),
            Parsed::SequenceStart(style, ..) | Parsed::MappingStart(style, ..) if flow(style) => {
                self.token(start, end, false)?;
                self.brackets += 1;
                Ok(())
            }
            Parsed::SequenceEnd | Parsed::MappingEnd if self.brackets > 0 => {
                self.brackets -= 1;
                self.behind = self.behind.max(end);
                Ok(())
            }
            Parsed::DocumentStart(false, _)
                if self.documents > 0 && self.dialect == Dialect::Compose =>
            {
                Err(syntax(at, "another document begins with ---"))
            }
            Parsed::DocumentStart(..) => self.prologue(text.get(self.behind..start), at),
            Parsed::DocumentEnd => self.token(start, start, false),
            Parsed::StreamEnd if self.documents == 0 => {
                self.prologue(Some(text), at)?;
                self.token(text.len(), text.len(), false)
            }
            Parsed::StreamEnd => self.token(text.len(), text.len(), false),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        scalar: &str,
        style: ScalarStyle,
        (start, end): (usize, usize),
        at: Mark,
    ) -> Result<(), YamlError> {
        let text: &'p str = &self.piece.text;
        let plain = style == ScalarStyle::Plain;
        if plain && self.brackets > 0 && !strict::is_plain_in_flow(scalar, self.dialect) {
            return Err(syntax(at, "within brackets, ? and : stand only between quotes"));
        }
        let colon = text.get(end..).and_then(|behind| behind.strip_prefix(':'));
        if plain && self.brackets > 0 && colon.is_some_and(ends_in_flow) {
            let alone = start == end && self.dialect == Dialect::Kubernetes;
            self.mend = (!alone).then_some(Mend::Colon(start, end));
            return Err(syntax(at, "a colon stands before a comma or a bracket"));
        }
        if self.brackets > 0 && strict::is_key_over_lines(text, start, end) {
            return Err(syntax(at, "a key and its colon stand on one line"));
        }
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        self.token(start, end, block)
    }

    /// What stands before a document.
    fn prologue(&mut self, text: Option<&str>, at: Mark) -> Result<(), YamlError> {
        let text = text.unwrap_or_default();
        if strict::has_other_directive(text) {
            return Err(syntax(at, "%YAML and %TAG are the only directives"));
        }
        if self.documents == 0 && text.lines().any(|line| line.starts_with("...")) {
            return Err(syntax(at, "a document ends before one has begun"));
        }
        Ok(())
    }

    /// A token, before which stands what no token was made of.
    fn token(&mut self, start: usize, end: usize, block: bool) -> Result<(), YamlError> {
        let text: &'p str = &self.piece.text;
        let gap = text.get(self.behind..start).unwrap_or_default();
        if self.brackets == 0 {
            let line_start = self.behind == 0 || text[..self.behind].ends_with(['\n', '\r']);
            if let Some(tab) = self.tabs.wrong_one(gap, line_start) {
                let at = self.piece.mark_of(self.behind + tab);
                return Err(syntax(at, "a tab stands where only blanks may"));
            }
        }
        self.behind = self.behind.max(end);
        self.tabs.behind_token(block);
        Ok(())
    }

    fn happening(
        &mut self,
        event: Parsed<'p>,
        span: &Span,
        at: Mark,
    ) -> Result<Option<Happening<'p>>, YamlError> {
        Ok(Some(match event {
            Parsed::DocumentStart(_, Some(version)) if !is_1_1(version) => {
                return Err(syntax(at, "only %YAML 1.1 is read"));
            }
            Parsed::DocumentStart(..) => {
                self.documents += 1;
                Happening::DocumentStart
            }
            Parsed::DocumentEnd => Happening::DocumentEnd,
            Parsed::StreamEnd => Happening::StreamEnd,
            Parsed::Scalar(text, style, _, tag) => {
                self.refuse_json_escapes(style, span, at)?;
                let notation = notation(style);
                let text = self.original(text, notation, span);
                Happening::Scalar { text, notation, tag: tag_name(tag.as_deref()) }
            }
            Parsed::SequenceStart(style, _, tag) => {
                Happening::ListStart { notation: structure(style), tag: tag_name(tag.as_deref()) }
            }
            Parsed::SequenceEnd => Happening::ListEnd,
            Parsed::MappingStart(style, _, tag) => {
                Happening::MapStart { notation: structure(style), tag: tag_name(tag.as_deref()) }
            }
            Parsed::MappingEnd => Happening::MapEnd,
            Parsed::Anchor(_, name) => {
                let colon = name.find(':').filter(|_| self.brackets == 0);
                self.mend = colon.map(|colon| Mend::AnchorColon(byte(span.start) + 1 + colon));
                Happening::Anchor(self.anchor_name(name, at)?)
            }
            Parsed::UnresolvedAlias(name) => Happening::Alias(self.anchor_name(name, at)?),
            Parsed::Alias(_) => {
                let name = span.slice(&self.piece.text).unwrap_or_default();
                let name = name.strip_prefix('*').unwrap_or(name);
                Happening::Alias(self.anchor_name(name.into(), at)?)
            }
            _ => return Ok(None),
        }))
    }

    /// The text of a scalar without what was changed for the parser.
    fn original(&self, text: Cow<'p, str>, notation: Notation, span: &Span) -> Cow<'p, str> {
        let range = byte(span.start)..byte(span.end);
        let text = self.piece.mended.restored(range.start, &text).map_or(text, Cow::Owned);
        let raw = self.piece.with_kept_breaks(range);
        let kept = raw.and_then(|raw| breaks::kept(&raw, &text, notation));
        kept.map_or(text, Cow::Owned)
    }

    fn anchor_name(&self, name: Cow<'p, str>, at: Mark) -> Result<Cow<'p, str>, YamlError> {
        if strict::is_anchor_name(&name, self.dialect) {
            return Ok(name);
        }
        Err(syntax(at, "the name of an anchor has a character that may not be there"))
    }

    fn mark(&self, span: &Span) -> Mark {
        let start = span.start;
        self.piece.mark(byte(start), start.line(), start.col() + 1)
    }

    fn origin(&self, span: &Span) -> usize {
        self.piece.mark(byte(span.end), span.end.line(), 1).offset
    }

    fn scan_error(&mut self, error: &ScanError) -> YamlError {
        let marker = error.marker();
        let offset = byte(*marker);
        self.mend = match error.kind() {
            ErrorKind::CommentNotSeparated => Some(Mend::Comment(offset)),
            ErrorKind::PlainScalarStartsWithDashFlowIndicator => Some(Mend::Dash(offset)),
            ErrorKind::TabInBlockIndentation if self.brackets > 0 => Some(Mend::Tabs(offset)),
            ErrorKind::UnknownQuotedScalarEscape => Some(Mend::Apostrophe(offset)),
            _ => None,
        };
        let at = self.piece.mark(offset, marker.line(), marker.col() + 1);
        match error.kind() {
            // The character can be of a password.
            ErrorKind::UnexpectedCharacter { .. } => {
                syntax(at, "no value without quotes begins with this character")
            }
            _ => syntax(at, error.info()),
        }
    }

    /// JSON's `\/` came with YAML 1.2, and halves of a character are none in either; the programs
    /// read 1.1 and refuse both.
    fn refuse_json_escapes(
        &self,
        style: ScalarStyle,
        span: &Span,
        at: Mark,
    ) -> Result<(), YamlError> {
        let raw = span.slice(&self.piece.text).unwrap_or_default();
        if style != ScalarStyle::DoubleQuoted || !raw.contains('\\') {
            return Ok(());
        }
        let mut rest = raw;
        while let Some((_, escape)) = rest.split_once('\\') {
            let refuse =
                |what: &str| Err(syntax(at, format!("the escape {what} is none in YAML 1.1")));
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

/// Whether what stands behind a colon ends a scalar of YAML 1.2 within brackets.
fn ends_in_flow(behind: &str) -> bool {
    behind.starts_with([',', '[', ']', '{', '}'])
}

fn byte(marker: Marker) -> usize {
    marker.byte_offset().unwrap_or_default()
}

fn is_1_1(version: YamlVersion) -> bool {
    (version.major, version.minor) == (1, 1)
}

fn tag_name(tag: Option<&Tag>) -> Option<Box<str>> {
    tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()).into())
}

fn notation(style: ScalarStyle) -> Notation {
    match style {
        ScalarStyle::SingleQuoted => Notation::SingleQuoted,
        ScalarStyle::DoubleQuoted => Notation::DoubleQuoted,
        ScalarStyle::Literal => Notation::Literal,
        ScalarStyle::Folded => Notation::Folded,
        ScalarStyle::Plain => Notation::Plain,
    }
}

fn structure(style: StructureStyle) -> Notation {
    match style {
        StructureStyle::Flow => Notation::Flow,
        StructureStyle::Block => Notation::Block,
    }
}

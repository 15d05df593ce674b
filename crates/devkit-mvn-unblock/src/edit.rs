//! The change of a file as splices: which bytes go, and which come in their place.

use crate::maven::settings::{Entry, Settings};
use crate::mirror::{BLOCKER, NOWHERE};
use crate::wanted::{NewEntry, Wanted};
use crate::xml::{Element, Span};

/// A replacement of bytes. Everything outside of them stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// First byte of the old file that goes.
    pub start: usize,
    /// Behind the last one.
    pub end: usize,
    /// What comes, as text.
    pub text: String,
    /// What comes, in the file's encoding.
    pub bytes: Vec<u8>,
}

/// Puts the splices, which are in their order, into the file.
pub(crate) fn apply(old: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut new = Vec::with_capacity(old.len() + 512);
    let mut at = 0;
    for splice in splices {
        new.extend_from_slice(&old[at..splice.start]);
        new.extend_from_slice(&splice.bytes);
        at = splice.end;
    }
    new.extend_from_slice(&old[at..]);
    new
}

/// A settings file of this one entry.
pub(crate) fn new_file(entry: &NewEntry) -> String {
    let style = Style { newline: "\n", step: "  ".into() };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <settings xmlns=\"{NAMESPACE}\"\n          \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n          \
         xsi:schemaLocation=\"{NAMESPACE} {SCHEMA}\">"
    );
    text.push_str(&style.section(Some(&style.step), entry));
    text.push_str("\n</settings>\n");
    text
}

/// The name of the vocabulary, which looks like an address and is none: nothing is fetched from there.
const NAMESPACE: &str = concat!("http://maven.", "apache.org/SETTINGS/1.2.0");
const SCHEMA: &str = concat!("https://maven.", "apache.org/xsd/settings-1.2.0.xsd");

/// The splices that make a file what is wanted.
pub(crate) fn splices(settings: &Settings<'_>, wanted: &Wanted) -> Vec<Splice> {
    let source = settings.text.as_str();
    let editor = Editor { source, style: Style::of(settings) };
    let mut edits: Vec<(Span, String)> = Vec::new();
    for (index, (pattern, blocked)) in &wanted.changed {
        editor.change(&settings.entries[*index], pattern, *blocked, &mut edits);
    }
    if let Some(entry) = &wanted.added {
        edits.extend(editor.add(settings, entry));
    }
    edits.sort_by_key(|(span, _)| span.start);
    edits.retain(|(span, text)| source[span.clone()] != **text);
    edits
        .into_iter()
        .map(|(span, text)| Splice {
            start: settings.text.byte_offset(span.start),
            end: settings.text.byte_offset(span.end),
            bytes: settings.text.encode(&text),
            text,
        })
        .collect()
}

/// How the file is written.
struct Style {
    newline: &'static str,
    /// What an element is indented by, compared with the one around it.
    step: String,
}

struct Editor<'a> {
    source: &'a str,
    style: Style,
}

impl Style {
    fn of(settings: &Settings<'_>) -> Self {
        let source = settings.text.as_str();
        let root = settings.root;
        let outer = indent(source, root.span().start).unwrap_or_default();
        let inner = root.elements().find_map(|element| indent(source, element.span().start));
        let step =
            inner.and_then(|inner| inner.strip_prefix(outer)).filter(|step| !step.is_empty());
        Self { newline: newline(source), step: step.unwrap_or("  ").to_owned() }
    }

    /// `<mirrors>` with one entry, beginning with a new line and this indent; none if all is on one
    /// line.
    fn section(&self, indent: Option<&str>, entry: &NewEntry) -> String {
        let Some(indent) = indent else {
            return format!("<mirrors>{}</mirrors>", entry.inline());
        };
        let entry = self.entry(&format!("{indent}{}", self.step), entry);
        let newline = self.newline;
        format!("{newline}{indent}<mirrors>{entry}{newline}{indent}</mirrors>")
    }

    /// `<mirror>` over several lines, beginning with a new one.
    fn entry(&self, indent: &str, entry: &NewEntry) -> String {
        self.entry_with(indent, &format!("{indent}{}", self.step), entry)
    }

    fn entry_with(&self, indent: &str, inner: &str, entry: &NewEntry) -> String {
        let newline = self.newline;
        let mut text = format!("{newline}{indent}<mirror>");
        for field in entry.fields() {
            text.push_str(newline);
            text.push_str(inner);
            text.push_str(&field);
        }
        text.push_str(newline);
        text.push_str(indent);
        text.push_str("</mirror>");
        text
    }
}

impl NewEntry {
    fn fields(&self) -> Vec<String> {
        let mut fields = vec![
            format!("<id>{BLOCKER}</id>"),
            format!("<mirrorOf>{}</mirrorOf>", escaped(&self.mirror_of)),
            format!("<url>{NOWHERE}</url>"),
        ];
        if self.blocked {
            fields.push(BLOCKED.into());
        }
        fields
    }

    fn inline(&self) -> String {
        format!("<mirror>{}</mirror>", self.fields().concat())
    }
}

const BLOCKED: &str = "<blocked>true</blocked>";

impl Editor<'_> {
    /// Another pattern for an entry that is there.
    fn change(
        &self,
        entry: &Entry<'_>,
        pattern: &str,
        blocked: bool,
        edits: &mut Vec<(Span, String)>,
    ) {
        let source = self.source;
        if entry.mirror_of.text() != pattern {
            self.put_text(entry.mirror_of, &escaped(pattern), edits);
        }
        match (entry.blocked, blocked) {
            (Some(field), false) => edits.push((self.with_its_line(field), String::new())),
            (Some(field), true) if !entry.mirror.blocked => {
                if field.is_empty_tag() {
                    edits.push((field.span(), BLOCKED.into()));
                } else {
                    edits.push((field.content(), "true".into()));
                }
            }
            (None, true) => {
                let last = entry.element.elements().last().unwrap_or(entry.mirror_of);
                let at = last.span().end;
                let indent = indent(source, last.span().start);
                let lead = indent.map(|indent| format!("{}{indent}", self.style.newline));
                edits.push((at..at, format!("{}{BLOCKED}", lead.unwrap_or_default())));
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    /// Another text for an element. The blanks around it stay, and comments in it.
    fn put_text(&self, element: Element<'_>, text: &str, edits: &mut Vec<(Span, String)>) {
        let content = element.content();
        let remarks = element.remarks().chain(std::iter::once(content.end..content.end));
        let parts = remarks.scan(content.start, |at, remark| {
            let part = self.trimmed(*at..remark.start);
            *at = remark.end;
            Some(part)
        });
        let parts: Vec<Span> = parts.collect();
        let first = parts.iter().position(|part| !part.is_empty()).unwrap_or(0);
        for (number, part) in parts.into_iter().enumerate() {
            let text = if number == first { text.to_owned() } else { String::new() };
            edits.push((part, text));
        }
    }

    /// A part of the text without the blanks around it.
    fn trimmed(&self, span: Span) -> Span {
        let content = &self.source[span.clone()];
        let blanks = |c: char| c.is_ascii_whitespace();
        let start = span.start + content.len() - content.trim_start_matches(blanks).len();
        let end = span.end - (content.len() - content.trim_end_matches(blanks).len());
        start..end.max(start)
    }

    /// An element, and the line that it has for itself.
    fn with_its_line(&self, element: Element<'_>) -> Span {
        let after = &self.source[element.span().end..];
        let rest = after.trim_start_matches([' ', '\t']);
        let alone = rest.is_empty() || rest.starts_with(['\r', '\n']);
        match indent(self.source, element.span().start) {
            Some(indent) if alone => {
                let line = element.span().start - indent.len();
                let before = &self.source[..line];
                let newline = if before.ends_with("\r\n") { 2 } else { 1 };
                line - newline..element.span().end
            }
            _ => element.span(),
        }
    }

    /// An entry at the end of `<mirrors>`, where it comes after all that the user has: a mirror of
    /// `*` keeps what it had.
    fn add(&self, settings: &Settings<'_>, entry: &NewEntry) -> Vec<(Span, String)> {
        let root = settings.root;
        let one_line = !self.source.trim().contains(['\r', '\n']);
        let Some(section) = settings.section else {
            let outer = indent(self.source, root.span().start).unwrap_or_default();
            let inner = match root.elements().last() {
                // The section becomes the last child of the root.
                Some(last) => indent(self.source, last.span().start).map(str::to_owned),
                None if one_line => None,
                None => Some(format!("{outer}{}", self.style.step)),
            };
            let text = self.style.section(inner.as_deref(), entry);
            return self.put_into(root, &text, inner.is_some().then_some(outer));
        };
        let last = settings.entries.last();
        let section_indent = indent(self.source, section.span().start).filter(|_| !one_line);
        let text = match last {
            Some(last) => match indent(self.source, last.element.span().start) {
                None => entry.inline(),
                Some(indent_of) => {
                    let inner = last.element.elements().next();
                    match inner.and_then(|inner| indent(self.source, inner.span().start)) {
                        Some(inner) => self.style.entry_with(indent_of, inner, entry),
                        None => format!("{}{indent_of}{}", self.style.newline, entry.inline()),
                    }
                }
            },
            None => match section_indent {
                Some(indent) => self.style.entry(&format!("{indent}{}", self.style.step), entry),
                None => entry.inline(),
            },
        };
        self.put_into(section, &text, section_indent)
    }

    /// Text at the end of an element's content. `indent` is that of its end tag, should there be
    /// none yet on a line of its own; none if all is to stay on one line.
    fn put_into(
        &self,
        element: Element<'_>,
        text: &str,
        indent: Option<&str>,
    ) -> Vec<(Span, String)> {
        let end_line = match indent {
            Some(indent) => format!("{}{indent}", self.style.newline),
            None => String::new(),
        };
        if element.is_empty_tag() {
            // <mirrors a="b" />: what is written in the tag stays.
            let slash = element.span().end - "/>".len();
            let text = format!(">{text}{end_line}</{}>", element.name());
            return vec![(slash..element.span().end, text)];
        }
        let content = &self.source[element.content()];
        let blanks =
            content.len() - content.trim_end_matches(|c: char| c.is_ascii_whitespace()).len();
        let at = element.content().end - blanks;
        let has_line = content.ends_with(|c: char| c.is_ascii_whitespace())
            && content[content.len() - blanks..].contains(['\r', '\n']);
        // The end tag stays where it is, unless it would follow on the same line.
        let bare = content.trim().is_empty() && !has_line;
        vec![(at..at, if bare { format!("{text}{end_line}") } else { text.to_owned() })]
    }
}

/// The blanks before an offset, if there is nothing else before it on its line, and a line before
/// that.
fn indent(source: &str, offset: usize) -> Option<&str> {
    let before = &source[..offset];
    let line = before.rfind(['\r', '\n'])? + 1;
    let indent = &before[line..];
    indent.trim_matches([' ', '\t']).is_empty().then_some(indent)
}

/// The line ending that most lines have.
fn newline(source: &str) -> &'static str {
    let pairs = source.matches("\r\n").count();
    let feeds = source.matches('\n').count() - pairs;
    let returns = source.matches('\r').count() - pairs;
    if pairs > feeds && pairs >= returns {
        "\r\n"
    } else if returns > feeds {
        "\r"
    } else {
        "\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

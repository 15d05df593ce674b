//! `go.mod` files, with the place of every token.
//!
//! Nothing is ever dropped: a directive that is not known is kept and told, and an edit replaces the
//! bytes of one token.
//!
//! Rule: `modfile` of `golang.org/x/mod`, and "go.mod files" of the Go Modules Reference.

use std::fmt;
use std::ops::Range;

/// A `go.mod` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoMod {
    source: String,
    /// The module's own path.
    pub module: Option<Token>,
    /// The version of Go that it is written for.
    pub go: Option<Token>,
    /// The toolchain that it suggests.
    pub toolchain: Option<Token>,
    /// What it needs.
    pub requires: Vec<Require>,
    /// What takes the place of what; only in builds of this module itself.
    pub replaces: Vec<Replace>,
    /// What is never taken; only in builds of this module itself.
    pub excludes: Vec<ModuleVersion>,
    /// Versions of this module that are withdrawn.
    pub retracts: Vec<Retract>,
    /// Lines of other directives, by their first word: `godebug`, `tool`, `ignore`, and what is not
    /// known.
    pub others: Vec<Line>,
}

/// A word of a file, its quotes resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it says.
    pub text: String,
    /// Where it is written, with its quotes, in bytes.
    pub span: Range<usize>,
}

/// A module, and maybe a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleVersion {
    /// The module's path, or a folder.
    pub path: Token,
    /// The version.
    pub version: Option<Token>,
}

/// A `require`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Require {
    /// The module's path.
    pub path: Token,
    /// The least version.
    pub version: Token,
    /// Whether only other modules need it.
    pub indirect: bool,
}

/// A `replace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    /// What is replaced; in all versions, if it names none.
    pub old: ModuleVersion,
    /// By what; a folder, if it names no version.
    pub new: ModuleVersion,
}

/// A `retract`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retract {
    /// The first version.
    pub low: Token,
    /// The last version; the same, if there is one only.
    pub high: Token,
    /// The comment before it or beside it.
    pub rationale: String,
}

/// A line of a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The directive.
    pub verb: String,
    /// What follows it.
    pub words: Vec<Token>,
    /// Where the line begins, in bytes.
    pub at: usize,
}

/// Why a text is no `go.mod` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// A fragment.
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Malformed {}

/// Directives that are known, and may have a block.
const BLOCKS: &[&str] =
    &["module", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"];
/// Directives that Go takes as single lines only, never as a block.
const LINES: &[&str] = &["go", "toolchain"];

impl GoMod {
    /// Parses a file.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for what makes Go refuse the file of a dependency.
    pub fn parse(source: &str) -> Result<Self, Malformed> {
        let mut file = Self {
            source: source.to_owned(),
            module: None,
            go: None,
            toolchain: None,
            requires: Vec::new(),
            replaces: Vec::new(),
            excludes: Vec::new(),
            retracts: Vec::new(),
            others: Vec::new(),
        };
        let mut lexer = Lexer { source, at: 0 };
        let mut comments = Vec::new();
        // The verb of the block that is open, and the comments before it.
        let mut block: Option<(String, Vec<String>)> = None;
        while let Some(raw) = lexer.line()? {
            let Some(first) = raw.words.first() else {
                match raw.comment {
                    Some(comment) => comments.push(comment),
                    // An empty line parts a comment from what follows, but in a block.
                    None if block.is_none() => comments.clear(),
                    None => {}
                }
                continue;
            };
            let before = std::mem::take(&mut comments);
            match block.take() {
                Some(_) if raw.words.len() == 1 && first.is(")") => {}
                Some((verb, of_block)) => {
                    file.take(source, &verb, &raw, &raw.words, &before, &of_block)?;
                    block = Some((verb, of_block));
                }
                None => {
                    let opens = raw.words.len() > 1 && raw.words.last().is_some_and(|w| w.is("("));
                    let empty = match &raw.words[..] {
                        [_, .., open, close] => open.is("(") && close.is(")"),
                        _ => false,
                    };
                    if first.kind != Kind::Word {
                        return Err(
                            lexer.malformed(first.span.start, "a line begins with a directive")
                        );
                    }
                    let verb = first.written(source).to_owned();
                    if opens || empty {
                        let simple = raw.words.len() == if empty { 3 } else { 2 };
                        if LINES.contains(&&*verb) || !simple && BLOCKS.contains(&&*verb) {
                            let why = format!("{verb} has no such block");
                            return Err(lexer.malformed(first.span.start, &why));
                        }
                        block = opens.then_some((verb, before));
                    } else {
                        file.take(source, &verb, &raw, &raw.words[1..], &before, &[])?;
                    }
                }
            }
        }
        if block.is_some() {
            return Err(lexer.malformed(source.len(), "a block is never closed"));
        }
        Ok(file)
    }

    /// The file's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Line and column of a place in the file, both from 1, the column in bytes.
    #[must_use]
    pub fn position(&self, at: usize) -> (usize, usize) {
        position(&self.source, at)
    }

    /// The file with other words in the places of some, which are in their order.
    #[must_use]
    pub fn edited<'a>(&self, edits: impl IntoIterator<Item = (&'a Token, &'a str)>) -> String {
        let mut text = String::with_capacity(self.source.len());
        let mut at = 0;
        for (token, new) in edits {
            text.push_str(&self.source[at..token.span.start]);
            text.push_str(new);
            at = token.span.end;
        }
        text.push_str(&self.source[at..]);
        text
    }

    /// Takes a line: the words behind its verb.
    fn take(
        &mut self,
        source: &str,
        verb: &str,
        raw: &RawLine,
        words: &[RawWord],
        before: &[String],
        of_block: &[String],
    ) -> Result<(), Malformed> {
        let failed = |at: usize, why: &str| {
            let (line, column) = position(source, at);
            Malformed { line, column, why: why.to_owned() }
        };
        let token = |word: &RawWord| {
            let text = word.text(source).map_err(|why| failed(word.span.start, why))?;
            Ok(Token { text, span: word.span.clone() })
        };
        let usage = |why: &str| failed(raw.at, why);
        match verb {
            "module" | "go" | "toolchain" => {
                let [word] = words else {
                    return Err(usage(&format!("{verb} takes one word")));
                };
                let place = match verb {
                    "module" => &mut self.module,
                    "go" => &mut self.go,
                    _ => &mut self.toolchain,
                };
                if place.is_some() {
                    return Err(usage(&format!("{verb} is there twice")));
                }
                *place = Some(token(word)?);
            }
            "require" | "exclude" => {
                let [path, version] = words else {
                    return Err(usage(&format!("{verb} takes a module path and a version")));
                };
                let (path, version) = (token(path)?, token(version)?);
                if verb == "exclude" {
                    self.excludes.push(ModuleVersion { path, version: Some(version) });
                } else {
                    let indirect = raw.comment.as_deref().is_some_and(is_indirect);
                    self.requires.push(Require { path, version, indirect });
                }
            }
            "replace" => {
                let arrow = words.iter().position(|word| word.is("=>"));
                let sides = arrow.map(|arrow| (&words[..arrow], &words[arrow + 1..]));
                let Some((old @ ([_] | [_, _]), new @ ([_] | [_, _]))) = sides else {
                    return Err(usage("replace takes: path [version] => path [version]"));
                };
                let side = |words: &[RawWord]| {
                    let version = words.get(1).map(token).transpose()?;
                    Ok(ModuleVersion { path: token(&words[0])?, version })
                };
                self.replaces.push(Replace { old: side(old)?, new: side(new)? });
            }
            "retract" => {
                let (low, high) = match words {
                    [one] => (one, one),
                    [open, low, comma, high, close]
                        if open.is("[") && comma.is(",") && close.is("]") =>
                    {
                        (low, high)
                    }
                    _ => return Err(usage("retract takes a version, or [low, high]")),
                };
                let comments = if before.is_empty() { of_block } else { before };
                let beside = raw.comment.iter();
                let rationale: Vec<&str> =
                    comments.iter().chain(beside).map(|comment| comment.trim()).collect();
                let rationale = rationale.join("\n").trim().to_owned();
                self.retracts.push(Retract { low: token(low)?, high: token(high)?, rationale });
            }
            _ => {
                let words = words.iter().map(token).collect::<Result<_, _>>()?;
                self.others.push(Line { verb: verb.to_owned(), words, at: raw.at });
            }
        }
        Ok(())
    }
}

/// Whether the version of a `go` line is at least a language version, its release candidates
/// included: `1.24rc1` for 1.24.
pub(crate) fn is_since(version: &str, least: [u64; 2]) -> bool {
    let mut numbers = version.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().unwrap_or_default()
    });
    [numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()] >= least
}

/// Whether a comment beside a requirement says that only others need it.
fn is_indirect(comment: &str) -> bool {
    let mut words = comment.split_whitespace();
    matches!((words.next(), words.next()), (Some("indirect"), None) | (Some("indirect;"), Some(_)))
}

fn position(source: &str, at: usize) -> (usize, usize) {
    let before = &source.as_bytes()[..at.min(source.len())];
    let line = 1 + before.iter().map(|byte| usize::from(*byte == b'\n')).sum::<usize>();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, 1 + before.len() - start)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

struct RawLine {
    at: usize,
    words: Vec<RawWord>,
    /// What follows `//`.
    comment: Option<String>,
}

struct RawWord {
    span: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sign(&'static str),
    Word,
    Interpreted,
    Raw,
}

impl RawWord {
    fn is(&self, sign: &str) -> bool {
        matches!(self.kind, Kind::Sign(text) if text == sign)
    }

    fn written<'a>(&self, source: &'a str) -> &'a str {
        &source[self.span.clone()]
    }

    fn text(&self, source: &str) -> Result<String, &'static str> {
        let written = self.written(source);
        match self.kind {
            Kind::Sign(text) => Ok(text.to_owned()),
            Kind::Word if written.contains(['"', '`']) => Err("a quote stands inside of a word"),
            Kind::Word => Ok(written.to_owned()),
            Kind::Raw => Ok(written[1..written.len() - 1].replace('\r', "")),
            Kind::Interpreted => unquoted(&written[1..written.len() - 1]),
        }
    }
}

/// Signs that are words of their own.
const SIGNS: &[&str] = &["=>", "(", ")", "[", "]", "{", "}", ","];

impl Lexer<'_> {
    fn malformed(&self, at: usize, why: &str) -> Malformed {
        let (line, column) = position(self.source, at);
        Malformed { line, column, why: why.to_owned() }
    }

    /// The next line, without its end; `None` behind the last.
    fn line(&mut self) -> Result<Option<RawLine>, Malformed> {
        if self.at >= self.source.len() {
            return Ok(None);
        }
        let mut line = RawLine { at: self.at, words: Vec::new(), comment: None };
        loop {
            let rest = &self.source[self.at..];
            let Some(c) = rest.chars().next() else { return Ok(Some(line)) };
            if matches!(c, ' ' | '\t' | '\r') {
                self.at += 1;
            } else if c == '\n' {
                self.at += 1;
                return Ok(Some(line));
            } else if let Some(comment) = rest.strip_prefix("//") {
                let end = comment.find('\n').unwrap_or(comment.len());
                line.comment = Some(comment[..end].to_owned());
                self.at += "//".len() + end;
            } else if rest.starts_with("/*") {
                return Err(
                    self.malformed(self.at, "comments of go.mod begin with //, not with /*")
                );
            } else {
                if line.words.is_empty() {
                    line.at = self.at;
                }
                let word = self.word(rest, c)?;
                self.at = word.span.end;
                line.words.push(word);
            }
        }
    }

    fn word(&self, rest: &str, first: char) -> Result<RawWord, Malformed> {
        let of = |length: usize, kind: Kind| RawWord { span: self.at..self.at + length, kind };
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            return Ok(of(sign.len(), Kind::Sign(sign)));
        }
        if matches!(first, '"' | '`') {
            let mut escaped = false;
            for (at, c) in rest.char_indices().skip(1) {
                match c {
                    '\n' => break,
                    _ if escaped => escaped = false,
                    '\\' if first == '"' => escaped = true,
                    _ if c == first => {
                        let kind = if first == '"' { Kind::Interpreted } else { Kind::Raw };
                        return Ok(of(at + 1, kind));
                    }
                    _ => {}
                }
            }
            return Err(self.malformed(self.at, "a string is never closed on its line"));
        }
        let is_end = |(at, c): &(usize, char)| {
            c.is_whitespace()
                || matches!(c, '\0' | '(' | ')' | '[' | ']' | '{' | '}' | ',')
                || rest[*at..].starts_with("//")
                || rest[*at..].starts_with("/*")
        };
        let end = rest.char_indices().find(is_end).map_or(rest.len(), |(at, _)| at);
        if rest[end..].starts_with("/*") {
            let why = "comments of go.mod begin with //, not with /*";
            return Err(self.malformed(self.at + end, why));
        }
        if end == 0 || first == '\u{feff}' {
            return Err(self.malformed(self.at, &format!("the character {first:?} begins no word")));
        }
        Ok(of(end, Kind::Word))
    }
}

/// What a string in double quotes says, by Go's rules.
fn unquoted(inner: &str) -> Result<String, &'static str> {
    const BAD: &str = "a string has an escape that Go does not know";
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = rest.next().ok_or(BAD)?;
        let mut number = |first: Option<char>, count: usize, radix: u32| {
            let digits: String = first.into_iter().chain(rest.by_ref().take(count)).collect();
            let all = digits.chars().count() == count + usize::from(first.is_some())
                && digits.chars().all(|c| c.is_digit(radix));
            u32::from_str_radix(&digits, radix).ok().filter(|_| all).ok_or(BAD)
        };
        let simple = |byte: u8| Ok::<u32, &'static str>(u32::from(byte));
        let code = match escape {
            'a' => simple(7)?,
            'b' => simple(8)?,
            'f' => simple(12)?,
            'n' => simple(b'\n')?,
            'r' => simple(b'\r')?,
            't' => simple(b'\t')?,
            'v' => simple(11)?,
            '\\' | '"' => simple(escape as u8)?,
            // Bytes, which need not be characters.
            'x' => {
                bytes.push(u8::try_from(number(None, 2, 16)?).map_err(|_| BAD)?);
                continue;
            }
            '0'..='7' => {
                bytes.push(u8::try_from(number(Some(escape), 2, 8)?).map_err(|_| BAD)?);
                continue;
            }
            'u' => number(None, 4, 16)?,
            'U' => number(None, 8, 16)?,
            _ => return Err(BAD),
        };
        let c = char::from_u32(code).ok_or(BAD)?;
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| "a string is not UTF-8")
}

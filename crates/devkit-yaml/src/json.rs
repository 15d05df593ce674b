//! JSON, which kubectl reads by Go's `encoding/json` where a file begins with `{`.

use std::rc::Rc;

use zeroize::Zeroizing;

use crate::error::{YamlError, syntax};
use crate::node::{DuplicateKey, KeyValue, Mapping, Mark, Node, Notation, Value};
use crate::number::Numeric;
use crate::source::SourceText;

/// Levels of nesting; Go follows 10,000.
const DEPTH: usize = 500;

/// Reads one value after the other.
pub(crate) struct Json<'s> {
    source: &'s SourceText,
    /// The next byte to be read.
    pub(crate) at: usize,
    line: usize,
    /// Up to where characters of the line are counted, and how many they are.
    counted: (usize, usize),
    depth: usize,
    pub(crate) duplicate_keys: Vec<DuplicateKey>,
}

impl<'s> Json<'s> {
    pub(crate) fn new(source: &'s SourceText) -> Self {
        Self { source, at: 0, line: 1, counted: (0, 0), depth: 0, duplicate_keys: Vec::new() }
    }

    /// The next value of the stream; nothing at its end.
    ///
    /// # Errors
    ///
    /// [`YamlError::Syntax`].
    pub(crate) fn next(&mut self) -> Result<Option<Node>, YamlError> {
        self.skip_blanks();
        if self.at == self.source.text.len() { Ok(None) } else { self.value().map(Some) }
    }

    /// Goes to the next value, but not beyond the end of the line.
    pub(crate) fn skip_line(&mut self) {
        let line = self.line;
        while let (true, Some(b' ' | b'\t' | b'\r' | b'\n')) = (self.line == line, self.peek()) {
            self.skip_blank();
        }
    }

    /// Line and column of the next byte.
    pub(crate) fn line_and_column(&mut self) -> (usize, usize) {
        let (from, mut count) = self.counted;
        count += self.source.text[from..self.at].chars().count();
        self.counted = (self.at, count);
        (self.line, count + 1)
    }

    fn peek(&self) -> Option<u8> {
        self.source.text.as_bytes().get(self.at).copied()
    }

    fn mark(&mut self) -> Mark {
        let (line, column) = self.line_and_column();
        Mark { offset: self.source.origin(self.at), line, column }
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.skip_blank();
        }
    }

    fn skip_blank(&mut self) {
        let ends_line = self.peek() == Some(b'\n');
        self.at += 1;
        if ends_line {
            self.line += 1;
            self.counted = (self.at, 0);
        }
    }

    fn fail<T>(&mut self, why: &str) -> Result<T, YamlError> {
        let at = self.mark();
        Err(syntax(at, why))
    }

    fn take(&mut self, byte: u8, why: &str) -> Result<(), YamlError> {
        if self.peek() != Some(byte) {
            return self.fail(why);
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self) -> Result<Node, YamlError> {
        let (at, start) = (self.mark(), self.at);
        let (value, notation) = match self.peek() {
            Some(b'{') => (self.object()?, Notation::Flow),
            Some(b'[') => (self.array()?, Notation::Flow),
            Some(b'"') => (Value::String(Rc::new(self.string()?)), Notation::DoubleQuoted),
            Some(b'-' | b'0'..=b'9') => (self.number()?, Notation::Plain),
            _ => (self.word()?, Notation::Plain),
        };
        let len = self.source.origin(self.at) - self.source.origin(start);
        let written = match (&value, notation) {
            (Value::String(text), _) => Some(Rc::clone(text)),
            (_, Notation::Flow) => None,
            _ => Some(Rc::new(Zeroizing::new(self.source.text[start..self.at].to_owned()))),
        };
        Ok(Node { value, at, len, notation, tag: None, written })
    }

    fn object(&mut self) -> Result<Value, YamlError> {
        let mut map = Mapping::default();
        self.items(b'}', |json| {
            let (key_at, start) = (json.mark(), json.at);
            if json.peek() != Some(b'"') {
                return json.fail("a key of JSON stands in double quotes");
            }
            let key: Rc<str> = json.string()?.as_str().into();
            let key_len = json.source.origin(json.at) - json.source.origin(start);
            json.skip_blanks();
            json.take(b':', "a colon is missing behind a key")?;
            json.skip_blanks();
            let node = json.value()?;
            if map.has(&key) {
                json.duplicate_keys.push(DuplicateKey { key: Rc::clone(&key), at: key_at });
            }
            map.put(KeyValue { key, key_at, key_len, node });
            Ok(())
        })?;
        Ok(Value::Map(Rc::new(map)))
    }

    fn array(&mut self) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        self.items(b']', |json| {
            items.push(json.value()?);
            Ok(())
        })?;
        Ok(Value::List(items.into()))
    }

    /// What stands between two brackets, with commas.
    fn items(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), YamlError>,
    ) -> Result<(), YamlError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return self.fail("it is nested too deeply");
        }
        self.at += 1;
        self.skip_blanks();
        let mut more = self.peek() != Some(end);
        while more {
            self.skip_blanks();
            item(self)?;
            self.skip_blanks();
            more = self.peek() == Some(b',');
            self.at += usize::from(more);
        }
        self.depth -= 1;
        self.take(end, "a comma or a closing bracket is missing")
    }

    fn string(&mut self) -> Result<Zeroizing<String>, YamlError> {
        self.at += 1;
        let rest = self.source.text.as_bytes()[self.at..].iter();
        // The text never has to grow, so that no copy of a secret stays behind.
        let longest = rest.take_while(|b| **b != b'"').count() + 4;
        let mut text = Zeroizing::new(String::with_capacity(longest * 2));
        loop {
            let rest = &self.source.text[self.at..];
            let plain = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..='\u{1f}'));
            let Some(plain) = plain else { return self.fail("a string does not end") };
            text.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes()[plain] {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => text.push(self.escape()?),
                _ => return self.fail("a control character stands in a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, YamlError> {
        self.at += 1;
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.four_digits()?;
                self.whole_character(first)
            }
            _ => {
                self.at -= 1;
                return self.fail("JSON has no such escape");
            }
        })
    }

    fn four_digits(&mut self) -> Result<u32, YamlError> {
        let digits = self.source.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(number) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.fail(r"four hexadecimal digits are missing behind \u");
        };
        self.at += 4;
        Ok(number)
    }

    /// Half a character alone becomes U+FFFD.
    fn whole_character(&mut self, first: u32) -> char {
        let second = self.source.text[self.at..].strip_prefix("\\u").and_then(|rest| rest.get(..4));
        let second = second.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) = (first, second) {
            self.at += 6;
            let both = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn number(&mut self) -> Result<Value, YamlError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        let digits = self.digits();
        let mut right = digits > 0 && (!zero || digits == 1);
        if self.peek() == Some(b'.') {
            self.at += 1;
            right &= self.digits() > 0;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            right &= self.digits() > 0;
        }
        let text = &self.source.text[start..self.at];
        let float = || text.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = text.parse().map(Numeric::Int).ok().or_else(|| float().map(Numeric::Float));
        match number.filter(|_| right) {
            Some(number) => Ok(Value::Number(number)),
            None => self.fail("it is no number of JSON"),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn word(&mut self) -> Result<Value, YamlError> {
        let rest = &self.source.text[self.at..];
        for (word, value) in
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
        {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.fail("no value of JSON begins like this")
    }
}

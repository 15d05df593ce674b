//! The sums that `go.sum` holds, from the files of a commit, before there is a tag.
//!
//! Rule: `Hash1` of `golang.org/x/mod/sumdb/dirhash`, and "Authenticating modules" of the Go Modules
//! Reference.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Digest, SHA256, digest};

/// The files of a commit as `git archive` gives them, by their paths from the root.
#[derive(Debug, Default)]
pub struct Archive<'a> {
    files: HashMap<Vec<u8>, &'a [u8]>,
}

impl<'a> Archive<'a> {
    /// Reads an archive in the form of tar, as git writes it: regular files are kept.
    ///
    /// `None`: it is cut off, or something else.
    #[must_use]
    pub fn read(mut tar: &'a [u8]) -> Option<Self> {
        const BLOCK: usize = 512;
        let mut files = HashMap::new();
        // What an extended header says about the next file. Sizes are there for files that are larger
        // than Go takes.
        let mut long_name: Option<Vec<u8>> = None;
        loop {
            let header = tar.get(..BLOCK)?;
            if header.iter().all(|byte| *byte == 0) {
                return Some(Self { files });
            }
            let size = octal(&header[124..136])?;
            let body = tar.get(BLOCK..BLOCK + size)?;
            tar = tar.get(BLOCK + size.next_multiple_of(BLOCK)..)?;
            match header[156] {
                b'x' => {
                    let mut records = records(body).into_iter();
                    long_name = records.find(|(key, _)| *key == b"path").map(|it| it.1.to_vec());
                }
                // Comments about all files.
                b'g' => {}
                kind => {
                    let name = long_name.take().unwrap_or_else(|| {
                        let (prefix, name) = (text(&header[345..500]), text(&header[..100]));
                        if prefix.is_empty() {
                            name.to_vec()
                        } else {
                            [prefix, b"/", name].concat()
                        }
                    });
                    if matches!(kind, b'0' | 0) {
                        files.insert(name, body);
                    }
                }
            }
        }
    }

    /// A file.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Option<&'a [u8]> {
        self.files.get(path).copied()
    }
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn octal(field: &[u8]) -> Option<usize> {
    let digits = str::from_utf8(text(field)).ok()?.trim();
    usize::from_str_radix(digits, 8).ok()
}

/// The records `LENGTH KEY=VALUE\n` of an extended header.
fn records(mut body: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    while let Some(blank) = body.iter().position(|byte| *byte == b' ') {
        let length = str::from_utf8(&body[..blank]).ok().and_then(|text| text.parse().ok());
        let Some(record) = length.and_then(|length: usize| body.get(blank + 1..length)) else {
            break;
        };
        body = &body[blank + 1 + record.len()..];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(sign) = record.iter().position(|byte| *byte == b'=') {
            found.push((&record[..sign], &record[sign + 1..]));
        }
    }
    found
}

/// The sum of a module's zip file: `h1:` and 44 letters. Files by their names in the module.
///
/// `at`: the module's path, `@` and its version.
#[must_use]
pub fn of_files(at: &str, mut files: Vec<(&[u8], &[u8])>) -> String {
    files.sort_unstable();
    let lines = files.iter().map(|(name, contents)| {
        let name = String::from_utf8_lossy(name);
        (hex(&digest(&SHA256, contents)), format!("{at}/{name}"))
    });
    of_lines(lines)
}

/// The sum of a module's `go.mod`, which `go.sum` has on a line of its own.
#[must_use]
pub fn of_go_mod(contents: &[u8]) -> String {
    of_lines(std::iter::once((hex(&digest(&SHA256, contents)), "go.mod".to_owned())))
}

fn of_lines(lines: impl Iterator<Item = (String, String)>) -> String {
    let mut summary = String::new();
    for (hash, name) in lines {
        let _ = writeln!(summary, "{hash}  {name}");
    }
    format!("h1:{}", STANDARD.encode(digest(&SHA256, summary.as_bytes())))
}

fn hex(digest: &Digest) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest.as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A `go.sum` file with lines more, where Go would put them; those that are there stay, byte by
/// byte. Lines: module, version (with `/go.mod` for that of the file alone), sum.
#[must_use]
pub fn with_lines(go_sum: &str, lines: &[(String, String, String)]) -> String {
    let newline = if go_sum.contains("\r\n") { "\r\n" } else { "\n" };
    let mut text = go_sum.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(newline);
    }
    for (module, version, sum) in lines {
        let line = format!("{module} {version} {sum}");
        let of_same = format!("{module} {version} ");
        let mut at = 0;
        let mut place = None;
        let mut old = None;
        for known in text.split_inclusive('\n') {
            let trimmed = known.trim_end();
            if trimmed.starts_with(&of_same) {
                old = Some((at, trimmed.len()));
            }
            let mut words = trimmed.split(' ');
            let key = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            if place.is_none() && comes_after(key, (module, version)) {
                place = Some(at);
            }
            at += known.len();
        }
        match old {
            Some((at, length)) => text.replace_range(at..at + length, &line),
            None => text.insert_str(place.unwrap_or(text.len()), &format!("{line}{newline}")),
        }
    }
    text
}

/// Go's order: by module, then by version, and that of `go.mod` behind that of the module.
fn comes_after(a: (&str, &str), b: (&str, &str)) -> bool {
    let parsed = |version: &str| {
        let (version, file) = match version.split_once('/') {
            Some((version, file)) => (version.to_owned(), file.to_owned()),
            None => (version.to_owned(), String::new()),
        };
        (crate::go::version::precedence(&version), file)
    };
    a.0 > b.0 || a.0 == b.0 && parsed(a.1) > parsed(b.1)
}

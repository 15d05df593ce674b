//! Undoing compression while the bytes still come.

use std::io::{self, Write as _};

use flate2::write::MultiGzDecoder;

use super::body::{self, values};

/// The most that one piece may become.
const MOST: usize = 4 << 20;

/// Takes a body's pieces as they pass, and gives what they say so far.
///
/// gzip (RFC 1952) only, which is all that an API server and the proxies before it use.
pub struct Unzip(Option<MultiGzDecoder<Limited>>);

/// Compressed bytes can stand for a thousand times as many.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::Error::other("too much"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Unzip {
    /// For an answer with these headers; nothing where they do not say that it is compressed by gzip.
    #[must_use]
    pub fn of(headers: &[(String, String)]) -> Option<Self> {
        let mut encodings = values(headers, "content-encoding");
        let gzip = encodings.next().is_some_and(body::is_gzip) && encodings.next().is_none();
        gzip.then(|| Self(Some(MultiGzDecoder::new(Limited(Vec::new())))))
    }

    /// What a piece adds. Nothing any more after one that is not in order, or that becomes more than
    /// 4 MiB.
    pub fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(decoder) = &mut self.0 else { return Vec::new() };
        if decoder.write_all(bytes).and_then(|()| decoder.flush()).is_err() {
            self.0 = None;
            return Vec::new();
        }
        std::mem::take(&mut decoder.get_mut().0)
    }
}

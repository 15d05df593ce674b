//! The texts that the programs are asked about: `corpus.txt`, one a line.

/// What stands for the head of an object in a text; a text without it has the head before it.
const HEAD: &str = "@@";

/// The texts, with what their head is for a program.
pub(super) fn texts(head: impl Fn(usize) -> String) -> Vec<Vec<u8>> {
    let lines = include_str!("corpus.txt").lines().filter(|line| !line.starts_with("=== "));
    let with_head = |(number, line): (usize, &str)| {
        let line = if line.contains(HEAD) { line.to_owned() } else { format!("{HEAD}{line}") };
        replaced(&unescaped(&line), HEAD.as_bytes(), head(number).as_bytes())
    };
    lines.enumerate().map(with_head).collect()
}

/// Reads `\n`, `\r`, `\t`, `\\` and `\x41`.
fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            _ => match rest.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'x') => {
                    let digits: Vec<u8> = rest.by_ref().take(2).collect();
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other.unwrap(),
            },
        });
    }
    bytes
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

//! Any bytes as the files of all three programs: nothing panics or hangs, every place lies in the
//! file, and no error tells a text.
#![no_main]

use devkit_yaml::{Dialect, Mark, Node, YamlError, documents, first_document};
use libfuzzer_sys::fuzz_target;

/// Where it stands, no message may have it.
const SECRET: &str = "c2VjcmV0LXNlY3JldA";

fuzz_target!(|bytes: &[u8]| {
    for dialect in [Dialect::Kubernetes, Dialect::Compose, Dialect::Workflow] {
        match documents(bytes, dialect) {
            Ok(found) => found.iter().for_each(|document| look(&document.root, bytes)),
            Err(error) => tell(&error, bytes),
        }
    }
    match first_document(bytes) {
        Ok(found) => found.root.iter().for_each(|root| look(root, bytes)),
        Err(error) => tell(&error, bytes),
    }
});

fn look(root: &Node, bytes: &[u8]) {
    // Behind aliases the same nodes come again and again.
    let (mut left, mut nodes) = (100_000, vec![root]);
    while let (Some(node), 1..) = (nodes.pop(), left) {
        left -= 1;
        within(node.at, bytes);
        assert!(node.at.offset + node.len <= bytes.len());
        nodes.extend(node.list());
        for entry in node.entries() {
            within(entry.key_at, bytes);
            nodes.push(&entry.node);
        }
    }
}

fn within(at: Mark, bytes: &[u8]) {
    assert!(at.offset <= bytes.len() && at.line > 0 && at.column > 0, "{at:?}");
}

fn tell(error: &YamlError, bytes: &[u8]) {
    within(error.at(), bytes);
    assert!(!format!("{error} {error:?}").contains(SECRET));
}

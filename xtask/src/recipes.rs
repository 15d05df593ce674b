//! The recipes as the binary lists them, and which of them are still drafts.

use std::fs;

use crate::run::{Result, cargo, check, output, program, root, target};

/// The line by which the page of a recipe says that it is a draft: no list for readers has it yet.
pub(crate) const DRAFT: &str = "> This recipe is a draft.";

/// A recipe of the list in `crates/devkit/src/cmd.rs`.
pub(crate) struct RecipePage {
    pub(crate) name: String,
    /// The recipe's page in the manual, from the top of the workspace.
    pub(crate) page: String,
}

/// Builds the binary and asks it. The commands about devkit itself have no page and are left out.
pub(crate) fn listed() -> Result<Vec<RecipePage>> {
    check(cargo(&["build", "--locked", "-q", "-p", "devkit"]))?;
    let document = output(program(target().join("debug/devkit"), &["help", "--json"]))?;
    Ok(read(&document))
}

/// Names and pages are plain words, so that no more of JSON is needed than this.
fn read(document: &str) -> Vec<RecipePage> {
    let entries = document.split("{\"name\":\"").skip(1);
    let listed = entries.filter_map(|entry| {
        let (name, rest) = entry.split_once('"')?;
        let (page, _) = rest.strip_prefix(",\"page\":\"")?.split_once('"')?;
        // A command below a recipe has a blank in its name, and the recipe's page.
        let listed = RecipePage { name: name.to_owned(), page: page.to_owned() };
        (!name.contains(' ')).then_some(listed)
    });
    listed.collect()
}

/// Whether a recipe's page says that it is a draft.
pub(crate) fn is_draft(name: &str) -> bool {
    let page = fs::read_to_string(root().join(format!("docs/{name}.md"))).unwrap_or_default();
    page.lines().any(|line| line.starts_with(DRAFT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_have_pages_and_no_blank() {
        let document = "{\"schema\":\"devkit.help/1\",\"commands\":[\
            {\"name\":\"a-b\",\"page\":\"docs/a-b.md\",\"group\":\"x\"},\
            {\"name\":\"a-b c\",\"page\":\"docs/a-b.md\",\"group\":\"x\"},\
            {\"name\":\"man\",\"page\":null,\"group\":\"y\"}]}\n";
        let listed = read(document);
        let listed: Vec<_> = listed.iter().map(|it| (it.name.as_str(), it.page.as_str())).collect();
        assert_eq!(listed, [("a-b", "docs/a-b.md")]);
    }
}

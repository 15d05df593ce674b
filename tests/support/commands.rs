//! The list of commands as the binary itself tells it, so that no test has a list of its own.

use std::path::Path;

use serde_json::Value;

use super::{devkit, run};

/// A command, or one below it.
#[derive(Debug)]
pub(crate) struct KnownCommand {
    /// `kubecerts tap`
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) about: String,
    /// What the help says beyond the one line.
    pub(crate) details: Option<String>,
    pub(crate) links: Vec<String>,
    /// Nothing for the commands about devkit itself.
    pub(crate) page: Option<String>,
    pub(crate) examples: Vec<String>,
}

/// All commands, in the order of the help text.
pub(crate) fn all() -> Vec<KnownCommand> {
    let ran = run(devkit(Path::new("/"), ["help", "--json"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], "devkit.help/1");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts = |value: &Value| value.as_array().unwrap().iter().filter_map(text).collect();
    let listed = |entry: &Value| KnownCommand {
        name: text(&entry["name"]).unwrap(),
        group: text(&entry["group"]).unwrap(),
        about: text(&entry["about"]).unwrap(),
        details: text(&entry["details"]),
        links: texts(&entry["links"]),
        page: text(&entry["page"]),
        examples: texts(&entry["examples"]),
    };
    document["commands"].as_array().unwrap().iter().map(listed).collect()
}

/// The names of the commands, without those below them.
pub(crate) fn names() -> Vec<String> {
    all().into_iter().map(|command| command.name).filter(|name| !name.contains(' ')).collect()
}

//! The report about a name: what every context does with it, and how far a chain carries it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use devkit_text::escape;
use serde::Serialize;

use crate::chain::Walk;
use crate::line::Line;
use crate::select::Context;
use crate::suggest::dangerous;
use crate::value::{self, Limits, ValueFate};
use crate::verdict::Verdict;

/// A name, as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The name's bytes.
    pub name: Vec<u8>,
    /// The value, if one was given.
    pub value: Option<Vec<u8>>,
}

/// Everything about one name.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The name; nothing where it is not UTF-8.
    pub name: Option<String>,
    /// The name's bytes, hexadecimal.
    pub name_hex: String,
    /// Why it changes what programs do, if it does.
    pub dangerous: Option<&'static str>,
    /// What each context does with it.
    pub contexts: Vec<Line>,
    /// How far it gets.
    pub chain: Option<Walk>,
    /// What contexts do with the value, where they do anything.
    pub values: Option<Vec<ValueFate>>,
    /// The name's bytes.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

impl Report {
    /// Looks a name up.
    #[must_use]
    pub fn new(input: &Input, contexts: &[Context], limits: &Limits) -> Self {
        // A value that was given may be secret: messages have another in its place.
        let told = if input.value.is_some() { "…".as_bytes() } else { b"7" };
        let lines = contexts.iter().map(|context| Line::new(context, &input.name, told)).collect();
        Self {
            name: String::from_utf8(input.name.clone()).ok(),
            name_hex: hex(&input.name),
            dangerous: dangerous(&input.name),
            contexts: lines,
            chain: None,
            values: input
                .value
                .as_ref()
                .map(|value| value::check(&input.name, value, contexts, limits)),
            bytes: input.name.clone(),
        }
    }

    /// Whether any context's verdict, or the chain's, or the value's, is one of these.
    #[must_use]
    pub fn fails(&self, on: &[Verdict], counts: &dyn Fn(&Context) -> bool) -> bool {
        let contexts = self.contexts.iter();
        let mut contexts = contexts.filter(|line| counts(&line.context));
        let chain = self.chain.iter().flat_map(|chain| &chain.links);
        let values = self.values.iter().flatten();
        contexts.any(|line| on.contains(&line.verdict))
            || chain.into_iter().any(|link| on.contains(&link.verdict))
            || values
                .into_iter()
                .any(|finding| on.contains(&finding.verdict) && counts(&finding.context))
    }

    /// The first byte for which any context loses the name.
    #[must_use]
    pub fn first_position(&self) -> Option<usize> {
        let lost = |line: &&Line| matches!(line.verdict, Verdict::Rejected | Verdict::Dropped);
        self.contexts.iter().filter(lost).filter_map(|line| line.position).min()
    }
}

/// Hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Names of which several would become the same, by the suggestions for them: that name, and theirs.
/// Each such suggestion says so as its caveat.
pub fn name_collisions(reports: &mut [&mut Report]) -> Vec<(String, Vec<Vec<u8>>)> {
    let names = reports.iter().map(|report| {
        let suggestions = report.contexts.iter().filter_map(|line| line.suggest.clone());
        (report.bytes.clone(), suggestions.collect())
    });
    let found = collisions(names.collect());
    for report in reports {
        for line in &mut report.contexts {
            if let Some(text) = line.suggest.as_ref().and_then(|name| caveat(&found, name)) {
                line.caveat = Some(text);
            }
        }
    }
    found
}

type Collisions = Vec<(String, Vec<Vec<u8>>)>;

/// The collisions of names with what is suggested for each.
pub(crate) fn collisions(names: Vec<(Vec<u8>, BTreeSet<String>)>) -> Collisions {
    let mut by_name: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (name, suggestions) in &names {
        for suggestion in suggestions {
            by_name.entry(suggestion.clone()).or_default().insert(name.clone());
        }
    }
    // A name that is there already counts too.
    for (name, _) in names {
        if let Some(others) = str::from_utf8(&name).ok().and_then(|text| by_name.get_mut(text)) {
            others.insert(name);
        }
    }
    let several = by_name.into_iter().filter(|(_, names)| names.len() > 1);
    several.map(|(name, names)| (name, names.into_iter().collect())).collect()
}

/// What to know of a suggestion that others have too.
pub(crate) fn caveat(collisions: &Collisions, suggestion: &str) -> Option<String> {
    let at = collisions.binary_search_by(|(name, _)| name.as_str().cmp(suggestion)).ok()?;
    let names = &collisions[at].1;
    let names: Vec<String> = names.iter().map(|name| escape(name)).collect();
    Some(format!("{} would be one variable, {suggestion}", names.join(" and ")))
}

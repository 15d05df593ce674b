//! The line of a report: what one context does with a name.

use serde::Serialize;

use crate::rule::Answer;
use crate::select::Context;
use crate::suggest::suggest;
use crate::verdict::Verdict;

/// What one context does with a name.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The context's id, as asked.
    pub id: String,
    /// What becomes of the name.
    pub verdict: Verdict,
    /// Offset of the first byte to blame.
    pub position: Option<usize>,
    /// The tool's own text, or ours.
    pub message: Option<String>,
    /// The name that arrives instead.
    pub becomes: Option<String>,
    /// Another name that would do.
    pub suggest: Option<String>,
    /// What to know besides.
    pub caveat: Option<String>,
    /// Whether a script ends with it; nothing where that is no question.
    pub fatal: Option<bool>,
    /// The rule in words.
    pub rule: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// The versions it is known of.
    pub versions: &'static str,
    /// The context.
    #[serde(skip)]
    pub context: Context,
    /// What a name has to look like there, if that is what it does not.
    #[serde(skip)]
    pub wanted: Option<&'static str>,
    /// Whether it happens to every name.
    #[serde(skip)]
    pub always: bool,
    /// Whether it is the worst of several possibilities.
    #[serde(skip)]
    pub unsure: bool,
}

impl Line {
    pub(crate) fn new(context: &Context, name: &[u8], value: &[u8]) -> Self {
        let rule = context.rule;
        let Answer { verdict, position, message, becomes, fatal, caveat, wanted, always } =
            rule.check(name, value);
        let other = suggest(rule, name, verdict);
        let (suggest, of_suggestion) = match other {
            Some((text, caveat)) => (Some(text), caveat),
            None => (None, None),
        };
        // A rename is no repair by itself.
        let rename = (suggest.is_some() && verdict != Verdict::Ok)
            .then_some("another name is another variable: the program has to look for it");
        let caveat = of_suggestion.or(caveat).or(rename).map(str::to_owned);
        Self {
            id: context.id.clone(),
            verdict,
            position,
            message,
            becomes: becomes.map(|name| shown(&name)),
            suggest,
            caveat,
            fatal,
            rule: rule.words,
            source: rule.source,
            versions: rule.versions,
            context: context.clone(),
            wanted,
            always,
            unsure: false,
        }
    }
}

/// A name as text; bytes that are none become U+FFFD.
pub(crate) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

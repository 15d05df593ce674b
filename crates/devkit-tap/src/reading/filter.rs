//! Which requests are to be shown, said as one says it to kubectl: `get pods -n kube-system`.

#[cfg(test)]
mod tests;

use devkit_text::{escape, nearest};

use super::words::{Patch, RequestInfo, Resource, Scope, Subject, Verb, builtin};

/// Requests that are wanted: `[VERB] [RESOURCE [NAME]] [-n NAMESPACE]`.
///
/// - A verb is kubectl's (`get`, `apply`, `logs`), the API server's (`list`, `update`) or a method
///   (`POST`). `get` is also each list and watch. `apply` is what `kubectl apply` changes:
///   server-side, or in the name of `kubectl-client-side-apply`. Without a subresource, verbs other
///   than their own leave out `log`, `exec`, `attach` and `portforward`: those are GET or POST by
///   accident.
/// - A resource is a plural, singular or short name, in any group or in that of
///   `deployments.apps`, `deployments.v1.apps`; then `/NAME` and `/SUBRESOURCE`. After `logs`,
///   `exec`, `attach` and `port-forward` a word that is no resource is a pod's name.
/// - A path (`/version`, `get /apis`) stands for itself and all below it, where it is no resource.
///   Any other filter wants a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    verb: Option<VerbFilter>,
    what: What,
    namespace: Option<String>,
}

/// Why words are no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There are none.
    #[error("a filter needs a verb or a resource")]
    Empty,
    /// Two words, of which the first had to be a verb.
    #[error("`{word}` is no verb")]
    NotAVerb {
        /// The first word.
        word: String,
        /// Verbs that may have been meant.
        nearest: Vec<String>,
    },
    /// More than a verb, a resource and a name.
    #[error("`{word}` is one word too many")]
    TooMany {
        /// The first that is.
        word: String,
    },
    /// Nothing but `-n` is known.
    #[error("a filter has no option `{option}`")]
    UnknownOption {
        /// The option as it was written.
        option: String,
    },
    /// `-n` at the end, or twice.
    #[error("-n needs one namespace")]
    Namespace,
    /// A path with `-n`, or after a verb that wants a pod.
    #[error("`{word}` is no resource: it has neither namespace nor log")]
    NotForPaths {
        /// The path.
        word: String,
    },
    /// A part of it is empty: `pods/`.
    #[error("`{word}` is no RESOURCE[.GROUP][/NAME[/SUBRESOURCE]]")]
    NotAResource {
        /// The word as it was written.
        word: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VerbFilter {
    Get,
    List,
    Watch,
    Create,
    Apply,
    Patch,
    Update,
    Delete,
    /// Whatever is done with this subresource.
    Of(&'static str),
}

/// Word, what it means.
const VERBS: &[(&str, VerbFilter)] = &[
    ("get", VerbFilter::Get),
    ("list", VerbFilter::List),
    ("watch", VerbFilter::Watch),
    ("create", VerbFilter::Create),
    ("post", VerbFilter::Create),
    ("apply", VerbFilter::Apply),
    ("patch", VerbFilter::Patch),
    ("replace", VerbFilter::Update),
    ("update", VerbFilter::Update),
    ("put", VerbFilter::Update),
    ("delete", VerbFilter::Delete),
    ("logs", VerbFilter::Of("log")),
    ("log", VerbFilter::Of("log")),
    ("exec", VerbFilter::Of("exec")),
    ("attach", VerbFilter::Of("attach")),
    ("port-forward", VerbFilter::Of("portforward")),
    ("portforward", VerbFilter::Of("portforward")),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    AnyResource,
    Resource(Pattern),
    /// Without the slash at its end.
    Path(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pattern {
    /// The plurals that the word may stand for; none stands for all.
    resource: Vec<String>,
    /// `apps`, or `v1.apps`.
    group: Option<String>,
    name: Option<String>,
    subresource: Option<String>,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    ///
    /// [`FilterError`], for words that would never match: a filter that hides everything looks
    /// like a proxy that does not work.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let (words, namespace) = split(text)?;
        let (verb, words) = match words.as_slice() {
            [] if namespace.is_none() => return Err(FilterError::Empty),
            [] => (None, &[][..]),
            [first, rest @ ..] => match verb(first) {
                Some(verb) => (Some(verb), rest),
                None if rest.is_empty() => (None, &words[..]),
                None => return Err(not_a_verb(first)),
            },
        };
        let (what, name) = match words {
            [] => (What::AnyResource, None),
            [what] => (what_of(verb, what)?, None),
            [what, name] => (what_of(verb, what)?, Some(*name)),
            [_, _, word, ..] => return Err(too_many(word)),
        };
        let what = match (what, name) {
            (what, None) => what,
            (What::Resource(pattern), Some(name)) if pattern.name.is_none() => {
                What::Resource(Pattern { name: Some(name.to_owned()), ..pattern })
            }
            (_, Some(name)) => return Err(too_many(name)),
        };
        if let What::Path(path) = &what
            && (namespace.is_some() || matches!(verb, Some(VerbFilter::Of(_))))
        {
            return Err(FilterError::NotForPaths { word: shown(path) });
        }
        Ok(Self { verb, what, namespace })
    }

    /// Whether a request is wanted.
    #[must_use]
    pub fn matches(&self, asked: &RequestInfo) -> bool {
        match (&self.what, &asked.subject) {
            (What::Path(wanted), Subject::Path(path) | Subject::Discovery(path)) => {
                self.verb.is_none_or(|verb| verb.is_of(asked)) && below(wanted, path)
            }
            (What::AnyResource, Subject::Resource(resource)) => {
                self.verb_and_place_match(asked, resource, None)
            }
            (What::Resource(pattern), Subject::Resource(resource)) => {
                pattern.matches(asked, resource)
                    && self.verb_and_place_match(asked, resource, pattern.subresource.as_deref())
            }
            _ => false,
        }
    }

    /// Whether any of the filters wants a request. Without a filter all are wanted.
    #[must_use]
    pub fn any(filters: &[Self], asked: &RequestInfo) -> bool {
        filters.is_empty() || filters.iter().any(|filter| filter.matches(asked))
    }

    fn verb_and_place_match(
        &self,
        asked: &RequestInfo,
        resource: &Resource,
        subresource: Option<&str>,
    ) -> bool {
        let verb = match (self.verb, resource.subresource.as_deref()) {
            (None, _) => true,
            (Some(VerbFilter::Of(wanted)), found) => found == Some(wanted),
            (Some(_), Some("log" | "exec" | "attach" | "portforward")) if subresource.is_none() => {
                false
            }
            (Some(verb), _) => verb.is_of(asked),
        };
        let place = self.namespace.as_ref().is_none_or(
            |wanted| matches!(&resource.scope, Scope::Namespace(namespace) if namespace == wanted),
        );
        verb && place
    }
}

impl VerbFilter {
    fn is_of(self, asked: &RequestInfo) -> bool {
        match self {
            Self::Get => matches!(asked.verb, Verb::Get | Verb::List | Verb::Watch),
            Self::List => asked.verb == Verb::List,
            Self::Watch => asked.verb == Verb::Watch,
            Self::Create => asked.verb == Verb::Create,
            Self::Apply => is_apply(asked),
            Self::Patch => asked.verb == Verb::Patch,
            Self::Update => asked.verb == Verb::Update,
            Self::Delete => matches!(asked.verb, Verb::Delete | Verb::DeleteCollection),
            Self::Of(_) => false,
        }
    }
}

fn is_apply(asked: &RequestInfo) -> bool {
    let by_client = asked.field_manager.as_deref() == Some("kubectl-client-side-apply");
    let by_server = asked.patch == Some(Patch::Apply);
    by_server || by_client && matches!(asked.verb, Verb::Create | Verb::Patch | Verb::Update)
}

impl Pattern {
    /// Reads `deployments.apps/web/scale`.
    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split('/');
        let resource = parts.next()?;
        let name = parts.next();
        let subresource = parts.next();
        let more = parts.next();
        if more.is_some() || [name, subresource].contains(&Some("")) {
            return None;
        }
        let (resource, group) = match resource.split_once('.') {
            None => (resource, None),
            Some((resource, group)) => (resource, Some(group.to_ascii_lowercase())),
        };
        if resource.is_empty() || group.as_deref() == Some("") {
            return None;
        }
        Some(Self {
            resource: plurals(&resource.to_ascii_lowercase()),
            group,
            name: name.map(str::to_owned),
            subresource: subresource.map(str::to_owned),
        })
    }

    fn matches(&self, asked: &RequestInfo, found: &Resource) -> bool {
        let resource = self.resource.is_empty() || self.resource.contains(&found.resource);
        let group = self.group.as_ref().is_none_or(|group| {
            *group == found.group || *group == format!("{}.{}", found.version, found.group)
        });
        // kubectl watches a single object by a list with its name as the selector.
        let selected = || asked.field_selector.as_ref()?.strip_prefix("metadata.name=");
        let name = self.name.as_deref();
        let name = name.is_none_or(|name| found.name.as_deref().or_else(selected) == Some(name));
        let subresource = self.subresource.is_none() || self.subresource == found.subresource;
        resource && group && name && subresource
    }
}

/// The words without the option, and the option's value.
fn split(text: &str) -> Result<(Vec<&str>, Option<String>), FilterError> {
    let mut words = Vec::new();
    let mut namespace = None;
    let mut rest = text.split_whitespace();
    while let Some(word) = rest.next() {
        let value = match word.strip_prefix('-') {
            None => {
                words.push(word);
                continue;
            }
            Some("n" | "-namespace") => rest.next(),
            Some(option) => {
                let value = option.strip_prefix("-namespace=");
                let short = || option.strip_prefix('n').map(|value| value.trim_start_matches('='));
                let unknown = || FilterError::UnknownOption { option: shown(word) };
                Some(value.or_else(short).ok_or_else(unknown)?)
            }
        };
        let value = value.filter(|value| !value.is_empty() && !value.starts_with('-'));
        let value = value.ok_or(FilterError::Namespace)?;
        if namespace.replace(value.to_owned()).is_some() {
            return Err(FilterError::Namespace);
        }
    }
    Ok((words, namespace))
}

fn verb(word: &str) -> Option<VerbFilter> {
    let mut named = VERBS.iter().filter(|(verb, _)| verb.eq_ignore_ascii_case(word));
    named.next().map(|(_, wanted)| *wanted)
}

fn what_of(verb: Option<VerbFilter>, word: &str) -> Result<What, FilterError> {
    if word.starts_with('/') {
        return Ok(What::Path(word.trim_end_matches('/').to_owned()));
    }
    let known = || builtin::plural(&word.to_ascii_lowercase()).is_some();
    if matches!(verb, Some(VerbFilter::Of(_))) && !word.contains('/') && !known() {
        let name = Some(word.to_owned());
        let resource = vec!["pods".to_owned()];
        return Ok(What::Resource(Pattern { resource, name, ..Pattern::default() }));
    }
    let pattern = Pattern::parse(word);
    pattern.map(What::Resource).ok_or_else(|| FilterError::NotAResource { word: shown(word) })
}

/// What a resource's name may stand for. The plural of one that is not built in is a guess: only
/// the API server knows.
fn plurals(name: &str) -> Vec<String> {
    if let Some(plural) = builtin::plural(name) {
        return vec![plural.to_owned()];
    }
    let mut plurals = vec![name.to_owned(), format!("{name}s"), format!("{name}es")];
    plurals.extend(name.strip_suffix('y').map(|stem| format!("{stem}ies")));
    plurals
}

fn below(wanted: &str, path: &str) -> bool {
    let rest = path.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn not_a_verb(word: &str) -> FilterError {
    let nearest = nearest(word, VERBS.iter().map(|(verb, _)| *verb));
    FilterError::NotAVerb { word: shown(word), nearest }
}

fn too_many(word: &str) -> FilterError {
    FilterError::TooMany { word: shown(word) }
}

fn shown(word: &str) -> String {
    escape(word.as_bytes())
}

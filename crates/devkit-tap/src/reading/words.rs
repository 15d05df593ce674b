//! Says what a request asks for in kubectl's words: nobody reads paths, and every path has its words.

pub(crate) mod builtin;
#[cfg(test)]
mod tests;

use std::fmt;

use devkit_text::escape;

use crate::percent::{Plus, decode};
use builtin::ResourceScope;

/// What a request asks for. Every text in it is percent-decoded and fit to be shown.
///
/// Its `Display` is one line: `GET pods/web-1 -n default`.
///
/// Rule: the API server's `RequestInfo`, which decodes the path before it splits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestInfo {
    /// `GET`.
    pub method: String,
    /// What the API server calls it.
    pub verb: Verb,
    /// What it is about.
    pub subject: Subject,
    /// `app=x`.
    pub label_selector: Option<String>,
    /// `metadata.name=web-1`.
    pub field_selector: Option<String>,
    /// Who says that it changes something: `kubectl-client-side-apply`.
    pub field_manager: Option<String>,
    /// Whether nothing is to be kept of it.
    pub dry_run: bool,
    /// The kind of patch, once [`RequestInfo::sent_as`] was told.
    pub patch: Option<Patch>,
}

/// The API server's word for what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reading an object, or a path that is no resource.
    Get,
    /// Reading all objects, or those that a selector finds.
    List,
    /// Following the changes of objects.
    Watch,
    /// `POST`.
    Create,
    /// `PUT`.
    Update,
    /// `PATCH`.
    Patch,
    /// `DELETE` of one object.
    Delete,
    /// `DELETE` of all objects, or those that a selector finds.
    DeleteCollection,
    /// A method that the API server has no verb for.
    Other,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Objects.
    Resource(Resource),
    /// What there is: a path below `/api`, `/apis` or `/openapi`.
    Discovery(String),
    /// Any other path: `/version`.
    Path(String),
}

/// Subjects by how much they matter to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectClass {
    /// Objects.
    Resource,
    /// What kubectl asks before it can ask anything else.
    Discovery,
    /// The rest: versions, health, metrics.
    Other,
}

/// An object, or all objects of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `apps`; empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// In the plural: `deployments`.
    pub resource: String,
    /// The object's name.
    pub name: Option<String>,
    /// `log`, or `proxy`.
    pub subresource: Option<String>,
    /// The path behind the subresource, as `proxy` has it.
    pub rest: Option<String>,
    /// Where the objects are.
    pub scope: Scope,
}

/// Where objects are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespace(String),
    /// In all of them.
    AllNamespaces,
    /// In none: nodes, namespaces.
    Cluster,
    /// In none or in all: without a namespace in the path, only discovery could tell.
    Unknown,
}

/// How a patch is to be read, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patch {
    /// A list of operations, RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Lists are merged too.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl RequestInfo {
    /// Reads a request's method and target (path and query, without an upstream's path prefix).
    #[must_use]
    pub fn of(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = decode(path, Plus::Plus);
        let (mut subject, watched) = match resource(&path) {
            Some((resource, watched)) => (Subject::Resource(resource), watched),
            None => (no_resource(&path), false),
        };
        let parameter = |name| match subject {
            Subject::Resource(_) => parameter(query, name),
            _ => None,
        };
        // A single object is not watched by its path, unless in the path's old form.
        let watched = watched
            || is_of_many(&subject) && parameter("watch").is_some_and(|value| is_true(&value));
        let label_selector = parameter("labelSelector").filter(|value| !value.is_empty());
        let field_selector = parameter("fieldSelector").filter(|value| !value.is_empty());
        let field_manager = parameter("fieldManager").filter(|value| !value.is_empty());
        let dry_run = parameter("dryRun").is_some_and(|value| value == "All");
        let verb = verb(method, &subject, watched);
        if let Subject::Resource(resource) = &mut subject {
            resource.place(verb);
        }
        Self {
            method: escape(method.as_bytes()),
            verb,
            subject,
            label_selector,
            field_selector,
            field_manager,
            dry_run,
            patch: None,
        }
    }

    /// Adds what the `Content-Type` says of a patch; of anything else it says nothing.
    #[must_use]
    pub fn sent_as(mut self, content_type: Option<&str>) -> Self {
        if self.verb == Verb::Patch {
            self.patch = content_type.and_then(Patch::of);
        }
        self
    }

    /// How much it matters to a reader.
    #[must_use]
    pub fn class(&self) -> SubjectClass {
        match self.subject {
            Subject::Resource(_) => SubjectClass::Resource,
            Subject::Discovery(_) => SubjectClass::Discovery,
            Subject::Path(_) => SubjectClass::Other,
        }
    }
}

impl Patch {
    /// The kind that a `Content-Type` stands for.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            "application/apply-patch+yaml" | "application/apply-patch+cbor" => Some(Self::Apply),
            _ => None,
        }
    }
}

/// The resource that a path names, and whether it is watched by the path's old form
/// (`/api/v1/watch/pods`).
fn resource(path: &[u8]) -> Option<(Resource, bool)> {
    let parts = parts(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", version, rest),
        ["apis", group, version, rest @ ..] if !group.is_empty() => (*group, version, rest),
        _ => return None,
    };
    let (watched, rest) = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => (true, rest),
        _ => (false, rest),
    };
    let (namespace, rest) = match rest {
        ["namespaces", _, "status" | "finalize", ..] => (None, rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        _ => (None, rest),
    };
    let (resource, name) = (*rest.first()?, rest.get(1).copied());
    let subresource = rest.get(2).copied();
    let named = [Some(*version), namespace, Some(resource), name, subresource];
    if named.into_iter().flatten().any(str::is_empty) {
        return None;
    }
    let rest = rest.get(3..).filter(|rest| !rest.is_empty()).map(|rest| rest.join("/"));
    let resource = Resource {
        group: group.to_owned(),
        version: (*version).to_owned(),
        resource: resource.to_owned(),
        name: name.map(str::to_owned),
        subresource: subresource.map(str::to_owned),
        rest,
        scope: namespace.map_or(Scope::Unknown, |name| Scope::Namespace(name.to_owned())),
    };
    Some((resource, watched))
}

fn no_resource(path: &[u8]) -> Subject {
    let parts = parts(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let shown = escape(path);
    match parts.as_slice() {
        // A path that has an empty part is nothing that kubectl would ask.
        ["api" | "apis" | "openapi", rest @ ..] if !rest.contains(&"") => Subject::Discovery(shown),
        _ => Subject::Path(shown),
    }
}

fn parts(path: &[u8]) -> Vec<String> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    path.split(|byte| *byte == b'/').map(escape).collect()
}

fn verb(method: &str, subject: &Subject, watched: bool) -> Verb {
    match method {
        "GET" | "HEAD" if watched => Verb::Watch,
        "GET" | "HEAD" if is_of_many(subject) => Verb::List,
        "GET" | "HEAD" => Verb::Get,
        "POST" => Verb::Create,
        "PUT" => Verb::Update,
        "PATCH" => Verb::Patch,
        "DELETE" if is_of_many(subject) => Verb::DeleteCollection,
        "DELETE" => Verb::Delete,
        _ => Verb::Other,
    }
}

fn is_of_many(subject: &Subject) -> bool {
    matches!(subject, Subject::Resource(Resource { name: None, .. }))
}

impl Resource {
    /// Says where the objects are, if the path names no namespace.
    fn place(&mut self, verb: Verb) {
        let of_many = matches!(verb, Verb::List | Verb::Watch | Verb::DeleteCollection);
        match builtin::home(&self.group, &self.resource) {
            _ if self.scope != Scope::Unknown => {}
            Some(ResourceScope::Cluster) => self.scope = Scope::Cluster,
            Some(ResourceScope::Namespace) if of_many => self.scope = Scope::AllNamespaces,
            // An object that lives in a namespace is nowhere else: the server will say so.
            Some(ResourceScope::Namespace) | None => {}
        }
    }
}

/// The first parameter of that name, which is the one that counts.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut named = pairs.filter(|(key, _)| decode(key, Plus::Space) == name.as_bytes());
    named.next().map(|(_, value)| escape(&decode(value, Plus::Space)))
}

/// Whether a flag is on, as the API server reads it: `?watch` alone is true.
fn is_true(value: &str) -> bool {
    !(value == "0" || value.eq_ignore_ascii_case("false"))
}

impl fmt::Display for RequestInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if self.verb == Verb::Watch { "WATCH" } else { &self.method };
        write!(f, "{} ", Word(method))?;
        match &self.subject {
            Subject::Resource(resource) => write!(f, "{resource}")?,
            Subject::Discovery(path) | Subject::Path(path) => write!(f, "{}", Word(path))?,
        }
        if let Some(labels) = &self.label_selector {
            write!(f, " -l {}", Word(labels))?;
        }
        if let Some(fields) = &self.field_selector {
            write!(f, " --field-selector {}", Word(fields))?;
        }
        let selected = self.label_selector.is_some() || self.field_selector.is_some();
        if self.verb == Verb::DeleteCollection && !selected {
            f.write_str(" --all")?;
        }
        match self.patch {
            None => {}
            Some(Patch::Json) => f.write_str(" --type=json")?,
            Some(Patch::Merge) => f.write_str(" --type=merge")?,
            Some(Patch::Strategic) => f.write_str(" --type=strategic")?,
            Some(Patch::Apply) => f.write_str(" --server-side")?,
        }
        if self.dry_run {
            f.write_str(" --dry-run=server")?;
        }
        Ok(())
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut what = self.resource.clone();
        if !self.group.is_empty() {
            what = what + "." + &self.group;
        }
        for part in [&self.name, &self.subresource, &self.rest].into_iter().flatten() {
            what = what + "/" + part;
        }
        write!(f, "{}", Word(&what))?;
        match &self.scope {
            Scope::Namespace(namespace) => write!(f, " -n {}", Word(namespace)),
            Scope::AllNamespaces => f.write_str(" -A"),
            Scope::Cluster | Scope::Unknown => Ok(()),
        }
    }
}

/// A word of the line, quoted as for a shell where it needs to be: no name may look like the
/// words around it.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+".contains(c);
        if !self.0.is_empty() && self.0.chars().all(plain) {
            return f.write_str(self.0);
        }
        write!(f, "'{}'", self.0.replace('\'', r"'\''"))
    }
}

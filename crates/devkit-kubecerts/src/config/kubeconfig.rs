//! A kubeconfig file, read with the types of client-go's `clientcmd/api/v1`.
//!
//! Like there, names of fields are case-sensitive, `null` stands for nothing, a field that is not
//! known is left out, and a value of another type fails the whole file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use devkit_report::{Finding, Place, Position, message};
use devkit_yaml::{KeyValue, Mark, Node, Numeric, Value, YamlError, first_document};

use crate::address::without_password;
use crate::auth::Auth;
use crate::base64;
use crate::error::{Error, Named};
use crate::secret::{Secret, safe_place, told};
use crate::warning::{Code, found};

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Kubeconfig {
    pub(crate) current_context: String,
    pub(crate) contexts: Vec<Entry<Context>>,
    pub(crate) clusters: Vec<Entry<Cluster>>,
    pub(crate) users: Vec<Entry<User>>,
    /// What concerns the file as a whole.
    pub(crate) warnings: Vec<Finding>,
}

/// A named context, cluster or user.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) value: T,
    /// What concerns this entry alone.
    pub(crate) warnings: Vec<Finding>,
}

#[derive(Debug, Default)]
pub(crate) struct Context {
    pub(crate) cluster: String,
    pub(crate) user: String,
    pub(crate) namespace: String,
}

/// The extension of a cluster that credential plugins are told
/// (client-go `tools/clientcmd/api/helpers.go`).
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

#[derive(Default)]
pub(crate) struct Cluster {
    pub(crate) server: String,
    pub(crate) tls_server_name: String,
    pub(crate) insecure_skip_tls_verify: bool,
    pub(crate) proxy_url: String,
    pub(crate) disable_compression: bool,
    pub(crate) ca: PartSource,
    /// The extension for credential plugins.
    pub(crate) exec_config: Option<serde_json::Value>,
}

#[derive(Debug, Default)]
pub(crate) struct User {
    pub(crate) certificate: PartSource,
    pub(crate) key: PartSource,
    pub(crate) token: Option<Secret>,
    pub(crate) token_file: Option<(String, Named)>,
    pub(crate) username: String,
    pub(crate) password: Option<Secret>,
    pub(crate) impersonation: Impersonation,
    pub(crate) exec: Option<Exec>,
    pub(crate) auth_provider: Option<String>,
}

/// Whom requests are made as: `as` and its details.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impersonation {
    /// `as`; empty where nobody is impersonated.
    pub user: String,
    /// `as-uid`; may be empty.
    pub uid: String,
    /// `as-groups`.
    pub groups: Vec<String>,
    /// `as-user-extra`.
    pub extra: Vec<(String, Vec<String>)>,
}

impl Impersonation {
    /// Whether more is said of somebody: a uid, groups, extra.
    pub(crate) fn has_details(&self) -> bool {
        !self.uid.is_empty() || !self.groups.is_empty() || !self.extra.is_empty()
    }
}

/// A command that gets a credential. Never run here.
#[derive(Clone, Default)]
pub struct Exec {
    /// The program's name or path, as written.
    pub command: String,
    /// `client.authentication.k8s.io/v1` or another.
    pub api_version: String,
    /// What it is given.
    pub arguments: Vec<String>,
    /// What is added to its environment. A value can be a secret.
    pub variables: Vec<(String, Secret)>,
    /// `Never`, `IfAvailable`, `Always`, or nothing.
    pub interactive_mode: String,
    /// What to do where it is missing; may be empty.
    pub install_hint: String,
    /// Whether it is told which cluster it is for.
    pub provide_cluster_info: bool,
    /// What it is told of the cluster then, besides how to reach it: the cluster's extension
    /// `client.authentication.k8s.io/exec`.
    pub cluster_config: Option<serde_json::Value>,
}

// By hand: arguments and URLs can hold passwords.
impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec").field("command", &told(&self.command)).finish_non_exhaustive()
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = told(&without_password(&self.server));
        f.debug_struct("Cluster").field("server", &server).finish_non_exhaustive()
    }
}

/// Where the bytes of a certificate or key are: a file, the field itself, or (an error) both.
#[derive(Debug, Default)]
pub(crate) struct PartSource {
    pub(crate) file: Option<(String, Named)>,
    pub(crate) data: Option<(Secret, Place)>,
}

impl User {
    /// All ways that it has.
    pub(crate) fn auth(&self) -> Vec<Auth> {
        let all = [
            (self.certificate.is_some(), Auth::ClientCertificate),
            (self.token.is_some(), Auth::Token),
            (self.token_file.is_some(), Auth::TokenFile),
            (!self.username.is_empty() || self.password.is_some(), Auth::Basic),
            (self.exec.is_some(), Auth::Exec),
            (self.auth_provider.is_some(), Auth::AuthProvider),
        ];
        all.into_iter().filter_map(|(has, auth)| has.then_some(auth)).collect()
    }
}

impl PartSource {
    pub(crate) fn is_some(&self) -> bool {
        self.file.is_some() || self.data.is_some()
    }

    /// Where the field is that names the file or holds the bytes.
    pub(crate) fn place(&self) -> Option<&Place> {
        let of_file = self.file.as_ref().map(|(_, named)| &named.place);
        of_file.or(self.data.as_ref().map(|(_, place)| place))
    }
}

/// Reads a file's bytes.
pub(crate) fn parse(file: &Arc<Path>, bytes: &[u8]) -> Result<Kubeconfig, Error> {
    let document = first_document(bytes).map_err(|error| {
        let place = place_of(file, error.at());
        match error {
            YamlError::AliasBomb { .. } => Error::AliasBomb { place },
            other => Error::Syntax { place, why: other.to_string() },
        }
    })?;
    let mut reader = Reader { file, warnings: Vec::new() };
    for doubled in document.duplicate_keys {
        let message = message!(
            "'{}' is given twice in one mapping, again here; the last one counts",
            told(&doubled.key)
        );
        let place = place_of(file, doubled.at);
        reader.warnings.push(found(Code::DuplicateKey, message).at(safe_place(&place)));
    }
    if let Some(at) = document.more_documents {
        let message = message!("what follows is another document, which kubectl ignores");
        let place = place_of(file, at);
        reader.warnings.push(found(Code::ExtraDocumentsIgnored, message).at(safe_place(&place)));
    }
    let mut config = Kubeconfig {
        current_context: String::new(),
        contexts: Vec::new(),
        clusters: Vec::new(),
        users: Vec::new(),
        warnings: Vec::new(),
    };
    if let Some(root) = document.root {
        reader.config(&root, &mut config)?;
    }
    config.warnings = reader.warnings;
    Ok(config)
}

struct Reader<'a> {
    file: &'a Arc<Path>,
    /// Warnings of the entry that is being read, or of the file.
    warnings: Vec<Finding>,
}

impl Reader<'_> {
    fn config(&mut self, root: &Node, config: &mut Kubeconfig) -> Result<(), Error> {
        let (mut kind, mut api_version) = (String::new(), String::new());
        for (key, node) in self.fields(root, "the document")? {
            match &*key {
                "kind" => kind = self.string(node, &key)?,
                "apiVersion" => api_version = self.string(node, &key)?,
                "current-context" => config.current_context = self.string(node, &key)?,
                "preferences" => self.preferences(node)?,
                "extensions" => drop(self.extensions(node)?),
                "contexts" => {
                    config.contexts = self.entries(node, &key, "context", Self::context)?;
                }
                "clusters" => {
                    config.clusters = self.entries(node, &key, "cluster", Self::cluster)?;
                }
                "users" => config.users = self.entries(node, &key, "user", Self::user)?,
                _ => self.unknown(&key, node, "the file"),
            }
        }
        let known = matches!(&*kind, "" | "Config") && matches!(&*api_version, "" | "v1");
        if known {
            return Ok(());
        }
        let or = |text: &str, default: &str| {
            if text.is_empty() { default.into() } else { told(text) }
        };
        Err(Error::WrongKind {
            place: self.place(root.at),
            kind: or(&kind, "Config"),
            api_version: or(&api_version, "v1"),
        })
    }

    /// A list of `{name, <kind>}`.
    fn entries<T: Default>(
        &mut self,
        list: &Node,
        field: &str,
        kind: &'static str,
        read: impl Fn(&mut Self, &Node, &str) -> Result<T, Error>,
    ) -> Result<Vec<Entry<T>>, Error> {
        let mut entries = Vec::new();
        let mut names = HashSet::new();
        let of_file = std::mem::take(&mut self.warnings);
        for item in self.list(list, field)? {
            let mut name = String::new();
            let mut value = None;
            let fields = self.fields(item, kind)?;
            for (key, node) in &fields {
                match &**key {
                    "name" => name = self.string(node, key)?,
                    key if key == kind => value = Some(*node),
                    _ => self.unknown(key, node, &format!("an item of {field}")),
                }
            }
            let owner = format!("{kind} '{}'", told(&name));
            let value = match value {
                Some(node) => read(self, node, &owner)?,
                None => T::default(),
            };
            if !names.insert(name.clone()) {
                let name = told(&name);
                return Err(Error::DuplicateName { place: self.place(item.at), kind, name });
            }
            let warnings = std::mem::take(&mut self.warnings);
            entries.push(Entry { name, place: self.place(item.at), value, warnings });
        }
        self.warnings = of_file;
        Ok(entries)
    }

    fn context(&mut self, node: &Node, owner: &str) -> Result<Context, Error> {
        let mut context = Context::default();
        for (key, node) in self.fields(node, owner)? {
            match &*key {
                "cluster" => context.cluster = self.string(node, &key)?,
                "user" => context.user = self.string(node, &key)?,
                "namespace" => context.namespace = self.string(node, &key)?,
                "extensions" => drop(self.extensions(node)?),
                _ => self.unknown(&key, node, owner),
            }
        }
        Ok(context)
    }

    fn cluster(&mut self, node: &Node, owner: &str) -> Result<Cluster, Error> {
        let mut cluster = Cluster::default();
        for (key, node) in self.fields(node, owner)? {
            match &*key {
                "server" => cluster.server = self.string(node, &key)?,
                "tls-server-name" => cluster.tls_server_name = self.string(node, &key)?,
                "insecure-skip-tls-verify" => {
                    cluster.insecure_skip_tls_verify = self.boolean(node, &key)?;
                }
                "certificate-authority" => {
                    cluster.ca.file = self.file(node, "certificate-authority", owner)?;
                }
                "certificate-authority-data" => {
                    cluster.ca.data = self.data(node, "certificate-authority-data", owner)?;
                }
                "proxy-url" => cluster.proxy_url = self.string(node, &key)?,
                "disable-compression" => cluster.disable_compression = self.boolean(node, &key)?,
                "extensions" => {
                    let extensions = self.extensions(node)?;
                    cluster.exec_config = extensions.get(EXEC_EXTENSION).map(|node| json(node));
                }
                _ => self.unknown(&key, node, owner),
            }
        }
        Ok(cluster)
    }

    fn user(&mut self, node: &Node, owner: &str) -> Result<User, Error> {
        let mut user = User::default();
        for (key, node) in self.fields(node, owner)? {
            match &*key {
                "client-certificate" => {
                    user.certificate.file = self.file(node, "client-certificate", owner)?;
                }
                "client-certificate-data" => {
                    user.certificate.data = self.data(node, "client-certificate-data", owner)?;
                }
                "client-key" => user.key.file = self.file(node, "client-key", owner)?,
                "client-key-data" => {
                    user.key.data = self.data(node, "client-key-data", owner)?;
                }
                "token" => user.token = self.secret(node, &key)?,
                "tokenFile" => user.token_file = self.file(node, "tokenFile", owner)?,
                "username" => user.username = self.string(node, &key)?,
                "password" => user.password = self.secret(node, &key)?,
                "as" => user.impersonation.user = self.string(node, &key)?,
                "as-uid" => user.impersonation.uid = self.string(node, &key)?,
                "as-groups" => user.impersonation.groups = self.strings(node, &key)?,
                "as-user-extra" => {
                    for (name, node) in self.fields(node, &key)? {
                        let values = self.strings(node, &key)?;
                        user.impersonation.extra.push((name.to_string(), values));
                    }
                }
                "auth-provider" => user.auth_provider = self.auth_provider(node)?,
                "exec" => user.exec = self.exec(node)?,
                "extensions" => drop(self.extensions(node)?),
                _ => self.unknown(&key, node, owner),
            }
        }
        Ok(user)
    }

    fn auth_provider(&mut self, node: &Node) -> Result<Option<String>, Error> {
        if node.is_null() {
            return Ok(None);
        }
        let mut name = String::new();
        for (key, node) in self.fields(node, "auth-provider")? {
            match &*key {
                "name" => name = self.string(node, &key)?,
                "config" => {
                    for (key, node) in self.fields(node, "config of auth-provider")? {
                        self.string(node, &key)?;
                    }
                }
                _ => self.unknown(&key, node, "auth-provider"),
            }
        }
        Ok(Some(name))
    }

    fn exec(&mut self, node: &Node) -> Result<Option<Exec>, Error> {
        if node.is_null() {
            return Ok(None);
        }
        let mut exec = Exec::default();
        for (key, node) in self.fields(node, "exec")? {
            match &*key {
                "command" => exec.command = self.string(node, &key)?,
                "args" => exec.arguments = self.strings(node, &key)?,
                "env" => {
                    for item in self.list(node, "env of exec")? {
                        let mut variable = (String::new(), Secret::new(Vec::new()));
                        for (key, node) in self.fields(item, "an item of env")? {
                            match &*key {
                                "name" => variable.0 = self.string(node, &key)?,
                                "value" => {
                                    variable.1 = Secret::new(self.string(node, &key)?.into_bytes());
                                }
                                _ => self.unknown(&key, node, "env of exec"),
                            }
                        }
                        exec.variables.push(variable);
                    }
                }
                "apiVersion" => exec.api_version = self.string(node, &key)?,
                "interactiveMode" => exec.interactive_mode = self.string(node, &key)?,
                "installHint" => exec.install_hint = self.string(node, &key)?,
                "provideClusterInfo" => exec.provide_cluster_info = self.boolean(node, &key)?,
                _ => self.unknown(&key, node, "exec"),
            }
        }
        Ok(Some(exec))
    }

    fn preferences(&mut self, node: &Node) -> Result<(), Error> {
        for (key, node) in self.fields(node, "preferences")? {
            match &*key {
                "colors" => drop(self.boolean(node, &key)?),
                "extensions" => drop(self.extensions(node)?),
                _ => self.unknown(&key, node, "preferences"),
            }
        }
        Ok(())
    }

    /// A list of `{name, extension}`, of which the latter is anybody's.
    fn extensions<'n>(&mut self, node: &'n Node) -> Result<HashMap<String, &'n Node>, Error> {
        let mut found = HashMap::new();
        for item in self.list(node, "extensions")? {
            let (mut name, mut something) = (String::new(), None);
            for (key, node) in self.fields(item, "an extension")? {
                match &*key {
                    "name" => name = self.string(node, &key)?,
                    "extension" => something = Some(node).filter(|node| !node.is_null()),
                    _ => self.unknown(&key, node, "an item of extensions"),
                }
            }
            if found.contains_key(&name) {
                let name = told(&name);
                let place = self.place(item.at);
                return Err(Error::DuplicateName { place, kind: "extension", name });
            }
            if let Some(node) = something {
                found.insert(name, node);
            }
        }
        Ok(found)
    }

    fn fields<'n>(&self, node: &'n Node, what: &str) -> Result<Vec<(Rc<str>, &'n Node)>, Error> {
        match &node.value {
            Value::Null => Ok(Vec::new()),
            Value::Map(map) => Ok(sorted(map.entries())),
            _ => Err(self.wrong_type(node, what, "a mapping")),
        }
    }

    fn list<'n>(&self, node: &'n Node, what: &str) -> Result<&'n [Node], Error> {
        match &node.value {
            Value::Null => Ok(&[]),
            Value::List(items) => Ok(items),
            _ => Err(self.wrong_type(node, what, "a list")),
        }
    }

    fn string(&self, node: &Node, what: &str) -> Result<String, Error> {
        match &node.value {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.as_str().to_owned()),
            _ => Err(self.wrong_type(node, what, "a string")),
        }
    }

    fn strings(&self, node: &Node, what: &str) -> Result<Vec<String>, Error> {
        self.list(node, what)?.iter().map(|item| self.string(item, what)).collect()
    }

    /// Nothing where it is empty.
    fn secret(&self, node: &Node, what: &str) -> Result<Option<Secret>, Error> {
        let bytes = self.string(node, what)?.into_bytes();
        Ok((!bytes.is_empty()).then(|| Secret::new(bytes)))
    }

    fn boolean(&self, node: &Node, what: &str) -> Result<bool, Error> {
        match node.value {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(value),
            _ => Err(self.wrong_type(node, what, "true or false")),
        }
    }

    fn file(
        &self,
        node: &Node,
        field: &'static str,
        owner: &str,
    ) -> Result<Option<(String, Named)>, Error> {
        let path = self.string(node, field)?;
        Ok((!path.is_empty()).then(|| (path, self.named(node, field, owner))))
    }

    fn data(
        &self,
        node: &Node,
        field: &'static str,
        owner: &str,
    ) -> Result<Option<(Secret, Place)>, Error> {
        let text = match &node.value {
            Value::Null => return Ok(None),
            Value::String(text) => text,
            _ => return Err(self.wrong_type(node, field, "a string")),
        };
        let bytes = base64::decode(text)
            .map_err(|source| Error::BadBase64 { named: self.named(node, field, owner), source })?;
        Ok((!bytes.is_empty()).then(|| (bytes, self.place(node.at))))
    }

    fn named(&self, node: &Node, field: &'static str, owner: &str) -> Named {
        Named { field, owner: owner.into(), place: self.place(node.at) }
    }

    fn unknown(&mut self, key: &str, node: &Node, owner: &str) {
        let message = message!("kubectl knows no field '{}' of {}", told(key), owner);
        let place = safe_place(&self.place(node.at));
        self.warnings.push(found(Code::UnknownField, message).at(place));
    }

    fn wrong_type(&self, node: &Node, field: &str, wanted: &'static str) -> Error {
        let place = self.place(node.at);
        let field = told(field);
        Error::WrongType { place, field, wanted, found: node.value.kind() }
    }

    fn place(&self, at: Mark) -> Place {
        place_of(self.file, at)
    }
}

/// In the order of their names, as the JSON has them that kubectl reads.
fn sorted(entries: &[KeyValue]) -> Vec<(Rc<str>, &Node)> {
    let fields = entries.iter().map(|entry| (Rc::clone(&entry.key), &entry.node));
    let mut fields: Vec<_> = fields.collect();
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    fields
}

/// The value as JSON, which is what others than kubectl get of it.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(Numeric::Int(number)) => (*number).into(),
        Value::Number(Numeric::Unsigned(number)) => (*number).into(),
        Value::Number(Numeric::Float(number)) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Time(text) => text.as_ref().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(map) => {
            // Go writes the fields of a map in the order of their names.
            let entries = map.entries().iter();
            let fields = entries.map(|entry| (entry.key.to_string(), json(&entry.node)));
            fields.collect::<BTreeMap<_, _>>().into_iter().collect()
        }
    }
}

/// The place of a mark in a file.
fn place_of(file: &Arc<Path>, at: Mark) -> Place {
    let position = Position { line: at.line, column: at.column };
    Place::new(Arc::clone(file), position).spanning(at.offset..at.offset)
}

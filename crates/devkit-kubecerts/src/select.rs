//! Which cluster and user a context stands for.

use std::collections::HashMap;

use devkit_text::{escape, nearest};

use crate::error::{Error, Kind, NoCertificate};
use crate::files::Kubeconfig;
use crate::kubeconfig::{Auth, Cluster, Context, Entry, User};

/// What was asked for, by name; nothing of it means the current context.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// Instead of the current context.
    pub context: Option<&'a str>,
    /// Instead of the context's cluster.
    pub cluster: Option<&'a str>,
    /// Instead of the context's user.
    pub user: Option<&'a str>,
}

/// A context with what it stands for. A part that it does not name is missing.
#[derive(Debug, Clone, Copy)]
pub struct Selected<'a> {
    pub(crate) context: Option<&'a Entry<Context>>,
    pub(crate) cluster: Option<&'a Entry<Cluster>>,
    pub(crate) user: Option<&'a Entry<User>>,
}

impl Kubeconfig {
    /// The context that was asked for, or the current one.
    ///
    /// # Errors
    ///
    /// [`Error::NoCurrentContext`], and [`Error::NotFound`] for a name that is not there, be it
    /// asked for or named by the context.
    pub fn select(&self, choice: &Choice<'_>) -> Result<Selected<'_>, Error> {
        let given = |name: Option<&'_ str>| name.filter(|name| !name.is_empty()).map(str::to_owned);
        let current = self.current_context.as_ref().map(|(name, _)| name.clone());
        let context = match given(choice.context).or(current) {
            Some(name) => {
                let found = self.contexts.iter().find(|entry| entry.name == name);
                Some(found.ok_or_else(|| self.not_found(Kind::Context, &name, None))?)
            }
            None if given(choice.cluster).is_some() && given(choice.user).is_some() => None,
            None => {
                let names = self.contexts.iter().map(|entry| escape(entry.name.as_bytes()));
                return Err(Error::NoCurrentContext { contexts: names.collect() });
            }
        };
        let of = context.map(|context| context.name.as_str());
        let cluster = given(choice.cluster).map(|name| (name, None));
        let user = given(choice.user).map(|name| (name, None));
        let cluster = cluster.or_else(|| Some((context?.value.cluster.clone(), of)));
        let user = user.or_else(|| Some((context?.value.user.clone(), of)));
        let cluster = cluster.filter(|(name, _)| !name.is_empty()).map(|(name, by)| {
            let found = self.clusters.iter().find(|entry| entry.name == name);
            found.ok_or_else(|| self.not_found(Kind::Cluster, &name, by))
        });
        let user = user.filter(|(name, _)| !name.is_empty()).map(|(name, by)| {
            let found = self.users.iter().find(|entry| entry.name == name);
            found.ok_or_else(|| self.not_found(Kind::User, &name, by))
        });
        Ok(Selected { context, cluster: cluster.transpose()?, user: user.transpose()? })
    }

    /// Every context, in the files' order, or why it cannot be used.
    pub fn all(&self) -> impl Iterator<Item = (&str, Result<Selected<'_>, Error>)> {
        let clusters = by_name(&self.clusters);
        let users = by_name(&self.users);
        self.contexts.iter().map(move |context| {
            let part = |name: &str, kind| self.not_found(kind, name, Some(&context.name));
            let Context { cluster, user, .. } = &context.value;
            let select = || {
                let cluster = match clusters.get(cluster.as_str()) {
                    None if !cluster.is_empty() => return Err(part(cluster, Kind::Cluster)),
                    found => found.copied(),
                };
                let user = match users.get(user.as_str()) {
                    None if !user.is_empty() => return Err(part(user, Kind::User)),
                    found => found.copied(),
                };
                let context = Some(context);
                Ok(Selected { context, cluster, user })
            };
            (context.name.as_str(), select())
        })
    }

    fn not_found(&self, kind: Kind, name: &str, named_by: Option<&str>) -> Error {
        let names: Vec<&str> = match kind {
            Kind::Context => self.contexts.iter().map(|entry| entry.name.as_str()).collect(),
            Kind::Cluster => self.clusters.iter().map(|entry| entry.name.as_str()).collect(),
            Kind::User => self.users.iter().map(|entry| entry.name.as_str()).collect(),
        };
        Error::NotFound {
            kind,
            name: escape(name.as_bytes()),
            named_by: named_by.map(|name| escape(name.as_bytes())),
            nearest: nearest(name, names.into_iter()),
            files: self.files.clone(),
        }
    }
}

/// The entry with an empty name is nobody's: an empty reference names none.
fn by_name<T>(entries: &[Entry<T>]) -> HashMap<&str, &Entry<T>> {
    let named = entries.iter().filter(|entry| !entry.name.is_empty());
    named.map(|entry| (entry.name.as_str(), entry)).collect()
}

impl<'a> Selected<'a> {
    /// The context's name; nothing where cluster and user were asked for instead.
    #[must_use]
    pub fn context(&self) -> Option<&'a str> {
        self.context.map(|entry| entry.name.as_str())
    }

    /// The user's name.
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        self.user.map(|entry| entry.name.as_str())
    }

    /// The cluster's name.
    #[must_use]
    pub fn cluster(&self) -> Option<&'a str> {
        self.cluster.map(|entry| entry.name.as_str())
    }

    /// The server's URL, as written.
    #[must_use]
    pub fn server(&self) -> Option<&'a str> {
        self.cluster.map(|entry| entry.value.server.as_str()).filter(|server| !server.is_empty())
    }

    /// All ways in which the user proves who it is.
    #[must_use]
    pub fn auth(&self) -> Vec<Auth> {
        self.user.map(|user| user.value.auth()).unwrap_or_default()
    }

    /// Why there is nothing to extract.
    #[must_use]
    pub fn no_certificate(&self) -> Error {
        let command = self.user.and_then(|user| user.value.exec.as_ref()).map(|exec| {
            // Arguments can hold secrets; their first words say which one it is.
            let words = exec.arguments.iter().take_while(|word| !word.starts_with('-')).take(2);
            let words = std::iter::once(&exec.command).chain(words);
            words.map(|word| escape(word.as_bytes())).collect::<Vec<_>>().join(" ")
        });
        Error::NoClientCertificate(Box::new(NoCertificate {
            of: self.context().map(|name| escape(name.as_bytes())),
            user: self.user.map(|user| (escape(user.name.as_bytes()), user.place.clone())),
            auth: self.auth(),
            command,
        }))
    }
}

//! Finds the cluster and the user that a context stands for.

use std::collections::HashMap;

use devkit_text::nearest;

use crate::auth::Auth;
use crate::config::files::Kubeconfig;
use crate::config::kubeconfig::{Cluster, Context, Entry, User};
use crate::error::{Error, Kind, NoCertificate};
use crate::secret::told;

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
                let names = self.contexts.iter().map(|entry| told(&entry.name));
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

    /// Every context, in the files' order, with what it names and is not there.
    pub fn all(&self) -> impl Iterator<Item = (Selected<'_>, Vec<Error>)> {
        let clusters = by_name(&self.clusters);
        let users = by_name(&self.users);
        self.contexts.iter().map(move |context| {
            let Context { cluster, user, .. } = &context.value;
            let selected = Selected {
                context: Some(context),
                cluster: clusters.get(cluster.as_str()).copied(),
                user: users.get(user.as_str()).copied(),
            };
            let missing = [
                (Kind::Cluster, cluster, selected.cluster.is_none()),
                (Kind::User, user, selected.user.is_none()),
            ];
            let missing = missing.into_iter().filter(|(_, name, gone)| *gone && !name.is_empty());
            // Without looking for names like it: there may be thousands.
            let missing = missing.map(|(kind, name, _)| Error::NotFound {
                kind,
                name: told(name),
                named_by: Some(told(&context.name)),
                nearest: Vec::new(),
                files: self.files.clone(),
            });
            (selected, missing.collect())
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
            name: told(name),
            named_by: named_by.map(told),
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

    /// The user's name, also where the context names one that is not there.
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        let named = self.context.map(|context| context.value.user.as_str());
        let named = named.filter(|name| !name.is_empty());
        self.user.map(|entry| entry.name.as_str()).or(named)
    }

    /// The cluster's name, likewise.
    #[must_use]
    pub fn cluster(&self) -> Option<&'a str> {
        let named = self.context.map(|context| context.value.cluster.as_str());
        let named = named.filter(|name| !name.is_empty());
        self.cluster.map(|entry| entry.name.as_str()).or(named)
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
            // Arguments can hold secrets; their first words say which one it is: `eks get-token`.
            let word = |text: &&String| {
                text.starts_with(|c: char| c.is_ascii_lowercase())
                    && text.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            };
            let words = exec.arguments.iter().take_while(word).take(2);
            let words = std::iter::once(&exec.command).chain(words);
            words.map(|word| told(word)).collect::<Vec<_>>().join(" ")
        });
        Error::NoClientCertificate(Box::new(NoCertificate {
            of: self.context().map(told),
            user: self.user.map(|user| (told(&user.name), user.place.clone())),
            auth: self.auth(),
            has_key: self.user.is_some_and(|user| user.value.key.is_some()),
            has_ca: self.cluster.is_some_and(|cluster| cluster.value.ca.is_some()),
            command,
        }))
    }
}

//! The remotes of a repository: which one gets a push, and what it has.

use std::collections::HashMap;

use super::{Git, GitError, Oid, line_of};

impl Git {
    /// The remote that a push of the branch goes to, in git's own order of settings: `pushRemote` of
    /// the branch, `remote.pushDefault`, the branch's `remote`, and then `origin` or the only one.
    #[must_use]
    pub fn push_remote(&self) -> Option<String> {
        let branch = self.branch();
        let of_branch = |key: &str| self.config(&format!("branch.{}.{key}", branch.as_ref()?));
        of_branch("pushRemote")
            .or_else(|| self.config("remote.pushDefault"))
            .or_else(|| of_branch("remote").filter(|name| name != "."))
            .or_else(|| {
                let remotes = self.remotes();
                let origin = remotes.iter().find(|name| *name == "origin");
                origin.or(remotes.first().filter(|_| remotes.len() == 1)).cloned()
            })
    }

    /// The URL of a remote, if there is one of that name.
    #[must_use]
    pub fn remote_url(&self, remote: &str) -> Option<String> {
        if remote.starts_with('-') {
            return None;
        }
        line_of(&self.run(&["remote", "get-url", "--push", remote]).ok()?)
    }

    /// The names of the remotes.
    #[must_use]
    pub fn remotes(&self) -> Vec<String> {
        let found = self.run(&["remote"]).unwrap_or_default();
        String::from_utf8_lossy(&found).lines().map(str::to_owned).collect()
    }

    /// The tags of a remote, with the commits that they lead to: of each place that it is pushed to.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn remote_tags(&self, remote: &str) -> Result<Vec<HashMap<String, Oid>>, GitError> {
        let urls = self.run(&["remote", "get-url", "--push", "--all", remote]).unwrap_or_default();
        let urls = String::from_utf8_lossy(&urls).into_owned();
        let mut places: Vec<&str> = urls.lines().collect();
        if places.is_empty() {
            places.push(remote);
        }
        places.into_iter().map(|place| self.tags_at(place)).collect()
    }

    fn tags_at(&self, place: &str) -> Result<HashMap<String, Oid>, GitError> {
        let output = self.run(&["ls-remote", "--tags", "--", place])?;
        let text = String::from_utf8_lossy(&output);
        let mut found = HashMap::new();
        for line in text.lines() {
            let Some((oid, name)) = line.split_once('\t') else { continue };
            let Some(name) = name.strip_prefix("refs/tags/") else { continue };
            // The peeled one comes behind the tag object's.
            let name = name.strip_suffix("^{}").unwrap_or(name);
            found.insert(name.to_owned(), Oid(oid.to_owned()));
        }
        Ok(found)
    }

    /// The branch of a remote that one of here goes to, where that is set up: its name there.
    #[must_use]
    pub fn upstream_at(&self, remote: &str, branch: &str) -> Option<String> {
        let of = self.config(&format!("branch.{branch}.remote"))?;
        let name = self.config(&format!("branch.{branch}.merge"))?;
        let name = name.strip_prefix("refs/heads/").map(str::to_owned);
        name.filter(|_| of == remote)
    }
}

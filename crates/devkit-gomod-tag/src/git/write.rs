//! What a release changes: tags, one commit, and the remote.

use super::{Git, GitError, Oid, line_of};

/// What a tag is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// A name for a commit, and nothing else.
    Lightweight,
    /// An object with a message.
    Annotated,
    /// That, signed.
    Signed,
}

impl Git {
    /// Makes tags of a commit, all or none. Gives the object that each names.
    ///
    /// # Errors
    ///
    /// [`GitError`]; there is none of them then.
    pub fn create_tags(
        &self,
        commit: &Oid,
        tags: &[(String, String)],
        kind: TagKind,
    ) -> Result<Vec<Oid>, GitError> {
        if kind == TagKind::Signed {
            return self.create_signed(commit, tags);
        }
        let mut objects = Vec::with_capacity(tags.len());
        let tagger = if kind == TagKind::Annotated { self.identity()? } else { String::new() };
        for (name, message) in tags {
            if kind == TagKind::Lightweight {
                objects.push(commit.clone());
                continue;
            }
            let text = format!(
                "object {}\ntype commit\ntag {name}\ntagger {tagger}\n\n{}\n",
                commit.0,
                message.trim_end()
            );
            let made = self.run_with(&["mktag"], text.as_bytes())?;
            objects.push(Oid(line_of(&made).unwrap_or_default()));
        }
        let names = tags.iter().map(|(name, _)| name);
        self.transaction("create", names.zip(&objects))?;
        Ok(objects)
    }

    /// Makes signed tags one by one, because only `git tag` signs; after a failure those that were made
    /// are taken back.
    fn create_signed(&self, commit: &Oid, tags: &[(String, String)]) -> Result<Vec<Oid>, GitError> {
        let mut made: Vec<(String, Oid)> = Vec::new();
        for (name, message) in tags {
            // A message that is only comments would be none; and the signature has lines of its own.
            let message = format!("{}\n", message.trim_end());
            let args =
                ["tag", "--sign", "--cleanup=verbatim", "-m", &message, "--", name, &commit.0];
            let outcome = self.act(&args).and_then(|()| {
                let object = self.run(&["rev-parse", "--verify", &format!("refs/tags/{name}")])?;
                Ok(Oid(line_of(&object).unwrap_or_default()))
            });
            let outcome = outcome.and_then(|object| {
                made.push((name.clone(), object.clone()));
                self.has_signature(&object)
            });
            if let Err(error) = outcome {
                self.delete_tags(&made)?;
                return Err(error);
            }
        }
        Ok(made.into_iter().map(|(_, object)| object).collect())
    }

    /// git 2.39 makes a tag without one where a program of `gpg.ssh.program` fails, and calls it done.
    fn has_signature(&self, tag: &Oid) -> Result<(), GitError> {
        let text = self.run(&["cat-file", "tag", tag.as_str()])?;
        let mut lines = text.split(|byte| *byte == b'\n');
        if lines.any(|line| line.starts_with(b"-----BEGIN ")) {
            return Ok(());
        }
        let says = "git made a tag without a signature".to_owned();
        Err(GitError::Failed { command: "tag".into(), says })
    }

    /// Takes tags back that name what they are said to; all or none.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn delete_tags(&self, tags: &[(String, Oid)]) -> Result<(), GitError> {
        self.transaction("delete", tags.iter().map(|(name, object)| (name, object)))
    }

    /// Does the same with all of these tags, or with none.
    fn transaction<'a>(
        &self,
        verb: &str,
        tags: impl Iterator<Item = (&'a String, &'a Oid)>,
    ) -> Result<(), GitError> {
        let mut input = b"start\0".to_vec();
        for (name, object) in tags {
            input.extend(format!("{verb} refs/tags/{name}\0{}\0", object.0).bytes());
        }
        input.extend(b"prepare\0commit\0");
        self.run_with(&["update-ref", "--stdin", "-z"], &input).map(drop)
    }

    /// Sends references to a remote: all or none of them, or one after the other.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`], with what git and the remote said.
    pub fn push(&self, remote: &str, refspecs: &[String]) -> Result<(), GitError> {
        let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
        // What is one is not to need a server that can do many at once.
        let atomic: &[&str] = if refspecs.len() > 1 { &["--atomic"] } else { &[] };
        let args = ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no"];
        self.act(&[&args, atomic, &["--", remote], &refspecs[..]].concat())
    }

    /// Commits files of the work tree, and nothing else, with the hooks of the repository.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn commit_files(&self, message: &str, paths: &[String]) -> Result<(), GitError> {
        let paths: Vec<String> = paths.iter().map(|path| format!(":(top,literal){path}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        self.act(&[&["add", "--"], &paths[..]].concat())?;
        let args = ["commit", "--quiet", "--only", "--no-edit", "-m", message, "--"];
        self.act(&[&args, &paths[..]].concat())
    }

    /// Moves the branch that is checked out from a new commit back to the one before it, if nobody has
    /// moved it meanwhile. Files stay.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn take_back(&self, to: &Oid, from: &Oid) -> Result<(), GitError> {
        let args = ["update-ref", "-m", "devkit gomod-tag: taken back", "HEAD", &to.0, &from.0];
        self.run(&args).map(drop)
    }

    /// Puts files of the work tree and the index back to what the commit has; new ones go.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn restore(&self, paths: &[String]) -> Result<(), GitError> {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        self.run(&[&["reset", "--quiet", "HEAD", "--"], &paths[..]].concat())?;
        let is_known = |path: &str| {
            let found = self.checked(&[format!("HEAD:{path}")], "blob");
            found.is_ok_and(|found| found.iter().all(Option::is_some))
        };
        let (known, new): (Vec<&str>, Vec<&str>) = paths.iter().partition(|path| is_known(path));
        for path in new {
            let _ = std::fs::remove_file(self.folder.join(path));
        }
        if known.is_empty() {
            return Ok(());
        }
        self.run(&[&["checkout", "--quiet", "HEAD", "--"], &known[..]].concat()).map(drop)
    }
}

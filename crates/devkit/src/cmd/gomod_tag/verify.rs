//! `devkit gomod-tag verify`: what the real go makes of versions.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use console::Style;
use devkit_gomod_tag::verify::{Go, Verdict, Verified, Wanted, World};
use devkit_gomod_tag::{Code, Repository};
use devkit_text::{escape, words};
use serde::Serialize;

use super::trouble;
use crate::exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::ui::{self, Documents, Phrase, To, Ui};

/// Have the real go resolve, download and build versions, offline
///
/// Each version is fetched from this repository alone, as a user of the module would get it. Exit code 0: all
/// are well. 1: one is not.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    /// The tag of a version [default: all versions of the commit]
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The commit [default: HEAD]
    #[arg(long, value_name = "REV", conflicts_with = "tag")]
    commit: Option<String>,
    /// The import path of the repository's root [default: what most modules have]
    #[arg(long, value_name = "IMPORTPATH")]
    root: Option<String>,
}

#[derive(Serialize)]
struct VerifyDocument {
    schema: &'static str,
    /// The version that go says of itself.
    go: String,
    versions: Vec<VersionDocument>,
}

#[derive(Serialize)]
struct VersionDocument {
    tag: String,
    module: String,
    version: String,
    ok: bool,
    sum: Option<String>,
    listed: VerifyStep,
    downloaded: VerifyStep,
    built: VerifyStep,
    /// Null if it has no programs.
    installed: Option<VerifyStep>,
}

#[derive(Serialize)]
struct VerifyStep {
    verdict: &'static str,
    why: Option<String>,
}

impl VerifyStep {
    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Good => Self { verdict: "ok", why: None },
            Verdict::Bad(why) => Self { verdict: "failed", why: Some(why.clone()) },
            Verdict::NotTried(why) => Self { verdict: "not-tried", why: Some(why.clone()) },
        }
    }
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    let repository = super::repository(args.commit.as_deref(), args.root.as_deref())?;
    let wanted = wanted(&repository, &args.tag)?;
    let (go, version) = go(host)?;
    let root = repository.root.clone().ok_or_else(|| {
        Failure::new(
            Code::PathMismatch.as_str(),
            "it is not clear which import path this repository has",
        )
        .hint("--root IMPORTPATH says it; devkit gomod-tag list shows the modules")
    })?;
    let failed = |error: std::io::Error| {
        Failure::new("io", "cannot prepare a folder for go").because(words(&error))
    };
    let folder = tempfile::tempdir().map_err(failed)?;
    let world = World::new(&go, &repository.git, &root, folder.path()).map_err(failed)?;
    let mut verified = Vec::new();
    for wanted in &wanted {
        let one = world.verify(wanted).map_err(|error| {
            Failure::new("go-missing", "cannot start go").because(words(&error))
        })?;
        ui.so_far(&text(ui, &one))?;
        verified.push(one);
    }
    let bad = verified.iter().filter(|one| one.is_bad());
    ui.advise(&bad.map(|one| retract(&repository, one)).collect::<String>());
    ui.answer(&AllVerified { go: version, versions: &verified })
}

/// What go makes of all the versions that were asked about.
struct AllVerified<'a> {
    go: String,
    versions: &'a [Verified],
}

impl ui::Answer for AllVerified<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let (go, versions) = (self.go.clone(), self.versions.iter().map(document).collect());
        to.add(&VerifyDocument { schema: "devkit.gomod-tag.verify/1", go, versions })
    }

    /// Each version was told when it was known.
    fn text(&self, _: &Ui) -> String {
        String::new()
    }

    fn exit(&self) -> u8 {
        if self.versions.iter().any(Verified::is_bad) { exit::NO } else { exit::DONE }
    }
}

/// What to do about a version that is out already.
fn retract(repository: &Repository, one: &Verified) -> String {
    let module = repository.module(one.wanted.path.as_str());
    let file = module.map_or_else(|| "its go.mod".to_owned(), |module| module.file("go.mod"));
    format!(
        "{}: if it is published, it stays bad; put this into {} and release the next version:\n  retract {} \
         // say what is wrong with it\n",
        escape(one.wanted.tag.as_bytes()),
        escape(file.as_bytes()),
        one.wanted.version
    )
}

/// The versions that are looked at.
fn wanted(repository: &Repository, tags: &[String]) -> anyhow::Result<Vec<Wanted>> {
    let mut found = Vec::new();
    for tag in tags {
        let shown = escape(tag.as_bytes());
        if !repository.tags.contains_key(tag) {
            return Err(Failure::new("usage", format!("there is no tag {shown}"))
                .hint("git tag -l lists them")
                .into());
        }
        found.push(repository.version_of(tag).map_err(trouble::git)?.ok_or_else(|| {
            Failure::new("usage", format!("{shown} is no version of a module"))
                .hint("devkit gomod-tag list shows the modules, and what their tags are")
        })?);
    }
    if tags.is_empty() {
        let names: Vec<&str> = repository.tags.keys().map(String::as_str).collect();
        let commits = repository.peeled(&names).map_err(trouble::git)?;
        let here = names
            .iter()
            .zip(&commits)
            .filter(|(_, commit)| commit.as_ref() == Some(&repository.commit.oid));
        let mut here: Vec<&str> = here.map(|(name, _)| *name).collect();
        here.sort_unstable();
        for tag in here {
            found.extend(repository.version_of(tag).map_err(trouble::git)?);
        }
    }
    let found: Vec<Wanted> =
        found.into_iter().map(|(tag, path, version)| Wanted { tag, path, version }).collect();
    if found.is_empty() {
        let commit = repository.commit.oid.short();
        return Err(Failure::new(
            Code::NoModules.as_str(),
            format!("no version is of commit {commit}"),
        )
        .hint("--tag TAG names one; devkit gomod-tag list shows the latest")
        .into());
    }
    Ok(found)
}

/// The go on the PATH, and the module cache that it has.
pub(super) fn go(host: &Host) -> anyhow::Result<(Go, String)> {
    let path = host.variables.get("PATH").unwrap_or_default().to_owned();
    let missing = || {
        Failure::new("go-missing", "there is no go on the PATH")
            .hint("verify asks the real go; install it, or leave this step out")
    };
    let program = host.programs().find("go").ok_or_else(missing)?;
    let output = Command::new(&program)
        .args(["env", "GOMODCACHE", "GOCACHE", "GOVERSION"])
        .env("GOTOOLCHAIN", "local")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| missing().because(words(&error)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let mut folder = || lines.next().filter(|line| !line.is_empty()).map(PathBuf::from);
    let (cache, build_cache) = (folder(), folder());
    let version = lines.next().unwrap_or("unknown").to_owned();
    Ok((Go { program, cache, build_cache, path }, version))
}

fn document(one: &Verified) -> VersionDocument {
    VersionDocument {
        tag: one.wanted.tag.clone(),
        module: one.wanted.path.to_string(),
        version: one.wanted.version.to_string(),
        ok: !one.is_bad(),
        sum: one.sum.clone(),
        listed: VerifyStep::of(&one.listed),
        downloaded: VerifyStep::of(&one.downloaded),
        built: VerifyStep::of(&one.built),
        installed: one.installed.as_ref().map(VerifyStep::of),
    }
}

/// Good, bad, or not known.
fn mark(ui: &Ui, one: &Verified) -> Phrase {
    let steps = [Some(&one.built), one.installed.as_ref()];
    let is_open = steps.iter().any(|it| matches!(it, Some(Verdict::NotTried(_))));
    if is_open && !one.is_bad() {
        return Phrase::styled("!", Style::new().yellow());
    }
    ui.sign(!one.is_bad())
}

/// A line for a version, and what failed below it.
fn text(ui: &Ui, one: &Verified) -> String {
    let steps = [
        ("listed", Some(&one.listed)),
        ("downloaded", Some(&one.downloaded)),
        ("built", Some(&one.built)),
        ("installed", one.installed.as_ref()),
    ];
    let good: Vec<&str> = steps
        .iter()
        .filter(|(_, verdict)| *verdict == Some(&Verdict::Good))
        .map(|(name, _)| *name)
        .collect();
    let Wanted { tag, path, version } = &one.wanted;
    let (tag, good) = (escape(tag.as_bytes()), good.join(", "));
    let line = mark(ui, one).then(format!(" {tag}  {path}@{version}  {good}"));
    let mut text = ui.paragraph(To::Out, &line);
    for (name, verdict) in steps {
        let (word, says) = match verdict {
            Some(Verdict::Bad(says)) => ("not", says),
            Some(Verdict::NotTried(why)) => ("not tried whether it is", why),
            _ => continue,
        };
        let says = trouble::told(says);
        let _ = writeln!(text, "  {word} {name}: {says}");
    }
    text
}

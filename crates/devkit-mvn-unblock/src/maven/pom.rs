//! The repositories that a project declares: its POM, the parents and modules that lie beside it.
//!
//! Rule: Maven's POM reference; a parent is looked for at `relativePath`, which is `../pom.xml` if
//! it is not given, and counts if its coordinates are the ones that are asked for. What has to be
//! fetched from a repository is not looked at.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::maven::settings::{Parsed, Properties, resolve};
use crate::mirror::Repository;
use crate::xml::Element;
use devkit_report::Position;

/// Projects have thousands of modules at most.
const MOST_POMS: usize = 10_000;
/// Properties may name properties, so deep.
const DEEPEST: usize = 20;

/// What a project declares.
#[derive(Debug, Default)]
pub struct Project {
    /// Repositories, in the order in which they were found.
    pub declared: Vec<Declared>,
    /// POMs that are named and could not be read, with the reason.
    pub unread: Vec<(PathBuf, String)>,
    /// Parents that lie in a repository, as `group:artifact:version`.
    pub remote_parents: Vec<String>,
}

/// A repository in a POM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The repository, its properties resolved as far as they are known.
    pub repository: Repository,
    /// The POM.
    pub file: PathBuf,
    /// Where it stands there.
    pub at: Position,
    /// The profile that it is in, if it is in one.
    pub profile: Option<String>,
    /// Whether it is for plugins.
    pub plugins: bool,
}

/// Why a project cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is no POM.
    #[error("{} is not there", path.display())]
    NoPom {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no XML.
    #[error("{} is no POM", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Error,
    },
}

/// Reads a project: `path` is its folder, or a POM.
///
/// # Errors
///
/// [`ProjectError`], if the POM itself cannot be read. Others are listed in [`Project::unread`].
pub fn read(path: &Path, properties: Properties<'_>) -> Result<Project, ProjectError> {
    let pom = if path.is_dir() { path.join("pom.xml") } else { path.to_owned() };
    let mut reader = Reader {
        properties,
        project: Project::default(),
        seen: HashSet::new(),
        listed: HashSet::new(),
    };
    let mut waiting = vec![pom.clone()];
    while let Some(next) = waiting.pop() {
        if reader.seen.len() >= MOST_POMS || !reader.seen.insert(real(&next)) {
            continue;
        }
        match Pom::read(&next) {
            Ok(found) => {
                let modules = reader.take(&found);
                waiting.extend(modules.into_iter().rev());
            }
            Err(error) if next == pom => return Err(error),
            Err(error) => reader.project.unread.push((next, why(&error))),
        }
    }
    Ok(reader.project)
}

fn why(error: &ProjectError) -> String {
    match error {
        ProjectError::NoPom { .. } => "it is not there".into(),
        ProjectError::Io { source, .. } => devkit_text::words(source),
        ProjectError::Malformed { source, .. } => source.to_string(),
    }
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

struct Reader<'a> {
    properties: Properties<'a>,
    project: Project,
    /// POMs whose modules are known.
    seen: HashSet<PathBuf>,
    /// POMs whose repositories are listed.
    listed: HashSet<PathBuf>,
}

struct Pom {
    path: PathBuf,
    parsed: Parsed,
}

/// Which parent a POM asks for.
struct Parent {
    group: String,
    artifact: String,
    version: String,
    /// Relative to the POM's folder; none if it is only to be looked for in repositories.
    path: Option<String>,
}

impl Pom {
    fn read(path: &Path) -> Result<Self, ProjectError> {
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ProjectError::NoPom { path: path.into() },
            _ => ProjectError::Io { path: path.into(), source },
        })?;
        let malformed = |source| ProjectError::Malformed { path: path.into(), source };
        let parsed = Parsed::new(&bytes).map_err(malformed)?;
        let root = parsed.root();
        if root.name() != "project" {
            let at = parsed.text.position(root.span().start);
            let why = format!("the root element is <{}>, and no <project>", root.name());
            return Err(malformed(Error::NotSettings { at, why }));
        }
        Ok(Self { path: path.into(), parsed })
    }

    fn root(&self) -> Element<'_> {
        self.parsed.root()
    }

    fn parent(&self) -> Option<Parent> {
        let parent = self.root().child("parent")?;
        let text = |name: &str| text_of(parent, name).unwrap_or_default();
        let path = match parent.child("relativePath") {
            None => Some("../pom.xml".to_owned()),
            Some(_) => text_of(parent, "relativePath"),
        };
        Some(Parent {
            group: text("groupId"),
            artifact: text("artifactId"),
            version: text("version"),
            path,
        })
    }

    /// The parent that lies where it is said to be, and is the one that is meant.
    fn local_parent(&self) -> Option<Result<Self, String>> {
        let wanted = self.parent()?;
        let name = || format!("{}:{}:{}", wanted.group, wanted.artifact, wanted.version);
        let Some(relative) = &wanted.path else { return Some(Err(name())) };
        let path = self.folder().join(relative);
        let path = if path.is_dir() { path.join("pom.xml") } else { path };
        let Ok(found) = Self::read(&path) else { return Some(Err(name())) };
        let root = found.root();
        let artifact = text_of(root, "artifactId").unwrap_or_default();
        let group = text_of(root, "groupId").or_else(|| found.parent().map(|p| p.group));
        let version = text_of(root, "version").or_else(|| found.parent().map(|p| p.version));
        // Versions can be properties or ranges, which only Maven resolves.
        let is_plain = |version: &str| !version.contains(['$', '[', '(', ',']);
        let same_version = version.is_none_or(|version| {
            version == wanted.version || !is_plain(&version) || !is_plain(&wanted.version)
        });
        let is_it =
            artifact == wanted.artifact && group.as_deref() == Some(&wanted.group) && same_version;
        Some(if is_it { Ok(found) } else { Err(name()) })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The properties of the project, and what of it is named like one.
    fn properties(&self, into: &mut BTreeMap<String, String>) {
        let mut put = |name: String, value: String| {
            into.entry(name).or_insert(value);
        };
        // Properties of a profile come before those of the project.
        let profiles = self.root().child("profiles").into_iter().flat_map(Element::elements);
        let active = profiles.filter(|profile| {
            let activation = profile.child("activation");
            let by_default = activation.and_then(|it| it.child("activeByDefault"));
            by_default.is_some_and(|value| value.text().eq_ignore_ascii_case("true"))
        });
        let places = active.chain([self.root()]);
        let lists = places.filter_map(|place| place.child("properties"));
        for property in lists.flat_map(Element::elements) {
            put(property.name().to_owned(), property.text().into_owned());
        }
        let parent = self.parent();
        let of_parent = |name: &str| match (&parent, name) {
            (Some(parent), "groupId") => Some(parent.group.clone()),
            (Some(parent), "version") => Some(parent.version.clone()),
            _ => None,
        };
        for name in ["groupId", "artifactId", "version"] {
            if let Some(value) = text_of(self.root(), name).or_else(|| of_parent(name)) {
                put(format!("project.{name}"), value.clone());
                put(format!("pom.{name}"), value);
            }
        }
        if let Some(parent) = parent {
            put("project.parent.groupId".into(), parent.group);
            put("project.parent.artifactId".into(), parent.artifact);
            put("project.parent.version".into(), parent.version);
        }
        let folder = real(self.folder());
        put("project.basedir".into(), folder.display().to_string());
        put("basedir".into(), folder.display().to_string());
    }
}

/// The text of an element in another one, if there is any.
fn text_of(parent: Element<'_>, name: &str) -> Option<String> {
    let text = parent.child(name)?.text();
    Some(text.into_owned()).filter(|text| !text.is_empty())
}

impl Reader<'_> {
    /// Lists what a POM and its local parents declare, and gives its modules.
    fn take(&mut self, pom: &Pom) -> Vec<PathBuf> {
        let mut values = BTreeMap::new();
        pom.properties(&mut values);
        let mut parents = Vec::new();
        let mut next = pom.local_parent();
        while let Some(found) = next.take() {
            match found {
                Ok(parent) if parents.len() < DEEPEST => {
                    parent.properties(&mut values);
                    next = parent.local_parent();
                    parents.push(parent);
                }
                Ok(_) => {}
                Err(name) => {
                    let name = devkit_text::escape(name.as_bytes());
                    if !self.project.remote_parents.contains(&name) {
                        self.project.remote_parents.push(name);
                    }
                }
            }
        }
        self.list(pom, &values);
        for parent in &parents {
            self.list(parent, &values);
        }
        self.modules(pom, &values)
    }

    fn list(&mut self, pom: &Pom, values: &BTreeMap<String, String>) {
        if !self.listed.insert(real(&pom.path)) {
            return;
        }
        let root = pom.root();
        let profiles = root.child("profiles").into_iter().flat_map(Element::elements);
        let profiles = profiles.filter(|element| element.name() == "profile");
        let places = std::iter::once((root, None)).chain(profiles.map(|profile| {
            (profile, Some(text_of(profile, "id").unwrap_or_else(|| "default".into())))
        }));
        for (place, profile) in places {
            for (list, item) in
                [("repositories", "repository"), ("pluginRepositories", "pluginRepository")]
            {
                let lists = place.elements().filter(|element| element.name() == list);
                for element in lists.flat_map(Element::elements).filter(|e| e.name() == item) {
                    let text = |name: &str| {
                        let text = element.child(name).map(Element::text);
                        text.map(|text| self.resolve(&text, values))
                    };
                    let url = text("url").unwrap_or_default();
                    if url.is_empty() {
                        continue;
                    }
                    let repository = Repository {
                        id: text("id").unwrap_or_default(),
                        url,
                        layout: text("layout"),
                    };
                    self.project.declared.push(Declared {
                        repository,
                        file: pom.path.clone(),
                        at: pom.parsed.text.position(element.span().start),
                        profile: profile.clone(),
                        plugins: list == "pluginRepositories",
                    });
                }
            }
        }
    }

    fn modules(&self, pom: &Pom, values: &BTreeMap<String, String>) -> Vec<PathBuf> {
        let root = pom.root();
        let profiles = root.child("profiles").into_iter().flat_map(Element::elements);
        let mut found = Vec::new();
        for place in std::iter::once(root).chain(profiles) {
            // Maven 4 calls them subprojects.
            for (list, item) in [("modules", "module"), ("subprojects", "subproject")] {
                let names = place.child(list).into_iter().flat_map(Element::elements);
                for name in names.filter(|element| element.name() == item) {
                    let name = self.resolve(&name.text(), values).replace('\\', "/");
                    let path = pom.folder().join(name);
                    found.push(if path.is_dir() { path.join("pom.xml") } else { path });
                }
            }
        }
        found
    }

    fn resolve(&self, text: &str, values: &BTreeMap<String, String>) -> String {
        let known = |name: &str| values.get(name).cloned().or_else(|| (self.properties)(name));
        let mut text = text.to_owned();
        for _ in 0..DEEPEST {
            let next = resolve(Cow::Borrowed(&text), &known).into_owned();
            if next == text || next.len() > 100_000 {
                break;
            }
            text = next;
        }
        text
    }
}

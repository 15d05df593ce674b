//! A settings file as Maven reads it, with the place of everything that an edit may touch.
//!
//! Rule: `SettingsXpp3Reader` and `DefaultSettingsValidator` of Maven 3.8 and 3.9, and their successors
//! in Maven 4; what each of them refuses was measured.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::error::Error;
use crate::mirror::{Mirror, Origin, Repository};
use crate::text::Text;
use crate::xml::{self, Document, Element, MalformedXml, Trap};
use devkit_report::{Locator, Position};

/// Gives the value of a property of a settings file, by its name: `env.HOME`, `user.home`.
pub type Properties<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A file that is parsed, so that [`Settings`] can be read from it.
#[derive(Debug)]
pub struct Parsed {
    pub(crate) text: Text,
    document: Document,
}

impl Parsed {
    pub(crate) fn root(&self) -> Element<'_> {
        self.document.root(self.text.as_str())
    }

    /// Decodes and parses a file.
    ///
    /// # Errors
    ///
    /// [`Error::Encoding`] and [`Error::Malformed`].
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let text = Text::decode(bytes)?;
        match xml::parse(text.as_str()) {
            Ok(document) => Ok(Self { text, document }),
            Err(MalformedXml { at, why }) => {
                // A marker never goes beyond the line.
                let marked = text.as_str()[at.clone()].lines().next().unwrap_or_default();
                let width = marked.chars().count().max(1);
                Err(Error::Malformed {
                    at: text.position(at.start),
                    width,
                    why,
                    well_formed: false,
                })
            }
        }
    }
}

/// What a settings file says about mirrors and repositories.
#[derive(Debug)]
pub struct Settings<'a> {
    pub(crate) text: &'a Text,
    document: &'a Document,
    pub(crate) root: Element<'a>,
    /// `<mirrors>`, if there is one.
    pub(crate) section: Option<Element<'a>>,
    pub(crate) entries: Vec<Entry<'a>>,
    /// Ids of `<servers>`: whose credentials are there.
    pub(crate) servers: Vec<Cow<'a, str>>,
    locator: RefCell<Locator<'a>>,
}

/// An entry of `<mirrors>`.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) element: Element<'a>,
    pub(crate) mirror_of: Element<'a>,
    pub(crate) blocked: Option<Element<'a>>,
    pub(crate) mirror: Mirror,
}

/// A repository of a profile in settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRepository {
    /// The repository's id.
    pub id: String,
    /// The URL as it is declared.
    pub url: String,
    /// The layout, if one is given.
    pub layout: Option<String>,
    /// The profile.
    pub profile: String,
    /// Where it stands.
    pub at: Position,
}

impl ProfileRepository {
    /// The repository itself.
    #[must_use]
    pub fn repository(&self) -> Repository {
        Repository { id: self.id.clone(), url: self.url.clone(), layout: self.layout.clone() }
    }
}

/// Sections that may be there once.
const SECTIONS: &[&str] = &[
    "localRepository",
    "interactiveMode",
    "usePluginRegistry",
    "offline",
    "pluginGroups",
    "servers",
    "mirrors",
    "proxies",
    "profiles",
    "activeProfiles",
    "repositories",
    "pluginRepositories",
];
/// Elements that hold text only.
const TEXTS: &[&str] = &["localRepository", "interactiveMode", "usePluginRegistry", "offline"];
/// Lists, and what their items hold: elements of text only, and others, each once.
const LISTS: &[(&str, &str, Fields)] = &[
    ("servers", "server", SERVER),
    ("mirrors", "mirror", MIRROR),
    ("proxies", "proxy", PROXY),
    ("profiles", "profile", PROFILE),
];
const SERVER: Fields = Fields {
    texts: &[
        "id",
        "username",
        "password",
        "privateKey",
        "passphrase",
        "filePermissions",
        "directoryPermissions",
    ],
    others: &["configuration"],
};
const MIRROR: Fields = Fields {
    texts: &["id", "mirrorOf", "name", "url", "layout", "mirrorOfLayouts", "blocked"],
    others: &[],
};
const PROXY: Fields = Fields {
    texts: &["id", "active", "protocol", "username", "password", "port", "host", "nonProxyHosts"],
    others: &[],
};
const PROFILE: Fields = Fields {
    texts: &["id"],
    others: &["activation", "properties", "repositories", "pluginRepositories"],
};
/// Lists of repositories in a profile.
const REPOSITORIES: &[(&str, &str)] =
    &[("repositories", "repository"), ("pluginRepositories", "pluginRepository")];
const REPOSITORY: Fields =
    Fields { texts: &["id", "name", "url", "layout"], others: &["releases", "snapshots"] };

/// What an element may hold once.
struct Fields {
    texts: &'static [&'static str],
    others: &'static [&'static str],
}

impl<'a> Settings<'a> {
    /// Reads what a file says.
    ///
    /// # Errors
    ///
    /// [`Error`] for what makes every build with this file fail, and for files that are no settings.
    pub fn read(parsed: &'a Parsed, properties: Properties<'_>) -> Result<Self, Error> {
        let Parsed { text, document } = parsed;
        let source = text.as_str();
        let root = document.root(source);
        let mut settings = Self {
            text,
            document,
            root,
            section: None,
            entries: Vec::new(),
            servers: Vec::new(),
            locator: RefCell::new(Locator::new(source)),
        };
        settings.check_root(root)?;
        settings.check_once(root, SECTIONS)?;
        settings.check_texts(root, TEXTS)?;
        settings.check_lists(root)?;
        settings.section = root.child("mirrors");
        if let Some(section) = settings.section {
            for (number, element) in
                section.elements().filter(|element| element.name() == "mirror").enumerate()
            {
                let entry = settings.entry(element, number + 1, properties)?;
                settings.entries.push(entry);
            }
        }
        settings.check_proxies(root)?;
        settings.servers = children(root, "servers", "server")
            .filter_map(|server| server.child("id"))
            .map(|id| resolve(id.text(), properties))
            .collect();
        settings.check_repositories(root)?;
        Ok(settings)
    }

    /// The mirrors in their order, also those that do not count.
    #[must_use]
    pub fn mirrors(&self) -> Vec<Mirror> {
        self.entries.iter().map(|entry| entry.mirror.clone()).collect()
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        self.locator.borrow_mut().position(offset)
    }

    fn refused(&self, at: usize, why: &str) -> Error {
        let why = format!("{why}; Maven refuses this file");
        Error::Malformed { at: self.position(at), width: 1, why, well_formed: true }
    }

    fn check_root(&self, root: Element<'_>) -> Result<(), Error> {
        let at = self.position(root.span().start);
        let name = root.name();
        let why = if name.eq_ignore_ascii_case("settings") {
            return self.check_prefixes(root);
        } else if name.contains(':') {
            format!("the root element is <{name}>, and Maven ignores what is in one with a prefix")
        } else if name == "project" {
            "the root element is <project>: this is a POM, and no settings".into()
        } else {
            format!("the root element is <{name}>, and no <settings>")
        };
        Err(Error::NotSettings { at, why })
    }

    /// `<m:mirrors>` is nothing to Maven 3, and `<mirrors>` to Maven 4.
    fn check_prefixes(&self, root: Element<'_>) -> Result<(), Error> {
        let prefixed = |element: &Element<'_>| element.name().ends_with(":mirrors");
        match root.elements().find(prefixed) {
            None => Ok(()),
            Some(element) => {
                let why = format!(
                    "<{}> has a prefix: Maven 3 ignores it, and Maven 4 reads it",
                    element.name()
                );
                Err(Error::NotSettings { at: self.position(element.span().start), why })
            }
        }
    }

    /// Maven refuses a file where one of these is there twice.
    fn check_once(&self, parent: Element<'_>, names: &[&str]) -> Result<(), Error> {
        let known = || parent.elements().filter(|element| names.contains(&element.name()));
        for (number, element) in known().enumerate() {
            if let Some(first) = known().take(number).find(|first| first.name() == element.name()) {
                let first = self.position(first.span().start).line;
                let at = self.position(element.span().start);
                return Err(Error::DuplicateSection { at, name: element.name().to_owned(), first });
            }
        }
        Ok(())
    }

    /// Maven refuses an element in one of these.
    fn check_texts(&self, parent: Element<'_>, names: &[&str]) -> Result<(), Error> {
        for field in parent.elements().filter(|field| names.contains(&field.name())) {
            if let Some(inner) = field.elements().next() {
                // The element's name may be a part of a password in which '<' stands as it is.
                let why = format!("an element stands inside of <{}>", field.name());
                return Err(self.refused(inner.span().start, &why));
            }
        }
        Ok(())
    }

    fn check_fields(&self, parent: Element<'_>, fields: &Fields) -> Result<(), Error> {
        self.check_once(parent, fields.texts)?;
        self.check_once(parent, fields.others)?;
        self.check_texts(parent, fields.texts)
    }

    /// Maven refuses text directly in a list.
    fn check_list(&self, list: Element<'_>) -> Result<(), Error> {
        match list.has_text() {
            Some(at) => {
                let why = format!("there is text directly in <{}>", list.name());
                Err(self.refused(at, &why))
            }
            None => Ok(()),
        }
    }

    fn check_lists(&self, root: Element<'_>) -> Result<(), Error> {
        let names = ["pluginGroups", "activeProfiles"];
        for list in root.elements().filter(|element| names.contains(&element.name())) {
            self.check_list(list)?;
        }
        for (list, item, fields) in LISTS {
            for list in root.elements().filter(|element| element.name() == *list) {
                self.check_list(list)?;
                for element in list.elements().filter(|element| element.name() == *item) {
                    self.check_fields(element, fields)?;
                }
            }
        }
        let empty = |element: &Element<'_>| element.text().is_empty();
        if let Some(server) = children(root, "servers", "server")
            .find(|server| server.child("id").as_ref().is_some_and(empty))
        {
            return Err(self.refused(server.span().start, "a server has an empty id"));
        }
        if let Some(group) = children(root, "pluginGroups", "pluginGroup").find(empty) {
            return Err(self.refused(group.span().start, "a plugin group is empty"));
        }
        for profile in children(root, "profiles", "profile") {
            for (list, item) in REPOSITORIES {
                for list in profile.elements().filter(|element| element.name() == *list) {
                    self.check_list(list)?;
                    for element in list.elements().filter(|element| element.name() == *item) {
                        self.check_fields(element, &REPOSITORY)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn entry(
        &self,
        element: Element<'a>,
        number: usize,
        properties: Properties<'_>,
    ) -> Result<Entry<'a>, Error> {
        let start = element.span().start;
        let text = |name: &str| element.child(name).map(Element::text);
        let id = text("id");
        let needed = |name: &str| {
            let field = element.child(name).filter(|field| !field.text().is_empty());
            field.ok_or_else(|| {
                let of = id.as_deref().unwrap_or("default");
                self.refused(start, &format!("the mirror '{of}' has no {name}"))
            })
        };
        let (mirror_of, url) = (needed("mirrorOf")?, needed("url")?);
        if id.as_deref() == Some("") {
            return Err(self.refused(start, "a mirror has an empty id"));
        }
        let resolved = |text: Cow<'_, str>| resolve(text, properties).into_owned();
        let blocked = element.child("blocked");
        let mirror = Mirror {
            id: resolved(id.unwrap_or(Cow::Borrowed("default"))),
            url: resolved(url.text()),
            mirror_of: resolved(mirror_of.text()),
            layouts: resolved(text("mirrorOfLayouts").unwrap_or(Cow::Borrowed("default"))),
            // Before properties are resolved.
            blocked: blocked.is_some_and(|field| field.text().eq_ignore_ascii_case("true")),
            origin: Origin::User { entry: number, at: self.position(start) },
        };
        Ok(Entry { element, mirror_of, blocked, mirror })
    }

    fn check_proxies(&self, root: Element<'_>) -> Result<(), Error> {
        for proxy in children(root, "proxies", "proxy") {
            let host = proxy.child("host").map(Element::text);
            if host.is_none_or(|host| host.is_empty()) {
                return Err(self.refused(proxy.span().start, "a proxy has no host"));
            }
        }
        Ok(())
    }

    /// Repositories of profiles.
    #[must_use]
    pub fn repositories(&self, properties: Properties<'_>) -> Vec<ProfileRepository> {
        let resolved = |text: Cow<'_, str>| resolve(text, properties).into_owned();
        let mut found = Vec::new();
        for profile in children(self.root, "profiles", "profile") {
            let name = profile.child("id").map(|id| resolved(id.text()));
            let name = name.unwrap_or_else(|| "default".into());
            for repository in profile_repositories(profile) {
                let text = |name: &str| {
                    let text = repository.child(name).map(Element::text);
                    text.filter(|text| !text.is_empty()).map(resolved)
                };
                found.push(ProfileRepository {
                    id: text("id").unwrap_or_default(),
                    url: text("url").unwrap_or_default(),
                    layout: text("layout"),
                    profile: name.clone(),
                    at: self.position(repository.span().start),
                });
            }
        }
        found
    }

    /// Maven refuses a repository without an id or a URL.
    fn check_repositories(&self, root: Element<'_>) -> Result<(), Error> {
        for profile in children(root, "profiles", "profile") {
            for repository in profile_repositories(profile) {
                let is_there = |name: &&str| {
                    repository.child(name).is_some_and(|field| !field.text().is_empty())
                };
                if let Some(missing) = ["id", "url"].iter().find(|name| !is_there(name)) {
                    let profile = profile.child("id").map(Element::text).unwrap_or_default();
                    let why = format!("a repository of the profile '{profile}' has no {missing}");
                    return Err(self.refused(repository.span().start, &why));
                }
            }
        }
        Ok(())
    }

    /// Comments in `<settings>`, from `<` to behind `>`.
    pub(crate) fn comments(&self) -> impl Iterator<Item = xml::Span> {
        self.document.comments()
    }

    /// What some readers of Maven die of.
    pub(crate) fn traps(&self) -> &[Trap] {
        &self.document.traps
    }
}

fn profile_repositories(profile: Element<'_>) -> impl Iterator<Item = Element<'_>> {
    REPOSITORIES.iter().flat_map(move |(list, item)| children(profile, list, item))
}

/// The items of a list: `<servers><server>`.
fn children<'a>(
    parent: Element<'a>,
    list: &'a str,
    item: &'a str,
) -> impl Iterator<Item = Element<'a>> {
    let lists = parent.elements().filter(move |element| element.name() == list);
    lists.flat_map(Element::elements).filter(move |element| element.name() == item)
}

/// Puts in the values of `${…}`; what is not known stays as it is, as it does in Maven.
pub(crate) fn resolve<'t>(text: Cow<'t, str>, properties: Properties<'_>) -> Cow<'t, str> {
    if !text.contains("${") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, next)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        let value = properties(name).unwrap_or_else(|| format!("${{{name}}}"));
        out.push_str(&value);
        rest = next;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

//! The status of a repository that a project or the settings declare: what becomes of it.

use devkit_report::Place;
use serde::Serialize;

use crate::mirror::{self, Mirror, Repository, Verdict};
use crate::probe::Attempt;

/// A repository, where it is declared, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The repository's id.
    pub id: String,
    /// The repository's URL.
    #[serde(serialize_with = "crate::secret::masked_url")]
    pub url: String,
    /// Whether `external:http:*` matches it.
    pub external_http: bool,
    /// Where it is declared.
    pub declared: Declaration,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The mirror that decides, if one catches it.
    pub mirror: Option<Mirror>,
    /// What https says on its host, if that was asked.
    pub https: Option<Vec<Attempt>>,
    /// Whether something of its id or URL is a property whose value is not known here.
    pub unresolved: bool,
}

/// Where a repository is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declaration {
    /// The POM or settings file, and where in it.
    #[serde(flatten)]
    pub place: Place,
    /// The profile, if it is in one.
    pub profile: Option<String>,
}

impl Status {
    /// What becomes of a repository, by the mirrors that count.
    #[must_use]
    pub fn new(mirrors: &[Mirror], repository: &Repository, declared: Declaration) -> Self {
        let (verdict, mirror) = mirror::verdict(mirrors, repository);
        Self {
            id: repository.id.clone(),
            url: repository.url.clone(),
            external_http: repository.is_external_http(),
            declared,
            verdict,
            mirror: mirror.cloned(),
            https: None,
            unresolved: repository.id.contains("${") || repository.url.contains("${"),
        }
    }

    /// Whether https would do it a good turn: it is http, of another machine, and no mirror stands
    /// in for it.
    #[must_use]
    pub fn is_to_probe(&self) -> bool {
        self.external_http && !self.unresolved && self.verdict != Verdict::Mirrored
    }
}

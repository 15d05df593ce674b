//! Whose YAML it is.

use zeroize::Zeroizing;

use crate::node::Value;
use crate::scalar;

/// The program that reads the file, which decides what its YAML means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `kubectl -f` and the API server: sigs.k8s.io/yaml over go-yaml 2.4.
    ///
    /// Scalars of YAML 1.1; a merge key comes in where it stands; of equal keys the last counts;
    /// everything becomes JSON, so that every key is a string and no number is infinite.
    Kubernetes,
    /// Docker Compose: compose-go 2 over go-yaml 4.
    ///
    /// `true` and `false` are the only booleans; octals may start with `0`; dates are dates; a
    /// mapping's own keys win over merged ones; equal keys are an error, and so is a key that is no
    /// string; `!reset` takes a value away.
    Compose,
    /// The reader of GitHub's workflows: the `YamlObjectReader` of actions/runner over `YamlDotNet`.
    ///
    /// Scalars of the core schema of YAML 1.2, numbers as doubles; aliases, but no merge keys;
    /// equal keys are an error, also where only their case differs; one document.
    ///
    /// These rules were read in the source, not run.
    Workflow,
}

impl Dialect {
    /// What the program makes of a value where it wants a text: of `010`, Compose makes `8` and the
    /// runner `10`. Nothing where it refuses the value, or takes nothing for a text.
    #[must_use]
    pub fn text_of(self, value: &Value) -> Option<Zeroizing<String>> {
        scalar::as_text(value, self)
    }
}

//! Whose YAML it is.

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
    /// The rules were read in the source, not run.
    Workflow,
}

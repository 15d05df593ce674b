//! Modules of one crate that import each other in a circle: none can be read without the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imports::{Imports, ModuleName, crates, imports, sources};
use crate::run::{Result, root};

/// Names every circle.
pub(crate) fn check(problems: &mut Vec<String>) -> Result<()> {
    for folder in crates()? {
        for circle in circles(&imports(&sources(&folder.join("src"))?)) {
            let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            problems.push(format!(
                "{}: {} import each other; what both need belongs into a module below them",
                folder.strip_prefix(root()).unwrap_or(&folder).display(),
                names.join(" → ")
            ));
        }
    }
    Ok(())
}

/// A shortest circle through each module that is in one and in none of those before it.
fn circles(imports: &Imports) -> Vec<Vec<ModuleName>> {
    let mut found: Vec<Vec<ModuleName>> = Vec::new();
    for module in imports.keys() {
        if found.iter().any(|circle| circle.contains(module)) {
            continue;
        }
        found.extend(way_back(imports, module));
    }
    found
}

/// The shortest way from a module to itself, with it at both ends.
fn way_back(imports: &Imports, start: &ModuleName) -> Option<Vec<ModuleName>> {
    let nothing = BTreeSet::new();
    let mut from: BTreeMap<&ModuleName, &ModuleName> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(module) = next.pop_front() {
        for other in imports.get(module).unwrap_or(&nothing) {
            if other == start {
                let mut way = vec![start.clone(), module.clone()];
                let mut at = module;
                while at != start {
                    at = from[at];
                    way.push(at.clone());
                }
                way.reverse();
                return Some(way);
            }
            if !from.contains_key(other) {
                from.insert(other, module);
                next.push_back(other);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str) -> ModuleName {
        name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn found(sources: &[(&str, &str)]) -> Vec<String> {
        let sources =
            sources.iter().map(|(name, text)| (module(name), (*text).to_owned())).collect();
        let circles = circles(&imports(&sources));
        circles
            .iter()
            .map(|circle| circle.iter().map(|it| it.join("::")).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn every_form_of_an_import_counts() {
        let other = ("b", "use crate::a::A;");
        for text in [
            "use crate::b;",
            "use crate::b::{self, B};",
            "use crate::{c, b::B};",
            "use crate::{c::{C, D}, b};",
            "pub use super::b::B as C;",
            "use self::super::b::B;",
            "fn f() { crate::b::f() }",
            "fn f(b: &super::b::B) {}",
            "#[serde(serialize_with = \"crate::b::shown\")] struct S;",
            "use crate::{\n    c::C,\n    b,\n};",
        ] {
            let sources = [("", "mod a; mod b; mod c;"), ("a", text), other, ("c", "")];
            assert_eq!(found(&sources), ["a b a"], "{text}");
        }
    }

    #[test]
    fn what_is_no_import_does_not() {
        for text in [
            "// use crate::b;",
            "/// See [`crate::b`].",
            "use std::b;",
            "use crate::c::b;",
            "#[cfg(test)]\nmod tests {\n    use crate::b;\n}",
            "mod crate_b;",
        ] {
            let sources = [("", ""), ("a", text), ("b", "use crate::a::A;"), ("c", "")];
            assert_eq!(found(&sources), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_ends_nothing() {
        let text = "#[cfg(test)]\nmod tests;\n\nuse crate::b;";
        assert_eq!(found(&[("a", text), ("b", "use crate::a;")]), ["a b a"]);
    }

    #[test]
    fn what_a_module_hands_on_is_still_of_its_own_module() {
        let root = ("", "mod a; mod b; pub use b::{B, b::C};");
        let b = ("b", "use crate::a::A;");
        assert_eq!(found(&[root, ("a", "use crate::B;"), b]), ["a b a"]);
        assert_eq!(found(&[root, ("a", "use crate::D;"), b]), [""; 0]);
        let decode = [("d", "mod e; mod f; use e::E;"), ("d::e", "use super::f::F;")];
        assert_eq!(
            found(&[&decode[..], &[("d::f", "use super::E;")]].concat()),
            ["d::e d::f d::e"]
        );
    }

    #[test]
    fn parents_and_children_belong_together() {
        let sources = [("a", "use crate::a::b::B;"), ("a::b", "use super::A; use super::c::C;")];
        assert_eq!(found(&[&sources[..], &[("a::c", "")]].concat()), [""; 0]);
        assert_eq!(
            found(&[&sources[..], &[("a::c", "use super::b;")]].concat()),
            ["a::b a::c a::b"]
        );
    }

    #[test]
    fn folders_import_each_other_by_what_is_in_them() {
        let sources =
            [("a", ""), ("a::x", "use crate::b;"), ("a::y", ""), ("b", "use crate::a::y;")];
        assert_eq!(found(&sources), ["a b a"]);
    }

    #[test]
    fn a_circle_of_several_is_named_once() {
        let sources = [
            ("a", "use crate::b;"),
            ("b", "use crate::c;"),
            ("c", "use crate::a;"),
            ("d", "use crate::a;"),
        ];
        assert_eq!(found(&sources), ["a b c a"]);
    }
}

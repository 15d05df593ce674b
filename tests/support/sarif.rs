//! SARIF documents, as their readers see them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Ran, peer};

/// The validator of the format's authors. `None`: the test is to return, and counts as skipped.
pub(crate) fn need_validator() -> Option<PathBuf> {
    let found = std::env::var_os("DEVKIT_SARIF_MULTITOOL").map(PathBuf::from);
    if found.is_none() {
        peer::skip("the validator of SARIF is not there: cargo xtask test fetches it");
    }
    found
}

/// Has it look at a document by the schema and the rules of the format. Warnings are about what would
/// be nice to have, and count for nothing.
#[track_caller]
pub(crate) fn validated(validator: &Path, document: &str) {
    let folder = super::folder();
    let file = folder.path().join("it.sarif");
    std::fs::write(&file, document).unwrap();
    let ran = Command::new(validator)
        .arg("validate")
        .arg(&file)
        .arg("--output")
        .arg(folder.path().join("found.sarif"))
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(told.contains("Analysis completed successfully."), "{told}");
    let errors: Vec<&str> = told.lines().filter(|line| line.contains(": error ")).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document}");
}

/// The results of a document: rule, level, address, line and column.
pub(crate) fn results(ran: &Ran) -> Vec<String> {
    let document: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|_| panic!("no SARIF: {}{}", ran.stdout, ran.stderr));
    let results = document["runs"][0]["results"].as_array().unwrap();
    let told = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        format!(
            "{} {} {}:{}:{}",
            result["level"].as_str().unwrap(),
            result["ruleId"].as_str().unwrap(),
            place["artifactLocation"]["uri"].as_str().unwrap_or("-"),
            place["region"]["startLine"],
            place["region"]["startColumn"]
        )
    };
    results.iter().map(told).collect()
}

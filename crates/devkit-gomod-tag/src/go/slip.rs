//! Versions that are none: what was meant by them.

use crate::go::version::{BadVersion, Version};

/// What somebody may have meant by a text that is no version.
pub(crate) fn meant(text: &str, why: BadVersion) -> String {
    const COMMANDS: [&str; 5] = ["list", "status", "plan", "tag", "verify"];
    const STEPS: [&str; 6] = ["patch", "minor", "major", "prerelease", "release", "auto"];
    if STEPS.contains(&text) {
        return format!("did you mean --bump {text}?");
    }
    // The name of a tag: the folder of a module, and a version.
    if let Some((folder, version)) = text.rsplit_once('/').filter(|(_, it)| is_version(it)) {
        let folder = devkit_text::escape(folder.as_bytes());
        return format!("did you mean --set {folder}={version}?");
    }
    if let Some(command) = devkit_text::nearest(text, COMMANDS.into_iter()).first() {
        return format!("did you mean '{command}'? devkit gomod-tag {command}");
    }
    // `V1.2.0`, `1.2`, `v1`: the numbers that are missing are zero.
    let numbers = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let numbers = if why == BadVersion::Build {
        numbers.split('+').next().unwrap_or_default()
    } else {
        numbers
    };
    let whole = ["", ".0", ".0.0"].map(|rest| format!("v{numbers}{rest}"));
    match whole.iter().find(|whole| is_version(whole)) {
        Some(version) => format!("did you mean {version}?"),
        None => "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1".to_owned(),
    }
}

fn is_version(text: &str) -> bool {
    text.parse::<Version>().is_ok()
}

//! What the list of commands says of `devkit mvn-unblock`.

use std::ffi::OsStr;
use std::path::Path;

use super::Args;
use crate::recipe::{self, Recipe, Slip, Task, Typed};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "mvn-unblock",
    links: &["mvn-unblock"],
    also: &["maven", "unblock", "maven-unblock", "mvnunblock"],
    task: Task::Build,
    page: Some("docs/mvn-unblock.md"),
    headlines: &["devkit mvn-unblock --repo corp-releases"],
    examples: &[
        "devkit mvn-unblock",
        "devkit mvn-unblock --repo corp-releases --repo corp-snapshots",
        "mvn -B verify 2>&1 | devkit mvn-unblock --from-log -",
        "devkit mvn-unblock --project . --dry-run",
        "devkit mvn-unblock --undo",
        "devkit mvn-unblock --settings - < settings.xml > patched.xml",
        "devkit mvn-unblock status",
        "devkit mvn-unblock status --project . --probe",
        "devkit mvn-unblock explain corp http://nexus.corp.example/releases",
    ],
    slips: SLIPS,
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, host, matches| super::run(ui, host, &recipe::read(matches)?),
};

const SLIPS: &[Slip] = &[
    Slip { behind: "", typed: Typed::Operand(is_project), meant: "--project {}" },
    Slip { behind: "", typed: Typed::Operand(is_settings), meant: "--settings {}" },
    Slip { behind: "", typed: Typed::Operand(is_log), meant: "--from-log {}" },
    Slip { behind: "status", typed: Typed::Operand(is_settings), meant: "--settings {}" },
    Slip { behind: "status", typed: Typed::Operand(|_| true), meant: "--project {}" },
    Slip { behind: "explain", typed: Typed::Operand(is_settings), meant: "--settings {}" },
    Slip { behind: "", typed: Typed::Word(&["--status"]), meant: "status" },
    Slip { behind: "", typed: Typed::Word(&["--explain"]), meant: "explain" },
    Slip { behind: "", typed: Typed::Word(&["list", "ls", "show", "--list"]), meant: "status" },
    Slip {
        behind: "",
        typed: Typed::Word(&["undo", "revert", "restore", "--revert"]),
        meant: "--undo",
    },
    Slip { behind: "", typed: Typed::Word(&["check"]), meant: "--check" },
    Slip { behind: "", typed: Typed::Word(&["dry-run", "diff", "--diff"]), meant: "--dry-run" },
    Slip {
        behind: "",
        typed: Typed::Word(&["--id", "-r", "--repository", "--mirror"]),
        meant: "--repo",
    },
    Slip { behind: "", typed: Typed::Word(&["-s", "-f", "--file"]), meant: "--settings" },
    Slip { behind: "", typed: Typed::Word(&["-p", "--pom"]), meant: "--project" },
    Slip { behind: "", typed: Typed::Word(&["--log", "-l"]), meant: "--from-log" },
    Slip { behind: "status", typed: Typed::Word(&["-s", "-f", "--file"]), meant: "--settings" },
    Slip { behind: "explain", typed: Typed::Word(&["-s", "-f", "--file"]), meant: "--settings" },
    Slip { behind: "status", typed: Typed::Word(&["-gs", "--global"]), meant: "--global-settings" },
    // What looks like none of the others may be the id of a repository.
    Slip { behind: "", typed: Typed::Operand(is_id), meant: "--repo {}" },
];

fn is_settings(text: &str) -> bool {
    has_ending(text, &["xml"]) && !is_project(text)
}

fn is_log(text: &str) -> bool {
    has_ending(text, &["log", "txt", "out"])
}

fn has_ending(text: &str, endings: &[&str]) -> bool {
    Path::new(text)
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|found| endings.contains(&found))
}

fn is_project(text: &str) -> bool {
    text.ends_with("pom.xml") || [".", ".."].contains(&text) || text.ends_with('/')
}

fn is_id(text: &str) -> bool {
    !text.contains(['/', ':']) && !is_settings(text) && !is_log(text) && !is_project(text)
}

//! What the list of commands says of `devkit gomod-tag`.

use super::Args;
use crate::recipe::{self, Recipe, Slip, Task, Typed};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "gomod-tag",
    links: &["gomod-tag"],
    also: &["gomod", "go-tag", "go-mod-tag", "tag", "release"],
    task: Task::Build,
    page: Some("docs/gomod-tag.md"),
    headlines: &["devkit gomod-tag v0.1.0"],
    examples: &[
        "devkit gomod-tag list",
        "devkit gomod-tag list --commit v1.2.0",
        "devkit gomod-tag status",
        "devkit gomod-tag status --module client",
        "devkit gomod-tag plan --changed --bump minor",
        "devkit gomod-tag plan v0.1.0 --module client",
        "devkit gomod-tag tag --all --version v0.1.0 --push",
        "devkit gomod-tag tag --module client --module server --bump patch --yes",
        "devkit gomod-tag tag --changed --bump auto --update-requires --push=each",
        "devkit gomod-tag verify",
        "devkit gomod-tag verify --tag client/v0.1.0",
    ],
    slips: SLIPS,
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, host, matches| super::run(ui, host, &recipe::read(matches)?),
};

/// The words after which a version goes up.
const STEPS: &[&str] = &["patch", "minor", "major", "prerelease", "auto"];

const SLIPS: &[Slip] = &[
    Slip { behind: "", typed: Typed::Operand(is_step), meant: "--bump {}" },
    Slip { behind: "tag", typed: Typed::Operand(is_step), meant: "--bump {}" },
    Slip { behind: "plan", typed: Typed::Operand(is_step), meant: "--bump {}" },
    Slip { behind: "verify", typed: Typed::Operand(is_tag), meant: "--tag {}" },
    // `list` takes no module: it lists all there are.
    Slip { behind: "list", typed: Typed::Operand(is_module), meant: "" },
    Slip { behind: "", typed: Typed::Operand(is_module), meant: "--module {}" },
    Slip { behind: "tag", typed: Typed::Operand(is_module), meant: "--module {}" },
    Slip { behind: "plan", typed: Typed::Operand(is_module), meant: "--module {}" },
    Slip { behind: "status", typed: Typed::Operand(is_module), meant: "--module {}" },
    Slip { behind: "", typed: Typed::Word(MODULE), meant: "--module" },
    Slip { behind: "tag", typed: Typed::Word(MODULE), meant: "--module" },
    Slip { behind: "plan", typed: Typed::Word(MODULE), meant: "--module" },
    Slip { behind: "status", typed: Typed::Word(MODULE), meant: "--module" },
    Slip { behind: "verify", typed: Typed::Word(&["-t", "--version", "--module"]), meant: "--tag" },
    Slip { behind: "", typed: Typed::Word(&["--list"]), meant: "list" },
    Slip { behind: "", typed: Typed::Word(&["--status"]), meant: "status" },
    Slip { behind: "", typed: Typed::Word(&["--plan"]), meant: "plan" },
    Slip { behind: "", typed: Typed::Word(&["--verify"]), meant: "verify" },
];

const MODULE: &[&str] = &["--dir", "--directory", "--path", "-M", "--mod"];

fn is_step(text: &str) -> bool {
    STEPS.contains(&text)
}

fn is_tag(text: &str) -> bool {
    text.rsplit('/').next().is_some_and(is_version)
}

fn is_version(text: &str) -> bool {
    text.strip_prefix(['v', 'V']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_module(text: &str) -> bool {
    !is_tag(text) && !is_step(text)
}

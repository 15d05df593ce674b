//! What the list of commands says of `devkit envcheck`.

use super::Args;
use crate::recipe::{self, Recipe, Slip, Task, Typed};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "envcheck",
    links: &["envcheck"],
    also: &["env", "environment", "env-check", "checkenv"],
    task: Task::Diagnose,
    page: Some("docs/envcheck.md"),
    headlines: &["devkit envcheck eureka.client.serviceUrl.defaultZone"],
    examples: &[
        "devkit envcheck MY_VAR=value --context bash,k8s.env@1.31",
        "devkit envcheck my-var --through k8s@1.34,sh=dash,spring",
        "devkit envcheck Dockerfile deploy/app.yaml .env --report github",
        "devkit envcheck --env",
        "devkit envcheck --list-contexts",
    ],
    slips: SLIPS,
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, host, matches| super::run(ui, host, &recipe::read(matches)?),
};

const SLIPS: &[Slip] = &[
    Slip {
        behind: "",
        typed: Typed::Word(&["-c", "--ctx", "--shell", "--in", "--on"]),
        meant: "--context",
    },
    Slip { behind: "", typed: Typed::Word(&["-f", "--env-file"]), meant: "--file" },
    Slip { behind: "", typed: Typed::Word(&["-t", "--chain", "--via"]), meant: "--through" },
    Slip { behind: "", typed: Typed::Word(&["-p", "--process"]), meant: "--pid" },
    Slip {
        behind: "",
        typed: Typed::Word(&["-l", "--list", "--contexts"]),
        meant: "--list-contexts",
    },
    Slip { behind: "", typed: Typed::Word(&["--sarif"]), meant: "--report sarif" },
    Slip { behind: "", typed: Typed::Word(&["--github"]), meant: "--report github" },
    Slip { behind: "", typed: Typed::Word(&["--rule", "--why"]), meant: "--explain" },
];

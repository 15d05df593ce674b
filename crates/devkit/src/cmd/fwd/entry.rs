//! What the list of commands says of `devkit fwd`.

use super::Args;
use crate::recipe::{self, Recipe, Slip, Task, Typed};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "fwd",
    links: &["sockfwd"],
    also: &["forward", "forwarder", "proxy", "socat", "port-forward", "tunnel"],
    task: Task::Network,
    page: Some("docs/fwd.md"),
    headlines: &[
        "devkit fwd -s 127.0.0.1:8090 -d echo:",
        "devkit fwd -s tcp://127.0.0.1:8090 -d unix:///run/containerd/containerd.sock",
    ],
    examples: &[
        "devkit fwd -s /tmp/db.sock -d db.example.com:5432 --mode 0660 --group dev",
        "devkit fwd -s 0.0.0.0:8080 -d 127.0.0.1:80 --allow 192.0.2.0/24",
        "ssh -o ProxyCommand='devkit fwd -s stdio: -d %h:%p' host.example.com",
    ],
    slips: SLIPS,
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, host, matches| super::run(ui, host, &recipe::read(matches)?),
};

const SLIPS: &[Slip] = &[
    // Two addresses without their options: the first that is missing is meant.
    Slip { behind: "", typed: Typed::Operand(|_| true), meant: "-s {}" },
    Slip { behind: "", typed: Typed::Operand(|_| true), meant: "-d {}" },
    Slip {
        behind: "",
        typed: Typed::Word(&[
            "--listen", "-l", "-L", "--from", "--src", "--bind", "--local", "--in",
        ]),
        meant: "-s",
    },
    Slip {
        behind: "",
        typed: Typed::Word(&[
            "--to",
            "-t",
            "--dst",
            "--target",
            "--connect",
            "-c",
            "--remote",
            "--upstream",
            "--out",
        ]),
        meant: "-d",
    },
    Slip { behind: "", typed: Typed::Word(&["--port", "-p"]), meant: "-s" },
    Slip { behind: "", typed: Typed::Word(&["--timeout"]), meant: "--connect-timeout" },
    Slip { behind: "", typed: Typed::Word(&["--user"]), meant: "--owner" },
];

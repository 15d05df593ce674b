//! What the list of commands says of `devkit kubecerts`.

use super::Args;
use crate::recipe::{self, Recipe, Slip, Task, Typed};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "kubecerts",
    links: &["kubecerts"],
    also: &["kubeconfig", "kube-certs", "kubecert", "certs", "kubectl"],
    task: Task::Network,
    page: Some("docs/kubecerts.md"),
    headlines: &["devkit kubecerts extract --context staging --out certs/"],
    examples: &[
        "devkit kubecerts extract",
        "devkit kubecerts extract --p12 client.p12 --password-file password.txt",
        "devkit kubecerts extract --stdout ca | openssl x509 -noout -text",
        "devkit kubecerts show --context staging",
        "devkit kubecerts show --all",
        "devkit kubecerts check",
        "devkit kubecerts check --all --warn-days 14",
        "devkit kubecerts tap -- kubectl get pods",
        "devkit kubecerts tap --bodies short --filter 'get pods' -- kubectl get pods",
        "devkit kubecerts tap --har run.har -- kubectl apply -f app.yaml",
        "devkit kubecerts tap --view run.har --out run.html",
        "devkit kubecerts tap                      then, elsewhere: export KUBECONFIG=…",
    ],
    slips: SLIPS,
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, host, matches| super::run(ui, host, &recipe::read(matches)?),
};

const SLIPS: &[Slip] = &[
    Slip { behind: "extract", typed: Typed::Operand(is_file), meant: "--kubeconfig {}" },
    Slip { behind: "show", typed: Typed::Operand(is_file), meant: "--kubeconfig {}" },
    Slip { behind: "check", typed: Typed::Operand(is_file), meant: "--kubeconfig {}" },
    Slip { behind: "extract", typed: Typed::Operand(|_| true), meant: "--context {}" },
    Slip { behind: "show", typed: Typed::Operand(|_| true), meant: "--context {}" },
    Slip { behind: "check", typed: Typed::Operand(|_| true), meant: "--context {}" },
    // The command that is listened to stands after `--`.
    Slip { behind: "tap", typed: Typed::Operand(|_| true), meant: "-- {}" },
    Slip { behind: "extract", typed: Typed::Word(CONTEXT), meant: "--context" },
    Slip { behind: "show", typed: Typed::Word(CONTEXT), meant: "--context" },
    Slip { behind: "check", typed: Typed::Word(CONTEXT), meant: "--context" },
    Slip { behind: "tap", typed: Typed::Word(CONTEXT), meant: "--context" },
    Slip { behind: "extract", typed: Typed::Word(KUBECONFIG), meant: "--kubeconfig" },
    Slip { behind: "show", typed: Typed::Word(KUBECONFIG), meant: "--kubeconfig" },
    Slip { behind: "check", typed: Typed::Word(KUBECONFIG), meant: "--kubeconfig" },
    Slip { behind: "tap", typed: Typed::Word(KUBECONFIG), meant: "--kubeconfig" },
    Slip { behind: "extract", typed: Typed::Word(ALL), meant: "--all" },
    Slip { behind: "show", typed: Typed::Word(ALL), meant: "--all" },
    Slip { behind: "check", typed: Typed::Word(ALL), meant: "--all" },
    Slip {
        behind: "extract",
        typed: Typed::Word(&["-o", "--output", "--out-dir", "--dir", "-d"]),
        meant: "--out",
    },
    Slip { behind: "extract", typed: Typed::Word(&["--pkcs12", "--pfx"]), meant: "--p12" },
    Slip { behind: "check", typed: Typed::Word(&["--days", "--warn"]), meant: "--warn-days" },
    Slip { behind: "", typed: Typed::Word(&["get", "save", "write", "export"]), meant: "extract" },
    Slip { behind: "", typed: Typed::Word(&["list", "ls", "view"]), meant: "show --all" },
    Slip { behind: "", typed: Typed::Word(&["verify", "status"]), meant: "check" },
    Slip { behind: "", typed: Typed::Word(&["watch", "trace", "proxy", "log"]), meant: "tap" },
];

const CONTEXT: &[&str] = &["-c", "--ctx", "--kube-context"];
const KUBECONFIG: &[&str] = &["-f", "--file", "--config", "-k"];
const ALL: &[&str] = &["-a", "-A", "--all-contexts"];

fn is_file(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with(['/', '~'])
        || [".yaml", ".yml", ".conf", "config"].iter().any(|end| text.ends_with(end))
}

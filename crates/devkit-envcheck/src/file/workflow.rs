//! `env` of a workflow of GitHub Actions: its own, of its jobs and of their steps.

use super::yaml::{Node, documents};
use super::{FileError, Variable, shells_of};

pub(super) fn variables(text: &[u8]) -> Result<Vec<Variable>, FileError> {
    let mut variables = Vec::new();
    for document in documents(text)? {
        let everywhere = shell(&document).unwrap_or("bash");
        add(&document, everywhere, &mut variables);
        let jobs = document.get("jobs").map(Node::pairs).unwrap_or_default();
        for (_, job) in jobs {
            let of_job = shell(job).unwrap_or(everywhere);
            add(job, of_job, &mut variables);
            if let Some(container) = job.get("container") {
                add(container, of_job, &mut variables);
            }
            for step in job.get("steps").map(Node::list).unwrap_or_default() {
                let of_step = step.get("shell").and_then(Node::text).unwrap_or(of_job);
                // An action is no shell.
                let of_step = if step.get("run").is_some() { of_step } else { "" };
                add(step, of_step, &mut variables);
            }
        }
    }
    Ok(variables)
}

/// `defaults.run.shell`.
fn shell(node: &Node) -> Option<&str> {
    node.get("defaults")?.get("run")?.get("shell")?.text()
}

fn add(node: &Node, shell: &str, variables: &mut Vec<Variable>) {
    let program = shell.split_whitespace().next().unwrap_or_default();
    let ids: Vec<&'static str> =
        ["gha.env"].into_iter().chain(shells_of(program).iter().copied()).collect();
    for (key, _) in node.get("env").map(Node::pairs).unwrap_or_default() {
        let name = key.text().unwrap_or_default().as_bytes();
        variables.push(Variable::new(name, key.line, key.column, &ids));
    }
}

//! `env` of a workflow of GitHub Actions: its own, of its jobs and of their steps.

use std::collections::BTreeSet;

use devkit_yaml::{Dialect, Node};

use super::{FileError, Variable, documents, shells_of};

pub(super) fn variables(text: &[u8]) -> Result<Vec<Variable>, FileError> {
    let mut variables = Vec::new();
    for document in documents(text, Dialect::Workflow)? {
        let mut of_all = BTreeSet::new();
        let jobs = document.get("jobs").map(Node::entries).unwrap_or_default();
        for job in jobs.iter().map(|entry| &entry.node) {
            // In a container it is sh, unless somebody says otherwise.
            let usual = if job.get("container").is_some() { "sh" } else { "bash" };
            let usual = shell(job).or(shell(&document)).unwrap_or(usual);
            let mut of_job = BTreeSet::new();
            for step in job.get("steps").map(Node::list).unwrap_or_default() {
                // An action is no shell.
                let mut of_step = BTreeSet::new();
                if step.get("run").is_some() {
                    of_step
                        .insert(step.get("shell").and_then(Node::text).unwrap_or(usual).to_owned());
                }
                add(step, &of_step, &mut variables);
                of_job.extend(of_step);
            }
            add(job, &of_job, &mut variables);
            if let Some(container) = job.get("container") {
                add(container, &of_job, &mut variables);
            }
            of_all.extend(of_job);
        }
        add(&document, &of_all, &mut variables);
    }
    Ok(variables)
}

/// `defaults.run.shell`.
fn shell(node: &Node) -> Option<&str> {
    node.get("defaults")?.get("run")?.get("shell")?.text()
}

/// Variables that all of these shells have to hand on.
fn add(node: &Node, shells: &BTreeSet<String>, variables: &mut Vec<Variable>) {
    let mut ids = vec!["gha.env"];
    for id in shells.iter().flat_map(|shell| shells_of(shell.split_whitespace())) {
        if !ids.contains(id) {
            ids.push(id);
        }
    }
    for entry in node.get("env").map(Node::entries).unwrap_or_default() {
        variables.push(Variable::at_mark(entry.key.as_bytes(), entry.key_at, &ids));
    }
}

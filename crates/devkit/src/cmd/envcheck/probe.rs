//! `--probe`: the shells of this machine, and where they differ from the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use devkit_envcheck::probe::{Probe, SHELLS, Shell};
use devkit_envcheck::{Input, Verdict, all};
use devkit_text::escape;
use serde::Serialize;

use crate::exit;
use crate::host::programs::Programs;
use crate::ui::{Answer, Documents, Ui};

#[derive(Serialize)]
struct ProbeDocument {
    schema: &'static str,
    ok: bool,
    shells: Vec<AskedShells>,
}

#[derive(Serialize)]
struct AskedShells {
    tool: &'static str,
    program: String,
    /// Questions asked.
    answers: usize,
    /// Names that cannot be asked about: a NUL, or a character that the shell would act upon.
    skipped: usize,
    differences: Vec<ShellDifference>,
}

#[derive(Serialize)]
struct ShellDifference {
    id: String,
    name: String,
    table: Verdict,
    real: Verdict,
    real_becomes: Option<String>,
    said: String,
}

pub(super) fn run(ui: &Ui, programs: &Programs, inputs: &[Input]) -> anyhow::Result<u8> {
    let found: Vec<(Shell, PathBuf)> =
        SHELLS.iter().filter_map(|shell| Some((*shell, programs.find(shell.program)?))).collect();
    let shells = ask_all(&found, inputs)?;
    let ok = shells.iter().all(|asked| asked.differences.is_empty());
    ui.answer(&ProbeDocument { schema: "devkit.envcheck.probe/1", ok, shells })
}

impl Answer for ProbeDocument {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(self)
    }

    fn text(&self, ui: &Ui) -> String {
        text(ui, &self.shells)
    }

    fn exit(&self) -> u8 {
        if self.ok { exit::DONE } else { exit::NO }
    }
}

/// Asks as many questions at a time as there are processors.
fn ask_all(found: &[(Shell, PathBuf)], inputs: &[Input]) -> anyhow::Result<Vec<AskedShells>> {
    let probes = at_once(found.len(), |at| {
        let (shell, program) = &found[at];
        Probe::new(*shell, program.clone(), "C.UTF-8")
    });
    let probes: Vec<Probe> = probes.into_iter().collect::<io::Result<_>>()?;
    let answers = at_once(found.len() * inputs.len(), |at| {
        let (shell, input) = (at / inputs.len(), at % inputs.len());
        ask(&found[shell].0, &probes[shell], &inputs[input])
    });
    let mut all: Vec<AskedShells> = found
        .iter()
        .map(|(shell, program)| AskedShells {
            tool: shell.tool,
            program: escape(program.as_os_str().as_encoded_bytes()),
            answers: 0,
            skipped: 0,
            differences: Vec::new(),
        })
        .collect();
    for (at, answer) in answers.into_iter().enumerate() {
        let (answers, skipped, differences) = answer?;
        let asked = &mut all[at / inputs.len()];
        asked.answers += answers;
        asked.skipped += skipped;
        asked.differences.extend(differences);
    }
    Ok(all)
}

/// Does all of `count` pieces of work, and gives the results in their order.
fn at_once<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            let result = work(at);
            results.lock().unwrap_or_else(PoisonError::into_inner).insert(at, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
        worker();
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// How many answers, how many names that cannot be asked about, and what differs.
fn ask(
    shell: &Shell,
    probe: &Probe,
    input: &Input,
) -> io::Result<(usize, usize, Vec<ShellDifference>)> {
    let (mut answers, mut skipped, mut differences) = (0, 0, Vec::new());
    for way in shell.ways {
        let rule = all().find(|rule| rule.tool == shell.tool && rule.way == Some(way.id()));
        let Some(rule) = rule else { continue };
        let Some(seen) = probe.ask(*way, &input.name)? else {
            skipped += 1;
            continue;
        };
        answers += 1;
        let table = rule.check(&input.name, b"7");
        if (table.verdict, &table.becomes) != (seen.verdict, &seen.becomes) {
            differences.push(ShellDifference {
                id: rule.id(),
                name: escape(&input.name),
                table: table.verdict,
                real: seen.verdict,
                real_becomes: seen.becomes.map(|name| escape(&name)),
                said: escape(seen.said.trim_ascii()),
            });
        }
    }
    Ok((answers, skipped, differences))
}

fn text(ui: &Ui, shells: &[AskedShells]) -> String {
    let mut text = String::new();
    for asked in shells {
        let same = asked.differences.is_empty();
        let _ = write!(
            text,
            "{} {:8} {} answers as the table has them",
            ui.mark(same),
            asked.tool,
            asked.answers - asked.differences.len()
        );
        if asked.skipped > 0 {
            let _ = write!(text, ", {} not asked", asked.skipped);
        }
        text.push('\n');
        for other in &asked.differences {
            let becomes =
                other.real_becomes.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "    {} {}: the table says {}, this shell {}{becomes}",
                other.id,
                other.name,
                other.table.name(),
                other.real.name()
            );
        }
    }
    if shells.is_empty() {
        text.push_str("no shell of the table is on this machine's PATH\n");
    }
    text
}

//! What becomes of each repository, as people read it.

use std::fmt::Write as _;

use devkit_mvn_unblock::probe::{Attempt, Outcome};
use devkit_mvn_unblock::{RepositoryId, Status, Verdict};
use devkit_text::escape;

use super::super::Names;
use super::{Repositories, World};
use crate::amounts::count;
use crate::ui::{self, Fit, Table, To, Ui, column};

/// The answer as people read it.
pub(super) fn text(ui: &Ui, found: &Repositories<'_>) -> String {
    let Repositories { names, world, installations, all, has_project, .. } = found;
    let mut text = String::new();
    let there = if world.file.exists() || names.is_standard_input(&world.file) {
        count(world.user.len(), "mirror")
    } else {
        "not there".into()
    };
    let _ = writeln!(text, "settings      {} ({there})", names.show(&world.file));
    for installation in installations {
        let blocks = if installation.blocks { "blocks http" } else { "does not block http" };
        let _ = writeln!(text, "installation  {} ({blocks})", names.show(&installation.file));
    }
    if installations.is_empty() {
        text.push_str("installation  none found; taken as Maven 3.8.1 and newer come\n");
    }
    let shown: Vec<&Status> = all
        .iter()
        .filter(|status| ui.verbose > 0 || !status.verdict.is_open() || is_http(&status.url))
        .collect();
    text.push('\n');
    if shown.is_empty() {
        text.push_str(match (*has_project, all.is_empty()) {
            (false, true) => {
                "no repository in the settings; --project DIR looks into a project too\n"
            }
            (true, true) => "neither the project nor the settings declare a repository\n",
            (_, false) => "no http:// repository; -v lists the others\n",
        });
        return text;
    }
    let mut table = Table::new(&[
        column("", Fit::Keep),
        column("repository", Fit::Wrap),
        column("url", Fit::Wrap),
        column("declared in", Fit::Wrap),
        column("what becomes of it", Fit::Wrap),
    ]);
    for status in &shown {
        let profile = match &status.declared.profile {
            Some(profile) => format!(" (profile {})", escape(profile.as_bytes())),
            None => String::new(),
        };
        let file = names.show(&status.declared.place.file);
        table.row([
            ui.sign(status.verdict.is_open()),
            escape(status.id.as_bytes()).into(),
            escape(devkit_mvn_unblock::masked(&status.url).as_bytes()).into(),
            format!("{file}:{}{profile}", line(status)).into(),
            outcome(names, world, status).into(),
        ]);
    }
    text.push_str(&table.text(ui, To::Out));
    let mut blocked: Vec<&str> = Vec::new();
    for status in shown.iter().filter(|status| !status.verdict.is_open() && !status.unresolved) {
        let is_new = !blocked.contains(&status.id.as_str());
        if is_new && RepositoryId::parse(&status.id).is_ok() {
            blocked.push(&status.id);
        }
    }
    let https = https(names, all);
    if !https.is_empty() {
        let _ = write!(text, "\n{https}");
    }
    if !blocked.is_empty() {
        let options: Vec<String> =
            blocked.iter().map(|id| format!("--repo {}", ui::quoted(id))).collect();
        let _ = writeln!(text, "\nlets them through: {} {}", names.command(), options.join(" "));
    }
    text
}

/// The line that declares a repository.
fn line(status: &Status) -> usize {
    status.declared.place.at.map_or(1, |at| at.line)
}

fn is_http(url: &str) -> bool {
    url.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"))
}

fn outcome(names: &Names<'_>, world: &World, status: &Status) -> String {
    let Some(mirror) = &status.mirror else { return "direct".into() };
    let (id, from) = (escape(mirror.id.as_bytes()), world.origin(names, &mirror.origin));
    match status.verdict {
        Verdict::Blocked => format!("blocked by {id} ({from})"),
        Verdict::Dead => format!("sent to nowhere by {id} ({from})"),
        Verdict::Direct | Verdict::Mirrored => format!(
            "asked at {} by {id} ({from})",
            escape(devkit_mvn_unblock::masked(&mirror.url).as_bytes())
        ),
    }
}

/// What https answered, a line for each repository.
fn https(names: &Names<'_>, all: &[Status]) -> String {
    let mut text = String::new();
    for status in all {
        let Some(attempts) = &status.https else { continue };
        let untrusted = attempts.iter().find_map(|attempt| match &attempt.outcome {
            Outcome::Untrusted { why } => Some((attempt, why)),
            _ => None,
        });
        if let Some(attempt) = attempts.iter().find(|attempt| attempt.answers()) {
            let _ = writeln!(
                text,
                "better:    {} {}; use it in {} line {}",
                escape(attempt.url.as_bytes()),
                heard(attempt),
                names.show(&status.declared.place.file),
                line(status)
            );
        } else if let Some((attempt, why)) = untrusted {
            let _ = writeln!(
                text,
                "untrusted: {} answers, and its certificate is not trusted here: {}",
                escape(attempt.url.as_bytes()),
                escape(why.as_bytes())
            );
        } else {
            let attempts: Vec<String> = attempts
                .iter()
                .map(|attempt| format!("{} {}", escape(attempt.url.as_bytes()), heard(attempt)))
                .collect();
            let url = devkit_mvn_unblock::masked(&status.url);
            let _ =
                writeln!(text, "no https:  {} ({})", escape(url.as_bytes()), attempts.join("; "));
        }
    }
    text
}

fn heard(attempt: &Attempt) -> String {
    match &attempt.outcome {
        Outcome::Answers { status: 401 | 403 } => "answers too, and wants credentials".into(),
        Outcome::Answers { .. } => "answers too".into(),
        Outcome::OtherStatus { status } => format!("answers with {status}"),
        Outcome::BackToHttp { .. } => "leads back to http".into(),
        Outcome::Untrusted { why } => format!("is not trusted: {}", escape(why.as_bytes())),
        Outcome::NoAnswer { why } => format!("does not: {}", escape(why.as_bytes())),
    }
}

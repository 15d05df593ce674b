//! What is told about a change, in words.

use devkit_mvn_unblock::{Plan, Request, Verdict, mirror};
use devkit_text::escape;

use super::Names;

/// The effect of a change; `whose` is who it reaches.
pub(super) fn effect(request: &Request, plan: &Plan, whose: &str) -> String {
    match request {
        Request::Open => format!("Maven's http blocker is off for {whose}"),
        Request::Scoped(asked) => {
            let freed =
                plan.after.iter().find(|mirror| mirror.id == mirror::BLOCKER && mirror.blocked);
            let freed: Vec<&str> = match freed {
                Some(blocker) => {
                    blocker.mirror_of.split(',').filter_map(|item| item.strip_prefix('!')).collect()
                }
                None => Vec::new(),
            };
            let names: Vec<String> = if freed.is_empty() {
                asked.iter().map(|id| escape(id.as_str().as_bytes())).collect()
            } else {
                freed.iter().map(|id| escape(id.as_bytes())).collect()
            };
            let names = list(&names);
            match plan.others {
                Verdict::Blocked => format!(
                    "only {names} may use http:// now; every other http:// repository stays blocked"
                ),
                Verdict::Mirrored => format!(
                    "{names} may use http:// now; a mirror stands in for other http:// repositories"
                ),
                Verdict::Dead => {
                    format!("{names} may use http:// now; other http:// repositories lead nowhere")
                }
                Verdict::Direct => format!("{names} may use http:// now, as every other may"),
            }
        }
    }
}

/// What has to be said about the effect.
pub(super) fn notice(request: &Request) -> String {
    match request {
        Request::Open => "note: every http:// repository is now followed, also those named in \
                          dependencies' POMs (CVE-2021-26291)"
            .into(),
        Request::Scoped(_) => "note: what comes over http:// can be changed on the way \
                               (CVE-2021-26291)"
            .into(),
    }
}

/// That there is nothing to do, and why.
pub(super) fn already(plan: &Plan, file: &str) -> String {
    match plan.decided_by {
        Some(entry) => {
            format!("already unblocked: entry {entry} of <mirrors> in {file}; nothing written")
        }
        None => format!("already unblocked by {file}; nothing written"),
    }
}

impl Names<'_> {
    /// Who reads the file.
    pub(super) fn reach(&self) -> String {
        match &self.settings {
            None => "this user".into(),
            Some(file) => format!("builds that read {}", self.show(file)),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

//! `--view`: a HAR file as a page.

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::Context as _;
use devkit_tap::page;

use crate::exit;
use crate::failure::Failure;
use crate::ui;

pub(super) fn run(har: &Path, out: Option<&Path>) -> anyhow::Result<u8> {
    let name = har.to_string_lossy();
    let text = if har == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(har)
    };
    let text = text.with_context(|| format!("cannot read {name}"))?;
    let page = page::write(&text).map_err(|error| {
        Failure::new("har-syntax", format!("{name} is no HAR file"))
            .because(error.to_string())
            .hint("devkit kubecerts tap --har FILE -- kubectl … writes one")
    })?;
    match out {
        None => ui::result(page.as_bytes())?,
        // Not for others: a HAR file may hold what is nobody else's business.
        Some(out) if out == Path::new("-") => ui::result(page.as_bytes())?,
        Some(out) => match super::session::write_private(out, page.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let message = format!("{} is there already", out.display());
                let hint = "choose another --out, or remove it";
                return Err(Failure::new("exists", message).hint(hint).into());
            }
            written => written.with_context(|| format!("cannot write {}", out.display()))?,
        },
    }
    Ok(exit::DONE)
}

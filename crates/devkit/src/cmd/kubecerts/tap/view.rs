//! `--view`: a HAR file as a page.

use std::io;
use std::path::Path;

use anyhow::Context as _;
use devkit_fs::{Existing, NewFile};
use devkit_tap::page;

use super::explain;
use crate::exit;
use crate::failure::Failure;
use crate::stdin;
use crate::ui;

pub(super) fn run(har: &Path, out: Option<&Path>) -> anyhow::Result<u8> {
    let name = har.to_string_lossy();
    let text = if har == Path::new("-") {
        stdin::read("the HAR file").and_then(|bytes| {
            let text = str::from_utf8(&bytes).map(str::to_owned);
            text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
        })
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
        Some(out) if out != Path::new("-") => {
            // Not for others: a HAR file may hold what is nobody else's business.
            let file = NewFile { path: out, contents: page.as_bytes(), mode: 0o600 };
            devkit_fs::publish(&[file], &[], Existing::Keep).map_err(|error| unwritten(&error))?;
        }
        _ => ui::bytes(page.as_bytes())?,
    }
    Ok(exit::DONE)
}

fn unwritten(error: &devkit_fs::Error) -> Failure {
    let code = if std::error::Error::source(error).is_some() { "io" } else { "exists" };
    let failure = Failure::new(code, error.to_string()).hint("choose another --out, or remove it");
    explain::caused(failure, error)
}

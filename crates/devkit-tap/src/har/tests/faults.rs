//! A full disk, and a tap that is killed.
//!
//! Both need a process of their own: the test's own program, that runs one of the ignored tests.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::super::{EntryParts, HarEntry, HarError, HarFile, HarLimits, mend};
use super::{body, entry, exchange, ids, parts, read};
use crate::page::write;

const PATH: &str = "DEVKIT_TAP_TEST_HAR";

/// The path that was handed over; nothing where somebody runs all ignored tests.
fn handed_over() -> Option<PathBuf> {
    env::var_os(PATH).map(PathBuf::from)
}

fn this_test(name: &str) -> [String; 5] {
    let name = format!("har::tests::faults::{name}");
    [name, "--exact".into(), "--ignored".into(), "--nocapture".into(), "--test-threads=1".into()]
}

fn large(id: u64, size: usize) -> HarEntry {
    let response_text = Some(body(&"x".repeat(size)));
    HarEntry::new(&exchange(id), EntryParts { response_text, ..parts() })
}

#[test]
fn a_full_disk_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    // The largest size of a file stands for the disk's: the system writes what fits, and says no.
    let script = r#"ulimit -f 16; trap '' XFSZ; exec "$0" "$@""#;
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .args(this_test("writes_more_than_fits"))
        .env(PATH, &path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(ids(&read(&path)), [1, 4]);
}

#[test]
#[ignore = "a part of another test"]
fn writes_more_than_fits() {
    let Some(path) = handed_over() else { return };
    let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
    file.append(&entry(1)).unwrap();
    let before = fs::read(&path).unwrap();
    for id in 2..=3 {
        let error = file.append(&large(id, 100_000)).unwrap_err();
        assert!(matches!(error, HarError::Write { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    file.append(&large(4, 1_000)).unwrap();
}

#[test]
fn every_entry_that_was_written_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut torn = 0;
    for round in 0..10 {
        let path = folder.path().join(format!("{round}.har"));
        let acknowledged = kill_after(&path, 50 + 13 * round);
        let text = fs::read_to_string(&path).unwrap();
        let har = if serde_json::from_str::<Value>(&text).is_ok() {
            read(&path)
        } else {
            torn += 1;
            serde_json::from_str(&mend(&text).unwrap()).unwrap()
        };
        let found = ids(&har);
        assert!(found.len() as u64 >= acknowledged, "{} of {acknowledged}", found.len());
        assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>());
    }
    // The kill has to come while the system is between two pages: one in 300 when it was counted.
    assert!(torn <= 2, "{torn} files have no end");
}

#[test]
fn a_write_that_was_cut_anywhere_costs_no_entry_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
    let mut before = fs::read(&path).unwrap();
    for id in 1..=3 {
        file.append(&entry(id)).unwrap();
        let after = fs::read(&path).unwrap();
        let same = before.iter().zip(&after).take_while(|(old, new)| old == new).count();
        for cut in same + 1..after.len() {
            // What the write had not reached yet is as it was.
            let rest = before.get(cut..).unwrap_or_default();
            let text = String::from_utf8([&after[..cut], rest].concat()).unwrap();
            let whole = serde_json::from_str::<Value>(&text).is_ok();
            let mended: Value = serde_json::from_str(&mend(&text).unwrap()).unwrap();
            let found = ids(&mended);
            let expected = [(1..id).collect::<Vec<_>>(), (1..=id).collect()];
            assert!(expected.contains(&found), "{found:?} of {text}");
            assert_eq!(write(&text).unwrap().contains("was cut short"), !whole, "{text}");
        }
        before = after;
    }
}

#[test]
fn only_files_of_its_own_are_mended() {
    let texts = [
        "",
        "{",
        "{\"log\":{\n",
        "{\"log\":{\"entries\":[",
        "{\"log\":{\"entries\":[]}}\n",
        "x\"entries\":[\n{}",
    ];
    for text in texts {
        assert_eq!(mend(text), None, "{text:?}");
    }
}

/// Kills a writer once it has told that so many entries are written.
fn kill_after(path: &Path, entries: u64) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(this_test("writes_until_killed"))
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut written = 0;
    let mut line = String::new();
    while written < entries {
        line.clear();
        assert_ne!(told.read_line(&mut line).unwrap(), 0, "the writer ended by itself");
        written = line.strip_prefix("written ").map_or(written, |id| id.trim().parse().unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    written
}

#[test]
#[ignore = "a part of another test"]
fn writes_until_killed() {
    let Some(path) = handed_over() else { return };
    let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
    for id in 1.. {
        file.append(&entry(id)).unwrap();
        let mut stdout = io::stdout().lock();
        if writeln!(stdout, "written {id}").and_then(|()| stdout.flush()).is_err() {
            return;
        }
    }
}

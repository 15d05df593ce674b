//! Which files are written, and what is in them at every moment.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::super::{Appended, EntryParts, HarEntry, HarError, HarFile, HarLimits, numbered};
use super::{body, entry, exchange, ids, of_run, parts, read};
use crate::traffic::exchange::Exchange;

#[test]
fn it_parses_from_the_first_moment_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
    assert!(ids(&read(&path)).is_empty());
    for id in 1..=20 {
        assert_eq!(file.append(&entry(id)).unwrap(), Appended::default());
        assert_eq!(ids(&read(&path)), (1..=id).collect::<Vec<_>>());
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(file.path(), path);
}

#[test]
fn a_page_for_each_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
    let nobody = HarEntry::new(&Exchange { run: None, ..exchange(3) }, parts());
    for entry in [
        of_run(1, "a", "kubectl get"),
        of_run(2, "b", "kubectl apply"),
        nobody,
        of_run(4, "a", "kubectl get"),
    ] {
        file.append(&entry).unwrap();
    }
    let log = &read(&path)["log"];
    let entries = log["entries"].as_array().unwrap();
    let pages: Vec<_> = entries.iter().map(|entry| entry["pageref"].as_str()).collect();
    assert_eq!(pages, [Some("run-1"), Some("run-2"), None, Some("run-1")]);
    let titles: Vec<_> =
        log["pages"].as_array().unwrap().iter().map(|page| &page["title"]).collect();
    assert_eq!(titles, ["kubectl get", "kubectl apply"]);
    assert_eq!(entries[2].get("_run"), None);
}

#[test]
fn the_tail_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
    file.append(&of_run(1, &"s".repeat(5_000), &"c".repeat(5_000))).unwrap();
    for run in 2..=1_000 {
        let appended = file.append(&of_run(run, &run.to_string(), "kubectl get")).unwrap();
        assert!(!appended.without_page);
    }
    assert!(read(&path)["log"].get("comment").is_none());
    for _ in 0..2 {
        assert!(file.append(&of_run(1_001, "one too many", "kubectl get")).unwrap().without_page);
    }
    assert!(!file.append(&of_run(1_002, "7", "kubectl get")).unwrap().without_page);
    let log = &read(&path)["log"];
    let pages = log["pages"].as_array().unwrap();
    assert_eq!(pages.len(), 1_000);
    assert_eq!(pages[0]["title"].as_str().unwrap().len(), 200);
    assert!(log["pages"].to_string().len() < 256 * 1024);
    assert!(log["comment"].as_str().unwrap().contains("the first 1000 runs"));
    assert!(log["entries"][1_000].get("pageref").is_none());
    assert_eq!(log["entries"][1_000]["_run"]["session"], "one too many");
    assert_eq!(log["entries"][1_002]["pageref"], "run-7");
}

#[test]
fn a_full_file_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // What is there already is neither written to nor followed.
    fs::write(path("run-3.har"), "mine").unwrap();
    symlink(path("elsewhere"), path("run-4.har")).unwrap();
    fs::write(path("run-5.har"), "").unwrap();

    let limits = HarLimits { max_bytes: Some(2_000) };
    let mut file = HarFile::create(&path("run.har"), limits).unwrap();
    let mut begun = Vec::new();
    for id in 1..=9 {
        let appended = file.append(&entry(id)).unwrap();
        begun.extend(appended.new_file.inspect(|new| assert_eq!(new, file.path())));
    }
    let names = ["run-2.har", "run-5.har", "run-6.har", "run-7.har"].map(path);
    assert!(begun.len() > 1);
    assert_eq!(begun, names[..begun.len()]);
    let mut found = ids(&read(&path("run.har")));
    for name in &begun {
        let har = read(name);
        assert_eq!(har["log"]["pages"].as_array().unwrap().len(), 1);
        found.extend(ids(&har));
        let metadata = fs::metadata(name).unwrap();
        assert!(metadata.len() <= 2_000);
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    }
    assert_eq!(found, (1..=9).collect::<Vec<_>>());
    assert_eq!(fs::read_to_string(path("run-3.har")).unwrap(), "mine");
    assert!(!path("elsewhere").exists());
}

#[test]
fn the_limit_is_the_largest_size_allowed() {
    let size_of = |entries: u64, max_bytes| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.har");
        let mut file = HarFile::create(&path, HarLimits { max_bytes }).unwrap();
        (1..=entries).for_each(|id| drop(file.append(&entry(id)).unwrap()));
        (fs::metadata(&path).unwrap().len(), file.path() == path)
    };
    let (two, _) = size_of(2, None);
    assert_eq!(size_of(2, Some(two)), (two, true));
    assert!(!size_of(2, Some(two - 1)).1);
}

#[test]
fn an_entry_beyond_the_limit_has_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    let mut file = HarFile::create(&path, HarLimits { max_bytes: Some(2_000) }).unwrap();
    let large = |id| {
        let response_text = Some(body(&"x".repeat(5_000)));
        HarEntry::new(&exchange(id), EntryParts { response_text, ..parts() })
    };
    for (entry, name) in [
        (large(1), "run.har"),
        (large(2), "run-2.har"),
        (entry(3), "run-3.har"),
        (large(4), "run-4.har"),
    ] {
        file.append(&entry).unwrap();
        assert_eq!(file.path(), folder.path().join(name));
        assert_eq!(ids(&read(file.path())).len(), 1);
    }
}

#[test]
fn names_with_a_number() {
    for (name, expected) in [
        ("/a/run.har", "/a/run-2.har"),
        ("run.har", "run-2.har"),
        ("run", "run-2"),
        ("a.b/run", "a.b/run-2"),
        ("run.tap.har", "run.tap-2.har"),
        (".har", ".har-2"),
    ] {
        assert_eq!(numbered(Path::new(name), 2), Path::new(expected), "{name}");
    }
}

#[test]
fn what_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), "").unwrap();
    fs::write(path("full"), "x").unwrap();
    symlink(path("empty"), path("link")).unwrap();
    symlink(path("nowhere"), path("dangling")).unwrap();
    fs::create_dir(path("folder")).unwrap();
    let kind = |path: &Path| match HarFile::create(path, HarLimits::default()) {
        Ok(_) => "taken",
        Err(HarError::NotEmpty { .. }) => "not empty",
        Err(HarError::NotAFile { .. }) => "no file",
        Err(HarError::Create { .. }) => "refused",
        Err(error) => panic!("{error}"),
    };
    for (name, expected) in [
        ("full", "not empty"),
        ("link", "no file"),
        ("dangling", "no file"),
        ("folder", "no file"),
        ("missing/run.har", "refused"),
    ] {
        assert_eq!(kind(&path(name)), expected, "{name}");
    }
    assert_eq!(kind(Path::new("/dev/null")), "no file");
    assert_eq!(fs::read_to_string(path("full")).unwrap(), "x");
    assert_eq!(fs::read_to_string(path("empty")).unwrap(), "", "not through the link");
    assert!(!path("nowhere").exists());
}

#[test]
fn an_empty_file_is_taken_and_made_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.har");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    HarFile::create(&path, HarLimits::default()).unwrap();
    assert!(ids(&read(&path)).is_empty());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn an_error_moves_nothing_on_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\x1b[2J");
    fs::write(&path, "x").unwrap();
    let error = HarFile::create(&path, HarLimits::default()).unwrap_err().to_string();
    assert!(error.ends_with("/a\\x1b[2J is there already and not empty"), "{error}");
}

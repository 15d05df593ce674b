//! Every `go.mod` file of the machine, and odd ones: read as `go mod edit -json` reads them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use devkit_gomod_tag::GoMod;
use serde_json::{Value, json};

use crate::support::{folder, peer, run};

/// Files of a machine that are looked at.
const MOST: usize = 600;

/// Files that Go reads in its own way.
const ODD: &[&str] = &[
    "module example.com/m\n",
    "module example.com/m",
    "module \"example.com/m\"\n",
    "module `example.com/m`\n",
    "module \"example.com/\\x6d\"\n",
    "module \"example.com/\\u006d\"\n",
    "module \"example.com/\\155\"\n",
    "module (\n\texample.com/m\n)\n",
    "module ( )\n",
    "module (\n)\nmodule example.com/m\n",
    "// Deprecated: no.\nmodule example.com/m\n",
    "module example.com/m // c\r\n\r\ngo 1.21\r\n",
    "module example.com/m\n\ngo 1.21\ntoolchain go1.22.1\n",
    "module example.com/m//c\n",
    "module example.com/m\nrequire example.com/a v1.0.0//indirect\n",
    "module example.com/m\nrequire example.com/a v1.0.0 // indirect\n",
    "module example.com/m\nrequire example.com/a v1.0.0 // indirect; x\n",
    "module example.com/m\nrequire example.com/a v1.0.0 // indirect x\n",
    "module example.com/m\nrequire example.com/a v1.0.0 // Indirect\n",
    "module example.com/m\nrequire (example.com/a v1.0.0)\n",
    "module example.com/m\nrequire (\n)\n",
    "module example.com/m\nrequire ()\n",
    "module example.com/m\nrequire (\n\n\t// x\n\n\texample.com/a v1.0.0\n\t\"example.com/b\" v2.0.0+incompatible\n\t// y\n)\n",
    "module example.com/m\nrequire ( // x\n\texample.com/a v1.0.0\n) // y\n",
    "module example.com/m\nrequire x (\n\texample.com/a v1.0.0\n)\n",
    "module example.com/m\nrequire (\n\texample.com/a v1.0.0\n",
    "module example.com/m\nreplace example.com/a => ../a\n",
    "module example.com/m\nreplace example.com/a=>../a\n",
    "module example.com/m\nreplace example.com/a v1.0.0 => example.com/b v1.1.0\n",
    "module example.com/m\nreplace example.com/a => \"../a b\"\n",
    "module example.com/m\nreplace (\n\texample.com/a => ./a\n\texample.com/b => ./b // c\n)\n",
    "module example.com/m\nexclude example.com/a v1.0.0\n",
    "module example.com/m\nexclude (\n\texample.com/a v1.0.0\n\texample.com/a v1.0.1\n)\n",
    "module example.com/m\nretract v1.0.0\n",
    "module example.com/m\nretract [v1.0.0, v1.0.9] // why\n",
    "module example.com/m\nretract [v1.0.0,v1.0.9]\n",
    "module example.com/m\n\n// one\n// two\nretract v1.0.0\n",
    "module example.com/m\n\n// one\n\n// two\nretract v1.0.0\n",
    "module example.com/m\n\n// one\nretract v1.0.0 // two\n",
    "module example.com/m\n// of the block\nretract (\n\tv1.0.0\n\t// own\n\tv1.0.1 // beside\n\tv1.0.2\n)\n",
    "module example.com/m\nretract (\n\t// a\n\n\t// b\n\tv1.0.1\n\n\tv1.0.2\n)\n",
    "module example.com/m\nretract [v1.0.0 v1.0.9]\n",
    "module example.com/m\ngo 1.21\ngo 1.22\n",
    "module example.com/m\ngo (\n\t1.21\n)\n",
    "module example.com/m\nmodule example.com/n\n",
    "module example.com/m /* c */\n",
    "/* c */\nmodule example.com/m\n",
    "\u{feff}module example.com/m\n",
    "module example.com/m\nfuture x\n",
    "module \"example.com/m\n\"\n",
    "module example.com/m\\\n",
    "module exam\"ple.com/m\"\n",
    "module example.com/m {\n",
    "module\texample.com/m\u{a0}\n",
    ")\n",
    "(\n)\n",
    "\"module\" example.com/m\n",
    "require example.com/a\n",
    "require example.com/a v1.0.0 v1.0.0\n",
    "module example.com/m\ngodebug default=go1.21\ntool example.com/m/t\n",
    "module example.com/m\ngodebug (\n\tpanicnil=1\n)\ntool (\n\texample.com/m/t\n\texample.com/m/u\n)\n",
    "",
    "// only a comment\n",
];

#[test]
fn files_are_read_as_go_reads_them() {
    let Some(go) = peer::need("go") else { return };
    let scratch = folder();
    let mut files: Vec<PathBuf> = Vec::new();
    for name in ["GOROOT", "GOMODCACHE"] {
        let ran = run(asking(&go, scratch.path(), &["env", name]));
        collect(Path::new(ran.stdout.trim()), &mut files);
    }
    assert!(files.len() >= 2, "a GOROOT has files of its own: {files:?}");
    for (at, text) in ODD.iter().enumerate() {
        let path = scratch.path().join(format!("odd-{at}.mod"));
        fs::write(&path, text).unwrap();
        files.push(path);
    }
    let mut list = String::new();
    let mut accepted = 0;
    for path in &files {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let ours = GoMod::parse(&text);
        if let Ok(ours) = &ours {
            assert_eq!(ours.edited([]), text, "{}", path.display());
        }
        let path = path.to_str().unwrap();
        let ran = run(asking(&go, scratch.path(), &["mod", "edit", "-json", path]));
        let theirs: Option<Value> =
            (ran.code == Some(0)).then(|| serde_json::from_str(&ran.stdout).unwrap());
        accepted += usize::from(theirs.is_some());
        match (&ours, &theirs) {
            (Ok(ours), Some(theirs)) => {
                let (ours, theirs) = (ours_of(ours), theirs_of(theirs));
                if ours != theirs {
                    let _ = writeln!(list, "{path}: {text:?}\n  ours {ours}\n  Go's {theirs}");
                }
            }
            (Err(error), Some(_)) => {
                let _ = writeln!(list, "{path}: {text:?}: {error}, and Go reads it");
            }
            // Go refuses more: versions that are not canonical, directives that it does not know.
            (_, None) => {}
        }
    }
    assert_eq!(list, "");
    assert!(accepted >= 40, "{accepted} of {}", files.len());
}

fn asking(go: &Path, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(go);
    command.args(args).current_dir(folder);
    command.env("GOFLAGS", "").env("GOWORK", "off").env("GOTOOLCHAIN", "local");
    command
}

/// Files that are called `go.mod`, or lie in a cache as `VERSION.mod`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if files.len() >= MOST {
            return;
        } else if kind.is_dir() {
            collect(&path, files);
        } else if kind.is_file() && path.extension().is_some_and(|kind| kind == "mod") {
            files.push(path);
        }
    }
}

fn ours_of(file: &GoMod) -> Value {
    let version = |version: &Option<devkit_gomod_tag::gomod::Token>| {
        version.as_ref().map(|version| version.text.clone()).unwrap_or_default()
    };
    let requires = file.requires.iter();
    let replaces = file.replaces.iter();
    json!({
        "module": version(&file.module),
        "go": version(&file.go),
        "toolchain": version(&file.toolchain),
        "requires": requires.map(|it| json!([it.path.text, it.version.text, it.indirect])).collect::<Vec<_>>(),
        "replaces": replaces.map(|it| json!([
            it.old.path.text, version(&it.old.version), it.new.path.text, version(&it.new.version),
        ])).collect::<Vec<_>>(),
        "excludes": file.excludes.iter().map(|it| json!([it.path.text, version(&it.version)])).collect::<Vec<_>>(),
        "retracts": file.retracts.iter().map(|it| json!([it.low.text, it.high.text, it.rationale])).collect::<Vec<_>>(),
        "tools": file.others.iter().filter(|line| line.verb == "tool")
            .map(|line| line.words[0].text.clone()).collect::<Vec<_>>(),
    })
}

fn theirs_of(file: &Value) -> Value {
    let list = |name: &str, of: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        file[name].as_array().into_iter().flatten().map(of).collect()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    json!({
        "module": text(&file["Module"]["Path"]),
        "go": text(&file["Go"]),
        "toolchain": text(&file["Toolchain"]),
        "requires": list("Require", &|it| json!([it["Path"], it["Version"], it["Indirect"].as_bool().unwrap_or(false)])),
        "replaces": list("Replace", &|it| json!([
            it["Old"]["Path"], text(&it["Old"]["Version"]), it["New"]["Path"], text(&it["New"]["Version"]),
        ])),
        "excludes": list("Exclude", &|it| json!([it["Path"], it["Version"]])),
        "retracts": list("Retract", &|it| json!([it["Low"], it["High"], text(&it["Rationale"])])),
        "tools": list("Tool", &|it| it["Path"].clone()),
    })
}

//! What is wrong in files, for people and for those who show it beside the lines; never a value.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::support::sarif::{need_validator, results, validated};
use crate::support::{Ran, devkit, finish, folder, run};

/// Files in a folder of their own: UTF-8 with Chinese, CR LF, UTF-16, and a name that is not UTF-8.
fn files() -> tempfile::TempDir {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = folder();
    let put = |name: &[u8], bytes: &[u8]| {
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(name)), bytes).unwrap();
    };
    put("数 据.env".as_bytes(), "# 注释\r\nexport 变量.x=topsecret\r\n".as_bytes());
    put(b"Dockerfile", b"FROM alpine\nENV a=topsecret b.c=topsecret\nENTRYPOINT java\n");
    put(b"caf\xe9.env", b"d-e=topsecret\n");
    dir
}

fn ask(dir: &Path, args: &[&str]) -> Ran {
    use std::os::unix::ffi::OsStrExt as _;
    let mut command = devkit(dir, ["envcheck", "数 据.env", "./Dockerfile"]);
    command.arg("--file").arg(std::ffi::OsStr::from_bytes(b"caf\xe9.env")).args(args);
    run(command)
}

#[test]
fn findings_show_the_line_and_no_value() {
    let dir = files();
    let contexts = "dotenv.ruby,dash.inherit";
    let ran = ask(dir.path(), &["--context", contexts]);
    assert_snapshot!(ran.shown(dir.path()), @r#"
    数 据.env:2:8: 变量.x is dropped by dotenv.ruby: a line that does not match is passed over in silence
    数 据.env:2:8: 变量.x is dropped by dash.inherit: dash hands on only names that it could set
      |
    2 | export 变量.x=…
      |        ^^^^^^

    ./Dockerfile:2:17: b.c is dropped by dash.inherit: dash hands on only names that it could set (instead: B_C)
      |
    2 | …b.c=…
      |  ^^^

    caf\xe9.env:1:1: d-e is dropped by dotenv.ruby: a line that does not match is passed over in silence (instead: D_E)
    caf\xe9.env:1:1: d-e is dropped by dash.inherit: dash hands on only names that it could set (instead: D_E)
      |
    1 | d-e=…
      | ^^^
    --- stderr ---
    --- exit 1 ---
    "#);
    let ran = ask(dir.path(), &["--context", contexts, "--report", "github"]);
    assert_snapshot!(ran.shown(dir.path()), @r#"
    ::error file=数 据.env,line=2,col=8,title=envcheck dotenv.ruby::变量.x is dropped by dotenv.ruby: a line that does not match is passed over in silence
    ::error file=数 据.env,line=2,col=8,title=envcheck dash.inherit::变量.x is dropped by dash.inherit: dash hands on only names that it could set
    ::error file=Dockerfile,line=2,col=17,title=envcheck dash.inherit::b.c is dropped by dash.inherit: dash hands on only names that it could set (instead: B_C)
    ::error file=caf\xe9.env,line=1,col=1,title=envcheck dotenv.ruby::d-e is dropped by dotenv.ruby: a line that does not match is passed over in silence (instead: D_E)
    ::error file=caf\xe9.env,line=1,col=1,title=envcheck dash.inherit::d-e is dropped by dash.inherit: dash hands on only names that it could set (instead: D_E)
    --- stderr ---
    --- exit 1 ---
    "#);
    let ran = ask(dir.path(), &["--context", contexts, "--report", "sarif"]);
    assert_snapshot!(results(&ran).join("\n"), @"
    error dotenv.ruby %E6%95%B0%20%E6%8D%AE.env:2:8
    error dash.inherit %E6%95%B0%20%E6%8D%AE.env:2:8
    error dash.inherit Dockerfile:2:17
    error dotenv.ruby caf%E9.env:1:1
    error dash.inherit caf%E9.env:1:1
    ");
    for form in [&[][..], &["--json"], &["-v"], &["--report", "github"], &["--report", "sarif"]] {
        let ran = ask(dir.path(), form);
        assert!(!(ran.stdout.clone() + &ran.stderr).contains("topsecret"), "{}", ran.stdout);
    }
    // What is made an error decides the level.
    let ran = ask(dir.path(), &["--fail-on", "mangled", "--report", "github"]);
    assert_eq!((ran.code, ran.stdout.contains("::error")), (Some(0), false));
}

#[test]
fn standard_input_has_no_file() {
    let dir = folder();
    fs::write(dir.path().join("in"), "a.b=1\n").unwrap();
    let ask = |args: &[&str]| {
        let words = ["envcheck", "-", "--format", "dotenv", "--context", "dash.inherit"];
        let mut command = devkit(dir.path(), [&words, args].concat());
        command.stdin(fs::File::open(dir.path().join("in")).unwrap());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        finish(command.spawn().unwrap())
    };
    assert_snapshot!(ask(&["--report", "github"]).stdout, @"::error title=envcheck dash.inherit::a.b is dropped by dash.inherit: dash hands on only names that it could set (instead: A_B)");
    assert_eq!(results(&ask(&["--report", "sarif"])), ["error dash.inherit -:1:1"]);
}

#[test]
fn sarif_is_what_its_authors_want() {
    let Some(validator) = need_validator() else { return };
    let dir = files();
    validated(&validator, &ask(dir.path(), &["--report", "sarif"]).stdout);
}

#[test]
fn nothing_foreign_is_printed_as_it_is() {
    let dir = folder();
    let evil = "\u{202e}\u{200f}\u{9b}";
    let yaml = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    command: [sh]\n    env:\n    \
                - {name: \"\\u202e\\u200f\\u009b\", value: x}\n";
    fs::write(dir.path().join(format!("{evil}.env")), format!("a{evil}=1\n{evil}\n")).unwrap();
    fs::write(dir.path().join("pod.yaml"), yaml).unwrap();
    fs::write(dir.path().join("bad.yaml"), format!("{evil}: [\u{1b}\n")).unwrap();
    let named = format!("{evil}.env");
    for args in [
        vec![&*named],
        vec!["pod.yaml"],
        vec!["bad.yaml"],
        vec!["bad.yaml", "--format", "kubernetes"],
        vec!["--file", evil],
        vec!["--context", evil, "A"],
        vec!["--explain", evil],
        vec!["--hex", evil],
        vec!["--through", evil, "A"],
        vec!["--", evil],
    ] {
        for form in [&[][..], &["--json"], &["-v"], &["--report", "github"], &["--report", "sarif"]]
        {
            let ran = run(devkit(dir.path(), [&["envcheck"], form, &args[..]].concat()));
            for text in [&ran.stdout, &ran.stderr] {
                let plain = text.replace('\n', "");
                let bad = plain.chars().find(|c| c.is_control() || "\u{202e}\u{200f}".contains(*c));
                assert_eq!(bad, None, "{args:?} {form:?}: {text:?}");
            }
        }
    }
}

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
    error: 变量.x is dropped by dotenv.ruby and dash.inherit [dotenv.ruby]
      数 据.env:2:8
      |
    2 | export 变量.x=…
      |        ^^^^^^
      cause: dotenv.ruby: a line that does not match is passed over in silence
             dash.inherit: dash hands on only names that it could set

    error: b.c is dropped by dash.inherit [dash.inherit]
      ./Dockerfile:2:17
      |
    2 | …b.c=…
      |  ^^^
      ./Dockerfile:3:1: the shell form of ENTRYPOINT starts /bin/sh
      cause: dash hands on only names that it could set
      hint:  ENTRYPOINT ["java", …] starts no shell
             another name would do: B_C

    error: d-e is dropped by dotenv.ruby and dash.inherit [dotenv.ruby]
      caf\xe9.env:1:1
      |
    1 | d-e=…
      | ^^^
      cause: dotenv.ruby: a line that does not match is passed over in silence
             dash.inherit: dash hands on only names that it could set
      hint:  another name would do: D_E

    3 problems in 3 files
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

/// The shell is named only where a form of an instruction puts it there, and the exec form only of a
/// command that is nothing but a program and its arguments.
#[test]
fn a_shell_form_is_told_with_its_way_out() {
    let dir = folder();
    let told = |end: &str| {
        let text = format!("FROM alpine\nENV a.b=1 \\\n    C=2\n{end}\n");
        fs::write(dir.path().join("Dockerfile"), text).unwrap();
        let ran = run(devkit(dir.path(), ["envcheck", "Dockerfile"]));
        assert!(!ran.stdout.contains("topsecret"), "{}", ran.stdout);
        let more = ran.stdout.lines().filter(|line| line.contains("shell")).map(str::trim);
        more.collect::<Vec<_>>().join("\n")
    };
    let starts = |at: &str, instruction: &str, way: &str| {
        let line = format!("Dockerfile:{at}: the shell form of {instruction} starts /bin/sh");
        if way.is_empty() { line } else { format!("{line}\nhint:  {way}") }
    };
    let program = |name: &str| format!("CMD [\"{name}\", …] starts no shell");
    for (end, wanted) in [
        (
            "# why\n  entrypoint java  -jar app.jar",
            starts("5:3", "ENTRYPOINT", "ENTRYPOINT [\"java\", …] starts no shell"),
        ),
        // Arguments may be secret.
        ("CMD server --password topsecret", starts("4:1", "CMD", &program("server"))),
        ("CMD exec java -jar x", starts("4:1", "CMD", &program("java"))),
        ("CMD java \\\n  -jar x", starts("4:1", "CMD", &program("java"))),
        // What only a shell can do.
        ("CMD exec java $OPTS", starts("4:1", "CMD", "")),
        ("CMD run 'a b'", starts("4:1", "CMD", "")),
        ("CMD A=topsecret run", starts("4:1", "CMD", "")),
        ("CMD cd /app", starts("4:1", "CMD", "")),
        ("CMD . ./env", starts("4:1", "CMD", "")),
        ("CMD if true", starts("4:1", "CMD", "")),
        ("CMD sh run.sh", starts("4:1", "CMD", "")),
        ("CMD env A sh -c x", starts("4:1", "CMD", &program("env"))),
        // An ENTRYPOINT of that form ignores CMD, and the other has it as arguments.
        (
            "ENTRYPOINT java -jar x.jar\nCMD [\"--port\", \"80\"]",
            starts(
                "4:1",
                "ENTRYPOINT",
                "ENTRYPOINT [\"java\", …] starts no shell, and takes CMD as arguments",
            ),
        ),
        ("ENTRYPOINT []\nCMD foo", starts("5:1", "CMD", &program("foo"))),
        ("ENTRYPOINT [\"tini\", \"--\"]\nCMD java x", starts("5:1", "CMD", &program("java"))),
        // The shell is what was asked for.
        ("CMD [\"sh\", \"-c\", \"run\"]", String::new()),
        ("ENTRYPOINT [\"sh\", \"-c\"]\nCMD run", String::new()),
        ("ENTRYPOINT [\"run\"]\nCMD x", String::new()),
        ("SHELL [\"bash\", \"-c\"]\nCMD run", String::new()),
    ] {
        assert_eq!(told(end), wanted, "{end}");
    }
    // A shell that CMD does not start has nothing to do with its form, in whatever order they come.
    for contexts in ["posh.inherit,dash.inherit", "dash.inherit,posh.inherit"] {
        fs::write(dir.path().join("Dockerfile"), "FROM x\nENV a.b=1\nCMD run\n").unwrap();
        let ran = run(devkit(dir.path(), ["envcheck", "Dockerfile", "--context", contexts]));
        assert_eq!(ran.stdout.matches("starts no shell").count(), 1, "{}", ran.stdout);
        assert_eq!(ran.stdout.matches("error: ").count(), 2, "{}", ran.stdout);
    }
}

/// A value that begins as its name does is a value all the same.
#[test]
fn the_place_of_a_value_shows_nothing_of_it() {
    let dir = folder();
    for text in [
        "apiVersion: v1\nkind: Secret\ndata:\n  admin:\n    admin\n",
        "apiVersion: v1\nkind: Secret\ndata:\n  admin: adminsecret%\n",
        "apiVersion: v1\nkind: Secret\nstringData:\n  \"5\":\n    5\n",
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - env:\n    - {name: \"5\", value: 5789}\n",
    ] {
        fs::write(dir.path().join("pod.yaml"), text).unwrap();
        let ran = run(devkit(dir.path(), ["envcheck", "pod.yaml"]));
        assert_eq!(ran.code, Some(1), "{text}");
        let shown = ran.stdout.lines().filter_map(|line| line.split_once(" | ")).map(|it| it.1);
        for shown in shown.filter(|shown| !shown.trim_start().starts_with('^')) {
            let shown = shown.trim();
            assert!(["…", "value: …"].contains(&shown) || shown.ends_with(": …"), "{shown}");
            assert!(!shown.contains("secret") && !shown.contains("78"), "{shown}");
        }
    }
}

#[test]
fn a_marker_stands_where_it_should_in_every_locale() {
    let dir = folder();
    fs::write(dir.path().join("Dockerfile"), "FROM x\nENV x=1 a.b=y\nCMD run\n").unwrap();
    let mut command = devkit(dir.path(), ["envcheck", "Dockerfile"]);
    command.env("LC_ALL", "C");
    let ran = run(command);
    assert!(ran.stdout.contains("2 | ~a.b=~\n  |  ^^^\n"), "{}", ran.stdout);
}

#[test]
fn the_line_of_a_file_in_utf_16_is_told() {
    let dir = folder();
    let text = "\u{feff}apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    env:\n    - {name: 名=}\n";
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [le, be, text.into()] {
        fs::write(dir.path().join("pod.yaml"), bytes).unwrap();
        let ran = run(devkit(dir.path(), ["envcheck", "pod.yaml", "--context", "k8s.env"]));
        assert!(ran.stdout.contains("  pod.yaml:7:14\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains("\n7 | …名=…\n  |  ^^^\n"), "{}", ran.stdout);
    }
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

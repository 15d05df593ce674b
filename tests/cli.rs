//! What all commands have in common: help, errors, exit codes, colours, pipes, completions.

use std::fs::{self, File};
use std::io::Read;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::support::{DEVKIT, Ran, commands, devkit, finish, folder, peer, run, wait};

fn devkit_says(args: &[&str]) -> Ran {
    run(devkit(folder().path(), args))
}

#[test]
fn no_command_is_help_on_stderr() {
    let ran = devkit_says(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(ran.stderr, devkit_says(&["--help"]).stdout);
    let mut command = devkit(folder().path(), ["-q"]);
    command.current_dir("/").env("DEVKIT_COLOR", "never");
    let with_options = run(command);
    assert_eq!(with_options.stderr.replace("COLOR=never", "COLOR="), ran.stderr);
    assert_eq!(with_options.code, Some(2));
}

#[test]
fn usage_errors_have_the_shape_of_all_errors() {
    let dir = folder();
    let shown = |args: &[&str]| run(devkit(dir.path(), args)).shown(dir.path());
    assert_snapshot!(shown(&["fdw"]), @"
    --- stderr ---
    error: unrecognized subcommand 'fdw' [usage]
      hint:  did you mean 'fwd'? devkit --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["completion", "bash"]), @"
    --- stderr ---
    error: unrecognized subcommand 'completion' [usage]
      hint:  did you mean 'completions'? devkit completions bash
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "--sorce", "1"]), @"
    --- stderr ---
    error: unexpected argument '--sorce' found [usage]
      hint:  did you mean '--source'? devkit fwd --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "-s", "1"]), @"
    --- stderr ---
    error: the following required arguments were not provided: --destination <ADDRESS> [usage]
      hint:  for example: devkit fwd -s 127.0.0.1:8090 -d echo:; devkit fwd --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "-s", "1", "-d", "2", "--drain", "5"]), @"
    --- stderr ---
    error: invalid value '5' for '--drain <TIME>': a time with its unit is wanted, such as 500ms, 5s, 10m or 1h30m [usage]
      hint:  devkit fwd --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "-s", "1", "-d", "2", "--mode", "0888"]), @"
    --- stderr ---
    error: invalid value '0888' for '--mode <OCTAL>': an octal number from 0 to 0777 is wanted, such as 0660 [usage]
      hint:  devkit fwd --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "-s", "1", "-d", "2", "--idle-timeout", "0s"]), @"
    --- stderr ---
    error: invalid value '0s' for '--idle-timeout <TIME|none>': it must be longer than nothing; 'none' never does [usage]
      hint:  devkit fwd --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "-s", "1", "-d", "2", "--max-connections", "0"]), @"
    --- stderr ---
    error: invalid value '0' for '--max-connections <N>': a number from 1 on is wanted, such as 1000 [usage]
      hint:  devkit fwd --help shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["--color", "sometimes", "man"]), @"
    --- stderr ---
    error: invalid value 'sometimes' for '--color <WHEN>' [possible values: auto, always, never] [usage]
      hint:  devkit man --help shows all there is
    --- exit 2 ---
    ");
    let names = commands::names().join(", ");
    assert_snapshot!(shown(&["man", "nothing"]).replace(&names, "NAMES"), @"
    --- stderr ---
    error: there is no command 'nothing' [usage]
      hint:  there are NAMES
    --- exit 2 ---
    ");
    // Neither commands nor flags are matched by a prefix: new ones can be added safely.
    assert_snapshot!(shown(&["complet", "bash"]), @"
    --- stderr ---
    error: unrecognized subcommand 'complet' [usage]
      hint:  did you mean 'completions'? devkit completions bash
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["fwd", "--dest", "1"]), @"
    --- stderr ---
    error: unexpected argument '--dest' found [usage]
      hint:  did you mean '--destination'? devkit fwd --help shows all there is
    --- exit 2 ---
    ");
}

#[test]
fn errors_as_json_are_one_line_on_stderr() {
    let dir = folder();
    let shown = |args: &[&str]| run(devkit(dir.path(), args)).shown(dir.path());
    let names = commands::names().join(", ");
    assert_snapshot!(shown(&["--json"]).replace(&names, "NAMES"), @r#"
    --- stderr ---
    {"error":{"code":"usage","message":"'devkit' requires a subcommand but one was not provided [subcommands: NAMES]","hint":"devkit --help shows all there is"}}
    --- exit 2 ---
    "#);
    assert_snapshot!(shown(&["fwd", "--json", "-s", "1"]), @r#"
    --- stderr ---
    {"error":{"code":"usage","message":"the following required arguments were not provided: --destination <ADDRESS>","hint":"for example: devkit fwd -s 127.0.0.1:8090 -d echo:; devkit fwd --help shows all there is"}}
    --- exit 2 ---
    "#);
    assert_snapshot!(shown(&["fwd", "-s", "0.0.0.0:0", "-d", "/run/docker.sock", "--json"]), @r#"
    --- stderr ---
    {"error":{"code":"not-loopback","message":"tcp://0.0.0.0:0 is reachable from other machines, and nothing says who may connect: whoever connects becomes root on this machine through docker (/run/docker.sock)","hint":"--allow 192.0.2.0/24 limits it; listen on 127.0.0.1 and use ssh -L; or say --allow-any, and whoever reaches the port may connect"}}
    --- exit 2 ---
    "#);
    for args in [&["--json", "fdw"][..], &["--json", "fwd", "-s", "x", "-d", "y"]] {
        let ran = devkit_says(args);
        let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
        let fields: Vec<&String> = error["error"].as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "message", "hint"]);
        assert_eq!((ran.stdout.as_str(), ran.code), ("", Some(2)));
    }
}

#[test]
fn errors_never_are_bare_system_messages() {
    let dir = folder();
    fs::write(dir.path().join("file"), "").unwrap();
    for args in [
        &["fwd", "-s", "192.0.2.1:80", "-d", "echo:", "--allow-any"][..],
        &["fwd", "-s", "unix:file/x", "-d", "echo:"],
        &["fwd", "-s", "unix:no/x", "-d", "echo:"],
        &["fwd", "-s", "unix:/proc/x", "-d", "echo:"],
        &["man", "--out", "file"],
        &["man", "--out", "file/x"],
        &["man", "--out", "/proc/x"],
    ] {
        let ran = run(devkit(dir.path(), args));
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(ran.stderr.starts_with("error: cannot "), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("os error"), "{args:?}: {}", ran.stderr);
        let first = ran.stderr.lines().next().unwrap();
        assert!(first.ends_with(']'), "no code in {first}");
        assert!(args[0] == "man" || ran.stderr.contains("\n  hint:  "), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn what_is_printed_as_json_can_be_parsed() {
    let dir = folder();
    let document = |args: &[&str]| -> serde_json::Value {
        let ran = run(devkit(dir.path(), args));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let completions = document(&["--json", "completions", "bash"]);
    assert_eq!(completions["schema"], "devkit.completions/1");
    assert_eq!(completions["script"], devkit_says(&["completions", "bash"]).stdout);
    let page = document(&["man", "fwd", "--json"]);
    assert_eq!(page["pages"][0]["roff"], devkit_says(&["man", "fwd"]).stdout);
    let written = document(&["man", "--out", "pages", "--json"]);
    assert_eq!(written["schema"], "devkit.man/1");
    for page in written["pages"].as_array().unwrap() {
        assert!(std::path::Path::new(page["path"].as_str().unwrap()).is_file(), "{page}");
    }
}

#[test]
fn verbose_errors_show_what_lies_beneath() {
    let args = ["fwd", "-v", "-s", "unix:no/x", "-d", "echo:"];
    let ran = devkit_says(&args);
    assert!(ran.stderr.contains("\n  after: No such file or directory"), "{}", ran.stderr);
    assert!(!devkit_says(&[&args[..1], &args[2..]].concat()).stderr.contains("after:"));
}

#[test]
fn versions_say_what_was_built() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(devkit_says(&["-V"]).stdout, format!("devkit {version}\n"));
    assert_eq!(devkit_says(&["fwd", "-V"]).stdout, format!("devkit {version}\n"));
    let long = devkit_says(&["--version"]).stdout;
    let lines: Vec<&str> = long.lines().collect();
    assert_eq!(lines[0], format!("devkit {version}"));
    let commit = lines[1].strip_prefix("commit: ").unwrap();
    let (hash, date) = commit.split_once(' ').unwrap_or((commit, ""));
    let known = hash.len() >= 7 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && date.len() == 10;
    assert!(known || commit == "unknown", "{commit}");
    let target = lines[2].strip_prefix("target: ").unwrap();
    assert!(target.contains(std::env::consts::ARCH), "{target}");
}

#[test]
fn links_stand_for_subcommands_and_other_names_are_devkit() {
    let dir = folder();
    let mut links: Vec<(String, String)> = Vec::new();
    for command in commands::all() {
        let usage = format!("Usage: devkit {} ", command.name);
        links.extend(command.links.into_iter().map(|link| (link, usage.clone())));
    }
    assert!(links.len() >= 5, "{links:?}");
    let none = "Usage: devkit <COMMAND>";
    links.extend([("devkit-0.1".into(), none.into()), ("dk".into(), none.into())]);
    for (name, usage) in links {
        let link = dir.path().join(&name);
        std::os::unix::fs::symlink(DEVKIT, &link).unwrap();
        let mut command = Command::new(link);
        command.arg("--help");
        let ran = run(command);
        assert!(ran.stdout.contains(&usage), "{name}: {}", ran.stdout);
    }
    let mut command = Command::new(dir.path().join("sockfwd"));
    command.args(["-s", "tcp://127.0.0.1:0", "-d", "unix:///x", "-q", "--mode", "0600"]);
    let ran = run(command);
    assert!(ran.stderr.contains("--mode, --owner and --group are for"), "{}", ran.stderr);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let shells = ["bash", "zsh", "fish", "elvish", "powershell"].map(|s| vec!["completions", s]);
    let others = [vec!["--help"], vec!["fwd", "--help"], vec!["--version"], vec!["man", "fwd"]];
    for args in shells.into_iter().chain(others) {
        let mut command = devkit(folder().path(), &args);
        command.current_dir("/").stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = [0];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let ran = finish(child);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
        // And one who never read at all.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = devkit(folder().path(), &args);
        command.current_dir("/").stdout(writer).stderr(Stdio::piped());
        let ran = finish(command.spawn().unwrap());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for args in [&["--help"][..], &["completions", "bash"], &["man"]] {
        let mut command = devkit(folder().path(), args);
        command.current_dir("/").stdout(full()).stderr(Stdio::piped());
        let ran = finish(command.spawn().unwrap());
        let wanted =
            "error: cannot write to standard output [io]\n  cause: no space left on device\n";
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), wanted), "{args:?}");
    }
    // And where even errors cannot be told, the exit code still can.
    let mut command = devkit(folder().path(), ["fdw"]);
    command.current_dir("/").stdout(full()).stderr(full());
    assert_eq!(wait(&mut command.spawn().unwrap()).code(), Some(2));
}

#[test]
fn colour_follows_the_flag_then_the_environment_then_the_terminal() {
    let coloured = |args: &[&str], env: &[(&str, &str)]| {
        let dir = folder();
        let mut command = devkit(dir.path(), args);
        command.envs(env.iter().copied());
        let ran = run(command);
        (ran.stdout + &ran.stderr).contains('\u{1b}')
    };
    let force = ("CLICOLOR_FORCE", "1");
    for args in [&["--help"][..], &["fwd", "--help"], &["fdw"], &["fwd", "-s", "1", "-d", "unix:"]]
    {
        let with = |more: &[&'static str]| [more, args].concat();
        assert!(!coloured(args, &[]), "a pipe: {args:?}");
        assert!(coloured(&with(&["--color", "always"]), &[]), "{args:?}");
        assert!(coloured(&with(&["--color=always"]), &[("NO_COLOR", "1")]), "{args:?}");
        assert!(coloured(args, &[("DEVKIT_COLOR", "always")]), "{args:?}");
        assert!(coloured(args, &[force]), "{args:?}");
        assert!(!coloured(args, &[("CLICOLOR_FORCE", "0")]), "{args:?}");
        assert!(!coloured(args, &[force, ("NO_COLOR", "1")]), "{args:?}");
        assert!(coloured(args, &[force, ("NO_COLOR", "")]), "{args:?}");
        assert!(!coloured(&with(&["--color=never"]), &[force]), "{args:?}");
    }
}

#[test]
fn completions_are_taken_by_the_shells() {
    let dir = folder();
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = devkit_says(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
        assert!(script.stdout.contains("half-close-timeout"), "{shell}");
        let file = dir.path().join(shell);
        fs::write(&file, &script.stdout).unwrap();
        let Some(program) = peer::need(shell) else { continue };
        let mut command = Command::new(program);
        command.arg(check).arg(&file).env("HOME", dir.path());
        let ran = run(command);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shell}");
    }
    for shell in ["elvish", "powershell"] {
        assert!(devkit_says(&["completions", shell]).stdout.contains("half-close-timeout"));
    }
    // bash really completes with it.
    let Some(bash) = peer::need("bash") else { return };
    let mut command = Command::new(bash);
    let ask = "source ./bash; COMP_WORDS=(devkit fwd --dr); COMP_CWORD=2; \
        _devkit devkit --dr fwd; echo \"${COMPREPLY[@]}\"";
    command.args(["--norc", "-c", ask]).current_dir(dir.path());
    assert_eq!(run(command).stdout, "--drain\n");
}

#[test]
fn man_pages_are_clean_roff() {
    let dir = folder();
    let page = devkit_says(&["man", "fwd"]);
    assert_eq!((page.code, page.stderr.as_str()), (Some(0), ""));
    assert!(page.stdout.contains(".TH devkit-fwd 1"));
    let all = run(devkit(dir.path(), ["man", "--out", "share/man1"]));
    assert_eq!(all.code, Some(0));
    let mut elsewhere = devkit(dir.path(), ["man", "--out", "a…b"]);
    elsewhere.env("LC_ALL", "C");
    assert!(run(elsewhere).stderr.lines().any(|line| line == "a…b/devkit.1"));
    let folder = dir.path().join("share/man1");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    // Help about help is no page; all others are.
    let all = commands::all().into_iter().filter(|command| command.name != "help");
    let mut wanted: Vec<String> =
        all.map(|command| format!("devkit-{}.1", command.name.replace(' ', "-"))).collect();
    wanted.push("devkit.1".into());
    wanted.sort_unstable();
    assert_eq!(files, wanted);
    let page_of_part = devkit_says(&["man", "kubecerts-extract"]).stdout;
    assert!(page_of_part.contains("password"), "{page_of_part}");
    assert_eq!(devkit_says(&["man", "kubecerts", "extract"]).stdout, page_of_part);
    assert_eq!(fs::read_to_string(folder.join("devkit-fwd.1")).unwrap(), page.stdout);
    assert_eq!(fs::read_to_string(folder.join("devkit.1")).unwrap(), devkit_says(&["man"]).stdout);
    let Some(groff) = peer::need("groff") else { return };
    for file in files {
        let mut command = Command::new(&groff);
        command.args(["-man", "-Tutf8", "-P-cbou", "-ww", "-K", "utf8"]).arg(folder.join(&file));
        let ran = run(command);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{file}");
        assert!(ran.stdout.contains("DESCRIPTION"), "{file}");
        // Tables and commands are not filled into paragraphs.
        if file == "devkit-fwd.1" {
            let line =
                "  devkit fwd -s tcp://127.0.0.1:8090 -d unix:///run/containerd/containerd.sock\n";
            assert!(ran.stdout.contains(line), "{}", ran.stdout);
        }
    }
}

#[test]
fn exit_codes_are_the_documented_ones() {
    let table =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exit-codes.md"));
    let table = table.unwrap();
    let documented: Vec<i32> = table
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| ")?.split(' ').next()?.trim_matches('`').parse().ok()
        })
        .collect();
    assert_eq!(documented, [0, 1, 2, 130, 143]);
    assert_eq!(devkit_says(&["--version"]).code, Some(0));
    // 1 is an answer, and no command here gives one yet: all that fails is 2.
    for args in [&["nothing"][..], &["fwd"], &["fwd", "-s", "x", "-d", "y"], &["man", "x"]] {
        assert_eq!(devkit_says(args).code, Some(2), "{args:?}");
    }
    // 130 and 143: fwd::life::a_second_signal_ends_it_at_once.
}

/// Cron jobs, ssh and small containers have a locale without UTF-8. No mark there is a word that could
/// be read together with the sentence behind it, and no sign of ours is one that it lacks.
#[test]
fn a_locale_without_utf_8_gets_signs_that_it_has() {
    let dir = folder();
    let long = "A".repeat(300);
    for args in [
        &["envcheck", "a.b"][..],
        &["envcheck", &long],
        &["envcheck", "a.b", "--through", "k8s,sh=dash"],
        &["mvn-unblock", "--settings", "none.xml", "-n"],
        &["mvn-unblock", "--settings", "-", "--from-log", "Cargo.toml"],
        &["kubecerts", "show"],
        &["fwd", "-s", "unix:no/x", "-d", "echo:"],
    ] {
        let mut command = devkit(dir.path(), args);
        command.env("LANG", "C");
        let ran = run(command);
        let said = ran.stdout + &ran.stderr;
        assert!(said.is_ascii(), "{args:?}: {said}");
        let words: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(!words.contains(&"no"), "{args:?}: {said}");
    }
    let mut command = devkit(dir.path(), ["envcheck", "a.b"]);
    command.env("LANG", "C");
    assert!(run(command).stdout.contains("\nx not safe through sh"));
}

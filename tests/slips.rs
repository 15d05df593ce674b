//! What people type by mistake, and the line that they are given to paste.

use std::collections::BTreeSet;

use crate::support::commands;
use crate::support::{Ran, devkit, folder, run};

fn says(line: &str) -> Ran {
    let mut command = devkit(folder().path(), line.split_whitespace());
    command.current_dir("/");
    run(command)
}

/// The hint of a usage error.
fn hint(line: &str) -> String {
    let ran = says(line);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{line}");
    assert!(ran.stderr.contains(" [usage]\n"), "{line}: {}", ran.stderr);
    let hint = ran.stderr.split("  hint:  ").nth(1).unwrap_or_default().trim_end().to_owned();
    // The line that fails is no way out.
    let next = hint.strip_suffix(" shows all there is").unwrap_or(&hint);
    assert!(!next.ends_with(&format!("devkit {line}")), "{line}: {hint}");
    hint
}

#[test]
fn slips_end_in_a_line_to_paste() {
    for (line, meant) in [
        ("fwd 8090 9090", "devkit fwd -s 8090 -d 9090"),
        ("fwd 8090", "devkit fwd -s 8090 -d ADDRESS"),
        ("fwd -s 8090 9090", "devkit fwd -s 8090 -d 9090"),
        ("fwd 8090 -d 9090", "devkit fwd -s 8090 -d 9090"),
        ("fwd 8090 9090 --allow-any", "devkit fwd -s 8090 -d 9090 --allow-any"),
        ("fwd 8090 8090", "devkit fwd -s 8090 -d 8090"),
        ("fwd --listen 8090 --to 9090", "devkit fwd -s 8090 -d 9090"),
        ("fwd --listen=8090 --to=9090", "devkit fwd -s 8090 -d 9090"),
        ("fwd -l8090 -d 9090", "devkit fwd -s 8090 -d 9090"),
        ("fwd --from a.sock --target b.sock", "devkit fwd -s a.sock -d b.sock"),
        ("fwd -v 8090 9090", "devkit fwd -v -s 8090 -d 9090"),
        ("kubecerts extract staging", "devkit kubecerts extract --context staging"),
        ("kubecerts show staging", "devkit kubecerts show --context staging"),
        ("kubecerts check staging", "devkit kubecerts check --context staging"),
        ("kubecerts extract -c staging", "devkit kubecerts extract --context staging"),
        ("kubecerts extract -cstaging", "devkit kubecerts extract --context staging"),
        ("kubecerts extract --ctx=staging", "devkit kubecerts extract --context staging"),
        ("kubecerts extract staging --out x", "devkit kubecerts extract --context staging --out x"),
        ("kubecerts show /etc/kube.yaml", "devkit kubecerts show --kubeconfig /etc/kube.yaml"),
        ("kubecerts list", "devkit kubecerts show --all"),
        ("kubecerts tap kubectl get pods", "devkit kubecerts tap -- kubectl …"),
        (
            "kubecerts tap -c staging -- kubectl",
            "devkit kubecerts tap --context staging -- kubectl",
        ),
        ("envcheck MY --ctx bash", "devkit envcheck MY --context bash"),
        ("envcheck MY -c bash", "devkit envcheck MY --context bash"),
        ("envcheck .env --sarif", "devkit envcheck .env --report sarif"),
        ("mvn-unblock settings.xml", "devkit mvn-unblock --settings settings.xml"),
        ("mvn-unblock status settings.xml", "devkit mvn-unblock status --settings settings.xml"),
        ("mvn-unblock --status", "devkit mvn-unblock status"),
        ("mvn-unblock undo", "devkit mvn-unblock --undo"),
        ("mvn-unblock corp", "devkit mvn-unblock --repo corp"),
        ("mvn-unblock build.log", "devkit mvn-unblock --from-log build.log"),
        ("mvn-unblock .", "devkit mvn-unblock --project ."),
        ("gomod-tag v0.2.0 a", "devkit gomod-tag v0.2.0 --module a"),
        ("gomod-tag v0.2.0 a b", "devkit gomod-tag v0.2.0 --module a --module b"),
        ("gomod-tag tag v0.2.0 a", "devkit gomod-tag tag v0.2.0 --module a"),
        ("gomod-tag tags v0.2.0", "did you mean 'tag'? devkit gomod-tag tag v0.2.0"),
        ("gomod-tag --yes tag v0.2.0", "devkit gomod-tag tag --yes v0.2.0"),
        ("gomod-tag v0.2.0 list", "devkit gomod-tag list"),
        ("gomod-tag list a", "devkit gomod-tag list"),
        ("gomod-tag status a", "devkit gomod-tag status --module a"),
        ("gomod-tag verify a/v9", "devkit gomod-tag verify --tag a/v9"),
        ("gomod-tag v0.2.0 --dir a", "devkit gomod-tag v0.2.0 --module a"),
        ("forward -s 1 -d 2", "did you mean 'fwd'? devkit fwd -s 1 -d 2"),
        ("forward 1 2", "did you mean 'fwd'? devkit fwd -s 1 -d 2"),
        ("sockfwd -s 1 -d 2", "did you mean 'fwd'? devkit fwd -s 1 -d 2"),
        ("completion bash", "did you mean 'completions'? devkit completions bash"),
        ("completions bsh", "did you mean 'bash'? devkit completions bash"),
        ("version", "devkit --version"),
        ("mna fwd", "did you mean 'man'? devkit man fwd"),
    ] {
        assert_eq!(hint(line), meant, "{line}");
    }
}

#[test]
fn a_line_that_cannot_be_mended_is_not_offered() {
    for (line, says) in [
        ("forward", "did you mean 'fwd'? devkit --help shows all there is"),
        ("fwd --nonsense", "devkit fwd --help shows all there is"),
        (
            "kubecerts extract -c",
            "did you mean '--context'? devkit kubecerts extract --help shows all there is",
        ),
        ("foo", "devkit --help shows all there is"),
        ("kubecerts extract a b", "devkit kubecerts extract --help shows all there is"),
    ] {
        assert_eq!(hint(line), says, "{line}");
    }
}

#[test]
fn a_hint_repeats_no_value_and_no_argument_of_another_program() {
    let said = hint("envcheck PASSWORD=hunter2 --contxt bash");
    assert_eq!(said, "did you mean '--context'? devkit envcheck PASSWORD=… --context bash");
    let said = hint("kubecerts tap -c staging -- kubectl --token hunter2");
    assert_eq!(said, "devkit kubecerts tap --context staging -- kubectl …");
    let mut command = devkit(folder().path(), ["kubecerts", "show", "a b\u{1b}[31m"]);
    command.current_dir("/");
    let ran = run(command);
    let line = r"  hint:  devkit kubecerts show --context $'a b\x1b[31m'";
    assert!(ran.stderr.contains(line), "{}", ran.stderr);
}

#[test]
fn arguments_in_excess_are_told_in_our_words() {
    for line in ["gomod-tag v0.2.0 a", "gomod-tag tags v0.2.0", "gomod-tag v1.0.0 list"] {
        let ran = says(line);
        assert!(ran.stderr.starts_with("error: unexpected argument '"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("subcommand"), "{}", ran.stderr);
    }
}

/// The options of all commands that take a value: the command, the option.
fn options_with_values() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for command in commands::all() {
        let help = says(&format!("{} --help", command.name)).stdout;
        // The options of every command are asked once, of devkit itself.
        let own = help.split("Options (for every command)").next().unwrap_or_default();
        let lines = own.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        for line in lines {
            let option = line.split("--").nth(1).unwrap_or_default();
            if let Some((name, _)) =
                option.split("  ").next().and_then(|it| it.split_once([' ', '=']))
            {
                found.insert((command.name.clone(), name.trim_end_matches('[').to_owned()));
            }
        }
    }
    found
}

#[test]
fn values_that_are_none_are_told_in_words() {
    let options = options_with_values();
    assert!(options.len() > 60, "{options:?}");
    assert!(options.contains(&("kubecerts check".into(), "warn-days".into())), "{options:?}");
    for (command, option) in options {
        for value in ["", "abc", "-1", "0", "1.5", "99999999999999999999999", "\u{1b}"] {
            // The value is judged before --help ends it.
            let mut args: Vec<String> = command.split(' ').map(str::to_owned).collect();
            args.extend([format!("--{option}={value}"), "--help".into()]);
            let mut running = devkit(folder().path(), &args);
            running.current_dir("/");
            let ran = run(running);
            assert!(matches!(ran.code, Some(0 | 2)), "{args:?}: {}", ran.stderr);
            for leaked in ["invalid digit", "number too", "non-zero", "parse integer", "float"] {
                assert!(!ran.stderr.contains(leaked), "{args:?}: {}", ran.stderr);
            }
        }
    }
}

#[test]
fn a_number_is_asked_for_in_words() {
    for (line, wanted) in [
        ("kubecerts check --warn-days soon", "a number of days is wanted, such as 30"),
        ("kubecerts check --warn-days=-1", "a number of days is wanted, such as 30"),
        ("envcheck --pid abc", "the number of a process is wanted, such as 4121"),
        ("fwd -s 1 -d 2 --workers 0", "a number from 1 to 65535 is wanted"),
        ("fwd -s 1 -d 2 --max-connections x", "a number from 1 on is wanted, such as 1000"),
    ] {
        let ran = says(line);
        assert!(ran.stderr.contains(&format!("{wanted} [usage]")), "{line}: {}", ran.stderr);
        assert_eq!(ran.code, Some(2), "{line}");
    }
}

/// The variables that stand for options, as the help of all commands names them.
fn variables() -> BTreeSet<String> {
    let helps = commands::all().into_iter().map(|it| says(&format!("{} --help", it.name)).stdout);
    helps
        .flat_map(|help| {
            let named = help.split("[env: ").skip(1);
            named.map(|rest| rest.split(['=', ']']).next().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_variable_with_a_bad_value_is_named_and_an_empty_one_is_unset() {
    let ways = [("DEVKIT_COLOR", "man"), ("DEVKIT_FWD_ENGINE", "fwd -s 1 -d unix:")];
    let known: BTreeSet<String> = ways.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(variables(), known);
    for (name, line) in ways {
        let with = |value: &std::ffi::OsStr| {
            let mut command = devkit(folder().path(), line.split(' '));
            command.current_dir("/").env(name, value);
            run(command)
        };
        let bad = with("foo".as_ref());
        let wanted =
            format!("error: invalid value 'foo' for the variable {name} [possible values: ");
        assert!(bad.stderr.starts_with(&wanted), "{}", bad.stderr);
        let wanted = format!("\n  hint:  unset {name}, or give it a value of --");
        assert!(bad.stderr.contains(&wanted), "{}", bad.stderr);
        assert_eq!(bad.code, Some(2));
        let bytes = with(std::os::unix::ffi::OsStrExt::from_bytes(b"\xff"));
        assert!(
            bytes.stderr.contains(&format!(r"'\xff' for the variable {name}")),
            "{}",
            bytes.stderr
        );
        // What is typed counts before what is set.
        let empty = with("".as_ref());
        let mut unset = devkit(folder().path(), line.split(' '));
        unset.current_dir("/").env_remove(name);
        let unset = run(unset);
        assert_eq!((&empty.stderr, &empty.stdout), (&unset.stderr, &unset.stdout), "{name}");
    }
    // A value that was typed is told of the option.
    let mut command = devkit(folder().path(), ["--color", "foo", "man"]);
    command.current_dir("/").env("DEVKIT_COLOR", "foo");
    let ran = run(command);
    assert!(
        ran.stderr.starts_with("error: invalid value 'foo' for '--color <WHEN>'"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_empty_variable_is_still_in_the_help() {
    let mut command = devkit(folder().path(), ["--help"]);
    command.current_dir("/").env("DEVKIT_COLOR", "");
    assert_eq!(run(command).stdout, says("--help").stdout);
}

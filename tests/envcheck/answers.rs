//! What `devkit envcheck` answers, and how.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Ran, devkit, finish, folder, run};

fn ask(args: &[&str]) -> Ran {
    let dir = folder();
    run(devkit(dir.path(), [&["envcheck"], args].concat()))
}

fn ask_with(args: &[&str], input: &[u8]) -> Ran {
    let dir = folder();
    let mut command = devkit(dir.path(), [&["envcheck"], args].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let ran = finish(child);
    writer.join().unwrap().unwrap();
    ran
}

fn objects(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn contexts_answer_by_their_own_rules() {
    for (name, context, verdict, position) in [
        ("a.b", "execve", "ok", None),
        ("a.b", "posix", "rejected", Some(1)),
        ("1A", "posix", "rejected", Some(0)),
        ("a.b", "dash.inherit", "dropped", Some(1)),
        ("a.b", "bash.inherit", "ok", None),
        ("a.b", "bash.export", "rejected", Some(1)),
        ("a.b", "tcsh.setenv", "ok", None),
        ("a-b", "tcsh.setenv", "rejected", Some(1)),
        ("IFS", "bash.inherit", "changed", None),
        ("a.b", "k8s.env@1.7", "rejected", Some(1)),
        ("a.b", "k8s.env@1.8", "ok", None),
        ("a.b", "k8s.env@1.31", "ok", None),
        ("1A", "k8s.env@1.31", "rejected", Some(0)),
        ("1A", "k8s.env@1.34", "ok", None),
        ("1A", "k8s.env@1.40.2", "ok", None),
        ("..", "k8s.env@1.31", "rejected", None),
        ("..a", "k8s.env@1.31", "rejected", Some(0)),
        ("é", "k8s.env@1.34", "rejected", Some(0)),
        ("aé", "k8s.env@1.34", "rejected", Some(1)),
        ("1A", "kubectl.from-env-file@1.32", "rejected", Some(0)),
        ("a b", "k8s.configmap-key", "rejected", Some(1)),
        ("a.b", "systemd.environment", "dropped", Some(1)),
        ("a.b", "docker.env", "ok", None),
        ("a b", "docker.env-file", "rejected", Some(1)),
        ("a b", "compose.env-file", "rejected", Some(1)),
        ("a:b", "compose.env-file", "mangled", Some(1)),
        ("a-b", "dotenv.rust-dotenvy", "rejected", Some(1)),
        ("a-b", "dotenv.node", "ok", None),
        ("1", "node.env", "dropped", Some(0)),
        ("github_x", "gha.secret", "rejected", Some(0)),
        ("node_options", "github-env", "rejected", None),
        ("working-directory", "gha.input", "mangled", None),
        ("a.b", "azure-pipelines", "mangled", Some(0)),
        ("_A", "aws-lambda", "rejected", Some(0)),
        ("A", "aws-lambda", "rejected", Some(1)),
        ("AWS_REGION", "aws-lambda", "rejected", None),
        ("PORT", "cloud-run", "rejected", None),
        ("LD_PRELOAD", "sudo-E", "dropped", Some(0)),
        ("MY", "sudo", "dropped", None),
        ("LC_ALL", "sudo", "ok", None),
        ("", "libc.setenv", "rejected", Some(0)),
        ("", "docker.env", "rejected", Some(0)),
    ] {
        let ran = ask(&["--json", "--context", context, "--", name]);
        let value = &objects(&ran)[0]["contexts"][0];
        let got = (value["verdict"].as_str().unwrap(), value["position"].as_u64());
        assert_eq!(got, (verdict, position), "{name} in {context}: {value}");
        assert_eq!(value["id"], context);
        let fails = ["rejected", "dropped", "mangled"].contains(&verdict);
        assert_eq!(ran.code, Some(i32::from(fails)), "{name} in {context}");
    }
    let long = "A".repeat(254);
    let ran = ask(&["--json", "--context", "k8s.configmap-key", &long]);
    assert_eq!(objects(&ran)[0]["contexts"][0]["position"], 253);
}

#[test]
fn json_has_the_fields_that_are_promised() {
    let ran = ask(&["--json", "a.b"]);
    let object = objects(&ran).remove(0);
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(
        keys(&object),
        ["schema", "name", "name_hex", "dangerous", "contexts", "chain", "values"]
    );
    assert_eq!((&object["name"], &object["name_hex"]), (&"a.b".into(), &"612e62".into()));
    assert!(object["chain"].is_null() && object["values"].is_null());
    let contexts = object["contexts"].as_array().unwrap();
    assert!(contexts.len() > 90, "{}", contexts.len());
    let wanted = [
        "id", "verdict", "position", "message", "becomes", "suggest", "caveat", "fatal", "rule",
        "source", "versions",
    ];
    for context in contexts {
        assert_eq!(keys(context), wanted);
    }
    let of = |id: &str| contexts.iter().find(|context| context["id"] == id).unwrap();
    assert_eq!(of("dash.export")["message"], "export: a.b: bad variable name");
    assert_eq!(of("dash.export")["fatal"], true);
    assert_eq!(of("bash.export")["message"], "export: `a.b=7': not a valid identifier");
    assert_eq!(of("bash.export")["fatal"], false);
    assert_eq!(of("rc.assign")["becomes"], "a__2eb");
    assert_eq!(of("dash.export")["suggest"], "A_B");
    // A form of its own beside ok.
    assert_eq!((&of("spring")["verdict"], &of("spring")["suggest"]), (&"ok".into(), &"A_B".into()));
    assert_eq!(of("dotnet")["suggest"], "a__b");
    assert!(of("spring")["caveat"].as_str().unwrap().contains("lower case"));
    let every = [
        "execve",
        "env",
        "libc.setenv",
        "sudo",
        "sudo-E",
        "sudo-set",
        "pam-env",
        "docker.env",
        "docker.env-file",
        "dockerfile.env",
        "compose.environment",
        "compose.env-file",
        "oci.runc",
        "systemd.environment",
        "systemd.environment-file",
        "k8s.configmap-key",
        "spring",
        "dotnet",
        "java.getenv",
        "java.ProcessBuilder",
        "node.env",
        "python.environ",
        "go.Setenv",
        "go.Environ",
        "rust.set_var",
        "rust.vars",
        "ruby",
        "perl",
        "php.getenv",
        "dotenv.node",
        "dotenv.python",
        "dotenv.rust-dotenvy",
        "dotenv.godotenv",
        "dotenv.ruby",
        "sh.source",
        "gha.secret",
        "gha.env",
        "gha.input",
        "github-env",
        "gitlab.variable",
        "azure-pipelines",
        "azure-app-service",
        "aws-lambda",
        "cloud-run",
        "fish.set",
        "tcsh.setenv",
        "csh.setenv",
        "nushell.set",
    ];
    for id in every {
        of(id);
    }
}

fn all<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["--json", "--context", "execve"], more].concat()
}

#[test]
fn names_come_as_arguments_digits_and_lines() {
    let names = |ran: &Ran| -> Vec<String> {
        objects(ran).iter().map(|o| o["name_hex"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&ask(&all(&["A", "B=c", ""]))), ["41", "42", ""]);
    // Behind -- nothing is a value, a file or standard input.
    assert_eq!(names(&ask(&all(&["--", "B=c", "-"]))), ["423d63", "2d"]);
    let ran = ask(&all(&["--hex", "636166e9", "00"]));
    assert_eq!(names(&ran), ["636166e9", "00"]);
    assert!(objects(&ran)[0]["name"].is_null());
    assert_eq!(objects(&ran)[1]["contexts"][0]["verdict"], "rejected");
    let ran = ask_with(&all(&["-"]), b"A\n\nB=c\n \nd\xff\n");
    assert_eq!(names(&ran), ["41", "423d63", "20", "64ff"]);
    assert_eq!(names(&ask_with(&all(&["-", "--values"]), b"B=c=d\n")), ["42"]);
    assert_eq!(names(&ask_with(&all(&["-", "--hex"]), b"4142\n63\n")), ["4142", "63"]);
    assert_eq!(names(&ask_with(&all(&["-"]), b"")), [""; 0]);
    let ran = ask(&["--hex", "4"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("[usage]"), "{}", ran.stderr);
    let ran = ask(&[]);
    assert!(ran.code == Some(2) && ran.stderr.contains("no name is given"), "{}", ran.stderr);
}

#[test]
fn the_exit_code_is_that_of_what_was_asked() {
    for (args, code) in [
        (&["MY_VAR"][..], 0),
        (&["a.b"], 1),
        (&["a.b", "--context", "k8s.env@1.34"], 0),
        (&["a.b", "--context", "k8s.env@1.34,dash.inherit"], 1),
        (&["IFS", "--context", "dash.inherit"], 0),
        (&["IFS", "--context", "dash.inherit", "--fail-on", "changed"], 1),
        (&["a.b", "--context", "dash.inherit", "--fail-on", "mangled"], 0),
        (&["LD_PRELOAD", "--context", "bash"], 0),
        (&["a.b", "--through", "k8s@1.34,sh=bash,spring"], 0),
        (&["a.b", "--through", "k8s@1.34,sh=dash,spring"], 1),
        (&["a.b", "--through", "k8s@1.34,sh,spring"], 1),
        (&["a.b", "--through", "k8s@1.7"], 1),
        (&["A=b", "--context", "execve"], 0),
    ] {
        let ran = ask(args);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(code), ""), "{args:?}: {}", ran.stdout);
    }
    for args in
        [&["--context", "openrc", "A"][..], &["--through", "openrc", "A"], &["--explain", "openrc"]]
    {
        let ran = ask(args);
        assert!(ran.code == Some(2) && ran.stderr.contains("[unknown-context]"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    let ran = ask(&["--context", "bash.exprot", "A"]);
    assert!(ran.stderr.contains("did you mean 'bash.export'"), "{}", ran.stderr);
}

#[test]
fn a_chain_names_the_link_that_loses_the_name() {
    let ran = ask(&["--json", "my.var", "--through", "k8s@1.34,sh=dash,spring"]);
    let chain = &objects(&ran)[0]["chain"];
    assert_eq!((&chain["lost_at"], &chain["arrives_as"]), (&"sh".into(), &Value::Null));
    assert_eq!(chain["links"].as_array().unwrap().len(), 2);
    assert_eq!(chain["links"][1]["id"], "dash.inherit");
    // A mangled name goes on under the other one.
    let ran = ask(&["--json", "a.b", "--through", "rc.assign,dash,java"]);
    let chain = &objects(&ran)[0]["chain"];
    assert_eq!((&chain["lost_at"], &chain["arrives_as"]), (&"rc.assign".into(), &"a__2eb".into()));
    let ran = ask(&["a.b", "--through", "docker,zsh,spring"]);
    assert!(ran.stdout.ends_with("it arrives\n"), "{}", ran.stdout);
}

#[test]
fn values_are_looked_at_too() {
    let big = format!("A={}", "x".repeat(131_070));
    let last = format!("A={}", "x".repeat(131_069));
    let lambda = format!("A={}", "x".repeat(4096));
    for (argument, context, verdict) in [
        (big.as_str(), "execve", Some("rejected")),
        (&last, "execve", None),
        (&lambda, "aws-lambda", Some("rejected")),
        ("A=a\nb", "docker.env-file", Some("changed")),
        ("A=a\nb", "docker.env", None),
        ("A='b'", "docker.env-file", Some("ok")),
        ("A='b'", "dotenv.node", Some("changed")),
        ("A=$(B)", "k8s.env", Some("changed")),
        ("A=50%", "systemd.environment", None),
        ("A=5%z", "systemd.environment", Some("dropped")),
        ("A=5%p", "systemd.environment", Some("changed")),
        ("A=() { :; }", "sudo-E", Some("dropped")),
        ("A=b", "bash", None),
        ("A=b # c", "dotenv.node", Some("changed")),
        ("A=b#c", "sh.source", None),
        ("A=b c", "sh.source", Some("dropped")),
        ("A='b c'", "sh.source", Some("changed")),
        ("A=$B", "compose.env-file", Some("changed")),
        ("A=$B", "dotenv.node", None),
    ] {
        // By standard input where the kernel would not take it; it knows no line ends.
        let ran = if argument.contains('\n') {
            ask(&["--json", "--context", context, argument])
        } else {
            ask_with(&["--json", "--context", context, "--values", "-"], argument.as_bytes())
        };
        let values = objects(&ran)[0]["values"].as_array().unwrap().clone();
        let got = values.first().map(|value| value["verdict"].as_str().unwrap());
        let shown: String = argument.chars().take(20).collect();
        assert_eq!(got, verdict, "{shown} in {context}: {values:?}");
    }
    // No value is told, wherever it stands in a message.
    for args in [&["a.b=topsecret"][..], &["=topsecret"], &["a.b=topsecret", "--json"]] {
        let ran = ask(args);
        assert!(
            ran.stdout.contains("rejected") && !ran.stdout.contains("topsecret"),
            "{}",
            ran.stdout
        );
    }
    let long = format!("A={}", "x".repeat(65_536));
    let ran = ask(&["--json", "--context", "docker.env-file", &long]);
    let values = objects(&ran)[0]["values"].clone();
    assert_eq!(values[0]["message"], "bufio.Scanner: token too long");
}

#[test]
fn a_process_shows_its_variables_as_bytes_and_never_their_values() {
    let dir = folder();
    let mut command = devkit(dir.path(), ["envcheck", "--env", "--json"]);
    command.env("a.b", "topsecret").env("GOOD", "topsecret");
    let ran = run(command);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    let objects = objects(&ran);
    assert!(objects.iter().any(|object| object["name"] == "a.b"));
    assert_eq!(objects.last().unwrap()["schema"], "devkit.envcheck.environ/1");
    assert!(!ran.stdout.contains("topsecret"), "{}", ran.stdout);
    let mut command = devkit(dir.path(), ["envcheck", "--env", "-v"]);
    command.env("a.b", "topsecret");
    let ran = run(command);
    assert!(ran.stdout.contains("1 of them lost somewhere"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("topsecret"));
    let pid = std::process::id().to_string();
    assert!(matches!(ask(&["--pid", &pid]).code, Some(0 | 1)));
    let ran = ask(&["--pid", "4294967295"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("[no-such-process]"), "{}", ran.stderr);
}

#[test]
fn probing_agrees_with_the_table_and_runs_no_name() {
    let dir = folder();
    let mut command =
        devkit(dir.path(), ["envcheck", "--probe", "--json", "a.b", "MY_VAR", "1A", "café"]);
    command.args(["$(touch ran)", "a;touch ran", "`touch ran`"]);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["ok"], true);
    for shell in value["shells"].as_array().unwrap() {
        assert!(shell["answers"].as_u64().unwrap() >= 8, "{shell}");
    }
    assert!(!dir.path().join("ran").exists());
}

#[test]
fn renames_that_would_meet_are_told() {
    let ran = ask(&["a.b", "a-b", "--context", "dash"]);
    assert_eq!(ran.stderr, "warning: a-b and a.b would be one variable, A_B [collision]\n");
    let ran = ask(&["a.b", "A_B", "--context", "dash"]);
    assert!(ran.stderr.contains("[collision]"), "{}", ran.stderr);
    assert_eq!(ask(&["a.b", "a.c", "--context", "dash"]).stderr, "");
    let ran = ask(&["a.b", "a-b", "--context", "dash.export", "--json"]);
    for object in objects(&ran) {
        assert_eq!(object["contexts"][0]["caveat"], "a-b and a.b would be one variable, A_B");
    }
}

#[test]
fn what_was_asked_is_answered_and_quiet_is_quiet() {
    // A rule that treats all names alike is told where it was asked for.
    let ran = ask(&["FOO", "--context", "sudo"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("dropped"), "{}", ran.stdout);
    let ran = ask(&["my-input", "--context", "gha.input"]);
    assert!(ran.stdout.contains("mangled to INPUT_MY-INPUT"), "{}", ran.stdout);
    let ran = ask(&["FOO"]);
    let wanted = "FOO\n✓ works everywhere but in sudo and gha.input, which no name passes\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), wanted));
    let ran = ask(&["1A", "-q"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(1), "", ""));
    let ran = ask(&["a.b", "--through", "k8s,sh"]);
    assert!(ran.stdout.contains("which shell it is, is not known"), "{}", ran.stdout);
    let ran = ask(&["--context", "", "A"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("[unknown-context]"), "{}", ran.stderr);
    for (context, name, becomes) in
        [("sh.source", "a=b", "a"), ("dotenv.ruby", "a=b", "a"), ("xonsh.assign", "a=b", "a")]
    {
        let ran = ask(&["--json", "--context", context, "--", name]);
        assert_eq!(objects(&ran)[0]["contexts"][0]["becomes"], becomes, "{context}");
    }
}

#[test]
fn names_never_move_the_terminal() {
    let ran = ask(&["a\u{1b}[31mb", "--context", "bash,dash,docker,spring", "-v"]);
    assert!(!ran.stdout.contains('\u{1b}') && ran.stdout.contains("\\x1b"), "{:?}", ran.stdout);
    for args in [&["--list-contexts"][..], &["--explain", "bash"], &["--explain", "k8s.env@1.31"]] {
        let ran = ask(args);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.lines().count() > 4, "{}", ran.stdout);
    }
}

//! Plugins that are scripts of `/bin/sh`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::super::{
    ApiVersion, AuthMethod, CredentialError, Credentials, ExecCluster, ExecConfig, Interactive,
    PluginSurroundings,
};
use super::{at, header, surroundings};

fn plugin(script: &str) -> ExecConfig {
    ExecConfig {
        api_version: ApiVersion::V1,
        command: "/bin/sh".to_owned(),
        args: vec!["-c".to_owned(), script.to_owned()],
        env: Vec::new(),
        install_hint: Some("see\n\u{1b}[1mhttps://example.com".to_owned()),
        interactive: Interactive::IfAvailable,
        cluster: None,
    }
}

fn credentials(config: ExecConfig, around: PluginSurroundings) -> Credentials {
    Credentials::new(AuthMethod::Exec(Box::new(config)), around)
}

/// A script that prints an answer with this status.
fn prints(status: &Value) -> String {
    let answer = json!({
        "apiVersion": ApiVersion::V1.as_str(), "kind": "ExecCredential", "status": status,
    });
    format!("cat <<'END'\n{answer}\nEND\n")
}

/// A script that notes its run in a file.
fn counts(file: &Path, status: &Value) -> String {
    format!("echo run >> '{}'\n{}", file.display(), prints(status))
}

fn runs(file: &Path) -> usize {
    fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

#[test]
fn answers() {
    let mut both = credentials(
        plugin(&prints(&json!({
            "token": "t0k", "clientCertificateData": "CERT", "clientKeyData": "KEY",
            "expirationTimestamp": null,
        }))),
        surroundings(),
    );
    let current = both.current(at(0)).unwrap();
    assert_eq!(current.header.as_deref(), Some(&b"Bearer t0k"[..]));
    let certificate = current.certificate.unwrap();
    assert_eq!((&*certificate.certificate, &*certificate.key), (&b"CERT"[..], &b"KEY"[..]));

    let pair = json!({"token": "", "clientCertificateData": "CERT", "clientKeyData": "KEY"});
    let current = credentials(plugin(&prints(&pair)), surroundings()).current(at(0)).unwrap();
    assert_eq!(current.header, None);
    assert!(current.certificate.is_some());
}

/// A script that is wrong in one way, and the words for it.
const WRONG: &[(&str, &str)] = &[
    ("exit 3", "failed with exit code 3"),
    ("printf '{}'; exit 3", "failed with exit code 3"),
    ("kill -9 $$", "was ended by a signal"),
    ("", "not the JSON of an ExecCredential (line 1, column 0)"),
    ("echo hunter2", "not the JSON of an ExecCredential (line 1, column 1)"),
    ("echo '{} hunter2'", "not the JSON of an ExecCredential (line 1, column 4)"),
    ("echo '{\"status\": \"hunter2\"}'", "not the JSON of an ExecCredential (line 1"),
    ("echo '{\"status\": {\"token\": 5}}'", "not the JSON of an ExecCredential (line 1"),
    ("printf '\\377'", "not the JSON of an ExecCredential"),
    ("echo '{}'", "printed kind , and ExecCredential is wanted"),
    ("echo '{\"kind\":\"Status\"}'", "printed kind Status, and"),
    ("echo '{\"kind\":\"ExecCredential\"}'", "printed apiVersion , and"),
    (
        "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}'",
        "printed apiVersion client.authentication.k8s.io/v1beta1, and the kubeconfig says client.authentication.k8s.io/v1",
    ),
    ("while echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done", "more than 1 MiB"),
];

#[test]
fn wrong_output() {
    let of_status = |status: Value| prints(&status);
    let wrong = WRONG.iter().map(|(script, words)| ((*script).to_owned(), *words));
    let statuses = [
        (of_status(Value::Null), "printed no status"),
        (of_status(json!({})), "neither a token nor a certificate"),
        (of_status(json!({"token": ""})), "neither a token nor a certificate"),
        (of_status(json!({"clientCertificateData": "hunter2"})), "and not both"),
        (of_status(json!({"token": "t", "clientKeyData": "hunter2"})), "and not both"),
        (
            of_status(json!({"token": "t", "expirationTimestamp": "hunter2"})),
            "an expirationTimestamp that is not RFC 3339",
        ),
        (of_status(json!({"token": "hunter2\nx"})), "no HTTP header holds it"),
    ];
    for (script, words) in wrong.chain(statuses) {
        let error = credentials(plugin(&script), surroundings()).header(at(0)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words), "{script}: {text}");
        assert!(!format!("{text} {error:?}").contains("hunter2"), "{script}: {error:?}");
    }
}

/// What the plugin found in `KUBERNETES_EXEC_INFO`.
fn asked(config: ExecConfig, around: PluginSurroundings) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("info");
    let note = format!("printf %s \"$KUBERNETES_EXEC_INFO\" > '{}'\n", file.display());
    let script = note + &prints(&json!({"token": "t"}));
    let args = vec!["-c".to_owned(), script];
    credentials(ExecConfig { args, ..config }, around).header(at(0)).unwrap();
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn what_a_plugin_is_asked() {
    let cluster = ExecCluster { server: "https://a".to_owned(), ..ExecCluster::default() };
    let full = ExecCluster {
        server: "https://a".to_owned(),
        tls_server_name: Some("b".to_owned()),
        insecure_skip_tls_verify: true,
        certificate_authority: Some(b"CA".to_vec()),
        proxy_url: Some("http://p".to_owned()),
        disable_compression: true,
        config: Some(json!({"audience": "x"})),
    };
    let shown = json!({
        "server": "https://a", "tls-server-name": "b", "insecure-skip-tls-verify": true,
        "certificate-authority-data": "Q0E=", "proxy-url": "http://p",
        "disable-compression": true, "config": {"audience": "x"},
    });
    for (cluster, spec) in [
        (None, json!({"interactive": false})),
        (
            Some(cluster),
            json!({"interactive": false, "cluster": {"server": "https://a", "config": null}}),
        ),
        (Some(full), json!({"interactive": false, "cluster": shown})),
    ] {
        // A plugin's own variable does not replace what it is asked.
        let env = vec![("KUBERNETES_EXEC_INFO".to_owned(), "{}".to_owned())];
        let config = ExecConfig { env, cluster, ..plugin("") };
        let wanted =
            json!({"apiVersion": ApiVersion::V1.as_str(), "kind": "ExecCredential", "spec": spec});
        assert_eq!(asked(config, surroundings()), wanted);
    }
}

#[test]
fn the_version_is_the_configured_one() {
    let version = ApiVersion::V1Beta1;
    let answer =
        json!({"apiVersion": version.as_str(), "kind": "ExecCredential", "status": {"token": "t"}});
    let script = format!("case $KUBERNETES_EXEC_INFO in *k8s.io/v1beta1*) echo '{answer}';; esac");
    let config = ExecConfig { api_version: version, ..plugin(&script) };
    let token = header(&mut credentials(config, surroundings()), 0);
    assert_eq!(token.unwrap().unwrap(), "Bearer t");
    for (text, version) in [
        ("client.authentication.k8s.io/v1", Some(ApiVersion::V1)),
        ("client.authentication.k8s.io/v1beta1", Some(ApiVersion::V1Beta1)),
        ("client.authentication.k8s.io/v1alpha1", None),
        ("v1", None),
    ] {
        assert_eq!(ApiVersion::parse(text), version, "{text}");
    }
}

#[test]
fn environment_and_arguments() {
    let script = "[ \"$0,$1,$A,$B,$C,${HOME-none}\" = 'x,y z,plugin,last,outside,none' ]";
    let script = format!("{script} || exit 9\n{}", prints(&json!({"token": "t"})));
    let mut config = plugin(&script);
    config.args.extend(["x".to_owned(), "y z".to_owned()]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    config.env = vec![pair("A", "plugin"), pair("B", "first"), pair("B", "last")];
    let mut around = surroundings();
    around.environment.extend([("A".into(), "outside".into()), ("C".into(), "outside".into())]);
    assert_eq!(header(&mut credentials(config, around), 0).unwrap().unwrap(), "Bearer t");
}

#[test]
fn standard_input_is_only_for_asking() {
    let folder = tempfile::tempdir().unwrap();
    let typed = folder.path().join("typed");
    fs::write(&typed, "typed\n").unwrap();
    let read = "read word; info=$KUBERNETES_EXEC_INFO\n\
        case $info in *'\"interactive\":true'*) word=$word-asked;; esac\n\
        echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",'\n\
        echo '\"status\":{\"token\":\"'${word:-nothing}'\"}}'";
    for (interactive, terminal, wanted) in [
        (Interactive::Never, true, Some("Bearer nothing")),
        (Interactive::Never, false, Some("Bearer nothing")),
        (Interactive::IfAvailable, true, Some("Bearer typed-asked")),
        (Interactive::IfAvailable, false, Some("Bearer nothing")),
        (Interactive::Always, true, Some("Bearer typed-asked")),
        (Interactive::Always, false, None),
    ] {
        let mut around = surroundings();
        if terminal {
            let typed = typed.clone();
            let open = move || fs::File::open(&typed).map_or_else(|_| Stdio::null(), Stdio::from);
            around.terminal = Some(Box::new(open));
        }
        let config = ExecConfig { interactive, ..plugin(read) };
        match header(&mut credentials(config, around), 0) {
            Ok(token) => assert_eq!(token.as_deref(), wanted, "{interactive:?} {terminal}"),
            Err(CredentialError::NoTerminal { .. }) => assert_eq!(wanted, None),
            Err(error) => panic!("{interactive:?} {terminal}: {error:?}"),
        }
    }
}

#[test]
fn standard_error_goes_where_the_caller_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stderr");
    let mut around = surroundings();
    let path = file.clone();
    let open = move || fs::File::create(&path).map_or_else(|_| Stdio::null(), Stdio::from);
    around.stderr = Box::new(open);
    assert!(credentials(plugin("echo log in first >&2; exit 1"), around).header(at(0)).is_err());
    assert_eq!(fs::read_to_string(file).unwrap(), "log in first\n");
}

#[test]
fn interactive_modes() {
    for (mode, version, wanted) in [
        (Some("Never"), ApiVersion::V1, Some(Interactive::Never)),
        (Some("IfAvailable"), ApiVersion::V1, Some(Interactive::IfAvailable)),
        (Some("Always"), ApiVersion::V1Beta1, Some(Interactive::Always)),
        (None, ApiVersion::V1Beta1, Some(Interactive::IfAvailable)),
        (Some(""), ApiVersion::V1Beta1, Some(Interactive::IfAvailable)),
        (None, ApiVersion::V1, None),
        (Some("never"), ApiVersion::V1, None),
    ] {
        let found = Interactive::parse(mode, version).ok();
        assert_eq!(found, wanted, "{mode:?} {version}");
    }
}

#[test]
fn a_missing_command() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent").display().to_string();
    for command in ["no-such-plugin", &absent, ""] {
        let config = ExecConfig { command: command.to_owned(), ..plugin("") };
        let error = credentials(config, surroundings()).header(at(0)).unwrap_err();
        assert!(matches!(error, CredentialError::NotInstalled { .. }), "{command} {error:?}");
        assert_eq!(error.install_hint(), Some("see\n\\x1b[1mhttps://example.com"), "{command}");
    }
    // There, and no program.
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let config = ExecConfig { command: file.display().to_string(), ..plugin("") };
    let error = credentials(config, surroundings()).header(at(0)).unwrap_err();
    assert!(matches!(error, CredentialError::Run { .. }), "{error:?}");
    let config = ExecConfig { args: vec!["a\0b".to_owned()], ..plugin("") };
    let error = credentials(config, surroundings()).header(at(0)).unwrap_err();
    assert!(matches!(error, CredentialError::Run { .. }), "{error:?}");
}

#[test]
fn a_name_is_looked_up_as_it_is_written_and_a_path_is_not() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/bin/sh", folder.path().join("plugin")).unwrap();
    let path = folder.path().join("plugin").display().to_string();
    let relative = "./no/plugin".to_owned();
    for (command, asked, found) in [
        ("plugin".to_owned(), Some("plugin"), true),
        ("other".to_owned(), Some("other"), false),
        (String::new(), Some(""), false),
        (path, None, true),
        (relative, None, false),
    ] {
        let script = prints(&json!({"token": "t"}));
        let config = ExecConfig { command: command.clone(), ..plugin(&script) };
        let names = Arc::new(Mutex::new(Vec::new()));
        let (file, told) = (folder.path().join("plugin"), Arc::clone(&names));
        let find = move |name: &str| {
            told.lock().unwrap().push(name.to_owned());
            (name == "plugin").then(|| file.clone())
        };
        let around = PluginSurroundings { find: Box::new(find), ..surroundings() };
        match credentials(config, around).header(at(0)) {
            Ok(_) => assert!(found, "{command}"),
            Err(CredentialError::NotInstalled { .. }) => assert!(!found, "{command}"),
            Err(error) => panic!("{command}: {error:?}"),
        }
        assert_eq!(*names.lock().unwrap(), asked.into_iter().collect::<Vec<_>>(), "{command}");
    }
}

#[test]
fn an_answer_is_kept_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs");
    for (end, times, wanted) in [
        // 1_700_000_010, with and without an offset.
        (Some("2023-11-14T22:13:30Z"), &[0, 5, 10][..], 1),
        (Some("2023-11-15T00:13:30+02:00"), &[0, 5, 10, 11], 2),
        (Some("2023-11-14T22:13:30.5Z"), &[0, 10, 11, 12], 3),
        (None, &[0, 10, 1_000_000_000], 1),
    ] {
        let _ = fs::remove_file(&file);
        let status = json!({"token": "t", "expirationTimestamp": end});
        let mut credentials = credentials(plugin(&counts(&file, &status)), surroundings());
        assert_eq!(runs(&file), 0, "nothing is run before it is asked for");
        for now in times {
            credentials.header(at(*now)).unwrap();
        }
        assert_eq!(runs(&file), wanted, "{end:?}");
    }
}

#[test]
fn a_refused_answer_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs");
    let script = counts(&file, &json!({"token": "t"}));
    let mut credentials = credentials(plugin(&script), surroundings());
    let first = credentials.current(at(0)).unwrap().generation;
    credentials.invalidate();
    let second = credentials.current(at(0)).unwrap().generation;
    assert_ne!(first, second, "also where the same token was printed");
    credentials.refused(first);
    credentials.current(at(0)).unwrap();
    assert_eq!(runs(&file), 2);
    credentials.refused(second);
    credentials.current(at(0)).unwrap();
    assert_eq!(runs(&file), 3);
}

#[test]
fn an_expired_answer_does_not_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs");
    let status = json!({"token": "t", "expirationTimestamp": "2023-11-14T22:13:30Z"});
    let once = format!("[ ! -e '{0}' ] || exit 4\n{1}", file.display(), counts(&file, &status));
    let mut credentials = credentials(plugin(&once), surroundings());
    credentials.header(at(10)).unwrap();
    let error = credentials.header(at(11)).unwrap_err();
    assert!(matches!(error, CredentialError::Failed { code: 4, .. }), "{error:?}");
}

#[test]
fn arguments_and_environment_are_not_shown() {
    let config = ExecConfig {
        env: vec![("SECRET".to_owned(), "hunter2".to_owned())],
        cluster: Some(ExecCluster {
            proxy_url: Some("http://u:hunter2@p".to_owned()),
            ..ExecCluster::default()
        }),
        ..plugin("echo hunter2")
    };
    let mut around = surroundings();
    around.environment.push(("SECRET".into(), "hunter2".into()));
    let shown = format!("{:?} {config:?}", config.cluster);
    let shown = format!("{shown} {:?}", credentials(config, around));
    assert!(!shown.contains("hunter2"), "{shown}");
}

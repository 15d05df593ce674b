//! The loader's rules, as tables: each row is one that was measured on kubectl.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::base64::{Base64Error, decode};
use crate::config::files::{FileBytes, Kubeconfig, Sources};
use crate::config::select::Choice;
use crate::plan::FolderNames;
use crate::warning::Code;

/// Files by name, each of which can be read once.
struct Files(std::cell::RefCell<HashMap<PathBuf, Vec<u8>>>);

impl Files {
    fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        let files = files.map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec()));
        Self(std::cell::RefCell::new(files.into()))
    }

    fn read(&self, path: &Path) -> io::Result<FileBytes> {
        let bytes = self.0.borrow_mut().remove(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(FileBytes { bytes: bytes.into(), readable_by_others: false })
    }

    fn load(&self, sources: &Sources<'_>) -> Result<Kubeconfig, crate::Error> {
        Kubeconfig::load(sources, &|path| self.read(path))
    }
}

fn load(text: &str) -> Result<Kubeconfig, crate::Error> {
    load_bytes(text.as_bytes())
}

fn load_bytes(bytes: &[u8]) -> Result<Kubeconfig, crate::Error> {
    let sources = Sources { flag: Some(Path::new("config")), ..Sources::default() };
    Kubeconfig::load(&sources, &|_| {
        Ok(FileBytes { bytes: bytes.to_vec().into(), readable_by_others: false })
    })
}

/// The first user's certificate, or the error's code.
fn certificate(text: &str) -> String {
    certificate_of(text.as_bytes())
}

fn certificate_of(bytes: &[u8]) -> String {
    match load_bytes(bytes) {
        Err(error) => error.code().to_owned(),
        Ok(config) => match config.users.first() {
            None => "no user".into(),
            Some(user) => match &user.value.certificate.data {
                None => "none".into(),
                Some((bytes, _)) => String::from_utf8_lossy(bytes).into_owned(),
            },
        },
    }
}

fn user(rest: &str) -> String {
    format!("users:\n- name: u\n  user:\n    {rest}\n")
}

#[test]
fn values_are_read_as_kubectl_reads_them() {
    for (value, comes_out) in [
        ("client-certificate-data: aGVsbG8=", "hello"),
        ("client-certificate-data: \"aGVs\\nbG8=\\r\\n\"", "hello"),
        ("client-certificate-data: |\n      aGVs\n      bG8=", "hello"),
        ("client-certificate-data: >\n      aGVs\n      bG8=", "bad-base64"),
        ("client-certificate-data: aGVs\n      bG8=", "bad-base64"),
        ("client-certificate-data: 'aGVsbG8= '", "bad-base64"),
        ("client-certificate-data: \"aGVs\\tbG8=\"", "bad-base64"),
        ("client-certificate-data: aGVsbG8", "bad-base64"),
        ("client-certificate-data: aGVsbG9=", "hello"),
        ("client-certificate-data: _-8=", "bad-base64"),
        ("client-certificate-data: '-----BEGIN CERTIFICATE-----'", "bad-base64"),
        ("client-certificate-data: !!binary YUdWc2JHOD0=", "hello"),
        ("client-certificate-data: !!binary aGVsbG8=", "bad-base64"),
        ("client-certificate-data: ''", "none"),
        ("client-certificate-data: ~", "none"),
        ("client-certificate-data: null", "none"),
        ("client-certificate-data:", "none"),
        ("client-certificate-data: 1234", "wrong-type"),
        ("client-certificate-data: {a: b}", "wrong-type"),
        ("client-certificate-data: aGVsbG8=\n    client-certificate-data: d29ybGQ=", "world"),
        ("Client-Certificate-Data: aGVsbG8=", "none"),
        ("client-certificate-data: &a aGVsbG8=\n    token: *a", "hello"),
        ("<<: {client-certificate-data: aGVsbG8=}", "hello"),
        ("<<: {client-certificate-data: aGVsbG8=}\n    client-certificate-data: d29ybGQ=", "world"),
        ("<<: [{client-certificate-data: aGVsbG8=}, {client-certificate-data: d29ybGQ=}]", "hello"),
        ("client-certificate-data: \"aGVs\\/\"", "yaml-syntax"),
        ("unknown: {deep: [1, 2]}\n    client-certificate-data: aGVsbG8=", "hello"),
        ("token: yes", "wrong-type"),
        ("token: 123", "wrong-type"),
        ("token: 2001-01-01", "none"),
        ("token: 1:30", "none"),
        ("as-groups: [a, 1]", "wrong-type"),
        ("as-groups: a", "wrong-type"),
        ("as-user-extra: {a: [b]}", "none"),
        ("as-user-extra: {a: b}", "wrong-type"),
        ("exec: {command: a, args: [1]}", "wrong-type"),
        ("exec: {command: a, env: [{name: a, value: 1}]}", "wrong-type"),
        ("exec: {provideClusterInfo: on}", "none"),
        ("exec: {provideClusterInfo: 'true'}", "wrong-type"),
        ("auth-provider: {name: oidc, config: {a: b}}", "none"),
        ("auth-provider: {name: oidc, config: {a: 1}}", "wrong-type"),
        ("extensions: [{name: a, extension: {b: 1}}]", "none"),
        ("extensions: [{name: a, extension: 1}, {name: a}]", "duplicate-name"),
        ("unknown: .nan", "yaml-syntax"),
    ] {
        assert_eq!(certificate(&user(value)), comes_out, "{value}");
    }
}

#[test]
fn documents_are_read_as_kubectl_reads_them() {
    let plain = user("client-certificate-data: aGVsbG8=");
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(certificate_of(&utf16), "hello");
    assert_eq!(certificate_of(&[b"\xef\xbb\xbf", plain.as_bytes()].concat()), "hello");
    assert_eq!(certificate(&plain.replace('\n', "\r\n")), "hello");
    assert_eq!(certificate_of(&[plain.as_bytes(), b"# \xff\n"].concat()), "yaml-syntax");
    for (text, comes_out) in [
        ("", "no user"),
        (" \n", "no user"),
        ("# nothing\n", "no user"),
        ("null", "no user"),
        ("---\n---\nusers: 1\n", "no user"),
        ("scalar", "wrong-type"),
        ("[a]", "wrong-type"),
        (
            "{\"users\": [\n\t{\"name\": \"u\",\n\t\"user\": {\"client-certificate-data\": \"aGVsbG8=\"}}]}",
            "hello",
        ),
        ("users: {}", "wrong-type"),
        ("users:", "no user"),
        ("users: [~]", "none"),
        ("users: [a]", "wrong-type"),
        ("users: [{name: a}, {name: a}]", "duplicate-name"),
        ("users: [{name: a, user: ~}]", "none"),
        ("users: [{name: 1.10}]", "wrong-type"),
        ("users: [{name: 12e03}]", "wrong-type"),
        ("users: [{name: 0o17}]", "wrong-type"),
        ("users: [{name: 1_000}]", "wrong-type"),
        ("users: [{name: y}]", "wrong-type"),
        ("users: [{name: 2001-01-01}]", "none"),
        ("users: [{name: null}]", "none"),
        ("kind: Config\napiVersion: v1", "no user"),
        ("kind: Secret", "wrong-kind"),
        ("apiVersion: v2", "wrong-kind"),
        ("kind: Config", "no user"),
        ("%YAML 1.2\n---\nusers: []", "yaml-syntax"),
        ("%YAML 1.1\n---\nusers: []", "no user"),
        ("users:\n\t- name: a", "yaml-syntax"),
        ("users: []\0", "yaml-syntax"),
        ("users: []\n---\n{broken", "no user"),
        ("clusters: [{name: a, cluster: {insecure-skip-tls-verify: yes}}]", "no user"),
        ("clusters: [{name: a, cluster: {insecure-skip-tls-verify: 'true'}}]", "wrong-type"),
        ("preferences: {colors: true}", "no user"),
        ("preferences: {colors: 1}", "wrong-type"),
        ("current-context: 1", "wrong-type"),
        ("~: a", "yaml-syntax"),
    ] {
        assert_eq!(certificate(text), comes_out, "{text:?}");
    }
}

#[test]
fn alias_bombs_are_refused_wherever_they_are() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f")] {
        let list = vec![format!("*{of}"); 10].join(", ");
        text.extend(["", name, ": &", name, " [", &list, "]\n"]);
    }
    assert_eq!(certificate(&text), "alias-bomb");
    let honest: Vec<String> = (0..50).map(|n| format!("k{n}: *a\n")).collect();
    let honest = honest.concat();
    assert_eq!(certificate(&format!("a: &a [x, y]\n{honest}")), "no user");
}

fn names<T>(entries: &[crate::config::kubeconfig::Entry<T>]) -> Vec<&str> {
    entries.iter().map(|entry| entry.name.as_str()).collect()
}

#[test]
fn lists_of_files_are_merged_entry_by_entry() {
    let one = "current-context: ''\ncontexts: [{name: a, context: {user: one}}]\nusers: [{name: u, user: {token: t}}]\n";
    let two = "current-context: b\ncontexts: [{name: a, context: {user: two, cluster: k}}, {name: b}]\nusers: [{name: u, user: {client-certificate-data: aGVsbG8=}}]\n";
    let files = Files::new([("dir/one", one), ("two", two)]);
    let list = std::ffi::OsStr::new(":dir/one:missing:two::dir/one:");
    let config = files.load(&Sources { variable: Some(list), ..Sources::default() }).unwrap();
    assert_eq!(names(&config.contexts), ["a", "b"]);
    // The first file's entry, whole: nothing is filled in from the second.
    assert_eq!(config.contexts[0].value.user, "one");
    assert_eq!(config.contexts[0].value.cluster, "");
    assert!(config.users[0].value.certificate.data.is_none());
    assert_eq!(config.current_context(), Some(("b", Path::new("two"))));
    assert_eq!(config.files().len(), 2);

    let broken = Files::new([("one", one), ("two", "a: [")]);
    let list = std::ffi::OsStr::new("one:two");
    let error = broken.load(&Sources { variable: Some(list), ..Sources::default() }).unwrap_err();
    assert_eq!(error.code(), "yaml-syntax");
}

#[test]
fn which_files_count() {
    let home = Some(Path::new("/nonexistent-home"));
    let config = "users: [{name: u}]";
    let all =
        || Files::new([("/nonexistent-home/.kube/config", config), ("a:b", config), ("c", config)]);
    for (flag, variable, found) in [
        (None, None, "/nonexistent-home/.kube/config"),
        (None, Some(""), "/nonexistent-home/.kube/config"),
        (None, Some(":"), "no-kubeconfig"),
        (None, Some("x:y"), "no-kubeconfig"),
        (None, Some("x:c"), "c"),
        (Some("a:b"), Some("c"), "a:b"),
        (Some(""), Some("c"), "c"),
        (Some("x"), Some("c"), "file-not-found"),
    ] {
        let variable = variable.map(std::ffi::OsStr::new);
        let sources = Sources { flag: flag.map(Path::new), variable, home };
        let got = match all().load(&sources) {
            Ok(config) => config.files()[0].display().to_string(),
            Err(error) => error.code().to_owned(),
        };
        assert_eq!(got, found, "{flag:?} {variable:?}");
    }
}

#[test]
fn contexts_stand_for_a_cluster_and_a_user() {
    let text = "current-context: a
contexts:
- {name: a, context: {cluster: k, user: u, namespace: ns}}
- {name: b, context: {cluster: none, user: u}}
- {name: c, context: {cluster: k, user: none}}
- {name: d}
clusters: [{name: k, cluster: {server: 'https://k'}}, {name: l}]
users: [{name: u, user: {token: t}}, {name: v}]
";
    let config = load(text).unwrap();
    let choose = |context, cluster, user| match config.select(&Choice { context, cluster, user }) {
        Ok(found) => format!("{:?} {:?} {:?}", found.context(), found.cluster(), found.user()),
        Err(error) => error.code().to_owned(),
    };
    for (context, cluster, user, comes_out) in [
        (None, None, None, "Some(\"a\") Some(\"k\") Some(\"u\")"),
        (None, Some("l"), Some("v"), "Some(\"a\") Some(\"l\") Some(\"v\")"),
        (Some("d"), None, None, "Some(\"d\") None None"),
        (Some("b"), None, None, "cluster-not-found"),
        (Some("c"), None, None, "user-not-found"),
        (Some("c"), None, Some("v"), "Some(\"c\") Some(\"k\") Some(\"v\")"),
        (Some("A"), None, None, "context-not-found"),
        (None, Some("x"), None, "cluster-not-found"),
        (None, None, Some("x"), "user-not-found"),
    ] {
        assert_eq!(choose(context, cluster, user), comes_out, "{context:?} {cluster:?} {user:?}");
    }
    let config = load(&text.replace("current-context: a", "current-context:")).unwrap();
    let error = config.select(&Choice::default()).unwrap_err();
    assert_eq!(error.code(), "no-current-context");
    let choice = Choice { context: None, cluster: Some("k"), user: Some("u") };
    assert!(config.select(&choice).unwrap().context().is_none());
}

#[test]
fn odd_things_that_kubectl_passes_over_are_pointed_out() {
    for (text, code) in [
        ("users: []\nusers: []", Code::DuplicateKey),
        ("users: []\n---\na: b", Code::ExtraDocumentsIgnored),
        ("Users: []", Code::UnknownField),
    ] {
        let config = load(text).unwrap();
        let codes: Vec<_> = config.warnings().iter().map(|warning| &*warning.code).collect();
        assert_eq!(codes, [code.name()], "{text}");
    }
    let config = load(&user("certificate-data: x")).unwrap();
    assert_eq!(config.users[0].warnings[0].code, "unknown-field");
    let message = config.users[0].warnings[0].message.to_string();
    assert!(message.contains("'certificate-data' of user 'u'"), "{message}");
}

#[test]
fn base64_says_what_is_wrong_and_not_what_it_read() {
    for (text, error) in [
        ("aGVs bG8=", Base64Error::Blank { offset: 4 }),
        ("aGV!bG8=", Base64Error::Character { offset: 3 }),
        ("aGVsbG8", Base64Error::Short { length: 7 }),
        ("aG=sbG8=", Base64Error::Character { offset: 2 }),
        ("-----BEGIN X-----\n", Base64Error::Pem),
    ] {
        assert_eq!(decode(text).unwrap_err(), error, "{text}");
    }
    assert_eq!(format!("{:?}", decode("aGVsbG8=").unwrap()), "Secret(5 bytes)");
}

#[test]
fn folder_names_are_safe_and_never_shared() {
    let mut names = FolderNames::default();
    for (context, folder) in [
        ("kubernetes-admin@kubernetes", "kubernetes-admin@kubernetes"),
        ("arn:aws:eks:eu/x", "arn%3Aaws%3Aeks%3Aeu%2Fx"),
        ("..", "%2E."),
        ("-rf", "%2Drf"),
        ("", "%"),
        ("é", "%C3%A9"),
        ("Prod", "Prod"),
        ("prod", "prod%"),
    ] {
        assert_eq!(names.name(context), folder);
    }
    let long = names.name(&"x".repeat(300));
    assert!(long.len() < 200 && long != names.name(&"x".repeat(301)));
}

proptest! {
    #[test]
    fn what_is_encoded_comes_out_the_same(bytes in proptest::collection::vec(any::<u8>(), 1..500), width in 1_usize..80) {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let lines: Vec<String> =
            text.as_bytes().chunks(width).map(|line| format!("      {}", String::from_utf8_lossy(line))).collect();
        let config = load(&user(&format!("client-key-data: |\n{}", lines.join("\n")))).unwrap();
        let (key, _) = config.users[0].value.key.data.as_ref().unwrap();
        prop_assert_eq!(&**key, &bytes[..]);
    }

    #[test]
    fn no_input_makes_it_panic_or_tell_a_value(text in "[a-z:\\-\\[\\]{}&*!|>'\"%#?,~\n\t \\\\/0-9=<]{0,200}") {
        let _ = load(&text);
        let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";
        if let Err(error) = load(&format!("{text}\nusers:\n- name: u\n  user:\n    client-key-data: {secret}\n")) {
            let mut told = format!("{error} {error:?}");
            let mut source = std::error::Error::source(&error);
            while let Some(beneath) = source {
                told.extend([beneath.to_string(), format!("{beneath:?}")]);
                source = beneath.source();
            }
            prop_assert!(!told.contains(&secret[..12]), "{}", told);
        }
    }
}

/// A context with these lines of a cluster and of a user.
fn connection(cluster: &str, user: &str) -> Result<crate::Connection, crate::Error> {
    let text = format!(
        "current-context: c\ncontexts:\n- {{name: c, context: {{cluster: k, user: u, namespace: ns}}}}\n\
         clusters:\n- name: k\n  cluster: {{{cluster}}}\nusers:\n- name: u\n  user: {{{user}}}\n"
    );
    let files = Files::new([
        ("dir/config", text.as_str()),
        ("dir/ca.pem", "CA"),
        ("dir/c.pem", "CERT"),
        ("dir/k.pem", "KEY"),
    ]);
    let sources = Sources { flag: Some(Path::new("dir/config")), ..Sources::default() };
    let config = files.load(&sources)?;
    config.select(&Choice::default())?.connection(&|path| files.read(path))
}

#[test]
fn a_connection_has_what_kubectl_would_connect_with() {
    let cluster = "server: 'https://h:6443/k8s', certificate-authority: ca.pem, \
                   tls-server-name: name, proxy-url: 'socks5://p:1080', disable-compression: true, \
                   extensions: [{name: other, extension: 1}, {name: client.authentication.k8s.io/exec, \
                   extension: {audience: [x, yes, ~], port: 0x1F, least: -1_0, part: 1.5}}]";
    let user = "client-certificate: c.pem, client-key: k.pem, tokenFile: t, as: jane, \
                as-groups: [dev], as-user-extra: {reason: [a, b]}, exec: {command: ./get, \
                apiVersion: client.authentication.k8s.io/v1, args: [x], interactiveMode: Never, \
                env: [{name: A, value: hidden}], installHint: hint, provideClusterInfo: true}";
    let found = connection(cluster, user).unwrap();
    assert_eq!(found.server, "https://h:6443/k8s");
    assert_eq!(found.tls_server_name.as_deref(), Some("name"));
    assert_eq!(found.proxy_url.as_deref(), Some("socks5://p:1080"));
    assert_eq!(&*found.ca.as_ref().unwrap().bytes, b"CA");
    let (certificate, key) = found.client.as_ref().unwrap();
    assert_eq!((&*certificate.bytes, &*key.bytes), (&b"CERT"[..], &b"KEY"[..]));
    // Relative to the kubeconfig, as kubectl has it.
    assert_eq!(found.token_file.as_deref(), Some(Path::new("dir/t")));
    assert_eq!(found.namespace.as_deref(), Some("ns"));
    assert_eq!(found.impersonation.user, "jane");
    assert_eq!(found.impersonation.groups, ["dev"]);
    let reason = ("reason".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(found.impersonation.extra, [reason]);
    let command = found.exec.as_ref().unwrap();
    assert_eq!(command.program, Path::new("dir/./get"));
    assert_eq!(&*command.exec.variables[0].1, b"hidden");
    assert!(command.exec.provide_cluster_info);
    assert_eq!(command.exec.install_hint, "hint");
    assert!(found.disable_compression);
    let told = command.exec.cluster_config.as_ref().unwrap().to_string();
    assert_eq!(told, r#"{"audience":["x",true,null],"least":-10,"part":1.5,"port":31}"#);
    let shown = format!("{found:?}");
    for secret in ["hidden", "KEY", "CERT"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_kubectl_refuses_to_connect_with_is_no_connection() {
    let server = "server: 'https://h'";
    for (cluster, user, wanted) in [
        ("", "", "cluster 'k' has no server to connect to: it names none"),
        (
            "server: 'ftp://h'",
            "",
            "cluster 'k' has no server to connect to: its scheme is neither https nor http",
        ),
        (
            "server: 'https://h', proxy-url: 'ftp://p'",
            "",
            "kubectl refuses proxy-url: its scheme is neither http nor https nor socks5",
        ),
        (
            "server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: ca.pem",
            "",
            "kubectl refuses insecure-skip-tls-verify: a CA is given too, and the two contradict each other",
        ),
        (
            server,
            "client-certificate: c.pem",
            "kubectl refuses client-certificate: there is no key to it",
        ),
        (
            server,
            "token: t, username: u",
            "kubectl refuses token: there is a user name or a password too",
        ),
        (server, "as-uid: '7'", "kubectl refuses as: as-uid, as-groups or as-user-extra need it"),
        (
            server,
            "exec: {command: x}, auth-provider: {name: oidc}",
            "kubectl refuses exec: there is an auth-provider too",
        ),
        (
            server,
            "client-key: gone, client-certificate: c.pem",
            "client-key of user 'u' names a file that is not there: dir/gone",
        ),
        (server, "client-key: k.pem", "fine"),
        (server, "username: u, password: p", "fine"),
        (server, "token: t, tokenFile: f", "fine"),
    ] {
        let found = connection(cluster, user);
        let found = found.map_or_else(|error| error.to_string(), |_| "fine".into());
        assert_eq!(found, wanted, "{cluster} {user}");
    }
}

//! Kubeconfigs that cover the traps: each is given to kubectl and to devkit.

/// Files of a folder, and the list of them that KUBECONFIG names.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
    pub(super) list: &'static str,
}

/// Base64 of `hello`.
const HELLO: &str = "aGVsbG8=";

fn config(head: &str, user: &str, cluster: &str) -> String {
    format!(
        "{head}current-context: c\ncontexts:\n- name: c\n  context:\n    cluster: k\n    user: u\n    \
         namespace: ns\nclusters:\n- name: k\n  cluster:\n    server: https://127.0.0.1:1\n    {cluster}\n\
         users:\n- name: u\n  user:\n    {user}\n"
    )
}

/// All of them.
pub(super) fn corpus() -> Vec<Case> {
    let mut corpus = Corpus(Vec::new());
    names(&mut corpus);
    booleans(&mut corpus);
    data(&mut corpus);
    documents(&mut corpus);
    anchors(&mut corpus);
    types(&mut corpus);
    encodings(&mut corpus);
    references(&mut corpus);
    lists(&mut corpus);
    corpus.0
}

struct Corpus(Vec<Case>);

impl Corpus {
    fn one(&mut self, name: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.many(name, vec![("config", text.into())], "config");
    }

    fn many(
        &mut self,
        name: impl Into<String>,
        files: Vec<(&'static str, Vec<u8>)>,
        list: &'static str,
    ) {
        self.0.push(Case { name: name.into(), files, list });
    }

    fn user(&mut self, user: &str) {
        self.one(format!("user: {user}"), config("", user, ""));
    }

    fn cluster(&mut self, cluster: &str) {
        self.one(format!("cluster: {cluster}"), config("", "", cluster));
    }
}

/// Scalars as the name of a user: a string, or something else in YAML 1.1.
fn names(corpus: &mut Corpus) {
    for scalar in [
        "plain",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "Y",
        "true",
        "True",
        "tRue",
        "null",
        "~",
        "''",
        "\"\"",
        "123",
        "-1",
        "+1",
        "1.10",
        "1.",
        ".5",
        "12e03",
        "1e999",
        "0x1F",
        "0x",
        "0o17",
        "017",
        "089",
        "0b11",
        "-0b1",
        "1_000",
        "_1",
        "1__0",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "1:30",
        "190:20:30",
        ".inf",
        ".nan",
        "inf",
        "-",
        "a:b",
        "'a: b'",
        "a b",
        "a#b",
        "'a #b'",
        "\"a\\tb\"",
        "\"a\\x41\"",
        "\"\\u00e9\"",
        "é",
        "arn:aws:eks:eu-west-1:1:cluster/x",
        "a@b",
        "!!str 123",
        "!!str yes",
        "!!int 5",
        "!custom x",
        "!!binary aGVsbG8=",
        "=",
        "<<",
        "*a",
        "&a x",
        "\"a\\/b\"",
        "'it''s'",
        "%a",
        "@a",
        "`a",
        "[a]",
        "{a: b}",
        "? a",
        "|\n    x",
    ] {
        let text = config("", "token: t", "")
            .replace("    user: u\n", &format!("    user: {scalar}\n"))
            .replace("- name: u\n", &format!("- name: {scalar}\n"));
        corpus.one(format!("name: {scalar}"), text);
    }
}

fn booleans(corpus: &mut Corpus) {
    for scalar in [
        "true",
        "false",
        "True",
        "TRUE",
        "yes",
        "no",
        "on",
        "Off",
        "y",
        "N",
        "'true'",
        "\"yes\"",
        "1",
        "0",
        "null",
        "~",
        "",
        "!!bool yes",
        "!!bool 'yes'",
        "[true]",
    ] {
        corpus.cluster(&format!("insecure-skip-tls-verify: {scalar}"));
    }
}

/// Forms of a `-data` field.
fn data(corpus: &mut Corpus) {
    for value in [
        HELLO,
        "'aGVsbG8='",
        "\"aGVs\\nbG8=\"",
        "\"aGVs\\r\\nbG8=\\n\"",
        "|\n      aGVs\n      bG8=",
        "|-\n      aGVs\n      bG8=",
        "|+\n      aGVs\n      bG8=\n\n",
        ">\n      aGVs\n      bG8=",
        "aGVs\n      bG8=",
        "'aGVs\n      bG8='",
        "\"aGVs\\\n      bG8=\"",
        "'aGVsbG8= '",
        "' aGVsbG8='",
        "\"aGVsbG8=\\t\"",
        "aGVsbG8",
        "aGVsbG9=",
        "aGVsbA==",
        "aGVsbB==",
        "aGVsbA=",
        "aGVsbA===",
        "aGVs=bG8=",
        "_-8=",
        "+/8=",
        "'-----BEGIN CERTIFICATE-----'",
        "!!binary YUdWc2JHOD0=",
        "!!binary aGVsbG8=",
        "!!binary '!'",
        "!!str aGVsbG8=",
        "''",
        "~",
        "",
        "1234",
        "12345678",
        "yes",
        "[aGVsbG8=]",
        "{a: b}",
        "aGVsbG8= # a comment",
        "aGVsbG8=# no comment",
        "é",
    ] {
        corpus.user(&format!("client-certificate-data: {value}"));
    }
    for user in [
        "client-certificate-data: aGVsbG8=\n    client-key-data: d29ybGQ=",
        "client-key-data: d29ybGQ=",
        "client-certificate-data: aGVsbG8=\n    client-certificate-data: d29ybGQ=",
        "Client-Certificate-Data: aGVsbG8=",
        "client-certificate-data : aGVsbG8=",
        "'client-certificate-data': aGVsbG8=",
        "? client-certificate-data\n    : aGVsbG8=",
        "client_certificate_data: aGVsbG8=",
        "{client-certificate-data: aGVsbG8=}",
        "token: t\n    client-certificate-data: aGVsbG8=",
        "# client-certificate-data: d29ybGQ=\n    client-certificate-data: aGVsbG8=",
    ] {
        corpus.user(user);
    }
    for cluster in [
        "certificate-authority-data: aGVsbG8=",
        "certificate-authority-data: aGVsbG8=\n    tls-server-name: other\n    proxy-url: http://p:1",
        "certificate-authority-data: ''\n    certificate-authority: ''",
        "tls-server-name: 1",
        "proxy-url: yes",
    ] {
        corpus.cluster(cluster);
    }
}

fn documents(corpus: &mut Corpus) {
    let plain = config("", &format!("client-certificate-data: {HELLO}"), "");
    for (name, text) in [
        ("empty", String::new()),
        ("blank", " \n".into()),
        ("comment", "# nothing\n".into()),
        ("null", "null\n".into()),
        ("scalar", "scalar\n".into()),
        ("list", "- a\n".into()),
        ("marker", format!("---\n{plain}")),
        ("end marker", format!("{plain}...\n")),
        ("second document", format!("{plain}---\na: b\n")),
        ("broken second document", format!("{plain}---\n{{\n")),
        ("empty first document", format!("---\n---\n{plain}")),
        ("null first document", format!("~\n---\n{plain}")),
        ("yaml 1.1", format!("%YAML 1.1\n---\n{plain}")),
        ("yaml 1.2", format!("%YAML 1.2\n---\n{plain}")),
        ("tag directive", format!("%TAG ! tag:x,2000:\n---\n{plain}")),
        ("crlf", plain.replace('\n', "\r\n")),
        ("cr", plain.replace('\n', "\r")),
        ("no final newline", plain.trim_end().into()),
        ("tab indent", plain.replace("  cluster: k", "\tcluster: k")),
        ("tab after key", plain.replace("cluster: k", "cluster:\tk")),
        ("tab at end", plain.replace("user: u", "user: u\t")),
        ("tab comment", plain.replace("user: u", "user: u\t# c")),
        ("json", r#"{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"clusters":[{"name":"k","cluster":{}}],"users":[{"name":"u","user":{"client-certificate-data":"aGVsbG8="}}]}"#.into()),
        ("json with tabs", "{\n\t\"current-context\":\t\"c\",\n\t\"contexts\": [\n\t\t{\"name\": \"c\", \"context\": {}}\n\t]\n}".into()),
        ("json slash", r#"{"current-context":"c","contexts":[{"name":"c","context":{"namespace":"a\/b"}}]}"#.into()),
        ("json unicode", r#"{"current-context":"\u0063","contexts":[{"name":"c","context":{}}]}"#.into()),
        ("json surrogates", r#"{"current-context":"c","contexts":[{"name":"c","context":{"namespace":"\ud83d\ude00"}}]}"#.into()),
        ("json without blanks", r#"{"current-context":"c","contexts":[{"name":"c","context":{"namespace":"a"}}]}"#.into()),
        ("kind", format!("apiVersion: v1\nkind: Config\n{plain}")),
        ("other kind", format!("apiVersion: v1\nkind: Secret\n{plain}")),
        ("other version", format!("apiVersion: v2\nkind: Config\n{plain}")),
        ("group", format!("apiVersion: x/v1\nkind: Config\n{plain}")),
        ("kind alone", format!("kind: Config\n{plain}")),
        ("version alone", format!("apiVersion: v1\n{plain}")),
        ("number as version", format!("apiVersion: 1\n{plain}")),
        ("duplicate top key", format!("{plain}users: []\n")),
        ("flow lists", "{current-context: c, contexts: [{name: c, context: {user: u}}], users: [{name: u, user: {client-certificate-data: aGVsbG8=}},]}".into()),
        ("colon without blank in flow", "{current-context: c, contexts: [{name:c}]}".into()),
        ("unclosed", "{current-context: c".into()),
        ("unindented list in mapping", plain.replace("\n- name", "\n  - name").replace("\n  context:\n    ", "\n    context:\n      ")),
        ("anchor without node", "a: &a\ncurrent-context: c\ncontexts: [{name: c}]\n".into()),
        ("unknown anchor", "a: *a\ncurrent-context: c\ncontexts: [{name: c}]\n".into()),
        ("comment between", plain.replace("users:", "# here\nusers:")),
        ("long key", format!("{}: x\n{plain}", "k".repeat(1100))),
        ("reserved", format!("a: @x\n{plain}")),
        ("percent", format!("a: %x\n{plain}")),
        ("question", format!("?a: x\n{plain}")),
        ("dash", format!("a: -\n{plain}")),
        ("deep", format!("a: {}{}\n{plain}", "[".repeat(200), "]".repeat(200))),
        ("null key", format!("~: x\n{plain}")),
        ("list key", format!("[a]: x\n{plain}")),
        ("number key", format!("1: x\n{plain}")),
        ("bool key", format!("yes: x\n{plain}")),
        ("infinity elsewhere", format!("a: .inf\n{plain}")),
        ("folded plain key", format!("? a\n  b\n: x\n{plain}")),
    ] {
        corpus.one(name, text);
    }
}

fn anchors(corpus: &mut Corpus) {
    for user in [
        "client-certificate-data: &a aGVsbG8=\n    token: *a",
        "<<: {client-certificate-data: aGVsbG8=}",
        "<<: {client-certificate-data: aGVsbG8=}\n    client-certificate-data: d29ybGQ=",
        "client-certificate-data: d29ybGQ=\n    <<: {client-certificate-data: aGVsbG8=}",
        "<<: [{client-certificate-data: aGVsbG8=}, {client-certificate-data: d29ybGQ=}]",
        "<<: []",
        "<<: ~",
        "<<: text",
        "<<: [a]",
        "\"<<\": {client-certificate-data: aGVsbG8=}",
        "!!merge <<: {client-certificate-data: aGVsbG8=}",
    ] {
        corpus.user(user);
    }
    let shared = "x-user: &user {client-certificate-data: aGVsbG8=}\n";
    for user in ["<<: *user", "<<: [*user]", "<<: *other", "client-certificate-data: *user"] {
        corpus.one(format!("shared: {user}"), config(shared, user, ""));
    }
    corpus.one(
        "whole user by alias",
        config(shared, "", "").replace("user:\n    \n", "user: *user\n"),
    );
    corpus.one(
        "anchor twice",
        config("a: &a d29ybGQ=\nb: &a aGVsbG8=\n", "client-certificate-data: *a", ""),
    );
    corpus.one("in itself", config("a: &a [*a]\n", "", ""));
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, of) in [("b", "a"), ("d", "b"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
        let list = vec![format!("*{of}"); 10].join(", ");
        bomb.extend([name, ": &", name, " [", &list, "]\n"]);
    }
    corpus.one("alias bomb", config(&bomb, "", ""));
    let many: Vec<String> = (0..200).map(|n| format!("k{n}: *a\n")).collect();
    let many = many.concat();
    corpus.one("many small aliases", config(&format!("a: &a [x]\n{many}"), "", ""));
}

fn types(corpus: &mut Corpus) {
    let plain = config("", "", "");
    for (from, to) in [
        ("contexts:\n", "contexts: {}\nx-contexts:\n"),
        ("contexts:\n", "contexts: ~\nx-contexts:\n"),
        ("users:\n", "users: text\nx-users:\n"),
        ("clusters:\n", "clusters: [~]\nx-clusters:\n"),
        ("clusters:\n", "clusters: [a]\nx-clusters:\n"),
        ("current-context: c", "current-context: 1"),
        ("current-context: c", "current-context: ~"),
        ("current-context: c", "current-context: ''"),
        ("current-context: c", "current-context: d"),
        ("current-context: c", "current-context: [c]"),
        ("current-context: c", "Current-Context: c"),
        ("  context:\n", "  context: ~\n  x:\n"),
        ("  context:\n", "  context: []\n  x:\n"),
        ("    user: u\n", "    user: none\n"),
        ("    user: u\n", ""),
        ("    cluster: k\n", "    cluster: none\n"),
        ("    cluster: k\n", ""),
        ("namespace: ns", "namespace: 1"),
        ("namespace: ns", "namespace: ~"),
        ("namespace: ns", "unknown: 1"),
        ("server: https://127.0.0.1:1", "server: 1"),
        ("server: https://127.0.0.1:1", "server: http://127.0.0.1:1"),
        ("server: https://127.0.0.1:1", "server: 127.0.0.1:1"),
        ("current-context: c", "current-context: c\npreferences: {colors: true}"),
        ("current-context: c", "current-context: c\npreferences: {colors: 1}"),
        ("current-context: c", "current-context: c\npreferences: []"),
        ("current-context: c", "current-context: c\npreferences: ~"),
        ("current-context: c", "current-context: c\nextensions: [{name: a, extension: {b: 1}}]"),
        ("current-context: c", "current-context: c\nextensions: [{name: 1}]"),
        ("current-context: c", "current-context: c\nextensions: {}"),
        (
            "current-context: c",
            "current-context: c\nextensions: [{name: a, extension: {}}, {name: a, extension: {}}]",
        ),
    ] {
        corpus.one(format!("{from:?} becomes {to:?}"), plain.replace(from, to));
    }
    corpus.one("two users of a name", format!("{plain}- name: u\n"));
    corpus.one("two without a name", format!("{plain}- user: {{}}\n- user: {{}}\n"));
    for user in [
        "token: 1",
        "token: [a]",
        "tokenFile: 1",
        "username: yes",
        "username: a\n    password: b",
        "password: 1",
        "as: a\n    as-groups: [b]\n    as-user-extra: {c: [d]}",
        "as-groups: b",
        "as-groups: [1]",
        "as-groups: [~]",
        "as-user-extra: {c: d}",
        "as-user-extra: []",
        "exec: ~",
        "exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1}",
        "exec: {command: a, args: [b, c], env: [{name: d, value: e}], apiVersion: client.authentication.k8s.io/v1beta1}",
        "exec: {command: 1}",
        "exec: {args: a}",
        "exec: {args: [1]}",
        "exec: {env: {}}",
        "exec: {env: [{name: 1}]}",
        "exec: []",
        "auth-provider: {name: oidc, config: {a: b}}",
        "auth-provider: {name: oidc, config: {a: 1}}",
        "auth-provider: {name: oidc, config: []}",
        "auth-provider: text",
        "extensions: [{name: a, extension: 1}]",
        "client-certificate: 1",
        "client-key: [a]",
    ] {
        corpus.user(user);
    }
}

fn encodings(corpus: &mut Corpus) {
    let plain = config("", &format!("client-certificate-data: {HELLO}"), "");
    let units = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(order).collect()
    };
    corpus.one("utf-8 mark", format!("\u{feff}{plain}"));
    corpus.one("utf-16 little", units(&plain, u16::to_le_bytes));
    corpus.one("utf-16 big", units(&plain, u16::to_be_bytes));
    corpus.one("utf-16 odd", [units(&plain, u16::to_le_bytes), vec![0x0a]].concat());
    let with = |bytes: &[u8]| [plain.as_bytes(), bytes, b"\n"].concat();
    corpus.one("nul", with(b"a: \0"));
    corpus.one("control", with(b"a: \x01"));
    corpus.one("escape", with(b"# \x1b[31m"));
    corpus.one("delete", with(b"# \x7f"));
    corpus.one("c1 control", with("# \u{80}".as_bytes()));
    corpus.one("next line", with("# \u{85}x".as_bytes()));
    corpus.one("line separator", with("a: x\u{2028}y".as_bytes()));
    corpus.one("invalid utf-8", with(b"# \xff"));
    corpus.one("surrogate in utf-8", with(b"# \xed\xa0\x80"));
    corpus.one("overlong", with(b"# \xc0\xaf"));
    corpus.one("emoji", with("a: \u{1f600}".as_bytes()));
    corpus.one("no-break space", with("a:\u{a0}x".as_bytes()));
    corpus.one("mark in the middle", with("a: \u{feff}x".as_bytes()));
    corpus.one("comment right behind a quote", with(b"a: \"\"#c"));
    corpus.one("colon at the end in a flow", with(b"a: {a: a:}"));
    corpus.one("line of a tab", with(b"a: b\n\t\nb: c"));
    corpus.one("timestamp that is none", with(b"a: !!timestamp text"));
    corpus.one("colon in an anchor", with(b"b: &a:b x"));
    corpus.one("non-character", with("# \u{fffe}".as_bytes()));
    corpus.one("nul in a quoted name", config("", "token: \"a\\0b\"", ""));
}

fn references(corpus: &mut Corpus) {
    let text = |user: &str| config("", user, "").into_bytes();
    let hello = || b"hello".to_vec();
    for (name, user, file) in [
        ("beside", "client-certificate: cert", "cert"),
        ("below", "client-certificate: sub/cert", "sub/cert"),
        ("with dots", "client-certificate: sub/../cert", "cert"),
        ("tilde", "client-certificate: ~/cert", "cert"),
        ("variable", "client-certificate: $HOME/cert", "cert"),
        ("missing", "client-certificate: none", "cert"),
        ("a folder", "client-certificate: sub", "sub/cert"),
        ("and data", "client-certificate: cert\n    client-certificate-data: aGVsbG8=", "cert"),
        ("and empty data", "client-certificate: cert\n    client-certificate-data: ''", "cert"),
        ("empty and data", "client-certificate: ''\n    client-certificate-data: aGVsbG8=", "cert"),
        ("cert and inline key", "client-certificate: cert\n    client-key-data: d29ybGQ=", "cert"),
        (
            "missing and data",
            "client-certificate: none\n    client-certificate-data: aGVsbG8=",
            "cert",
        ),
        ("token file missing", "tokenFile: none\n    client-certificate: cert", "cert"),
    ] {
        corpus.many(
            format!("reference {name}"),
            vec![("config", text(user)), (file, hello()), ("sub/other", Vec::new())],
            "config",
        );
    }
    let user = text("client-certificate: cert");
    corpus.many("empty file", vec![("config", user.clone()), ("cert", Vec::new())], "config");
    let below = vec![("sub/config", user.clone()), ("sub/cert", hello())];
    corpus.many("in the file's folder", below, "sub/config");
    let ca = config("", "", "certificate-authority: ca").into_bytes();
    corpus.many("ca file", vec![("config", ca.clone()), ("ca", hello())], "config");
    corpus.many("ca missing", vec![("config", ca)], "config");
}

fn lists(corpus: &mut Corpus) {
    let one = || config("", "client-certificate-data: aGVsbG8=", "").into_bytes();
    let two = || {
        config(
            "",
            "client-certificate-data: d29ybGQ=\n    client-key-data: d29ybGQ=",
            "tls-server-name: two",
        )
        .replace("ns", "two")
        .into_bytes()
    };
    let files = || vec![("a", one()), ("b", two())];
    for list in
        ["a:b", "b:a", "a:none:b", "none:b", ":b:", "a::b", "b:b", "./b:a", "none", "none:other"]
    {
        corpus.many(format!("list {list}"), files(), list);
    }
    let broken = || vec![("a", one()), ("b", b"users: [".to_vec())];
    corpus.many("list with a broken file", broken(), "a:b");
    let wrong =
        || vec![("a", one()), ("b", b"users: [{name: x, user: {client-key-data: '!'}}]".to_vec())];
    corpus.many("list with bad base64 in another user", wrong(), "a:b");
    let other_kind = || vec![("a", one()), ("b", b"kind: Secret".to_vec())];
    corpus.many("list with another kind", other_kind(), "a:b");
    let empty_first = || vec![("a", Vec::new()), ("b", two())];
    corpus.many("empty file first", empty_first(), "a:b");
    let no_current = || {
        let text = String::from_utf8(one()).unwrap_or_default();
        vec![
            ("a", text.replace("current-context: c", "current-context: ''").into_bytes()),
            ("b", two()),
        ]
    };
    corpus.many("empty current context falls through", no_current(), "a:b");
    let parts = || {
        vec![
            ("a", b"contexts: [{name: c, context: {user: u, cluster: k}}]".to_vec()),
            (
                "sub/b",
                b"current-context: c\nusers: [{name: u, user: {client-certificate: cert}}]"
                    .to_vec(),
            ),
            ("d", b"clusters: [{name: k, cluster: {server: 'https://d'}}]".to_vec()),
            ("sub/cert", b"hello".to_vec()),
        ]
    };
    corpus.many("parts in three files", parts(), "a:sub/b:d");
}

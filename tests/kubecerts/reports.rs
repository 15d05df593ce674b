//! What `check` finds, for those who show it beside the lines.

use insta::assert_snapshot;

use super::world::{RSA, World};
use crate::support::sarif::{need_validator, results, validated};

/// A certificate that soon ends, a key of another one, and a field that nobody knows.
fn world() -> Option<World> {
    let world = World::new()?;
    world.client("soon", "ca", 3, RSA);
    let user = format!(
        "client-certificate-data: {}\n    client-key-data: {}\n    token-file: x",
        world.data("soon.crt"),
        world.data("client.key")
    );
    world.config(&user, &format!("certificate-authority-data: {}", world.data("ca.crt")));
    Some(world)
}

#[test]
fn annotations_stand_at_the_field_that_is_meant() {
    let Some(world) = world() else { return };
    let days = |text: &str| {
        let (before, rest) = text.split_once("expires on ").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        format!("{before}expires on DAY, in DAYS\n{rest}")
    };
    let ran = world.devkit(&["check", "--report", "github"]);
    assert_eq!(ran.code, Some(1));
    let shown = ran.shown(world.dir.path());
    assert_snapshot!(days(&shown), @"
    ::warning file=DIR/home/.kube/config,line=15,col=17,title=kubecerts unknown-field::context 'c': kubectl knows no field 'token-file' of user 'u'
    ::error file=DIR/home/.kube/config,line=13,col=30,title=kubecerts cert-expires-soon::context 'c': the client certificate CN=soon, O=system:masters expires on DAY, in DAYS
    ::error file=DIR/home/.kube/config,line=14,col=22,title=kubecerts key-mismatch::context 'c': the client key does not belong to the certificate
    --- stderr ---
    --- exit 1 ---
    ");
    // A kubeconfig that lies below the folder has a relative address.
    std::fs::copy(world.path("home/.kube/config"), world.path("work/数 k.yaml")).unwrap();
    let ran = world.devkit(&["check", "--kubeconfig", "./数 k.yaml", "--report", "sarif"]);
    assert_snapshot!(results(&ran).join("\n"), @"
    warning unknown-field %E6%95%B0%20k.yaml:15:17
    error cert-expires-soon %E6%95%B0%20k.yaml:13:30
    error key-mismatch %E6%95%B0%20k.yaml:14:22
    ");
    let ran = world.devkit(&["check", "--report", "sarif"]);
    assert_snapshot!(
        results(&ran).join("\n").replace(world.dir.path().to_str().unwrap(), "DIR"),
        @"
    warning unknown-field file://DIR/home/.kube/config:15:17
    error cert-expires-soon file://DIR/home/.kube/config:13:30
    error key-mismatch file://DIR/home/.kube/config:14:22
    "
    );
    // Nothing of a key is in any of it, and a program gets the same fields as ever.
    let key = world.data("client.key");
    for form in [&["--report", "github"][..], &["--report", "sarif"], &["--json"]] {
        let ran = world.devkit(&[&["check"], form].concat());
        assert!(!ran.stdout.contains(&key[40..80]));
    }
    let ran = world.devkit(&["check", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let finding = &document["contexts"][0]["findings"][0];
    assert_eq!((&finding["code"], &finding["line"]), (&"cert-expires-soon".into(), &13.into()));
    assert!(finding["file"].as_str().unwrap().starts_with('/'));
}

#[test]
fn sarif_is_what_its_authors_want() {
    let Some(validator) = need_validator() else { return };
    let Some(world) = world() else { return };
    for args in [&[][..], &["--all"], &["--kubeconfig", "../home/.kube/config"]] {
        let ran = world.devkit(&[&["check", "--report", "sarif"], args].concat());
        validated(&validator, &ran.stdout);
    }
}

/// Names, addresses, fields, paths and a certificate's subject, with what moves or hides text.
#[test]
fn nothing_foreign_is_printed_as_it_is() {
    let Some(world) = World::new() else { return };
    let evil = "\u{202e}\u{200f}e";
    let quoted = r#""\u202e\u200f\u009b\u001b[31m""#;
    let text = format!(
        "current-context: {quoted}\ncontexts:\n- name: {quoted}\n  context: {{cluster: {quoted}, user: \
         {quoted}, namespace: {quoted}}}\n- name: other\n  context: {{cluster: no{evil}, user: no{evil}}}\n\
         clusters:\n- name: {quoted}\n  cluster: {{server: {quoted}, {quoted}: 1, certificate-authority: \
         {quoted}, proxy-url: {quoted}}}\nusers:\n- name: {quoted}\n  user: {{client-certificate: \
         {quoted}, client-key: x, auth-provider: {{name: {quoted}}}, exec: {{command: {quoted}, \
         apiVersion: {quoted}}}}}\n"
    );
    world.home_config(&text);
    world.write("work/syntax.yaml", format!("{quoted}: [\u{85}\n{evil}: }}"));
    world.write("work/kind.yaml", format!("kind: {quoted}\napiVersion: {quoted}\n"));
    for args in [
        &["check", "--all"][..],
        &["check"],
        &["check", "--context", evil],
        &["check", "--kubeconfig", evil],
        &["check", "--kubeconfig", "syntax.yaml"],
        &["check", "--kubeconfig", "kind.yaml"],
        &["show", "--all"],
        &["show"],
        &["show", "--context", "other"],
        &["extract", "--out", evil],
        &["extract", "--all", "--out", "o"],
    ] {
        let reports = args[0] == "check";
        for form in [&[][..], &["--json"], &["-v"], &["--report", "github"], &["--report", "sarif"]]
        {
            if form.first() == Some(&"--report") && !reports {
                continue;
            }
            let ran = world.devkit(&[args, form].concat());
            for text in [&ran.stdout, &ran.stderr] {
                let plain = text.replace('\n', "");
                let bad = plain.chars().find(|c| c.is_control() || "\u{202e}\u{200f}".contains(*c));
                assert_eq!(bad, None, "{args:?} {form:?}: {text:?}");
            }
        }
    }
}

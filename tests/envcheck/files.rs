//! Files: which variables they set, where, and in which contexts those have to work.

use std::fs;

use serde_json::Value;

use crate::support::{Ran, devkit, folder, run};

/// Checks one file, and gives `line:column name verdict id` of what is found.
fn check(name: &str, text: &str, args: &[&str]) -> (Vec<String>, Ran) {
    let dir = folder();
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let ran = run(devkit(dir.path(), [&["envcheck", "--json", name], args].concat()));
    assert_eq!(ran.stderr, "", "{name}");
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (value["file"].as_str(), value["schema"].as_str()),
        (Some(name), Some("devkit.envcheck.file/1"))
    );
    let found = value["findings"].as_array().unwrap().iter().map(|finding| {
        let text = |field: &str| finding[field].as_str().unwrap_or("null").to_owned();
        format!(
            "{}:{} {} {} {}",
            finding["line"],
            finding["column"],
            text("name"),
            text("verdict"),
            text("id")
        )
    });
    (found.collect(), ran)
}

const POD: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec:
  template:
    spec:
      initContainers:
      - name: init
        image: busybox
        command: [\"/bin/sh\", -c, start]
        env:
        - name: first.var
          value: a
      containers:
      - name: app
        image: java
        env:
        - {name: eureka.client.serviceUrl.defaultZone, value: b}
        - name: 'é'
        - name: LATE
          value: $(LATER) $$(LATER)
        - name: LATER
          value: $(LATE)
";

#[test]
fn manifests_are_read_with_the_shells_that_their_containers_start() {
    let (found, ran) = check("deploy/app.yaml", POD, &[]);
    assert_eq!(
        found,
        [
            "12:17 first.var dropped dash.inherit",
            "12:17 first.var dropped busybox.inherit",
            "19:17 é rejected k8s.env",
            "20:17 LATE changed k8s.env",
        ]
    );
    assert_eq!(ran.code, Some(1));
    // An older server takes less.
    let (found, _) = check("app.yaml", POD, &["--context", "k8s.env@1.7"]);
    assert!(
        found.contains(&"18:18 eureka.client.serviceUrl.defaultZone rejected k8s.env@1.7".into()),
        "{found:?}"
    );
    // Lists, several documents, JSON, keys of a ConfigMap.
    let list = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",\n\"data\": {\"good.key\": \"a\", \"bad key\": \"b\"}}]}";
    let (found, _) = check("list.json", list, &[]);
    assert_eq!(found, ["3:27 bad key rejected k8s.configmap-key"]);
    let two = format!("---\n{POD}---\napiVersion: v1\nkind: Secret\nstringData:\n  a/b: c\n");
    let (found, _) = check("two.yml", &two, &[]);
    assert!(found.last().unwrap().ends_with(" a/b rejected k8s.configmap-key"), "{found:?}");
    assert_eq!(check("fine.yaml", "apiVersion: v1\nkind: Pod\n", &[]).1.code, Some(0));
    // What is no string, a name that is nothing, and a shell behind a starter.
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [tini, --, sh, -c, x]\n    env:\n    - name: 1\n    - name: A\n      value: 8080\n    - name:\n    - {name: B, value: '1'}\n    - {name: P, value: '/x:$(P)'}\n    - {name: c.d}\n";
    let (found, _) = check("pod.yaml", pod, &[]);
    for wanted in [
        "7:13 1 rejected k8s.env",
        "9:14 A rejected k8s.env",
        "12:14 P changed k8s.env",
        "13:14 c.d dropped dash.inherit",
    ] {
        assert!(found.contains(&wanted.to_owned()), "{wanted}: {found:#?}");
    }
    assert!(found.iter().any(|line| line.ends_with("  rejected k8s.env")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains(" B ")), "{found:#?}");
}

#[test]
fn dockerfiles_are_read_with_the_shell_that_starts_them() {
    let text = "# syntax=docker/dockerfile:1\nFROM a AS one\nENV old.one=1\nFROM b\nENV good=1 \\\n  # between\n  spring.port=\"a b\" c\\ d=2\nENV legacy.name some value\nRUN <<EOF\nENV not.one=1\nEOF\nenv 1x=2\nENTRYPOINT java -jar app.jar\n";
    let (found, ran) = check("Dockerfile", text, &[]);
    assert_eq!(
        found,
        [
            "7:3 spring.port dropped dash.inherit",
            "7:3 spring.port dropped busybox.inherit",
            "8:5 legacy.name dropped dash.inherit",
            "8:5 legacy.name dropped busybox.inherit",
            "12:5 1x dropped dash.inherit",
            "12:5 1x dropped busybox.inherit",
        ]
    );
    assert_eq!(ran.code, Some(1));
    let exec = text
        .replace("ENTRYPOINT java -jar app.jar", "ENTRYPOINT [\"java\", \"-jar\", \"app.jar\"]");
    assert_eq!(check("app/Containerfile", &exec, &[]).0, [""; 0]);
    let bash = format!(
        "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\n{}",
        text.split_once("FROM b\n").unwrap().1
    );
    assert_eq!(check("Dockerfile.dev", &bash, &[]).0, [""; 0]);
    // A stage on top of another has its variables.
    let stages = "FROM a AS base\nENV a.b=1\nFROM base\nCMD run\n";
    assert_eq!(check("Dockerfile", stages, &[]).0.len(), 2);
    assert_eq!(check("Dockerfile", "FROM a\nENV a.b=1\nFROM c\nCMD run\n", &[]).0.len(), 0);
}

#[test]
fn dotenv_files_are_read_as_their_readers_read_them() {
    let text = "# comment\n\nGOOD=1\nexport ALSO=2\na-b=3\nLONG=\"x\nfake.one=1\n\"\n1 2=4\n";
    let (found, ran) = check(".env", text, &[]);
    assert_eq!(
        found,
        [
            "5:1 a-b rejected dotenv.rust-dotenvy",
            "5:1 a-b rejected dotenv.godotenv",
            "5:1 a-b dropped dotenv.ruby",
            "9:1 1 2 rejected compose.env-file",
            "9:1 1 2 dropped dotenv.node",
            "9:1 1 2 dropped dotenv.python",
            "9:1 1 2 rejected dotenv.rust-dotenvy",
            "9:1 1 2 dropped dotenv.ruby",
        ]
    );
    assert_eq!(ran.code, Some(1));
    let (found, _) = check(".env", text, &["--format", "docker-env-file"]);
    assert_eq!(found[0], "4:1 export ALSO rejected docker.env-file");
    let (found, _) = check("x.env", "a.b=1\n;no\n  c=2\n", &["--format", "environment-file"]);
    assert_eq!(found, ["1:1 a.b dropped systemd.environment-file"]);
    assert_eq!(check("prod.env", "A=1\r\nB=2\r\n", &[]).0, [""; 0]);
    let (_, ran) = check(".env", "a/b=1\nA_B=2\n", &[]);
    assert!(ran.stdout.contains("A_B and a/b would be one variable, A_B"), "{}", ran.stdout);
    // A colon ends a name too, for some; what is behind it is never told.
    let (found, ran) = check(".env", "KEY: topsecret x\n", &[]);
    assert_eq!(found, ["1:1 KEY rejected dotenv.python", "1:1 KEY rejected dotenv.rust-dotenvy"]);
    assert!(!ran.stdout.contains("topsecret"));
    let long = format!("# a\nA={}\n", "x".repeat(65_536));
    let (found, ran) = check("x.env", &long, &["--format", "docker-env-file"]);
    assert_eq!(found, ["2:1 A rejected docker.env-file"]);
    assert!(ran.stdout.contains("token too long"));
}

#[test]
fn units_compose_files_and_workflows_are_read() {
    let unit = "[Service]\nEnvironment=\"A=x y\" b.c=1 \\\n  'D=2'\n# Environment=e.f=1\nPassEnvironment=g-h\nExecStart=/bin/sh -c run\n";
    let (found, _) = check("x.service", unit, &[]);
    assert_eq!(
        found,
        [
            "2:21 b.c dropped systemd.environment",
            "2:21 b.c dropped dash.inherit",
            "2:21 b.c dropped busybox.inherit",
            "5:17 g-h dropped dash.inherit",
            "5:17 g-h dropped busybox.inherit",
            "5:17 g-h dropped systemd.environment",
        ]
    );
    // As systemd-analyze verify has it.
    let unit = "[Service]\nEnvironment=A=1 \\\n# between\n B=2\nEnvironment=%p_N=1 X%%Y=1 C=50%z D=5%p\n[Unit]\nEnvironment=E=1\n";
    let (found, _) = check("x.service.d/over.conf", unit, &[]);
    assert_eq!(
        found,
        [
            "5:20 X%%Y dropped systemd.environment",
            "5:27 C dropped systemd.environment",
            "7:13 E dropped systemd.environment",
        ]
    );
    let compose = "x-all: &all\n  a.b: 1\nservices:\n  web:\n    command: [sh, -c, run]\n    environment:\n      <<: *all\n      GOOD: 1\n  db:\n    environment:\n    - c.d=1\n    - '=e'\n";
    let (found, _) = check("compose.yaml", compose, &[]);
    assert_eq!(
        found,
        [
            "2:3 a.b dropped dash.inherit",
            "2:3 a.b dropped busybox.inherit",
            "12:7  rejected compose.environment",
        ]
    );
    let text = "services:\n  a:\n    entrypoint: sh -c run\n    environment: {a.b: 1}\n";
    assert_eq!(check("docker-compose.yml", text, &[]).0.len(), 2);
    // What is set above has to pass the shells of all steps below.
    let text = "env: {top.dot: 1}\njobs:\n  a:\n    env: {job.dot: 1}\n    container: alpine\n    steps:\n    - run: x\n";
    let (found, _) = check(".github/workflows/x.yml", text, &[]);
    assert_eq!(found.len(), 4, "{found:?}");
    let workflow = "on: push\nenv: {GITHUB_X: 1}\njobs:\n  a:\n    env: {job.name: 1}\n    steps:\n    - run: x\n      shell: sh\n      env: {b.c: 1}\n    - uses: y\n      env: {d.e: 1}\n";
    let (found, ran) = check(".github/workflows/ci.yml", workflow, &[]);
    assert_eq!(
        found,
        [
            "2:7 GITHUB_X changed gha.env",
            "5:11 job.name dropped dash.inherit",
            "5:11 job.name dropped busybox.inherit",
            "9:13 b.c dropped dash.inherit",
            "9:13 b.c dropped busybox.inherit",
        ]
    );
    assert_eq!(ran.code, Some(1));
}

#[test]
fn findings_are_told_as_annotations() {
    let dir = folder();
    fs::write(dir.path().join(".env"), "a-b=topsecret\n").unwrap();
    let ask = |args: &[&str]| run(devkit(dir.path(), [&["envcheck", ".env"], args].concat()));
    let ran = ask(&["--report", "github", "--context", "dotenv.rust-dotenvy"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.starts_with(
            "::error file=.env,line=1,col=1,title=envcheck dotenv.rust-dotenvy::a-b is rejected by"
        ),
        "{}",
        ran.stdout
    );
    let ran = ask(&["--report", "sarif"]);
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&".env".into(), &1.into())
    );
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]));
    let ran = ask(&[]);
    let dropped = "error: a-b is dropped by dotenv.ruby [dotenv.ruby]\n  .env:1:1\n";
    assert!(ran.stdout.contains(dropped), "{}", ran.stdout);
    for args in [&[][..], &["--json"], &["--report", "sarif"], &["--report", "github"]] {
        assert!(!ask(args).stdout.contains("topsecret"));
    }
    // Names and files together, in their order.
    let ran = ask(&["A", "--json"]);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["file"], &lines[1]["name"]), (&".env".into(), &"A".into()));
}

#[test]
fn what_is_no_such_file_is_one_clear_error() {
    let dir = folder();
    for (name, text) in [("a.yaml", "a: [\n"), ("other.yaml", "a: b\n"), ("notes/x", "hello\n")] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::create_dir(dir.path().join("compose.yaml")).unwrap();
    for (args, code) in [
        (&["a.yaml", "--format", "kubernetes"][..], "malformed"),
        (&["other.yaml"], "unknown-format"),
        (&["notes/x"], "unknown-format"),
        (&["--file", "none"], "file-not-found"),
        (&["--file", "compose.yaml"], "is-a-directory"),
        (&["other.yaml", "--format", "xml"], "usage"),
        (&["a.yaml"], "malformed"),
        (&["no/such.yaml", "--report", "github"], "usage"),
    ] {
        let ran = run(devkit(dir.path(), [&["envcheck"], args].concat()));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(ran.stderr.contains(&format!("[{code}]")), "{}", ran.stderr);
    }
    // Standard input is a file like any other.
    for args in [&["--file", "-", "--format", "dotenv"][..], &["-", "--format", "dotenv"]] {
        let mut command = devkit(dir.path(), [&["envcheck"], args].concat());
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"a b=1\n").unwrap();
        let ran = crate::support::finish(child);
        assert!(
            ran.code == Some(1)
                && ran.stdout.contains("error: a b is ")
                && ran.stdout.contains("\n  -:1:1\n"),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
    // What is not there is a name, and so is what stands behind --.
    for args in
        [&["no/file", "--context", "execve"][..], &["--context", "execve", "--", "other.yaml"]]
    {
        assert_eq!(
            run(devkit(dir.path(), [&["envcheck"], args].concat())).code,
            Some(0),
            "{args:?}"
        );
    }
}

//! The table against the programs that read variables, and the channels that can be tried here.
//!
//! All names at once, each with a value of its own, which tells which name it arrived under.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use devkit_envcheck::probe;
use devkit_envcheck::{Rule, Verdict, all};
use devkit_text::escape;

use super::names::names;
use crate::support::{folder, peer, run};

fn rule(id: &str) -> &'static Rule {
    all().find(|rule| rule.id() == id).expect(id)
}

/// Names that fit together into one environment, which no program acts upon when it starts.
fn harmless() -> Vec<Vec<u8>> {
    const ACTING: &[&str] = &[
        "LD_LIBRARY_PATH",
        "NODE_OPTIONS",
        "JAVA_TOOL_OPTIONS",
        "PYTHONPATH",
        "PERL5OPT",
        "RUBYOPT",
        "GCONV_PATH",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "PATH",
        "HOME",
        "TZ",
        "TMPDIR",
    ];
    let usable = |name: &Vec<u8>| {
        let acts = ACTING.iter().any(|known| known.as_bytes() == &name[..]);
        !name.contains(&0) && name.len() < 1000 && !acts
    };
    names().into_iter().filter(usable).collect()
}

/// Which names arrived, by value: `script` prints pairs of hexadecimal digits.
fn arrived(program: &Path, arguments: &[&str], names: &[Vec<u8>]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let strings: Vec<Vec<u8>> = names
        .iter()
        .enumerate()
        .map(|(at, name)| [name, b"=".as_slice(), format!("value{at}").as_bytes()].concat())
        .collect();
    let mut environment: Vec<&[u8]> = vec![b"LC_ALL=C.UTF-8", b"PATH=/usr/bin:/bin"];
    environment.extend(strings.iter().map(Vec::as_slice));
    let mut list: Vec<&[u8]> = vec![program.as_os_str().as_encoded_bytes()];
    list.extend(arguments.iter().map(|argument| argument.as_bytes()));
    let (out, err) = probe::run(program, &list, &environment).unwrap();
    let text = String::from_utf8(out).unwrap();
    let unhex = |digits: &str| -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let pairs: BTreeMap<_, _> = pairs.map(|(name, value)| (unhex(value), unhex(name))).collect();
    assert!(pairs.len() > 100, "{}", String::from_utf8_lossy(&err));
    pairs
}

fn compare(id: &str, program: &Path, arguments: &[&str]) {
    let rule = rule(id);
    let names = harmless();
    // Of those with `=` several would arrive under one name, and the value has a part of it.
    let (with, without): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.contains(&b'='));
    let mut differences = Vec::new();
    let mut judge = |name: &Vec<u8>, real: Option<&Vec<u8>>| {
        let answer = rule.check(name, b"7");
        let wanted = match answer.verdict {
            Verdict::Ok => Some(name),
            Verdict::Mangled => answer.becomes.as_ref(),
            _ => None,
        };
        if wanted != real {
            let real = real.map(|name| escape(name));
            differences.push(format!(
                "{}: table {:?}, real {real:?}",
                escape(name),
                answer.verdict
            ));
        }
    };
    let got = arrived(program, arguments, &without);
    for (at, name) in without.iter().enumerate() {
        judge(name, got.get(format!("value{at}").as_bytes()));
    }
    let mut asked = without.clone();
    asked.truncate(150);
    for name in with {
        asked.insert(0, name.clone());
        let got = arrived(program, arguments, &asked);
        let real = got.iter().find(|(value, _)| value.ends_with(b"value0"));
        judge(&name, real.map(|(_, name)| name));
        asked.remove(0);
    }
    assert!(differences.is_empty(), "{id}: {}:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn python_reads_what_the_table_says() {
    let Some(python) = peer::need("python3") else { return };
    // What is on the PATH may be a script that looks for the interpreter.
    let mut which = Command::new(python);
    which.args(["-c", "import sys; print(sys.executable)"]);
    let python = std::path::PathBuf::from(run(which).stdout.trim());
    let script = "import os\nfor k, v in os.environ.items():\n  print(os.fsencode(k).hex(), os.fsencode(v).hex())";
    compare("python.environ", &python, &["-c", script]);
}

#[test]
fn node_reads_what_the_table_says() {
    let Some(node) = peer::need("node") else { return };
    let script = "for (const k of Object.keys(process.env)) { const v = process.env[k]; \
                  if (v !== undefined) console.log(Buffer.from(k).toString('hex'), Buffer.from(v).toString('hex')) }";
    compare("node.env", &node, &["-e", script]);
}

#[test]
fn ruby_reads_what_the_table_says() {
    let Some(ruby) = peer::need("ruby") else { return };
    let script = "ENV.each { |k, v| puts k.unpack1('H*') + ' ' + v.unpack1('H*') }";
    compare("ruby", &ruby, &["-e", script]);
}

#[test]
fn perl_reads_what_the_table_says() {
    let Some(perl) = peer::need("perl") else { return };
    let script = "print unpack('H*', $_), ' ', unpack('H*', $ENV{$_}), \"\\n\" for keys %ENV";
    compare("perl", &perl, &["-e", script]);
}

#[test]
fn java_reads_what_the_table_says() {
    let (Some(java), Some(javac)) = (peer::need("java"), peer::need("javac")) else { return };
    let dir = folder();
    let source = "public class Show { static String hex(String s) { StringBuilder b = new StringBuilder(); \
        for (byte x : s.getBytes(java.nio.charset.StandardCharsets.UTF_8)) b.append(String.format(\"%02x\", x)); \
        return b.toString(); } public static void main(String[] a) { System.getenv().forEach((k, v) -> \
        System.out.println(hex(k) + \" \" + hex(v))); } }";
    fs::write(dir.path().join("Show.java"), source).unwrap();
    let mut compile = Command::new(javac);
    compile.args(["-d", ".", "Show.java"]).current_dir(dir.path());
    assert_eq!(run(compile).code, Some(0));
    compare("java.getenv", &java, &["-Xshare:auto", "-cp", dir.path().to_str().unwrap(), "Show"]);
}

#[test]
fn php_reads_what_the_table_says() {
    let Some(php) = peer::need("php") else { return };
    let dir = folder();
    // getenv() by name: the list leaves some out.
    let names: Vec<String> = harmless().iter().map(|name| devkit_envcheck::hex(name)).collect();
    fs::write(dir.path().join("names"), names.join("\n")).unwrap();
    let file = dir.path().join("names");
    let script = format!(
        "foreach (explode(\"\\n\", file_get_contents('{}')) as $h) {{ $n = hex2bin($h); \
         $v = $n === '' ? false : getenv($n); if ($v !== false) echo bin2hex($n), ' ', bin2hex($v), \"\\n\"; }}",
        file.display()
    );
    let rule = rule("php.getenv");
    let names: Vec<Vec<u8>> = harmless().into_iter().filter(|name| !name.contains(&b'=')).collect();
    let got = arrived(&php, &["-n", "-r", &script], &names);
    for (at, name) in names.iter().enumerate() {
        let real = got.get(format!("value{at}").as_bytes());
        let ok = rule.check(name, b"7").verdict == Verdict::Ok;
        assert_eq!(real.is_some(), ok, "{}", escape(name));
    }
}

#[test]
fn env_hands_on_what_the_table_says() {
    let Some(env) = peer::need("env") else { return };
    let rule = rule("env");
    for name in names().iter().filter(|name| !name.contains(&0) && name.len() < 1000) {
        let whole = [name, b"=7".as_slice()].concat();
        let list: Vec<&[u8]> = vec![b"env", &whole, b"/bin/cat", b"/proc/self/environ"];
        let (out, _) = probe::run(&env, &list, &[]).unwrap();
        let arrives = out == [whole.as_slice(), b"\0"].concat();
        let verdict = rule.check(name, b"7").verdict;
        // With a `=` in it the string is handed on, and is another's.
        let wanted = matches!(verdict, Verdict::Ok | Verdict::Mangled);
        assert_eq!(arrives, wanted, "{}", escape(name));
    }
}

#[test]
fn sudo_lets_through_what_the_table_says() {
    let Some(sudo) = peer::need("sudo") else { return };
    if !peer::need_root() {
        return;
    }
    for (id, option) in [("sudo", None), ("sudo-E", Some("-E"))] {
        let rule = rule(id);
        for name in harmless().iter().step_by(2) {
            let whole = [name, b"=7".as_slice()].concat();
            let mut list: Vec<&[u8]> = vec![b"sudo"];
            list.extend(option.map(str::as_bytes));
            list.extend([b"/bin/cat".as_slice(), b"/proc/self/environ"]);
            let (out, err) = probe::run(&sudo, &list, &[&whole]).unwrap();
            let real = if out.is_empty() {
                Verdict::Rejected
            } else if out.split(|b| *b == 0).any(|string| string == whole) {
                Verdict::Ok
            } else if out.split(|b| *b == 0).any(|string| string.starts_with(&whole[..=name.len()]))
            {
                Verdict::Changed
            } else {
                Verdict::Dropped
            };
            let table = match rule.check(name, b"7").verdict {
                Verdict::Mangled => Verdict::Ok,
                verdict => verdict,
            };
            assert_eq!(real, table, "{id} {}: {}", escape(name), String::from_utf8_lossy(&err));
        }
    }
}

#[test]
fn systemd_ignores_what_the_table_says() {
    let Some(analyze) = peer::need("systemd-analyze") else { return };
    let rule = rule("systemd.environment");
    let dir = folder();
    let plain = |name: &Vec<u8>| {
        let text = str::from_utf8(name).is_ok_and(|text| !text.chars().any(char::is_control));
        // What its quoting and its specifiers act upon is another matter.
        text && !name.is_empty() && !name.iter().any(|b| b" \\\"'%;#=".contains(b))
    };
    let names: Vec<Vec<u8>> = harmless().into_iter().filter(plain).collect();
    assert!(names.len() > 300);
    let mut unit = b"[Service]\nExecStart=/bin/true\n".to_vec();
    for name in &names {
        unit.extend([b"Environment=".as_slice(), name, b"=7\n"].concat());
    }
    fs::write(dir.path().join("x.service"), unit).unwrap();
    let mut verify = Command::new(analyze);
    verify.arg("verify").arg(dir.path().join("x.service"));
    let said = run(verify).stderr;
    let ignored: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once("Invalid environment assignment, ignoring: "))
        .filter_map(|(_, rest)| rest.strip_suffix("=7"))
        .collect();
    for name in &names {
        let text = str::from_utf8(name).unwrap();
        let dropped = rule.check(name, b"7").verdict == Verdict::Dropped;
        assert_eq!(ignored.contains(&text), dropped, "{text}");
    }
}

#[test]
fn kubectl_takes_what_the_table_says() {
    let Some(kubectl) = peer::need("kubectl") else { return };
    let rule = rule("kubectl.from-env-file@1.32");
    let dir = folder();
    let plain = |name: &Vec<u8>| {
        let text = str::from_utf8(name).is_ok_and(|text| !text.chars().any(char::is_whitespace));
        text && !name.is_empty() && !name.contains(&b'=') && !name.iter().any(u8::is_ascii_control)
    };
    for name in harmless().into_iter().filter(plain).step_by(12) {
        fs::write(dir.path().join("f"), [name.as_slice(), b"=7\n"].concat()).unwrap();
        let mut create = Command::new(&kubectl);
        create.args([
            "create",
            "configmap",
            "x",
            "--from-env-file=f",
            "--dry-run=client",
            "-o",
            "json",
        ]);
        create.current_dir(dir.path());
        let ran = run(create);
        let taken = ran.code == Some(0) && ran.stdout.contains("\"7\"");
        let ok = rule.check(&name, b"7").verdict == Verdict::Ok;
        assert_eq!(taken, ok, "{}: {}", escape(&name), ran.stderr);
    }
}

#[test]
fn docker_refuses_what_the_table_says() {
    let Some(docker) = peer::need("docker") else { return };
    let dir = folder();
    let file = dir.path().join("env");
    let text = |name: &Vec<u8>| str::from_utf8(name).is_ok() && !name.contains(&b'\n');
    let names: Vec<Vec<u8>> = harmless().into_iter().filter(text).step_by(6).collect();
    assert!(names.len() > 80);
    // Arguments are looked at before anything is connected to, and there is nothing to connect to.
    let ask = |option: &str, argument: &std::ffi::OsStr| {
        let mut command = Command::new(&docker);
        command
            .args(["run", option])
            .arg(argument)
            .arg("x")
            .env("DOCKER_HOST", "tcp://127.0.0.1:1");
        let said = run(command).stderr;
        let refused = said.contains("invalid argument") || said.contains("invalid env file");
        assert!(refused || said.contains("Cannot connect"), "{said}");
        refused
    };
    let empty = [b"".to_vec(), b"=a".to_vec(), b"a b".to_vec(), b"#a".to_vec()];
    for name in names.iter().chain(&empty) {
        let whole = [name.as_slice(), b"=7"].concat();
        let argument = std::os::unix::ffi::OsStrExt::from_bytes(whole.as_slice());
        let refused = rule("docker.env").check(name, b"7").verdict == Verdict::Rejected;
        assert_eq!(ask("--env", argument), refused, "{}", escape(name));
        fs::write(&file, [whole.as_slice(), b"\n"].concat()).unwrap();
        let refused = rule("docker.env-file").check(name, b"7").verdict == Verdict::Rejected;
        assert_eq!(ask("--env-file", file.as_os_str()), refused, "file: {}", escape(name));
    }
}

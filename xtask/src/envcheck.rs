//! `cargo xtask peers envcheck`: the table of rules against peers that no Debian package brings:
//! Kubernetes' own validation, readers of .env files, and Spring Boot's binder. They come by the
//! normal clients of Go, npm, `PyPI` and Maven, so this is no part of the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Result, cargo, check, find, output, target};

const KUBERNETES: &str = r#"package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/util/validation"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		bytes, _ := hex.DecodeString(lines.Text())
		name := string(bytes)
		fmt.Println(lines.Text(), len(validation.IsCIdentifier(name)) == 0, len(validation.IsEnvVarName(name)) == 0,
			len(validation.IsRelaxedEnvVarName(name)) == 0, len(validation.IsConfigMapKey(name)) == 0)
	}
}
"#;

/// What a reader of .env files makes of `NAME=7`: pairs of hexadecimal digits, or `error`.
const GODOTENV: &str = r#"package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"IMPORT"
)

var _ = strings.NewReader

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name, _ := hex.DecodeString(lines.Text())
		found, err := CALL
		fmt.Print(lines.Text())
		if err != nil {
			fmt.Print(" error")
		} else {
			for key, value := range found {
				fmt.Print(" ", hex.EncodeToString([]byte(key)), ":", hex.EncodeToString([]byte(value)))
			}
		}
		fmt.Println()
	}
}
"#;

const BUILDKIT: &str = r#"package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name, _ := hex.DecodeString(lines.Text())
		fmt.Print(lines.Text())
		file, err := parser.Parse(strings.NewReader("FROM scratch\nENV " + string(name) + "=7\n"))
		if err == nil {
			var stages []instructions.Stage
			stages, _, err = instructions.Parse(file.AST, nil)
			if err == nil {
				for _, pair := range stages[0].Commands[0].(*instructions.EnvCommand).Env {
					fmt.Print(" ", hex.EncodeToString([]byte(pair.Key)), ":", hex.EncodeToString([]byte(pair.Value)))
				}
			}
		}
		if err != nil {
			fmt.Print(" error")
		}
		fmt.Println()
	}
}
"#;

/// `os.Setenv`.
const SETENV: &str = r#"package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name, _ := hex.DecodeString(lines.Text())
		if err := os.Setenv(string(name), "7"); err != nil {
			fmt.Println(lines.Text(), "error")
		} else {
			fmt.Println(lines.Text(), lines.Text()+":37")
		}
	}
}
"#;

/// `std::env::set_var`.
const SET_VAR: &str = r#"fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        let name: Vec<u8> = (0..line.len()).step_by(2).map(byte).collect();
        let name = String::from_utf8(name).unwrap();
        match std::panic::catch_unwind(|| unsafe { std::env::set_var(&name, "7") }) {
            Ok(()) => println!("{line} {line}:37"),
            Err(_) => println!("{line} error"),
        }
    }
}
"#;

/// `ProcessBuilder.environment().put`.
const PROCESS_BUILDER: &str = r#"import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

public class Put {
    public static void main(String[] none) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String name = new String(HexFormat.of().parseHex(line), StandardCharsets.UTF_8);
            try {
                new ProcessBuilder().environment().put(name, "7");
                System.out.println(line + " " + line + ":37");
            } catch (IllegalArgumentException refused) {
                System.out.println(line + " error");
            }
        }
    }
}
"#;

const NODE: &str = "const d = require('dotenv'), hex = s => Buffer.from(s).toString('hex');
require('readline').createInterface({input: process.stdin}).on('line', line => {
  const found = d.parse(Buffer.from(line, 'hex').toString() + '=7\\n');
  console.log(line, ...Object.entries(found).map(([k, v]) => hex(k) + ':' + hex(v)));
});
";

const PYTHON: &str = "import io, logging, sys, dotenv
logging.disable(logging.CRITICAL)
for line in sys.stdin:
    text = bytes.fromhex(line.strip()).decode() + '=7\\n'
    found = dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)
    pairs = [(k, v) for k, v in found.items() if v is not None]
    print(line.strip(), *[k.encode().hex() + ':' + v.encode().hex() for k, v in pairs])
";

const POM: &str = "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>
<groupId>x</groupId><artifactId>x</artifactId><version>1</version><dependencies><dependency>
<groupId>org.springframework.boot</groupId><artifactId>spring-boot</artifactId><version>SPRING</version>
</dependency></dependencies></project>
";
const SPRING_BOOT: &str = "3.3.5";

const BINDER: &str = r#"import java.util.Map;
import org.springframework.boot.context.properties.bind.*;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.StandardEnvironment;

public class Show {
    public static void main(String[] properties) {
        StandardEnvironment environment = new StandardEnvironment();
        ConfigurationPropertySources.attach(environment);
        Binder binder = Binder.get(environment);
        for (String property : properties) {
            System.out.println(property + " " + binder.bind(property, String.class).orElse("-"));
        }
        Bindable<Map<String, String>> map = Bindable.mapOf(String.class, String.class);
        System.out.println("map " + binder.bind("eureka.client.service-url", map).orElse(Map.of()).keySet());
    }
}
"#;

pub(crate) fn run() -> Result<()> {
    check(cargo(&["build", "--release", "--locked", "-q", "-p", "devkit"]))?;
    let folder = target().join("peers");
    let names = names();
    let mut differ = 0;
    for (module, contexts) in [
        (
            "v0.31.4",
            &[
                ("k8s.env@1.7", 1),
                ("k8s.env@1.31", 2),
                ("k8s.env@1.32", 3),
                ("k8s.configmap-key", 4),
            ][..],
        ),
        ("v0.34.1", &[("k8s.env@1.7", 1), ("k8s.env@1.34", 3), ("k8s.configmap-key", 4)]),
    ] {
        let at = folder.join(format!("kubernetes-{module}"));
        let program = go(&at, KUBERNETES, &format!("k8s.io/apimachinery@{module}"))?;
        let said = feed(Command::new(program), &names)?;
        for (context, column) in contexts {
            let real = said.iter().map(|line| line.split(' ').nth(*column) == Some("true"));
            let table = verdicts(context, &names)?;
            let same = real.zip(&table).all(|(real, table)| real == (table == "ok"));
            differ += tell(&format!("apimachinery {module}"), context, names.len(), same);
        }
    }
    for (context, said) in [
        (
            "dotenv.godotenv",
            dotenv_in_go(
                &folder,
                "github.com/joho/godotenv",
                "v1.5.1",
                "godotenv.Unmarshal(string(name) + \"=7\\n\")",
                &names,
            )?,
        ),
        (
            "compose.env-file",
            dotenv_in_go(
                &folder,
                "github.com/compose-spec/compose-go/v2",
                "v2.16.2",
                "dotenv.Parse(strings.NewReader(string(name) + \"=7\\n\"))",
                &names,
            )?,
        ),
        ("dotenv.node", dotenv_in_node(&folder, &names)?),
        ("dotenv.python", dotenv_in_python(&folder, &names)?),
        (
            "dockerfile.env",
            feed(
                Command::new(go(
                    &folder.join("buildkit"),
                    BUILDKIT,
                    "github.com/moby/buildkit@v0.34.2",
                )?),
                &names,
            )?,
        ),
        ("go.Setenv", feed(Command::new(go(&folder.join("setenv"), SETENV, "")?), &names)?),
        ("rust.set_var", set_var(&folder, &names)?),
        ("java.ProcessBuilder", process_builder(&folder, &names)?),
    ] {
        let table = verdicts(context, &names)?;
        let same = said.iter().zip(&table).all(|(line, table)| real_verdict(line) == *table);
        differ += tell("its package", context, names.len(), same);
    }
    differ += spring(&folder)?;
    if differ == 0 {
        Ok(())
    } else {
        Err(format!("{differ} contexts are not as the table has them"))
    }
}

fn tell(peer: &str, context: &str, count: usize, same: bool) -> usize {
    println!("{} {context}: {count} names against {peer}", if same { "same  " } else { "DIFFER" });
    usize::from(!same)
}

/// All of up to three of some characters, in hexadecimal digits; and some long ones.
fn names() -> Vec<String> {
    let letters = ["a", "Z", "0", "_", "-", ".", "=", " ", "é", "/", "\t", ":", "~"];
    let mut names = Vec::new();
    let mut last = vec![String::new()];
    for _ in 0..3 {
        last =
            last.iter().flat_map(|name| letters.map(|letter| format!("{name}{letter}"))).collect();
        names.extend(last.clone());
    }
    names.extend(["..", "...", "..a", "MY_VAR", "a.b.c"].map(str::to_owned));
    names.extend([253, 254, 1000].map(|length| "a".repeat(length)));
    names.iter().map(|name| hex(name)).collect()
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Runs a program with the names as its input, and gives its lines.
fn feed(mut command: Command, names: &[String]) -> Result<Vec<String>> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut input = child.stdin.take().ok_or("no input")?;
    let text = names.join("\n") + "\n";
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let _ = writer.join();
    let lines: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    if lines.len() == names.len() {
        Ok(lines)
    } else {
        Err(format!("{} of {} lines came", lines.len(), names.len()))
    }
}

/// What the table says, name by name.
fn verdicts(context: &str, names: &[String]) -> Result<Vec<String>> {
    let mut command = Command::new(target().join("release/devkit"));
    command.args(["envcheck", "--json", "--hex", "--context", context, "-"]);
    let lines = feed(command, names)?;
    let verdict = |line: &String| {
        let rest = line.split("\"verdict\":\"").nth(1)?;
        rest.split('"').next().map(str::to_owned)
    };
    lines.iter().map(|line| verdict(line).ok_or_else(|| format!("no verdict: {line}"))).collect()
}

/// The verdict of a line `NAME [KEY:VALUE …|error]`.
fn real_verdict(line: &str) -> &'static str {
    let mut words = line.split(' ');
    let name = words.next().unwrap_or_default();
    let found: BTreeMap<&str, &str> =
        words.clone().filter_map(|pair| pair.split_once(':')).collect();
    match (words.next(), found.get(name)) {
        (Some("error"), _) => "rejected",
        (None, _) => "dropped",
        (_, Some(&"37")) => "ok",
        (_, Some(_)) => "changed",
        _ => "mangled",
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    let wrote = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    wrote.map_err(|error| format!("{}: {error}", path.display()))
}

/// Builds a Go program that needs one module, or none.
fn go(at: &Path, source: &str, module: &str) -> Result<PathBuf> {
    let go = find("go").ok_or("go is missing")?;
    write(&at.join("main.go"), source)?;
    write(&at.join("go.mod"), "module x\n\ngo 1.23\n")?;
    let commands = [&["get", module][..], &["build", "-o", "program", "."]];
    for args in &commands[usize::from(module.is_empty())..] {
        let mut command = Command::new(&go);
        command.args(*args).current_dir(at).env("GOFLAGS", "-mod=mod");
        output(command)?;
    }
    Ok(at.join("program"))
}

fn dotenv_in_go(
    folder: &Path,
    module: &str,
    version: &str,
    call: &str,
    names: &[String],
) -> Result<Vec<String>> {
    let import =
        if call.starts_with("dotenv.") { format!("{module}/dotenv") } else { module.to_owned() };
    let source = GODOTENV.replace("IMPORT", &import).replace("CALL", call);
    let name = module.rsplit('/').find(|part| *part != "v2").unwrap_or(module);
    let program = go(&folder.join(name), &source, &format!("{module}@{version}"))?;
    feed(Command::new(program), names)
}

fn dotenv_in_node(folder: &Path, names: &[String]) -> Result<Vec<String>> {
    let at = folder.join("node");
    write(&at.join("show.js"), NODE)?;
    write(
        &at.join("package.json"),
        "{\"private\": true, \"dependencies\": {\"dotenv\": \"^18\"}}\n",
    )?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(&at);
    output(install)?;
    let mut show = Command::new("node");
    show.arg("show.js").current_dir(&at);
    feed(show, names)
}

fn dotenv_in_python(folder: &Path, names: &[String]) -> Result<Vec<String>> {
    let at = folder.join("python");
    write(&at.join("show.py"), PYTHON)?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "venv"]).current_dir(&at);
    output(venv)?;
    let mut install = Command::new(at.join("venv/bin/pip"));
    install.args(["install", "-q", "python-dotenv==1.2.*"]);
    output(install)?;
    let mut show = Command::new(at.join("venv/bin/python"));
    show.arg("show.py").current_dir(&at);
    feed(show, names)
}

fn set_var(folder: &Path, names: &[String]) -> Result<Vec<String>> {
    let at = folder.join("rust");
    write(&at.join("main.rs"), SET_VAR)?;
    let mut compile = Command::new("rustc");
    compile.args(["--edition", "2024", "-o", "program", "main.rs"]).current_dir(&at);
    output(compile)?;
    feed(Command::new(at.join("program")), names)
}

fn process_builder(folder: &Path, names: &[String]) -> Result<Vec<String>> {
    let at = folder.join("java");
    write(&at.join("Put.java"), PROCESS_BUILDER)?;
    let mut compile = Command::new("javac");
    compile.arg("Put.java").current_dir(&at);
    output(compile)?;
    let mut put = Command::new("java");
    put.args(["-cp", "."]).arg("Put").current_dir(&at);
    feed(put, names)
}

/// What Spring Boot binds to a property, where the variable is called as devkit suggests.
fn spring(folder: &Path) -> Result<usize> {
    const PROPERTIES: &[&str] = &[
        "server.port",
        "foo.the-bar",
        "spring.datasource.url",
        "my.list[0]",
        "my.deep[0].a-b",
        "a.b.c.d",
        "eureka.client.service-url.defaultzone",
    ];
    let at = folder.join("spring");
    write(&at.join("pom.xml"), &POM.replace("SPRING", SPRING_BOOT))?;
    write(&at.join("Show.java"), BINDER)?;
    let mut path = Command::new("mvn");
    path.args(["-B", "-q", "dependency:build-classpath", "-Dmdep.outputFile=classpath"]);
    output({
        path.current_dir(&at);
        path
    })?;
    let jars = fs::read_to_string(at.join("classpath")).map_err(|error| error.to_string())?;
    let mut compile = Command::new("javac");
    compile.args(["-cp", &jars, "-d", ".", "Show.java"]).current_dir(&at);
    output(compile)?;
    let mut show = Command::new("java");
    show.args(["-cp", &format!("{jars}:."), "Show"]).args(PROPERTIES).current_dir(&at);
    for (number, property) in PROPERTIES.iter().enumerate() {
        let mut ask = Command::new(target().join("release/devkit"));
        ask.args(["envcheck", "--json", "--context", "spring", "--", property]);
        let answer = ask.output().map_err(|error| error.to_string())?;
        let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
        let name = answer.split("\"suggest\":\"").nth(1).and_then(|rest| rest.split('"').next());
        show.env(
            name.ok_or_else(|| format!("no suggestion for {property}"))?,
            format!("value{number}"),
        );
    }
    let said = output(show)?;
    let mut same = said.lines().any(|line| line == "map [defaultzone]");
    for (number, property) in PROPERTIES.iter().enumerate() {
        same &= said.lines().any(|line| line == format!("{property} value{number}"));
    }
    if !same {
        println!("{said}");
    }
    Ok(tell(&format!("Spring Boot {SPRING_BOOT}"), "spring", PROPERTIES.len(), same))
}

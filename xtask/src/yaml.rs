//! `cargo xtask peers yaml`: what compose-go makes of each text of `tests/yaml/corpus.txt`, beside
//! what it made of it when `tests/yaml/compose.txt` was written. It comes by Go's own client, so
//! this is no part of the tests; the library is held to the file by them.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::run::{Result, output, root, target};

/// The release of compose-go that is asked.
const COMPOSE_GO: &str = "github.com/compose-spec/compose-go/v2@v2.16.2";

/// Reads the corpus and writes a line for each text: `refused`, or the values with their types.
const PROGRAM: &str = r#"package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func unescaped(line string) []byte {
	var out []byte
	for i := 0; i < len(line); i++ {
		if line[i] != '\\' {
			out = append(out, line[i])
			continue
		}
		i++
		switch line[i] {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'x':
			b, _ := strconv.ParseUint(line[i+1:i+3], 16, 8)
			out = append(out, byte(b))
			i += 2
		default:
			out = append(out, line[i])
		}
	}
	return out
}

func typed(v any) any {
	switch v := v.(type) {
	case int, int64, uint64:
		return []any{"int", fmt.Sprint(v)}
	case float64:
		return []any{"float", fmt.Sprint(v)}
	case time.Time:
		return []any{"time", fmt.Sprint(v)}
	case []any:
		items := []any{}
		for _, item := range v {
			items = append(items, typed(item))
		}
		return []any{"list", items}
	case map[string]any:
		entries := map[string]any{}
		for key, value := range v {
			entries[key] = typed(value)
		}
		return entries
	}
	return v
}

// The YAML alone: what Compose wants of a file besides is left out.
func load(text []byte) (map[string]any, error) {
	files := []types.ConfigFile{{Filename: "compose.yaml", Content: text}}
	return loader.LoadModelWithContext(context.Background(), types.ConfigDetails{ConfigFiles: files}, func(o *loader.Options) {
		o.SkipValidation, o.SkipInterpolation, o.SkipNormalization = true, true, true
		o.SkipConsistencyCheck, o.SkipInclude, o.SkipExtends, o.SkipResolveEnvironment = true, true, true, true
		o.SetProjectName("p", true)
	})
}

func answer(text []byte) (said string) {
	defer func() {
		if recover() != nil {
			said = "refused"
		}
	}()
	model, err := load(text)
	if err != nil && err.Error() == "empty compose file" {
		model, err = map[string]any{}, nil
	}
	if err == nil && model == nil {
		err = errors.New("nothing")
	}
	if err != nil {
		return "refused"
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(typed(model)) != nil {
		return "refused"
	}
	return strings.TrimSpace(out.String())
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "=== ") {
			fmt.Println(answer(unescaped(strings.ReplaceAll(line, "@@", ""))))
		}
	}
}
"#;

/// Compares, or writes the answers anew.
pub(crate) fn run(write: bool) -> Result<()> {
    let folder = target().join("peers/compose-go");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    fs::write(folder.join("main.go"), PROGRAM).map_err(|error| error.to_string())?;
    fs::write(folder.join("go.mod"), "module peer\n\ngo 1.24\n")
        .map_err(|error| error.to_string())?;
    for arguments in [&["get", COMPOSE_GO][..], &["mod", "tidy"], &["build", "-o", "peer"]] {
        let mut go = Command::new("go");
        go.args(arguments).current_dir(&folder);
        output(go)?;
    }
    let tests = root().join("tests/yaml");
    let corpus = fs::read(tests.join("corpus.txt")).map_err(|error| error.to_string())?;
    let answers = ask(&folder.join("peer"), &corpus)?;
    let file = tests.join("compose.txt");
    if write {
        return fs::write(file, answers).map_err(|error| error.to_string());
    }
    let known = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let corpus = String::from_utf8_lossy(&corpus).into_owned();
    let asked = corpus.lines().filter(|line| !line.starts_with("=== "));
    let both = answers.lines().zip(known.lines());
    let different = asked.zip(both).filter(|(_, (now, then))| now != then);
    let different: Vec<String> = different
        .map(|(text, (now, then))| format!("{text}\n  then {then}\n  now  {now}"))
        .collect();
    if !different.is_empty() || answers.lines().count() != known.lines().count() {
        return Err(format!("{COMPOSE_GO} says otherwise:\n{}", different.join("\n")));
    }
    println!("{COMPOSE_GO}: {} texts, the same", known.lines().count());
    Ok(())
}

fn ask(program: &std::path::Path, corpus: &[u8]) -> Result<String> {
    let mut peer = Command::new(program);
    let mut peer = peer.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let peer = peer.as_mut().map_err(|error| error.to_string())?;
    let mut stdin = peer.stdin.take().ok_or("no standard input")?;
    let corpus = corpus.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&corpus));
    let mut answers = String::new();
    let mut stdout = peer.stdout.take().ok_or("no standard output")?;
    std::io::Read::read_to_string(&mut stdout, &mut answers).map_err(|error| error.to_string())?;
    let fed = feeder.join().map_err(|_| "the feeder has panicked")?;
    fed.map_err(|error| error.to_string())?;
    peer.wait().map_err(|error| error.to_string())?;
    Ok(answers)
}

//! Every character there is: whether Go takes it in the name of a file, and with which others it
//! takes it for the same.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use devkit_gomod_tag::zip::{check_name, fold};

use crate::support::{folder, peer, run};

/// For each character: its number, whether it is a letter, whether Unicode of that Go knows it, and
/// the least of those that are the same but for case.
const PROGRAM: &str = "package main

import (
	\"bufio\"
	\"fmt\"
	\"os\"
	\"unicode\"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for r := rune(128); r <= unicode.MaxRune; r++ {
		least := r
		for s := unicode.SimpleFold(r); s != r; s = unicode.SimpleFold(s) {
			if s < least {
				least = s
			}
		}
		known := unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co)
		if known || least != r {
			fmt.Fprintln(out, r, unicode.IsLetter(r), least)
		}
	}
}
";

#[test]
fn every_character_is_taken_as_go_takes_it() {
    let Some(go) = peer::need("go") else { return };
    let dir = folder();
    fs::write(dir.path().join("main.go"), PROGRAM).unwrap();
    let mut command = Command::new(go);
    command.args(["run", "main.go"]).current_dir(dir.path());
    command.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GO111MODULE", "off");
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (mut seen, mut folds) = (0, HashMap::new());
    for line in ran.stdout.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let Some(c) = char::from_u32(words[0].parse().unwrap()) else { continue };
        let least = char::from_u32(words[2].parse().unwrap()).unwrap();
        let taken = check_name(c.to_string().as_bytes()).is_ok();
        assert_eq!(taken, words[1] == "true", "{c:?} U+{:04X}", c as u32);
        assert_eq!(fold(&c.to_string()), fold(&least.to_string()), "{c:?} and {least:?}");
        // Nor is it the same as another one.
        let other = folds.insert(fold(&c.to_string()), least);
        assert!(other.is_none_or(|other| other == least), "{c:?}: {other:?} and {least:?}");
        seen += 1;
    }
    assert!(seen > 100_000, "{seen}");
}

//! The table against the real shells: every way of every shell, over all names.

use devkit_envcheck::probe::{Probe, SHELLS};
use devkit_envcheck::{Verdict, all};
use devkit_text::escape;

use super::names::names;
use crate::support::peer;

/// Asks one shell about all names, and compares.
fn compare(tool: &str) {
    let shell = *SHELLS.iter().find(|shell| shell.tool == tool).unwrap();
    let Some(program) = peer::need(shell.program) else { return };
    let mut names = names();
    assert!(names.len() >= 500, "{}", names.len());
    if tool == "xonsh" {
        // It takes a third of a second to start.
        names = names.into_iter().step_by(20).collect();
    }
    let probe = Probe::new(shell, program, "C.UTF-8").unwrap();
    let (mut answers, mut differences) = (0, Vec::new());
    for name in &names {
        for way in shell.ways {
            let rule = all().find(|rule| rule.tool == tool && rule.way == Some(way.id())).unwrap();
            let Some(seen) = probe.ask(*way, name).unwrap() else { continue };
            answers += 1;
            let table = rule.check(name, b"7");
            let fatal = table.verdict != Verdict::Rejected || table.fatal == Some(seen.fatal);
            if (table.verdict, &table.becomes) != (seen.verdict, &seen.becomes) || !fatal {
                let name: String = escape(name).chars().take(40).collect();
                let said: String = escape(&seen.said).chars().take(120).collect();
                differences.push(format!(
                    "{} {name}: table {:?} {:?}, real {:?} {} {:?}: {said}",
                    rule.id(),
                    table.verdict,
                    table.fatal,
                    seen.verdict,
                    seen.fatal,
                    seen.becomes.map(|name| escape(&name)),
                ));
            }
        }
    }
    let least = if tool == "xonsh" { 40 } else { 900 };
    assert!(answers > least, "{answers}");
    assert!(
        differences.is_empty(),
        "{} of {answers}:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

macro_rules! shells {
    ($($test:ident $tool:literal;)*) => {
        $(#[test]
        fn $test() {
            compare($tool);
        })*

        #[test]
        fn every_shell_is_compared() {
            let compared = [$($tool),*];
            let all: Vec<&str> = SHELLS.iter().map(|shell| shell.tool).collect();
            assert_eq!(compared.to_vec(), all);
        }
    };
}

shells! {
    dash_is_as_the_table_has_it "dash";
    busybox_is_as_the_table_has_it "busybox";
    bash_is_as_the_table_has_it "bash";
    zsh_is_as_the_table_has_it "zsh";
    ksh93_is_as_the_table_has_it "ksh93";
    mksh_is_as_the_table_has_it "mksh";
    posh_is_as_the_table_has_it "posh";
    yash_is_as_the_table_has_it "yash";
    fish_is_as_the_table_has_it "fish";
    tcsh_is_as_the_table_has_it "tcsh";
    csh_is_as_the_table_has_it "csh";
    rc_is_as_the_table_has_it "rc";
    elvish_is_as_the_table_has_it "elvish";
    xonsh_is_as_the_table_has_it "xonsh";
}

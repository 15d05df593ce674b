//! Help: `-h` fits a screen, `--help` has all there is, and the man pages say the same.

use insta::assert_snapshot;

use crate::support::commands::{self, KnownCommand};
use crate::support::{Ran, devkit, folder, run};

fn says(args: &[&str]) -> Ran {
    says_at("100", args)
}

/// With a terminal of so many columns.
fn says_at(columns: &str, args: &[&str]) -> Ran {
    let mut command = devkit(folder().path(), args);
    command.current_dir("/").env("COLUMNS", columns);
    run(command)
}

/// The arguments that lead to a command.
fn path(command: &KnownCommand) -> Vec<&str> {
    command.name.split(' ').collect()
}

/// A command and how its help is asked for.
fn asked<'a>(command: &'a KnownCommand, how: &'a str) -> Vec<&'a str> {
    [path(command), vec![how]].concat()
}

/// Text in one line, so that it can be found wherever it was wrapped.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The part of the top's help that lists the commands, taken out.
fn without_the_list(help: &str) -> (String, String) {
    let start = help.find("\nNetwork and Kubernetes\n").unwrap() + 1;
    let end =
        ["\nOptions (for every command)\n", "\nExample: "].iter().find_map(|at| help.find(at));
    let end = end.unwrap();
    (help[start..end].to_owned(), format!("{}COMMANDS\n{}", &help[..start], &help[end..]))
}

#[test]
fn the_whole_help_is_by_task() {
    let ran = says(&["--help"]);
    let (_, frame) = without_the_list(&ran.stdout);
    let examples: Vec<&str> = frame.lines().filter(|line| line.starts_with("  devkit ")).collect();
    assert!(examples.len() >= 6, "{frame}");
    let frame = frame.replace(&examples.join("\n"), "  EXAMPLES");
    assert_snapshot!(frame, @"
    devkit: Small, sharp tools for containers, Kubernetes, Java and Go work

    Usage: devkit <COMMAND> [OPTIONS]

    COMMANDS

    Options (for every command)
          --json          Machine-readable output on stdout
          --color <WHEN>  Colour: auto, always or never [env: DEVKIT_COLOR=] [default: auto]
      -q, --quiet         Print errors only
      -v, --verbose...    Print more; repeat for even more
      -h, --help          Print help; -h is a summary
      -V, --version       Print version

    Examples
      EXAMPLES

    Exit codes: 0 done or yes · 1 no, or changes needed · 2 could not do it
    ");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(says(&["help"]).stdout, ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn the_short_help_is_a_start() {
    let ran = says_at("80", &["-h"]);
    let (_, frame) = without_the_list(&ran.stdout);
    assert_snapshot!(frame, @"
    devkit: Small, sharp tools for containers, Kubernetes, Java and Go work

    Usage: devkit <COMMAND> [OPTIONS]

    COMMANDS

    Example: devkit fwd -s 127.0.0.1:8090 -d echo:
    More: devkit --help, devkit COMMAND -h
    ");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_command_is_listed_under_its_task() {
    for how in ["-h", "--help"] {
        let (list, _) = without_the_list(&says(&[how]).stdout);
        let mut group = String::new();
        let mut listed = Vec::new();
        for line in list.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix("  ") {
                Some(rest) => {
                    let (name, about) = rest.split_once(' ').unwrap();
                    listed.push((group.clone(), name.to_owned(), about.trim().to_owned()));
                }
                None => group = line.to_owned(),
            }
        }
        let known = commands::all().into_iter().filter(|command| !command.name.contains(' '));
        let known: Vec<_> = known.map(|it| (it.group, it.name, it.about)).collect();
        assert_eq!(listed, known);
    }
}

#[test]
fn long_lines_of_the_list_wrap_under_their_own_column() {
    for columns in ["60", "80"] {
        let help = says_at(columns, &["--help"]).stdout;
        let (list, _) = without_the_list(&help);
        let width: usize = columns.parse().unwrap();
        assert!(list.lines().all(|line| line.chars().count() <= width), "{list}");
        let column = list.lines().find_map(|line| line.find("Forward")).unwrap();
        let further: Vec<&str> = list.lines().filter(|line| line.starts_with("   ")).collect();
        assert!(!further.is_empty(), "{list}");
        for line in further {
            assert_eq!(line.len() - line.trim_start().len(), column, "{line}");
        }
    }
}

#[test]
fn names_of_commands_are_coloured_as_elsewhere() {
    let bold = |name: &str| format!("\u{1b}[1m{name}\u{1b}[0m");
    let top = says(&["--help", "--color", "always"]).stdout;
    let below = says(&["kubecerts", "--help", "--color", "always"]).stdout;
    assert!(below.contains(&bold("extract")), "{below}");
    for name in commands::names() {
        assert!(top.contains(&bold(&name)), "{name}: {top}");
    }
}

#[test]
fn the_short_help_of_every_command_fits_a_screen() {
    let top = says_at("80", &["-h"]).stdout;
    assert!(top.lines().count() <= 24, "{top}");
    for command in commands::all() {
        let name = &command.name;
        let ran = says_at("80", &asked(&command, "-h"));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert!(lines.len() <= 24, "{name}: {} lines\n{}", lines.len(), ran.stdout);
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{name}: {}", ran.stdout);
        // First what is typed, then what it looks like, then the options.
        let at = |text: &str| ran.stdout.find(text).unwrap_or_else(|| panic!("{name}: no {text}"));
        assert!(at("Usage: ") < at("Example") && at("Example") < at("Options:"), "{name}");
        let examples =
            command.examples.iter().filter(|it| ran.stdout.contains(&format!("  {it}\n")));
        assert_eq!(examples.count(), command.examples.len().min(2), "{name}: {}", ran.stdout);
        let options = ran.stdout.split("Options:").nth(1).unwrap().lines();
        let options = options.filter(|line| line.trim_start().starts_with('-')).count();
        assert!((1..=7).contains(&options), "{name}: six and -h, not {options}");
    }
}

#[test]
fn the_whole_help_of_every_command_is_what_help_says() {
    for command in commands::all() {
        let name = &command.name;
        let whole = says(&asked(&command, "--help"));
        assert_eq!((whole.code, whole.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(whole.stdout.lines().all(|line| line.chars().count() <= 100), "{name}");
        let helped = [vec!["help"], path(&command)].concat();
        assert_eq!(says(&helped).stdout, whole.stdout, "{name}");
        // A command with commands has a `help` of its own.
        if let [above, below] = path(&command)[..] {
            assert_eq!(says(&[above, "help", below]).stdout, whole.stdout, "{name}");
            let help_of_help = says(&["help", "--help"]).stdout;
            assert_eq!(says(&[above, "help", "--help"]).stdout, help_of_help, "{name}");
        }
        for example in &command.examples {
            assert!(whole.stdout.contains(&format!("\n  {example}\n")), "{name}: {example}");
        }
        assert!(whole.stdout.contains("\nOptions (for every command):\n"), "{name}");
    }
}

#[test]
fn what_the_short_help_leaves_out_is_under_headings() {
    for command in commands::all() {
        let whole = says(&asked(&command, "--help")).stdout;
        let short = says(&asked(&command, "-h")).stdout;
        let headings: Vec<&str> =
            whole.lines().filter(|line| !line.starts_with(' ') && line.ends_with(':')).collect();
        let mut heading = "";
        for line in whole.lines() {
            if headings.contains(&line) {
                heading = line;
            }
            let option = line.trim_start();
            let indent = line.len() - option.len();
            if option.starts_with('-') && indent <= 6 && heading == "Options:" {
                let option = option.split("  ").next().unwrap();
                assert!(short.contains(option) || option.ends_with("version"), "{}", command.name);
            }
        }
    }
}

#[test]
fn details_are_in_the_help_and_in_the_man_page() {
    let mut seen = 0;
    for command in commands::all() {
        let name = &command.name;
        let Some(details) = &command.details else {
            assert!(command.page.is_none() || name.contains(' '), "{name} says nothing of itself");
            continue;
        };
        seen += 1;
        let details = in_one_line(details);
        let help = in_one_line(&says(&asked(&command, "--help")).stdout);
        assert!(help.contains(&details), "{name} --help lacks: {details}");
        let page = says(&[vec!["man"], path(&command)].concat()).stdout;
        let description = page.split(".SH DESCRIPTION\n").nth(1).unwrap();
        let description = description.split(".SH ").next().unwrap();
        let plain = description.replace("\\-", "-").replace("\\*(Aq", "'").replace(".PP", "");
        let plain = in_one_line(&plain.replace(".br", ""));
        assert!(plain.contains(&details), "the man page of {name} lacks: {details}\n{plain}");
    }
    assert!(seen >= 8, "only {seen} commands say more than a line");
}

#[test]
fn every_example_is_understood() {
    let mut seen = 0;
    for command in commands::all() {
        for example in &command.examples {
            let from = example.find("devkit ").unwrap() + "devkit ".len();
            let own = example[from..].split(['|', '>', '<']).next().unwrap();
            let own = own.split(" -- ").next().unwrap().split("  ").next().unwrap();
            // A quote that nothing ends is one around the whole command.
            let mut args: Vec<&str> = match own.split('\'').collect::<Vec<_>>()[..] {
                [before, quoted, after] => {
                    let words = before.split_whitespace().chain([quoted]);
                    words.chain(after.split_whitespace()).collect()
                }
                _ => own.split('\'').next().unwrap().split_whitespace().collect(),
            };
            args.push("--help");
            let ran = says(&args);
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{example}");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn help_about_nothing_says_what_there_is() {
    let shown = |args: &[&str]| says(args).shown(folder().path());
    assert_snapshot!(shown(&["help", "foo"]), @"
    --- stderr ---
    error: there is no command 'foo' [usage]
      hint:  devkit help lists what there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["help", "fdw"]), @"
    --- stderr ---
    error: there is no command 'fdw' [usage]
      hint:  did you mean 'fwd'? devkit help fwd
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["help", "sockfwd"]), @"
    --- stderr ---
    error: there is no command 'sockfwd' [usage]
      hint:  did you mean 'fwd'? devkit help fwd
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["help", "fwd", "x"]), @"
    --- stderr ---
    error: there is no command 'fwd x' [usage]
      hint:  devkit help fwd shows all there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["help", "kubecerts", "tpa"]), @"
    --- stderr ---
    error: there is no command 'kubecerts tpa' [usage]
      hint:  did you mean 'tap'? devkit help kubecerts tap
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["gomod-tag", "help", "foo"]), @"
    --- stderr ---
    error: there is no command 'gomod-tag foo' [usage]
      hint:  devkit help gomod-tag lists what there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown(&["help", "--jsn"]), @"
    --- stderr ---
    error: unexpected argument '--jsn' found [usage]
      hint:  did you mean '--json'? devkit help --json
    --- exit 2 ---
    ");
    assert_eq!(says(&["help", "--help"]).code, Some(0));
}

//! Shells: measured, each way of each shell, over names of every kind (`tests/envcheck/shells.rs`).

use super::channel::replaced;
use super::{NUL, SPLIT, rule};
use crate::rule::{Case, Group, Rule, When};
use crate::syntax::{Beyond, Class, IDENTIFIER, Syntax};

const MEASURED: &str = "measured: the environment of the shell's child";
/// Not in a script, where a NUL cannot stand.
const SPECIAL: &str = "the shell sets this variable itself";

/// zsh: letters of the locale too.
const ZSH_NAME: Syntax = Syntax {
    words: "[A-Za-z_][A-Za-z0-9_]*, and letters of the locale",
    first: Class::new("_").no_digits().beyond(Beyond::Glibc),
    rest: Class::new("_").beyond(Beyond::Glibc),
};
const KSH93_NAME: Syntax = Syntax {
    words: "[A-Za-z_][A-Za-z0-9_]*, and letters of the locale",
    first: Class::new("_").no_digits().beyond(Beyond::Ksh93),
    rest: Class::new("_").beyond(Beyond::Ksh93),
};
const FISH_NAME: Syntax = Syntax {
    words: "[A-Za-z0-9_]+, and letters of the locale",
    first: Class::new("_").beyond(Beyond::Glibc),
    rest: Class::new("_").beyond(Beyond::Glibc),
};
const TCSH_NAME: Syntax = Syntax {
    words: "[A-Za-z_][A-Za-z0-9_.]*, and letters of the locale",
    first: Class::new("_").no_digits().beyond(Beyond::Glibc),
    rest: Class::new("_.").beyond(Beyond::Glibc),
};
const PYTHON_NAME: Syntax = Syntax {
    words: "[A-Za-z_][A-Za-z0-9_]*, and letters of Unicode",
    first: Class::new("_").no_digits().beyond(Beyond::UnicodeLetters),
    rest: Class::new("_").beyond(Beyond::Unicode),
};
const DIGITS: Syntax = Syntax {
    words: "[0-9]+",
    first: Class { upper: false, lower: false, digits: true, also: "", beyond: Beyond::Nothing },
    rest: Class { upper: false, lower: false, digits: true, also: "", beyond: Beyond::Nothing },
};

/// `a=b`: an identifier up to the first `=`, so that the rest belongs to the value.
fn identifier_equals(name: &[u8]) -> Option<usize> {
    equals_after(name, &IDENTIFIER)
}

fn equals_after(name: &[u8], syntax: &Syntax) -> Option<usize> {
    let at = name.iter().position(|b| *b == b'=')?;
    syntax.fits(&name[..at]).then_some(at)
}

fn before_equals(name: &[u8]) -> Vec<u8> {
    name.split(|b| *b == b'=').next().unwrap_or_default().to_vec()
}

/// `a+`: with `=` behind it an append.
fn append(name: &[u8]) -> Option<usize> {
    let (last, rest) = name.split_last()?;
    (*last == b'+' && IDENTIFIER.fits(rest)).then_some(rest.len())
}

fn without_last(name: &[u8]) -> Vec<u8> {
    name[..name.len().saturating_sub(1)].to_vec()
}

/// Where the bracket is, what stands in it, and behind it.
type Subscript<'n> = (usize, Option<&'n [u8]>, &'n [u8]);

/// `a[0]`: an identifier, and what stands between the first brackets, if they are closed.
fn subscript(name: &[u8]) -> Option<Subscript<'_>> {
    let open = name.iter().position(|b| *b == b'[')?;
    if !IDENTIFIER.fits(&name[..open]) {
        return None;
    }
    let inner = &name[open + 1..];
    match inner.iter().position(|b| *b == b']') {
        None => Some((open, None, &[])),
        Some(close) => Some((open, Some(&inner[..close]), &inner[close + 1..])),
    }
}

fn before_bracket(name: &[u8]) -> Vec<u8> {
    name.split(|b| *b == b'[').next().unwrap_or_default().to_vec()
}

/// `a[b`.
fn open_subscript(name: &[u8]) -> Option<usize> {
    subscript(name).filter(|(_, index, _)| index.is_none()).map(|(at, ..)| at)
}

/// `a[]`.
fn empty_subscript(name: &[u8]) -> Option<usize> {
    let empty = |index: Option<&[u8]>| index.is_some_and(<[u8]>::is_empty);
    subscript(name).filter(|(_, index, _)| empty(*index)).map(|(at, ..)| at)
}

/// `a[0]` and `a[b]`, whose arithmetic gives 0 where `b` is not set: the element that is exported.
fn first_element(name: &[u8]) -> Option<usize> {
    let first = |index: &[u8]| {
        index.iter().all(|b| *b == b'0') && !index.is_empty() || IDENTIFIER.fits(index)
    };
    match subscript(name)? {
        (at, Some(index), []) if first(index) => Some(at),
        _ => None,
    }
}

/// `a[1]`: an element that is not exported.
fn later_element(name: &[u8]) -> Option<usize> {
    match subscript(name)? {
        (at, Some(index), []) if DIGITS.fits(index) && first_element(name).is_none() => Some(at),
        _ => None,
    }
}

/// `a[1][2]`.
fn two_subscripts(name: &[u8]) -> Option<usize> {
    match subscript(name)? {
        (at, Some(index), [b'[', inner @ .., b']']) if DIGITS.fits(index) && DIGITS.fits(inner) => {
            Some(at)
        }
        _ => None,
    }
}

/// What a shell acts upon where it is not quoted.
const ACTING: &[u8] = b" \t\n;&|<>()$`\\\"'";
/// `export a b` is two names.
fn words(name: &[u8]) -> Option<usize> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let at = name.iter().position(blank)?;
    name.split(blank).all(|word| IDENTIFIER.fits(word)).then_some(at)
}

fn last_word(name: &[u8]) -> Vec<u8> {
    name.rsplit(|b| matches!(b, b' ' | b'\t')).next().unwrap_or_default().to_vec()
}

const UNQUOTED: Case = Case::rejected(
    When::Holds(ACTING),
    "the shell acts upon a character of {name}: it has to be quoted",
);
const TWO_WORDS: Case =
    Case::mangled(When::Find(words), last_word, "export takes each word for a name of its own");
pub(super) const EQUALS: Case = Case::mangled(
    When::Find(identifier_equals),
    before_equals,
    "the name ends at its first '='; the rest is value",
);
const OPTION: When = When::Starts(&["-"]);

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    // dash
    rule(Group::Shell, "dash", "assign", "0.5.12", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, UNQUOTED, EQUALS,
        Case::rejected(When::Not(&IDENTIFIER), "{name}={value}: not found"),
    ]),
    rule(Group::Shell, "dash", "export", "0.5.12", "export NAME=VALUE; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED, EQUALS,
        Case::fatal(OPTION, "export: Illegal option {name}"),
        Case::fatal(When::Not(&IDENTIFIER), "export: {name}: bad variable name"),
    ]),
    rule(Group::Shell, "dash", "export-quoted", "0.5.12", "export 'NAME=VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, EQUALS,
        Case::fatal(OPTION, "export: Illegal option {name}"),
        Case::fatal(When::Not(&IDENTIFIER), "export: {name}: bad variable name"),
    ]),
    rule(Group::Shell, "dash", "inherit", "0.5.12", "what is not [A-Za-z_][A-Za-z0-9_]* is left out of its children's environment", MEASURED, &[
        NUL, EQUALS,
        Case::changed(When::Is(&["IFS", "PWD", "PPID", "OPTIND"]), SPECIAL),
        Case::dropped(When::Not(&IDENTIFIER), "dash hands on only names that it could set"),
    ]),
    // busybox
    rule(Group::Shell, "busybox", "assign", "1.35.0", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, UNQUOTED, EQUALS,
        Case::rejected(When::Not(&IDENTIFIER), "{name}={value}: not found"),
    ]),
    rule(Group::Shell, "busybox", "export", "1.35.0", "export NAME=VALUE; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED, EQUALS,
        Case::fatal(OPTION, "export: line 1: illegal option {name}"),
        Case::fatal(When::Not(&IDENTIFIER), "export: line 1: {name}: bad variable name"),
    ]),
    rule(Group::Shell, "busybox", "export-quoted", "1.35.0", "export 'NAME=VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, EQUALS,
        Case::fatal(OPTION, "export: line 1: illegal option {name}"),
        Case::fatal(When::Not(&IDENTIFIER), "export: line 1: {name}: bad variable name"),
    ]),
    rule(Group::Shell, "busybox", "inherit", "1.35.0", "what is not [A-Za-z_][A-Za-z0-9_]* is left out of its children's environment", MEASURED, &[
        NUL, EQUALS,
        Case::changed(When::Is(&["IFS", "PWD", "PPID", "OPTIND", "SHLVL"]), SPECIAL),
        Case::dropped(When::Not(&IDENTIFIER), "ash hands on only names that it could set"),
    ]),
    // bash
    rule(Group::Shell, "bash", "assign", "5.2.15", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, UNQUOTED,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        EQUALS,
        Case::rejected(When::Is(&["PPID", "BASH_VERSINFO", "SHELLOPTS", "BASHOPTS", "UID", "EUID"]), "{name}: readonly variable"),
        Case::dropped(When::Is(&["GROUPS", "FUNCNAME", "BASH_ARGC", "BASH_ARGV", "BASH_SOURCE", "BASH_LINENO", "_+"]), "assignments to it are ignored"),
        Case::changed(When::Is(&["_"]), SPECIAL),
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::fatal(When::Find(open_subscript), "unexpected EOF while looking for matching `]'"),
        Case::rejected(When::Not(&IDENTIFIER), "{name}={value}: command not found"),
    ]),
    rule(Group::Shell, "bash", "export", "5.2.15", "export NAME=VALUE; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        EQUALS, BASH_READONLY, BASH_VERSINFO, BASH_IGNORED, BASH_OWN,
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::rejected(OPTION, "export: {name}: invalid option"),
        Case::rejected(When::Not(&IDENTIFIER), "export: `{name}={value}': not a valid identifier"),
    ]),
    rule(Group::Shell, "bash", "export-quoted", "5.2.15", "export 'NAME=VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        EQUALS, BASH_READONLY, BASH_VERSINFO, BASH_IGNORED, BASH_OWN,
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::rejected(OPTION, "export: {name}: invalid option"),
        Case::rejected(When::Not(&IDENTIFIER), "export: `{name}={value}': not a valid identifier"),
    ]),
    rule(Group::Shell, "bash", "inherit", "5.2.15", "hands on every name that is not empty and does not start with '='", MEASURED, &[
        NUL,
        Case::dropped(When::Empty, "a string without a name is not handed on"),
        Case::dropped(When::LeadingEquals, "a string without a name is not handed on"),
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        SPLIT,
        Case::changed(When::Is(&["IFS", "PWD", "OPTIND", "OPTERR", "_", "PS4", "LINENO", "BASHOPTS", "SHELLOPTS", "BASH", "BASH_VERSION", "EPOCHSECONDS", "EPOCHREALTIME", "BASH_EXECUTION_STRING"]), SPECIAL),
        Case::dropped(When::Is(&["PPID", "PS1", "PS2", "RANDOM", "BASHPID", "SRANDOM", "HISTCMD", "BASH_VERSINFO", "BASH_COMMAND", "BASH_SUBSHELL", "COMP_WORDBREAKS"]), "the shell has a variable of its own by that name, which is not exported"),
        Case::dropped(When::Is(&["OLDPWD"]), "handed on only if it names a folder"),
    ]),
    // zsh
    rule(Group::Shell, "zsh", "assign", "5.9", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]*, and letters of the locale are not exported", MEASURED, &[
        NUL, UNQUOTED,
        Case::fatal(When::LeadingEquals, "{name}: an unquoted '=' before a word asks for a program's path"),
        Case::rejected(When::Find(zsh_equals_expansion), "{name}: an unquoted '=' before a word asks for a program's path"),
        EQUALS,
        Case::rejected(When::Is(&["PPID", "LINENO", "HISTCMD", "status", "history", "ARGC", "TTYIDLE", "ZSH_EVAL_CONTEXT", "ZSH_SUBSHELL", "parameters"]), "read-only variable: {name}"),
        Case::rejected(When::Is(&["aliases", "functions", "options", "commands"]), "{name}: attempt to set slice of associative array"),
        Case::rejected(When::Is(&["EUID"]), "the shell changes its user first"),
        Case::mangled(When::Is(ZSH_TIED), upper, "it is tied to the variable in capitals"),
        Case::dropped(When::Is(&["ARGV0", "path", "watch", "argv", "pipestatus", "dirstack"]), "it is the shell's own"),
        Case::changed(When::Is(&["_", "RANDOM", "USERNAME"]), SPECIAL),
        Case::dropped(When::Is(&["_+"]), "_ is the shell's own"),
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::ok(When::Is(&["0"])),
        Case::dropped(When::Find(digits), "it is a positional parameter"),
        Case::fatal(When::Find(zsh_bad_pattern), "bad pattern: {name}={value}"),
        Case::fatal(When::Find(zsh_no_match), "no matches found: {name}={value}"),
        Case::rejected(When::Find(first_element), "assignment to invalid subscript range"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::rejected(When::Find(empty_subscript), "not an identifier: {name}"),
        Case::dropped(When::Find(zsh_beyond), "set, and silently not exported: a letter beyond ASCII"),
        Case::rejected(When::Not(&IDENTIFIER), "command not found: {name}={value}"),
    ]),
    rule(Group::Shell, "zsh", "export", "5.9", "export NAME=VALUE; NAME is [A-Za-z_][A-Za-z0-9_]*, and letters of the locale are not exported", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED,
        Case::fatal(When::Find(zsh_equals_expansion), "{name}: an unquoted '=' before a word asks for a program's path"),
        EQUALS, ZSH_READONLY, ZSH_MAPS, ZSH_EUID, ZSH_ARRAYS, ZSH_OWN, ZSH_CHANGED,
        Case::ok(When::Is(&["0"])),
        Case::fatal(When::Find(zsh_bad_pattern), "bad pattern: {name}={value}"),
        Case::fatal(When::Find(zsh_no_match), "no matches found: {name}={value}"),
        Case::rejected(When::Find(zsh_option), "export: bad option: {name}"),
        Case::fatal(When::Find(first_element), "assignment to invalid subscript range"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::dropped(When::Find(zsh_beyond), "set, and silently not exported: a letter beyond ASCII"),
        Case::fatal(When::Find(leading_digit), "export: not an identifier: {name}"),
        Case::fatal(When::Not(&IDENTIFIER), "export: not valid in this context: {name}"),
    ]),
    rule(Group::Shell, "zsh", "export-quoted", "5.9", "export 'NAME=VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]*, and letters of the locale are not exported", MEASURED, &[
        NUL,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        EQUALS, ZSH_READONLY, ZSH_MAPS, ZSH_EUID, ZSH_ARRAYS, ZSH_OWN, ZSH_CHANGED,
        Case::rejected(When::Is(&["+"]), "export: bad option: {name}"),
        Case::rejected(When::Find(zsh_option), "export: bad option: {name}"),
        Case::ok(When::Is(&["0"])),
        Case::fatal(When::Find(first_element), "assignment to invalid subscript range"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::dropped(When::Find(zsh_beyond), "set, and silently not exported: a letter beyond ASCII"),
        Case::fatal(When::Find(leading_digit), "export: not an identifier: {name}"),
        Case::fatal(When::Not(&IDENTIFIER), "export: not valid in this context: {name}"),
    ]),
    rule(Group::Shell, "zsh", "inherit", "5.9", "hands on every name", MEASURED, &[
        NUL,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        SPLIT,
        Case::changed(When::Is(&["PWD", "OLDPWD", "_", "MACHTYPE", "OSTYPE", "VENDOR", "TTY", "CPUTYPE", "ZSH_NAME", "ZSH_VERSION", "ZSH_ARGZERO"]), SPECIAL),
        Case::dropped(When::Is(&["ARGV0", "signals"]), "it is the shell's own"),
    ]),
    // ksh93
    rule(Group::Shell, "ksh93", "assign", "93u+m 1.0.4", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]* with letters of the locale", MEASURED, &[
        NUL, UNQUOTED, KSH93_EQUALS, KSH93_LONG,
        Case::rejected(When::Is(&["KSH_VERSION"]), "{name}: invalid variable name"),
        Case::changed(When::Is(&["SECONDS"]), SPECIAL),
        Case::dropped(When::Is(&["_+"]), "_ is the shell's own"),
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::fatal(When::Find(open_subscript), "syntax error: `[' unmatched"),
        Case::fatal(When::Find(empty_subscript), "syntax error: `[]' empty subscript"),
        Case::mangled(When::Find(first_element), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::dropped(When::Find(two_subscripts), "an element of an array is not exported"),
        Case::rejected(When::Not(&KSH93_NAME), "{name}={value}: not found"),
    ]),
    rule(Group::Shell, "ksh93", "export", "93u+m 1.0.4", "export NAME=VALUE; NAME is [A-Za-z_][A-Za-z0-9_]* with letters of the locale", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        KSH93_EQUALS, KSH93_LONG,
        Case::dropped(When::Is(&["KSH_VERSION"]), "it is the shell's own"),
        Case::changed(When::Is(&["_", "RANDOM", "SECONDS"]), SPECIAL),
        Case::fatal(When::Find(open_subscript), "syntax error: `[' unmatched"),
        Case::fatal(When::Find(empty_subscript), "syntax error: `[]' empty subscript"),
        Case::mangled(When::Find(first_element), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::dropped(When::Find(two_subscripts), "an element of an array is not exported"),
        Case::fatal(OPTION, "export: {name}: unknown option"),
        Case::fatal(When::Not(&KSH93_NAME), "export: {name}={value}: is not an identifier"),
    ]),
    rule(Group::Shell, "ksh93", "export-quoted", "93u+m 1.0.4", "export 'NAME=VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]* with letters of the locale", MEASURED, &[
        NUL,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        KSH93_EQUALS, KSH93_LONG,
        Case::dropped(When::Is(&["KSH_VERSION", "_+"]), "it is the shell's own"),
        Case::changed(When::Is(&["_", "RANDOM", "SECONDS"]), SPECIAL),
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::mangled(When::Find(empty_subscript), before_bracket, "the first element of an array is exported by the array's name"),
        Case::mangled(When::Find(first_element), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::dropped(When::Find(two_subscripts), "an element of an array is not exported"),
        Case::fatal(OPTION, "export: {name}: unknown option"),
        Case::fatal(When::Not(&KSH93_NAME), "export: {name}={value}: is not an identifier"),
    ]),
    rule(Group::Shell, "ksh93", "inherit", "93u+m 1.0.4", "hands on every name but a[…; one of 32,768 to 65,535 bytes kills it", MEASURED, &[
        NUL,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        SPLIT, KSH93_LONG,
        Case::changed(When::Is(&["IFS", "PWD", "SHLVL", "_"]), SPECIAL),
        Case::dropped(When::Is(&["KSH_VERSION", "_+"]), "it is the shell's own"),
        Case::dropped(When::Find(open_subscript), "it looks like an element of an array"),
        Case::dropped(When::Find(two_subscripts), "it looks like an element of an array"),
    ]),
    // mksh
    rule(Group::Shell, "mksh", "assign", "59c", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, UNQUOTED,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        EQUALS,
        Case::fatal(When::Is(&["KSH_VERSION"]), "read-only: {name}"),
        Case::changed(When::Is(&["_", "RANDOM", "BASHPID"]), SPECIAL),
        Case::dropped(When::Is(&["_+"]), "_ is the shell's own"),
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::fatal(When::Find(open_subscript), "{name}={value}: inaccessible or not found"),
        Case::dropped(When::Find(empty_subscript), "an element of an array is not exported"),
        Case::mangled(When::Find(first_element), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::rejected(When::Not(&IDENTIFIER), "{name}={value}: inaccessible or not found"),
    ]),
    rule(Group::Shell, "mksh", "export", "59c", "export NAME=VALUE; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED, MKSH_UNDERSCORE, EQUALS, MKSH_READONLY, MKSH_OWN, MKSH_PIPESTATUS,
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::mangled(When::Find(first_element), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::fatal(OPTION, "export: {name}: unknown option"),
        Case::fatal(When::Not(&IDENTIFIER), "export: {name}={value}: not an identifier"),
    ]),
    rule(Group::Shell, "mksh", "export-quoted", "59c", "export 'NAME=VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, MKSH_UNDERSCORE, EQUALS, MKSH_READONLY, MKSH_OWN, MKSH_PIPESTATUS,
        Case::mangled(When::Find(append), without_last, "NAME+=VALUE appends to NAME"),
        Case::mangled(When::Find(first_element), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::fatal(OPTION, "export: {name}: unknown option"),
        Case::fatal(When::Not(&IDENTIFIER), "export: {name}={value}: not an identifier"),
    ]),
    rule(Group::Shell, "mksh", "inherit", "59c", "what is not [A-Za-z_][A-Za-z0-9_]* is left out of its children's environment; a[0] arrives as a", MEASURED, &[
        NUL, MKSH_UNDERSCORE, EQUALS,
        Case::changed(When::Is(&["IFS", "PWD", "PPID", "OPTIND", "_", "PS1", "RANDOM", "BASHPID", "EPOCHREALTIME", "KSH_VERSION", "USER_ID", "PGRP", "PATHSEP", "PIPESTATUS", "KSHEGID", "KSHGID", "KSHUID"]), SPECIAL),
        Case::mangled(When::Find(element_zero), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Not(&IDENTIFIER), "mksh hands on only names that it could set"),
    ]),
    // posh
    rule(Group::Shell, "posh", "assign", "0.14.1", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]*", MEASURED, &[
        NUL, UNQUOTED, EQUALS,
        Case::fatal(When::Find(posh_bad_subscript), "unexpected `end of expression'"),
        Case::mangled(When::Find(element_zero), before_bracket, "the first element of an array is exported by the array's name"),
        Case::dropped(When::Find(later_element), "an element of an array is not exported"),
        Case::rejected(When::Not(&IDENTIFIER), "{name}={value}: not found"),
    ]),
    rule(Group::Shell, "posh", "export", "0.14.1", "export NAME=VALUE; NAME starts like an identifier, and vanishes where it does not go on like one", MEASURED, &[
        NUL, TWO_WORDS, UNQUOTED, EQUALS, POSH_OPTION, POSH_OPEN, POSH_SUBSCRIPT, POSH_ELEMENT, POSH_TAIL,
        Case::fatal(When::Not(&IDENTIFIER), "export: {name}={value}: not identifier"),
    ]),
    rule(Group::Shell, "posh", "export-quoted", "0.14.1", "export 'NAME=VALUE'; NAME starts like an identifier, and vanishes where it does not go on like one", MEASURED, &[
        NUL, EQUALS, POSH_OPTION, POSH_OPEN, POSH_SUBSCRIPT, POSH_ELEMENT, POSH_TAIL,
        Case::fatal(When::Not(&IDENTIFIER), "export: {name}={value}: not identifier"),
    ]),
    rule(Group::Shell, "posh", "inherit", "0.14.1", "what is not [A-Za-z_][A-Za-z0-9_]* is left out of its children's environment; a[] kills it", MEASURED, &[
        NUL, EQUALS,
        Case::changed(When::Is(&["PWD", "PPID", "PS1"]), SPECIAL),
        Case::fatal(When::Find(empty_subscript), "the shell dies of it"),
        POSH_ELEMENT,
        Case::dropped(When::Not(&IDENTIFIER), "posh hands on only names that it could set"),
    ]),
    // yash
    rule(Group::Shell, "yash", "assign", "2.52", "NAME=VALUE command; NAME is [A-Za-z_][A-Za-z0-9_]* with letters of the locale", MEASURED, &[
        NUL, YASH_UTF8, UNQUOTED, EQUALS,
        Case::rejected(When::Not(&ZSH_NAME), "no such command `{name}={value}'"),
    ]),
    rule(Group::Shell, "yash", "export", "2.52", "export NAME=VALUE; any NAME", MEASURED, &[
        NUL, YASH_UTF8, TWO_WORDS,
        Case::mangled(When::Find(wide_words), last_wide_word, "export takes each word for a name of its own"),
        Case::rejected(When::Find(wide_blank), "export: failed to set environment variable $: Invalid argument"),
        UNQUOTED, YASH_NAMELESS, SPLIT, YASH_OPTION,
    ]),
    rule(Group::Shell, "yash", "export-quoted", "2.52", "export 'NAME=VALUE'; any NAME", MEASURED, &[
        NUL, YASH_UTF8, YASH_NAMELESS, SPLIT, YASH_OPTION,
    ]),
    rule(Group::Shell, "yash", "inherit", "2.52", "hands on every name", MEASURED, &[
        NUL, SPLIT,
        Case::changed(When::Is(&["IFS", "PWD", "PPID", "OPTIND", "PS1", "PS2", "PS4", "LINENO", "YASH_VERSION"]), SPECIAL),
    ]),
    // fish
    rule(Group::Shell, "fish", "set", "3.6.0", "set -gx NAME VALUE; NAME is [A-Za-z0-9_]+ with letters of the locale", MEASURED, &[
        NUL,
        Case::rejected(When::Is(&["SHLVL", "_", "pipestatus", "status", "history", "version", "hostname", "fish_pid", "FISH_VERSION", "fish_kill_signal"]), "set: Tried to change the read-only variable '{name}'"),
        Case::changed(When::Is(&["PWD"]), "set: Tried to change the read-only variable '{name}'"),
        Case::rejected(When::Is(&["umask"]), "set: Tried to modify the special variable '{name}' with the wrong scope"),
        Case::mangled(When::Find(fish_slice), before_bracket, "a slice of the variable before the bracket is set"),
        Case::rejected(When::Not(&FISH_NAME), "set: {name}: invalid variable name. See `help identifiers`"),
    ]),
    rule(Group::Shell, "fish", "inherit", "3.6.0", "hands on every name, in a UTF-8 locale", MEASURED, &[
        NUL,
        Case::dropped(When::Starts(&["_="]), "_ is the shell's own"),
        SPLIT,
        Case::dropped(When::Is(&["_", "pipestatus", "status", "history", "version", "hostname", "umask", "fish_pid", "FISH_VERSION", "fish_user_paths", "fish_kill_signal", "CMD_DURATION"]), "it is the shell's own"),
        Case::changed(When::Is(&["IFS", "PWD", "EUID", "USER", "argv"]), SPECIAL),
    ]),
    // csh
    rule(Group::Shell, "tcsh", "setenv", "6.24.07", "setenv NAME VALUE; NAME is [A-Za-z_][A-Za-z0-9_.]* with letters of the locale, and not quoted", MEASURED, &[
        NUL, UNQUOTED,
        Case::rejected(When::Find(tcsh_first), "setenv: Variable name must begin with a letter."),
        Case::rejected(When::Not(&TCSH_NAME), "setenv: Variable name must contain alphanumeric characters."),
    ]),
    rule(Group::Shell, "tcsh", "inherit", "6.24.07", "hands on every name", MEASURED, &[
        NUL, SPLIT,
        Case::changed(When::Is(&["PWD", "SHLVL", "MACHTYPE", "HOSTTYPE", "VENDOR", "HOST"]), SPECIAL),
    ]),
    rule(Group::Shell, "csh", "setenv", "20110502", "setenv NAME VALUE; any NAME", MEASURED, &[
        NUL, UNQUOTED,
        Case::rejected(When::Longer(8187), "Word too long."),
        SPLIT,
    ]),
    rule(Group::Shell, "csh", "inherit", "20110502", "hands on every name", MEASURED, &[
        NUL, SPLIT,
        Case::changed(When::Is(&["PWD"]), SPECIAL),
    ]),
    // rc
    rule(Group::Shell, "rc", "assign", "1.7.4", "NAME=VALUE; any NAME, but what is not [A-Za-z0-9_] arrives as __xx, and so does __", MEASURED, &[
        NUL,
        Case::fatal(When::Empty, "zero-length variable name"),
        Case::fatal(When::Holds(&[0xff]), "eof in quoted string near eof"),
        Case::fatal(When::Equals, "'=' in variable name"),
        Case::fatal(When::Find(rc_number), "numeric variable name"),
        Case::dropped(When::Is(RC_OWN), "it is the shell's own"),
        Case::mangled(When::Is(&["cdpath"]), upper, "it is tied to the variable in capitals"),
        Case::mangled(When::Find(rc_encodes), rc_encoded, "rc writes it into the environment encoded"),
    ]),
    rule(Group::Shell, "rc", "inherit", "1.7.4", "hands on every name", MEASURED, &[
        NUL, SPLIT,
        Case::dropped(When::Is(RC_OWN), "it is the shell's own"),
        Case::mangled(When::Is(&["cdpath"]), upper, "it is tied to the variable in capitals"),
    ]),
    // elvish
    rule(Group::Shell, "elvish", "set", "0.19.2", "set-env NAME VALUE; any NAME without '='", MEASURED, &[
        NUL,
        Case::fatal(When::Empty, "setenv: invalid argument"),
        Case::fatal(When::Equals, "setenv: invalid argument"),
        Case::mangled(When::NotUtf8, replaced, "what is not UTF-8 in a script becomes U+FFFD"),
    ]),
    rule(Group::Shell, "elvish", "inherit", "0.19.2", "hands on every name", MEASURED, &[
        NUL, SPLIT,
        Case::changed(When::Is(&["SHLVL"]), SPECIAL),
    ]),
    // xonsh and nushell
    rule(Group::Shell, "xonsh", "assign", "0.13.4", "$NAME = 'VALUE'; NAME is [A-Za-z_][A-Za-z0-9_]* with letters of Unicode", MEASURED, &[
        NUL,
        Case::changed(When::Is(&["IGNOREEOF"]), SPECIAL),
        Case::mangled(When::Find(python_equals), before_equals, "the name ends at its first '='; the rest is value"),
        Case::mangled(When::Find(trailing_comma), without_last, "a tuple is unpacked"),
        Case::fatal(When::Holds(b"[]"), "SyntaxError: ${name}"),
        Case::rejected(When::Not(&PYTHON_NAME), "xonsh: subprocess mode: command not found: ${name}"),
    ]),
    rule(Group::Shell, "xonsh", "inherit", "0.13.4", "hands on every name; one that is empty or starts with '=' kills it", MEASURED, &[
        NUL,
        Case::fatal(When::Find(nameless), "the shell does not start"),
        SPLIT,
        Case::changed(When::Is(&["PWD", "SHLVL", "IGNOREEOF"]), SPECIAL),
        Case::dropped(When::Is(&["COLUMNS", "LINES"]), "it is the shell's own"),
    ]),
    rule(Group::Shell, "nushell", "set", "0.115.1", "load-env {NAME: VALUE}; any NAME", MEASURED, &[NUL, SPLIT]),
    rule(Group::Shell, "nushell", "inherit", "0.115.1", "hands on every name in UTF-8; another kills it", MEASURED, &[
        NUL,
        Case::fatal(When::NotUtf8, "the shell panics when it starts"),
        SPLIT,
        Case::mangled(When::Is(&["path", "Path", "home"]), upper, "it is taken for the variable in capitals"),
    ]),
];

const BASH_READONLY: Case = Case::changed(
    When::Is(&["PPID", "SHELLOPTS", "BASHOPTS", "UID", "EUID"]),
    "{name}: readonly variable",
);
const BASH_VERSINFO: Case =
    Case::rejected(When::Is(&["BASH_VERSINFO"]), "{name}: readonly variable");
const BASH_IGNORED: Case = Case::dropped(
    When::Is(&[
        "GROUPS",
        "DIRSTACK",
        "FUNCNAME",
        "BASH_ARGC",
        "BASH_ARGV",
        "BASH_SOURCE",
        "BASH_LINENO",
        "BASH_ALIASES",
        "BASH_CMDS",
        "_+",
    ]),
    "assignments to it are ignored",
);
const BASH_OWN: Case = Case::changed(
    When::Is(&[
        "SHLVL",
        "_",
        "RANDOM",
        "LINENO",
        "BASHPID",
        "SRANDOM",
        "HISTCMD",
        "EPOCHSECONDS",
        "EPOCHREALTIME",
        "BASH_COMMAND",
    ]),
    SPECIAL,
);
const ZSH_TIED: &[&str] =
    &["cdpath", "fpath", "manpath", "mailpath", "fignore", "psvar", "module_path"];
const ZSH_READONLY: Case = Case::fatal(
    When::Is(&[
        "PPID",
        "LINENO",
        "HISTCMD",
        "status",
        "history",
        "ARGC",
        "TTYIDLE",
        "ZSH_EVAL_CONTEXT",
        "ZSH_SUBSHELL",
        "parameters",
    ]),
    "read-only variable: {name}",
);
const ZSH_MAPS: Case = Case::fatal(
    When::Is(&["aliases", "functions", "options", "commands"]),
    "{name}: attempt to set slice of associative array",
);
const ZSH_EUID: Case = Case::fatal(When::Is(&["EUID"]), "the shell changes its user first");
const ZSH_ARRAYS: Case = Case::fatal(
    When::Is(&[
        "signals",
        "path",
        "cdpath",
        "fpath",
        "manpath",
        "mailpath",
        "fignore",
        "psvar",
        "module_path",
        "argv",
        "pipestatus",
        "@",
        "*",
    ]),
    "export: {name}: inconsistent type for assignment",
);
const ZSH_OWN: Case =
    Case::dropped(When::Is(&["ARGV0", "watch", "dirstack", "WATCH"]), "it is the shell's own");
const ZSH_CHANGED: Case = Case::changed(When::Is(&["SHLVL", "_", "RANDOM", "USERNAME"]), SPECIAL);
const KSH93_EQUALS: Case = EQUALS;
const KSH93_LONG: Case = Case::fatal(When::Find(ksh93_kills), "the shell dies of it");
const MKSH_UNDERSCORE: Case = Case::dropped(When::Find(mksh_underscore), "_ is the shell's own");
const MKSH_READONLY: Case = Case::fatal(When::Is(&["KSH_VERSION"]), "export: read-only: {name}");
const MKSH_OWN: Case = Case::changed(When::Is(&["_", "RANDOM", "BASHPID"]), SPECIAL);
const MKSH_PIPESTATUS: Case = Case::dropped(When::Is(&["PIPESTATUS"]), "it is the shell's own");
const POSH_SUBSCRIPT: Case =
    Case::fatal(When::Find(posh_bad_subscript), "unexpected `end of expression'");
const POSH_OPTION: Case = Case::rejected(OPTION, "export: invalid option -- {name}");
const POSH_OPEN: Case =
    Case::fatal(When::Find(open_subscript), "export: {name}={value}: not identifier");
const POSH_ELEMENT: Case = Case::mangled(
    When::Find(element_zero),
    before_bracket,
    "the first element of an array is exported by the array's name",
);
const POSH_TAIL: Case =
    Case::dropped(When::Find(identifier_start), "accepted, and nothing is exported");
const YASH_UTF8: Case = Case::fatal(When::Find(no_wide_text), "cannot convert the argument");
const YASH_NAMELESS: Case = Case::rejected(
    When::Find(nameless),
    "export: failed to set environment variable $: Invalid argument",
);
const YASH_OPTION: Case = Case::rejected(OPTION, "export: `{name}={value}' is not a valid option");
const RC_OWN: &[&str] = &["path", "status", "home", "pid", "bqstatus", "apid", "apids", "ifs", "*"];

fn mksh_underscore(name: &[u8]) -> Option<usize> {
    (name == b"_+" || name.starts_with(b"_=")).then_some(0)
}

fn python_equals(name: &[u8]) -> Option<usize> {
    equals_after(name, &PYTHON_NAME)
}

/// `$a, = '7'` in xonsh.
fn trailing_comma(name: &[u8]) -> Option<usize> {
    let (last, rest) = name.split_last()?;
    (*last == b',' && PYTHON_NAME.fits(rest)).then_some(rest.len())
}

/// An option, but for what looks like a number.
fn zsh_option(name: &[u8]) -> Option<usize> {
    let (first, rest) = name.split_first()?;
    let number = rest.first().is_some_and(u8::is_ascii_digit);
    (*first == b'-' && !number || *first == b'+' && !rest.is_empty() && !number).then_some(0)
}

fn upper(name: &[u8]) -> Vec<u8> {
    name.to_ascii_uppercase()
}

/// What glibc's `mbrtowc` does not decode; it takes some sequences beyond U+10FFFF.
fn no_wide_text(name: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let bad = at + str::from_utf8(&name[at..]).err()?.valid_up_to();
        match &name[bad..] {
            [0xf5..=0xf7, a, b, c, ..] if [a, b, c].iter().all(|b| **b & 0xc0 == 0x80) => {
                at = bad + 4;
            }
            _ => return Some(bad),
        }
    }
}

/// A blank beyond ASCII, which yash splits words at.
fn is_wide_blank(c: char) -> bool {
    matches!(c, '\u{1680}' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200a}' | '\u{205f}' | '\u{3000}')
}

fn wide_blank(name: &[u8]) -> Option<usize> {
    str::from_utf8(name).ok()?.find(is_wide_blank)
}

fn wide_words(name: &[u8]) -> Option<usize> {
    let text = str::from_utf8(name).ok()?;
    let at = text.find(is_wide_blank)?;
    text.split(is_wide_blank).all(|word| IDENTIFIER.fits(word.as_bytes())).then_some(at)
}

fn last_wide_word(name: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(name).unwrap_or_default();
    text.rsplit(is_wide_blank).next().unwrap_or_default().as_bytes().to_vec()
}

fn nameless(name: &[u8]) -> Option<usize> {
    (name.is_empty() || name.starts_with(b"=")).then_some(0)
}

fn digits(name: &[u8]) -> Option<usize> {
    DIGITS.fits(name).then_some(0)
}

fn leading_digit(name: &[u8]) -> Option<usize> {
    name.first().is_some_and(u8::is_ascii_digit).then_some(0)
}

fn identifier_start(name: &[u8]) -> Option<usize> {
    let starts = name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    if starts { IDENTIFIER.offence(name) } else { None }
}

/// A name with letters beyond ASCII that zsh takes.
fn zsh_beyond(name: &[u8]) -> Option<usize> {
    if ZSH_NAME.fits(name) { IDENTIFIER.offence(name) } else { None }
}

/// `a==7` and `=a=7`: zsh's option EQUALS.
fn zsh_equals_expansion(name: &[u8]) -> Option<usize> {
    if name.starts_with(b"=") {
        return Some(0);
    }
    let (last, rest) = name.split_last()?;
    (*last == b'=' && IDENTIFIER.fits(rest)).then_some(rest.len())
}

/// A `[` that is not closed makes no pattern.
fn zsh_bad_pattern(name: &[u8]) -> Option<usize> {
    let open = name.iter().position(|b| *b == b'[')?;
    (!name[open + 1..].contains(&b']')).then_some(open)
}

/// A pattern that matches no file.
fn zsh_no_match(name: &[u8]) -> Option<usize> {
    let open = name.iter().position(|b| *b == b'[')?;
    let close = open + 1 + name[open + 1..].iter().position(|b| *b == b']')?;
    let subscripted = IDENTIFIER.fits(&name[..open]) && close + 1 == name.len();
    (!subscripted && close > open + 1).then_some(open)
}

/// `a[0]`, by its number only.
fn element_zero(name: &[u8]) -> Option<usize> {
    let (at, index, rest) = subscript(name)?;
    let zero = index.is_some_and(|index| !index.is_empty() && index.iter().all(|b| *b == b'0'));
    (zero && rest.is_empty()).then_some(at)
}

/// posh's arithmetic knows no names, and not nothing.
fn posh_bad_subscript(name: &[u8]) -> Option<usize> {
    let (at, index, rest) = subscript(name)?;
    let bad = index.is_some_and(|index| !DIGITS.fits(index));
    (bad && rest.is_empty()).then_some(at)
}

/// Measured: a length of 32,768 to 65,535 bytes, or of so many more than a multiple of 65,536: it is
/// kept in 16 bits with a sign.
fn ksh93_kills(name: &[u8]) -> Option<usize> {
    (name.len() & 0x8000 != 0).then_some(name.len())
}

fn tcsh_first(name: &[u8]) -> Option<usize> {
    TCSH_NAME.offence(name).filter(|at| *at == 0)
}

fn fish_slice(name: &[u8]) -> Option<usize> {
    let (at, index, _) = subscript(name)?;
    let slice = index.is_some_and(|index| index.is_empty() || DIGITS.fits(index) && index != b"0");
    slice.then_some(at)
}

fn rc_number(name: &[u8]) -> Option<usize> {
    DIGITS.fits(name).then_some(0)
}

/// What rc does not write as it is: other bytes than letters, digits and `_`, and the first of two
/// `_` in a row.
fn rc_encodes(name: &[u8]) -> Option<usize> {
    (0..name.len()).find(|at| rc_encodes_at(name, *at))
}

fn rc_encodes_at(name: &[u8], at: usize) -> bool {
    match name[at] {
        b'_' => name.get(at + 1) == Some(&b'_'),
        byte => !byte.is_ascii_alphanumeric(),
    }
}

fn rc_encoded(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, byte) in name.iter().enumerate() {
        if rc_encodes_at(name, at) {
            out.extend_from_slice(format!("__{byte:02x}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

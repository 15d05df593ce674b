//! What sets variables: the kernel, C's library, sudo, PAM, systemd, Docker, Compose, OCI runtimes.

use super::{NUL, SPLIT, rule, single};
use crate::rule::{Case, Group, Rule, When};
use crate::syntax::{Beyond, Class, IDENTIFIER, Syntax};

const POSIX: &str = "POSIX.1-2017, XBD 3.231 and 8.1";
const SUDO: &str = "sudo 1.9.13p3, measured; plugins/sudoers/env.c";
const SYSTEMD: &str = "systemd v252, measured by systemd-analyze verify; src/basic/env-util.c";
const DOCKER: &str = "docker/cli opts/env.go, pkg/kvfile; CLI 28.2.2, measured";
const COMPOSE: &str = "compose-spec schema; compose-go dotenv/parser.go, template";

const PAM_NAME: Syntax =
    Syntax { words: "[A-Za-z0-9_]+", first: Class::new("_"), rest: Class::new("_") };
/// What `${…}` can name in a Dockerfile: moby/buildkit `shell/lex.go`.
const DOCKERFILE_READ: Syntax = Syntax {
    words: "letters, digits and '_'",
    first: Class::new("_").beyond(Beyond::Unicode),
    rest: Class::new("_").beyond(Beyond::Unicode),
};

const UNREADABLE: &str = "later instructions cannot read it: $a.b is $a and then .b";
const NO_INTERPOLATION: &str = "${…} in the file cannot name it";

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    single(Group::Channel, "execve", "any", "any bytes without NUL; a reader splits at the first '='", "Linux fs/exec.c, measured", &[
        NUL, SPLIT,
    ]),
    single(Group::Channel, "posix", "any", "[A-Za-z_][A-Za-z0-9_]*; applications leave capitals to the system's utilities", POSIX, &[
        NUL,
        Case::rejected(When::Not(&IDENTIFIER), "no name by XBD 3.231: utilities need not support {name}"),
    ]),
    single(Group::Channel, "env", "coreutils 9.1, busybox 1.35.0", "env NAME=VALUE command; any NAME that does not start with '-'", "measured", &[
        NUL,
        Case::fatal(When::Starts(&["-"]), "env: invalid option {name}"),
        SPLIT,
    ]),
    rule(Group::Channel, "libc", "setenv", "glibc 2.36", "any bytes but '=', and not none", "setenv(3), measured", &[
        NUL,
        Case::rejected(When::Empty, "Invalid argument"),
        Case::rejected(When::Equals, "Invalid argument"),
    ]),
    single(Group::Channel, "sudo", "1.9.13p3", "only names of env_keep and env_check survive", SUDO, &[
        NUL,
        Case::changed(When::Is(&["PATH"]), "secure_path replaces it"),
        Case::changed(When::Is(&["HOME", "LOGNAME", "MAIL", "SHELL", "USER", "SUDO_COMMAND", "SUDO_GID", "SUDO_UID", "SUDO_USER"]), "sudo sets it itself"),
        Case::ok(When::Is(&["COLORS", "COLORTERM", "DISPLAY", "HOSTNAME", "KRB5CCNAME", "LANG", "LANGUAGE", "LINGUAS", "LS_COLORS", "PS1", "PS2", "TERM", "TZ", "XAUTHORITY", "XAUTHORIZATION", "XDG_CURRENT_DESKTOP"])),
        Case::ok(When::Starts(&["LC_"])),
        Case::dropped(When::Always, "env_reset leaves it out, whatever it is called; -E or env_keep would not"),
    ]),
    single(Group::Channel, "sudo-E", "1.9.13p3", "sudo -E cmd: any name but those that change what a program runs", SUDO, &[
        NUL,
        Case::fatal(When::Find(nameless), "sudo: unable to rebuild the environment: Invalid argument"),
        SPLIT,
        Case::changed(When::Is(&["PATH"]), "secure_path replaces it"),
        Case::changed(When::Is(&["SUDO_COMMAND", "SUDO_GID", "SUDO_UID", "SUDO_USER"]), "sudo sets it itself"),
        Case::dropped(When::Starts(&["LD_", "_RLD"]), "sudo leaves it out: it changes what a program runs"),
        Case::dropped(When::Is(SUDO_BAD), "sudo leaves it out: it changes what a program runs"),
    ]),
    single(Group::Channel, "sudo-set", "1.9.13p3", "sudo NAME=VALUE cmd (tag SETENV): any NAME that does not start with '-', '/' or '='", SUDO, &[
        NUL,
        Case::fatal(When::Starts(&["-", "/", "="]), "{name}={value} is taken for an option or a command"),
        Case::fatal(When::Empty, "={value} is taken for a command"),
        SPLIT,
    ]),
    single(Group::Channel, "pam-env", "linux-pam", "/etc/environment: [A-Za-z0-9_]+", "linux-pam modules/pam_env", &[
        NUL,
        Case::dropped(When::Not(&PAM_NAME), "non-alphanumeric key '{name}' in /etc/environment, ignoring"),
    ]),
    rule(Group::Channel, "systemd", "environment", "v252", "Environment=: [A-Za-z_][A-Za-z0-9_]*; specifiers (%) are expanded in names too", SYSTEMD, &[
        NUL,
        Case::dropped(When::Find(unknown_specifier), "Failed to resolve specifiers in {name}={value}, ignoring"),
        Case::ok(When::Find(specifier)).caveat("specifiers are expanded in the name too: another name is set"),
        Case::dropped(When::Not(&IDENTIFIER), "Invalid environment assignment, ignoring: {name}={value}"),
    ]),
    rule(Group::Channel, "systemd", "environment-file", "v252", "EnvironmentFile=: [A-Za-z_][A-Za-z0-9_]*; '#' and ';' start a comment", "systemd src/basic/env-file.c, env-util.c", &[
        NUL,
        Case::fatal(When::NotUtf8, "Failed to load environment files: Invalid argument"),
        Case::dropped(When::Starts(&["#", ";"]), "it is a comment"),
        Case::dropped(When::Not(&IDENTIFIER), "Ignoring invalid environment assignment '{name}={value}'"),
    ]),
    rule(Group::Channel, "docker", "env", "28.2.2", "docker run -e NAME=VALUE: any NAME but an empty one", DOCKER, &[
        NUL,
        Case::fatal(When::Find(nameless), "invalid argument \"{name}={value}\" for \"-e, --env\" flag: invalid environment variable: {name}={value}"),
        Case::mangled(When::NotUtf8, replaced, "what is not UTF-8 becomes U+FFFD"),
        SPLIT,
    ]),
    rule(Group::Channel, "docker", "env-file", "28.2.2", "docker run --env-file: a line is NAME=VALUE in UTF-8, NAME without blanks", DOCKER, &[
        NUL,
        Case::fatal(When::NotUtf8, "invalid utf8 bytes at line 1"),
        Case::fatal(When::Holds(b"\n"), "no variable name on line"),
        Case::dropped(When::Starts(&["#"]), "it is a comment"),
        Case::fatal(When::Find(nameless), "no variable name on line '{name}={value}'"),
        Case::mangled(When::Find(leading_blank), trimmed, "blanks before the name are not part of it"),
        Case::fatal(When::Holds(b" \t"), "variable '{name}' contains whitespaces"),
        SPLIT,
    ]),
    rule(Group::Channel, "dockerfile", "env", "BuildKit 0.34", "ENV NAME=VALUE: any NAME without blanks, but an empty one and --x", "moby/buildkit line_parsers.go, instructions/parse.go, shell/lex.go; 0.34.2, measured", &[
        NUL,
        Case::fatal(When::Find(nameless_word), "ENV names can not be blank"),
        Case::fatal(When::Find(flag), "unknown flag: {name}"),
        Case::fatal(When::Holds(b"\n"), "unknown instruction: the line ends there"),
        Case::fatal(When::Find(wrong_word), "Syntax error - can't find = in \"{name}\""),
        Case::mangled(When::Find(other_word), first_word, "ENV takes the first word for the name"),
        Case::ok(When::Not(&DOCKERFILE_READ)).caveat(UNREADABLE),
    ]),
    rule(Group::Channel, "compose", "environment", "Compose Specification", "environment: any key but an empty one", COMPOSE, &[
        NUL,
        Case::fatal(When::Empty, "environment has a key that is empty"),
        SPLIT,
        Case::ok(When::Not(&IDENTIFIER)).caveat(NO_INTERPOLATION),
    ]),
    rule(Group::Channel, "oci", "runc", "runc 1.3", "any name but an empty one", "opencontainers/runc libcontainer/env.go", &[
        NUL,
        Case::fatal(When::Find(nameless), "invalid environment variable: name cannot be empty"),
        SPLIT,
    ]),
];

/// `initial_badenv_table` of sudo's env.c.
const SUDO_BAD: &[&str] = &[
    "IFS",
    "CDPATH",
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "HOSTALIASES",
    "NLSPATH",
    "PATH_LOCALE",
    "TERMINFO",
    "TERMINFO_DIRS",
    "TERMPATH",
    "TERMCAP",
    "ENV",
    "BASH_ENV",
    "PS4",
    "GLOBIGNORE",
    "BASHOPTS",
    "SHELLOPTS",
    "JAVA_TOOL_OPTIONS",
    "PERLIO_DEBUG",
    "PERLLIB",
    "PERL5LIB",
    "PERL5OPT",
    "PERL5DB",
    "FPATH",
    "NULLCMD",
    "READNULLCMD",
    "ZDOTDIR",
    "TMPPREFIX",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONINSPECT",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
];

fn nameless(name: &[u8]) -> Option<usize> {
    (name.is_empty() || name.starts_with(b"=")).then_some(0)
}

fn nameless_word(name: &[u8]) -> Option<usize> {
    let start = name.trim_ascii_start();
    (start.is_empty() || start.starts_with(b"=")).then_some(0)
}

/// A flag of an instruction: `ENV --x=7`.
fn flag(name: &[u8]) -> Option<usize> {
    name.trim_ascii_start().starts_with(b"--").then_some(0)
}

/// Behind `a=b` another word that is no assignment: of `ENV a= =7` the `=7`.
fn wrong_word(name: &[u8]) -> Option<usize> {
    let whole = [name, b"="].concat();
    let mut words = whole.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let first = words.next()?;
    let assigned = first.len() < whole.trim_ascii_start().len() && first.contains(&b'=');
    let wrong = |word: &[u8]| word.starts_with(b"=") || !word.contains(&b'=');
    let at = name.iter().position(|b| *b == b'=')?;
    (assigned && words.any(wrong)).then_some(at)
}

/// Where the first word differs from the name: a blank before it, or what ends it.
fn other_word(name: &[u8]) -> Option<usize> {
    let ends = |b: &u8| *b == b'=' || b.is_ascii_whitespace();
    name.iter().position(ends)
}

fn first_word(name: &[u8]) -> Vec<u8> {
    let ends = |b: &u8| *b == b'=' || b.is_ascii_whitespace();
    name.trim_ascii_start().split(ends).next().unwrap_or_default().to_vec()
}

pub(super) fn replaced(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in name.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        chunk.invalid().iter().for_each(|_| out.extend_from_slice("\u{fffd}".as_bytes()));
    }
    out
}

fn leading_blank(name: &[u8]) -> Option<usize> {
    let rest = name.trim_ascii_start();
    let clean = !rest.is_empty() && !rest.iter().any(|b| matches!(b, b' ' | b'\t' | b'='));
    (clean && rest.len() < name.len()).then_some(0)
}

fn trimmed(name: &[u8]) -> Vec<u8> {
    name.trim_ascii_start().to_vec()
}

/// The letters that systemd.unit(5) gives a meaning behind `%`.
pub(crate) const SPECIFIERS: &[u8] = b"aAbBCdEfgGhHiIjJlLmMnNopPqsStTuUvVwW";

/// `%z`: a letter without a meaning.
fn unknown_specifier(name: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(percent) = name[at..].iter().position(|b| *b == b'%').map(|found| at + found) {
        match name.get(percent + 1) {
            Some(b'%') => {}
            Some(letter) if SPECIFIERS.contains(letter) => {}
            Some(letter) if letter.is_ascii_alphanumeric() => return Some(percent),
            _ => return None,
        }
        at = percent + 2;
    }
    None
}

/// A name that may be right once its specifiers are expanded: a number in its place is.
fn specifier(name: &[u8]) -> Option<usize> {
    let mut expanded = Vec::new();
    let mut rest = name.iter();
    let mut first = None;
    while let Some(byte) = rest.next() {
        match byte {
            b'%' if rest.as_slice().first().is_some_and(|letter| SPECIFIERS.contains(letter)) => {
                first = first.or(Some(name.len() - rest.as_slice().len() - 1));
                rest.next();
                expanded.push(b'x');
            }
            byte => expanded.push(*byte),
        }
    }
    first.filter(|_| IDENTIFIER.fits(&expanded))
}

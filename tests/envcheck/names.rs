//! Names of every kind: identifiers, the shells' own variables, every printable character in every
//! place, control characters, letters of many scripts, what is not UTF-8, and very long ones.

/// The shells' own variables, and words that mean something to one of them.
const OWN: &str = "IFS PWD OLDPWD PPID OPTIND OPTARG OPTERR SHLVL _ PS1 PS2 PS3 PS4 RANDOM LINENO BASHPID \
SRANDOM HISTCMD BASH_VERSINFO SHELLOPTS BASHOPTS BASH BASH_VERSION EPOCHSECONDS EPOCHREALTIME MACHTYPE \
OSTYPE HOSTTYPE VENDOR TTY ARGV0 signals HOST KSH_VERSION USER_ID PGRP PATHSEP UID EUID GID EGID GROUPS \
DIRSTACK FUNCNAME BASH_ARGC BASH_ARGV BASH_SOURCE BASH_LINENO BASH_COMMAND BASH_SUBSHELL BASH_ENV \
BASH_XTRACEFD BASH_COMPAT BASH_ALIASES BASH_CMDS BASH_REMATCH BASH_EXECUTION_STRING COMP_WORDS COMP_LINE \
COMP_WORDBREAKS COPROC MAPFILE PIPESTATUS REPLY SECONDS HOSTNAME HISTFILE HISTSIZE ENV CDPATH FPATH PATH \
MAILPATH MAIL MAILCHECK HOME USER LOGNAME TERM COLUMNS LINES LANG LC_ALL LC_CTYPE TZ TMOUT TMPDIR EDITOR \
VISUAL FCEDIT POSIXLY_CORRECT PROMPT_COMMAND FIGNORE GLOBIGNORE IGNOREEOF TIMEFORMAT path cdpath fpath \
manpath mailpath fignore watch psvar module_path argv pipestatus dirstack status history ARGC TTYIDLE \
USERNAME CPUTYPE ERRNO ZSH_NAME ZSH_VERSION ZSH_EVAL_CONTEXT ZSH_ARGZERO ZSH_SUBSHELL ZDOTDIR PROMPT \
prompt HISTCHARS WORDCHARS NULLCMD WATCH words aliases functions options parameters commands home cwd \
term user shell tcsh version loc gid uid group hostname umask fish_pid FISH_VERSION fish_user_paths \
fish_kill_signal fish_greeting CMD_DURATION KSHEGID KSHGID KSHUID pid bqstatus apid apids ifs nl tab \
YASH_VERSION YASH_LOADPATH .sh.version PYTHONPATH LD_LIBRARY_PATH NODE_OPTIONS JAVA_TOOL_OPTIONS \
PERL5OPT RUBYOPT GCONV_PATH http_proxy HTTP_PROXY true false nil null if then else fi do done case esac \
for while until in function select time coproc local export set unset return exit end begin switch let \
readonly typeset num-bg-jobs value-out-indicator";

const WORDS: &[&str] = &[
    "",
    "A",
    "a",
    "__",
    "a1",
    "A_B",
    "MY_VAR",
    "_1",
    "camelCase",
    "Logging__LogLevel__Default",
    "a__2eb",
    "a.b",
    "a.b.c",
    "eureka.client.serviceUrl.defaultZone",
    "a-b",
    "a:b",
    "a/b",
    "a b",
    "a  b",
    "a@b",
    "a%b",
    "a++",
    "a,b",
    "--a",
    "--",
    ".",
    "..",
    "..a",
    "a..b",
    "a[]",
    "a[0]",
    "a[1]",
    "a[b]",
    "a[b",
    "a[0",
    "a[1][2]",
    "a[0]b",
    "{a}",
    "%%",
    "BASH_FUNC_x%%",
    "BASH_FUNC_x()",
    "a=b",
    "a=",
    "=",
    "=a",
    "=x=y",
    "==",
    "_=",
    "_+",
    "~a",
    "#a",
    "!a",
    "?",
    "*",
    "$a",
    "${a}",
    "`a`",
    "a;b",
    "a&b",
    "a|b",
    "a>b",
    "(a)",
    "a()",
    "@",
    "0a",
    "01",
    "123",
    "1.2",
    "1-2",
    "0_",
    "é",
    "café",
    "É",
    "имя",
    "变量",
    "ß",
    "Ω",
    "אב",
    "ع",
    "٣",
    "a٣",
    "१",
    "Ⅷ",
    "①",
    "²",
    "a²",
    "½",
    "ª",
    "µ",
    "a\u{301}",
    "\u{301}a",
    "ǅ",
    "ー",
    "々",
    "〆",
    "ꙮ",
    "𝐀",
    "😀",
    "a😀",
    "€",
    "a–b",
    "\u{a0}",
    "a\u{a0}b",
    "a\u{200b}b",
    "\u{feff}",
    "\u{202e}",
    "\u{2028}",
    "\u{3000}",
    "a\u{3000}b",
    "a\u{ad}b",
    "ａ",
    "１",
    "ı",
    "İ",
    "ſ",
    "é_",
    "é1",
    "1é",
    "a.é",
    "あ",
    "ア",
    "한글",
    "ไทย",
    "हिन्दी",
    "℘",
    "·",
    "a·b",
    "ℵ",
    "ⓐ",
    "Ꝑ",
    "ᚠ",
    "𐍈",
];

const BYTES: &[&[u8]] = &[
    b"\xff",
    b"a\xff",
    b"a\xffb",
    b"\xe9",
    b"caf\xe9",
    b"\xc3",
    b"\x80",
    b"a\x80b",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\xc0\xaf",
    b"\xe9a",
    b"a\xe9\xe8",
    b"\xf0\x9f\x98",
    b"a\0b",
];

pub(super) fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = OWN.split_whitespace().map(Into::into).collect();
    names.extend(WORDS.iter().map(|name| name.as_bytes().to_vec()));
    names.extend(BYTES.iter().map(|name| name.to_vec()));
    for sign in (b' '..=b'~').filter(|byte| !byte.is_ascii_alphanumeric()) {
        for (before, after) in [("", "a"), ("a", ""), ("a", "b"), ("_", "")] {
            names.push([before.as_bytes(), &[sign], after.as_bytes()].concat());
        }
    }
    for control in [1, 7, 9, 10, 11, 13, 27, 127] {
        names.extend([vec![b'a', control, b'b'], vec![control, b'a'], vec![b'a', control]]);
    }
    for digit in b'0'..=b'9' {
        names.extend([vec![digit], vec![digit, b'a']]);
    }
    for length in
        [30, 255, 1000, 4096, 8187, 16_384, 32_767, 32_768, 65_535, 65_536, 98_304, 131_000]
    {
        names.push(vec![b'A'; length]);
    }
    // Any others, the same each time.
    let letters: Vec<char> = "abZ._-[]:@%+,/^é1 0_".chars().collect();
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..120 {
        let length = 2 + next(7);
        let name: String = (0..length).map(|_| letters[next(letters.len())]).collect();
        names.push(name.into_bytes());
    }
    names.sort();
    names.dedup();
    names
}

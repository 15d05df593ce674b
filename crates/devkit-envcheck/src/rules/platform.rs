//! Services with a form to fill in: what they let in, and what they make of it.

use super::{NUL, rule, single};
use crate::rule::{Case, Group, Rule, When};
use crate::syntax::{Beyond, Class, IDENTIFIER, Syntax};

const GITLAB: Syntax =
    Syntax { words: "[a-zA-Z0-9_]+", first: Class::new("_"), rest: Class::new("_") };
const DOTTED: Syntax =
    Syntax { words: "[A-Za-z0-9._]+", first: Class::new("._"), rest: Class::new("._") };
const LAMBDA: Syntax = Syntax {
    words: "[a-zA-Z][a-zA-Z0-9_]+",
    first: Class { upper: true, lower: true, digits: false, also: "", beyond: Beyond::Nothing },
    rest: Class::new("_"),
};
const CAPITALS: Syntax = Syntax {
    words: "[A-Z0-9_]+",
    first: Class::new("_").no_lower(),
    rest: Class::new("_").no_lower(),
};

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    rule(Group::Platform, "gha", "secret", "GitHub", "secrets and variables: [A-Za-z_][A-Za-z0-9_]*, not starting with GITHUB_; capitals do not matter", "github/docs, naming your secrets", &[
        NUL,
        Case::rejected(When::StartsAnyCase(&["GITHUB_"]), "names must not start with GITHUB_"),
        Case::rejected(When::Not(&IDENTIFIER), "names consist of letters, digits and '_', and do not start with a digit"),
    ]),
    rule(Group::Platform, "gha", "env", "GitHub", "env: in a workflow: any key; GITHUB_ and RUNNER_ keep the runner's value", "github/docs, default environment variables", &[
        NUL,
        Case::rejected(When::Empty, "a key must not be empty"),
        Case::changed(When::StartsAnyCase(&["GITHUB_", "RUNNER_"]), "the runner's own variables cannot be overwritten"),
        Case::ok(When::Not(&IDENTIFIER)).caveat("the step's shell decides whether it gets further"),
    ]),
    rule(Group::Platform, "gha", "input", "GitHub", "an action's input NAME arrives as INPUT_NAME in capitals, blanks as '_'", "actions/runner Handler.cs", &[
        NUL,
        Case::mangled(When::Always, input, "an input is handed over by another name"),
    ]),
    single(Group::Platform, "github-env", "GitHub", "lines NAME=VALUE in $GITHUB_ENV: any name up to '=' or '<<'", "actions/runner FileCommandManager.cs", &[
        NUL,
        Case::rejected(When::IsAnyCase(&["NODE_OPTIONS"]), "Can't store {name} output parameter using '$GITHUB_ENV' command."),
        Case::rejected(When::Find(nameless), "Invalid format '{name}={value}'"),
        Case::changed(When::StartsAnyCase(&["GITHUB_", "RUNNER_"]), "the runner's own variables cannot be overwritten"),
        Case::mangled(When::Find(separator), before_separator, "the name ends at '=' or '<<'"),
        Case::ok(When::Not(&IDENTIFIER)).caveat("the next step's shell decides whether it gets further"),
    ]),
    rule(Group::Platform, "gitlab", "variable", "GitLab", "[a-zA-Z0-9_]+ of at most 255 characters", "gitlab has_variable.rb", &[
        NUL,
        Case::rejected(When::Not(&GITLAB), "can contain only letters, digits and '_'."),
        Case::rejected(When::Longer(255), "is too long (maximum is 255 characters)"),
        Case::ok(When::Not(&IDENTIFIER)).caveat("a shell cannot set a name that starts with a digit"),
    ]),
    single(Group::Platform, "azure-pipelines", "Azure DevOps", "letters, digits, '.' and '_'; it arrives in capitals, '.' as '_'", "Microsoft Learn, define variables", &[
        NUL,
        Case::rejected(When::StartsAnyCase(&["endpoint", "input", "secret", "path", "securefile"]), "the prefix is reserved"),
        Case::rejected(When::Not(&DOTTED), "names consist of letters, digits, '.' and '_'"),
        Case::mangled(When::Not(&CAPITALS), pipelines, "it is exported in capitals, '.' as '_'"),
    ]),
    single(Group::Platform, "azure-app-service", "Azure", "letters, digits, '.' and '_'", "azure-docs configure-common.md", &[
        NUL,
        Case::rejected(When::Not(&DOTTED), "names consist of letters, digits, '.' and '_'"),
    ]),
    single(Group::Platform, "aws-lambda", "AWS", "[a-zA-Z][a-zA-Z0-9_]+, but for those that Lambda sets itself", "AWS API_Environment", &[
        NUL,
        Case::rejected(When::Is(LAMBDA_OWN), "{name} is reserved by Lambda"),
        Case::rejected(When::Starts(&["AWS_LAMBDA_"]), "{name} is reserved by Lambda"),
        Case::rejected(When::Not(&LAMBDA), "names start with a letter, and go on with letters, digits and '_'"),
        Case::rejected(When::Find(one_letter), "a name needs at least 2 characters"),
    ]),
    single(Group::Platform, "cloud-run", "Google Cloud", "not empty, no '=', not starting with X_GOOGLE_, and none of those that Cloud Run sets itself", "Google Cloud docs", &[
        NUL,
        Case::rejected(When::Empty, "a name must not be empty"),
        Case::rejected(When::Equals, "a name must not contain '='"),
        Case::rejected(When::Starts(&["X_GOOGLE_"]), "{name} is reserved"),
        Case::rejected(When::Is(&["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"]), "{name} is reserved"),
    ]),
];

const LAMBDA_OWN: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

fn nameless(name: &[u8]) -> Option<usize> {
    (name.is_empty() || name.starts_with(b"=")).then_some(0)
}

fn one_letter(name: &[u8]) -> Option<usize> {
    (name.len() == 1).then_some(1)
}

fn input(name: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(name).to_uppercase().replace(' ', "_");
    format!("INPUT_{text}").into_bytes()
}

fn separator(name: &[u8]) -> Option<usize> {
    let equals = name.iter().position(|b| *b == b'=');
    let heredoc = name.windows(2).position(|pair| pair == b"<<");
    equals.into_iter().chain(heredoc).min()
}

fn before_separator(name: &[u8]) -> Vec<u8> {
    name[..separator(name).unwrap_or(name.len())].to_vec()
}

fn pipelines(name: &[u8]) -> Vec<u8> {
    let one = |b: &u8| if *b == b'.' { b'_' } else { b.to_ascii_uppercase() };
    name.iter().map(one).collect()
}

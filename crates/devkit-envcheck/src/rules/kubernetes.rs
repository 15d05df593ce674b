//! Kubernetes' API server, and kubectl, which is stricter.

use super::{NUL, ranged, rule};
use crate::rule::{Case, Group, Rule, When};
use crate::syntax::{Beyond, Class, IDENTIFIER, Syntax};

const VALIDATION: &str = "kubernetes pkg/apis/core/validation, apimachinery/pkg/util/validation";

const STRICT: Syntax = Syntax {
    words: "[-._a-zA-Z][-._a-zA-Z0-9]*",
    first: Class::new("-._").no_digits(),
    rest: Class::new("-._"),
};
const PRINTABLE: &str = " !\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~";
const RELAXED: Syntax = Syntax {
    words: "printable ASCII without '='",
    first: Class::new(PRINTABLE),
    rest: Class::new(PRINTABLE),
};
const CONFIG_KEY: Syntax = Syntax {
    words: "[-._a-zA-Z0-9]+",
    first: Class { upper: true, lower: true, digits: true, also: "-._", beyond: Beyond::Nothing },
    rest: Class::new("-._"),
};

const IDENTIFIER_TEXT: &str = "Invalid value: \"{name}\": a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
const STRICT_TEXT: &str = "Invalid value: \"{name}\": a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
const RELAXED_TEXT: &str = "Invalid value: \"{name}\": a valid environment variable name must consist only of printable ASCII characters other than '='";
const KEY_TEXT: &str = "Invalid value: \"{name}\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const REQUIRED: Case = Case::fatal(When::Empty, "Required value");
const DOT: Case = Case::fatal(When::Is(&["."]), "Invalid value: \"{name}\": must not be '.'");
const DOTS: Case = Case::fatal(When::Is(&[".."]), "Invalid value: \"{name}\": must not be '..'");
const DOTS_FIRST: Case =
    Case::fatal(When::Starts(&[".."]), "Invalid value: \"{name}\": must not start with '..'");

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    ranged(Group::Channel, "k8s", "env", "1.7", "up to 1.7", "[A-Za-z_][A-Za-z0-9_]*", VALIDATION, &[
        NUL, REQUIRED,
        Case::fatal(When::Not(&IDENTIFIER), IDENTIFIER_TEXT),
    ]),
    ranged(Group::Channel, "k8s", "env", "1.8", "1.8 to 1.31", "[-._a-zA-Z][-._a-zA-Z0-9]*, not '.', and not starting with '..'", VALIDATION, &[
        NUL, REQUIRED,
        Case::fatal(When::Not(&STRICT), STRICT_TEXT).caveat("1.30 and 1.31 take more with the gate RelaxedEnvironmentVariableValidation"),
        DOT, DOTS, DOTS_FIRST,
    ]),
    ranged(Group::Channel, "k8s", "env", "1.32", "1.32 and 1.33", "printable ASCII without '='", VALIDATION, &[
        NUL, REQUIRED,
        Case::fatal(When::Not(&RELAXED), RELAXED_TEXT),
        Case::ok(When::Not(&STRICT)).caveat("not where the API server has the gate RelaxedEnvironmentVariableValidation off"),
    ]),
    ranged(Group::Channel, "k8s", "env", "1.34", "1.34 and later", "printable ASCII without '='", VALIDATION, &[
        NUL, REQUIRED,
        Case::fatal(When::Not(&RELAXED), RELAXED_TEXT),
    ]),
    rule(Group::Channel, "k8s", "configmap-key", "all", "[-._a-zA-Z0-9]+ of at most 253 characters, not '.', and not starting with '..'", VALIDATION, &[
        NUL,
        Case::fatal(When::Not(&CONFIG_KEY), KEY_TEXT),
        DOT, DOTS, DOTS_FIRST,
        Case::fatal(When::Longer(253), "Invalid value: \"{name}\": must be no more than 253 characters"),
        Case::ok(When::Not(&STRICT)).caveat("by envFrom: up to 1.29 the kubelet leaves it out, with an event InvalidEnvironmentVariableNames"),
    ]),
    ranged(Group::Channel, "kubectl", "from-env-file", "1.32", "1.32, measured on 1.32.4", "[-._a-zA-Z][-._a-zA-Z0-9]*, not '.', and not starting with '..'", "kubectl 1.32.4, measured", &[
        NUL,
        Case::dropped(When::Starts(&["#"]), "it is a comment"),
        Case::fatal(When::Not(&STRICT), "\"{name}\" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"),
        DOT, DOTS, DOTS_FIRST,
    ]),
];

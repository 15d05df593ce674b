//! Filters and what they let through.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Filter, FilterError};
use crate::reading::words::RequestInfo;

/// A request with the content type that it may have.
fn asked(request: &str) -> RequestInfo {
    let (method, rest) = request.split_once(' ').unwrap();
    let (target, content_type) = match rest.split_once(' ') {
        Some((target, content_type)) => (target, Some(content_type)),
        None => (rest, None),
    };
    RequestInfo::of(method, target).sent_as(content_type)
}

const APPLY: &str = "PATCH /api/v1/namespaces/a/pods/p application/apply-patch+yaml";
const MERGE: &str = "PATCH /api/v1/namespaces/a/pods/p application/merge-patch+json";
const BY_CLIENT: &str = "PATCH /api/v1/namespaces/a/pods/p?fieldManager=kubectl-client-side-apply application/strategic-merge-patch+json";
const MADE_BY_CLIENT: &str =
    "POST /api/v1/namespaces/a/pods?fieldManager=kubectl-client-side-apply application/json";
const LIST: &str = "GET /api/v1/namespaces/a/pods";
const ALL: &str = "GET /api/v1/pods";
const ONE: &str = "GET /api/v1/namespaces/a/pods/p?fieldManager=kubectl-client-side-apply";
const WATCH: &str = "GET /api/v1/namespaces/a/pods?watch=1&fieldSelector=metadata.name%3Dp";
const POST: &str = "POST /api/v1/namespaces/a/pods";
const PUT: &str = "PUT /api/v1/namespaces/a/pods/p";
const DELETE: &str = "DELETE /api/v1/namespaces/a/pods/p";
const DELETE_ALL: &str = "DELETE /api/v1/namespaces/a/pods";
const LOG: &str = "GET /api/v1/namespaces/a/pods/p/log";
const EXEC: &str = "GET /api/v1/namespaces/a/pods/p/exec";
const OLD_EXEC: &str = "POST /api/v1/namespaces/a/pods/p/exec";
const ATTACH: &str = "POST /api/v1/namespaces/a/pods/p/attach";
const FORWARD: &str = "POST /api/v1/namespaces/a/pods/p/portforward";
const SCALE: &str = "GET /apis/apps/v1/namespaces/a/deployments/d/scale";
const WIDGET: &str = "GET /apis/example.com/v1/namespaces/a/widgets/p";
const VERSION: &str = "GET /version";
const GROUPS: &str = "GET /apis/apps";

const EVERY: &[&str] = &[
    APPLY,
    MERGE,
    BY_CLIENT,
    MADE_BY_CLIENT,
    LIST,
    ALL,
    ONE,
    WATCH,
    POST,
    PUT,
    DELETE,
    DELETE_ALL,
    LOG,
    EXEC,
    OLD_EXEC,
    ATTACH,
    FORWARD,
    SCALE,
    WIDGET,
    VERSION,
    GROUPS,
];

/// Filter, and exactly those of [`EVERY`] that it wants.
const WANTED: &[(&str, &[&str])] = &[
    ("get", &[LIST, ALL, ONE, WATCH, SCALE, WIDGET]),
    ("GET pods", &[LIST, ALL, ONE, WATCH]),
    ("list", &[LIST, ALL]),
    ("watch po", &[WATCH]),
    ("create", &[MADE_BY_CLIENT, POST]),
    ("post pod", &[MADE_BY_CLIENT, POST]),
    ("apply", &[APPLY, BY_CLIENT, MADE_BY_CLIENT]),
    ("patch", &[APPLY, MERGE, BY_CLIENT]),
    ("replace", &[PUT]),
    ("update", &[PUT]),
    ("put", &[PUT]),
    ("delete", &[DELETE, DELETE_ALL]),
    ("logs", &[LOG]),
    ("logs p", &[LOG]),
    ("logs pods", &[LOG]),
    ("logs pod/p", &[LOG]),
    ("logs pod p", &[LOG]),
    ("logs q", &[]),
    ("exec", &[EXEC, OLD_EXEC]),
    ("attach", &[ATTACH]),
    ("port-forward p", &[FORWARD]),
    ("get pods/p/exec", &[EXEC]),
    ("get pods p", &[ONE, WATCH]),
    ("get pods/p", &[ONE, WATCH]),
    ("get pods -n a", &[LIST, ONE, WATCH]),
    ("-na get pods", &[LIST, ONE, WATCH]),
    ("get pods -n=a", &[LIST, ONE, WATCH]),
    ("get --namespace=a pods", &[LIST, ONE, WATCH]),
    ("get --namespace a po", &[LIST, ONE, WATCH]),
    ("get pods -n b", &[]),
    ("delete -n a", &[DELETE, DELETE_ALL]),
    ("deploy", &[SCALE]),
    ("Deployment.apps", &[SCALE]),
    ("deployments.v1.apps/d", &[SCALE]),
    ("deployments.v1beta1.apps", &[]),
    ("deployments.extensions", &[]),
    ("deploy/d/scale", &[SCALE]),
    ("deploy/d/status", &[]),
    (
        "pods.v1.",
        &[
            APPLY,
            MERGE,
            BY_CLIENT,
            MADE_BY_CLIENT,
            LIST,
            ALL,
            ONE,
            WATCH,
            POST,
            PUT,
            DELETE,
            DELETE_ALL,
            LOG,
            EXEC,
            OLD_EXEC,
            ATTACH,
            FORWARD,
        ],
    ),
    ("widgets", &[WIDGET]),
    ("widget", &[WIDGET]),
    ("get widgets.example.com/p", &[WIDGET]),
    ("gadgets", &[]),
    ("/version", &[VERSION]),
    ("get /apis/", &[GROUPS]),
    ("/", &[VERSION, GROUPS]),
    ("post /version", &[]),
    ("/api", &[]),
];

#[test]
fn wanted() {
    for (filter, wanted) in WANTED {
        let parsed = Filter::parse(filter).unwrap();
        let found = EVERY.iter().filter(|request| parsed.matches(&asked(request)));
        assert_eq!(found.collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>(), "{filter}");
    }
}

#[test]
fn names_of_resources() {
    for (word, path) in [
        ("po", "/api/v1/pods"),
        ("svc", "/api/v1/services"),
        ("deploy", "/apis/apps/v1/deployments"),
        ("cm", "/api/v1/configmaps"),
        ("secret", "/api/v1/secrets"),
        ("ns", "/api/v1/namespaces"),
        ("no", "/api/v1/nodes"),
        ("sa", "/api/v1/serviceaccounts"),
        ("pvc", "/api/v1/persistentvolumeclaims"),
        ("pv", "/api/v1/persistentvolumes"),
        ("ds", "/apis/apps/v1/daemonsets"),
        ("sts", "/apis/apps/v1/statefulsets"),
        ("rs", "/apis/apps/v1/replicasets"),
        ("job", "/apis/batch/v1/jobs"),
        ("cj", "/apis/batch/v1/cronjobs"),
        ("ing", "/apis/networking.k8s.io/v1/ingresses"),
        ("netpol", "/apis/networking.k8s.io/v1/networkpolicies"),
        ("ep", "/api/v1/endpoints"),
        ("ev", "/api/v1/events"),
        ("ev", "/apis/events.k8s.io/v1/events"),
        ("crd", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
        ("policy", "/apis/example.com/v1/policies"),
        ("gateway", "/apis/example.com/v1/gateways"),
        ("mesh", "/apis/example.com/v1/meshes"),
    ] {
        let other = if word == "po" { "/api/v1/nodes" } else { "/api/v1/pods" };
        let filter = Filter::parse(word).unwrap();
        assert!(filter.matches(&RequestInfo::of("GET", path)), "{word} {path}");
        assert!(!filter.matches(&RequestInfo::of("GET", other)), "{word} {other}");
    }
}

#[test]
fn no_filters() {
    let word = |word: &str| word.to_owned();
    for (text, error) in [
        ("", FilterError::Empty),
        (" \t", FilterError::Empty),
        ("gte pods", FilterError::NotAVerb { word: word("gte"), nearest: vec![word("get")] }),
        ("pods web-1", FilterError::NotAVerb { word: word("pods"), nearest: vec![] }),
        ("get pods a b", FilterError::TooMany { word: word("b") }),
        ("get pods/a b", FilterError::TooMany { word: word("b") }),
        ("get /version b", FilterError::TooMany { word: word("b") }),
        ("get pods -A", FilterError::UnknownOption { option: word("-A") }),
        ("get pods --names", FilterError::UnknownOption { option: word("--names") }),
        ("get pods -", FilterError::UnknownOption { option: word("-") }),
        ("get pods -n", FilterError::Namespace),
        ("get pods -n -n", FilterError::Namespace),
        ("get pods --namespace=", FilterError::Namespace),
        ("get -n a pods -n b", FilterError::Namespace),
        ("logs /version", FilterError::NotForPaths { word: word("/version") }),
        ("/version -n a", FilterError::NotForPaths { word: word("/version") }),
        ("get pods/", FilterError::NotAResource { word: word("pods/") }),
        ("get pods//log", FilterError::NotAResource { word: word("pods//log") }),
        ("get pods/a/log/b", FilterError::NotAResource { word: word("pods/a/log/b") }),
        ("get .apps", FilterError::NotAResource { word: word(".apps") }),
        ("pods.", FilterError::NotAResource { word: word("pods.") }),
        ("pods\u{1b}/", FilterError::NotAResource { word: word("pods\\x1b/") }),
    ] {
        assert_eq!(Filter::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn any_of_several() {
    let filters = |words: &[&str]| -> Vec<Filter> {
        words.iter().map(|word| Filter::parse(word).unwrap()).collect()
    };
    let asked = asked(DELETE);
    for (words, wanted) in
        [(&[][..], true), (&["get"], false), (&["get", "delete"], true), (&["get", "no"], false)]
    {
        assert_eq!(Filter::any(&filters(words), &asked), wanted, "{words:?}");
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_line_without_options_is_its_own_filter(
        method in prop::sample::select(&["GET", "POST", "PUT", "PATCH", "DELETE"][..]),
        group in "[a-z]{1,5}(\\.[a-z]{2})?",
        names in prop::array::uniform3("[a-z]{1,6}-[a-z]"),
    ) {
        let [namespace, resource, name] = names;
        let target = format!("/apis/{group}/v1/namespaces/{namespace}/{resource}/{name}");
        let asked = RequestInfo::of(method, &target);
        let filter = Filter::parse(&asked.to_string()).unwrap();
        prop_assert!(filter.matches(&asked));
        let elsewhere = target.replace(&format!("/{namespace}/"), "/elsewhere/");
        prop_assert!(!filter.matches(&RequestInfo::of(method, &elsewhere)));
    }

    #[test]
    fn nothing_panics(text in "(get |logs )?[-a-z/. =n\u{1b}]{0,20}", target in "/api/v1/[a-z/]{0,20}") {
        if let Ok(filter) = Filter::parse(&text) {
            let _ = filter.matches(&RequestInfo::of("GET", &target));
        }
    }
}

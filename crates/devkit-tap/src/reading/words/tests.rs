//! Paths and their words.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Patch, RequestInfo, Scope, Subject, SubjectClass, Verb};

/// Request, line.
const LINES: &[(&str, &str)] = &[
    ("GET /api/v1/namespaces/default/pods?limit=500", "GET pods -n default"),
    ("GET /api/v1/namespaces/default/pods/", "GET pods -n default"),
    ("HEAD /api/v1/namespaces/default/pods/web-1", "HEAD pods/web-1 -n default"),
    ("GET /api/v1/namespaces/default/pods/web-1?timeout=3s", "GET pods/web-1 -n default"),
    ("GET /api/v1/namespaces/a/pods/web-1/log?follow=true", "GET pods/web-1/log -n a"),
    ("POST /api/v1/namespaces/a/pods/web-1/exec?command=sh", "POST pods/web-1/exec -n a"),
    ("POST /api/v1/namespaces/a/serviceaccounts/sa/token", "POST serviceaccounts/sa/token -n a"),
    ("POST /api/v1/namespaces/a/pods", "POST pods -n a"),
    ("PUT /api/v1/namespaces/a/pods/web-1/status", "PUT pods/web-1/status -n a"),
    ("DELETE /api/v1/namespaces/a/pods/web-1", "DELETE pods/web-1 -n a"),
    ("DELETE /api/v1/namespaces/a/pods", "DELETE pods -n a --all"),
    ("DELETE /api/v1/namespaces/a/pods?labelSelector=x", "DELETE pods -n a -l x"),
    ("DELETE /api/v1/namespaces/a/pods?labelSelector=", "DELETE pods -n a --all"),
    // Groups and scopes.
    ("GET /apis/apps/v1/namespaces/x/deployments", "GET deployments.apps -n x"),
    ("GET /apis/apps/v1/namespaces/x/deployments/d/scale", "GET deployments.apps/d/scale -n x"),
    ("GET /api/v1/pods?limit=500&continue=abc&resourceVersion=0", "GET pods -A"),
    ("POST /api/v1/pods", "POST pods"),
    ("GET /api/v1/pods/x", "GET pods/x"),
    ("GET /api/v1/nodes", "GET nodes"),
    ("GET /api/v1/nodes/n1", "GET nodes/n1"),
    ("DELETE /api/v1/nodes", "DELETE nodes --all"),
    (
        "GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        "GET clusterroles.rbac.authorization.k8s.io/system:node",
    ),
    ("GET /apis/example.com/v1/widgets", "GET widgets.example.com"),
    ("GET /apis/example.com/v1/pods", "GET pods.example.com"),
    ("GET /apis/example.com/v1/namespaces/x/widgets", "GET widgets.example.com -n x"),
    // Namespaces.
    ("GET /api/v1/namespaces", "GET namespaces"),
    ("GET /api/v1/namespaces?watch=true", "WATCH namespaces"),
    ("GET /api/v1/namespaces/default", "GET namespaces/default"),
    ("PUT /api/v1/namespaces/x/finalize", "PUT namespaces/x/finalize"),
    ("GET /api/v1/namespaces/x/status", "GET namespaces/x/status"),
    ("GET /api/v1/namespaces/x/finalizers", "GET finalizers -n x"),
    ("GET /api/v1/namespaces/namespaces/pods", "GET pods -n namespaces"),
    // Proxies.
    (
        "GET /api/v1/namespaces/a/services/http:web:80/proxy/m/x?y=z",
        "GET services/http:web:80/proxy/m/x -n a",
    ),
    ("GET /api/v1/namespaces/a/services/web/proxy/", "GET services/web/proxy -n a"),
    ("GET /api/v1/namespaces/a/services/web/proxy//m", "GET services/web/proxy//m -n a"),
    ("GET /api/v1/nodes/n1/proxy/stats/summary", "GET nodes/n1/proxy/stats/summary"),
    // Watches.
    ("GET /api/v1/namespaces/a/pods?watch=true", "WATCH pods -n a"),
    ("GET /api/v1/namespaces/a/pods?watch", "WATCH pods -n a"),
    ("GET /api/v1/namespaces/a/pods?limit=1&watch=1", "WATCH pods -n a"),
    ("GET /api/v1/namespaces/a/pods?watch=False", "GET pods -n a"),
    ("GET /api/v1/namespaces/a/pods?watch=0", "GET pods -n a"),
    ("GET /api/v1/namespaces/a/pods?watch=0&watch=1", "GET pods -n a"),
    ("GET /api/v1/namespaces/a/pods/p?watch=true", "GET pods/p -n a"),
    ("POST /api/v1/namespaces/a/pods?watch=true", "POST pods -n a"),
    ("GET /api/v1/watch/namespaces/a/pods/p", "WATCH pods/p -n a"),
    ("GET /api/v1/watch/pods", "WATCH pods -A"),
    // Selectors and dry runs.
    ("GET /api/v1/pods?labelSelector=app%3Dx", "GET pods -A -l app=x"),
    ("GET /api/v1/pods?labelSelector=app+in+%28a%2Cb%29", "GET pods -A -l 'app in (a,b)'"),
    ("GET /api/v1/pods?label%53elector=app%3dx", "GET pods -A -l app=x"),
    ("GET /api/v1/pods?labelSelector=it%27s", r"GET pods -A -l 'it'\''s'"),
    ("GET /api/v1/pods?labelSelector=50%", "GET pods -A -l 50%"),
    ("GET /api/v1/pods?labelSelector=%zz%4", "GET pods -A -l %zz%4"),
    (
        "GET /api/v1/pods?fieldSelector=spec.nodeName%21%3Dn1&labelSelector=a",
        "GET pods -A -l a --field-selector 'spec.nodeName!=n1'",
    ),
    ("POST /api/v1/namespaces/a/pods?dryRun=All", "POST pods -n a --dry-run=server"),
    ("POST /api/v1/namespaces/a/pods?dryRun=none", "POST pods -n a"),
    // Paths that are no resource.
    ("GET /version?timeout=32s", "GET /version"),
    ("GET /openapi/v3/apis/apps/v1?hash=AB", "GET /openapi/v3/apis/apps/v1"),
    ("GET /readyz?labelSelector=x&dryRun=All&watch=true", "GET /readyz"),
    ("GET /apis/apps/v1", "GET /apis/apps/v1"),
    ("GET /api/v1//secrets", "GET /api/v1//secrets"),
    ("GET /", "GET /"),
    ("GET ", "GET ''"),
    // Nothing moves the cursor or looks like another line.
    ("GET /api/v1/namespaces/a/pods/x%0a%1b[2J", r"GET 'pods/x\x0a\x1b[2J' -n a"),
    ("GET /api/v1/namespaces/a/pods/x%20-n%20b", "GET 'pods/x -n b' -n a"),
    ("GET /api/v1/namespaces/a%20-A/pods", "GET pods -n 'a -A'"),
    ("GET /api/v1/namespaces/a/pods/%ff", r"GET 'pods/\xff' -n a"),
    ("GET /%e2%80%aeversion", r"GET '/\xe2\x80\xaeversion'"),
    ("G\u{1b}T /version", r"'G\x1bT' /version"),
    // The API server splits the path that it has decoded.
    ("GET /api/v1/namespaces/a/pods%2Fx", "GET pods/x -n a"),
    ("GET /api/v1/namespaces/a/pods/x+y", "GET pods/x+y -n a"),
];

fn asked(request: &str) -> RequestInfo {
    let (method, target) = request.split_once(' ').unwrap();
    RequestInfo::of(method, target)
}

#[test]
fn lines() {
    for (request, line) in LINES {
        assert_eq!(asked(request).to_string(), *line, "{request}");
    }
}

#[test]
fn verbs() {
    for (request, verb) in [
        ("GET /api/v1/pods", Verb::List),
        ("HEAD /api/v1/nodes/x", Verb::Get),
        ("GET /api/v1/pods?watch=1", Verb::Watch),
        ("GET /version", Verb::Get),
        ("GET /version?watch=1", Verb::Get),
        ("POST /api/v1/namespaces/a/pods", Verb::Create),
        ("PUT /api/v1/nodes/x", Verb::Update),
        ("PATCH /api/v1/nodes/x", Verb::Patch),
        ("DELETE /api/v1/nodes/x", Verb::Delete),
        ("DELETE /api/v1/nodes", Verb::DeleteCollection),
        ("DELETE /version", Verb::Delete),
        ("get /api/v1/nodes", Verb::Other),
        ("OPTIONS /api/v1/nodes", Verb::Other),
    ] {
        assert_eq!(asked(request).verb, verb, "{request}");
    }
}

#[test]
fn classes() {
    for (path, class) in [
        ("/api", SubjectClass::Discovery),
        ("/api?timeout=32s", SubjectClass::Discovery),
        ("/api/", SubjectClass::Discovery),
        ("/api/v1", SubjectClass::Discovery),
        ("/apis", SubjectClass::Discovery),
        ("/apis/apps", SubjectClass::Discovery),
        ("/apis/apps/v1", SubjectClass::Discovery),
        ("/openapi/v2", SubjectClass::Discovery),
        ("/openapi/v3/apis/apps/v1", SubjectClass::Discovery),
        ("/apiserver", SubjectClass::Other),
        ("/api/v1//secrets", SubjectClass::Other),
        ("/apis//v1/secrets", SubjectClass::Other),
        ("/version", SubjectClass::Other),
        ("/healthz", SubjectClass::Other),
        ("/livez/etcd", SubjectClass::Other),
        ("/metrics", SubjectClass::Other),
        ("/logs/x", SubjectClass::Other),
        ("/api/v1/nodes", SubjectClass::Resource),
        ("/apis/apps/v1/deployments", SubjectClass::Resource),
    ] {
        assert_eq!(RequestInfo::of("GET", path).class(), class, "{path}");
    }
}

#[test]
fn parts_of_a_resource() {
    let asked = asked("GET /apis/apps/v1beta2/namespaces/a/deployments/d/scale");
    let Subject::Resource(resource) = asked.subject else { panic!("{asked:?}") };
    assert_eq!((resource.group.as_str(), resource.version.as_str()), ("apps", "v1beta2"));
    assert_eq!(resource.resource, "deployments");
    assert_eq!(resource.name.as_deref(), Some("d"));
    assert_eq!(resource.subresource.as_deref(), Some("scale"));
    assert_eq!(resource.rest, None);
    assert_eq!(resource.scope, Scope::Namespace("a".to_owned()));
}

#[test]
fn patches() {
    let path = "/api/v1/namespaces/a/pods/p?fieldManager=me";
    for (content_type, patch, end) in [
        (Some("application/json-patch+json"), Some(Patch::Json), " --type=json"),
        (Some("application/merge-patch+json"), Some(Patch::Merge), " --type=merge"),
        (
            Some("Application/Strategic-Merge-Patch+JSON; charset=utf-8"),
            Some(Patch::Strategic),
            " --type=strategic",
        ),
        (Some("application/apply-patch+yaml"), Some(Patch::Apply), " --server-side"),
        (Some("application/apply-patch+cbor"), Some(Patch::Apply), " --server-side"),
        (Some("application/json"), None, ""),
        (None, None, ""),
    ] {
        let asked = RequestInfo::of("PATCH", path).sent_as(content_type);
        assert_eq!(asked.patch, patch, "{content_type:?}");
        assert_eq!(asked.to_string(), format!("PATCH pods/p -n a{end}"));
        assert_eq!(asked.field_manager.as_deref(), Some("me"));
    }
    let put = RequestInfo::of("PUT", path).sent_as(Some("application/merge-patch+json"));
    assert_eq!(put.patch, None);
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_request_is_one_line(method in ".{0,8}", target in "(/api/v1|/apis/a/v1)?[/%?&=a+]{0,4}(.|%[0-9a-f]{2}){0,40}") {
        let line = RequestInfo::of(&method, &target).to_string();
        prop_assert!(!line.contains(char::is_control), "{line:?}");
    }

    #[test]
    fn percent_encoding_changes_nothing(target in "/api/v1/[a-z]{1,5}(/[a-z]{1,5}){0,5}", mask in any::<u64>()) {
        let encode = |(at, byte): (usize, u8)| match mask >> (at % 64) & 1 {
            1 => format!("%{byte:02X}"),
            _ => char::from(byte).to_string(),
        };
        let encoded: String = target.bytes().enumerate().map(encode).collect();
        prop_assert_eq!(RequestInfo::of("GET", &encoded), RequestInfo::of("GET", &target));
    }

    #[test]
    fn nothing_of_a_name_is_lost(group in "[a-z]{1,5}\\.[a-z]{2}", names in prop::array::uniform3("[a-z]{1,6}-[a-z]")) {
        let [namespace, resource, name] = &names;
        let target = format!("/apis/{group}/v1/namespaces/{namespace}/{resource}/{name}");
        let line = format!("PUT {resource}.{group}/{name} -n {namespace}");
        prop_assert_eq!(RequestInfo::of("PUT", &target).to_string(), line);
    }
}

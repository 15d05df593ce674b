//! The resources that every API server has: a path does not tell which of them live in namespaces,
//! and nobody writes their names out.

/// Group, plural, singular, short names: `kubectl api-resources`.
type ResourceRow = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// Where objects of a resource live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceScope {
    Namespace,
    Cluster,
}

/// Where a resource's objects live; nothing for one that is not built in.
pub(crate) fn home(group: &str, plural: &str) -> Option<ResourceScope> {
    let has = |rows: &[ResourceRow]| rows.iter().any(|row| (row.0, row.1) == (group, plural));
    if has(NAMESPACED) {
        Some(ResourceScope::Namespace)
    } else {
        has(CLUSTER).then_some(ResourceScope::Cluster)
    }
}

/// The plural for a plural, singular or short name in small letters.
pub(crate) fn plural(name: &str) -> Option<&'static str> {
    let rows = NAMESPACED.iter().chain(CLUSTER);
    let mut named = rows.filter(|row| row.1 == name || row.2 == name || row.3.contains(&name));
    named.next().map(|row| row.1)
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";

const NAMESPACED: &[ResourceRow] = &[
    ("", "bindings", "binding", &[]),
    ("", "configmaps", "configmap", &["cm"]),
    ("", "endpoints", "endpoints", &["ep"]),
    ("", "events", "event", &["ev"]),
    ("", "limitranges", "limitrange", &["limits"]),
    ("", "persistentvolumeclaims", "persistentvolumeclaim", &["pvc"]),
    ("", "pods", "pod", &["po"]),
    ("", "podtemplates", "podtemplate", &[]),
    ("", "replicationcontrollers", "replicationcontroller", &["rc"]),
    ("", "resourcequotas", "resourcequota", &["quota"]),
    ("", "secrets", "secret", &[]),
    ("", "serviceaccounts", "serviceaccount", &["sa"]),
    ("", "services", "service", &["svc"]),
    ("apps", "controllerrevisions", "controllerrevision", &[]),
    ("apps", "daemonsets", "daemonset", &["ds"]),
    ("apps", "deployments", "deployment", &["deploy"]),
    ("apps", "replicasets", "replicaset", &["rs"]),
    ("apps", "statefulsets", "statefulset", &["sts"]),
    ("authorization.k8s.io", "localsubjectaccessreviews", "localsubjectaccessreview", &[]),
    ("autoscaling", "horizontalpodautoscalers", "horizontalpodautoscaler", &["hpa"]),
    ("batch", "cronjobs", "cronjob", &["cj"]),
    ("batch", "jobs", "job", &[]),
    ("certificates.k8s.io", "podcertificaterequests", "podcertificaterequest", &[]),
    ("coordination.k8s.io", "leasecandidates", "leasecandidate", &[]),
    ("coordination.k8s.io", "leases", "lease", &[]),
    ("discovery.k8s.io", "endpointslices", "endpointslice", &[]),
    ("events.k8s.io", "events", "event", &["ev"]),
    ("extensions", "ingresses", "ingress", &["ing"]),
    ("metrics.k8s.io", "pods", "pod", &[]),
    (NETWORKING, "ingresses", "ingress", &["ing"]),
    (NETWORKING, "networkpolicies", "networkpolicy", &["netpol"]),
    ("policy", "poddisruptionbudgets", "poddisruptionbudget", &["pdb"]),
    (RBAC, "rolebindings", "rolebinding", &[]),
    (RBAC, "roles", "role", &[]),
    ("resource.k8s.io", "resourceclaims", "resourceclaim", &[]),
    ("resource.k8s.io", "resourceclaimtemplates", "resourceclaimtemplate", &[]),
    (STORAGE, "csistoragecapacities", "csistoragecapacity", &[]),
];

const CLUSTER: &[ResourceRow] = &[
    ("", "componentstatuses", "componentstatus", &["cs"]),
    ("", "namespaces", "namespace", &["ns"]),
    ("", "nodes", "node", &["no"]),
    ("", "persistentvolumes", "persistentvolume", &["pv"]),
    (ADMISSION, "mutatingadmissionpolicies", "mutatingadmissionpolicy", &[]),
    (ADMISSION, "mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", &[]),
    (ADMISSION, "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", &[]),
    (ADMISSION, "validatingadmissionpolicies", "validatingadmissionpolicy", &[]),
    (ADMISSION, "validatingadmissionpolicybindings", "validatingadmissionpolicybinding", &[]),
    (ADMISSION, "validatingwebhookconfigurations", "validatingwebhookconfiguration", &[]),
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "customresourcedefinition",
        &["crd", "crds"],
    ),
    ("apiregistration.k8s.io", "apiservices", "apiservice", &[]),
    ("authentication.k8s.io", "selfsubjectreviews", "selfsubjectreview", &[]),
    ("authentication.k8s.io", "tokenreviews", "tokenreview", &[]),
    ("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectaccessreview", &[]),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "selfsubjectrulesreview", &[]),
    ("authorization.k8s.io", "subjectaccessreviews", "subjectaccessreview", &[]),
    ("certificates.k8s.io", "certificatesigningrequests", "certificatesigningrequest", &["csr"]),
    ("certificates.k8s.io", "clustertrustbundles", "clustertrustbundle", &[]),
    ("flowcontrol.apiserver.k8s.io", "flowschemas", "flowschema", &[]),
    (
        "flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations",
        "prioritylevelconfiguration",
        &[],
    ),
    ("internal.apiserver.k8s.io", "storageversions", "storageversion", &[]),
    ("metrics.k8s.io", "nodes", "node", &[]),
    (NETWORKING, "ingressclasses", "ingressclass", &[]),
    (NETWORKING, "ipaddresses", "ipaddress", &["ip"]),
    (NETWORKING, "servicecidrs", "servicecidr", &[]),
    ("node.k8s.io", "runtimeclasses", "runtimeclass", &[]),
    ("policy", "podsecuritypolicies", "podsecuritypolicy", &["psp"]),
    (RBAC, "clusterrolebindings", "clusterrolebinding", &[]),
    (RBAC, "clusterroles", "clusterrole", &[]),
    ("resource.k8s.io", "deviceclasses", "deviceclass", &[]),
    ("resource.k8s.io", "resourceslices", "resourceslice", &[]),
    ("scheduling.k8s.io", "priorityclasses", "priorityclass", &["pc"]),
    (STORAGE, "csidrivers", "csidriver", &[]),
    (STORAGE, "csinodes", "csinode", &[]),
    (STORAGE, "storageclasses", "storageclass", &["sc"]),
    (STORAGE, "volumeattachments", "volumeattachment", &[]),
    (STORAGE, "volumeattributesclasses", "volumeattributesclass", &["vac"]),
    ("storagemigration.k8s.io", "storageversionmigrations", "storageversionmigration", &[]),
];

//! The text of extract, show and check.

use std::fmt::Write as _;

use devkit_kubecerts::plan::{Planned, PlannedPart};
use devkit_kubecerts::{Certificate, Code, Report, Role, spaced, told};
use devkit_report::{Finding, Severity};

use super::{Loaded, Names};
use crate::amounts::count;
use crate::ui::{self, Fit, Phrase, Table, To, Ui, column};

/// A label and what it says.
fn line(text: &mut String, label: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(text, "{label:<12} {value}");
    }
}

fn shown_name(name: Option<&String>) -> String {
    name.map(|name| told(name)).unwrap_or_default()
}

fn head(loaded: &Loaded, report: &Report) -> String {
    let mut text = String::new();
    let context = shown_name(report.context.as_ref());
    line(&mut text, "context", &format!("{context}{}", loaded.origin(report)));
    line(&mut text, "server", &shown_name(report.server.as_ref()));
    line(&mut text, "user", &shown_name(report.user.as_ref()));
    text
}

/// What `extract` did, and what comes next.
pub(super) fn extracted(ui: &Ui, loaded: &Loaded, report: &Report, planned: &[Planned]) -> String {
    let mut text = head(loaded, report);
    text.push_str(&files(ui, loaded, report, planned));
    let next = next_steps(&loaded.names, report, planned);
    for (at, step) in next.iter().enumerate() {
        let _ = writeln!(text, "{} {step}", if at == 0 { "next:" } else { "     " });
    }
    text
}

/// What was extracted of all contexts, with the first of the next steps.
pub(super) fn extracted_all(ui: &Ui, loaded: &Loaded, done: &[(Report, Vec<Planned>)]) -> String {
    let mut text = String::new();
    for (report, planned) in done.iter().filter(|(_, planned)| !planned.is_empty()) {
        let server = shown_name(report.server.as_ref());
        let _ = writeln!(text, "{}  {server}", shown_name(report.context.as_ref()));
        text.push_str(&files(ui, loaded, report, planned));
        if let Some(step) = curl(report, planned) {
            let _ = writeln!(text, "next: {step}");
        }
    }
    text
}

fn files(ui: &Ui, loaded: &Loaded, report: &Report, planned: &[Planned]) -> String {
    let mut table = Table::new(&[column("", Fit::Wrap), column("", Fit::Wrap)]);
    for file in planned {
        let (good, what) = match file.part {
            PlannedPart::Certificate => certificate_line(loaded, report, Role::Client),
            PlannedPart::Ca => certificate_line(loaded, report, Role::Ca),
            PlannedPart::Key => key_line(report),
            PlannedPart::Bundle => (true, "key and certificate".into()),
            PlannedPart::P12 => (true, "key and certificate, encrypted".into()),
        };
        let mode = if file.is_private() { separated(&what, "mode 0600") } else { what };
        let name = loaded.names.show(&file.path);
        table.row([ui.sign(good).then(" ").then(name), mode.into()]);
    }
    table.text(ui, To::Out)
}

fn separated(first: &str, second: &str) -> String {
    if first.is_empty() { second.into() } else { format!("{first} · {second}") }
}

/// The first certificate of a kind, and whether its time is right.
fn certificate_line(loaded: &Loaded, report: &Report, role: Role) -> (bool, String) {
    match report.certificates.iter().find(|certificate| certificate.role == role) {
        Some(certificate) => validity(loaded.now, certificate),
        None => (false, "no certificate that can be read".into()),
    }
}

fn validity(now: i64, certificate: &Certificate) -> (bool, String) {
    let end = day(&certificate.not_after);
    let days = days_left(now, certificate);
    let good = certificate.expires >= now && certificate.begins <= now;
    let time = if certificate.expires < now {
        format!("expired on {end}")
    } else if certificate.begins > now {
        format!("not valid before {}", day(&certificate.not_before))
    } else if days < 1000 {
        format!("valid until {end} ({})", count(days, "day"))
    } else {
        format!("valid until {end}")
    };
    let subject = certificate.subject.as_deref().map(spaced);
    (good, format!("{} · {time}", subject.as_deref().unwrap_or("no subject")))
}

/// The day of a time in RFC 3339.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or_default()
}

/// Whole days until a certificate's end; below zero behind it.
fn days_left(now: i64, certificate: &Certificate) -> i64 {
    (certificate.expires - now).div_euclid(86_400)
}

/// The key, and whether it would work.
fn key_line(report: &Report) -> (bool, String) {
    match (&report.key_type, report.key_matches) {
        (Some(kind), Some(true)) => (true, format!("{kind}, matches the certificate")),
        (Some(kind), Some(false)) => (false, format!("{kind}, does not match the certificate")),
        (Some(kind), None) => (true, kind.clone()),
        (None, _) if report.key_encrypted => (false, "encrypted with a password".into()),
        (None, _) => (false, "not readable as a private key".into()),
    }
}

/// Where a part was written, ready for a shell.
fn written(planned: &[Planned], part: PlannedPart) -> Option<String> {
    let file = planned.iter().find(|file| file.part == part)?;
    Some(ui::quoted(&file.path.to_string_lossy()))
}

/// Commands ready to copy.
fn next_steps(names: &Names, report: &Report, planned: &[Planned]) -> Vec<String> {
    let mut again = names.command_for("extract", report.context.as_deref());
    let certificate = planned.iter().find(|file| file.part == PlannedPart::Certificate);
    let folder = certificate.and_then(|file| file.path.parent());
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        let _ = write!(again, " --out {}", ui::quoted(&folder.to_string_lossy()));
    }
    if written(planned, PlannedPart::Key).is_none() {
        return Vec::new();
    }
    let mut steps = Vec::from_iter(curl(report, planned));
    // Wireshark decrypts by a key only what RSA has exchanged.
    let rsa = report.key_type.as_ref().is_some_and(|kind| kind.starts_with("RSA"));
    steps.push(match written(planned, PlannedPart::P12) {
        Some(file) => format!(
            "Charles: Proxy > SSL Proxying Settings > Client Certificates, import {file}{}",
            if rsa { "; Wireshark: Preferences > RSA Keys (not for TLS 1.3)" } else { "" }
        ),
        None => format!(
            "for Charles{}: {again} --p12 client.p12 --password-file FILE",
            if rsa { " and Wireshark" } else { "" }
        ),
    });
    let upstream = written(planned, PlannedPart::Ca);
    let upstream = upstream.map(|ca| format!(" --set ssl_verify_upstream_trusted_ca={ca}"));
    let upstream = upstream.unwrap_or_default();
    steps.push(match (written(planned, PlannedPart::Bundle), https(report)) {
        (Some(file), Some(server)) => format!(
            "mitmproxy --mode reverse:{} --set client_certs={file}{upstream}",
            ui::quoted(server)
        ),
        _ => format!("for mitmproxy: {again} --bundle client.pem"),
    });
    steps
}

/// The server's address as curl takes it, which is without a query; nothing where it is not https.
fn https(report: &Report) -> Option<&str> {
    let server = report.server.as_deref()?.split(['?', '#']).next()?;
    let start = server.get(..8)?;
    start.eq_ignore_ascii_case("https://").then(|| server.trim_end_matches('/'))
}

/// curl with the extracted files, if there is a key and a server to use it with.
fn curl(report: &Report, planned: &[Planned]) -> Option<String> {
    let server = https(report)?;
    let file = |part| planned.iter().find(|file| file.part == part);
    let (certificate, key) = (file(PlannedPart::Certificate)?, written(planned, PlannedPart::Key)?);
    // What follows a colon would be the password of the key.
    let certificate = certificate.path.to_string_lossy().replace('\\', r"\\").replace(':', r"\:");
    let mut command = format!("curl --cert {} --key {key}", ui::quoted(&certificate));
    match (written(planned, PlannedPart::Ca), report.insecure_skip_tls_verify) {
        (Some(ca), _) => {
            let _ = write!(command, " --cacert {ca}");
        }
        // The context says so; nothing then checks that it is the right server.
        (None, true) => command.push_str(" --insecure"),
        (None, false) => {}
    }
    if let Some(proxy) = &report.proxy_url {
        // Go lets a SOCKS proxy resolve names.
        let proxy = proxy.replacen("socks5://", "socks5h://", 1);
        let _ = write!(command, " --proxy {}", ui::quoted(&proxy));
    }
    let (url, connect) = match &report.tls_server_name {
        None => (server.to_owned(), None),
        Some(name) => {
            let rest = &server["https://".len()..];
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let port = authority.rsplit_once(':').map(|(_, port)| port);
            let port =
                port.filter(|port| port.bytes().all(|b| b.is_ascii_digit())).unwrap_or("443");
            let host = authority.strip_suffix(&format!(":{port}")).unwrap_or(authority);
            (format!("https://{name}:{port}{path}"), Some(format!("{name}:{port}:{host}:{port}")))
        }
    };
    if let Some(connect) = connect {
        let _ = write!(command, " --connect-to {}", ui::quoted(&connect));
    }
    let _ = write!(command, " {}", ui::quoted(&format!("{url}/version")));
    if command.contains(":xxxxx@") {
        command.push_str("    (with the password in place of xxxxx)");
    }
    Some(command)
}

/// Everything about one context.
pub(super) fn shown(ui: &Ui, loaded: &Loaded, report: &Report) -> String {
    let mut text = String::new();
    let context = shown_name(report.context.as_ref());
    line(&mut text, "context", &format!("{context}{}", loaded.origin(report)));
    line(&mut text, "cluster", &shown_name(report.cluster.as_ref()));
    line(&mut text, "server", &shown_name(report.server.as_ref()));
    line(&mut text, "TLS name", &shown_name(report.tls_server_name.as_ref()));
    if report.insecure_skip_tls_verify {
        line(&mut text, "TLS", "the server's certificate is not checked");
    }
    line(&mut text, "proxy", &shown_name(report.proxy_url.as_ref()));
    line(&mut text, "user", &shown_name(report.user.as_ref()));
    line(&mut text, "namespace", &shown_name(report.namespace.as_ref()));
    line(&mut text, "auth", &auth(report));
    for certificate in &report.certificates {
        let label = match certificate.role {
            Role::Client => "client cert",
            Role::ClientChain => "with it",
            Role::Ca => "cluster CA",
        };
        let (good, line) = validity(loaded.now, certificate);
        let _ = writeln!(text, "{label:<12} {} {line}", ui.mark(good));
        let mut detail = |label: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{:12}   {label:<8} {value}", "");
            }
        };
        detail("issuer", &certificate.issuer.as_deref().map(spaced).unwrap_or_default());
        detail("names", &certificate.sans.join(", "));
        detail("serial", &certificate.serial);
        detail("valid", &format!("{} to {}", certificate.not_before, certificate.not_after));
        detail("key", &certificate.key_type);
        detail("SHA-256", &certificate.sha256);
    }
    if report.client_key.is_some() {
        let (good, key) = key_line(report);
        let _ = writeln!(text, "{:<12} {} {key}", "client key", ui.mark(good));
    }
    if report.ca.is_none() && !report.insecure_skip_tls_verify {
        line(&mut text, "cluster CA", "none: the system's CAs count");
    }
    text
}

fn auth(report: &Report) -> String {
    match report.auth.as_slice() {
        [] => "none".into(),
        auth => auth.iter().map(|auth| auth.name()).collect::<Vec<_>>().join(", "),
    }
}

/// A row for each context; the current one is marked.
pub(super) fn list(ui: &Ui, loaded: &Loaded, reports: &[Report]) -> String {
    let current = loaded.config.current_context().map(|(name, _)| name);
    let mut table = Table::new(&[
        column("", Fit::Keep),
        column("context", Fit::Wrap),
        column("server", Fit::Wrap),
        column("user", Fit::Wrap),
        column("auth", Fit::Drop),
        column("certificate", Fit::Wrap),
    ]);
    for report in reports {
        let is_current = report.context.as_deref() == current && current.is_some();
        table.row([
            if is_current { "*".into() } else { "".into() },
            shown_name(report.context.as_ref()).into(),
            shown_name(report.server.as_ref()).into(),
            shown_name(report.user.as_ref()).into(),
            auth(report).into(),
            state(ui, loaded, report),
        ]);
    }
    table.text(ui, To::Out)
}

/// Whether a context's credential works, in a few words.
fn state(ui: &Ui, loaded: &Loaded, report: &Report) -> Phrase {
    let client = report.certificates.iter().find(|found| found.role == Role::Client);
    let Some(first) = report.findings().next() else {
        return match client {
            Some(client) => ui.sign(true).then(format!(" until {}", day(&client.not_after))),
            None => "-".into(),
        };
    };
    let soon = first.code == Code::CertExpiresSoon.name();
    let expired = first.code == Code::CertExpired.name();
    let words = match client {
        Some(client) if soon => format!("ends in {}", count(days_left(loaded.now, client), "day")),
        Some(client) if expired => format!("expired on {}", day(&client.not_after)),
        _ => first.message.shown(ui.paths()),
    };
    let more = match report.findings().count() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    ui.sign(false).then(format!(" {words}{more}"))
}

/// The verdict on each context, with what was found; or only what is not well.
pub(super) fn checked(ui: &Ui, loaded: &Loaded, reports: &[Report], only_bad: bool) -> String {
    let mut text = String::new();
    for report in reports {
        let found = report.findings().next().is_some();
        if only_bad && !found {
            continue;
        }
        let client = report.certificates.iter().find(|found| found.role == Role::Client);
        let what = match client {
            Some(client) => validity(loaded.now, client).1,
            None if report.client_cert.is_some() => {
                "a client certificate that cannot be read".into()
            }
            None if report.auth.is_empty() => "no credential".into(),
            None => auth(report),
        };
        let context = shown_name(report.context.as_ref());
        let verdict = ui.sign(!found).then(format!(" {context}  {what}"));
        text.push_str(&ui.paragraph(To::Out, &verdict));
        let counts = |found: &Finding| found.severity == Severity::Error;
        let mut notes: Vec<&Finding> = report.warnings.iter().collect();
        notes.sort_by_key(|warning| !counts(warning));
        for warning in notes.into_iter().filter(|warning| counts(warning) || !only_bad) {
            let sign = if counts(warning) { ui.sign(false) } else { "!".into() };
            let message = warning.message.shown(ui.paths());
            let note = Phrase::from("  ").then(sign).then(format!(" {message} [{}]", warning.code));
            text.push_str(&ui.paragraph(To::Out, &note));
        }
    }
    if reports.is_empty() {
        text.push_str("the kubeconfig holds no context\n");
    }
    text
}

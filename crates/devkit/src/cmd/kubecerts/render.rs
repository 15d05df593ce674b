//! The text of all three commands.

use std::fmt::Write as _;

use console::Style;
use devkit_kubecerts::plan::{Planned, PlannedPart};
use devkit_kubecerts::{Certificate, Report, Role, Warning};
use devkit_text::escape;

use super::{Loaded, clock};
use crate::ui::{To, Ui};

/// A label and what it says.
fn line(text: &mut String, label: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(text, "{label:<12} {value}");
    }
}

fn shown_name(name: Option<&String>) -> String {
    name.map(|name| escape(name.as_bytes())).unwrap_or_default()
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
    let next = next_steps(report, planned);
    for (at, step) in next.iter().enumerate() {
        let _ = writeln!(text, "{} {step}", if at == 0 { "next:" } else { "     " });
    }
    text
}

/// The same for all contexts, without what comes next.
pub(super) fn extracted_all(ui: &Ui, loaded: &Loaded, done: &[(Report, Vec<Planned>)]) -> String {
    let mut text = String::new();
    for (report, planned) in done.iter().filter(|(_, planned)| !planned.is_empty()) {
        let _ = writeln!(text, "{}", shown_name(report.context.as_ref()));
        text.push_str(&files(ui, loaded, report, planned));
    }
    text
}

fn files(ui: &Ui, loaded: &Loaded, report: &Report, planned: &[Planned]) -> String {
    let names: Vec<String> = planned.iter().map(|file| loaded.names.show(&file.path)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (file, name) in planned.iter().zip(&names) {
        let (good, what) = match file.part {
            PlannedPart::Certificate => certificate_line(report, Role::Client),
            PlannedPart::Ca => certificate_line(report, Role::Ca),
            PlannedPart::Key => (report.key_matches != Some(false), key_line(report)),
            PlannedPart::Bundle => (true, "key and certificate".into()),
            PlannedPart::P12 => (true, "key and certificate, encrypted".into()),
        };
        let mode = if file.is_private() { separated(&what, "mode 0600") } else { what };
        let _ = writeln!(text, "{} {name:<width$}  {mode}", mark(ui, good));
    }
    text
}

fn separated(first: &str, second: &str) -> String {
    if first.is_empty() { second.into() } else { format!("{first} · {second}") }
}

fn mark(ui: &Ui, good: bool) -> String {
    let (sign, style) = match (good, ui.unicode) {
        (true, true) => ("✓", Style::new().green()),
        (true, false) => ("ok", Style::new().green()),
        (false, true) => ("✗", Style::new().red()),
        (false, false) => ("no", Style::new().red()),
    };
    ui.paint(To::Out, &style, sign)
}

/// The first certificate of a kind, and whether its time is right.
fn certificate_line(report: &Report, role: Role) -> (bool, String) {
    match report.certificates.iter().find(|certificate| certificate.role == role) {
        Some(certificate) => validity(certificate),
        None => (false, "no certificate that can be read".into()),
    }
}

fn validity(certificate: &Certificate) -> (bool, String) {
    let now = clock(0).now;
    let end = certificate.not_after.split('T').next().unwrap_or_default();
    let days = (certificate.expires - now).div_euclid(86_400);
    let good = certificate.expires >= now && certificate.begins <= now;
    let time = if certificate.expires < now {
        format!("expired on {end}")
    } else if certificate.begins > now {
        let start = certificate.not_before.split('T').next().unwrap_or_default();
        format!("not valid before {start}")
    } else if days < 1000 {
        format!("valid until {end} ({days} day{})", if days == 1 { "" } else { "s" })
    } else {
        format!("valid until {end}")
    };
    (good, format!("{} · {time}", spaced(&certificate.subject)))
}

/// A name with its parts apart; a comma within one has a backslash.
fn spaced(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 8);
    let mut escaped = false;
    for c in name.chars() {
        text.push(c);
        if c == ',' && !escaped {
            text.push(' ');
        }
        escaped = c == '\\' && !escaped;
    }
    text
}

fn key_line(report: &Report) -> String {
    let matches = match report.key_matches {
        Some(true) => "matches the certificate",
        Some(false) => "does not match the certificate",
        None => "",
    };
    match (&report.key_type, matches) {
        (Some(kind), "") => kind.clone(),
        (Some(kind), matches) => format!("{kind}, {matches}"),
        (None, _) => "not readable as a private key".into(),
    }
}

/// Commands ready to copy.
fn next_steps(report: &Report, planned: &[Planned]) -> Vec<String> {
    let path = |part| {
        planned
            .iter()
            .find(|file| file.part == part)
            .map(|file| quoted(&file.path.to_string_lossy()))
    };
    let (certificate, key, ca) = (
        path(PlannedPart::Certificate).unwrap_or_default(),
        path(PlannedPart::Key),
        path(PlannedPart::Ca),
    );
    let context = report.context.as_ref().map(|name| format!(" --context {}", quoted(name)));
    let context = context.unwrap_or_default();
    let mut steps = Vec::new();
    let server = report.server.as_deref().filter(|server| server.starts_with("https://"));
    if let (Some(server), Some(key)) = (server, &key) {
        steps.push(curl(report, server, &certificate, key, ca.as_deref()));
    }
    if key.is_none() {
        return steps;
    }
    steps.push(match path(PlannedPart::P12) {
        Some(file) => format!(
            "Charles: Proxy > SSL Proxying Settings > Client Certificates, import {file}; \
             Wireshark: Preferences > RSA Keys (not for TLS 1.3)"
        ),
        None => format!(
            "for Charles and Wireshark: devkit kubecerts extract{context} --p12 client.p12 \
             --password-file FILE"
        ),
    });
    let upstream = ca.map(|ca| format!(" --set ssl_verify_upstream_trusted_ca={ca}"));
    let upstream = upstream.unwrap_or_default();
    steps.push(match (path(PlannedPart::Bundle), server) {
        (Some(file), Some(server)) => format!(
            "mitmproxy --mode reverse:{} --set client_certs={file}{upstream}",
            quoted(server)
        ),
        _ => format!("for mitmproxy: devkit kubecerts extract{context} --bundle client.pem"),
    });
    steps
}

fn curl(report: &Report, server: &str, certificate: &str, key: &str, ca: Option<&str>) -> String {
    let mut command = format!("curl --cert {certificate} --key {key}");
    match (ca, report.insecure_skip_tls_verify) {
        (Some(ca), _) => {
            let _ = write!(command, " --cacert {ca}");
        }
        // As the context says; nothing then checks that it is the right server.
        (None, true) => command.push_str(" --insecure"),
        (None, false) => {}
    }
    if let Some(proxy) = &report.proxy_url {
        let _ = write!(command, " --proxy {}", quoted(proxy));
    }
    let server = server.trim_end_matches('/');
    let (url, connect) = match &report.tls_server_name {
        None => (server.to_owned(), None),
        Some(name) => {
            let rest = server.trim_start_matches("https://");
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let port = authority.rsplit_once(':').map(|(_, port)| port);
            let port =
                port.filter(|port| port.bytes().all(|b| b.is_ascii_digit())).unwrap_or("443");
            let host = authority.strip_suffix(&format!(":{port}")).unwrap_or(authority);
            (format!("https://{name}:{port}{path}"), Some(format!("{name}:{port}:{host}:{port}")))
        }
    };
    if let Some(connect) = connect {
        let _ = write!(command, " --connect-to {}", quoted(&connect));
    }
    let _ = write!(command, " {}", quoted(&format!("{url}/version")));
    command
}

/// For a shell, and for a terminal.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:@%+=,[]".contains(c);
    let text = escape(text.as_bytes());
    if !text.is_empty() && !text.contains(['[', ']']) && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
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
        let (good, line) = validity(certificate);
        let _ = writeln!(text, "{label:<12} {} {line}", mark(ui, good));
        let mut detail = |label: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{:12}   {label:<8} {value}", "");
            }
        };
        detail("issuer", &spaced(&certificate.issuer));
        detail("names", &certificate.sans.join(", "));
        detail("serial", &certificate.serial);
        detail("valid", &format!("{} to {}", certificate.not_before, certificate.not_after));
        detail("key", &certificate.key_type);
        detail("SHA-256", &certificate.sha256);
    }
    if report.client_key.is_some() {
        let good = report.key_type.is_some() && report.key_matches != Some(false);
        let _ = writeln!(text, "{:<12} {} {}", "client key", mark(ui, good), key_line(report));
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

/// One line for each context; the current one is marked.
pub(super) fn list(ui: &Ui, loaded: &Loaded, reports: &[Report]) -> String {
    let current = loaded.config.current_context().map(|(name, _)| name);
    let mut rows = vec![[
        String::new(),
        "context".into(),
        "server".into(),
        "user".into(),
        "auth".into(),
        "certificate".into(),
    ]];
    for report in reports {
        let client = report.certificates.iter().find(|found| found.role == Role::Client);
        let certificate = match (report.findings().next(), client) {
            (Some(finding), _) => format!("{} {}", mark(ui, false), finding.code),
            (None, Some(client)) => {
                let end = client.not_after.split('T').next().unwrap_or_default();
                format!("{} until {end}", mark(ui, true))
            }
            (None, None) => "-".into(),
        };
        let is_current = report.context.as_deref() == current && current.is_some();
        rows.push([
            if is_current { "*".into() } else { String::new() },
            shown_name(report.context.as_ref()),
            shown_name(report.server.as_ref()),
            shown_name(report.user.as_ref()),
            auth(report),
            certificate,
        ]);
    }
    table(&rows)
}

/// Columns two blanks apart; the last one is not padded.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |at: usize| rows.iter().map(|row| console::measure_text_width(&row[at])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let pad = width - console::measure_text_width(cell);
            let _ = write!(line, "{cell}{:pad$}  ", "");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The verdict on each context, with what was found.
pub(super) fn checked(ui: &Ui, loaded: &Loaded, reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let found = report.findings().next().is_some();
        if ui.quiet && !found {
            continue;
        }
        let client = report.certificates.iter().find(|found| found.role == Role::Client);
        let what = match client {
            Some(client) => validity(client).1,
            None if report.auth.is_empty() => "no credential".into(),
            None => format!("no client certificate · {}", auth(report)),
        };
        let context = shown_name(report.context.as_ref());
        let _ = writeln!(text, "{} {context}  {what}", mark(ui, !found));
        let mut notes: Vec<&Warning> = report.warnings.iter().collect();
        notes.sort_by_key(|warning| !warning.finding);
        for warning in notes.into_iter().filter(|warning| warning.finding || !ui.quiet) {
            let sign = if warning.finding { mark(ui, false) } else { "!".into() };
            let message = loaded.names.shorten(&warning.message);
            let _ = writeln!(text, "  {sign} {message} [{}]", warning.code);
        }
    }
    if reports.is_empty() {
        text.push_str("the kubeconfig holds no context\n");
    }
    text
}

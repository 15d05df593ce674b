//! What went wrong, in the user's words, and what to do next.

#[cfg(test)]
mod tests;

use devkit_kubecerts::{Auth, Base64Error, Error, safe_path, safe_place};
use devkit_report::{Message, message};
use devkit_text::words;

use super::Names;
use crate::failure::Failure;
use crate::ui;

pub(super) fn error(names: &Names, error: &Error) -> Failure {
    let failure = Failure::new(error.code(), error.message());
    let failure = failure.at(error.place().map(safe_place));
    let failure = match label(error) {
        Some(label) => failure.labelled(label),
        None => failure,
    };
    let failure = match cause(error) {
        Some(cause) => failure.because(cause),
        None => failure,
    };
    failure.hint(hint(names, error))
}

/// What is to be read beside the place.
fn label(error: &Error) -> Option<Message> {
    let Error::NoClientCertificate(none) = error else { return None };
    let (user, _) = none.user.as_ref()?;
    let means = match (none.auth.as_slice(), &none.command) {
        ([], _) if none.has_key => message!("has a key, and no certificate to it"),
        ([], _) => message!("proves in no way who it is"),
        (_, Some(command)) => message!("gets a credential from the command '{}'", command),
        (auth, None) => message!("uses {}", list(auth)),
    };
    Some(message!("user '{}' {}", user, means))
}

fn list(auth: &[Auth]) -> String {
    auth.iter().map(|auth| auth.name()).collect::<Vec<_>>().join(", ")
}

fn cause(error: &Error) -> Option<Message> {
    match error {
        Error::Unreadable { source, .. } => Some(words(source).into()),
        Error::Syntax { why, .. } => Some(why.into()),
        Error::BadBase64 { source, .. } => Some(source.to_string().into()),
        Error::NoCurrentContext { contexts } if contexts.is_empty() => {
            Some(message!("the kubeconfig holds no context"))
        }
        Error::NoClientCertificate(none) if none.user.is_none() => {
            Some(message!("the context names no user"))
        }
        Error::FileNotFound { named_by: Some(_), .. } => Some(message!(
            "paths are relative to the folder of the kubeconfig; ~ is a name like any other"
        )),
        _ => None,
    }
}

fn hint(names: &Names, error: &Error) -> String {
    match error {
        Error::NoKubeconfig { .. } => "name one: --kubeconfig FILE".into(),
        Error::FileNotFound { named_by: None, .. } | Error::IsDirectory { named_by: None, .. } => {
            "--kubeconfig takes one file; several are listed in KUBECONFIG, with ':' between".into()
        }
        Error::FileNotFound { .. } | Error::IsDirectory { .. } => {
            "correct the path, or put the file there".into()
        }
        Error::DataInFileField { named } => match named.field {
            "tokenFile" => "tokenFile names a file that holds the token".into(),
            field => format!("the field for base64 of the bytes is {field}-data"),
        },
        Error::Unreadable { .. } => "look at its permissions: ls -l".into(),
        Error::Syntax { place, .. } => {
            let file = ui::quoted(&place.file.to_string_lossy());
            format!("kubectl config view --kubeconfig {file} says the same in its own words")
        }
        Error::AliasBomb { .. } => "write out what the aliases stand for".into(),
        Error::WrongType { wanted: "a string", found: "a boolean" | "a number", .. } => {
            "put quotes around it: YAML takes yes, no, 123 and 1e3 for other things".into()
        }
        Error::WrongType { .. } => "correct it; kubectl refuses the whole file too".into(),
        Error::WrongKind { kind, .. } if kind == "Secret" => {
            "a kubeconfig is wanted; the Secret's data may hold one: base64 -d".into()
        }
        Error::WrongKind { .. } => "a kubeconfig is wanted: kind Config, apiVersion v1".into(),
        Error::BadBase64 { named, source: Base64Error::Pem } => format!(
            "put base64 -w0 of the file there, or name the file with {}",
            named.field.trim_end_matches("-data")
        ),
        Error::BadBase64 { named, .. } => format!(
            "it was probably cut or folded when it was copied; {}",
            match named.field {
                "client-key-data" => "the file itself can be named with client-key",
                "client-certificate-data" => "the file itself can be named with client-certificate",
                _ => "the file itself can be named with certificate-authority",
            }
        ),
        Error::DuplicateName { .. } => "rename or remove one of them".into(),
        Error::DataAndFile { named } => {
            format!("remove {field} or {field}-data", field = named.field)
        }
        Error::NoCurrentContext { contexts } => match contexts.as_slice() {
            [] => "name another file: --kubeconfig FILE".into(),
            [one, ..] => format!(
                "choose one: --context {}; all of them: {} --all",
                ui::quoted(one),
                names.command("show")
            ),
        },
        Error::NotFound { nearest, .. } => match nearest.as_slice() {
            [] => format!("all of them: {} --all", names.command("show")),
            near => format!(
                "did you mean {}? all of them: {} --all",
                near.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" or "),
                names.command("show")
            ),
        },
        Error::NoClientCertificate(none) if !none.has_ca => {
            format!(
                "there is nothing to extract; {} --all tells what there is",
                names.command("show")
            )
        }
        Error::NoClientCertificate(none) => format!(
            "there is nothing to extract; the CA alone: {} --stdout ca",
            names.command_for("extract", none.of.as_deref())
        ),
        Error::NoServer { .. } | Error::Unusable { .. } => {
            format!("correct it there; {} tells what else is wrong", names.command("check"))
        }
        Error::NoSuchPart { .. } => format!("{} tells what there is", names.command("show")),
        Error::NotPem { .. } => "leave out that file to get the bytes as they are".into(),
    }
}

/// What went wrong with the files to be written.
pub(super) fn writing(error: &devkit_fs::Error) -> Failure {
    match error {
        devkit_fs::Error::Exists { path } => Failure::new(
            "exists",
            message!("{} is there already, with other contents", safe_path(path)),
        )
        .hint("choose another place, or say --force"),
        devkit_fs::Error::Unwanted { path } => Failure::new(
            "exists",
            message!("{} is there already, and this context has none", safe_path(path)),
        )
        .hint("choose another folder with --out; with --force it is removed"),
        devkit_fs::Error::Twice { path } => {
            let text = message!("two files would be written to {}", safe_path(path));
            Failure::new("usage", text).hint("give each of them a place of its own")
        }
        devkit_fs::Error::NotRegular { path, kind } => {
            let text = message!("{} is there already, and {}", safe_path(path), kind);
            Failure::new("exists", text).hint("remove it, or choose another place")
        }
        devkit_fs::Error::Io { action, path, source } => {
            let denied = source.kind() == std::io::ErrorKind::PermissionDenied;
            let code = if denied { "permission-denied" } else { "io" };
            Failure::new(code, message!("cannot {} {}", action, safe_path(path)))
                .because(words(source))
                .hint("nothing was changed; choose another place")
        }
    }
}

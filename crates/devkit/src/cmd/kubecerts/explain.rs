//! What went wrong, in the user's words, and what to do next.

use devkit_kubecerts::{Auth, Base64Error, Error, Named, Place};
use devkit_text::words;

use super::Names;
use crate::failure::Failure;
use crate::ui;

pub(super) fn error(names: &Names, error: &Error) -> Failure {
    let failure = Failure::new(error.code(), message(names, error));
    let failure = Failure { place: place(names, error), ..failure };
    let failure = match cause(error) {
        Some(cause) => failure.because(cause),
        None => failure,
    };
    failure.hint(hint(names, error))
}

fn message(names: &Names, error: &Error) -> String {
    match error {
        Error::NoKubeconfig { tried } if tried.is_empty() => {
            "there is no kubeconfig: KUBECONFIG lists no file".into()
        }
        Error::NoKubeconfig { tried } => {
            let tried: Vec<_> = tried.iter().map(|path| names.show(path)).collect();
            format!("there is no kubeconfig: no file {}", tried.join(", nor "))
        }
        Error::FileNotFound { path, named_by: None } => {
            format!("there is no file {}", names.show(path))
        }
        Error::FileNotFound { path, named_by: Some(Named { field, owner, .. }) } => {
            format!("{field} of {owner} names a file that is not there: {}", names.show(path))
        }
        Error::IsDirectory { path, named_by: None } => {
            format!("{} is a directory, and no kubeconfig", names.show(path))
        }
        Error::IsDirectory { path, named_by: Some(Named { field, owner, .. }) } => {
            format!("{field} of {owner} names a directory: {}", names.show(path))
        }
        Error::Unreadable { path, .. } => format!("cannot read {}", names.show(path)),
        Error::Syntax { place, .. } => {
            format!("{} is no YAML that kubectl reads", names.show(&place.file))
        }
        Error::AliasBomb { place } => {
            format!("{} grows beyond measure by its aliases", names.show(&place.file))
        }
        Error::WrongKind { place, kind, api_version } => {
            format!("{} is a {kind} of {api_version}, not a Config of v1", names.show(&place.file))
        }
        Error::NotFound { kind, name, named_by, files, .. } => {
            let files: Vec<_> = files.iter().map(|file| names.show(file)).collect();
            let files = files.join(", ");
            match named_by {
                None => format!("no {kind} named '{name}' in {files}"),
                Some(context) => {
                    format!(
                        "context '{context}' names the {kind} '{name}', which is not in {files}"
                    )
                }
            }
        }
        other => other.to_string(),
    }
}

fn place(names: &Names, error: &Error) -> Option<String> {
    let shown = |place: &Place| format!("{}:{}", names.show(&place.file), place.at);
    let place = error.place()?;
    match error {
        Error::NoClientCertificate(none) => {
            let (user, _) = none.user.as_ref()?;
            let means = match (none.auth.as_slice(), &none.command) {
                ([], _) if none.has_key => "has a key, and no certificate to it".to_owned(),
                ([], _) => "proves in no way who it is".to_owned(),
                (_, Some(command)) => format!("gets a credential from the command '{command}'"),
                (auth, None) => format!("uses {}", list(auth)),
            };
            Some(format!("{}: user '{user}' {means}", shown(place)))
        }
        _ => Some(shown(place)),
    }
}

fn list(auth: &[Auth]) -> String {
    auth.iter().map(|auth| auth.name()).collect::<Vec<_>>().join(", ")
}

fn cause(error: &Error) -> Option<String> {
    match error {
        Error::Unreadable { source, .. } => Some(words(source)),
        Error::Syntax { why, .. } => Some(why.clone()),
        Error::BadBase64 { source, .. } => Some(source.to_string()),
        Error::NoCurrentContext { contexts } if contexts.is_empty() => {
            Some("the kubeconfig holds no context".into())
        }
        Error::NoClientCertificate(none) if none.user.is_none() => {
            Some("the context names no user".into())
        }
        Error::FileNotFound { named_by: Some(_), .. } => Some(
            "paths are relative to the folder of the kubeconfig; ~ is a name like any other".into(),
        ),
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
pub(super) fn writing(names: &Names, error: devkit_fs::Error) -> Failure {
    match error {
        devkit_fs::Error::Exists { path } => {
            let text = format!("{} is there already, with other contents", names.show(&path));
            Failure::new("exists", text).hint("choose another place, or say --force")
        }
        devkit_fs::Error::Unwanted { path } => {
            let text = format!("{} is there already, and this context has none", names.show(&path));
            Failure::new("exists", text)
                .hint("choose another folder with --out; with --force it is removed")
        }
        devkit_fs::Error::Twice { path } => {
            let text = format!("two files would be written to {}", names.show(&path));
            Failure::new("usage", text).hint("give each of them a place of its own")
        }
        devkit_fs::Error::NotRegular { path, kind } => {
            let text = format!("{} is there already, and {kind}", names.show(&path));
            Failure::new("exists", text).hint("remove it, or choose another place")
        }
        devkit_fs::Error::Io { action, path, source } => {
            let denied = source.kind() == std::io::ErrorKind::PermissionDenied;
            let code = if denied { "permission-denied" } else { "io" };
            Failure::new(code, format!("cannot {action} {}", names.show(&path)))
                .because(words(&source))
                .hint("nothing was changed; choose another place")
        }
    }
}

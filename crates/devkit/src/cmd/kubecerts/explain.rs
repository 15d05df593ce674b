//! What went wrong, in the user's words, and what to do next.

use devkit_kubecerts::{Auth, Error, Named, Place};
use devkit_text::words;

use super::Names;
use crate::failure::Failure;

pub(super) fn error(names: &Names, error: &Error) -> Failure {
    let failure = Failure::new(error.code(), message(names, error));
    let failure = Failure { place: place(names, error), ..failure };
    let failure = match cause(error) {
        Some(cause) => failure.because(cause),
        None => failure,
    };
    failure.hint(hint(error))
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

fn hint(error: &Error) -> String {
    match error {
        Error::NoKubeconfig { .. } => "name one: --kubeconfig FILE".into(),
        Error::FileNotFound { named_by: None, .. } | Error::IsDirectory { named_by: None, .. } => {
            "--kubeconfig takes one file; several are listed in KUBECONFIG, with ':' between".into()
        }
        Error::FileNotFound { .. } | Error::IsDirectory { .. } => {
            "correct the path, or put the file there".into()
        }
        Error::Unreadable { .. } => "look at its permissions: ls -l".into(),
        Error::Syntax { .. } => "kubectl config view says the same in its own words".into(),
        Error::AliasBomb { .. } => "write out what the aliases stand for".into(),
        Error::WrongType { wanted: "a string", .. } => {
            "put quotes around it: YAML takes yes, no, 123 and 1e3 for other things".into()
        }
        Error::WrongType { .. } => "correct it; kubectl refuses the whole file too".into(),
        Error::WrongKind { .. } => {
            "a kubeconfig is wanted; a Secret's data may hold one: base64 -d".into()
        }
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
            [one, ..] => {
                format!("choose one: --context '{one}'; all of them: devkit kubecerts show --all")
            }
        },
        Error::NotFound { nearest, .. } => match nearest.as_slice() {
            [] => "all of them: devkit kubecerts show --all".into(),
            near => format!(
                "did you mean {}? all of them: devkit kubecerts show --all",
                near.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" or ")
            ),
        },
        Error::NoClientCertificate(none) => {
            let context =
                none.of.as_ref().map(|of| format!(" --context '{of}'")).unwrap_or_default();
            format!(
                "there is nothing to extract; the CA alone: \
                 devkit kubecerts extract{context} --stdout ca"
            )
        }
        Error::NoSuchPart { .. } => "devkit kubecerts show tells what there is".into(),
        Error::NotPem { .. } => "leave out that file to get the bytes as they are".into(),
    }
}

/// What went wrong with the files to be written.
pub(super) fn writing(names: &Names, error: devkit_fs::Error) -> Failure {
    match error {
        devkit_fs::Error::Exists { path } => {
            let text = format!("{} is there already, with other contents", names.show(&path));
            Failure::new("exists", text).hint("choose another folder with --out, or say --force")
        }
        devkit_fs::Error::NotRegular { path, kind } => {
            let text = format!("{} is there already, and {kind}", names.show(&path));
            Failure::new("exists", text).hint("remove it, or choose another folder with --out")
        }
        devkit_fs::Error::Io { action, path, source } => {
            let denied = source.kind() == std::io::ErrorKind::PermissionDenied;
            let code = if denied { "permission-denied" } else { "io" };
            Failure::new(code, format!("cannot {action} {}", names.show(&path)))
                .because(words(&source))
                .hint("nothing was changed; choose another folder with --out")
        }
    }
}

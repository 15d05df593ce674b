//! How the proxy proves to the API server who it is: what kubectl would have done, had it been
//! handed the user's entry of the kubeconfig.

mod exec;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use devkit_kubecerts::{Secret, safe_path, told_path};
use devkit_report::{Message, message};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

pub use exec::{
    ApiVersion, ExecCluster, ExecConfig, FindProgram, Interactive, MakeStdio, PluginSurroundings,
};

/// A token file is read again after this long. Kubelets renew theirs well before they end.
const PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// No token is longer: the API server takes no such header.
const LONGEST_TOKEN: u64 = 1 << 20;

/// How a user proves who it is.
#[derive(Debug)]
pub enum AuthMethod {
    /// Not at all, or by the client certificate alone.
    None,
    /// `token`. An empty one is none.
    Token(Secret),
    /// `tokenFile`.
    TokenFile(PathBuf),
    /// `username` and `password`. Without a name it is none.
    Basic {
        /// The user's name.
        username: String,
        /// May be empty.
        password: Secret,
    },
    /// `exec`.
    Exec(Box<ExecConfig>),
}

/// Proves who the proxy is, as often as it is asked, and keeps what is still good.
#[derive(Debug)]
pub struct Credentials {
    way: AuthMethod,
    surroundings: PluginSurroundings,
    kept: Option<KeptCredential>,
    generation: u64,
}

#[derive(Debug)]
struct KeptCredential {
    current: Current,
    good: Good,
}

/// When it may be used without asking again.
#[derive(Debug, Clone, Copy)]
enum Good {
    Always,
    Until(Timestamp),
    /// For the period that begins then.
    From(Timestamp),
}

type Renewed = (Option<Secret>, Option<Arc<ClientCertificate>>, Good);

/// What proves it now.
#[derive(Debug, Clone)]
pub struct Current {
    /// The value of the `Authorization` header: `Bearer …`.
    pub header: Option<Secret>,
    /// For the TLS handshake, instead of the one in the kubeconfig.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// Another one has another number. For [`Credentials::refused`].
    pub generation: u64,
}

/// A client certificate with its key, as a plugin printed them.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and those that signed it: PEM.
    pub certificate: Secret,
    /// The certificate's key: PEM.
    pub key: Secret,
}

/// Why there is nothing that proves who the proxy is. Never holds what was read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The system refused.
    #[error("cannot read the token file {}", told_path(path))]
    TokenFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is nothing but blanks in it.
    #[error("the token file {} is empty", told_path(path))]
    EmptyTokenFile {
        /// Which.
        path: PathBuf,
    },
    /// The token has several lines, control characters, or no end.
    #[error("the token cannot be sent: no HTTP header holds it")]
    UnfitToken,
    /// `interactiveMode: Always` without a terminal to ask at.
    #[error("the credential plugin {command} wants a terminal, and standard input is none")]
    NoTerminal {
        /// The plugin.
        command: String,
    },
    /// `apiVersion: …/v1` without an `interactiveMode`, or one that nobody knows.
    #[error("interactiveMode has to be Never, IfAvailable or Always")]
    InteractiveMode,
    /// The command is nowhere.
    #[error("the credential plugin {command} is not installed")]
    NotInstalled {
        /// The plugin.
        command: String,
        /// What the kubeconfig says about that.
        install_hint: Option<String>,
    },
    /// The system would not run it.
    #[error("cannot run the credential plugin {command}")]
    Run {
        /// The plugin.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// The plugin said no.
    #[error("the credential plugin {command} failed with exit code {code}")]
    Failed {
        /// The plugin.
        command: String,
        /// The plugin's exit code.
        code: i32,
    },
    /// The plugin was ended from outside.
    #[error("the credential plugin {command} was ended by a signal")]
    Killed {
        /// The plugin.
        command: String,
    },
    /// The plugin printed more than anybody reads.
    #[error("the credential plugin {command} printed more than 1 MiB")]
    TooLong {
        /// The plugin.
        command: String,
    },
    /// What was printed is no JSON, or a field in it is of another type.
    #[error(
        "what the credential plugin {command} printed is not the JSON of an ExecCredential (line {line}, column {column})"
    )]
    NotJson {
        /// The plugin.
        command: String,
        /// Where that shows, from 1.
        line: usize,
        /// The byte in the line; 0 before the first.
        column: usize,
    },
    /// What was printed is another kind of object.
    #[error("the credential plugin {command} printed kind {found}, and ExecCredential is wanted")]
    OtherKind {
        /// The plugin.
        command: String,
        /// The kind; may be empty.
        found: String,
    },
    /// The plugin speaks another version than the kubeconfig says.
    #[error(
        "the credential plugin {command} printed apiVersion {found}, and the kubeconfig says {wanted}"
    )]
    OtherVersion {
        /// The plugin.
        command: String,
        /// The kubeconfig's.
        wanted: ApiVersion,
        /// The plugin's.
        found: String,
    },
    /// The plugin printed a request, not an answer.
    #[error("the credential plugin {command} printed no status")]
    NoStatus {
        /// The plugin.
        command: String,
    },
    /// The plugin's answer is empty.
    #[error("the credential plugin {command} printed neither a token nor a certificate")]
    NoCredential {
        /// The plugin.
        command: String,
    },
    /// A certificate is of no use without its key, nor a key without its certificate.
    #[error("the credential plugin {command} printed a certificate or a key, and not both")]
    HalfPair {
        /// The plugin.
        command: String,
    },
    /// `expirationTimestamp` is no time.
    #[error("the credential plugin {command} printed an expirationTimestamp that is not RFC 3339")]
    Expiration {
        /// The plugin.
        command: String,
    },
}

impl CredentialError {
    /// What is wrong, with a path still a path.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::TokenFile { path, .. } => {
                message!("cannot read the token file {}", safe_path(path))
            }
            Self::EmptyTokenFile { path } => {
                message!("the token file {} is empty", safe_path(path))
            }
            other => other.to_string().into(),
        }
    }

    /// How to install the plugin that is missing, as the kubeconfig has it; fit to be shown, and
    /// possibly several lines.
    #[must_use]
    pub fn install_hint(&self) -> Option<&str> {
        match self {
            Self::NotInstalled { install_hint, .. } => install_hint.as_deref(),
            _ => None,
        }
    }
}

impl Credentials {
    /// Nothing is read or run before it is asked for.
    #[must_use]
    pub fn new(way: AuthMethod, surroundings: PluginSurroundings) -> Self {
        Self { way, surroundings, kept: None, generation: 0 }
    }

    /// The value of the `Authorization` header, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Credentials::current`].
    pub fn header(&mut self, now: Timestamp) -> Result<Option<Secret>, CredentialError> {
        Ok(self.current(now)?.header)
    }

    /// What proves it now. May read a file, or run a plugin and wait for it: without a time limit.
    ///
    /// A plugin's answer is kept until it expires, a token file's content for a minute, and longer
    /// while the file cannot be read.
    ///
    /// # Errors
    ///
    /// [`CredentialError`].
    pub fn current(&mut self, now: Timestamp) -> Result<Current, CredentialError> {
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.good.is_good(now)) {
            return Ok(kept.current.clone());
        }
        let (header, certificate, good) = match (self.renew(now), &self.kept, &self.way) {
            (Ok(renewed), ..) => renewed,
            // The token file may just be being replaced, and the old token may still do.
            (Err(_), Some(kept), AuthMethod::TokenFile(_)) => return Ok(kept.current.clone()),
            (Err(error), ..) => return Err(error),
        };
        let same = |kept: &&KeptCredential| {
            (&kept.current.header, &kept.current.certificate) == (&header, &certificate)
        };
        let generation = match self.kept.as_ref().filter(same) {
            Some(kept) => kept.current.generation,
            None => self.generation + 1,
        };
        self.generation = generation;
        let current = Current { header, certificate, generation };
        self.kept = Some(KeptCredential { current: current.clone(), good });
        Ok(current)
    }

    /// Forgets what is kept: the next one is read or asked for anew.
    pub fn invalidate(&mut self) {
        self.kept = None;
    }

    /// Forgets what the server answered 401 to, unless it was already replaced: of many requests
    /// that were refused at once only the first makes a plugin run again.
    pub fn refused(&mut self, generation: u64) {
        self.kept.take_if(|kept| kept.current.generation == generation);
    }

    fn renew(&self, now: Timestamp) -> Result<Renewed, CredentialError> {
        let bearer = |token: &[u8]| header("Bearer", token);
        match &self.way {
            AuthMethod::None => Ok((None, None, Good::Always)),
            AuthMethod::Token(token) if token.is_empty() => Ok((None, None, Good::Always)),
            AuthMethod::Token(token) => Ok((Some(bearer(token)?), None, Good::Always)),
            AuthMethod::TokenFile(path) => Ok((Some(bearer(&read(path)?)?), None, Good::From(now))),
            AuthMethod::Basic { username, .. } if username.is_empty() => {
                Ok((None, None, Good::Always))
            }
            AuthMethod::Basic { username, password } => {
                Ok((Some(basic(username, password)?), None, Good::Always))
            }
            AuthMethod::Exec(config) => {
                let answer = exec::run(config, &self.surroundings)?;
                let header = answer.token.as_deref().map(bearer).transpose()?;
                let good = answer.expires.map_or(Good::Always, Good::Until);
                Ok((header, answer.certificate.map(Arc::new), good))
            }
        }
    }
}

impl Good {
    fn is_good(self, now: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::Until(end) => now <= end,
            // A clock that was set back is no reason to keep it for longer.
            Self::From(start) => start <= now && now.duration_since(start) < PERIOD,
        }
    }
}

fn read(path: &Path) -> Result<Secret, CredentialError> {
    let failed = |source| CredentialError::TokenFile { path: path.to_owned(), source };
    // Room for any usual token: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 << 10));
    let file = File::open(path).map_err(failed)?;
    file.take(LONGEST_TOKEN + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST_TOKEN {
        return Err(CredentialError::UnfitToken);
    }
    match bytes.trim_ascii() {
        [] => Err(CredentialError::EmptyTokenFile { path: path.to_owned() }),
        token => Ok(Secret::new(token.to_vec())),
    }
}

fn basic(username: &str, password: &[u8]) -> Result<Secret, CredentialError> {
    let pair = Zeroizing::new([username.as_bytes(), b":", password].concat());
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(&*pair));
    header("Basic", encoded.as_bytes())
}

/// A line break in a token would begin another header.
fn header(scheme: &str, value: &[u8]) -> Result<Secret, CredentialError> {
    if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(CredentialError::UnfitToken);
    }
    Ok(Secret::new([scheme.as_bytes(), b" ", value].concat()))
}

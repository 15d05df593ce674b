//! Credential plugins: the command that a kubeconfig names is run, and prints the credential.
//!
//! Rules: `client.authentication.k8s.io/v1` and `v1beta1`, as client-go has them. Unlike client-go,
//! the output has to be JSON, not YAML.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use devkit_kubecerts::{Secret, told};
use devkit_text::escape;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{ClientCertificate, CredentialError};

/// A plugin prints a token or two PEM files: this is far more.
const LONGEST_OUTPUT: u64 = 1 << 20;

/// The user's `exec` in a kubeconfig.
#[derive(Clone)]
pub struct ExecConfig {
    /// The version that both sides speak.
    pub api_version: ApiVersion,
    /// With a slash: a path, already resolved against the kubeconfig's folder. Without: looked up
    /// in `PATH`.
    pub command: String,
    /// The command's arguments.
    pub args: Vec<String>,
    /// Added to the environment, the last of a name counts.
    pub env: Vec<(String, String)>,
    /// What to say if the command is not there.
    pub install_hint: Option<String>,
    /// Whether it may ask the user.
    pub interactive: Interactive,
    /// What it is told of the cluster, with `provideClusterInfo`.
    pub cluster: Option<ExecCluster>,
}

/// What a plugin is told of the cluster.
#[derive(Clone, Default)]
pub struct ExecCluster {
    /// `server`.
    pub server: String,
    /// `tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// The bytes of `certificate-authority-data`, or of the file that is named instead.
    pub certificate_authority: Option<Vec<u8>>,
    /// `proxy-url`.
    pub proxy_url: Option<String>,
    /// `disable-compression`.
    pub disable_compression: bool,
    /// The cluster's extension `client.authentication.k8s.io/exec`.
    pub config: Option<Value>,
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// `client.authentication.k8s.io/v1`.
    V1,
    /// `client.authentication.k8s.io/v1beta1`.
    V1Beta1,
}

/// Whether a plugin may ask the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interactive {
    /// The plugin does not ask.
    Never,
    /// The plugin may ask, at a terminal.
    IfAvailable,
    /// The plugin has to ask.
    Always,
}

/// Makes one end of a plugin's standard streams.
pub type MakeStdio = Box<dyn Fn() -> Stdio + Send + Sync>;

/// Looks for a program on the `PATH`: as in Go, nothing is run from the working directory because of it.
pub type FindProgram = Box<dyn Fn(&str) -> Option<PathBuf> + Send + Sync>;

/// What a plugin finds around it.
pub struct PluginSurroundings {
    /// The whole environment, `PATH` included.
    pub environment: Vec<(OsString, OsString)>,
    /// Finds a program by its name, which has no `/`.
    pub find: FindProgram,
    /// The plugin's standard input where it may ask the user; nothing if that is no terminal.
    pub terminal: Option<MakeStdio>,
    /// The plugin's standard error.
    pub stderr: MakeStdio,
}

/// What a plugin answered.
pub(super) struct PluginAnswer {
    pub(super) token: Option<Secret>,
    pub(super) certificate: Option<ClientCertificate>,
    pub(super) expires: Option<Timestamp>,
}

/// Runs the plugin and waits for it.
pub(super) fn run(
    config: &ExecConfig,
    around: &PluginSurroundings,
) -> Result<PluginAnswer, CredentialError> {
    let stdin = match (config.interactive, &around.terminal) {
        (Interactive::Always, None) => {
            return Err(CredentialError::NoTerminal { command: config.shown() });
        }
        (Interactive::Never, _) | (_, None) => None,
        (_, Some(terminal)) => Some(terminal()),
    };
    let program = program(&config.command, around).ok_or_else(|| config.not_installed())?;
    let mut command = Command::new(program);
    command
        .arg0(&config.command)
        .args(&config.args)
        .env_clear()
        .envs(around.environment.iter().map(|(name, value)| (name, value)))
        .envs(config.env.iter().map(|(name, value)| (name, value)))
        .env("KUBERNETES_EXEC_INFO", config.request(stdin.is_some()))
        .stdin(stdin.unwrap_or_else(Stdio::null))
        .stdout(Stdio::piped())
        .stderr((around.stderr)());
    let failed = |source| CredentialError::Run { command: config.shown(), source };
    let mut child = command.spawn().map_err(failed)?;
    let printed = read(&mut child);
    if !matches!(&printed, Ok(bytes) if bytes.len() as u64 <= LONGEST_OUTPUT) {
        // The plugin may have ended by itself.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let printed = printed.map_err(failed)?;
    if printed.len() as u64 > LONGEST_OUTPUT {
        return Err(CredentialError::TooLong { command: config.shown() });
    }
    match status.code() {
        Some(0) => config.answer(&printed),
        Some(code) => Err(CredentialError::Failed { command: config.shown(), code }),
        None => Err(CredentialError::Killed { command: config.shown() }),
    }
}

fn read(child: &mut Child) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for any usual answer: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LONGEST_OUTPUT + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The file to run. A command with a `/` is a path already.
fn program(command: &str, around: &PluginSurroundings) -> Option<PathBuf> {
    if command.contains('/') {
        return Some(PathBuf::from(command)).filter(|program| program.exists());
    }
    (around.find)(command)
}

impl ExecConfig {
    /// Arguments and environment can hold secrets, the command's name does not.
    fn shown(&self) -> String {
        told(&self.command)
    }

    fn not_installed(&self) -> CredentialError {
        let hint = self.install_hint.as_ref().filter(|hint| !hint.is_empty());
        let lines = |hint: &String| {
            hint.lines().map(|line| escape(line.as_bytes())).collect::<Vec<_>>().join("\n")
        };
        CredentialError::NotInstalled { command: self.shown(), install_hint: hint.map(lines) }
    }

    /// What the plugin is asked, in its environment.
    fn request(&self, interactive: bool) -> String {
        let cluster = self.cluster.as_ref().map(|cluster| ExecInfoCluster {
            server: &cluster.server,
            tls_server_name: cluster.tls_server_name.as_deref(),
            insecure_skip_tls_verify: cluster.insecure_skip_tls_verify,
            certificate_authority_data: cluster
                .certificate_authority
                .as_ref()
                .map(|bytes| BASE64_STANDARD.encode(bytes)),
            proxy_url: cluster.proxy_url.as_deref(),
            disable_compression: cluster.disable_compression,
            config: cluster.config.as_ref(),
        });
        let asked = ExecInfo {
            kind: "ExecCredential",
            api_version: self.api_version.as_str(),
            spec: Spec { cluster, interactive },
        };
        serde_json::to_string(&asked).expect("strings and flags are always JSON")
    }

    fn answer(&self, printed: &[u8]) -> Result<PluginAnswer, CredentialError> {
        let command = self.shown();
        let printed: Printed = match serde_json::from_slice(printed) {
            Ok(printed) => printed,
            // The error's own text can quote a token.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return Err(CredentialError::NotJson { command, line, column });
            }
        };
        let begin = |text: String| told(&text.chars().take(100).collect::<String>());
        let kind = printed.kind.unwrap_or_default();
        if kind != "ExecCredential" {
            return Err(CredentialError::OtherKind { command, found: begin(kind) });
        }
        let version = printed.api_version.unwrap_or_default();
        if version != self.api_version.as_str() {
            let (wanted, found) = (self.api_version, begin(version));
            return Err(CredentialError::OtherVersion { command, wanted, found });
        }
        let Some(status) = printed.status else {
            return Err(CredentialError::NoStatus { command });
        };
        let expires = status.expiration_timestamp.map(|text| text.parse());
        let Ok(expires) = expires.transpose() else {
            return Err(CredentialError::Expiration { command });
        };
        let given = |text: Option<Hidden>| text.map(|text| text.0).filter(|text| !text.is_empty());
        let token = given(status.token);
        let pair = (given(status.client_certificate_data), given(status.client_key_data));
        let certificate = match pair {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) if token.is_none() => {
                return Err(CredentialError::NoCredential { command });
            }
            (None, None) => None,
            _ => return Err(CredentialError::HalfPair { command }),
        };
        Ok(PluginAnswer { token, certificate, expires })
    }
}

impl ApiVersion {
    /// The version that a kubeconfig names; nothing for one that nobody speaks any more.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V1, Self::V1Beta1].into_iter().find(|version| version.as_str() == text)
    }

    /// The version as a kubeconfig has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1Beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Interactive {
    /// Reads `interactiveMode`, which `v1beta1` need not say.
    ///
    /// # Errors
    ///
    /// [`CredentialError::InteractiveMode`] for another word, and for none with `v1`.
    pub fn parse(mode: Option<&str>, version: ApiVersion) -> Result<Self, CredentialError> {
        match (mode.unwrap_or_default(), version) {
            ("Never", _) => Ok(Self::Never),
            ("IfAvailable", _) | ("", ApiVersion::V1Beta1) => Ok(Self::IfAvailable),
            ("Always", _) => Ok(Self::Always),
            _ => Err(CredentialError::InteractiveMode),
        }
    }
}

impl fmt::Debug for ExecConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecConfig").field("command", &self.shown()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ExecCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL can have a password in it.
        f.debug_struct("ExecCluster").finish_non_exhaustive()
    }
}

impl fmt::Debug for PluginSurroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terminal = self.terminal.is_some();
        f.debug_struct("PluginSurroundings").field("terminal", &terminal).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecInfo<'a> {
    kind: &'static str,
    api_version: &'static str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ExecInfoCluster<'a>>,
    interactive: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ExecInfoCluster<'a> {
    server: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "is_not")]
    insecure_skip_tls_verify: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_url: Option<&'a str>,
    #[serde(skip_serializing_if = "is_not")]
    disable_compression: bool,
    /// `null` where there is none, as from client-go.
    config: Option<&'a Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_not(flag: &bool) -> bool {
    !flag
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    api_version: Option<String>,
    kind: Option<String>,
    status: Option<ExecCredentialStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredentialStatus {
    token: Option<Hidden>,
    client_certificate_data: Option<Hidden>,
    client_key_data: Option<Hidden>,
    expiration_timestamp: Option<String>,
}

struct Hidden(Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(Secret::new(text.into_bytes())))
    }
}

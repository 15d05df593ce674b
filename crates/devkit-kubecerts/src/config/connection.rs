//! What a context says of the connection to its server: where to, how to check it, and as whom.

use std::path::PathBuf;

use crate::address::{proxy_problem, server_problem};
use crate::config::files::Read;
use crate::config::kubeconfig::{Entry, Exec, Impersonation, User};
use crate::config::material::{Item, Material, resolve};
use crate::config::select::Selected;
use crate::error::Error;
use crate::secret::{Secret, told};

/// All that is needed to connect as kubectl would. No command of it has been run.
#[derive(Debug)]
pub struct Connection {
    /// The server's URL as written; it may lack a scheme (then kubectl takes `https` where there is
    /// a CA or a client certificate, and `http` otherwise).
    pub server: String,
    /// The name that the server's certificate is checked for, instead of the URL's host.
    pub tls_server_name: Option<String>,
    /// Whether the server's certificate is taken unseen.
    pub insecure_skip_tls_verify: bool,
    /// Whether answers are not to be compressed.
    pub disable_compression: bool,
    /// The proxy on the way: `http`, `https` or `socks5`.
    pub proxy_url: Option<String>,
    /// What the server's certificate is checked against; nothing stands for the system's roots.
    pub ca: Option<Item>,
    /// Certificate and key of the client.
    pub client: Option<(Item, Item)>,
    /// `token`.
    pub token: Option<Secret>,
    /// `tokenFile`, which counts more than `token`.
    pub token_file: Option<PathBuf>,
    /// `username` and `password`.
    pub basic: Option<(String, Secret)>,
    /// `exec`.
    pub exec: Option<Command>,
    /// The name of an `auth-provider`.
    pub auth_provider: Option<String>,
    /// `as` and its details.
    pub impersonation: Impersonation,
    /// The context's namespace.
    pub namespace: Option<String>,
}

/// A command that gets a credential, and where it is looked for.
#[derive(Debug, Clone)]
pub struct Command {
    /// What the kubeconfig says of it.
    pub exec: Exec,
    /// The program's path, relative to the kubeconfig's folder where it has a `/`; else a name for `PATH`.
    pub program: PathBuf,
}

impl Selected<'_> {
    /// What is needed to connect.
    ///
    /// # Errors
    ///
    /// [`Error::NoServer`] without a server or with one that kubectl does not take;
    /// [`Error::Unusable`] for what kubectl refuses to connect with; and what is wrong with a file
    /// that the context refers to, as in [`Selected::material`].
    ///
    /// Rules: client-go `tools/clientcmd/{client_config,validation}.go`, `rest/config.go`.
    pub fn connection(&self, read: Read<'_>) -> Result<Connection, Error> {
        let of = self.cluster().unwrap_or_default();
        let no_server = |why| Error::NoServer { cluster: told(of), why };
        let cluster = &self.cluster.ok_or_else(|| no_server("there is no such cluster"))?.value;
        if cluster.server.is_empty() {
            return Err(no_server("it names none"));
        }
        if let Some(why) = server_problem(&cluster.server) {
            return Err(no_server(why));
        }
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let proxy_url = given(&cluster.proxy_url);
        if let Some(why) = proxy_url.as_deref().and_then(proxy_problem) {
            return Err(Error::Unusable { what: "proxy-url", why });
        }
        let Material { certificate, key, ca, .. } = self.material(read).complete()?;
        if ca.is_some() && cluster.insecure_skip_tls_verify {
            let why = "a CA is given too, and the two contradict each other";
            return Err(Error::Unusable { what: "insecure-skip-tls-verify", why });
        }
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) => {
                let why = "there is no key to it";
                return Err(Error::Unusable { what: "client-certificate", why });
            }
            // kubectl ignores a key alone.
            (None, _) => None,
        };
        let mut connection = Connection {
            server: cluster.server.clone(),
            tls_server_name: given(&cluster.tls_server_name),
            insecure_skip_tls_verify: cluster.insecure_skip_tls_verify,
            disable_compression: cluster.disable_compression,
            proxy_url,
            ca,
            client,
            token: None,
            token_file: None,
            basic: None,
            exec: None,
            auth_provider: None,
            impersonation: Impersonation::default(),
            namespace: self.context.and_then(|context| given(&context.value.namespace)),
        };
        if let Some(user) = self.user {
            connection.identify(user)?;
            if let Some(command) = &mut connection.exec {
                command.exec.cluster_config.clone_from(&cluster.exec_config);
            }
        }
        Ok(connection)
    }
}

impl Connection {
    fn identify(&mut self, entry: &Entry<User>) -> Result<(), Error> {
        let (user, kubeconfig) = (&entry.value, &entry.place.file);
        self.token.clone_from(&user.token);
        self.token_file = user.token_file.as_ref().map(|(name, _)| resolve(name, kubeconfig));
        let password = user.password.clone();
        if !user.username.is_empty() || password.is_some() {
            let password = password.unwrap_or_else(|| Secret::new(Vec::new()));
            self.basic = Some((user.username.clone(), password));
        }
        if self.basic.is_some() && (self.token.is_some() || self.token_file.is_some()) {
            let why = "there is a user name or a password too";
            return Err(Error::Unusable { what: "token", why });
        }
        self.exec = user.exec.clone().map(|exec| {
            let program = if exec.command.contains('/') {
                resolve(&exec.command, kubeconfig)
            } else {
                exec.command.clone().into()
            };
            Command { exec, program }
        });
        self.auth_provider.clone_from(&user.auth_provider);
        if self.exec.is_some() && self.auth_provider.is_some() {
            return Err(Error::Unusable { what: "exec", why: "there is an auth-provider too" });
        }
        self.impersonation = user.impersonation.clone();
        if self.impersonation.user.is_empty() && self.impersonation.has_details() {
            let why = "as-uid, as-groups or as-user-extra need it";
            return Err(Error::Unusable { what: "as", why });
        }
        Ok(())
    }
}

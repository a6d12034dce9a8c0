//! Certificates and kubeconfigs of the cluster.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};

use crate::error::{Result, file};

/// The ServiceAccount that the operator runs under.
pub(crate) const OPERATOR_NAMESPACE: &str = "ivs-system";
pub(crate) const OPERATOR_ACCOUNT: &str = "ivs-operator";

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A certificate authority's files in one folder.
#[derive(Clone, Debug)]
pub(crate) struct Pki {
    dir: PathBuf,
}

/// Who a client certificate stands for.
struct Client {
    name: &'static str,
    user: String,
    /// One is all that a certificate can name here.
    group: String,
}

impl Pki {
    pub(crate) fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.dir.join("ca.crt")
    }

    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.crt"))
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.key"))
    }

    pub(crate) fn public_key(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pub"))
    }

    /// Makes what is missing: nothing if a cluster was set up here before.
    pub(crate) fn ensure(&self) -> Result<()> {
        let complete = self.dir.join("complete");
        if complete.exists() {
            return Ok(());
        }
        fs::create_dir_all(&self.dir).map_err(file(&self.dir))?;
        let authority = authority()?;
        write(&self.authority(), &authority.pem())?;
        // Signs the tokens of ServiceAccounts.
        let accounts = KeyPair::generate()?;
        write(&self.key("service-accounts"), &accounts.serialize_pem())?;
        write(&self.public_key("service-accounts"), &accounts.public_key_pem())?;
        self.issue(
            &authority,
            "serving",
            serving()?,
            ExtendedKeyUsagePurpose::ServerAuth,
        )?;
        for client in clients() {
            let mut params = named(&client.user);
            params
                .distinguished_name
                .push(DnType::OrganizationName, client.group);
            self.issue(
                &authority,
                client.name,
                params,
                ExtendedKeyUsagePurpose::ClientAuth,
            )?;
        }
        write(&complete, "")
    }

    fn issue(
        &self,
        authority: &Authority,
        name: &str,
        mut params: CertificateParams,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<()> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, authority)?;
        write(&self.certificate(name), &certificate.pem())?;
        write(&self.key(name), &key.serialize_pem())
    }

    /// Writes a kubeconfig for one of the client certificates.
    pub(crate) fn write_kubeconfig(&self, client: &str, server: &str, path: &Path) -> Result<()> {
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "devenv", "cluster": {
                "server": server, "certificate-authority": self.authority(),
            }}],
            "users": [{"name": client, "user": {
                "client-certificate": self.certificate(client), "client-key": self.key(client),
            }}],
            "contexts": [{"name": "devenv", "context": {"cluster": "devenv", "user": client}}],
            "current-context": "devenv",
        });
        // JSON is YAML.
        write(path, &format!("{config:#}\n"))
    }
}

fn clients() -> [Client; 3] {
    let masters = || "system:masters".to_owned();
    [
        Client {
            name: "admin",
            user: "admin".to_owned(),
            group: masters(),
        },
        Client {
            name: "controller-manager",
            user: "system:kube-controller-manager".to_owned(),
            group: masters(),
        },
        // What the apiserver makes of that account's token: RBAC decides alike, and a certificate needs no renewal.
        Client {
            name: "operator",
            user: operator_user(),
            group: operator_group(),
        },
    ]
}

/// The user name of the operator's ServiceAccount.
pub(crate) fn operator_user() -> String {
    format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_ACCOUNT}")
}

/// The group of the service accounts beside the operator's.
pub(crate) fn operator_group() -> String {
    format!("system:serviceaccounts:{OPERATOR_NAMESPACE}")
}

fn authority() -> Result<Authority> {
    let mut params = named("devenv");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn serving() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name = named("devenv-serving").distinguished_name;
    Ok(params)
}

fn named(user: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, user);
    params
}

fn write(path: &Path, content: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut out| out.write_all(content.as_bytes()))
        .map_err(file(path))
}

//! The way to a PostgreSQL server: which addresses are taken, and TLS.
//!
//! `sslmode=verify-full` and `sslrootcert` mean what they mean to every PostgreSQL client: the
//! server's certificate is checked against the system's roots or the ones in that file, and
//! its name against the address. Modes that check nothing are not taken. In clear only to this
//! machine, or to the one host that the operator named.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{StoreError, StoreResult};

/// The parameter that says whether TLS is spoken.
const MODE: &str = "sslmode";
/// The parameter that names a file with the certificates that are believed.
const ROOTS: &str = "sslrootcert";

/// Why an address of a database server is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No address of PostgreSQL.
    #[error("an address as in postgres://user:password@host/name")]
    NotAnAddress,
    /// In clear over a network.
    #[error(
        "?sslmode=verify-full behind it: what is sent to {host} would travel in clear; if that network is yours \
         alone, name the host in LOJISTA_DATABASE_PLAINTEXT_HOST"
    )]
    Plaintext {
        /// Where it would go.
        host: String,
    },
    /// A certificate that nobody looks at.
    #[error("sslmode=verify-full instead of {0}: the server's certificate and name are always checked")]
    Unchecked(String),
}

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) config: Config,
    pub(super) tls: Option<MakeRustlsConnect>,
}

/// An address in its parts.
struct Address {
    config: Config,
    encrypted: bool,
    roots: Option<PathBuf>,
}

fn parse(url: &str) -> Result<Address, AddressError> {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut kept, mut mode, mut roots) = (Vec::new(), None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((MODE, value)) => mode = Some(value),
            Some((ROOTS, value)) => {
                let pair = format!("{ROOTS}={value}");
                roots = url::form_urlencoded::parse(pair.as_bytes())
                    .next()
                    .map(|(_, file)| PathBuf::from(file.into_owned()));
            }
            _ => kept.push(pair),
        }
    }
    let encrypted = match mode {
        Some("verify-full") => true,
        None | Some("disable") => roots.is_some() && mode.is_none(),
        Some(other) => return Err(AddressError::Unchecked(other.to_owned())),
    };
    let rest = if kept.is_empty() { before.to_owned() } else { format!("{before}?{}", kept.join("&")) };
    let mut config: Config = rest.parse().map_err(|_| AddressError::NotAnAddress)?;
    config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
    Ok(Address { config, encrypted, roots })
}

/// Whether an address may be used: over a network only by TLS, unless `plaintext_host` is its
/// host.
pub fn check_address(url: &str, plaintext_host: Option<&str>) -> Result<(), AddressError> {
    let address = parse(url)?;
    if address.encrypted {
        return Ok(());
    }
    for host in address.config.get_hosts() {
        match host {
            Host::Tcp(name) if !is_this_machine(name) && plaintext_host != Some(name.as_str()) => {
                return Err(AddressError::Plaintext { host: name.clone() });
            }
            Host::Tcp(_) | Host::Unix(_) => {}
        }
    }
    Ok(())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl Way {
    /// Reads an address, and the certificates that it names.
    pub(super) fn to(url: &str) -> StoreResult<Self> {
        let address = parse(url).map_err(|error| {
            StoreError::Driver(format!("the address of the database is not taken, expected {error}"))
        })?;
        let tls = address.encrypted.then(|| connector(address.roots.as_deref())).transpose()?;
        Ok(Self { config: address.config, tls })
    }
}

fn connector(roots: Option<&Path>) -> StoreResult<MakeRustlsConnect> {
    let roots = match roots {
        Some(file) => roots_of(file)?,
        None => system_roots()?,
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Driver(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots_of(file: &Path) -> StoreResult<RootCertStore> {
    let refused = |why: String| {
        StoreError::Driver(format!(
            "the certificates in {} cannot be used ({why}): name a file of certificates in PEM in \
             LOJISTA_DATABASE_CA_FILE",
            file.display()
        ))
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| refused(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() { Err(refused("there is none".to_owned())) } else { Ok(roots) }
}

fn system_roots() -> StoreResult<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One that cannot be read proves nothing, and takes nothing from the others.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    Err(StoreError::Driver(
        "this machine has no certificates to check the database server by: install ca-certificates, or name a \
         file in LOJISTA_DATABASE_CA_FILE"
            .to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plaintext(host: &str) -> Result<(), AddressError> {
        Err(AddressError::Plaintext { host: host.to_owned() })
    }

    #[test]
    fn over_a_network_an_address_without_tls_is_refused_and_the_mend_is_said() {
        for address in ["postgres://u:p@db.example/n", "postgresql://u@10.1.2.3:5433/n?sslmode=disable"] {
            let refused = check_address(address, None).unwrap_err().to_string();
            assert!(refused.contains("sslmode=verify-full"), "{refused}");
            assert!(!refused.contains("u:p"), "{refused}");
        }
        assert_eq!(check_address("postgres://a@127.0.0.1,db/n", None), plaintext("db"));
        assert_eq!(check_address("postgres://db/n", Some("other")), plaintext("db"));
        assert_eq!(check_address("postgres://db/n", Some("db")), Ok(()));
    }

    #[test]
    fn this_machine_and_tls_are_taken() {
        for address in [
            "postgres://u@localhost/n",
            "postgres://u@127.0.0.1:1/n?options=-csearch_path%3Dx",
            "postgres://u@[::1]/n",
            "postgres://u@%2Frun%2Fpostgresql/n",
            "postgres://u@db.example/n?sslmode=verify-full",
            "postgres://u@db.example/n?sslrootcert=/etc/ca.pem",
        ] {
            assert_eq!(check_address(address, None), Ok(()), "{address}");
        }
    }

    #[test]
    fn a_mode_that_checks_nothing_or_only_half_is_refused() {
        for mode in ["prefer", "allow", "require", "verify-ca", "", "VERIFY-FULL"] {
            let refused = check_address(&format!("postgres://u@localhost/n?sslmode={mode}"), None);
            assert_eq!(refused, Err(AddressError::Unchecked(mode.to_owned())));
        }
        assert_eq!(check_address("postgres://[", None), Err(AddressError::NotAnAddress));
    }

    #[test]
    fn the_other_parameters_stay() {
        let address = parse(
            "postgres://u@h/n?options=-cx%3Dy&sslmode=verify-full&sslrootcert=%2Fa%20b&application_name=z",
        );
        let address = address.unwrap();
        assert_eq!(address.config.get_options(), Some("-cx=y"));
        assert_eq!(address.config.get_application_name(), Some("z"));
        assert_eq!((address.encrypted, address.roots), (true, Some(PathBuf::from("/a b"))));
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_named() {
        let folder = std::env::temp_dir();
        let file = folder.join(format!("lojista-no-roots-{}.pem", std::process::id()));
        for content in ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&file, content).unwrap();
            let url = format!("postgres://h/n?sslmode=verify-full&sslrootcert={}", file.display());
            let refused = Way::to(&url).err().unwrap().to_string();
            assert!(refused.contains("LOJISTA_DATABASE_CA_FILE"), "{refused}");
            assert!(refused.contains("lojista-no-roots"), "{refused}");
        }
        std::fs::remove_file(&file).unwrap();
        assert!(Way::to(&format!("postgres://h/n?sslrootcert={}", file.display())).is_err());
    }
}

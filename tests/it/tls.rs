//! TLS to a database server: a real PostgreSQL with certificates of its own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use store::{Location, Store, StoreError};
use tests::database::{POSTGRES_REQUIRED, block_on};
use xtask::services::{Fsync, Postgres, ServiceError};

/// A server that speaks TLS, and the certificates it is believed by.
struct Server {
    postgres: Postgres,
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments.split(' '));
    let output = command.output().expect("openssl is there");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Server {
    /// `None` where there is no PostgreSQL; the suite demands one.
    fn start() -> Option<Self> {
        match Postgres::start(Fsync::Off) {
            Ok(postgres) => Some(Self { postgres }),
            Err(ServiceError::Missing { program, .. }) if std::env::var(POSTGRES_REQUIRED).is_err() => {
                eprintln!("not run: {program} is not installed");
                None
            }
            Err(error) => panic!("PostgreSQL does not start: {error}"),
        }
    }

    fn folder(&self) -> PathBuf {
        self.postgres.folder().to_path_buf()
    }

    /// An authority of its own, and a certificate for `names` that it signed.
    fn certify(&self, names: &str) {
        let folder = self.folder();
        fs::write(folder.join("names"), format!("subjectAltName={names}\n")).unwrap();
        let authority = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-authority \
                         -keyout ca.key -out ca.pem";
        openssl(&folder, authority);
        openssl(
            &folder,
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=database -keyout server.key -out server.csr",
        );
        openssl(
            &folder,
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
        );
        let owner = fs::metadata(folder.join("data")).unwrap();
        for file in ["server.key", "server.pem"] {
            chown(folder.join(file), Some(owner.uid()), Some(owner.gid())).unwrap();
            fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let place = |file| folder.join(file).display().to_string();
        self.say(&format!("ALTER SYSTEM SET ssl_cert_file = '{}'", place("server.pem")));
        self.say(&format!("ALTER SYSTEM SET ssl_key_file = '{}'", place("server.key")));
        self.say("ALTER SYSTEM SET ssl = on");
        self.say("SELECT pg_reload_conf()");
    }

    fn say(&self, sql: &str) {
        let url = self.postgres.url().to_owned();
        std::thread::scope(|scope| {
            let said = scope.spawn(|| {
                let mut client =
                    postgres::Client::connect(&url, postgres::NoTls).expect("the server answers");
                client.batch_execute(sql).expect("the server takes it");
            });
            said.join().expect("it was said");
        });
    }

    /// The address with this host and these parameters behind it.
    fn address(&self, host: &str, more: &str) -> Location {
        Location::Server(format!("{}?{more}", self.postgres.url().replace("127.0.0.1", host)))
    }

    fn with_ca(&self, host: &str) -> Location {
        let roots = self.folder().join("ca.pem");
        self.address(host, &format!("sslmode=verify-full&sslrootcert={}", roots.display()))
    }
}

/// Opens the store once the server speaks TLS; it takes up new settings by itself, soon.
fn opened(location: &Location) -> Store {
    let mut tries = 0;
    loop {
        match Store::open(location) {
            Ok(store) => return store,
            Err(StoreError::Unreachable(_) | StoreError::Driver(_)) if tries < 100 => tries += 1,
            Err(error) => panic!("it does not open: {error}"),
        }
    }
}

fn refusal(location: &Location) -> String {
    Store::open(location).map(drop).expect_err("this is not believed").to_string()
}

/// ASVS 12.3.1, 12.3.2.
#[test]
fn a_server_is_spoken_to_by_tls_and_believed_by_its_certificate_and_name_only() {
    let Some(server) = Server::start() else { return };
    // A server that cannot speak TLS is not spoken to in clear instead.
    let before = refusal(&server.address("127.0.0.1", "sslmode=verify-full"));
    assert!(before.to_lowercase().contains("tls"), "{before}");

    server.certify("DNS:localhost");
    let store = opened(&server.with_ca("localhost"));
    let encrypted = "SELECT COUNT(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    let read = store.installation().read(move |tx| tx.row(encrypted, &[], |row| row.get::<i64>(0)));
    assert_eq!(block_on(read), Ok(Some(1)), "what is sent is encrypted");
    let clear = "SELECT COUNT(*) FROM pg_stat_ssl s JOIN pg_stat_activity a ON a.pid = s.pid \
                 WHERE a.application_name = 'lojista' AND NOT s.ssl";
    let read = store.installation().read(move |tx| tx.row(clear, &[], |row| row.get::<i64>(0)));
    assert_eq!(block_on(read), Ok(Some(0)), "each connection is");

    let by_another_name = refusal(&server.with_ca("127.0.0.1"));
    assert!(by_another_name.contains("certificate"), "{by_another_name}");
    // The system's roots do not know the test's authority.
    let unknown = refusal(&server.address("localhost", "sslmode=verify-full"));
    assert!(unknown.contains("certificate"), "{unknown}");
    for mode in ["require", "prefer", "verify-ca"] {
        let half = refusal(&server.address("localhost", &format!("sslmode={mode}")));
        assert!(half.contains("sslmode=verify-full instead of"), "{half}");
        assert!(!half.contains("lojista:"), "no password is shown: {half}");
    }
}

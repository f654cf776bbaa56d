use std::path::Path;

use store::Location;

use domain::ChannelKind;

use super::*;

/// Sources to be filled in.
#[derive(Default)]
struct Said(Sources);

impl Said {
    fn nothing() -> Self {
        let environment = [("HOME".to_owned(), "/h".to_owned())].into();
        Self(Sources { environment, ..Sources::default() })
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.0.environment.insert(name.into(), value.into());
        self
    }

    fn flag(mut self, key: &'static str, flag: &'static str, value: &str) -> Self {
        self.0.flags.push((key, flag, value.into()));
        self
    }

    fn file(mut self, path: &Path) -> Self {
        self.0.file = Some(path.to_owned());
        self
    }

    fn config(&self) -> Config {
        Config::load(&self.0).expect("a configuration that holds together")
    }

    fn refusal(&self) -> String {
        Config::load(&self.0).expect_err("a configuration that does not hold together").to_string()
    }
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

const ID: &str = "LOJISTA_MERCADO_LIVRE_CLIENT_ID";
const SECRET: &str = "LOJISTA_MERCADO_LIVRE_CLIENT_SECRET";
const API: &str = "LOJISTA_MERCADO_LIVRE_API_URL";
const CONSENT: &str = "LOJISTA_MERCADO_LIVRE_AUTHORIZATION_URL";

fn registered() -> Said {
    Said::nothing().variable(ID, "123").variable(SECRET, "s3cret")
}

#[test]
fn without_a_word_the_shop_is_this_machine_s_own() {
    let config = Said::nothing().config();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url("127.0.0.1:8081".parse().unwrap()), "http://127.0.0.1:8081");
    assert_eq!(config.server.threads, 2);
    assert_eq!(config.storage, Storage::in_folder(Path::new("/h/.local/share/lojista")));
    assert_eq!(config.log, Log::default());
    assert!(config.channels.is_empty());
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = written("[server]\nlisten = '127.0.0.1:1'\nthreads = 4\n[log]\nfilter = 'warn'\n");
    let said = Said::nothing().file(file.path()).variable("LOJISTA_LISTEN", "127.0.0.1:2");
    assert_eq!(said.config().server.listen.port(), 2);
    let config =
        said.variable("LOJISTA_THREADS", "3").flag("server.listen", "listen", "127.0.0.1:3").config();
    assert_eq!((config.server.listen.port(), config.server.threads), (3, 3));
    assert_eq!(config.log.filter, "warn");
}

#[test]
fn a_list_in_the_file_is_a_list() {
    let file = written("[server]\ntrusted_proxies = ['10.0.0.1', '::1']\n");
    let proxies = Said::nothing().file(file.path()).config().server.trusted_proxies;
    assert_eq!(proxies.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.1", "::1"]);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    let file = written("[server]\nlisten_on = '127.0.0.1:1'\n");
    let refusal = Said::nothing().file(file.path()).refusal();
    assert!(
        refusal.ends_with("sets server.listen_on, which means nothing; did you mean server.listen?"),
        "{refusal}"
    );
    let file = written("[kitchen]\nsink = 'x'\n");
    let refusal = Said::nothing().file(file.path()).refusal();
    assert!(refusal.ends_with("sets kitchen.sink, which means nothing"), "{refusal}");
    let file = written("listen = 'x'\n");
    let refusal = Said::nothing().file(file.path()).refusal();
    assert!(refusal.contains("sets listen, which means nothing"), "{refusal}");
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_refused() {
    let refusal = Said::nothing().file(Path::new("/nowhere/lojista.toml")).refusal();
    assert!(refusal.starts_with("/nowhere/lojista.toml cannot be read"), "{refusal}");
    let file = written("[server\n");
    assert!(Said::nothing().file(file.path()).refusal().contains("is not in the form of TOML"));
    let file = written("[server]\nlisten = 1.5\n");
    let refusal = Said::nothing().file(file.path()).refusal();
    assert!(refusal.starts_with("server.listen in "), "{refusal}");
}

#[test]
fn a_secret_is_read_from_its_file_without_the_line_end() {
    let file = written("postgres://u:p@db/lojista?sslmode=verify-full\n");
    let config = Said::nothing()
        .variable("LOJISTA_DATABASE_URL_FILE", file.path().to_str().unwrap())
        .variable("LOJISTA_KEY_FILE", "/etc/lojista/keys")
        .config();
    let address = "postgres://u:p@db/lojista?sslmode=verify-full";
    assert_eq!(config.storage.database, Location::Server(address.into()));
    assert_eq!(config.storage.folder, None);
}

#[test]
fn a_secret_given_twice_is_refused() {
    let refusal = registered().variable("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET_FILE", "/run/secret").refusal();
    assert_eq!(
        refusal,
        "LOJISTA_MERCADO_LIVRE_CLIENT_SECRET and LOJISTA_MERCADO_LIVRE_CLIENT_SECRET_FILE are both set: keep one of them"
    );
}

#[test]
fn a_secret_file_that_is_missing_or_endless_is_refused() {
    let said = |path: &str| {
        Said::nothing().variable(ID, "1").variable("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET_FILE", path)
    };
    assert!(
        said("/nowhere").refusal().contains("/nowhere (named by LOJISTA_MERCADO_LIVRE_CLIENT_SECRET_FILE)")
    );
    let file = written(&"x".repeat(65 * 1024));
    assert!(said(file.path().to_str().unwrap()).refusal().contains("more than 65536 bytes"));
}

#[test]
fn a_setting_that_is_no_secret_is_not_read_from_a_file() {
    let config = Said::nothing().variable("LOJISTA_LISTEN_FILE", "/nowhere").config();
    assert_eq!(config.server.listen.port(), 8080);
}

#[test]
fn two_places_for_the_data_are_refused() {
    let refusal = Said::nothing()
        .variable("LOJISTA_DATABASE_URL", "postgres://db/lojista")
        .flag("storage.data", "data", "/var/lib/lojista")
        .refusal();
    assert!(
        refusal.starts_with("--data and LOJISTA_DATABASE_URL both say where the data lives: keep"),
        "{refusal}"
    );
}

#[test]
fn a_database_server_wants_the_key_file_named() {
    let said = Said::nothing().variable("LOJISTA_DATABASE_URL", "postgres://db/lojista");
    assert!(said.refusal().contains("set LOJISTA_KEY_FILE"));
}

#[test]
fn a_database_that_is_not_postgresql_is_refused_and_its_password_is_not_shown() {
    let refusal = Said::nothing()
        .variable("LOJISTA_DATABASE_URL", "mysql://u:hunter2@db/lojista")
        .variable("LOJISTA_KEY_FILE", "/k")
        .refusal();
    assert_eq!(
        refusal,
        "LOJISTA_DATABASE_URL is not right: expected an address that begins with postgres://"
    );
}

/// ASVS 12.3.1.
#[test]
fn a_database_over_a_network_wants_tls_or_its_host_named() {
    let with =
        |url: &str| Said::nothing().variable("LOJISTA_DATABASE_URL", url).variable("LOJISTA_KEY_FILE", "/k");
    let refusal = with("postgres://u:hunter2@db.example/lojista").refusal();
    assert!(refusal.contains("?sslmode=verify-full behind it"), "{refusal}");
    assert!(refusal.contains("LOJISTA_DATABASE_PLAINTEXT_HOST") && !refusal.contains("hunter2"), "{refusal}");
    let refusal = with("postgres://db.example/lojista?sslmode=require").refusal();
    assert!(refusal.contains("sslmode=verify-full instead of require"), "{refusal}");
    with("postgres://127.0.0.1/lojista").config();
    with("postgres://db.example/lojista").variable("LOJISTA_DATABASE_PLAINTEXT_HOST", "db.example").config();
    let own = with("postgres://db.example/lojista?sslmode=verify-full")
        .variable("LOJISTA_DATABASE_CA_FILE", "/etc/our ca.pem")
        .config();
    let address = "postgres://db.example/lojista?sslmode=verify-full&sslrootcert=%2Fetc%2Four+ca.pem";
    assert_eq!(own.storage.database, Location::Server(address.into()));
    let alone = Said::nothing().variable("LOJISTA_DATABASE_CA_FILE", "/ca.pem").refusal();
    assert!(alone.contains("a database server that is not set"), "{alone}");
}

/// ASVS 12.2.1.
#[test]
fn orders_and_passwords_do_not_travel_in_clear() {
    let with = |url: &str| Said::nothing().variable("LOJISTA_PUBLIC_URL", url);
    assert!(with("http://hub.example").refusal().contains("expected an https:// address"));
    assert!(with("ftp://127.0.0.1").refusal().contains("expected an https:// address"));
    assert!(with("https://hub.example/shop").refusal().contains("without a path"));
    assert!(with("https://u:p@hub.example").refusal().contains("without a path"));
    assert!(with("hub").refusal().contains("expected an address"));
    let public = |url: &str| with(url).config().server.public_url.unwrap();
    assert_eq!(public("https://hub.example/"), "https://hub.example");
    assert_eq!(public("http://localhost:8080"), "http://localhost:8080");
    assert_eq!(public("http://[::1]:8080"), "http://[::1]:8080");
}

#[test]
fn listening_for_others_wants_a_public_address() {
    let said = Said::nothing().variable("LOJISTA_LISTEN", "0.0.0.0:8080");
    assert!(said.refusal().contains("set LOJISTA_PUBLIC_URL"));
    let config = said.variable("LOJISTA_PUBLIC_URL", "https://hub.example").config();
    assert_eq!(config.server.public_url(config.server.listen), "https://hub.example");
}

#[test]
fn values_that_are_none_are_refused_with_what_would_be_right() {
    let wrong = [
        ("LOJISTA_LISTEN", "8080", "an address and port, as in 127.0.0.1:8080"),
        ("LOJISTA_TRUSTED_PROXIES", "10.0.0.1, proxy", "IP addresses with commas between"),
        ("LOJISTA_THREADS", "0", "a number from 1 to 256"),
        ("LOJISTA_THREADS", "many", "a number from 1 to 256"),
        ("LOJISTA_LOG", "app=loud", "a level (error, warn, info, debug, trace), or levels by module"),
        ("LOJISTA_LOG_FORMAT", "xml", "text or json"),
    ];
    for (name, value, expected) in wrong {
        let refusal = Said::nothing().variable(name, value).refusal();
        assert_eq!(refusal, format!("{name} is not right: expected {expected}"));
    }
}

#[test]
fn an_empty_value_is_no_value() {
    assert_eq!(Said::nothing().variable("LOJISTA_LISTEN", " ").config().server.listen.port(), 8080);
}

/// The channels that are on.
#[test]
fn checkpoints_go_where_somebody_else_keeps_them_and_only_by_tls() {
    let said = Said::nothing()
        .variable("LOJISTA_AUDIT_PUSH_DIR", "/mnt/contador")
        .variable("LOJISTA_AUDIT_PUSH_URL", "https://contador.example/segredo/");
    let audit = said.config().audit;
    assert_eq!(audit.push_dir.as_deref(), Some(Path::new("/mnt/contador")));
    assert_eq!(audit.push_url.as_deref(), Some("https://contador.example/segredo/"));
    assert!(!format!("{audit:?}").contains("segredo"));
    assert_eq!(Said::nothing().config().audit, Audit::default());
    for wrong in
        ["http://contador.example/", "https://10.0.0.7/", "contador.example", "https://a:b@contador.example/"]
    {
        let refusal = Said::nothing().variable("LOJISTA_AUDIT_PUSH_URL", wrong).refusal();
        assert!(refusal.contains("LOJISTA_AUDIT_PUSH_URL"), "{wrong}: {refusal}");
    }
}

#[test]
fn a_mail_server_is_whole_or_refused_with_the_mend() {
    let at = |url: &str| Said::nothing().variable("LOJISTA_SMTP_URL", url);
    let from = |said: Said| said.variable("LOJISTA_MAIL_FROM", "Loja <loja@casa.example>");
    assert!(Said::nothing().config().mail.mailer().is_ok_and(|mailer| mailer.is_none()));
    let local = from(at("smtp://127.0.0.1:1025")).config().mail;
    assert!(local.mailer().is_ok_and(|mailer| mailer.is_some()));
    let whole = from(at("smtps://loja@mail.example")).variable("LOJISTA_SMTP_PASSWORD", "geheim").config();
    assert!(!format!("{whole:?}").contains("geheim"));
    for (said, mend) in [
        (at("smtps://mail.example"), "LOJISTA_MAIL_FROM"),
        (Said::nothing().variable("LOJISTA_SMTP_PASSWORD", "geheim"), "set LOJISTA_SMTP_URL"),
        (from(Said::nothing()), "set LOJISTA_SMTP_URL"),
        (from(at("smtps://loja@mail.example")), "LOJISTA_SMTP_PASSWORD_FILE"),
        (from(at("smtps://mail.example")).variable("LOJISTA_SMTP_PASSWORD", "geheim"), "before the @"),
        (from(at("smtps://loja:geheim@mail.example")), "without a password"),
        (from(at("smtp://mail.example")), "without TLS"),
        (from(at("mail.example")), "smtps://user@mail.example"),
        (at("smtps://mail.example").variable("LOJISTA_MAIL_FROM", "Loja"), "an e-mail address"),
    ] {
        let refused = said.refusal();
        assert!(refused.contains(mend) && !refused.contains("geheim"), "{refused}");
    }
}

const BUCKET: [(&str, &str); 4] = [
    ("LOJISTA_BACKUP_S3_ENDPOINT", "https://s3.sa-east-1.amazonaws.com"),
    ("LOJISTA_BACKUP_S3_BUCKET", "loja"),
    ("LOJISTA_BACKUP_S3_ACCESS_KEY_ID", "key-one"),
    ("LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY", "s3cret"),
];

fn with_bucket(but: &str, value: &str) -> Said {
    let given = BUCKET.into_iter().chain([(but, value)]);
    given.fold(Said::nothing(), |said, (name, value)| said.variable(name, value))
}

#[test]
fn a_bucket_for_backups_is_whole_or_refused_with_the_mend() {
    let shown = |said: &Said| format!("{:?}", said.config().backup.place);
    let amazon = shown(&with_bucket("LOJISTA_BACKUP_S3_PREFIX", "/casa/1/"));
    assert!(amazon.contains("https://s3.sa-east-1.amazonaws.com/loja/casa/1, VirtualHost"), "{amazon}");
    assert!(!amazon.contains("s3cret"), "{amazon}");
    let other = shown(&with_bucket("LOJISTA_BACKUP_S3_ENDPOINT", "https://10.0.0.7:9000"));
    assert!(other.contains("Path"), "{other}");

    for (variable, _) in BUCKET {
        let refusal = with_bucket(variable, "").refusal();
        assert!(refusal.contains("set in part") && refusal.contains(variable), "{refusal}");
    }
    let refusal = Said::nothing().variable("LOJISTA_BACKUP_S3_REGION", "sa-east-1").refusal();
    assert!(refusal.contains("set in part"), "{refusal}");
    for (variable, value, expected) in [
        ("LOJISTA_BACKUP_S3_ENDPOINT", "http://s3.example", "only https is called"),
        ("LOJISTA_BACKUP_S3_ENDPOINT", "https://s3.example/loja", "settings of their own"),
        ("LOJISTA_BACKUP_S3_BUCKET", "Loja", "the name of a bucket"),
        ("LOJISTA_BACKUP_S3_PREFIX", "a/../b", "a prefix of letters"),
        ("LOJISTA_BACKUP_S3_REGION", "sa east", "the name of a region"),
        ("LOJISTA_BACKUP_S3_STYLE", "host", "path or virtual-host"),
        ("LOJISTA_BACKUP_S3_ACCESS_KEY_ID", "key one", "the id of an access key"),
    ] {
        let refusal = with_bucket(variable, value).refusal();
        assert!(refusal.contains(variable) && refusal.contains(expected), "{refusal}");
    }
    let dotted = with_bucket("LOJISTA_BACKUP_S3_BUCKET", "lo.ja");
    let refusal = dotted.variable("LOJISTA_BACKUP_S3_STYLE", "virtual-host").refusal();
    assert!(refusal.contains("set LOJISTA_BACKUP_S3_STYLE to path"), "{refusal}");
}

#[test]
fn a_folder_and_a_bucket_at_once_are_refused_unless_a_flag_names_the_folder() {
    let refusal = with_bucket("LOJISTA_BACKUP_DIR", "/mnt/backups").refusal();
    assert!(refusal.contains("keep one of them"), "{refusal}");
    let flagged = with_bucket("LOJISTA_BACKUP_DIR", "/mnt/backups").flag("backup.dir", "to", "/mnt/other");
    let shown = format!("{:?}", flagged.config().backup.place);
    assert_eq!(shown, "Some(Folder(\"/mnt/other\"))");
}

#[test]
fn an_identity_provider_is_whole_or_not_there() {
    let at = |issuer: &str| Said::nothing().variable("LOJISTA_OIDC_ISSUER", issuer);
    let whole = || {
        at("https://id.example")
            .variable("LOJISTA_OIDC_CLIENT_ID", "loja")
            .variable("LOJISTA_OIDC_CLIENT_SECRET", "geheim")
    };
    assert!(Said::nothing().config().provider.provider().is_ok_and(|provider| provider.is_none()));
    let config = whole().variable("LOJISTA_OIDC_DOMAINS", " Casa.example, loja.example").config();
    assert!(!format!("{config:?}").contains("geheim"));
    let (provider, rules) = config.provider.provider().expect("it can be used").expect("there is one");
    assert_eq!(
        (provider.issuer(), rules.domains.join(" ")),
        ("https://id.example", "casa.example loja.example".to_owned())
    );
    for (said, mend) in [
        (at("https://id.example"), "LOJISTA_OIDC_CLIENT_ID"),
        (
            at("https://id.example").variable("LOJISTA_OIDC_CLIENT_ID", "loja"),
            "LOJISTA_OIDC_CLIENT_SECRET_FILE",
        ),
        (Said::nothing().variable("LOJISTA_OIDC_CLIENT_ID", "loja"), "LOJISTA_OIDC_ISSUER"),
        (Said::nothing().variable("LOJISTA_OIDC_CLIENT_SECRET", "geheim"), "LOJISTA_OIDC_ISSUER"),
        (Said::nothing().variable("LOJISTA_OIDC_DOMAINS", "casa.example"), "LOJISTA_OIDC_ISSUER"),
        (Said::nothing().variable("LOJISTA_OIDC_TRUSTED_AMR", "mfa"), "LOJISTA_OIDC_ISSUER"),
        (at("http://id.example").variable("LOJISTA_OIDC_CLIENT_ID", "loja"), "https"),
        (at("id.example"), "https://host"),
        (whole().variable("LOJISTA_OIDC_DOMAINS", "@casa.example"), "casa.example,loja.example"),
        (whole().variable("LOJISTA_OIDC_DOMAINS", "example"), "casa.example,loja.example"),
    ] {
        let refused = said.refusal();
        assert!(refused.contains(mend) && !refused.contains("geheim"), "{mend}: {refused}");
    }
}

#[test]
fn a_redis_is_called_by_tls_or_on_this_machine_or_at_the_host_that_was_named() {
    let at = |url: &str| Said::nothing().variable("LOJISTA_REDIS_URL", url);
    assert!(Said::nothing().config().redis.limits().is_none());
    for fine in [at("rediss://u:geheim@cache.example/0"), at("redis://127.0.0.1:6379")] {
        let redis = fine.config().redis;
        assert!(redis.limits().is_some() && !format!("{redis:?}").contains("geheim"));
    }
    let clear = at("redis://:geheim@cache.internal");
    let refusal = clear.refusal();
    assert!(refusal.contains("LOJISTA_REDIS_PLAINTEXT_HOST") && !refusal.contains("geheim"), "{refusal}");
    let named = at("redis://cache.internal").variable("LOJISTA_REDIS_PLAINTEXT_HOST", "cache.internal");
    assert!(named.config().redis.limits().is_some());
    let alone = Said::nothing().variable("LOJISTA_REDIS_PLAINTEXT_HOST", "cache.internal").refusal();
    assert!(alone.contains("LOJISTA_REDIS_URL"), "{alone}");
}

fn kinds(said: &Said) -> Vec<ChannelKind> {
    said.config().channels.iter().map(|channel| channel.kind()).collect()
}

#[test]
fn an_application_is_an_id_with_its_secret() {
    assert_eq!(kinds(&registered()), [ChannelKind::MercadoLivre]);
    let refusal = Said::nothing().variable(ID, "123").refusal();
    assert!(refusal.starts_with("LOJISTA_MERCADO_LIVRE_CLIENT_ID is set without the rest"), "{refusal}");
    let refusal = Said::nothing().variable(SECRET, "s3cret").refusal();
    assert!(refusal.starts_with("LOJISTA_MERCADO_LIVRE_CLIENT_SECRET is set without the rest"), "{refusal}");
    assert!(!refusal.contains("s3cret"));
}

#[test]
fn the_api_and_its_consent_page_belong_together() {
    let (api, consent) = ("http://127.0.0.1:9100", "http://127.0.0.1:9100");
    let config = registered().variable(API, api).variable(CONSENT, consent).config();
    assert_eq!(config.channels[0].api_base(), &connect::BaseUrl::parse(api).unwrap());
    assert!(registered().variable(API, api).refusal().contains("is set alone"));
    assert!(registered().variable(CONSENT, consent).refusal().contains("is set alone"));
    let mixed = registered().variable(API, api).variable(CONSENT, "https://auth.mercadolivre.com.br");
    assert!(mixed.refusal().contains("some to this machine and some to the internet"));
    let nobody = Said::nothing().variable(API, api).variable(CONSENT, consent);
    assert!(nobody.refusal().contains("but no application"));
    let disguised = registered().variable(API, "http://10.0.0.8").variable(CONSENT, consent);
    assert!(disguised.refusal().starts_with("LOJISTA_MERCADO_LIVRE_API_URL is not right"));
}

#[test]
fn each_channel_has_its_section() {
    // Without these a channel is off; a number is a value for each of them.
    let due = market::settings().filter(|setting| setting.default == "none: the channel is off");
    let said = due.fold(Said::nothing(), |said, setting| said.variable(setting.variable, "2099001"));
    assert_eq!(kinds(&said), ChannelKind::ALL);
    let wrong = [
        ("LOJISTA_SHOPEE_PARTNER_ID", "x1", "the app's number, as the console shows it"),
        ("LOJISTA_SHOPEE_REGION", "mars", "brazil or elsewhere"),
        ("LOJISTA_TIKTOK_SHOP_REGION", "br", "two capital letters, such as BR"),
    ];
    for (name, value, expected) in wrong {
        let said = Said(said.0.clone()).variable(name, value);
        assert_eq!(said.refusal(), format!("{name} is not right: expected {expected}"));
    }
}

#[test]
fn a_site_without_a_known_consent_page_is_refused() {
    let refusal = registered().variable("LOJISTA_MERCADO_LIVRE_SITE", "XXX").refusal();
    assert!(refusal.contains("no consent page is known for the site XXX"), "{refusal}");
}

#[test]
fn a_configuration_printed_shows_no_secret() {
    let config = registered()
        .variable("LOJISTA_DATABASE_URL", "postgres://u:hunter2@localhost/lojista")
        .variable("LOJISTA_KEY_FILE", "/k")
        .config();
    let printed = format!("{config:?}");
    assert!(!printed.contains("s3cret") && !printed.contains("hunter2"), "{printed}");
}

#[test]
fn the_data_home_follows_the_user() {
    let environment = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let home = |pairs: &[(&str, &str)], name| data_home(&environment(pairs), name).display().to_string();
    assert_eq!(home(&[("XDG_DATA_HOME", "/d"), ("HOME", "/h")], "lojista"), "/d/lojista");
    assert_eq!(
        home(&[("XDG_DATA_HOME", ""), ("HOME", "/h")], "lojista-demo"),
        "/h/.local/share/lojista-demo"
    );
    assert_eq!(home(&[], "lojista"), "data");
    assert_eq!(home(&[], "lojista-demo"), "data/lojista-demo");
}

#[test]
fn the_documents_name_exactly_what_can_be_set() {
    let document = include_str!("../../../../docs/configuration.md");
    for setting in settings() {
        let file = if setting.secret { format!(", `{}_FILE`", setting.variable) } else { String::new() };
        let Setting { key, variable, default, about, .. } = setting;
        let row = format!("| `{key}` | `{variable}`{file} | {default} | {about} |");
        assert!(document.contains(&row), "docs/configuration.md lacks the row\n{row}");
    }
    let known: Vec<String> = variables().collect();
    let named = document
        .split(|letter: char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'))
        .filter(|word| word.starts_with("LOJISTA_") && word.len() > "LOJISTA_".len());
    for name in named {
        assert!(
            known.iter().any(|variable| variable == name),
            "docs/configuration.md names {name}, which means nothing"
        );
    }
}

/// ASVS 13.1.1.
#[test]
fn every_setting_that_names_an_address_stands_on_the_page_of_who_is_spoken_to() {
    let page = include_str!("../../../../docs/security/communications.md");
    let names_one = |setting: &&Setting| {
        let ends = ["url", "listen", "proxies", "host", "push_dir", "endpoint"];
        ends.iter().any(|end| setting.key.ends_with(end))
    };
    for setting in settings().filter(names_one) {
        assert!(page.contains(&format!("`{}`", setting.variable)), "{} is not there", setting.variable);
    }
}

#[test]
fn what_new_passwords_may_be_is_read_and_its_file_looked_at() {
    assert!(!Said::nothing().config().passwords.four_classes);
    assert!(Said::nothing().variable("LOJISTA_PASSWORD_CLASSES", "1").config().passwords.four_classes);
    let refusal = Said::nothing().variable("LOJISTA_PASSWORD_CLASSES", "yes").refusal();
    assert!(refusal.contains("LOJISTA_PASSWORD_CLASSES") && refusal.contains("1 or 0"), "{refusal}");

    let list = written("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365\r\n");
    let named =
        |path: &Path| Said::nothing().variable("LOJISTA_BREACHED_PASSWORDS", &path.display().to_string());
    assert!(named(list.path()).config().passwords.rules().breached.is_some());
    for wrong in [written("password\n").path(), Path::new("/nowhere/at/all")] {
        let refusal = named(wrong).refusal();
        assert!(refusal.contains("LOJISTA_BREACHED_PASSWORDS"), "{refusal}");
    }
}

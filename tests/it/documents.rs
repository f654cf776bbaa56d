//! Documents that are made of the code, or held against it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use domain::limit::LIMITS;
use domain::member::Proof;
use domain::product_picture::{KEPT_SIDE_PX, MAX_FILE_BYTES, MAX_PICTURES, MAX_PIXELS};
use domain::retention;
use domain::role::Access;
use store::sessions::{SESSION_IDLE, SESSION_MAX};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Holds a document to what it is made of; where it is behind, the right one lies beside the tests.
fn is_as_made(document: &str, made: &str) {
    if fs::read_to_string(root().join(document)).unwrap_or_default() == made {
        return;
    }
    let program = env::current_exe().expect("the path of this very test");
    let target = program.ancestors().nth(3).expect("target, profile, deps and the test itself");
    let right = target.join(Path::new(document).file_name().expect("a file's name"));
    fs::write(&right, made).expect("a target folder that can be written to");
    panic!("{document} is behind the code; read it and take it over: cp {} {document}", right.display());
}

fn span(span: Duration) -> String {
    const UNITS: [(u128, &str); 5] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond")];
    let millis = span.as_millis();
    let (unit, name) =
        UNITS.into_iter().find(|(unit, _)| millis.is_multiple_of(*unit)).expect("a millisecond divides all");
    let count = millis / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// Fields that only make sense together, and what holds them to it.
const RULES: &str = "\n## Rules between fields\n\n\
    | fields | rule | held by |\n|---|---|---|\n\
    | amounts | a sum has one currency; two do not add up | `domain::money` |\n\
    | access and its last day | what needs a day has one, neither past nor too far | `app::members` |\n\
    | a count of stock and what its form showed | what left the shelf in between stays gone | `web::server::skus` |\n\
    | a product and the version that its form showed | who saw an older one is shown the newer one, and nothing is kept | `app::catalogue` |\n\
    | a variant and the axes of its product | one option of each axis, and no two variants the same | `domain::catalogue` |\n\
    | parcels and their package | every unit in exactly one parcel, no parcel empty, no more parcels than the platform makes | `domain::parcels` |\n\
    | an invoice's key and what authorised it | one key, whose last digit follows from the others, of an NF-e | `domain::invoice` |\n\
    | a marketplace's attributes, units and category | what the category asks for, in its units | `domain::attribute` |\n\
    | a form and the session that it was shown to | the token of that session, or nothing is done | `web::server::guard` |\n\
    | settings | contradictory ones stop the start and name each other | `lojista::config` |\n";

/// What one person, shop or request can have of something, and what becomes of the next.
fn bounds() -> Vec<Bound> {
    [bounds_of_members(), bounds_of_what_is_sent()].concat()
}

/// What it is of, how much, and what becomes of the next.
type Bound = (&'static str, String, &'static str);

fn bounds_of_members() -> Vec<Bound> {
    let count = |number: usize| number.to_string();
    vec![
        (
            "sessions of one member side by side",
            "not bounded".into(),
            "each is listed with its browser on the page of sign-in, where its member ends it; whoever administers ends one member's or everybody's",
        ),
        ("a session without a page", span(SESSION_IDLE), "it ends"),
        ("a session altogether", span(SESSION_MAX), "it ends"),
        ("a proof that opens what is sensitive", span(Proof::LIFE), "it is asked for again"),
        ("passkeys of one member", count(app::factors::MAX_PASSKEYS), "one has to be removed first"),
        ("keys for programs of one member", count(app::api_keys::MAX_KEYS), "one has to be ended first"),
        ("an invitation", span(retention::INVITATION_LIFE), "its link opens nothing; another is sent"),
        (
            "a link to come back in with",
            span(retention::RECOVERY_LINK_LIFE),
            "it opens nothing; another is made",
        ),
        (
            "access to buyers' data",
            span(Access::BUYER_DATA_MAX),
            "no later day is taken, and on its day it ends",
        ),
        ("access by breaking the glass", span(Access::BROKEN_GLASS), "it ends"),
        (
            "orders picked at once",
            count(app::picked::MAX_PICKED),
            "the request is refused and nothing is done",
        ),
        (
            "events in one file of the audit log",
            count(app::audit_export::MAX_EXPORTED),
            "the file ends there; the rest is exported by narrowing",
        ),
        (
            "buyers found by one search",
            count(app::buyers::MAX_BUYERS_FOUND),
            "none is shown; say more of whom is looked for",
        ),
        ("saved views of one member", count(domain::view::MAX_VIEWS), "one has to be deleted first"),
        (
            "units in one count of stock",
            count(usize::try_from(app::shelf::MAX_COUNT_UNITS).expect("a small number")),
            "the count is refused",
        ),
        (
            "holds of one shop",
            count(usize::try_from(store::holds::MAX_HOLDS).expect("a small number")),
            "one has to be lifted first",
        ),
    ]
}

fn bounds_of_what_is_sent() -> Vec<Bound> {
    // tidy: long because it is the table of bounds
    let count = |number: usize| number.to_string();
    let kib = |bytes: usize| format!("{} KiB", bytes / 1024);
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    vec![
        ("a form", kib(web::server::MAX_FORM_BYTES), "the request is refused unread"),
        (
            "a form of a product, with all its variants",
            kib(web::server::MAX_PRODUCT_FORM_BYTES),
            "the request is refused unread",
        ),
        (
            "a table that is brought along",
            kib(app::sheet::MAX_FILE_BYTES),
            "the rest is not taken, and the page says so",
        ),
        (
            "rows of such a table",
            count(domain::sheet::MAX_ROWS),
            "nothing of it is taken, and the page says so",
        ),
        (
            "variants of one product",
            count(domain::catalogue::MAX_VARIANTS),
            "the form comes back with the number that there would be, and nothing is made",
        ),
        (
            "a form with pictures, all its files together",
            mib(web::server::MAX_UPLOAD_BYTES),
            "the product's page says so, and nothing is kept",
        ),
        ("a picture's file", mib(MAX_FILE_BYTES), "none of its form is kept"),
        (
            "a picture's pixels, asked before they are read",
            format!("{} million", MAX_PIXELS / 1_000_000),
            "none of its form is kept",
        ),
        (
            "a side of a picture as it is kept",
            format!("{KEPT_SIDE_PX} pixels"),
            "it is made smaller, and anew in any case",
        ),
        ("pictures of one product", count(MAX_PICTURES), "one has to be removed first"),
        (
            "hooks that wait to be written",
            count(store::inbox::MAX_WAITING),
            "the platform is asked to come again (503 with Retry-After)",
        ),
        (
            "characters of a password",
            format!("{} to {} bytes", vault::password_rules::MIN_CHARS, vault::password::MAX_BYTES),
            "it is refused with the reason",
        ),
    ]
}

fn limits() -> String {
    let mut page = "# Limits\n\n\
        Made of `crates/domain/src/limit.rs` and of the constants that the code enforces; a test holds this page to them.\n\n\
        ## How often\n\n\
        All nodes share these counts, in the database or in Redis, and a restart forgets none. Whoever is refused takes nothing, \
        and is told how long to wait. Pages of one member are counted by each node for itself \
        (`LOJISTA_PAGES_PER_MINUTE`, [configuration](../configuration.md)); every channel has a pace of its own \
        ([0014](../decisions/0014-pace.md)).\n\n\
        | limit | at once | then one more after | what it is |\n|---|--:|--:|---|\n"
        .to_owned();
    for limit in LIMITS {
        let meaning = limit.meaning.trim();
        writeln!(page, "| {} | {} | {} | {meaning} |", limit.name, limit.burst, span(limit.every))
            .expect("a text grows");
    }
    page.push_str("\n## How much\n\n| what | at most | then |\n|---|--:|---|\n");
    for (what, most, then) in bounds() {
        writeln!(page, "| {what} | {most} | {then} |").expect("a text grows");
    }
    page + RULES
}

/// The text of every source file below a folder, tests left out.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("tests")) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push_str(&fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// Whether a word is the name of one of the cryptographic library's algorithms.
fn is_algorithm(word: &str) -> bool {
    const STEMS: [&str; 8] = ["AES_", "HMAC_", "HKDF_", "ECDSA_", "RSA_P", "SHA1_", "SHA256", "CHACHA20_"];
    let upper =
        word.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
    upper && (word == "ED25519" || STEMS.iter().any(|stem| word.starts_with(stem)))
}

#[test]
fn the_page_of_limits_says_what_the_code_enforces() {
    is_as_made("docs/security/limits.md", &limits());
}

/// ASVS 11.1.2.
#[test]
fn every_algorithm_that_the_program_names_stands_in_the_inventory_of_cryptography() {
    let mut code = String::new();
    for entry in fs::read_dir(root().join("crates")).expect("the rooms").flatten() {
        // The sandbox is the outside world: what it signs with is the marketplaces' own affair.
        if entry.file_name() != "sandbox" {
            sources(&entry.path().join("src"), &mut code);
        }
    }
    let words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let used: BTreeSet<&str> = words.filter(|word| is_algorithm(word)).collect();
    assert!(used.contains("AES_256_GCM") && used.len() >= 8, "the source is not where it was: {used:?}");
    let page = fs::read_to_string(root().join("docs/security/cryptography.md")).expect("the inventory");
    let missing: Vec<_> = used.into_iter().filter(|word| !page.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "docs/security/cryptography.md does not name {missing:?}");
    let named = page.split('`').skip(1).step_by(2).filter(|word| is_algorithm(word));
    let gone: Vec<_> = named.filter(|word| !code.contains(*word)).collect();
    assert!(gone.is_empty(), "docs/security/cryptography.md names what the program no longer uses: {gone:?}");
}

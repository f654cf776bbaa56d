//! The bill, and the rules of the format that it is held to: names of fields, which of them
//! have to be there, which values they take, and that every reference leads somewhere.

use std::collections::BTreeSet;

use super::super::tree::tests::{ALL, LINKED};
use super::*;

const LOCK: &str = r#"
version = 4
[[package]]
name = "lojista"
version = "0.1.0"
[[package]]
name = "store"
version = "0.1.0"
[[package]]
name = "sqlite"
version = "0.39.1"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "89e673a4778d6fc5ab0221bee1bb9ff3b8c63b4f98d83fbdf0c1d5cd5a2fde66"
[[package]]
name = "bytes"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "derive"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "syn"
version = "3.0.9"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

fn bill_of(lock: &str, binary: Option<&str>) -> Result<Value, String> {
    let tree = Tree::parse(ALL, LINKED).unwrap();
    let lock: Lock = lock.parse().unwrap();
    let toolchain: Toolchain =
        "release: 1.95.0\nhost: x86_64-unknown-linux-gnu\ncommit-hash: 59807616e1fa".parse().unwrap();
    let target = "x86_64-unknown-linux-musl";
    let binary = binary.map(str::to_owned);
    Bill { tree: &tree, lock: &lock, toolchain: &toolchain, target, binary }.document()
}

fn bill() -> Value {
    bill_of(LOCK, None).unwrap()
}

fn component<'a>(bill: &'a Value, name: &str) -> &'a Value {
    bill["components"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

#[test]
fn a_crate_is_told_with_address_licence_and_checksum() {
    assert_eq!(
        *component(&bill(), "sqlite"),
        json!({
            "type": "library",
            "bom-ref": "pkg:cargo/sqlite@0.39.1",
            "name": "sqlite",
            "version": "0.39.1",
            "purl": "pkg:cargo/sqlite@0.39.1",
            "scope": "required",
            "licenses": [{"expression": "MIT"}],
            "hashes": [{
                "alg": "SHA-256",
                "content": "89e673a4778d6fc5ab0221bee1bb9ff3b8c63b4f98d83fbdf0c1d5cd5a2fde66",
            }],
        })
    );
}

#[test]
fn a_room_of_ours_is_not_taken_for_its_namesake_at_the_registry() {
    let bill = bill();
    let room = component(&bill, "store");
    assert_eq!((room["bom-ref"].as_str(), &room["purl"]), (Some("room:store@0.1.0"), &Value::Null));
}

#[test]
fn what_writes_code_for_the_program_is_not_part_of_it() {
    let bill = bill();
    for (name, scope) in [("derive", "excluded"), ("syn", "excluded"), ("bytes", "required")] {
        assert_eq!(component(&bill, name)["scope"], scope, "{name}");
    }
}

#[test]
fn licences_of_the_old_spelling_are_written_anew_and_none_is_made_up() {
    let bill = bill();
    assert_eq!(component(&bill, "syn")["licenses"], json!([{"expression": "MIT OR Apache-2.0"}]));
    assert_eq!(component(&bill, "bytes")["licenses"], Value::Null);
    assert_eq!(licence_choice("our own words"), json!([{"license": {"name": "our own words"}}]));
}

#[test]
fn who_uses_whom_is_told_by_reference() {
    let bill = bill();
    let dependencies = bill["dependencies"].as_array().unwrap();
    let of = |reference: &str| {
        dependencies.iter().find(|one| one["ref"] == reference).unwrap()["dependsOn"].clone()
    };
    assert_eq!(of("room:store@0.1.0"), json!(["pkg:cargo/sqlite@0.39.1"]));
    assert_eq!(of("pkg:cargo/bytes@1.0.0"), json!([]));
    assert_eq!(of("room:lojista@0.1.0").as_array().unwrap().len(), 3);
}

#[test]
fn the_platform_and_the_compiler_are_told() {
    let bill = bill();
    assert_eq!(bill["metadata"]["properties"][0]["value"], "x86_64-unknown-linux-musl");
    let compiler = &bill["formulation"][0]["components"][0];
    assert_eq!((&compiler["name"], &compiler["version"]), (&json!("rustc"), &json!("1.95.0")));
}

#[test]
fn the_serial_number_is_that_of_the_content() {
    let (one, same, other) = (bill(), bill(), bill_of(LOCK, Some(&"a".repeat(64))).unwrap());
    assert_eq!(one["serialNumber"], same["serialNumber"]);
    assert_ne!(one["serialNumber"], other["serialNumber"]);
}

#[test]
fn a_build_in_a_version_does_not_become_a_space() {
    let tree =
        Tree::parse("0\tlojista v0.1.0\tMIT\n1\ttoml v1.2.1+spec-1.1.0\tMIT", "0\tlojista v0.1.0\tMIT")
            .unwrap();
    let lock = LOCK
        .replace("name = \"bytes\"\nversion = \"1.0.0\"", "name = \"toml\"\nversion = \"1.2.1+spec-1.1.0\"");
    let (lock, toolchain) = (lock.parse().unwrap(), "release: 1.95.0\nhost: here".parse().unwrap());
    let bill = Bill { tree: &tree, lock: &lock, toolchain: &toolchain, target: "here", binary: None };
    let bill = bill.document().unwrap();
    assert_eq!(component(&bill, "toml")["purl"], "pkg:cargo/toml@1.2.1%2Bspec-1.1.0");
    assert_eq!(component(&bill, "toml")["version"], "1.2.1+spec-1.1.0");
    assert_eq!(trouble(&bill), Vec::<String>::new());
}

#[test]
fn a_crate_that_the_lock_file_does_not_know_is_an_error() {
    let refused = bill_of(&LOCK.replace("\"sqlite\"", "\"sqlite2\""), None).unwrap_err();
    assert_eq!(refused, "sqlite 0.39.1 is not in the lock file");
}

#[test]
fn the_bill_has_the_shape_of_the_format() {
    assert_eq!(trouble(&bill()), Vec::<String>::new());
    assert_eq!(trouble(&bill_of(LOCK, Some(&"a".repeat(64))).unwrap()), Vec::<String>::new());
}

/// Breaks one rule.
type Spoil = fn(&mut Value);

#[test]
fn a_bill_of_another_shape_is_found_out() {
    let breaks: [(&str, Spoil); 11] = [
        ("bomFormat", |bill| bill["bomFormat"] = json!("SPDX")),
        ("specVersion", |bill| bill["specVersion"] = json!(1.6)),
        ("serialNumber", |bill| bill["serialNumber"] = json!("urn:uuid:ABC")),
        ("unknown field `crates`", |bill| bill["crates"] = json!([])),
        ("name", |bill| bill["components"][0]["name"] = Value::Null),
        ("type", |bill| bill["components"][0]["type"] = json!("crate")),
        ("scope", |bill| bill["components"][0]["scope"] = json!("used")),
        ("content", |bill| bill["components"][2]["hashes"] = json!([{"alg": "SHA-256", "content": "12"}])),
        ("twice", |bill| bill["components"][0]["bom-ref"] = json!("room:lojista@0.1.0")),
        ("leads nowhere", |bill| bill["dependencies"][0]["dependsOn"] = json!(["pkg:cargo/zip@1.0.0"])),
        ("licenses", |bill| {
            bill["components"][0]["licenses"] = json!([{"expression": "MIT"}, {"expression": "MIT"}]);
        }),
    ];
    for (say, spoil) in breaks {
        let mut bill = bill();
        spoil(&mut bill);
        let found = trouble(&bill);
        assert!(found.iter().any(|one| one.contains(say)), "{say}: {found:?}");
    }
}

/// Where a bill breaks the rules of CycloneDX 1.6, as far as its fields are used here.
pub(in crate::bom) fn trouble(bill: &Value) -> Vec<String> {
    let mut shape = Shape::default();
    let top = ["$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components"];
    shape.fields("bill", bill, &[&top[..], &["dependencies", "formulation"]].concat());
    shape.hold(bill["bomFormat"] == "CycloneDX", "bomFormat");
    shape.hold(bill["specVersion"] == "1.6", "specVersion");
    shape.hold(bill["version"].as_u64().is_some_and(|version| version >= 1), "version");
    shape.hold(bill["serialNumber"].as_str().is_some_and(is_serial_number), "serialNumber");
    shape.fields("metadata", &bill["metadata"], &["lifecycles", "tools", "component", "properties"]);
    let phases = ["design", "pre-build", "build", "post-build", "operations", "discovery", "decommission"];
    for one in list(&bill["metadata"]["lifecycles"]) {
        shape.hold(phases.iter().any(|phase| one["phase"] == *phase), "phase");
    }
    shape.component(&bill["metadata"]["component"]);
    let tools = list(&bill["metadata"]["tools"]["components"]);
    let formulas = list(&bill["formulation"]).iter();
    formulas.clone().for_each(|formula| shape.reference(formula));
    let of_formulas = formulas.flat_map(|formula| list(&formula["components"]));
    list(&bill["components"]).iter().chain(tools).chain(of_formulas).for_each(|one| shape.component(one));
    shape.dependencies(&bill["dependencies"]);
    shape.trouble
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// `urn:uuid:` and a UUID in small letters.
fn is_serial_number(text: &str) -> bool {
    let groups: Vec<&str> = text.strip_prefix("urn:uuid:").unwrap_or_default().split('-').collect();
    let small =
        |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(small)
}

#[derive(Default)]
struct Shape {
    references: BTreeSet<String>,
    trouble: Vec<String>,
}

impl Shape {
    fn hold(&mut self, holds: bool, what: &str) {
        if !holds {
            self.trouble.push(what.to_owned());
        }
    }

    /// The format allows no field that it does not name.
    fn fields(&mut self, what: &str, value: &Value, known: &[&str]) {
        let Some(fields) = value.as_object() else { return self.hold(false, what) };
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())) {
            self.trouble.push(format!("{what}: unknown field `{field}`"));
        }
    }

    fn reference(&mut self, value: &Value) {
        if let Some(reference) = value["bom-ref"].as_str() {
            let new = self.references.insert(reference.to_owned());
            self.hold(new && !reference.is_empty(), &format!("{reference}: twice, or empty"));
        }
    }

    fn component(&mut self, one: &Value) {
        const KNOWN: [&str; 10] = [
            "type",
            "bom-ref",
            "name",
            "version",
            "scope",
            "hashes",
            "licenses",
            "purl",
            "pedigree",
            "properties",
        ];
        self.fields("component", one, &KNOWN);
        self.reference(one);
        let types = ["application", "framework", "library", "platform", "file"];
        self.hold(types.iter().any(|kind| one["type"] == *kind), "type");
        self.hold(one["name"].as_str().is_some_and(|name| !name.is_empty()), "name");
        self.hold(one["version"].as_str().is_some_and(|version| version.len() <= 1024), "version");
        let scopes = ["required", "optional", "excluded"];
        self.hold(one["scope"].is_null() || scopes.iter().any(|scope| one["scope"] == *scope), "scope");
        self.hold(one["purl"].is_null() || one["purl"].as_str().is_some_and(is_purl), "purl");
        for hash in list(&one["hashes"]) {
            self.fields("hash", hash, &["alg", "content"]);
            self.hold(hash["alg"] == "SHA-256", "alg");
            self.hold(hash["content"].as_str().is_some_and(is_sha256), "content");
        }
        let licences = list(&one["licenses"]);
        let expressions = licences.iter().filter(|one| one["expression"].is_string()).count();
        let named = licences.iter().filter(|one| one["license"]["name"].is_string()).count();
        // Either one expression, or any number of licences.
        self.hold((expressions, named) == (1, 0) || (expressions, named) == (0, licences.len()), "licenses");
        for property in list(&one["properties"]) {
            self.fields("property", property, &["name", "value"]);
            self.hold(property["name"].is_string() && property["value"].is_string(), "property");
        }
    }

    fn dependencies(&mut self, dependencies: &Value) {
        let mut seen = BTreeSet::new();
        for one in list(dependencies) {
            self.fields("dependency", one, &["ref", "dependsOn"]);
            let reference = one["ref"].as_str().unwrap_or_default();
            self.hold(seen.insert(reference), &format!("{reference}: its dependencies are told twice"));
            let uses: Vec<&str> = list(&one["dependsOn"]).iter().filter_map(Value::as_str).collect();
            let different: BTreeSet<_> = uses.iter().collect();
            self.hold(different.len() == uses.len(), &format!("{reference}: names a dependency twice"));
            for used in uses.iter().chain([&reference]) {
                self.hold(self.references.contains(*used), &format!("{used}: leads nowhere"));
            }
        }
    }
}

fn is_purl(text: &str) -> bool {
    let rest = text.strip_prefix("pkg:cargo/").and_then(|rest| rest.split_once('@'));
    rest.is_some_and(|(name, version)| {
        !name.is_empty() && !version.is_empty() && !version.contains(['+', ' '])
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

//! The bill in the words of CycloneDX 1.6 (ECMA-424).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spdx::Expression;

use super::hexadecimal;
use super::tree::{Id, Node, Tree};
use crate::supply::lock::{Lock, Locked};
use crate::toolchain::Toolchain;

/// The version of the format.
const FORMAT: &str = "1.6";
/// How the compiler is referred to.
const COMPILER: &str = "toolchain:rustc";

/// All that the bill says.
#[derive(Debug)]
pub struct Bill<'a> {
    /// The crates.
    pub tree: &'a Tree,
    /// Where they come from.
    pub lock: &'a Lock,
    /// What builds them.
    pub toolchain: &'a Toolchain,
    /// For which platform.
    pub target: &'a str,
    /// SHA-256 of the program, in hexadecimal digits, when it is at hand.
    pub binary: Option<String>,
}

impl Bill<'_> {
    /// The bill. Its serial number is made of all the rest.
    ///
    /// # Errors
    /// When the lock file does not know a crate.
    pub fn document(&self) -> Result<Value, String> {
        let mut components = Vec::new();
        let mut dependencies = Vec::new();
        let mut program = Value::Null;
        for (id, node) in &self.tree.crates {
            let uses: Result<Vec<String>, String> =
                node.uses.iter().map(|used| self.reference(used)).collect();
            dependencies.push(json!({"ref": self.reference(id)?, "dependsOn": uses?}));
            let component = self.component(id, node)?;
            if *id == self.tree.root { program = component } else { components.push(component) }
        }
        program["type"] = json!("application");
        if let Some(checksum) = &self.binary {
            program["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        }
        let mut document = json!({
            "$schema": format!("http://cyclonedx.org/schema/bom-{FORMAT}.schema.json"),
            "bomFormat": "CycloneDX",
            "specVersion": FORMAT,
            "version": 1,
            "metadata": {
                "lifecycles": [{"phase": "build"}],
                "tools": {"components": [
                    {"type": "application", "name": "xtask", "version": env!("CARGO_PKG_VERSION")}
                ]},
                "component": program,
                "properties": [{"name": "lojista:target", "value": self.target}],
            },
            "components": components,
            "dependencies": dependencies,
            "formulation": [{"bom-ref": "toolchain", "components": [self.compiler()]}],
        });
        document["serialNumber"] = json!(serial_number(&document));
        Ok(document)
    }

    fn locked(&self, id: &Id) -> Result<&Locked, String> {
        let at = self.lock.find(&id.name, &id.version);
        at.map(|at| &self.lock.crates[at])
            .ok_or_else(|| format!("{} {} is not in the lock file", id.name, id.version))
    }

    /// What a crate is referred to by: its package URL, or the room's name when it is ours.
    /// Our rooms have no package URL: at crates.io their names are somebody else's.
    fn reference(&self, id: &Id) -> Result<String, String> {
        let kind = if self.locked(id)?.source.is_some() { "pkg:cargo/" } else { "room:" };
        // A version may have a build after a plus, which means a space in an address.
        Ok(format!("{kind}{}@{}", id.name, id.version.to_string().replace('+', "%2B")))
    }

    fn component(&self, id: &Id, node: &Node) -> Result<Value, String> {
        let reference = self.reference(id)?;
        let locked = self.locked(id)?;
        let mut component = json!({
            "type": "library",
            "bom-ref": reference,
            "name": id.name,
            "version": id.version.to_string(),
            "scope": if node.linked { "required" } else { "excluded" },
        });
        if locked.source.is_some() {
            component["purl"] = json!(reference);
        }
        if let Some(licence) = &node.licence {
            component["licenses"] = licence_choice(licence);
        }
        if let Some(checksum) = &locked.checksum {
            component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        }
        Ok(component)
    }

    fn compiler(&self) -> Value {
        let mut compiler = json!({
            "type": "application",
            "bom-ref": COMPILER,
            "name": "rustc",
            "version": self.toolchain.release.to_string(),
            "properties": [{"name": "lojista:host", "value": self.toolchain.host}],
        });
        if let Some(commit) = &self.toolchain.commit {
            compiler["pedigree"] = json!({"commits": [{"uid": commit}]});
        }
        compiler
    }
}

/// An expression of today's form where there is one; else the author's words as a name.
fn licence_choice(licence: &str) -> Value {
    let canonical = Expression::canonicalize(licence).ok().flatten().unwrap_or_else(|| licence.to_owned());
    match Expression::parse(&canonical) {
        Ok(_) => json!([{"expression": canonical}]),
        Err(_) => json!([{"license": {"name": licence}}]),
    }
}

/// A UUID of version 8 (RFC 9562: its maker's own), made of the document's SHA-256.
fn serial_number(document: &Value) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(document.to_string())[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hexadecimal(&bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    format!("urn:uuid:{}", parts.join("-"))
}

#[cfg(test)]
#[path = "document/tests.rs"]
pub(super) mod tests;

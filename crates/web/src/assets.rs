//! Static files, embedded. Each has its content's hash in its address, so browsers may
//! keep it for ever and never show an old one.

use std::sync::LazyLock;

/// How a fingerprinted file may be kept: for ever, its address changes with it.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// A static file.
#[derive(Debug)]
pub struct Asset {
    /// Its name (`app.css`).
    pub name: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Where it is served: `/static/{hash}/{name}`.
    pub path: String,
}

static ASSETS: LazyLock<[Asset; 5]> = LazyLock::new(|| {
    [
        asset("app.css", "text/css; charset=utf-8", include_bytes!("../static/app.css")),
        asset("app.js", "text/javascript; charset=utf-8", include_bytes!("../static/app.js")),
        asset("draft.js", "text/javascript; charset=utf-8", include_bytes!("../static/draft.js")),
        asset("icons.svg", "image/svg+xml", include_bytes!("../static/icons.svg")),
        asset("favicon.svg", "image/svg+xml", include_bytes!("../static/favicon.svg")),
    ]
});

fn asset(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { name, content_type, bytes, path: format!("/static/{:016x}/{name}", fingerprint(bytes)) }
}

/// FNV-1a, 64 bits: tells versions of our own files apart. Nothing secret, no enemy.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Every static file.
#[must_use]
pub fn all() -> &'static [Asset] {
    &*ASSETS
}

/// The file that is served at `path`; `None` when the name or the hash is not ours.
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The address of a file by its name; empty for a name that is none.
#[must_use]
pub fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| &asset.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_full_address_only() {
        let css = path("app.css");
        assert_eq!(find(css).map(|asset| asset.name), Some("app.css"));
        assert!(find("/static/0000000000000000/app.css").is_none());
        assert!(find("/static/app.css").is_none());
        assert_eq!(path("../Cargo.toml"), "");
    }

    #[test]
    fn another_content_has_another_address() {
        assert_ne!(fingerprint(b"a"), fingerprint(b"b"));
        // Test vector of the FNV authors for 64-bit FNV-1a of "foobar".
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }
}

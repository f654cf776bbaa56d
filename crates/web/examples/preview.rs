//! Writes every sample page and the static files to a folder, to be looked at:
//! `cargo run -p web --example preview -- target/preview`, then serve that folder.

use std::io;
use std::path::{Path, PathBuf};

use web::{Lang, Theme, assets, samples};

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/preview"), PathBuf::from);
    for asset in assets::all() {
        write(&folder.join(asset.path.trim_start_matches('/')), asset.bytes)?;
    }
    for lang in Lang::ALL {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, page) in samples::all(lang, theme) {
                let html = page.map_err(io::Error::other)?;
                let file = format!("{}-{}-{name}.html", lang.tag(), theme.as_str());
                write(&folder.join(file), html.as_bytes())?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, bytes)
}

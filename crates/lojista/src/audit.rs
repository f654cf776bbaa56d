//! `audit export` and `audit verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use app::audit_export::OCSF_FILE;
use vault::export::{Kept, Report};
use vault::{LogVerifier, verify_export_with};

use crate::config::Config;
use crate::failure::Failure;
use crate::house;

/// The verifier key's name in an export.
const KEY_FILE: &str = "verifier-key";

/// Writes everything an outsider needs.
pub(crate) async fn export(config: Config, folder: PathBuf, ocsf: bool) -> Result<(), Failure> {
    let taken = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Failure::new(format!(
            "{} is not empty: an export wants a new folder, so that nothing older stands beside it",
            folder.display()
        )));
    }
    let public_url = config.server.public_url(config.server.listen);
    let ground = house::open(&config.storage).await?;
    let app =
        house::build(ground, house::channels(&config.channels)?, public_url, config.server.second_factor)
            .await?;
    eprintln!("Writing the audit log to {} …", folder.display());
    app.note_export_by_command(if ocsf { "folder and ocsf" } else { "folder" }).await?;
    let entries = app.export_audit(&folder).await.map_err(Failure::new)?;
    println!("{entries} entries exported to {}.", folder.display());
    if ocsf {
        let events = app.export_ocsf(&folder).await.map_err(Failure::new)?;
        println!("{events} events written as OCSF to {}.", folder.join(OCSF_FILE).display());
    }
    println!("Verify them anywhere, with the key that this installation publishes:");
    println!("  lojista audit verify {} --key '{}'", folder.display(), app.audit_verifier());
    Ok(())
}

/// Verifies an export.
pub(crate) fn verify(
    folder: &Path,
    key: Option<String>,
    kept: &[PathBuf],
    json: bool,
) -> Result<ExitCode, Failure> {
    let believed = key.is_none();
    let text = match key {
        Some(key) => key,
        None => std::fs::read_to_string(folder.join(KEY_FILE)).map_err(|error| {
            Failure::new(format!(
                "{} holds no {KEY_FILE} ({error}): name the folder of an export, or give the key with --key",
                folder.display()
            ))
        })?,
    };
    let verifier: LogVerifier = text.trim().parse().map_err(|error| {
        Failure::at("the verifier key is not of the form name+id+key; copy it whole", error)
    })?;
    if let Some(missing) = kept.iter().find(|file| !file.is_file()) {
        return Err(Failure::new(format!("there is no checkpoint {}", missing.display())));
    }
    let report = verify_export_with(folder, &verifier, kept)
        .map_err(|error| Failure::at(&format!("the export in {} cannot be read", folder.display()), error))?;
    if json {
        println!("{}", as_json(&report));
    } else {
        tell(&report, &verifier, believed);
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(report: &Report) -> serde_json::Value {
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let kept: Vec<_> = report
        .kept
        .iter()
        .map(
            |it| serde_json::json!({"checkpoint": it.checkpoint, "size": it.size, "contained": it.contained}),
        )
        .collect();
    serde_json::json!({
        "clean": report.is_clean(),
        "entries": report.entries,
        "proven": report.proven,
        "checkpoints": report.checkpoints,
        "kept": kept,
        "findings": findings,
        "more_findings": report.more_findings,
    })
}

fn tell(report: &Report, verifier: &LogVerifier, believed: bool) {
    for finding in &report.findings {
        println!("WRONG  {finding}");
    }
    if report.more_findings > 0 {
        println!("WRONG  and {} more", report.more_findings);
    }
    for Kept { checkpoint, size, contained } in &report.kept {
        println!("{}", told_of_kept(checkpoint, *size, *contained));
    }
    let Report { entries, proven, checkpoints, .. } = report;
    println!(
        "{entries} entries, {proven} of them proven by {checkpoints} checkpoints of {}.",
        verifier.name()
    );
    if believed {
        println!(
            "The key was taken from the export itself: compare it with the one published, or give --key."
        );
    }
    println!("{}", if report.is_clean() { "The log is whole." } else { "The log is NOT whole." });
}

fn told_of_kept(checkpoint: &str, size: u64, contained: bool) -> String {
    if contained {
        format!("KEPT   {checkpoint} covers {size} entries: the export begins with exactly those")
    } else {
        format!(
            "WRONG  {checkpoint} covers {size} entries, and the export does not begin with those: what was logged \
             then was changed or cut off since, or this is an older export"
        )
    }
}

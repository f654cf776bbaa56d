//! `keys status`, `keys rotate` and `keys retire`.

use std::time::Duration;

use app::App;
use app::keys::{KeysError, Progress, Standing};
use domain::{Actor, Clock as _, Timestamp};
use store::rotation::{Holder, Rotation, RotationState};

use crate::cli::KeysCommand;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::failure::Failure;
use crate::house;

/// How often a rotation is looked at, and a person is told how far it is.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Looks between two words to a person.
const TELL_EVERY: u32 = 3;

/// Does what is asked of the keys.
pub(crate) async fn run(config: Config, command: KeysCommand) -> Result<(), Failure> {
    let public_url = config.server.public_url(config.server.listen);
    let ground = house::open(&config.storage).await?;
    let app =
        house::build(ground, house::channels(&config.channels)?, public_url, config.server.second_factor)
            .await?;
    if let Some(plan) = config.backup.plan(&config.storage)? {
        app.plan_backups(plan);
    }
    match command {
        KeysCommand::Status(args) => status(&app, args.json).await,
        KeysCommand::Rotate { keys, no_wait } => rotate(&app, keys.json, no_wait).await,
        KeysCommand::Retire { keys, give_up_backups } => retire(&app, keys.json, give_up_backups).await,
    }
}

fn failed(error: KeysError) -> Failure {
    Failure::new(error)
}

async fn status(app: &App, json: bool) -> Result<(), Failure> {
    let standing = app.keys_standing().await.map_err(failed)?;
    if json {
        println!("{}", as_json(&standing));
    } else {
        say(&standing);
    }
    Ok(())
}

fn rotation_json(rotation: &Rotation) -> serde_json::Value {
    serde_json::json!({
        "id": rotation.id,
        "key": rotation.kek.to_string(),
        "state": rotation.state.as_str(),
        "asked_by": rotation.asked_by,
        "asked_at": rotation.asked_at.to_rfc3339(),
        "started_at": rotation.started_at.map(Timestamp::to_rfc3339),
        "ended_at": rotation.ended_at.map(Timestamp::to_rfc3339),
        "done": rotation.done,
        "total": rotation.total,
        "error": rotation.error,
    })
}

fn as_json(standing: &Standing) -> serde_json::Value {
    let now = SystemClock.now();
    let keys: Vec<_> = standing
        .keks
        .iter()
        .map(|it| {
            serde_json::json!({
                "id": it.kek.id.to_string(),
                "state": it.kek.state.as_str(),
                "made_at": it.kek.made_at.to_rfc3339(),
                "age_days": days(now.since(it.kek.made_at)),
                "data_keys": it.keys,
                "in_file": it.in_file,
            })
        })
        .collect();
    let lacking: Vec<_> = standing
        .lacking
        .iter()
        .map(|node| {
            serde_json::json!({
                "node": node.node, "host": node.host, "key_file": node.place, "problem": node.problem,
            })
        })
        .collect();
    serde_json::json!({
        "key_file": standing.file,
        "problem": standing.problem,
        "keys": keys,
        "due_at": standing.due_at.map(Timestamp::to_rfc3339),
        "overdue": standing.is_overdue(now),
        "rotation": standing.rotation.as_ref().map(rotation_json),
        "nodes": standing.nodes,
        "nodes_lacking": lacking,
        "token_keys": standing.token_keys,
        "oldest_token_key": standing.oldest_token_key.map(Timestamp::to_rfc3339),
    })
}

fn days(span: Duration) -> u64 {
    span.as_secs() / 86_400
}

fn say(standing: &Standing) {
    let now = SystemClock.now();
    println!("Key file {}", standing.file.as_deref().unwrap_or("in memory"));
    if let Some(problem) = &standing.problem {
        println!("  {problem}");
    }
    for it in &standing.keks {
        let place = if it.in_file { "" } else { ", not in the file here" };
        println!(
            "  {}  {:<8} made {} ({} days ago), wraps {} data keys{place}",
            it.kek.id,
            it.kek.state.as_str(),
            &it.kek.made_at.to_rfc3339()[..10],
            days(now.since(it.kek.made_at)),
            it.keys
        );
    }
    if let Some(due) = standing.due_at {
        let word = if standing.is_overdue(now) { "was due" } else { "is due" };
        println!("The next rotation {word} on {}: lojista keys rotate", &due.to_rfc3339()[..10]);
    }
    if let Some(rotation) = &standing.rotation {
        say_rotation(rotation);
    }
    say_lacking(&standing.lacking);
    let oldest = standing.oldest_token_key.map_or(0, |at| days(now.since(at)));
    println!("{} token keys, the oldest {oldest} days old; they renew themselves.", standing.token_keys);
    for kek in standing.to_retire() {
        println!("Nothing is wrapped by {kek} any more: lojista keys retire");
    }
}

fn say_rotation(rotation: &Rotation) {
    let (done, total) = (rotation.done, rotation.total.max(rotation.done));
    match rotation.state {
        RotationState::Waiting => println!("A rotation to {} waits.", rotation.kek),
        RotationState::Running => println!("A rotation to {} runs: {done} keys of {total}.", rotation.kek),
        RotationState::Done => println!(
            "The last rotation ended {}: {done} keys are under {}.",
            rotation.ended_at.map(Timestamp::to_rfc3339).unwrap_or_default(),
            rotation.kek
        ),
    }
    if let Some(error) = &rotation.error {
        println!("  {error}");
    }
}

fn say_lacking(nodes: &[Holder]) {
    for node in nodes {
        println!(
            "The node {} on {} lacks a key in {}: copy the key file there; it goes on by itself then.{}",
            node.node,
            node.host,
            node.place,
            node.problem.as_ref().map(|problem| format!(" ({problem})")).unwrap_or_default()
        );
    }
}

async fn rotate(app: &App, json: bool, no_wait: bool) -> Result<(), Failure> {
    match app.begin_rotation(&Actor::system("command")).await.map_err(failed)? {
        Some(kek) if !json => println!("The new key {kek} is in the key file."),
        None if !json => println!("A rotation is under way already; it goes on."),
        _ => {}
    }
    if !no_wait {
        wait_for_end(app, json).await?;
    }
    let standing = app.keys_standing().await.map_err(failed)?;
    if json {
        println!("{}", as_json(&standing));
    } else if let Some(rotation) = &standing.rotation {
        say_rotation(rotation);
        if rotation.state == RotationState::Done {
            println!(
                "Keep a new copy of the key file apart from the data and its backups, and take a backup."
            );
        } else {
            say_lacking(&standing.lacking);
        }
    }
    Ok(())
}

/// Goes on with the rotation until it has ended, or lets the node that does it.
async fn wait_for_end(app: &App, json: bool) -> Result<(), Failure> {
    for look in 0_u32.. {
        let turned = app.turn_keys().await.map_err(failed)?;
        if turned == Progress::Ended {
            return Ok(());
        }
        let last = app.store().installation().read(store::rotation::last).await?;
        let Some(rotation) = last.filter(|it| it.state != RotationState::Done) else { return Ok(()) };
        if !json && look % TELL_EVERY == 0 {
            match &turned {
                Progress::Waits(nodes) => say_lacking(nodes),
                Progress::Nothing | Progress::Ended => say_rotation(&rotation),
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn retire(app: &App, json: bool, give_up_backups: bool) -> Result<(), Failure> {
    let retired = app.retire_keks(&Actor::system("command"), give_up_backups).await.map_err(failed)?;
    let keks: Vec<String> = retired.keks.iter().map(ToString::to_string).collect();
    if json {
        let looked = retired.backups_looked_at;
        println!("{}", serde_json::json!({"retired": keks, "backups_looked_at": looked}));
        return Ok(());
    }
    if keks.is_empty() {
        println!("There is nothing to give up: every key in the key file is in use.");
        return Ok(());
    }
    println!("Destroyed, in the database and in the key file here: {}", keks.join(", "));
    if !retired.backups_looked_at && !give_up_backups {
        println!(
            "No place of backups is set (LOJISTA_BACKUP_DIR or LOJISTA_BACKUP_S3_BUCKET), so none was looked at."
        );
    }
    println!("Copies of the key file still hold them: replace each copy by the file as it is now.");
    Ok(())
}

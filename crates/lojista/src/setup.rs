//! `migrate` and `user link`: what is done before or beside a running shop.

use store::Store;

use crate::config::Config;
use crate::failure::Failure;
use crate::{folder, house};

/// Brings the schema up to date.
pub(crate) fn migrate(config: &Config) -> Result<(), Failure> {
    if let Some(folder) = &config.storage.folder {
        folder::make(folder)?;
    }
    Store::open(&config.storage.database)?;
    println!("The database {:?} is up to date.", config.storage.database);
    Ok(())
}

/// Prints a new one-time link for the owner.
pub(crate) async fn link(config: Config) -> Result<(), Failure> {
    let public_url = config.server.public_url(config.server.listen);
    let ground = house::open(&config.storage).await?;
    let app =
        house::build(ground, house::channels(&config.channels)?, public_url, config.server.second_factor)
            .await?;
    let link = app.setup_link().await?.ok_or_else(|| {
        Failure::new("there is an organization already: its owner signs in, and no new link is given")
    })?;
    println!("{link}");
    Ok(())
}

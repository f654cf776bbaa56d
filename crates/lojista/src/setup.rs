//! `migrate`, `user link` and `user recover`: what is done before or beside a running shop.

use std::sync::Arc;

use app::App;
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

async fn app(config: Config) -> Result<App, Failure> {
    let public_url = config.server.public_url(config.server.listen);
    let ground = house::open(&config.storage).await?;
    let channels = house::channels(&config.channels)?;
    let app = house::build(ground, channels, public_url, config.server.second_factor).await?;
    // Letters are kept; the shop that runs beside sends them.
    Ok(app.mailing(config.mail.mailer()?).worded(Arc::new(web::Letters)))
}

/// Prints a new one-time link for the owner.
pub(crate) async fn link(config: Config) -> Result<(), Failure> {
    let app = app(config).await?;
    let link = app.setup_link().await?.ok_or_else(|| {
        Failure::new("there is an organization already: its owner signs in, and no new link is given")
    })?;
    println!("{link}");
    Ok(())
}

/// Prints a one-time link for a member who lost every way in.
pub(crate) async fn recover(config: Config, email: String, because: String) -> Result<(), Failure> {
    let link = app(config).await?.recovery_link(&email, &because).await.map_err(Failure::new)?;
    println!("{link}");
    Ok(())
}

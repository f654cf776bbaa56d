//! What outlived its time goes, by the table of `domain::retention`, every hour.

use domain::retention::{BUYERS_KEPT, GRACE};
use store::retention::{self, Overdue};

use crate::App;
use crate::error::AppError;

impl App {
    /// Deletes what outlived its time.
    pub(crate) async fn forget(&self) -> Result<(), AppError> {
        let now = self.clock().now();
        self.store().installation().write(move |tx| retention::forget(tx, now)).await?;
        self.forget_buyers(now.minus(BUYERS_KEPT)).await?;
        let due = self.store().installation().read(move |tx| retention::overdue(tx, now)).await?;
        for Overdue { class, held, .. } in due.into_iter().filter(|it| it.held > 0) {
            tracing::info!(class, rows = held, "a hold keeps rows whose time is over");
            self.tallies.add("retention_held", class);
        }
        Ok(())
    }

    /// Rows that should have been deleted a day ago or earlier and are still there, by class
    /// (check K17 of the security programme: none).
    pub async fn overdue_rows(&self) -> Result<Vec<Overdue>, AppError> {
        let then = self.clock().now().minus(GRACE);
        Ok(self.store().installation().read(move |tx| retention::overdue(tx, then)).await?)
    }
}

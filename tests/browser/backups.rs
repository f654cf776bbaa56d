//! Backups: a member sees that there are none, has one taken and tried, and reads the verdict.

use sandbox::mercado_livre::seed::CLASSIC_SELLER;

in_every_language! {
    async fn a_backup_is_taken_and_tried_and_its_verdict_read(visitor, shop) {
        let owner = shop.owned_by(visitor).await;
        owner.connected(CLASSIC_SELLER).await;
        visitor.opens("/backups").await;
        visitor.is_headed(visitor.word("nav-backups")).await;
        visitor.reads("backups-off-text").await;

        let folder = shop.gets_a_place_for_backups();
        visitor.opens("/backups").await;
        visitor.reads("backups-none").await;
        visitor.presses("backups-take").await;
        visitor.reads("flash-backup-asked").await;
        visitor.reads("backups-waiting-backup").await;
        shop.does_its_backup().await;
        visitor.opens("/backups").await;
        visitor.reads("backups-added").await;
        visitor.sees(&folder).await;

        visitor.presses("drill-run").await;
        visitor.reads("flash-drill-asked").await;
        shop.does_its_backup().await;
        visitor.opens("/backups").await;
        visitor.reads("drill-good").await;
        visitor.reads("drill-check-audit").await;
        visitor.reads("drill-point").await;
    }
}

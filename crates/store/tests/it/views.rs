//! Saved views: each member's own, in the order of their tabs.

use domain::view::{MAX_VIEWS, ViewName};
use domain::{MemberId, ViewId};
use store::views::View;
use store::{StoreError, StoreResult};

use crate::kit::House;
use crate::shop::Shop;

fn name(text: &str) -> ViewName {
    ViewName::parse(text).expect("a good name")
}

impl Shop<'_> {
    async fn try_view(&self, member: MemberId, called: &str) -> StoreResult<ViewId> {
        let (id, now, called) = (self.house.id(), self.house.now(), name(called));
        self.data.write(move |shop| shop.keep_view(id, member, &called, "kind=mixed", now).map(|()| id)).await
    }

    async fn view(&self, member: MemberId, called: &str) -> ViewId {
        self.try_view(member, called).await.expect("the view is kept")
    }

    async fn names(&self, member: MemberId) -> Vec<String> {
        self.read(move |shop| shop.views(member)).await.into_iter().map(|view| view.name).collect()
    }
}

on_both! {
    async fn views_stand_in_the_order_in_which_they_were_saved(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let first = shop.view(member, "Zebra").await;
        shop.view(member, "Abelha").await;
        assert_eq!(shop.names(member).await, ["Zebra", "Abelha"]);
        let views = shop.read(move |shop| shop.views(member)).await;
        assert_eq!(views[0], View { id: first, name: "Zebra".into(), filter: "kind=mixed".into() });
    }

    async fn a_view_is_renamed_moved_and_forgotten(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        let (one, two) = (shop.view(member, "1").await, shop.view(member, "2").await);
        assert!(shop.write(move |shop| shop.rename_view(one, member, &name("eins"))).await);
        shop.write(move |shop| shop.arrange_views(member, &[two, one])).await;
        assert_eq!(shop.names(member).await, ["2", "eins"]);
        assert!(shop.write(move |shop| shop.drop_view(two, member)).await);
        assert!(!shop.write(move |shop| shop.drop_view(two, member)).await, "it is gone");
        shop.view(member, "3").await;
        assert_eq!(shop.names(member).await, ["eins", "3"], "a new one stands behind the others");
    }

    async fn two_views_of_a_member_have_two_names(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, bia) = (shop.member().await, shop.member().await);
        shop.view(ana, "Hoje").await;
        let other = shop.view(ana, "Amanhã").await;
        assert!(matches!(shop.try_view(ana, "Hoje").await, Err(StoreError::Duplicate(_))));
        let renamed = shop.data.write(move |shop| shop.rename_view(other, ana, &name("Hoje"))).await;
        assert!(matches!(renamed, Err(StoreError::Duplicate(_))));
        shop.view(bia, "Hoje").await;
        assert_eq!(shop.names(bia).await, ["Hoje"], "another member may call hers so");
    }

    async fn nobody_changes_the_view_of_another_member(house: House) {
        let shop = Shop::open(&house).await;
        let (ana, bia) = (shop.member().await, shop.member().await);
        let (view, second) = (shop.view(ana, "Hoje").await, shop.view(ana, "Amanhã").await);
        assert!(!shop.write(move |shop| shop.rename_view(view, bia, &name("Dela"))).await);
        assert!(!shop.write(move |shop| shop.drop_view(view, bia)).await);
        shop.write(move |shop| shop.arrange_views(bia, &[second, view])).await;
        assert_eq!(shop.names(ana).await, ["Hoje", "Amanhã"]);
        assert_eq!(shop.names(bia).await, [""; 0]);
    }

    async fn no_more_views_are_read_than_there_may_be(house: House) {
        let shop = Shop::open(&house).await;
        let member = shop.member().await;
        for number in 0..=MAX_VIEWS {
            shop.view(member, &number.to_string()).await;
        }
        assert_eq!(shop.names(member).await.len(), MAX_VIEWS);
    }
}

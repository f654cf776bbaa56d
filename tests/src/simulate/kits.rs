//! Some of the goods that everybody wants are kits of the others: sales of kits and of what they are made of meet on
//! every marketplace.

use std::collections::BTreeMap;

use domain::kit::Component;
use store::stock::Sku;

use super::Run;
use super::outside::{self, Pays, Wanted};

/// Recipes by the codes of their kits.
pub(super) type Recipes = BTreeMap<String, Vec<(String, i64)>>;

/// What is taken from the shelf when so many units of a code are sold.
pub(super) fn from_shelf(recipes: &Recipes, code: &str, units: i64) -> Vec<(String, i64)> {
    match recipes.get(code) {
        Some(recipe) => recipe.iter().map(|(part, of_one)| (part.clone(), of_one * units)).collect(),
        None => vec![(code.to_owned(), units)],
    }
}

impl Run {
    /// Makes kits of two wanted codes that nobody has ordered yet: one of a unit of this and two of that, the other
    /// of that alone, so that the kits share a component. Then somebody buys the first.
    pub(super) async fn make_kits(&mut self) -> Result<(), String> {
        let mut wanted = Vec::new();
        for code in self.wanted.clone() {
            wanted.push(self.shop.sku(&code).await);
        }
        let (free, ordered): (Vec<Sku>, Vec<Sku>) =
            wanted.into_iter().partition(|sku| sku.tally.reserved_units == 0);
        let mut rest = free.iter().skip(2).chain(&ordered);
        let ([kit, other, ..], Some(this), Some(that)) = (&free[..], rest.next(), rest.next()) else {
            return Ok(());
        };
        self.make_kit(kit, &[(this, 1), (that, 2)]).await?;
        self.make_kit(other, &[(that, 1)]).await?;
        self.shop.settle().await;
        self.buy_a_kit(&kit.code);
        Ok(())
    }

    async fn make_kit(&mut self, kit: &Sku, parts: &[(&Sku, i64)]) -> Result<(), String> {
        let (app, organization, member) = (self.shop.app(), self.shop.organization, self.shop.member);
        let counted = app.adjust(organization, member, kit.id, 0, 0, "agora é um kit").await;
        counted.map_err(|error| format!("a count was refused: {error}"))?;
        let recipe: Vec<(String, i64)> =
            parts.iter().map(|(part, units)| (part.code.clone(), *units)).collect();
        let made = app.keep_kit(organization, member, kit.id, recipe.clone()).await;
        made.map_err(|error| format!("a kit was refused: {error}"))?;
        let (id, parts) =
            (kit.id, parts.iter().map(|(part, units)| Component { sku: part.id, units: *units }));
        let (kept, parts) = (self.shop.see(move |tenant| tenant.recipe(id)).await, parts.collect::<Vec<_>>());
        if kept != parts {
            return Err(format!("the recipe of {} was kept as {kept:?}", kit.code));
        }
        self.recipes.insert(kit.code.clone(), recipe);
        Ok(())
    }

    fn buy_a_kit(&self, code: &str) {
        for market in outside::all(&self.shop) {
            let offers = self.own_offers(market).into_iter();
            let offer =
                offers.filter(|offer| offer.units > 0).find(|offer| offer.sku.as_deref() == Some(code));
            if let Some(offer) = offer {
                let one = Wanted { listing: offer.listing, variation: offer.variation, units: 1 };
                market.buy(&[one], Pays::AtOnce);
                return;
            }
        }
    }
}

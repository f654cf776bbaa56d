//! Which of a buyer's data a seller may read (fact sheet §6.4): per field, by the shop's tax
//! number, the order's status, and whether the application has declared its addresses.

use serde_json::{Value, json};

use super::World;
use super::order::{Order, OrderStatus};
use super::shop::{REGION, TaxId};

/// What a whole field is hidden behind.
const HIDDEN: &str = "****";

/// What is readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) person: bool,
    pub(crate) address: bool,
}

/// What a shop may read of an order's buyer.
pub(crate) fn view(world: &World, order: &Order) -> View {
    let open = matches!(
        order.status,
        OrderStatus::ReadyToShip | OrderStatus::Processed | OrderStatus::RetryShip | OrderStatus::ToReturn
    );
    let address = open && world.rules.ip_declared;
    let company = world.shops.get(&order.shop_id).is_some_and(|shop| shop.tax_id == TaxId::Cnpj);
    View { person: address && company, address }
}

/// `Maria Teste` as `M******e`.
pub(crate) fn masked_name(name: &str) -> String {
    match (name.chars().next(), name.chars().next_back()) {
        (Some(first), Some(last)) => format!("{first}******{last}"),
        _ => HIDDEN.to_owned(),
    }
}

/// All but the last two digits hidden.
pub(crate) fn masked_number(number: &str) -> String {
    format!("******{}", number.get(number.len().saturating_sub(2)..).unwrap_or_default())
}

/// The address a parcel goes to, as far as it may be read.
pub(crate) fn recipient(world: &World, order: &Order) -> Value {
    let Some(buyer) = world.buyers.get(&order.buyer_id) else { return Value::Null };
    let view = view(world, order);
    let place = |text: &str| if view.address { text.to_owned() } else { HIDDEN.to_owned() };
    let name = if view.person { buyer.name.clone() } else { masked_name(&buyer.name) };
    let full =
        format!("{}, 100, {}, {}, {}, {}", buyer.street, buyer.quarter, buyer.city, buyer.state, buyer.zip);
    json!({
        "name": name, "phone": HIDDEN, "town": place(&buyer.quarter), "district": "", "city": place(&buyer.city),
        "state": place(&buyer.state), "region": REGION, "zipcode": place(&buyer.zip), "full_address": place(&full),
        "geolocation": {"latitude": 0, "longitude": 0},
    })
}

/// The buyer's CPF, as far as it may be read.
pub(crate) fn cpf(world: &World, order: &Order) -> String {
    let Some(buyer) = world.buyers.get(&order.buyer_id) else { return String::new() };
    if view(world, order).person { buyer.cpf.clone() } else { masked_number(&buyer.cpf) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_looks_like_text_and_holds_a_star() {
        assert_eq!(masked_name("Maria Teste"), "M******e");
        assert_eq!(masked_number("12345678964"), "******64");
        assert_eq!(masked_name(""), "****");
    }
}

//! Publishing: where goods belong, what is asked of them, their pictures and the listing
//! itself. One file for each thing that a seller does.

mod body;
mod categories;
mod objections;
mod pictures;
mod publishing;
mod rules;
mod wire;

/// For tests: the body of the item.
#[cfg(test)]
pub(super) fn sent(offer: &domain::offer::Offer) -> String {
    body::item(offer, &["90003".to_owned()]).text()
}

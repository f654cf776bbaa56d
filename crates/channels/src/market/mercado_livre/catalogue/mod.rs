//! Publishing: where goods belong, what is asked of them, their pictures and the listing
//! itself. One file for each thing that a seller does.

mod body;
mod categories;
mod objections;
mod pictures;
mod publishing;
mod rules;
mod wire;

/// For tests: the body of the classic model.
#[cfg(test)]
pub(super) fn sent_whole(offer: &domain::offer::Offer) -> String {
    body::whole(offer).text()
}

/// For tests: the body of one variant in the new model.
#[cfg(test)]
pub(super) fn sent_variant(offer: &domain::offer::Offer, at: usize) -> String {
    body::variant(offer, &offer.variants[at]).text()
}

//! Pure translations from the API's words into the house's: an order into an
//! `OrderSnapshot`, a listing into a `ListingSnapshot` for each variation. A field without
//! which nothing can be made of an answer is a `Gap`. A match over the platform's words ends
//! in a line for all others, which is `NeedsAttention` and never a guess.

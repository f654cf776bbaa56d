//! The API's own words, read leniently (`loose.rs`): a struct for each answer, in it the
//! fields that are needed and no others, and of buyers their number alone. What nothing can
//! be made without is a `Loose`, an `Amount` or a list; all else is an `Option` of one.

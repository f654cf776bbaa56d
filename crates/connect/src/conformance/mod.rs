//! The test kit for channels: a scripted outside world and one set of tests for all.
//! Only behind the feature `conformance`; no part of the program.
//!
//! A channel's tests implement [`Harness`] (which answers a call gets when all is well)
//! and call [`channel_conformance!`](crate::channel_conformance). The kit makes the
//! calls itself, spoils the answers in every way that all platforms have in common, and
//! checks what the channel makes of it. What only one platform does is tested beside it.

pub mod catalogue;
pub mod checks;
pub mod dispatch;
mod harness;
pub mod parcels;
mod script;
pub mod service;
mod trial;

pub use catalogue::{CatalogueCall, CatalogueOutcome, CatalogueSamples, RefusedOffer};
pub use harness::{Capability, Harness, HookSample, NOW, Outcome, Samples};
pub use script::{Script, Step, now, text};

/// Expands to one test for each check of [`checks`], for a channel's [`Harness`]. After
/// `recorded:`, the answers of the harness are a platform's own and long: the one check
/// that replaces each of their values, one after the other, is left to a channel's fixtures.
#[macro_export]
macro_rules! channel_conformance {
    ($harness:expr) => {
        $crate::channel_conformance!(recorded: $harness);
        $crate::channel_conformance! { @each $harness; an_odd_value_anywhere_is_never_fatal }
    };
    (recorded: $harness:expr) => {
        $crate::channel_conformance! { @each $harness;
            the_spec_says_what_it_has_to
            the_consent_page_is_asked_with_state_and_with_pkce_where_it_is_taken
            a_code_becomes_tokens
            a_refresh_token_becomes_the_next_pair
            an_account_says_who_it_is
            a_consent_can_be_revoked_or_only_its_owner_can
            an_order_is_fetched
            a_shipment_names_its_orders
            updated_orders_are_listed
            listings_are_listed
            a_listing_is_fetched
            a_quantity_is_written_and_read_back
            a_price_is_written_and_read_back_or_there_are_no_prices
            missed_hooks_are_listed_or_there_are_none
            a_broken_connection_is_unreachable_and_retried
            a_fault_of_the_platform_is_retried
            too_many_calls_wait_as_long_as_the_platform_wishes
            too_many_calls_without_a_wish_wait_at_our_own_pace
            an_answer_that_is_no_json_is_garbled_and_retried
            half_an_answer_is_garbled_and_retried
            a_field_of_tomorrow_is_harmless
            a_number_where_a_text_was_means_the_same
            a_refused_token_asks_for_the_next
            a_missing_permission_is_for_a_person
            what_is_not_there_is_not_found_and_asked_for_again
            a_lost_a_failed_and_a_refused_refresh_are_three_things
            an_unknown_order_status_waits_for_a_person
            money_is_exact_to_the_minor_unit
            a_write_that_was_ignored_is_no_success
            a_hook_says_all_it_has_to
            a_repeated_hook_says_the_same
            a_hook_of_an_unknown_topic_is_not_for_us
            a_hook_for_another_app_or_with_a_bad_signature_is_refused
            a_malformed_hook_is_refused
            an_oversized_hook_is_refused
            a_cursor_of_somebody_else_is_refused
            an_id_that_climbs_is_never_called
            a_failure_on_the_way_is_no_success
            an_answer_cut_anywhere_is_asked_for_again
            an_answer_about_something_else_is_no_answer
            an_unknown_listing_status_waits_for_a_person
            a_price_that_was_ignored_is_no_success
            an_impossible_price_is_never_sent
            a_key_that_climbs_is_never_written
            an_odd_hook_is_refused_or_read_and_nothing_else
            categories_hang_together_or_there_are_none
            the_rules_of_a_category_let_a_good_offer_pass
            brands_are_listed_or_there_are_none
            a_picture_is_uploaded_and_an_impossible_one_is_never_sent
            an_offer_is_published
            an_offer_whose_answer_was_lost_is_found_and_not_doubled
            a_refused_offer_names_its_field
            a_listing_is_changed_and_nothing_is_no_change
            a_listing_is_taken_down_and_put_up
            what_moderation_objects_to_is_told_with_its_own_words
            a_listing_is_ended
            a_listings_id_that_climbs_is_never_published
            no_debug_shows_a_secret
            no_kept_exchange_shows_a_secret
            the_money_of_an_order_is_told_or_there_is_none
            settled_orders_are_listed_or_there_is_no_list
            money_that_was_told_twice_changes_nothing
            money_of_another_order_is_no_answer
            money_is_asked_for_by_ids_and_cursors_of_its_own
            the_buyer_of_an_order_is_told_or_nobody_is
            the_buyer_of_another_order_is_no_answer
            a_buyer_is_asked_for_by_an_orders_id_alone
        }
    };
    (@each $harness:expr; $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::conformance::checks::$check(&$harness);
            }
        )*
    };
}

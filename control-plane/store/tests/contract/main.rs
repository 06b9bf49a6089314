//! What every store promises, on a real database file and a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod access;
mod backend;
mod events;
mod follow;
mod keys;
mod policies;
mod tokens;

/// Every test of the contract, once for each database.
macro_rules! contract {
    ($($module:ident::$test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$module::$test(super::backend::Site::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$module::$test(super::backend::Site::postgres()).await;
            })*
        }
    };
}

contract! {
    tokens::one_upstream_has_one_token,
    tokens::a_whitelist_is_replaced_only_when_given,
    tokens::the_snapshot_follows_every_change_of_a_route,
    tokens::everything_survives_a_restart,
    tokens::concurrent_registrations_of_one_upstream_agree,
    tokens::many_tokens_are_added_at_once_or_not_at_all,
    tokens::a_token_can_be_changed,
    tokens::pages_are_complete_and_of_one_tenant,
    policies::versions_never_change,
    policies::a_rollout_can_be_replaced_only_as_expected,
    policies::the_snapshot_has_what_acts,
    access::keys_have_unique_names,
    access::the_journal_says_who_did_what,
    events::events_are_found_and_pruned,
    follow::a_follower_has_what_the_snapshot_has_after_every_change,
    keys::nothing_secret_is_readable,
    keys::a_wrong_key_changes_nothing,
    keys::a_new_key_opens_everything_and_the_old_one_nothing,
    keys::a_process_with_the_old_key_stops,
}

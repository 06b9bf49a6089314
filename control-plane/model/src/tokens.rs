//! What a store of tokens and upstreams offers.

use crate::{Actor, Storage, Token, TokenSettings, UpstreamBase, WhitelistKeys};
use aegis_policy::TokenHash;
use std::future::Future;

/// A token with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its place in the order of registrations.
    pub number: i64,
    /// The token.
    pub token: Token,
    /// Where its requests go.
    pub upstream: UpstreamBase,
    /// Field names exempt from redaction.
    pub whitelist: WhitelistKeys,
    /// What was said about it.
    pub settings: TokenSettings,
    /// Seconds since 1970.
    pub created_at: i64,
}

/// What a new token begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Where its requests go.
    pub upstream: UpstreamBase,
    /// Field names exempt from redaction.
    pub whitelist: WhitelistKeys,
    /// What is said about it.
    pub settings: TokenSettings,
}

/// What changes about a token. What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenChange {
    /// Where its requests go.
    pub upstream: Option<UpstreamBase>,
    /// Field names exempt from redaction, all of them.
    pub whitelist: Option<WhitelistKeys>,
    /// What is said about it, all of it.
    pub settings: Option<TokenSettings>,
}

/// The outcome of [`Tokens::register`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// The upstream was new.
    New(Registration),
    /// The upstream was known; this is the token that it already had.
    Existing(Registration),
}

/// Which part of all tokens to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenPage<'a> {
    /// Only those with a greater number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
    /// Only those of this tenant.
    pub tenant: Option<&'a str>,
}

/// The tokens of a store.
pub trait Tokens: Storage {
    /// Gives `upstream` a token, or finds the first one that it has. `whitelist` replaces the stored list if given.
    fn register(
        &self,
        actor: &Actor,
        upstream: &UpstreamBase,
        whitelist: Option<&WhitelistKeys>,
    ) -> impl Future<Output = Result<Registered, Self::Error>> + Send;

    /// Adds tokens, all or none.
    fn add_tokens(
        &self,
        actor: &Actor,
        tokens: &[NewToken],
    ) -> impl Future<Output = Result<Vec<Registration>, Self::Error>> + Send;

    /// The first registration of `upstream`, if there is one.
    fn lookup(
        &self,
        upstream: &UpstreamBase,
    ) -> impl Future<Output = Result<Option<Registration>, Self::Error>> + Send;

    /// The registration of the token with this hash, if there is one.
    fn find_token(
        &self,
        hash: &TokenHash,
    ) -> impl Future<Output = Result<Option<Registration>, Self::Error>> + Send;

    /// Registrations in the order of their numbers.
    fn list_tokens(
        &self,
        page: TokenPage<'_>,
    ) -> impl Future<Output = Result<Vec<Registration>, Self::Error>> + Send;

    /// Changes a token and returns what it is then; `None` if there is no such token.
    fn change_token(
        &self,
        actor: &Actor,
        hash: &TokenHash,
        change: &TokenChange,
    ) -> impl Future<Output = Result<Option<Registration>, Self::Error>> + Send;

    /// Removes a token, and its upstream if no other token leads there. `false` if there is no such token.
    fn remove_token(
        &self,
        actor: &Actor,
        hash: &TokenHash,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

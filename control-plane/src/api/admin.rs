//! The original's API for tokens: JSON with the gateway key in it.

use super::base_url::base_url;
use super::caller::GATEWAY;
use super::guard::Client;
use super::{Api, ApiError};
use crate::names;
use aegis_model::{
    Actor, Registered, Registration, Token, TokenChange, Tokens as _, UpstreamBase, WhitelistKeys,
};
use aegis_policy::names_credential;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Instant;
use subtle::ConstantTimeEq as _;

type Body = Result<Bytes, BytesRejection>;
type Answer = Result<Json<Map<String, Value>>, ApiError>;

/// Addresses from the documentation, which people paste unchanged.
const EXAMPLES: [&str; 2] = ["https://your-upstream.example.com/v1", "http://your-upstream.example.com/v1"];

/// `POST /__gw__/register {upstream_base, gateway_key, whitelist_key?}`
pub(super) async fn register(
    State(api): State<Arc<Api>>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let body = parse(body)?;
    let base = api.authorize(client, &body, "upstream_base")?;
    let upstream = api.upstream(base)?;
    api.resolve([&upstream]).await?;
    let whitelist = body.get("whitelist_key").map(WhitelistKeys::from_json);
    let store = api.store.clone();
    let registered =
        api.commit(async move { store.register(&actor(), &upstream, whitelist.as_ref()).await }).await?;
    Ok(Json(match registered {
        Registered::New(registration) => api.describe(&headers, &registration),
        Registered::Existing(registration) => {
            let mut answer = api.describe(&headers, &registration);
            answer.insert("already_registered".to_owned(), true.into());
            answer.insert("detail".to_owned(), "this upstream already has a token".into());
            answer
        }
    }))
}

/// `POST /__gw__/lookup {upstream_base, gateway_key}`
pub(super) async fn lookup(
    State(api): State<Arc<Api>>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let body = parse(body)?;
    let base = api.authorize(client, &body, "upstream_base")?;
    let found = api.store.lookup(&api.upstream(base)?).await?;
    found.map(|registration| Json(api.describe(&headers, &registration))).ok_or(ApiError::NotRegistered)
}

/// `POST /__gw__/unregister {token, gateway_key}`
pub(super) async fn unregister(State(api): State<Arc<Api>>, client: Client, body: Body) -> Answer {
    let body = parse(body)?;
    let token = token(api.authorize(client, &body, "token")?)?;
    let store = api.store.clone();
    if api.commit(async move { store.remove_token(&actor(), &token.hash()).await }).await? {
        Ok(Json(Map::from_iter([
            ("ok".to_owned(), true.into()),
            ("message".to_owned(), "token removed".into()),
        ])))
    } else {
        Err(ApiError::TokenNotFound)
    }
}

/// `POST /__gw__/add {token, gateway_key, whitelist_key: […], upstream_base?}`
pub(super) async fn add(
    State(api): State<Arc<Api>>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let body = parse(body)?;
    let (keys, known) = api.named(client, &body).await?;
    if let Some(base) = body.get("upstream_base") {
        let base = base.as_str().ok_or(ApiError::MissingParams(&["upstream_base"]))?;
        if api.upstream(base)? != known.upstream {
            return Err(ApiError::UpstreamConflict);
        }
    }
    let mut whitelist = known.whitelist.clone();
    let added = whitelist.extend(&keys);
    let changed = api.replace_keys(known, whitelist).await?;
    let mut answer = api.describe(&headers, &changed);
    answer.insert("upstream_base".to_owned(), changed.upstream.to_string().into());
    answer.insert("added".to_owned(), added.into());
    Ok(Json(answer))
}

/// `POST /__gw__/remove {token, gateway_key, whitelist_key: […]}`
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let body = parse(body)?;
    let (keys, known) = api.named(client, &body).await?;
    let mut whitelist = known.whitelist.clone();
    let removed = whitelist.remove(&keys);
    let changed = api.replace_keys(known, whitelist).await?;
    let mut answer = api.describe(&headers, &changed);
    answer.insert("removed".to_owned(), removed.into());
    Ok(Json(answer))
}

// === impl Api ===

impl Api {
    /// Checks the gateway key and returns the text member `name`.
    fn authorize<'body>(
        &self,
        client: Client,
        body: &'body Map<String, Value>,
        name: &'static str,
    ) -> Result<&'body str, ApiError> {
        let text = |name: &str| {
            body.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
        };
        let (Some(value), Some(key)) = (text(name), text("gateway_key")) else {
            return Err(ApiError::MissingParams(match name {
                "token" => &["token", "gateway_key"],
                _ => &["upstream_base", "gateway_key"],
            }));
        };
        let valid = key.as_bytes().ct_eq(self.gateway_key.expose_secret().as_bytes());
        if bool::from(valid) {
            Ok(value)
        } else if self.failures.admits(client.peer, Instant::now()) {
            Err(ApiError::GatewayKeyInvalid)
        } else {
            Err(ApiError::RateLimited)
        }
    }

    /// Reads the address of an upstream.
    pub(super) fn upstream(&self, text: &str) -> Result<UpstreamBase, ApiError> {
        if EXAMPLES.contains(&text.trim_end_matches('/')) {
            return Err(ApiError::ExampleUpstream);
        }
        let base = UpstreamBase::parse(text).map_err(ApiError::InvalidUpstream)?;
        self.destinations.check(&base).map_err(ApiError::ForbiddenUpstream)?;
        Ok(base)
    }

    /// Checks what the names of upstreams stand for.
    pub(super) async fn resolve<'a>(
        &self,
        bases: impl IntoIterator<Item = &'a UpstreamBase>,
    ) -> Result<(), ApiError> {
        names::check(self.destinations, bases).await.map_err(ApiError::ForbiddenUpstream)
    }

    /// Checks the gateway key; returns the whitelist keys and the token that `body` names.
    async fn named(
        &self,
        client: Client,
        body: &Map<String, Value>,
    ) -> Result<(WhitelistKeys, Registration), ApiError> {
        let token = token(self.authorize(client, body, "token")?)?;
        let keys = keys(body)?;
        let known = self.store.find_token(&token.hash()).await?.ok_or(ApiError::TokenNotFound)?;
        Ok((keys, known))
    }

    async fn replace_keys(
        &self,
        known: Registration,
        whitelist: WhitelistKeys,
    ) -> Result<Registration, ApiError> {
        if whitelist == known.whitelist {
            return Ok(known);
        }
        let change = TokenChange { whitelist: Some(whitelist), ..TokenChange::default() };
        let (store, hash) = (self.store.clone(), known.token.hash());
        let changed = self.commit(async move { store.change_token(&actor(), &hash, &change).await }).await?;
        changed.ok_or(ApiError::TokenNotFound)
    }

    fn describe(&self, headers: &HeaderMap, registration: &Registration) -> Map<String, Value> {
        let members: [(&str, Value); 3] = [
            ("token", registration.token.reveal().into()),
            ("baseUrl", base_url(headers, self.ports, &registration.token).into()),
            ("whitelist_key", registration.whitelist.as_slice().into()),
        ];
        let mut answer: Map<String, Value> =
            members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        let names = registration.whitelist.as_slice().iter();
        let ignored: Vec<&str> = names.map(String::as_str).filter(|name| names_credential(name)).collect();
        if !ignored.is_empty() {
            answer.insert("whitelist_ignored".to_owned(), ignored.into());
        }
        answer
    }
}

fn actor() -> Actor {
    Actor::new(GATEWAY)
}

fn parse(body: Body) -> Result<Map<String, Value>, ApiError> {
    let body = body.map_err(|_| ApiError::BodyTooLarge)?;
    serde_json::from_slice(&body).map_err(|_| ApiError::InvalidJson)
}

fn token(text: &str) -> Result<Token, ApiError> {
    Token::parse(text).map_err(|_| ApiError::TokenNotFound)
}

/// The field names of a list; a text is refused, because it is unclear where it would be split.
fn keys(body: &Map<String, Value>) -> Result<WhitelistKeys, ApiError> {
    match body.get("whitelist_key") {
        Some(list @ Value::Array(_)) => Ok(WhitelistKeys::from_json(list)),
        _ => Err(ApiError::MissingList),
    }
}

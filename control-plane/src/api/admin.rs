//! Registering, looking up and removing upstreams.

use super::base_url::base_url;
use super::{Api, ApiError};
use aegis_model::{Registered, Registration, Registry as _, Token, UpstreamBase, WhitelistKeys};
use aegis_store::StoreError;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

type Body = Result<Bytes, BytesRejection>;
type Answer = Result<Json<Map<String, Value>>, ApiError>;

/// Addresses from the documentation, which people paste unchanged.
const EXAMPLES: [&str; 2] = ["https://your-upstream.example.com/v1", "http://your-upstream.example.com/v1"];

/// `POST /__gw__/register {upstream_base, gateway_key, whitelist_key?}`
pub(super) async fn register(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let body = parse(body)?;
    let base = api.authorize(&body, "upstream_base")?;
    let upstream = upstream(base)?;
    let whitelist = body.get("whitelist_key").map(WhitelistKeys::from_json);
    let store = api.store.clone();
    let registered = api.commit(async move { store.register(&upstream, whitelist.as_ref()).await }).await?;
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
pub(super) async fn lookup(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let body = parse(body)?;
    let base = api.authorize(&body, "upstream_base")?;
    let found = api.store.lookup(&upstream(base)?).await.map_err(storage)?;
    found.map(|registration| Json(api.describe(&headers, &registration))).ok_or(ApiError::NotRegistered)
}

/// `POST /__gw__/unregister {token, gateway_key}`
pub(super) async fn unregister(State(api): State<Arc<Api>>, body: Body) -> Answer {
    let body = parse(body)?;
    let token = api.authorize(&body, "token")?;
    let token = Token::parse(token).map_err(|_| ApiError::TokenNotFound)?;
    let store = api.store.clone();
    if api.commit(async move { store.unregister(&token).await }).await? {
        Ok(Json(Map::from_iter([
            ("ok".to_owned(), true.into()),
            ("message".to_owned(), "token removed".into()),
        ])))
    } else {
        Err(ApiError::TokenNotFound)
    }
}

// === impl Api ===

impl Api {
    /// Checks the gateway key and returns the text member `name`.
    fn authorize<'body>(
        &self,
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
        if bool::from(valid) { Ok(value) } else { Err(ApiError::GatewayKeyInvalid) }
    }

    /// Carries out `change` and has it published, even if the caller hangs up in between.
    async fn commit<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let changed = Arc::clone(&self.changed);
        let task = tokio::spawn(async move {
            let outcome = change.await;
            changed.notify_one();
            outcome
        });
        task.await.map_err(|_| ApiError::Storage)?.map_err(storage)
    }

    fn describe(&self, headers: &HeaderMap, registration: &Registration) -> Map<String, Value> {
        let members: [(&str, Value); 3] = [
            ("token", registration.token.reveal().into()),
            ("baseUrl", base_url(headers, self.ports, &registration.token).into()),
            ("whitelist_key", registration.whitelist.as_slice().into()),
        ];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

fn parse(body: Body) -> Result<Map<String, Value>, ApiError> {
    let body = body.map_err(|_| ApiError::BodyTooLarge)?;
    serde_json::from_slice(&body).map_err(|_| ApiError::InvalidJson)
}

fn upstream(text: &str) -> Result<UpstreamBase, ApiError> {
    if EXAMPLES.contains(&text.trim_end_matches('/')) {
        return Err(ApiError::ExampleUpstream);
    }
    UpstreamBase::parse(text).map_err(ApiError::InvalidUpstream)
}

#[expect(clippy::needless_pass_by_value, reason = "takes what map_err gives")]
fn storage(error: StoreError) -> ApiError {
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    tracing::error!("{error}: {source}");
    ApiError::Storage
}

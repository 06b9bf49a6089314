//! `GET /v1/models`.

use axum::Json;
use serde_json::{Value, json};

/// Lists the one model there is.
pub(crate) async fn list() -> Json<Value> {
    Json(json!({
        "object": "list",
        "data": [{ "id": "aegis-demo", "object": "model", "created": 0, "owned_by": "aegisgate" }],
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn one_model_is_listed() {
        let list = testing::get("/v1/models").await;
        assert_eq!(list["data"][0]["id"], "aegis-demo");
    }
}

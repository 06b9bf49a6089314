//! The encryption key.

use crate::backend::{Site, base, key, me};
use aegis_model::{Policies, Registered, Registration, Store, Tokens, WhitelistKeys};
use aegis_store::{SqlStore, StoreError};
use serde_json::json;
use std::path::Path;

const DOCUMENT: &str = "{\"exact\":\"correct-horse-battery\"}";

async fn fill(store: &SqlStore) -> Registration {
    let keys = WhitelistKeys::from_json(&json!(["very_private_field"]));
    store.add_version(&me(), "desk", DOCUMENT).await.unwrap();
    match store.register(&me(), &base("https://up.test/v1"), Some(&keys)).await.unwrap() {
        Registered::New(new) => new,
        Registered::Existing(_) => panic!("known"),
    }
}

/// The files below `dir` that hold `text`.
fn holding(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

pub(crate) async fn nothing_secret_is_readable(site: Site) {
    let store = site.open().await;
    let new = fill(&store).await;
    store.close().await;
    for secret in [new.token.reveal(), "very_private_field", "correct-horse-battery"] {
        assert_eq!(holding(&site.files(), secret), Vec::<String>::new());
    }
    assert!(!holding(&site.files(), new.token.hash().as_str()).is_empty(), "the search finds what is there");
}

pub(crate) async fn a_wrong_key_changes_nothing(site: Site) {
    let store = site.open().await;
    let new = fill(&store).await;
    store.close().await;
    let error = SqlStore::open(&site.database, &key("b")).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey), "{error}");
    assert!(error.to_string().contains("AEGIS_ENCRYPTION_KEY"), "{error}");
    let store = site.open().await;
    assert_eq!(store.find_token(&new.token.hash()).await.unwrap(), Some(new));
    assert_eq!(store.document("desk", 1).await.unwrap().unwrap(), DOCUMENT);
}

pub(crate) async fn a_new_key_opens_everything_and_the_old_one_nothing(site: Site) {
    let mut store = site.open().await;
    let new = fill(&store).await;
    store.replace_key(&me(), &key("b")).await.unwrap();
    assert_eq!(store.find_token(&new.token.hash()).await.unwrap(), Some(new.clone()));
    store.close().await;
    let error = SqlStore::open(&site.database, &key("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey), "{error}");
    let store = SqlStore::open(&site.database, &key("b")).await.unwrap();
    assert_eq!(store.find_token(&new.token.hash()).await.unwrap(), Some(new));
    assert_eq!(store.document("desk", 1).await.unwrap().unwrap(), DOCUMENT);
}

pub(crate) async fn a_process_with_the_old_key_stops(site: Site) {
    let mut store = site.open().await;
    let other = site.open().await;
    fill(&store).await;
    store.replace_key(&me(), &key("b")).await.unwrap();
    let error = other.register(&me(), &base("https://b.test"), None).await.unwrap_err();
    assert!(matches!(error, StoreError::KeyReplaced), "{error}");
    assert!(matches!(other.snapshot().await.unwrap_err(), StoreError::KeyReplaced));
    assert_eq!(store.snapshot().await.unwrap().tokens.len(), 1);
}

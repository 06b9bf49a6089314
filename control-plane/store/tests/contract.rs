//! What every store of tokens and upstreams promises, on a real database file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use aegis_model::{Registered, Registration, Registry, Token, UpstreamBase, WhitelistKeys};
use aegis_store::SqliteStore;
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

async fn open(dir: &TempDir) -> SqliteStore {
    SqliteStore::open(&dir.path().join("aegisgate.db")).await.unwrap()
}

fn base(text: &str) -> UpstreamBase {
    UpstreamBase::parse(text).unwrap()
}

async fn register_new(store: &impl Registry, text: &str) -> Registration {
    match store.register(&base(text), None).await.unwrap() {
        Registered::New(registration) => registration,
        Registered::Existing(known) => panic!("{} is known", known.upstream),
    }
}

#[tokio::test]
async fn one_upstream_has_one_token() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    let first = register_new(&store, "https://up.test/v1/").await;
    let second = store.register(&base("https://UP.test/v1"), None).await.unwrap();
    assert_eq!(second, Registered::Existing(first.clone()));
    let other = register_new(&store, "https://up.test/v2").await;
    assert_ne!(first.token, other.token);
    assert_eq!(store.lookup(&base("https://up.test/v1")).await.unwrap(), Some(first));
    assert_eq!(store.lookup(&base("https://never.test/v1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_whitelist_is_replaced_only_when_given() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    let mut lists = Vec::new();
    for list in [Some(json!(["A"])), Some(json!("b, c")), None] {
        let keys = list.as_ref().map(WhitelistKeys::from_json);
        let (Registered::New(registration) | Registered::Existing(registration)) =
            store.register(&base("https://up.test/v1"), keys.as_ref()).await.unwrap();
        lists.push(registration.whitelist.as_slice().to_vec());
    }
    assert_eq!(lists, [vec!["a"], vec!["b", "c"], vec!["b", "c"]]);
}

#[tokio::test]
async fn the_snapshot_follows_every_change_of_a_route() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    assert_eq!(store.snapshot().await.unwrap(), aegis_model::Snapshot::default());

    let first = register_new(&store, "https://a.test/v1").await;
    let second = register_new(&store, "https://b.test/v1").await;
    let both = store.snapshot().await.unwrap();
    assert_eq!((both.revision, both.upstreams.len(), both.tokens.len()), (2, 2, 2));
    let id = both.tokens[&first.token];
    assert_eq!(both.upstreams.iter().find(|upstream| upstream.id == id).unwrap().base, first.upstream);

    assert!(store.unregister(&first.token).await.unwrap());
    assert!(!store.unregister(&first.token).await.unwrap());
    let one = store.snapshot().await.unwrap();
    assert_eq!((one.revision, one.upstreams.len()), (3, 1));
    assert_eq!(one.tokens.keys().collect::<Vec<_>>(), [&second.token]);

    let again = register_new(&store, "https://a.test/v1").await;
    let snapshot = store.snapshot().await.unwrap();
    assert!(again.token != first.token, "a removed token must not come back to life");
    assert!(snapshot.tokens[&again.token] != id, "an identity names an Envoy cluster and must not be reused");

    assert_eq!(store.bump_revision().await.unwrap(), 5);
    assert_eq!(store.snapshot().await.unwrap(), aegis_model::Snapshot { revision: 5, ..snapshot });
}

#[tokio::test]
async fn everything_survives_a_restart_in_private_files() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    let registration = register_new(&store, "https://up.test/v1").await;
    let modes: Vec<u32> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().permissions().mode() & 0o777)
        .collect();
    assert_eq!(modes, [0o600; 3], "database, -wal and -shm");
    let before = store.snapshot().await.unwrap();
    store.close().await;

    let store = open(&dir).await;
    assert_eq!(store.snapshot().await.unwrap(), before);
    assert_eq!(store.lookup(&base("https://up.test/v1")).await.unwrap(), Some(registration));
    assert_eq!(store.revision().await.unwrap(), before.revision);
}

#[tokio::test]
async fn concurrent_registrations_of_one_upstream_agree() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.register(&base("https://up.test/v1"), None).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    let mut tokens: Vec<Token> = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Registered::New(registration) => {
                new += 1;
                tokens.push(registration.token);
            }
            Registered::Existing(registration) => tokens.push(registration.token),
        }
    }
    tokens.dedup();
    assert_eq!((new, tokens.len()), (1, 1));
}

//! `kill -9` at any moment: what was acknowledged is there, and nothing is there by halves.
//!
//! The test runs its own binary again as the child that writes; the child says on its standard output what it is about
//! to remove and what the store has acknowledged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use aegis_model::{
    Actor, Policies as _, Registered, Rollout, Store as _, TokenPage, Tokens as _, UpstreamBase,
};
use aegis_postgres::Postgres;
use aegis_store::{Database, EncryptionKey, SqlStore, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const DATABASE: &str = "AEGIS_TEST_DATABASE";
const ROUND: &str = "AEGIS_TEST_ROUND";

/// What a child is told about its database: a URL or a path.
fn database(text: &str) -> Database {
    if text.starts_with("postgres:") {
        Database::Postgres(text.to_owned())
    } else {
        Database::Sqlite(PathBuf::from(text))
    }
}

fn key(digit: &str) -> EncryptionKey {
    EncryptionKey::from_hex(&digit.repeat(64)).unwrap()
}

fn me() -> Actor {
    Actor::new("child")
}

/// What the child was told by the store.
#[derive(Default)]
struct Ledger {
    /// Acknowledged registrations: base → token.
    registered: BTreeMap<String, String>,
    /// Acknowledged removals.
    removed: BTreeSet<String>,
    /// How many changes were acknowledged.
    writes: usize,
    /// The version that an acknowledged rollout made live.
    live: u32,
}

#[tokio::test]
#[ignore = "run as a child process"]
async fn child_that_writes_until_it_is_killed() {
    let database = database(&std::env::var(DATABASE).unwrap());
    let round: u32 = std::env::var(ROUND).unwrap().parse().unwrap();
    let store = SqlStore::open(&database, &key("a")).await.unwrap();
    let mut out = std::io::stdout();
    for number in 0.. {
        let base = UpstreamBase::parse(&format!("http://u{round}-{number}.test/v1")).unwrap();
        let Registered::New(new) = store.register(&me(), &base, None).await.unwrap() else {
            panic!("{base} is known")
        };
        writeln!(out, "\nregistered {base} {}", new.token.reveal()).unwrap();
        if number % 3 == 2 {
            writeln!(out, "\nremoving {base}").unwrap();
            store.remove_token(&me(), &new.token.hash()).await.unwrap();
            writeln!(out, "\nremoved {base}").unwrap();
        }
        if number % 4 == 3 {
            let version =
                store.add_version(&me(), "desk", &format!("{round}-{number}")).await.unwrap().version;
            let rollout = Rollout::only(version);
            store.roll_out(&me(), "desk", Some(&rollout), None, "").await.unwrap();
            writeln!(out, "\nrolled {version}").unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "run as a child process"]
async fn child_that_replaces_the_key_until_it_is_killed() {
    let database = database(&std::env::var(DATABASE).unwrap());
    let (mut store, mut now) = open_with_either(&database).await;
    let mut out = std::io::stdout();
    loop {
        now = if now == "a" { "b" } else { "a" };
        writeln!(out, "\nreplacing").unwrap();
        store.replace_key(&me(), &key(now)).await.unwrap();
        writeln!(out, "\nreplaced {now}").unwrap();
    }
}

#[tokio::test]
async fn survives_kill_9_on_sqlite() {
    let dir = TempDir::new().unwrap();
    survives_kill_9(&dir.path().join("aegisgate.db").display().to_string(), None).await;
}

#[tokio::test]
async fn survives_kill_9_on_postgres() {
    let server = Postgres::start();
    survives_kill_9(&server.create_database(), Some(&server)).await;
}

/// Kills the child, and every third time the server as well.
async fn survives_kill_9(database: &str, server: Option<&Postgres>) {
    let mut ledger = Ledger::default();
    for round in 0..24 {
        let mut child = spawn_child("child_that_writes_until_it_is_killed", database, round);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // Another number of acknowledged statements each time; the moment inside the next one varies by itself.
        for _ in 0..round {
            while !ledger.apply(&lines.next().expect("the child ended by itself")) {}
        }
        if let Some(server) = server.filter(|_| round % 3 == 0) {
            server.kill();
            server.run();
        }
        child.kill().unwrap();
        for line in lines {
            ledger.apply(&line);
        }
        child.wait().unwrap();
        ledger.check(database).await;
    }
    assert!(ledger.writes >= 200, "only {} writes", ledger.writes);
}

#[tokio::test]
async fn replacing_the_key_survives_kill_9_on_sqlite() {
    let dir = TempDir::new().unwrap();
    replacing_the_key_survives_kill_9(&dir.path().join("aegisgate.db").display().to_string()).await;
}

#[tokio::test]
async fn replacing_the_key_survives_kill_9_on_postgres() {
    let server = Postgres::start();
    replacing_the_key_survives_kill_9(&server.create_database()).await;
}

async fn replacing_the_key_survives_kill_9(database: &str) {
    let store = SqlStore::open(&self::database(database), &key("a")).await.unwrap();
    let mut tokens = Vec::new();
    for number in 0..50 {
        let base = UpstreamBase::parse(&format!("http://u{number}.test")).unwrap();
        let Registered::New(new) = store.register(&me(), &base, None).await.unwrap() else { panic!() };
        tokens.push(new.token);
    }
    store.close().await;
    for round in 0..12 {
        let mut child = spawn_child("child_that_replaces_the_key_until_it_is_killed", database, round);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        for _ in 0..=round % 4 {
            lines.find(|line| line == "replacing").expect("the child ended by itself");
        }
        child.kill().unwrap();
        let last = lines.filter_map(|line| line.strip_prefix("replaced ").map(str::to_owned)).last();
        child.wait().unwrap();
        let (store, now) = open_with_either(&self::database(database)).await;
        // One more replacement than was acknowledged may have happened.
        assert!(last.is_none() || ["a", "b"].contains(&now));
        let page = TokenPage { after: 0, limit: 100, tenant: None };
        let found = store.list_tokens(page).await.unwrap();
        assert!(found.iter().map(|registration| &registration.token).eq(&tokens), "everything opens");
        store.close().await;
    }
}

/// The store with the one key that opens it.
async fn open_with_either(database: &Database) -> (SqlStore, &'static str) {
    let mut opened = Vec::new();
    for digit in ["a", "b"] {
        match SqlStore::open(database, &key(digit)).await {
            Ok(store) => opened.push((store, digit)),
            Err(StoreError::WrongKey) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(opened.len(), 1);
    opened.pop().unwrap()
}

fn spawn_child(test: &str, database: &str, round: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DATABASE, database)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Ledger {
    /// Takes down what a line says; `false` for a line of the test harness.
    fn apply(&mut self, line: &str) -> bool {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["registered", base, token] => {
                self.writes += 1;
                self.registered.insert(base.to_owned(), token.to_owned()).is_none()
            }
            // From here on, until it is acknowledged, both outcomes are right.
            ["removing", base] => self.registered.remove(base).is_some(),
            ["removed", base] => {
                self.writes += 1;
                self.removed.insert(base.to_owned())
            }
            ["rolled", version] => {
                self.writes += 1;
                self.live = version.parse().unwrap();
                true
            }
            _ => false,
        }
    }

    async fn check(&self, text: &str) {
        let store = SqlStore::open(&database(text), &key("a")).await.unwrap();
        let snapshot = store.snapshot().await.unwrap();
        let bases: BTreeMap<_, _> =
            snapshot.upstreams.iter().map(|upstream| (upstream.id, upstream.base.to_string())).collect();
        let page = TokenPage { after: 0, limit: 10_000, tenant: None };
        let stored: BTreeMap<_, _> = store
            .list_tokens(page)
            .await
            .unwrap()
            .into_iter()
            .map(|registration| (registration.upstream.to_string(), registration.token.reveal().to_owned()))
            .collect();
        assert_eq!(stored.len(), bases.len(), "an upstream without a token");
        assert_eq!(snapshot.tokens.len(), stored.len());
        for (base, token) in &self.registered {
            assert_eq!(stored.get(base), Some(token), "{base} was acknowledged");
        }
        for base in &self.removed {
            assert!(!stored.contains_key(base), "the removal of {base} was acknowledged");
        }
        let live = snapshot.policies.rollouts.get("desk").map_or(0, |rollout| rollout.live);
        assert!(live >= self.live, "version {live} instead of {}", self.live);
        store.close().await;
        if !text.starts_with("postgres:") {
            check_file(Path::new(text)).await;
        }
    }
}

async fn check_file(database: &Path) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.unwrap();
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&pool).await.unwrap();
    assert_eq!((verdict.as_str(), orphans.len()), ("ok", 0));
    pool.close().await;
}

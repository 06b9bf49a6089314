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

use aegis_model::{Registered, Registry as _, UpstreamBase};
use aegis_store::SqliteStore;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const DATABASE: &str = "AEGIS_TEST_DATABASE";
const ROUND: &str = "AEGIS_TEST_ROUND";

/// What the child was told by the store.
#[derive(Default)]
struct Ledger {
    /// Acknowledged registrations: base → token.
    registered: BTreeMap<String, String>,
    /// Acknowledged removals.
    removed: BTreeSet<String>,
}

#[tokio::test]
#[ignore = "run as a child process by survives_kill_9"]
async fn child_that_writes_until_it_is_killed() {
    let path = PathBuf::from(std::env::var(DATABASE).unwrap());
    let round = std::env::var(ROUND).unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut out = std::io::stdout();
    for number in 0.. {
        let base = UpstreamBase::parse(&format!("http://u{round}-{number}.test/v1")).unwrap();
        let Registered::New(new) = store.register(&base, None).await.unwrap() else {
            panic!("{base} is known")
        };
        writeln!(out, "\nregistered {base} {}", new.token.reveal()).unwrap();
        if number % 3 == 2 {
            writeln!(out, "\nremoving {base}").unwrap();
            store.unregister(&new.token).await.unwrap();
            writeln!(out, "\nremoved {base}").unwrap();
        }
    }
}

#[tokio::test]
async fn survives_kill_9() {
    let dir = TempDir::new().unwrap();
    let database = dir.path().join("aegisgate.db");
    let mut ledger = Ledger::default();
    for round in 0..24 {
        let mut child = spawn_child(&database, round);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // Another number of acknowledged statements each time; the moment inside the next one varies by itself.
        for _ in 0..round {
            while !ledger.apply(&lines.next().expect("the child ended by itself")) {}
        }
        child.kill().unwrap();
        for line in lines {
            ledger.apply(&line);
        }
        child.wait().unwrap();
        ledger.check(&database).await;
    }
    assert!(ledger.registered.len() > 100, "only {} registrations", ledger.registered.len());
}

fn spawn_child(database: &Path, round: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
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
                self.registered.insert(base.to_owned(), token.to_owned()).is_none()
            }
            // From here on, until it is acknowledged, both outcomes are right.
            ["removing", base] => self.registered.remove(base).is_some(),
            ["removed", base] => self.removed.insert(base.to_owned()),
            _ => false,
        }
    }

    async fn check(&self, database: &Path) {
        let store = SqliteStore::open(database).await.unwrap();
        let snapshot = store.snapshot().await.unwrap();
        let bases: BTreeMap<_, _> =
            snapshot.upstreams.iter().map(|upstream| (upstream.id, upstream.base.to_string())).collect();
        let stored: BTreeMap<_, _> =
            snapshot.tokens.iter().map(|(token, id)| (bases[id].as_str(), token.reveal())).collect();
        assert_eq!(stored.len(), bases.len(), "an upstream without a token");
        for (base, token) in &self.registered {
            assert_eq!(stored.get(base.as_str()), Some(&token.as_str()), "{base} was acknowledged");
        }
        for base in &self.removed {
            assert!(!stored.contains_key(base.as_str()), "the removal of {base} was acknowledged");
        }
        store.close().await;

        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.unwrap();
        let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&pool).await.unwrap();
        assert_eq!((verdict.as_str(), orphans.len()), ("ok", 0));
        pool.close().await;
    }
}

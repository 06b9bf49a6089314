//! The keys of a gateway: from the environment, else from a private file that is generated once.

use crate::private_file;
use aegis_model::Actor;
use aegis_store::{Database, EncryptionKey, SqlStore, StoreError};
use anyhow::{Context as _, bail};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Environment variable of the key that the admin API asks for.
pub(crate) const GATEWAY_VARIABLE: &str = "AEGIS_GATEWAY_KEY";
/// Environment variable of the key of placeholders: 32 bytes in hexadecimal.
pub(crate) const PLACEHOLDER_VARIABLE: &str = "AEGIS_PLACEHOLDER_KEY";

/// Environment variable of the secret that requests are signed with, which only the filter uses.
const REQUEST_HMAC_VARIABLE: &str = "AEGIS_REQUEST_HMAC_SECRET";

/// Environment variable of the key under which the database keeps secrets: 32 bytes in hexadecimal.
pub(crate) const ENCRYPTION_VARIABLE: &str = "AEGIS_ENCRYPTION_KEY";
/// Environment variable of the key that is to replace it.
pub(crate) const NEW_ENCRYPTION_VARIABLE: &str = "AEGIS_NEW_ENCRYPTION_KEY";
/// Environment variable of the key for the API of a control plane.
const ADMIN_VARIABLE: &str = "AEGIS_ADMIN_KEY";
/// Environment variable of the database's URL, which may hold a password.
const DATABASE_VARIABLE: &str = "AEGIS_DATABASE_URL";

const ENCRYPTION_FILE: &str = "encryption.key";
/// The key that is about to replace it, while it does.
const NEXT_ENCRYPTION_FILE: &str = "encryption.key.next";
const DATABASE_FILE: &str = "aegisgate.db";

const GATEWAY_FILE: &str = "gateway.key";
const PLACEHOLDER_FILE: &str = "placeholder.key";
const KEY_BYTES: usize = 32;

/// Whoever sees a signed request can try secrets on it for as long as they like.
const MIN_HMAC_SECRET_BYTES: usize = 32;

/// The key that the admin API asks for.
#[derive(Debug)]
pub(crate) struct GatewayKey {
    /// The key itself.
    pub secret: SecretString,
    /// What a shell on this machine expands to the key, to tell users how to give it without showing it.
    pub shell_word: String,
}

// === impl GatewayKey ===

impl GatewayKey {
    /// The key from the environment, else from the data directory.
    pub(crate) fn load(data_dir: &Path) -> anyhow::Result<GatewayKey> {
        GatewayKey::choose(variable(GATEWAY_VARIABLE), data_dir)
    }

    fn choose(given: Option<String>, data_dir: &Path) -> anyhow::Result<GatewayKey> {
        if let Some(key) = given {
            return Ok(GatewayKey { secret: key.into(), shell_word: format!("${GATEWAY_VARIABLE}") });
        }
        let path = data_dir.join(GATEWAY_FILE);
        let secret = load_or_generate(&path, |bytes| BASE64URL_NOPAD.encode(bytes))?;
        Ok(GatewayKey { secret, shell_word: format!("$(cat '{}')", path.display()) })
    }
}

/// The key from which the filter derives placeholders, in hexadecimal: from the environment, else from the data
/// directory.
pub(crate) fn placeholder(data_dir: &Path) -> anyhow::Result<SecretString> {
    choose_placeholder(variable(PLACEHOLDER_VARIABLE), data_dir)
}

fn choose_placeholder(given: Option<String>, data_dir: &Path) -> anyhow::Result<SecretString> {
    let path = data_dir.join(PLACEHOLDER_FILE);
    let (key, origin) = match given {
        Some(key) => (key.into(), PLACEHOLDER_VARIABLE.to_owned()),
        None => (load_or_generate(&path, |bytes| HEXLOWER.encode(bytes))?, path.display().to_string()),
    };
    let decoded = HEXLOWER_PERMISSIVE.decode(key.expose_secret().as_bytes());
    if decoded.is_ok_and(|bytes| bytes.len() == KEY_BYTES) {
        return Ok(key);
    }
    bail!("{origin} must hold 64 hexadecimal digits; make such a key with: openssl rand -hex 32")
}

/// Checks the secret that requests are signed with.
pub(crate) fn check_request_hmac() -> anyhow::Result<()> {
    check_hmac_secret(variable(REQUEST_HMAC_VARIABLE).as_deref())
}

fn check_hmac_secret(given: Option<&str>) -> anyhow::Result<()> {
    if given.is_some_and(|secret| secret.len() >= MIN_HMAC_SECRET_BYTES) {
        return Ok(());
    }
    bail!(
        "AEGIS_ENABLE_REQUEST_HMAC_AUTH needs {MIN_HMAC_SECRET_BYTES} characters or more in {REQUEST_HMAC_VARIABLE}; \
         make a secret with: openssl rand -hex 32"
    )
}

/// The key for the API of a control plane: from the environment, else the gateway key of this machine.
pub(crate) fn admin(data_dir: &Path) -> anyhow::Result<SecretString> {
    if let Some(key) = variable(ADMIN_VARIABLE).or_else(|| variable(GATEWAY_VARIABLE)) {
        return Ok(key.into());
    }
    let path = data_dir.join(GATEWAY_FILE);
    let key = fs::read_to_string(&path).with_context(|| {
        format!("no key: set {ADMIN_VARIABLE}, or AEGIS_DATA_DIR to where {GATEWAY_FILE} is")
    })?;
    Ok(key.trim().into())
}

/// The database: the one of the URL in the environment, else a file in the data directory.
pub(crate) fn database(data_dir: &Path) -> anyhow::Result<Database> {
    Ok(Database::from_url(variable(DATABASE_VARIABLE).as_deref(), data_dir.join(DATABASE_FILE))?)
}

/// Opens the store with its key: from the environment, else from the data directory.
pub(crate) async fn open_store(data_dir: &Path) -> anyhow::Result<SqlStore> {
    open(&database(data_dir)?, variable(ENCRYPTION_VARIABLE), data_dir).await
}

async fn open(database: &Database, given: Option<String>, data_dir: &Path) -> anyhow::Result<SqlStore> {
    if let Some(key) = given {
        let key = EncryptionKey::from_hex(&key).context(ENCRYPTION_VARIABLE)?;
        return Ok(SqlStore::open(database, &key).await?);
    }
    let (path, next) = (data_dir.join(ENCRYPTION_FILE), data_dir.join(NEXT_ENCRYPTION_FILE));
    let key = load_or_generate(&path, |bytes| HEXLOWER.encode(bytes))?;
    let key = EncryptionKey::from_hex(key.expose_secret()).with_context(|| path.display().to_string())?;
    match SqlStore::open(database, &key).await {
        // The replacement of the key was cut off before or after the database had taken the new one.
        Err(StoreError::WrongKey) if next.exists() => {
            let key = fs::read_to_string(&next).with_context(|| next.display().to_string())?;
            let store = SqlStore::open(database, &EncryptionKey::from_hex(&key)?).await?;
            fs::rename(&next, &path).with_context(|| next.display().to_string())?;
            Ok(store)
        }
        Ok(store) => {
            if next.exists() {
                fs::remove_file(&next).with_context(|| next.display().to_string())?;
            }
            Ok(store)
        }
        Err(error) => Err(error.into()),
    }
}

/// Replaces the encryption key. The new one comes from the environment if the old one does, else it is generated.
pub(crate) async fn replace_encryption(data_dir: &Path) -> anyhow::Result<()> {
    let mut store = open_store(data_dir).await?;
    let actor = Actor::new("command-line");
    if variable(ENCRYPTION_VARIABLE).is_some() {
        let Some(new) = variable(NEW_ENCRYPTION_VARIABLE) else {
            bail!("set {NEW_ENCRYPTION_VARIABLE} to the new key; make one with: openssl rand -hex 32")
        };
        let new = EncryptionKey::from_hex(&new).context(NEW_ENCRYPTION_VARIABLE)?;
        store.replace_key(&actor, &new).await?;
        println!("done; from now on set {ENCRYPTION_VARIABLE} to the new key, for every control plane");
    } else {
        let (path, next) = (data_dir.join(ENCRYPTION_FILE), data_dir.join(NEXT_ENCRYPTION_FILE));
        let new = HEXLOWER.encode(&rand::random::<[u8; KEY_BYTES]>());
        // The database must never be under a key that is not on the disk.
        private_file::replace(&next, new.as_bytes(), private_file::OWNER_ONLY)
            .with_context(|| format!("cannot write {}", next.display()))?;
        store.replace_key(&actor, &EncryptionKey::from_hex(&new)?).await?;
        fs::rename(&next, &path).with_context(|| next.display().to_string())?;
        println!("done; {} has the new key; start running control planes again", path.display());
    }
    store.close().await;
    Ok(())
}

/// An environment variable; empty counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn load_or_generate(path: &Path, encode: impl Fn(&[u8]) -> String) -> anyhow::Result<SecretString> {
    let key = encode(&rand::random::<[u8; KEY_BYTES]>());
    match private_file::create(path, key.as_bytes(), private_file::OWNER_ONLY) {
        Ok(()) => return Ok(key.into()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(error).with_context(|| format!("cannot write the key file {}", path.display()));
        }
    }
    let stored =
        fs::read_to_string(path).with_context(|| format!("cannot read the key file {}", path.display()))?;
    let stored = stored.trim();
    if stored.is_empty() {
        bail!("the key file {} is empty; delete it to have a new key generated", path.display());
    }
    Ok(stored.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_generated_key_is_private_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let key = |dir: &Path| GatewayKey::choose(None, dir).unwrap().secret.expose_secret().to_owned();
        let first = key(dir.path());
        assert_eq!((key(dir.path()), first.len()), (first.clone(), 43));
        let mode = fs::metadata(dir.path().join(GATEWAY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(key(other.path()), first);
    }

    #[test]
    fn the_environment_wins_and_writes_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let key = GatewayKey::choose(Some("gk".into()), dir.path()).unwrap();
        assert_eq!((key.secret.expose_secret(), key.shell_word.as_str()), ("gk", "$AEGIS_GATEWAY_KEY"));
        choose_placeholder(Some("0A".repeat(32)), dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_replacement_that_was_cut_off_is_brought_to_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(dir.path().join("d.db"));
        let (path, next) = (dir.path().join(ENCRYPTION_FILE), dir.path().join(NEXT_ENCRYPTION_FILE));
        let mut store = open(&database, None, dir.path()).await.unwrap();
        let old = fs::read_to_string(&path).unwrap();
        // Cut off before the database took the new key.
        fs::write(&next, "b".repeat(64)).unwrap();
        open(&database, None, dir.path()).await.unwrap().close().await;
        assert_eq!((fs::read_to_string(&path).unwrap(), next.exists()), (old, false));
        // And after.
        fs::write(&next, "b".repeat(64)).unwrap();
        let new = EncryptionKey::from_hex(&"b".repeat(64)).unwrap();
        store.replace_key(&Actor::new("x"), &new).await.unwrap();
        open(&database, None, dir.path()).await.unwrap().close().await;
        assert_eq!((fs::read_to_string(&path).unwrap(), next.exists()), ("b".repeat(64), false));
        let error = open(&database, Some("c".repeat(64)), dir.path()).await.unwrap_err().to_string();
        assert!(error.contains(ENCRYPTION_VARIABLE) && error.contains("nothing was changed"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "b".repeat(64));
    }

    #[test]
    fn a_short_secret_of_requests_is_refused_without_showing_it() {
        for secret in [None, Some("hunter2")] {
            let error = check_hmac_secret(secret).unwrap_err().to_string();
            assert!(error.contains(REQUEST_HMAC_VARIABLE) && !error.contains("hunter2"), "{error}");
        }
        check_hmac_secret(Some(&"0a".repeat(16))).unwrap();
    }

    #[test]
    fn a_bad_placeholder_key_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        choose_placeholder(None, dir.path()).unwrap();
        let error = choose_placeholder(Some("hunter2".into()), dir.path()).unwrap_err().to_string();
        assert!(error.contains(PLACEHOLDER_VARIABLE) && !error.contains("hunter2"), "{error}");
    }
}

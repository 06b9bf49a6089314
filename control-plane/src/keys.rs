//! The two keys of a gateway: from the environment, else from a private file that is generated once.

use crate::private_file;
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

const GATEWAY_FILE: &str = "gateway.key";
const PLACEHOLDER_FILE: &str = "placeholder.key";
const KEY_BYTES: usize = 32;

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

    #[test]
    fn a_bad_placeholder_key_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        choose_placeholder(None, dir.path()).unwrap();
        let error = choose_placeholder(Some("hunter2".into()), dir.path()).unwrap_err().to_string();
        assert!(error.contains(PLACEHOLDER_VARIABLE) && !error.contains("hunter2"), "{error}");
    }
}

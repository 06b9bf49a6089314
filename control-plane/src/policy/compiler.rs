//! Policies as the filter gets them.

use aegis_engine::MasterKey;
use aegis_policy::{CompiledPolicy, Policy};
use aegis_xds::CompiledPolicies;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Compiles the policies of the store, each version once, and the one of a file whenever it changes.
#[derive(Debug)]
pub(crate) struct Compiler {
    key: MasterKey,
    file: Option<PolicyFile>,
    /// Versions do not change, so neither does what they compile to.
    known: Mutex<CompiledPolicies>,
}

/// The file of `AEGIS_POLICY`.
#[derive(Debug)]
struct PolicyFile {
    path: PathBuf,
    seen: Option<Stamp>,
}

/// What a file looks like from outside.
type Stamp = (SystemTime, u64);

// === impl Compiler ===

impl Compiler {
    /// A compiler whose digests are made with `key`, and the policy of the file, if one is given.
    pub(crate) fn new(key: MasterKey, path: Option<&Path>) -> anyhow::Result<(Compiler, CompiledPolicy)> {
        let file = path.map(|path| PolicyFile { path: path.to_owned(), seen: stamp(path) });
        let policy = match path {
            Some(path) => super::compile(path, &key)?,
            None => CompiledPolicy::default(),
        };
        Ok((Compiler { key, file, known: Mutex::default() }, policy))
    }

    /// The policy of the file, if it has changed and can be used. If it cannot, that is said once and the last one stays.
    pub(crate) fn changed_file(&mut self) -> Option<CompiledPolicy> {
        let file = self.file.as_mut()?;
        let now = stamp(&file.path);
        if now.is_none() || now == file.seen {
            return None;
        }
        file.seen = now;
        match super::compile(&file.path, &self.key) {
            Ok(policy) => {
                tracing::info!(file = %file.path.display(), "the policy has changed");
                Some(policy)
            }
            Err(error) => {
                tracing::error!("the last policy stays: {error:#}");
                None
            }
        }
    }

    /// Compiles `documents`. What is no longer among them is forgotten.
    pub(crate) fn compile(
        &self,
        documents: &BTreeMap<(String, u32), String>,
    ) -> anyhow::Result<CompiledPolicies> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut compiled = CompiledPolicies::new();
        for (version, document) in documents {
            let policy = if let Some(policy) = known.get(version) {
                policy.clone()
            } else {
                let context = || format!("policy {}, version {}", version.0, version.1);
                let policy: Policy = serde_json::from_str(document).with_context(context)?;
                aegis_engine::compile(&policy, &self.key).with_context(context)?
            };
            compiled.insert(version.clone(), policy);
        }
        known.clone_from(&compiled);
        Ok(compiled)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_hex(crate::offline::PUBLIC_KEY).unwrap()
    }

    #[test]
    fn a_file_is_read_again_when_it_changes_and_the_last_good_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy.yaml");
        std::fs::write(&path, "version: 1\nname: first\n").unwrap();
        let (mut compiler, policy) = Compiler::new(key(), Some(&path)).unwrap();
        assert_eq!((policy.name.as_str(), compiler.changed_file()), ("first", None));
        std::fs::write(&path, "version: 1\nname: second\n").unwrap();
        assert_eq!(compiler.changed_file().unwrap().name, "second");
        std::fs::write(&path, "version: 1\ncolour: red\n").unwrap();
        assert_eq!(compiler.changed_file(), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(compiler.changed_file(), None);
        std::fs::write(&path, "version: 1\nname: corrected\n").unwrap();
        assert_eq!(compiler.changed_file().unwrap().name, "corrected");
    }

    #[test]
    fn a_version_is_compiled_once_and_forgotten_when_it_does_not_act() {
        let (compiler, _) = Compiler::new(key(), None).unwrap();
        let document = serde_json::to_string(&Policy::named("desk")).unwrap();
        let one = BTreeMap::from([(("desk".to_owned(), 1), document)]);
        let first = compiler.compile(&one).unwrap();
        // The document is not looked at again.
        let same = one.into_keys().map(|version| (version, String::new())).collect();
        assert_eq!(compiler.compile(&same).unwrap(), first);
        assert!(compiler.compile(&BTreeMap::new()).unwrap().is_empty());
        assert!(compiler.compile(&same).is_err());
    }
}

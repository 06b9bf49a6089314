//! The filter's module: found once and kept under the digest of its content.

use crate::private_file;
use anyhow::{Context as _, bail};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "aegisgate.wasm";
const WASM_MAGIC: &[u8] = b"\0asm";

/// The module to use: `given`, or one of the usual places.
pub(crate) fn find(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let candidates = match given {
        Some(path) => vec![path.to_owned()],
        None => usual_places(),
    };
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let tried = candidates.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    bail!("the filter's module is not at {tried}; build it with `make build`, or set AEGIS_WASM to its path")
}

/// Copies `module` to `<data_dir>/wasm/<sha256>.wasm` and returns that path.
///
/// Envoy neither checks a module's digest nor reads a file again whose name it knows, so the name has to change with
/// the content, and a build must not be able to change the file under a running Envoy.
pub(crate) fn install(module: &Path, data_dir: &Path) -> anyhow::Result<PathBuf> {
    let code =
        fs::read(module).with_context(|| format!("cannot read the filter's module {}", module.display()))?;
    if !code.starts_with(WASM_MAGIC) {
        bail!("{} is not a WebAssembly module; build it with `make build`", module.display());
    }
    let dir = data_dir.join("wasm");
    let path = dir.join(format!("{}.wasm", HEXLOWER.encode(&Sha256::digest(&code))));
    if !fs::read(&path).is_ok_and(|installed| installed == code) {
        fs::create_dir_all(&dir)
            .and_then(|()| private_file::replace(&path, &code, private_file::READABLE))
            .with_context(|| format!("cannot write the filter's module to {}", path.display()))?;
    }
    Ok(path)
}

fn usual_places() -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(FILE_NAME)));
    beside.into_iter().chain([Path::new("dist").join(FILE_NAME)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("filter.wasm");
        fs::write(&source, b"\0asm one").unwrap();
        let one = install(&find(Some(&source)).unwrap(), dir.path()).unwrap();
        assert_eq!(install(&source, dir.path()).unwrap(), one);
        fs::write(&one, b"\0asm cut").unwrap();
        assert_eq!(install(&source, dir.path()).unwrap(), one);
        assert_eq!(fs::read(&one).unwrap(), b"\0asm one");
        fs::write(&source, b"\0asm two").unwrap();
        assert_ne!(install(&source, dir.path()).unwrap(), one);
    }

    #[test]
    fn says_what_is_missing_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("filter.wasm");
        let missing = find(Some(&source)).unwrap_err().to_string();
        assert!(missing.contains("filter.wasm") && missing.contains("AEGIS_WASM"), "{missing}");
        fs::write(&source, "text").unwrap();
        let wrong = install(&source, dir.path()).unwrap_err().to_string();
        assert!(wrong.contains("not a WebAssembly module"), "{wrong}");
    }
}

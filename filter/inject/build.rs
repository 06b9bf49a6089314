//! Puts `lexicon/*.toml` and `techniques/*.toml` together into the document that the crate embeds.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/document.rs"]
#[expect(unreachable_pub, reason = "it is a module of the crate, and public there")]
mod document;

use document::{Knowledge, Lexicon, TechniqueFile};

/// How hard it is tried to make less of it.
const BEST: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut knowledge = Knowledge::default();
    for path in files(&folder.join("lexicon"))? {
        knowledge.concepts.extend(read::<Lexicon>(&path)?.concept);
    }
    for path in files(&folder.join("techniques"))? {
        let file: TechniqueFile = read(&path)?;
        if path.file_stem().is_none_or(|stem| *stem != *file.technique.id) {
            return Err(format!("{}: the id is not the name of the file", path.display()).into());
        }
        knowledge.techniques.extend(Some(file.technique).filter(|one| !one.any.is_empty()));
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Words in many languages are most of it, and deflated less than half as long.
    let document = serde_json::to_vec(&knowledge)?;
    fs::write(out.join("knowledge.zlib"), miniz_oxide::deflate::compress_to_vec_zlib(&document, BEST))?;
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Box<dyn Error>> {
    toml::from_str(&fs::read_to_string(path)?).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The documents in `folder`, sorted: the numbers of concepts must not depend on the file system.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    for path in &paths {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    Ok(paths)
}

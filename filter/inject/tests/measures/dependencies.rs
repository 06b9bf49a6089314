//! What agents read: manuals, licences and sources that other people wrote, those of this workspace's dependencies. None
//! of them was learned, but a few harmless texts that were are about the same as what was acted on here.

use crate::judge::{ACTED_ON, Judge, files, percent};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Bytes of a file that are looked at: as much as an agent's tool shows.
const MOST: usize = 60_000;

/// Of source files one in so many is looked at.
const STEP: usize = 4;

/// Percent of each kind that may be acted on, and files of it at least.
const KINDS: [(&str, f64, usize); 3] = [("manual", 0.5, 300), ("licence", 0.5, 300), ("source", 0.5, 800)];

/// Where cargo keeps sources.
fn registries() -> Vec<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap();
    let entries = fs::read_dir(home.join("registry/src")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The folders of what `Cargo.lock` names, as far as this platform needs it.
fn packages() -> Vec<PathBuf> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock: toml::Table = fs::read_to_string(lock).unwrap().parse().unwrap();
    let registries = registries();
    let folders = lock["package"].as_array().unwrap().iter().filter_map(|package| {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
        text("source")?;
        let name = format!("{}-{}", text("name")?, text("version")?);
        registries.iter().map(|registry| registry.join(&name)).find(|folder| folder.is_dir())
    });
    folders.collect()
}

fn kind(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_str()?.to_ascii_uppercase();
    if ["LICENSE", "LICENCE", "COPYING", "UNLICENSE", "NOTICE"].iter().any(|start| name.starts_with(start)) {
        return Some("licence");
    }
    match path.extension()?.to_str()? {
        "md" => Some("manual"),
        "rs" => Some("source"),
        _ => None,
    }
}

#[test]
fn what_agents_read_is_left_alone() {
    let all: Vec<PathBuf> = packages().iter().flat_map(|package| files(package, &|_| true)).collect();
    let mut judge = Judge::new();
    let [(writer, from), _] = ACTED_ON;
    for (name, most, least) in KINDS {
        let step = if name == "source" { STEP } else { 1 };
        let files: Vec<&PathBuf> = all.iter().filter(|path| kind(path) == Some(name)).step_by(step).collect();
        let mut acted = Vec::new();
        for path in &files {
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            let score = judge.score(&text[..text.floor_char_boundary(MOST)], writer);
            if score >= from {
                acted.push(format!("{score} {}", path.display()));
            }
        }
        let share = percent(acted.len(), files.len());
        println!(
            "{name:8} {} of {} ({share:.2} %) acted on\n  {}",
            acted.len(),
            files.len(),
            acted.join("\n  ")
        );
        assert!(files.len() >= least, "{name}: {}", files.len());
        assert!(share <= most, "{name}: {share:.2} %");
    }
}

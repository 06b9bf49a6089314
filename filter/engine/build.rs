//! Compiles `filter/rules/*.toml` into one checked document that the engine embeds.
//!
//! A rule that breaks the scanner's restrictions or its own examples fails the build, with its file and the reason.

use aegis_policy::{Rule, RuleFile};
use std::collections::HashSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../rules");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut rules: Vec<Rule> = Vec::new();
    for path in rule_files(&folder)? {
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file: RuleFile =
            toml::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{name}: {error}"))?;
        aegis_scanner::check_examples(&file.rules).map_err(|error| format!("{name}: {error}"))?;
        rules.extend(file.into_rules());
    }
    let mut ids = HashSet::new();
    if let Some(twice) = rules.iter().find(|rule| !ids.insert(&rule.id)) {
        return Err(format!("rule id `{}` is used twice", twice.id).into());
    }
    // The examples have done their work and would only make the module larger.
    for rule in &mut rules {
        rule.drop_examples();
    }
    let out = Path::new(&env::var("OUT_DIR")?).join("catalogue.json");
    fs::write(out, serde_json::to_vec(&rules)?)?;
    Ok(())
}

/// Sorted, so that rule order does not depend on the file system.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

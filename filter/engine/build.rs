//! Compiles `filter/rules/*.toml` and `filter/rules/commands/*.toml` into checked documents that the engine embeds.
//!
//! A rule that breaks the scanner's restrictions or its own examples fails the build, with its file and the reason.

use aegis_policy::{Rule, RuleFile};
use aegis_shell::{CommandFile, CommandRule, Sets};
use miniz_oxide::deflate::compress_to_vec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Names for lists of programs, beside the files of rules over commands.
const SETS: &str = "sets.toml";

/// The level of compression.
const BEST: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../rules");
    let mut rules: Vec<Rule> = Vec::new();
    for path in files(&folder)? {
        let name = name(&path);
        let file: RuleFile = read(&path)?;
        aegis_scanner::check_examples(&file.rules).map_err(|error| format!("{name}: {error}"))?;
        rules.extend(file.into_rules());
    }
    let commands = commands(&folder.join("commands"))?;
    let mut ids = HashSet::new();
    let all = rules.iter().map(|rule| &rule.id).chain(commands.iter().map(|command| &command.id));
    if let Some(twice) = all.into_iter().find(|id| !ids.insert(*id)) {
        return Err(format!("rule id `{twice}` is used twice").into());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // The notes have done their work and would only make the module larger.
    for rule in &mut rules {
        rule.drop_notes();
    }
    embed(&out.join("catalogue.zz"), &rules)?;
    let mut commands = commands;
    for command in &mut commands {
        command.drop_notes();
    }
    embed(&out.join("commands.zz"), &commands)
}

/// Compressed: seven eighths of what every worker would load are repeated words.
fn embed(path: &Path, document: &impl Serialize) -> Result<(), Box<dyn Error>> {
    let json = serde_json::to_vec(document)?;
    Ok(fs::write(path, compress_to_vec(&json, BEST))?)
}

/// The rules over commands in `folder`.
fn commands(folder: &Path) -> Result<Vec<CommandRule>, Box<dyn Error>> {
    let sets: Sets = read(&folder.join(SETS))?;
    let mut rules = Vec::new();
    for path in files(folder)?.into_iter().filter(|path| !path.ends_with(SETS)) {
        let name = name(&path);
        let file: CommandFile = read(&path)?;
        let of_file = file.into_rules(&sets).map_err(|error| format!("{name}: {error}"))?;
        aegis_shell::check_command_examples(&of_file).map_err(|error| format!("{name}: {error}"))?;
        rules.extend(of_file);
    }
    Ok(rules)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Box<dyn Error>> {
    toml::from_str(&fs::read_to_string(path)?).map_err(|error| format!("{}: {error}", name(path)).into())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The documents in `folder`, sorted, so that rule order does not depend on the file system.
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

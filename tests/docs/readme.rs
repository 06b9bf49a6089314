//! The READMEs do not rot: every path that they name exists, and every command is a target.

use aegis_tests::workspace;
use std::path::Path;

/// What stands between backticks or in link targets of a Markdown text.
fn references(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2);
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    code.chain(links).flat_map(|inside| inside.split(", ")).map(str::to_owned).collect()
}

fn top_level(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_path_exists() {
    let root = workspace::root();
    let known = top_level(root);
    let mut checked = 0;
    for file in [
        "README.md",
        "control-plane/README.md",
        "filter/README.md",
        "filter/policy/README.md",
        "filter/rules/README.md",
        "filter/cases/README.md",
        "envoy/README.md",
    ] {
        let folder = root.join(file).parent().unwrap().to_owned();
        for reference in references(&std::fs::read_to_string(root.join(file)).unwrap()) {
            // A link may name a heading.
            let reference = reference.split('#').next().unwrap_or_default();
            let first = reference.split('/').next().unwrap_or_default();
            let built = ["dist", ".tools", "data", "."].contains(&first);
            let is_path = !reference.contains([' ', '*', '<', ':']) && reference.contains('/') && !built;
            let from_root = is_path && known.iter().any(|name| name == first);
            let from_folder = is_path && folder.join(first).exists() && !first.is_empty();
            if from_root || from_folder {
                let exists = root.join(reference).exists() || folder.join(reference).exists();
                assert!(exists, "{file} names {reference}, which does not exist");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "only {checked} paths were found in the READMEs");
}

#[test]
fn every_make_command_is_a_target() {
    let root = workspace::root();
    let makefile = std::fs::read_to_string(root.join("Makefile")).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let commands: Vec<&str> = readme
        .split("`make ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next())
        .filter(|word| !word.is_empty())
        .collect();
    assert!(commands.len() > 8);
    for command in commands {
        assert!(makefile.contains(&format!("\n{command}:")), "README.md names `make {command}`");
    }
}

//! Labelled texts of others, which are not part of the project.
//!
//! The committed weights were trained on them, so this only shows that what is shipped does what it was trained for; what
//! it is worth on unseen sources is in the model card.

use crate::judge::{FOUND, Judge, percent};
use aegis_inject::Writer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn shipped_weights_tell_labelled_texts_apart() {
    let Some(folder) = std::env::var_os("AEGIS_EVAL_DATA") else {
        eprintln!("SKIPPED: set AEGIS_EVAL_DATA to the folder of the evaluation data");
        return;
    };
    let file = std::fs::read_to_string(Path::new(&folder).join("dev/injection.jsonl")).unwrap();
    let mut judge = Judge::new();
    let mut table: BTreeMap<(bool, String), [usize; 2]> = BTreeMap::new();
    for line in file.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let word = |key: &str| row[key].as_str().unwrap_or_default();
        let attack = match word("label") {
            "injection" if word("source") != "purplellama" => true,
            "benign" => false,
            _ => continue,
        };
        let writer = if word("category").contains("tool_result") || word("category").contains("document") {
            Writer::Other
        } else {
            Writer::User
        };
        let language = if word("lang") == "zh" { "zh" } else { "other" };
        let name = format!("{} {} {language}", word("source"), word("category"));
        let count = table.entry((attack, name)).or_default();
        count[0] += usize::from(judge.score(word("text"), writer) >= FOUND);
        count[1] += 1;
    }
    let mut worst = Vec::new();
    for ((attack, name), [found, all]) in &table {
        let share = percent(*found, *all);
        println!("{:7} {name:60} {share:6.2} % of {all}", if *attack { "attack" } else { "benign" });
        // Of a few texts none has to be right.
        if *all >= 50 && (*attack && share < 85.0 || !*attack && share > 1.0) {
            worst.push(format!("{name}: {share:.2} %"));
        }
    }
    assert!(worst.is_empty(), "{}", worst.join("\n"));
}

//! Rules over commands, as written in `filter/rules/commands/*.toml`.

use aegis_policy::{Confidence, Direction, Disposition, Rule, Severity, Slot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file of command rules of one family.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandFile {
    /// The family of every rule in this file, such as `danger.shell`.
    pub family: String,
    /// The rules; of two that find the same the earlier one wins.
    #[serde(rename = "command")]
    pub commands: Vec<CommandRule>,
}

/// Which commands are found, and what happens to them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRule {
    /// Stable, unique name in lower case with hyphens, such as `shell-delete-root`.
    pub id: String,
    /// What a finding is called in reports.
    pub kind: String,
    /// The family. A rule file gives its own to all its rules.
    #[serde(default)]
    pub family: String,
    /// One sentence for people: what this finds.
    pub description: String,
    /// Where the technique is described.
    pub source: String,
    /// How bad it would be.
    pub severity: Severity,
    /// How sure it is that this is meant badly.
    pub confidence: Confidence,
    /// What happens to a finding unless a policy says otherwise.
    pub action: Disposition,
    /// What is found: one of these pipelines, each given by its stages in their order. Others may stand between them.
    pub any: Vec<Vec<Stage>>,
    /// Texts in which the rule must find something.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// Near misses in which it must find nothing.
    #[serde(rename = "no_match")]
    pub no_matches: Vec<String>,
}

/// One command of a pipeline. All that is given must hold.
///
/// Patterns are regular expressions over bytes and describe a whole word.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stage {
    /// Names of the program, `@set`, or a pattern between slashes. Any program if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub program: Vec<String>,
    /// Flags that are set: of each entry one of the alternatives, such as `-r|-R|--recursive`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Flags that are not set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_flags: Vec<String>,
    /// Patterns, each of which some word behind the program has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Patterns that no word has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_words: Vec<String>,
    /// Patterns of operator and file, such as `>>?/etc/.*`, each of which some redirection has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<String>,
    /// The name of the program is put together from pieces.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disguised: bool,
    /// There is no word behind the program but flags.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bare: bool,
}

/// Names for lists of programs, which rules write as `@name`.
pub type Sets = BTreeMap<String, Vec<String>>;

// === impl CommandFile ===

impl CommandFile {
    /// The rules, each with the family of the file, and with the names of `sets` replaced.
    pub fn into_rules(self, sets: &Sets) -> Result<Vec<CommandRule>, String> {
        let mut rules = self.commands;
        for rule in &mut rules {
            rule.family.clone_from(&self.family);
            for stage in rule.any.iter_mut().flatten() {
                let mut programs = Vec::with_capacity(stage.program.len());
                for program in &stage.program {
                    match program.strip_prefix('@') {
                        None => programs.push(program.clone()),
                        Some(name) => {
                            let set = sets.get(name);
                            programs.extend_from_slice(
                                set.ok_or_else(|| format!("there is no set `{program}`"))?,
                            );
                        }
                    }
                }
                stage.program = programs;
            }
        }
        Ok(rules)
    }
}

// === impl CommandRule ===

impl CommandRule {
    /// The rule as others are: what findings are called and what happens to them, without a pattern.
    pub fn to_rule(&self) -> Rule {
        Rule {
            id: self.id.clone(),
            kind: self.kind.clone(),
            family: self.family.clone(),
            description: self.description.clone(),
            source: self.source.clone(),
            label: None,
            behind: None,
            pattern: String::new(),
            cap: 0,
            validator: None,
            directions: vec![Direction::Response],
            slots: vec![Slot::ToolCallArguments],
            action: self.action,
            replacement: None,
            outside_code: false,
            severity: self.severity,
            confidence: self.confidence,
            matches: Vec::new(),
            no_matches: Vec::new(),
        }
    }

    /// Forgets what only people read: once checked, it takes room in every worker.
    pub fn drop_notes(&mut self) {
        self.description.clear();
        self.source.clear();
        self.matches.clear();
        self.no_matches.clear();
    }
}

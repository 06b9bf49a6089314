//! Command rules must behave as their own examples say.

use crate::error::{CommandError, CommandErrorReason};
use crate::matcher::Commands;
use crate::rule::CommandRule;
use aegis_policy::example;

/// The least number of examples of each kind that a rule must come with.
const MIN_EXAMPLES: usize = 2;

/// Checks that every rule finds something in each of its `match` examples and nothing in its `no_match` examples.
pub fn check_command_examples(rules: &[CommandRule]) -> Result<(), CommandError> {
    rules.iter().try_for_each(check)
}

fn check(rule: &CommandRule) -> Result<(), CommandError> {
    let commands = Commands::new(std::slice::from_ref(rule))?;
    let mut cache = commands.cache();
    let mut finds = |text: &str| {
        let mut is_found = false;
        let text = example::expand(text, &rule.id);
        commands.find(&mut cache, text.as_bytes(), |_| true, |_| is_found = true);
        is_found
    };
    let fail = |list, index, problem| {
        let reason = CommandErrorReason::Example { list, index, problem };
        Err(CommandError { rule: rule.id.clone(), reason })
    };
    for (list, texts, expected) in [("match", &rule.matches, true), ("no_match", &rule.no_matches, false)] {
        if texts.len() < MIN_EXAMPLES {
            return fail(list, texts.len(), "is missing; every rule needs two of each kind");
        }
        if let Some(index) = texts.iter().position(|text| finds(text) != expected) {
            return fail(list, index, if expected { "nothing was found" } else { "something was found" });
        }
    }
    Ok(())
}

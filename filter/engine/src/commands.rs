//! Dangerous commands in arguments of tool calls.

use aegis_scanner::{Match, RuleIndex, RuleSet};
use aegis_shell::{CommandCache, CommandError, CommandRule, Commands};

/// Finds commands.
#[derive(Debug)]
pub(crate) struct CommandFinder {
    commands: Commands,
    /// The index of the first rule over commands, among all rules.
    first: usize,
}

// === impl CommandFinder ===

impl CommandFinder {
    /// The rules over commands, which are the rules from index `first` on.
    pub(crate) fn new(rules: &[CommandRule], first: usize) -> Result<CommandFinder, CommandError> {
        Ok(CommandFinder { commands: Commands::new(rules)?, first })
    }

    pub(crate) fn cache(&self) -> CommandCache {
        self.commands.cache()
    }

    /// What the rules in `acting` find in `text`. Findings may overlap: a pipeline may be several things.
    pub(crate) fn find(&self, cache: &mut CommandCache, text: &[u8], acting: &RuleSet) -> Vec<Match> {
        let mut found = Vec::new();
        let index = |rule: usize| RuleIndex::try_from(self.first + rule).ok();
        let acts = |rule: usize| index(rule).is_some_and(|rule| acting.contains(rule));
        self.commands.find(cache, text, acts, |one| {
            let (start, end) = (one.span.start as u64, one.span.end as u64);
            found.extend(index(one.rule).map(|rule| Match { rule, start, value: start, end }));
        });
        found
    }
}

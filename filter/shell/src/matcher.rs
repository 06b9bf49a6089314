//! The compiled command rules.

use crate::command::{Command, Redirect};
use crate::error::{CommandError, CommandErrorReason};
use crate::limits::MAX_FINDINGS;
use crate::patterns::{Builder, Patterns};
use crate::reader::read;
use crate::rule::{CommandRule, Stage};
use regex_automata::hybrid::dfa;
use regex_automata::util::primitives::PatternID;
use std::collections::HashMap;
use std::ops::Range;

/// The compiled command rules. What changes while reading is in the [`CommandCache`].
#[derive(Debug)]
pub struct Commands {
    rules: Vec<Vec<Vec<CompiledStage>>>,
    /// The rules whose last stage is a program of this name.
    by_program: HashMap<Vec<u8>, Vec<usize>>,
    /// The rules whose last stage can be any program.
    of_any: Vec<usize>,
    patterns: Patterns,
}

/// What is built lazily while reading. Use it with the rules that it was made for.
#[derive(Debug)]
pub struct CommandCache(dfa::Cache);

/// A command that a rule finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's position in the list.
    pub rule: usize,
    /// The pipeline that it is in.
    pub span: Range<usize>,
}

#[derive(Debug)]
struct CompiledStage {
    programs: Vec<Vec<u8>>,
    program_patterns: Vec<PatternID>,
    flags: Vec<String>,
    no_flags: Vec<String>,
    words: Vec<PatternID>,
    no_words: Vec<PatternID>,
    redirects: Vec<PatternID>,
    disguised: bool,
    bare: bool,
}

/// A command, and what looks at it.
struct Candidate<'a> {
    command: &'a Command,
    program: Vec<u8>,
    patterns: &'a Patterns,
}

// === impl Commands ===

impl Commands {
    /// Compiles `rules`; a rule's position in the list is its index.
    pub fn new(rules: &[CommandRule]) -> Result<Commands, CommandError> {
        let mut builder = Builder::default();
        let mut compiled = Vec::with_capacity(rules.len());
        let mut by_program: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        let mut of_any = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let fail = |reason: CommandErrorReason| CommandError { rule: rule.id.clone(), reason };
            let mut any = Vec::with_capacity(rule.any.len());
            for stages in &rule.any {
                let stages: Result<Vec<CompiledStage>, String> =
                    stages.iter().map(|stage| CompiledStage::new(stage, &mut builder)).collect();
                let stages = stages.map_err(|reason| fail(CommandErrorReason::Pattern(reason)))?;
                let last = stages.last().ok_or_else(|| fail(CommandErrorReason::Empty))?;
                if last.programs.is_empty() || !last.program_patterns.is_empty() {
                    of_any.push(index);
                }
                for program in &last.programs {
                    by_program.entry(program.clone()).or_default().push(index);
                }
                any.push(stages);
            }
            if any.is_empty() {
                return Err(fail(CommandErrorReason::Empty));
            }
            compiled.push(any);
        }
        let patterns = builder.build();
        let budget =
            |reason| CommandError { rule: "*".to_owned(), reason: CommandErrorReason::Pattern(reason) };
        Ok(Commands { rules: compiled, by_program, of_any, patterns: patterns.map_err(budget)? })
    }

    /// A cache for these rules.
    pub fn cache(&self) -> CommandCache {
        CommandCache(self.patterns.cache())
    }

    /// Calls `found` with what the rules that `acts` names find in `text`, which a shell would run.
    ///
    /// A rule is reported once for each pipeline; pipelines come as they end, inner ones first.
    pub fn find(
        &self,
        cache: &mut CommandCache,
        text: &[u8],
        acts: impl Fn(usize) -> bool,
        mut found: impl FnMut(Finding),
    ) {
        let mut count = 0;
        read(text, |commands, span| {
            let commands: Vec<Candidate<'_>> = commands
                .iter()
                .map(|command| Candidate { command, program: command.program(), patterns: &self.patterns })
                .collect();
            let mut rules: Vec<usize> = self.of_any.clone();
            for command in &commands {
                rules.extend(self.by_program.get(&command.program).into_iter().flatten());
            }
            rules.sort_unstable();
            rules.dedup();
            for rule in rules.into_iter().filter(|rule| acts(*rule)) {
                let mut finds = |stages: &Vec<CompiledStage>| is_piped(stages, &commands, &mut cache.0);
                if count < MAX_FINDINGS && self.rules.get(rule).is_some_and(|any| any.iter().any(&mut finds))
                {
                    count += 1;
                    found(Finding { rule, span: span.clone() });
                }
            }
        });
    }
}

/// Whether each stage has a command, in this order.
fn is_piped(stages: &[CompiledStage], commands: &[Candidate<'_>], cache: &mut dfa::Cache) -> bool {
    // Most have no command for the last stage, so that one is looked at before the patterns of others.
    let Some(last) = stages.last() else { return false };
    if !commands.iter().any(|command| last.calls(command, cache)) {
        return false;
    }
    let mut rest = commands.iter();
    stages.iter().all(|stage| rest.any(|command| stage.describes(command, cache)))
}

// === impl CompiledStage ===

impl CompiledStage {
    fn new(stage: &Stage, builder: &mut Builder) -> Result<CompiledStage, String> {
        let mut patterns = |patterns: &[String]| -> Result<Vec<PatternID>, String> {
            patterns.iter().map(|pattern| builder.add(pattern)).collect()
        };
        let pattern = |program: &String| {
            let pattern = program.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
            pattern.map(str::to_owned)
        };
        let of_program: Vec<String> = stage.program.iter().filter_map(pattern).collect();
        let names = stage.program.iter().filter(|program| pattern(program).is_none());
        Ok(CompiledStage {
            programs: names.map(|name| name.as_bytes().to_vec()).collect(),
            program_patterns: patterns(&of_program)?,
            flags: stage.flags.clone(),
            no_flags: stage.no_flags.clone(),
            words: patterns(&stage.words)?,
            no_words: patterns(&stage.no_words)?,
            redirects: patterns(&stage.redirects)?,
            disguised: stage.disguised,
            bare: stage.bare,
        })
    }

    /// Whether this is the stage's program.
    fn calls(&self, candidate: &Candidate<'_>, cache: &mut dfa::Cache) -> bool {
        let name = candidate.command.words.first().map(|word| word.text.as_slice()).unwrap_or_default();
        (self.programs.is_empty() && self.program_patterns.is_empty())
            || self.programs.contains(&candidate.program)
            || self.program_patterns.iter().any(|pattern| candidate.patterns.describes(cache, *pattern, name))
    }

    fn describes(&self, candidate: &Candidate<'_>, cache: &mut dfa::Cache) -> bool {
        let Candidate { command, patterns, .. } = candidate;
        if self.redirects.len() > command.redirects.len()
            || !self.calls(candidate, cache)
            || (self.disguised && !command.words.first().is_some_and(|word| word.is_pieced))
            || (self.bare && !command.arguments().iter().all(|word| word.text.starts_with(b"-")))
            || !self.flags.iter().all(|flags| command.has_flag(flags))
            || self.no_flags.iter().any(|flags| command.has_flag(flags))
        {
            return false;
        }
        let targets: Vec<Vec<u8>> = command.redirects.iter().map(Redirect::text).collect();
        let mut in_words = |pattern: &PatternID| {
            command.arguments().iter().any(|word| patterns.describes(cache, *pattern, &word.text))
        };
        self.words.iter().all(&mut in_words)
            && !self.no_words.iter().any(&mut in_words)
            && self
                .redirects
                .iter()
                .all(|pattern| targets.iter().any(|target| patterns.describes(cache, *pattern, target)))
    }
}

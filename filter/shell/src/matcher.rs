//! The compiled command rules.

use crate::command::Command;
use crate::error::{CommandError, CommandErrorReason};
use crate::limits::MAX_FINDINGS;
use crate::patterns::{Builder, PatternIndex, PatternSet, Patterns};
use crate::reader::read;
use crate::rule::{CommandRule, Stage};
use regex_automata::hybrid::dfa;
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
    program_patterns: Vec<PatternIndex>,
    flags: Vec<String>,
    no_flags: Vec<String>,
    words: Vec<PatternIndex>,
    no_words: Vec<PatternIndex>,
    redirects: Vec<PatternIndex>,
    disguised: bool,
    bare: bool,
}

/// What the patterns say about a command.
struct Facts<'a> {
    command: &'a Command,
    program: Vec<u8>,
    of_program: PatternSet,
    of_words: PatternSet,
    of_redirects: PatternSet,
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
            let mut candidates: Vec<usize> = self.of_any.clone();
            for command in commands {
                candidates.extend(self.by_program.get(&command.program()).into_iter().flatten());
            }
            candidates.sort_unstable();
            candidates.dedup();
            candidates.retain(|rule| acts(*rule));
            if candidates.is_empty() || count >= MAX_FINDINGS {
                return;
            }
            let facts: Vec<Facts<'_>> =
                commands.iter().map(|command| Facts::new(command, &self.patterns, &mut cache.0)).collect();
            for rule in candidates {
                let finds = |stages: &Vec<CompiledStage>| is_piped(stages, &facts);
                if self.rules.get(rule).is_some_and(|any| any.iter().any(finds)) {
                    count += 1;
                    found(Finding { rule, span: span.clone() });
                }
            }
        });
    }
}

/// Whether each stage has a command, in this order.
fn is_piped(stages: &[CompiledStage], facts: &[Facts<'_>]) -> bool {
    let mut rest = facts.iter();
    stages.iter().all(|stage| rest.any(|command| stage.describes(command)))
}

// === impl CompiledStage ===

impl CompiledStage {
    fn new(stage: &Stage, builder: &mut Builder) -> Result<CompiledStage, String> {
        let mut patterns = |patterns: &[String]| -> Result<Vec<PatternIndex>, String> {
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

    fn describes(&self, facts: &Facts<'_>) -> bool {
        let is_any = self.programs.is_empty() && self.program_patterns.is_empty();
        let is_program = is_any
            || self.programs.contains(&facts.program)
            || self.program_patterns.iter().any(|pattern| facts.of_program.contains(*pattern));
        is_program
            && self.words.iter().all(|pattern| facts.of_words.contains(*pattern))
            && !self.no_words.iter().any(|pattern| facts.of_words.contains(*pattern))
            && self.redirects.iter().all(|pattern| facts.of_redirects.contains(*pattern))
            && self.flags.iter().all(|flags| facts.command.has_flag(flags))
            && !self.no_flags.iter().any(|flags| facts.command.has_flag(flags))
            && (!self.disguised || facts.command.words.first().is_some_and(|word| word.is_pieced))
            && (!self.bare || facts.command.arguments().iter().all(|word| word.text.starts_with(b"-")))
    }
}

// === impl Facts ===

impl<'a> Facts<'a> {
    fn new(command: &'a Command, patterns: &Patterns, cache: &mut dfa::Cache) -> Facts<'a> {
        let mut facts = Facts {
            command,
            program: command.program(),
            of_program: PatternSet::default(),
            of_words: PatternSet::default(),
            of_redirects: PatternSet::default(),
        };
        if let Some(program) = command.words.first() {
            patterns.classify(cache, &program.text, &mut facts.of_program);
        }
        for word in command.arguments() {
            patterns.classify(cache, &word.text, &mut facts.of_words);
        }
        for redirect in &command.redirects {
            let text = [redirect.operator.as_bytes(), &redirect.target].concat();
            patterns.classify(cache, &text, &mut facts.of_redirects);
        }
        facts
    }
}

//! What a model is worth on what it has never seen.

use crate::example::{As, Example, samples};
use crate::learn::{Weights, learn};
use crate::measure::Measure;
use crate::report::line;
use crate::written::WRITTEN;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Sources of labelled texts that are left out together.
const SOURCES: [&str; 4] = ["jailbreaks", "hijacks", "chinese", "purplellama"];

/// Rates of false alarms that are reported.
const RATES: [f64; 4] = [0.005, 0.01, 0.02, 0.05];

/// The score of a rule from which on it counts as a finding.
const FOUND: u8 = 50;

/// The logit below which a rule finds nothing, whatever it says: about what the detector takes, whose scale is not known yet.
const HARMLESS: f64 = -1.5;

fn is_grammar(example: &Example) -> bool {
    example.text.source.starts_with("grammar ")
}

fn is_written(example: &Example) -> bool {
    example.text.source.starts_with(WRITTEN)
}

/// What `weights` and the rules say.
pub(crate) fn score(example: &Example, weights: &Weights, judged: As) -> f64 {
    let logit = example.logit(weights, judged).unwrap_or(f64::NEG_INFINITY);
    if example.floor(judged) >= FOUND && logit >= HARMLESS { f64::INFINITY } else { logit }
}

/// Leaves out one source after another.
pub(crate) fn sources(examples: &[Example], errors: Option<&str>) -> String {
    let mut report = String::from(
        "\n## A whole source left out\n\nThe threshold is that of the source's own harmless texts. Messages of users, rules included.\n\n| left out | attacks | harmless | AUC | 0.5 % | 1 % | 2 % | 5 % | rules alone | their false alarms |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    report.extend(SOURCES.into_par_iter().map(|fold| source(examples, fold, errors)).collect::<Vec<_>>());
    report
}

/// Leaves out the texts of one hand after another.
pub(crate) fn hands(examples: &[Example]) -> String {
    let names: BTreeSet<&str> = examples
        .iter()
        .filter(|example| is_written(example) && example.text.attack)
        .map(|example| example.text.fold.as_str())
        .collect();
    let mut report = String::from(
        "\n## All that one hand wrote left out\n\nRecall and false alarms at the threshold that 1 % of all other harmless texts exceed without a rule; the harmless ones are the nearest neighbours of attacks.\n\n| left out | as | attacks | harmless | AUC | recall | false alarms |\n|---|---|---|---|---|---|---|\n",
    );
    report.extend(names.into_par_iter().map(|name| hand(examples, name)).collect::<Vec<_>>());
    report
}

/// Leaves out what the hand `name` wrote.
fn hand(examples: &[Example], name: &str) -> String {
    let mut report = String::new();
    let in_fold = |example: &Example| is_written(example) && example.text.fold == name;
    let weights = learn(samples(examples.iter().filter(|example| !in_fold(example))));
    for (judged, slot) in [(As::Message, "message"), (As::Document, "document")] {
        let (own, others) = apart(examples, &weights, judged, in_fold);
        if own.attacks.is_empty() {
            continue;
        }
        let at_one = others.threshold(0.01);
        line(
            &mut report,
            &format!(
                "| {name} | {slot} | {} | {} | {:.3} | {:.3} | {:.3} |",
                own.attacks.len(),
                own.benign.len(),
                own.auc(),
                own.recall(at_one),
                own.alarms(at_one)
            ),
        );
    }
    report
}

/// Scores of what is in a fold and at home there, and of harmless texts that are not in it and in which no rule finds
/// anything.
fn apart(
    examples: &[Example],
    weights: &Weights,
    judged: As,
    in_fold: impl Fn(&Example) -> bool,
) -> (Measure, Measure) {
    let (mut own, mut others) = (Measure::default(), Measure::default());
    for (index, example) in examples.iter().enumerate() {
        if in_fold(example) {
            if example.text.slot.is_none_or(|slot| slot == judged) {
                own.add(example.text.attack, score(example, weights, judged));
            }
        } else if !example.text.attack
            && example.counts(judged)
            && index % 4 == 0
            && example.floor(judged) < FOUND
        {
            others.add(false, score(example, weights, judged));
        }
    }
    (own, others)
}

/// Leaves out the source `fold`.
fn source(examples: &[Example], fold: &str, errors: Option<&str>) -> String {
    let mut report = String::new();
    let in_fold =
        |example: &Example| !is_grammar(example) && !is_written(example) && example.text.fold == fold;
    if !examples.iter().any(in_fold) {
        return report;
    }
    let weights = learn(samples(examples.iter().filter(|example| !in_fold(example))));
    let mut all = Measure::default();
    let mut model = Measure::default();
    let mut by_language: BTreeMap<&str, Measure> = BTreeMap::new();
    for example in examples.iter().filter(|example| in_fold(example)) {
        let score = score(example, &weights, As::Message);
        all.add(example.text.attack, score);
        model.add(example.text.attack, example.logit(&weights, As::Message).unwrap_or(f64::NEG_INFINITY));
        by_language.entry(&example.text.language).or_default().add(example.text.attack, score);
    }
    row(&mut report, fold, &all);
    row(&mut report, &format!("{fold}, model alone"), &model);
    let at_one = all.threshold(0.01);
    for (language, measure) in by_language {
        let (attacks, benign) = (measure.attacks.len(), measure.benign.len());
        let (recall, alarms) = (measure.recall(at_one), measure.alarms(at_one));
        line(
            &mut report,
            &format!("| … {language} at 1 % | {attacks} | {benign} | | | {recall:.3} | | | | {alarms:.4} |"),
        );
    }
    if errors == Some(fold) {
        print_errors(examples.iter().filter(|example| in_fold(example)), &weights, at_one);
    }
    report
}

fn row(report: &mut String, name: &str, measure: &Measure) {
    let recalls: Vec<String> =
        RATES.iter().map(|rate| format!("{:.3}", measure.recall(measure.threshold(*rate)))).collect();
    let rules = |scores: &[f64]| {
        let found = scores.iter().filter(|score| **score == f64::INFINITY).count();
        crate::measure::count(found) / crate::measure::count(scores.len()).max(1.0)
    };
    line(
        report,
        &format!(
            "| {name} | {} | {} | {:.3} | {} | {:.3} | {:.4} |",
            measure.attacks.len(),
            measure.benign.len(),
            measure.auc(),
            recalls.join(" | "),
            rules(&measure.attacks),
            rules(&measure.benign)
        ),
    );
}

fn print_errors<'a>(examples: impl Iterator<Item = &'a Example>, weights: &Weights, threshold: f64) {
    for example in examples {
        let score = score(example, weights, As::Message);
        if (score > threshold || score == f64::INFINITY) != example.text.attack {
            let start: String = example.text.body.chars().take(300).collect();
            let kind = if example.text.attack { "missed" } else { "alarm" };
            eprintln!("{kind} {score:.2} {:?} [{}] {start:?}", example.techniques, example.text.source);
        }
    }
}

/// Leaves out one technique after another.
pub(crate) fn techniques(examples: &[Example]) -> String {
    let names: BTreeSet<&str> = examples
        .iter()
        .filter(|example| is_grammar(example) && example.text.fold != "ordinary")
        .map(|example| example.text.fold.as_str())
        .collect();
    let mut report = String::from(
        "\n## A whole technique left out\n\nRecall of its attacks and false alarms of its harmless twins, at the threshold that 1 % of all other harmless texts exceed without a rule.\n\n| left out | message | twins | document | twins |\n|---|---|---|---|---|\n",
    );
    let rows: Vec<[f64; 4]> = names.par_iter().map(|name| technique(examples, name)).collect();
    let mut sums = [0.0; 4];
    for (name, cells) in names.iter().zip(rows) {
        for (sum, cell) in sums.iter_mut().zip(cells) {
            *sum += cell;
        }
        let cells = cells.map(|cell| format!("{cell:.3}"));
        line(&mut report, &format!("| {name} | {} |", cells.join(" | ")));
    }
    let cells: Vec<String> =
        sums.iter().map(|sum| format!("{:.3}", sum / crate::measure::count(names.len()).max(1.0))).collect();
    line(&mut report, &format!("| mean of {} | {} |", names.len(), cells.join(" | ")));
    report
}

/// Recall and false alarms without the technique `name`, as a message and as a document.
fn technique(examples: &[Example], name: &str) -> [f64; 4] {
    let in_fold = |example: &Example| is_grammar(example) && example.text.fold == name;
    let weights = learn(samples(examples.iter().filter(|example| !in_fold(example))));
    let [message, document] = [As::Message, As::Document].map(|judged| {
        let (own, others) = apart(examples, &weights, judged, in_fold);
        let threshold = others.threshold(0.01);
        (own.recall(threshold), own.alarms(threshold))
    });
    [message.0, message.1, document.0, document.1]
}

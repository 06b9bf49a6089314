//! The model card.

use crate::example::Example;
use crate::report::{hexadecimal, line};
use crate::written::WRITTEN;
use aegis_inject::Parts;
use std::collections::BTreeMap;

/// What the model is, what it was made from and what it is worth.
pub(crate) fn card(examples: &[Example], parts: &Parts, data: Option<&str>, report: &str) -> String {
    let digest = hexadecimal(&parts.digest);
    let mut card = String::from(
        "# Model card\n\nWritten by `make train`. What the detector does is in the [README](README.md).\n\n",
    );
    line(
        &mut card,
        "* **Task**: whether a text, or a stretch of it, gives orders to a language model that it has none to give.",
    );
    line(
        &mut card,
        &format!(
            "* **Model**: linear, over the n-grams and the relations between concepts that tell most, 8 bits a weight, {} KiB; integers only, the same on every machine.",
            parts.write().len() / 1024
        ),
    );
    line(
        &mut card,
        "* **Training**: logistic regression over features scaled by their log ratio (NB-scaled), a source counts as the square root of its size (written texts seven tenths of that), what several have of a feature more than what one has often, both labels the same in each length, and harmless texts more the more they are taken for attacks.",
    );
    line(
        &mut card,
        &format!(
            "* **Made from** (SHA-256 of lexicon, techniques, words, written and labelled texts): `{digest}`"
        ),
    );
    match data {
        Some(data) => {
            line(
                &mut card,
                &format!(
                    "* **Labelled texts of others**, not part of the project: `dev/injection.jsonl` with SHA-256 `{data}`. Without that file `make train` makes other weights."
                ),
            );
        }
        None => card.push_str("* **Labelled texts of others**: none.\n"),
    }
    card.push_str("* **Limits**: a technique that nobody wrote down is found by luck (see below); harm that is asked for without any attempt to get around rules is none of its business; text in pictures is not read.\n\n## Texts\n\n| source | attacks | harmless |\n|---|---|---|\n");
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for example in examples {
        let source = example.text.source.as_str();
        let language = &example.text.language;
        let name = if source.starts_with("grammar ") {
            format!("grammars, {language}")
        } else if source.starts_with(WRITTEN) {
            format!("written, {}, {language}", example.text.fold)
        } else {
            source.to_owned()
        };
        if let Some(count) = counts.entry(name).or_default().get_mut(usize::from(!example.text.attack)) {
            *count += 1;
        }
    }
    for (source, [attacks, benign]) in counts {
        line(&mut card, &format!("| {source} | {attacks} | {benign} |"));
    }
    card.push_str(report);
    card
}

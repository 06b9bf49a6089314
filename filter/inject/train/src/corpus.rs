//! Texts to learn from: what the grammars make.

use crate::example::As;
use crate::grammar::{Grammars, Ordinary};
use crate::rng::Rng;
use std::ops::Range;

/// Texts of one kind from one grammar.
const ROWS: usize = 320;

/// What stands directly before and behind a sentence inside something longer.
const FRAMES: [(&str, &str); 14] = [
    ("", " "),
    ("", " "),
    ("\n\n", "\n\n"),
    ("<!-- ", " -->\n"),
    ("\n# ", "\n"),
    ("\n    /* ", " */\n"),
    ("<img src=\"a.png\" alt=\"", "\">"),
    ("<p style=\"display:none\">", "</p>"),
    ("\n17,\"", "\",open\n"),
    ("\n204;new;", ";2023-11-08\n"),
    ("\n| 8 | ", " | done |\n"),
    ("{\"note\": \"", "\"}"),
    ("{\"id\": 31, \"comment\": \"", "\", \"stars\": 4},\n"),
    ("\n> ", "\n"),
];

/// What quotes a sentence.
const MARKS: [(&str, &str); 6] =
    [("\"", "\""), ("“", "”"), ("'", "'"), ("`", "`"), ("«", "»"), ("```\n", "\n```")];

/// Who says this in front of a quotation makes it his own.
const LEADS: [&str; 10] = [
    "Do what this says: ",
    "Do it: ",
    "Follow this: ",
    "Please: ",
    "Now do the following. ",
    "Your next task: ",
    "照做：",
    "请执行：",
    "Mach das: ",
    "Haz esto: ",
];

/// Of a hundred sentences without a frame so many are quoted for no reason, for who attacks can quote himself, and of a
/// hundred of these so many have one of [`LEADS`] in front.
const MARKED: usize = 12;
/// See [`MARKED`].
const LED: usize = 50;

/// Of a hundred Chinese sentences, and English ones, so many stand in a text of the other language.
const FOREIGN_AROUND_CHINESE: usize = 20;
const FOREIGN_AROUND_ENGLISH: usize = 5;

/// Of a hundred sentences so many do not stand in a frame.
const FRAMED: usize = 62;

/// A text with its label.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) body: String,
    pub(crate) attack: bool,
    /// Where it comes from: what is weighted together.
    pub(crate) source: String,
    /// What is left out together when a model is checked.
    pub(crate) fold: String,
    pub(crate) language: String,
    /// Where the sentence stands that makes it what it is; all of it if that is not known.
    pub(crate) span: Option<Range<usize>>,
    /// Which of the templates of its source made it.
    pub(crate) template: Option<usize>,
    /// Where it stands, if it is at home in one place.
    pub(crate) slot: Option<As>,
}

/// What the grammars make: for each technique and language as many attacks as harmless twins.
pub(crate) fn texts(grammars: &Grammars) -> anyhow::Result<Vec<Text>> {
    let mut texts = Vec::new();
    for file in &grammars.techniques {
        let id = &file.technique.id;
        for (language, grammar) in &file.grammar {
            let rows = if language == "en" || language == "zh" { ROWS } else { ROWS / 4 };
            for (attack, templates) in [(true, &grammar.attack), (false, &grammar.benign)] {
                let mut rng = Rng::of(&[id, language, if attack { "attack" } else { "benign" }]);
                for row in 0..rows {
                    let index = row % templates.len().max(1);
                    let Some(template) = templates.get(index) else { continue };
                    let core = grammars.expand(template, language, &mut rng)?;
                    let core = match rng.below(100) {
                        0..8 => misspelt(&core, &mut rng),
                        8..11 => word_by_word(&core),
                        _ => core,
                    };
                    let (body, span) = placed(grammars, language, &core, &mut rng)?;
                    let kind = if attack { "attack" } else { "benign" };
                    texts.push(Text {
                        body,
                        attack,
                        source: format!("grammar {id} {language} {kind}"),
                        fold: id.clone(),
                        language: language.clone(),
                        span: Some(span),
                        template: Some(index),
                        slot: None,
                    });
                }
            }
        }
    }
    for Ordinary { subject, language, rows, requests } in &grammars.ordinary {
        let mut rng = Rng::of(&[subject, language]);
        for (index, template) in requests.iter().enumerate() {
            for _ in 0..*rows {
                let core = grammars.expand(template, language, &mut rng)?;
                let (body, span) = if rng.percent(60) {
                    (core.clone(), 0..core.len())
                } else {
                    placed(grammars, language, &core, &mut rng)?
                };
                texts.push(Text {
                    body,
                    attack: false,
                    source: format!("grammar {subject} {language} benign"),
                    fold: "ordinary".to_owned(),
                    language: language.clone(),
                    span: Some(span),
                    template: Some(index),
                    slot: None,
                });
            }
        }
    }
    Ok(texts)
}

/// `core` by itself, or in something longer, which may be in another language.
pub(crate) fn placed(
    grammars: &Grammars,
    language: &str,
    core: &str,
    rng: &mut Rng,
) -> anyhow::Result<(String, Range<usize>)> {
    let form = rng.below(100);
    let around = match language {
        "zh" if rng.percent(FOREIGN_AROUND_CHINESE) => "en",
        "en" if rng.percent(FOREIGN_AROUND_ENGLISH) => "zh",
        _ => language,
    };
    let (mut before, mut behind) = (String::new(), String::new());
    let filler = |rng: &mut Rng, count: usize| -> anyhow::Result<String> {
        let mut all = String::new();
        for _ in 0..count {
            let name = if rng.percent(15) { "record" } else { "sentence" };
            all.push_str(&grammars.word(name, around, rng)?);
            all.push_str(if rng.percent(20) { "\n" } else { " " });
        }
        Ok(all)
    };
    match form {
        0..36 => {}
        36..45 => before = filler(rng, 1)?,
        45..51 => behind = format!(" {}", filler(rng, 1)?),
        51..FRAMED => {
            let count = 1 + rng.below(4);
            before = format!("{} {}", grammars.word("ask", around, rng)?, filler(rng, count)?);
        }
        _ => {
            let (front, back) = (rng.below(7), rng.below(7));
            before = filler(rng, front)?;
            behind = filler(rng, back)?;
            let (open, close) = rng.pick(&FRAMES).copied().unwrap_or_default();
            before.push_str(open);
            behind = format!("{close}{behind}");
        }
    }
    if form < FRAMED && rng.percent(MARKED) {
        let (open, close) = rng.pick(&MARKS).copied().unwrap_or_default();
        if rng.percent(LED) {
            before.push_str(rng.pick(&LEADS).copied().unwrap_or_default());
        }
        before.push_str(open);
        behind = format!("{close}{behind}");
    }
    let span = before.len()..before.len() + core.len();
    Ok((format!("{before}{core}{behind}"), span))
}

/// `text` with each word in quotation marks.
fn word_by_word(text: &str) -> String {
    text.split(' ').map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
}

/// `text` with two letters changed.
fn misspelt(text: &str, rng: &mut Rng) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=letters.len() / 60 {
        let at = rng.below(letters.len());
        match rng.below(3) {
            0 if at + 1 < letters.len() => letters.swap(at, at + 1),
            1 if letters.len() > 8 => {
                letters.remove(at);
            }
            _ => {
                if let Some(letter) = letters.get(at).copied() {
                    letters.insert(at, letter);
                }
            }
        }
    }
    letters.into_iter().collect()
}

//! Texts from templates.

use crate::rng::Rng;
use aegis_inject::document::TechniqueFile;
use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep words may consist of words.
const MAX_DEPTH: usize = 6;

type Words = BTreeMap<String, Vec<String>>;

/// Techniques, and the words that their templates are made of.
#[derive(Debug)]
pub(crate) struct Grammars {
    pub(crate) techniques: Vec<TechniqueFile>,
    words: BTreeMap<String, Words>,
    pub(crate) ordinary: Vec<Ordinary>,
}

/// Templates of harmless texts that are nobody's twins.
#[derive(Debug)]
pub(crate) struct Ordinary {
    pub(crate) subject: String,
    pub(crate) language: String,
    /// Texts of each template.
    pub(crate) rows: usize,
    pub(crate) requests: Vec<String>,
}

/// A file of `train/ordinary`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    #[serde(default = "ordinary_rows")]
    rows: usize,
    request: Vec<String>,
}

fn ordinary_rows() -> usize {
    60
}

// === impl Grammars ===

impl Grammars {
    /// Reads what is in the crate's folder.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Grammars> {
        let mut techniques = Vec::new();
        for path in files(&folder.join("techniques"))? {
            let text = fs::read_to_string(&path)?;
            techniques.push(toml::from_str(&text).with_context(|| path.display().to_string())?);
        }
        let mut words: BTreeMap<String, Words> = BTreeMap::new();
        for (subject, language, lists) in by_language::<Words>(&folder.join("train/grammar"))? {
            for (name, list) in lists {
                if words.entry(language.clone()).or_default().insert(name.clone(), list).is_some() {
                    bail!("{subject}, {language}: there are two lists `{name}`");
                }
            }
        }
        let request = |(subject, language, file): (_, _, RequestFile)| Ordinary {
            subject,
            language,
            rows: file.rows,
            requests: file.request,
        };
        let ordinary = by_language(&folder.join("train/ordinary"))?.into_iter().map(request).collect();
        let grammars = Grammars { techniques, words, ordinary };
        grammars.check()?;
        Ok(grammars)
    }

    /// Every template can be expanded, and none is there twice.
    fn check(&self) -> anyhow::Result<()> {
        let mut rng = Rng::new(1);
        for file in &self.techniques {
            for (language, grammar) in &file.grammar {
                if grammar.attack.is_empty() || grammar.benign.is_empty() {
                    bail!("technique `{}`: {language} has attacks or twins only", file.technique.id);
                }
                for template in grammar.attack.iter().chain(&grammar.benign) {
                    for _ in 0..20 {
                        self.expand(template, language, &mut rng)
                            .with_context(|| format!("technique `{}`: {template}", file.technique.id))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A line of the list `name`.
    pub(crate) fn word(&self, name: &str, language: &str, rng: &mut Rng) -> anyhow::Result<String> {
        self.expand(&format!("{{{name}}}"), language, rng)
    }

    /// A text from `template`.
    pub(crate) fn expand(&self, template: &str, language: &str, rng: &mut Rng) -> anyhow::Result<String> {
        let text = self.fill(template, language, rng, 0)?;
        let tidy = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        Ok(tidy.replace(" .", ".").replace(" ,", ",").replace(" ?", "?"))
    }

    fn fill(&self, template: &str, language: &str, rng: &mut Rng, depth: usize) -> anyhow::Result<String> {
        if depth > MAX_DEPTH {
            bail!("words of words of words without end");
        }
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '(']) {
            let (before, begin) = rest.split_at(at);
            out.push_str(before);
            if let Some((name, behind)) = begin.strip_prefix('{').and_then(|inner| inner.split_once('}'))
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            {
                // Multilingual techniques share the words of English.
                let words = self.words.get(language).or_else(|| self.words.get("en"));
                let list = words.and_then(|words| words.get(name));
                let word =
                    list.and_then(|list| rng.pick(list)).with_context(|| format!("no word `{name}`"))?;
                out.push_str(&self.fill(word, language, rng, depth + 1)?);
                rest = behind;
            } else if let Some((choices, behind)) = group(begin) {
                let choice = rng.pick(&choices).copied().unwrap_or_default();
                out.push_str(&self.fill(choice, language, rng, depth)?);
                rest = behind;
            } else {
                out.push_str(begin.get(..1).unwrap_or_default());
                rest = begin.get(1..).unwrap_or_default();
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The documents in `folder`, with what they are about and their language: `technical-en.toml`, `en.toml`.
fn by_language<T: DeserializeOwned>(folder: &Path) -> anyhow::Result<Vec<(String, String, T)>> {
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (subject, language) = name.rsplit_once('-').unwrap_or(("ordinary", &name));
        let document = toml::from_str(&fs::read_to_string(&path)?);
        let document = document.with_context(|| path.display().to_string())?;
        Ok((subject.to_owned(), language.to_owned(), document))
    };
    files(folder)?.into_iter().map(read).collect()
}

/// The choices of `(a|b)`, and what follows; `None` for brackets that are part of the text.
fn group(text: &str) -> Option<(Vec<&str>, &str)> {
    let mut depth = 0;
    let mut cuts = vec![0];
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b'|' if depth == 1 => cuts.push(at),
            b')' => {
                depth -= 1;
                if depth == 0 {
                    if cuts.len() < 2 {
                        return None;
                    }
                    cuts.push(at);
                    let choice = |pair: &[usize]| text.get(pair.first()? + 1..*pair.last()?);
                    return Some((cuts.windows(2).filter_map(choice).collect(), text.get(at + 1..)?));
                }
            }
            _ => {}
        }
    }
    None
}

/// The documents in `folder`, sorted.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_expanded() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let words = Words::from([("a".to_owned(), list(&["(x|x) {b}"])), ("b".to_owned(), list(&["y"]))]);
        let grammars = Grammars {
            techniques: Vec::new(),
            words: BTreeMap::from([("en".to_owned(), words)]),
            ordinary: Vec::new(),
        };
        let mut rng = Rng::new(7);
        let mut expand = |template: &str| grammars.expand(template, "en", &mut rng).unwrap();
        assert_eq!(expand("{a} (z|z)  (see below) {\"k\": 1} f()"), "x y z (see below) {\"k\": 1} f()");
        assert!(grammars.expand("{c}", "en", &mut Rng::new(1)).is_err());
    }
}

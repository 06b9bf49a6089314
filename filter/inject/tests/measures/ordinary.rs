//! Harmless texts that are full of words that attacks use.

use crate::judge::{FOUND, Judge, lists, percent};
use aegis_inject::Writer;

/// From this score on a policy with the level `high` refuses what a user wrote; the usual one begins at 76.
const BLOCKED: u8 = 70;

/// `{a|b}` with each of its choices.
fn expanded(template: &str) -> Vec<String> {
    let parts = template.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (choices, behind))) = parts else { return vec![template.to_owned()] };
    choices.split('|').map(|choice| format!("{before}{choice}{behind}")).collect()
}

#[test]
fn trigger_words_do_no_harm() {
    let mut judge = Judge::new();
    let texts: Vec<String> =
        lists("ordinary.toml").values().flatten().flat_map(|one| expanded(one)).collect();
    assert!(texts.len() >= 300, "{}", texts.len());
    let (mut marked, mut blocked) = (Vec::new(), Vec::new());
    for text in &texts {
        for writer in [Writer::User, Writer::Other] {
            let score = judge.score(text, writer);
            if score >= FOUND {
                marked.push(format!("{score} {writer:?} {text}"));
            }
            if score >= BLOCKED {
                blocked.push(text);
            }
        }
    }
    let share = percent(marked.len(), 2 * texts.len());
    println!(
        "{} of {} marked ({share:.2} %), {} blocked:\n{}",
        marked.len(),
        2 * texts.len(),
        blocked.len(),
        marked.join("\n")
    );
    assert!(percent(blocked.len(), 2 * texts.len()) <= 1.0, "{blocked:?}");
    assert!(share <= 5.0, "{share:.2} %");
}

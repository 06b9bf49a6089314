//! Short texts: a few words give little to judge by, and what says nothing to a model is no order to it.

use crate::judge::{ACTED_ON, Judge, lists, percent};

#[test]
fn short_texts_are_let_through() {
    let mut judge = Judge::new();
    let texts: Vec<String> = lists("short.toml").into_values().flatten().collect();
    assert!(texts.len() >= 400, "{}", texts.len());
    let mut wrong = Vec::new();
    for text in &texts {
        for (writer, from) in ACTED_ON {
            let score = judge.score(text, writer);
            if score >= from {
                wrong.push(format!("{score} {writer:?} {text}"));
            }
        }
    }
    let share = percent(wrong.len(), 2 * texts.len());
    assert!(wrong.is_empty(), "{} of {} ({share:.2} %):\n{}", wrong.len(), 2 * texts.len(), wrong.join("\n"));
}

//! What is found stands where the attack does, whatever it is disguised as: that is what is taken out.

use crate::disguises::{DISGUISES, OTHERS};
use crate::judge::{FOUND, Judge, lists, percent};
use aegis_inject::Writer;

/// Bytes around an attack that may be taken out with it: what a window has more than the attack.
const AROUND: usize = 250;

#[test]
fn what_is_found_stands_where_the_attack_does() {
    let (attacks, paragraphs) = (lists("attacks.toml"), lists("paragraphs.toml"));
    let mut judge = Judge::new();
    let mut wrong = Vec::new();
    for (name, disguise) in DISGUISES.into_iter().chain(OTHERS) {
        let (mut found, mut right, mut example) = (0, 0, None);
        for (index, attack) in attacks["en"].iter().enumerate() {
            let paragraph = |at: usize| &paragraphs["en"][(index + at) % paragraphs["en"].len()];
            let (before, hidden) = (format!("{}\n{}\n", paragraph(0), paragraph(1)), disguise(attack));
            let text = format!("{before}{hidden}\n{}\n{}", paragraph(2), paragraph(3));
            let places = judge.places(&text, Writer::Other);
            let (start, end) = (before.len(), before.len() + hidden.len());
            found += usize::from(!places.is_empty());
            // A good part of it is taken out, and nothing far from it.
            let part: usize =
                places.iter().map(|at| at.end.min(end).saturating_sub(at.start.max(start))).sum();
            let near = |at: usize| (start.saturating_sub(AROUND)..=end + AROUND).contains(&at);
            if 4 * part > end - start && places.iter().all(|at| near(at.start) && near(at.end)) {
                right += 1;
            } else if !places.is_empty() {
                example = example.or(Some((start..end, places)));
            }
        }
        let share = percent(right, found);
        println!("{name:40} found {found:3}, where it is {share:6.1} %");
        if share < 90.0 {
            wrong.push(format!("{name}: {share:.1} %, such as {example:?}"));
        }
    }
    assert!(wrong.is_empty(), "at least {FOUND}:\n{}", wrong.join("\n"));
}

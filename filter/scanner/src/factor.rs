//! What the fast pass looks for: of each rule something short that every match contains.
//!
//! An unanchored automaton of whole patterns multiplies their states: every generic run that may begin anywhere has to be
//! remembered beside everything else. So the fast pass looks for *factors*, and the exact machine decides around the
//! places where one ends. A factor is the relaxed head of the pattern, or of its rest behind a generic beginning such as
//! the local part of a mail address. What follows a factor is relaxed, too, and only compared where one ended: most words
//! that could be labels are none.

mod generic;
mod head;
mod keyword;

use generic::{SHORT, bytes_of, holds_words, is_generic, longest};
use head::{head, head_of_all, others};
use regex_syntax::hir::{Hir, HirKind};
use std::borrow::Cow;

/// A factor of one rule.
#[derive(Debug)]
pub(crate) struct Factor {
    /// What to look for. Look-arounds stand at its beginning only.
    pub(crate) hir: Hir,
    /// It ends at most so many bytes behind the beginning of its match.
    pub(crate) distance: usize,
    /// It begins with a word or another literal of some length.
    pub(crate) is_keyword: bool,
    /// What must follow it, if only the beginning of that; see [`REST`].
    pub(crate) rest: Hir,
    /// If something of the match stands in front of its factor: the bytes that may.
    pub(crate) in_front: Option<Box<[bool; 256]>>,
}

/// How much of a literal makes a keyword, and how much in a label, which goes on behind it.
const KEYWORD: usize = 4;
const KEYWORD_OF_LABEL: usize = 3;

/// Bytes of the value that belong to a factor: enough to be rare where digits or literals are.
const VALUE_HEAD: usize = 12;

/// The same for a value of generic characters only, of which ordinary text has long runs, too.
const GENERIC_HEAD: usize = 32;

/// Bytes that must follow a factor, if the match has as many: enough to tell a value from the next words.
const REST: usize = 16;

/// With so many bytes that are not generic nothing long is added, and a short generic beginning is left out.
const FEW: usize = 3;

/// The factors of a pattern, `value` behind `label`, together at most `cap` bytes: every match contains one of them.
pub(crate) fn factors(label: Option<&Hir>, value: &Hir, cap: usize) -> Vec<Factor> {
    let mut parts = Vec::new();
    if let Some(label) = label {
        flatten(label, &mut parts);
    }
    let labels = parts.len();
    flatten(value, &mut parts);
    // Alternatives that stand in front are looked for one by one: each has its own rare part.
    let front = parts.iter().position(|part| !matches!(part.kind(), HirKind::Look(_))).unwrap_or(0);
    if labels == 0
        && let Some(HirKind::Alternation(branches)) = parts.get(front).map(|part| part.kind())
        && let Some((before, [_, rest @ ..])) = parts.split_at_checked(front)
    {
        return branches
            .iter()
            .map(|branch| {
                let mut parts = before.to_vec();
                flatten(branch, &mut parts);
                parts.extend_from_slice(rest);
                one(&parts, 0, cap)
            })
            .collect();
    }
    vec![one(&parts, labels, cap)]
}

/// The factor of a concatenation whose first `labels` parts are the label.
fn one(parts: &[Cow<'_, Hir>], labels: usize, cap: usize) -> Factor {
    let first = first_selective(parts);
    let (before, rest) = parts.split_at_checked(first).unwrap_or((&[], parts));
    let sum = |sum: usize, part: &Cow<'_, Hir>| longest(part).map(|len| sum.saturating_add(len));
    let mut distance = before.iter().try_fold(0, sum);
    let mut want = if rest.iter().all(|part| is_generic(part)) { GENERIC_HEAD } else { VALUE_HEAD };
    let mut taken = Vec::new();
    let mut leading = first == 0;
    let mut rare = 0;
    let behind_of = |index| rest.iter().skip(index).map(|part| Cow::Borrowed(part.as_ref()));
    let mut behind = Some(Vec::new());
    for (index, part) in rest.iter().enumerate() {
        // A label is taken whole, for its words alone are too common, but not across other words: while those go on
        // every other factor may begin, and the states multiply.
        let is_label = first + index < labels;
        let is_long = longest(part).is_none_or(|len| len > SHORT);
        let far = is_long && if is_label { holds_words(part) } else { labels == 0 && is_generic(part) };
        if want == 0 || (far && rare >= FEW) {
            behind = Some(behind_of(index).collect());
            break;
        }
        let most = if is_label {
            usize::MAX
        } else if labels > 0 && is_generic(part) {
            want.min(SHORT)
        } else {
            want
        };
        let head = head(part, most, leading);
        leading &= head.shortest == 0;
        if !is_label {
            want = want.saturating_sub(head.shortest);
        }
        rare += if is_generic(part) { 0 } else { head.shortest };
        distance = distance.zip(head.longest).map(|(sum, len)| sum.saturating_add(len));
        taken.push(head.hir);
        if !head.whole {
            behind = head.rest.map(|rest| rest.into_iter().chain(behind_of(index + 1)).collect());
            break;
        }
    }
    let hir = Hir::concat(taken);
    let least = if labels > 0 { KEYWORD_OF_LABEL } else { KEYWORD };
    Factor {
        is_keyword: keyword::len(&hir) >= least,
        in_front: (!before.is_empty()).then(|| bytes_of(before)),
        distance: distance.unwrap_or(cap).min(cap),
        rest: head_of_all(&behind.unwrap_or_default(), REST),
        hir,
    }
}

/// The parts of a concatenation, also of one inside another. The first round of a repeated one stands for itself.
fn flatten<'a>(hir: &'a Hir, parts: &mut Vec<Cow<'a, Hir>>) {
    match hir.kind() {
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        HirKind::Repetition(repetition)
            if repetition.min > 0 && !matches!(repetition.sub.kind(), HirKind::Class(_)) =>
        {
            flatten(&repetition.sub, parts);
            parts.push(Cow::Owned(others(repetition, 1)));
        }
        _ => parts.push(Cow::Borrowed(hir)),
    }
}

/// The part with which the factor begins: the first, or the one behind a generic beginning that may be long.
fn first_selective(parts: &[Cow<'_, Hir>]) -> usize {
    let selective = parts.iter().position(|part| !is_generic(part)).unwrap_or(parts.len());
    let Some((before, rest)) = parts.split_at_checked(selective) else { return 0 };
    let len = before.iter().try_fold(0usize, |sum, part| longest(part).map(|len| sum.saturating_add(len)));
    let is_short = len.is_some_and(|len| len <= SHORT);
    let least = |part: &Cow<'_, Hir>| part.properties().minimum_len().unwrap_or(0);
    let rare: usize = rest.iter().filter(|part| !is_generic(part)).map(least).sum();
    if rest.is_empty() || len == Some(0) || (is_short && rare < FEW) { 0 } else { selective }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::parse;

    fn of(label: Option<&str>, value: &str) -> Vec<String> {
        let parse = |regex: &str| parse(regex).unwrap();
        let factors = factors(label.map(parse).as_ref(), &parse(value), 100);
        factors
            .iter()
            .map(|factor| factor.hir.to_string().replace("(?-u:", "(").replace("(?:", "("))
            .collect()
    }

    #[test]
    fn a_literal_and_the_head_of_the_value() {
        assert_eq!(of(None, r"\bAKIA[A-Z0-9]{16}\b"), [r"((\b)(AKIA)([0-9A-Z]){8})"]);
        assert_eq!(of(Some("pin[ :]{1,2}"), "[0-9]{4}"), [r"((pin)([\x20:]){1,2}([0-9]){4})"]);
    }

    #[test]
    fn a_generic_beginning_is_left_out() {
        let parse = parse(r"\b[a-z0-9.]{1,64}@[a-z]{2,9}\.com").unwrap();
        let factors = factors(None, &parse, 100);
        let [factor] = factors.as_slice() else { panic!("one") };
        assert!(factor.hir.to_string().starts_with("(?:@"), "{}", factor.hir);
        let in_front = factor.in_front.as_ref().unwrap();
        assert!(in_front[usize::from(b'a')] && in_front[usize::from(b'.')] && !in_front[usize::from(b'@')]);
        assert!(factor.distance >= 65);
    }

    #[test]
    fn alternatives_have_factors_of_their_own() {
        assert_eq!(of(None, r"\b(?:gh[po]_[a-z]{36}|glpat-[a-z]{20})").len(), 2);
    }

    #[test]
    fn words_behind_a_label_end_its_factor() {
        assert_eq!(of(Some("acme[a-z_]{0,20}[ ]?="), "[0-9a-f]{32}"), ["(acme)"]);
    }

    #[test]
    fn what_follows_is_compared_where_a_factor_ended() {
        let rest = |label: Option<&str>, value: &str| {
            let parse = |regex: &str| parse(regex).unwrap();
            let factors = factors(label.map(parse).as_ref(), &parse(value), 100);
            let rest = |factor: &Factor| factor.rest.to_string().replace("(?-u:", "(").replace("(?:", "(");
            factors.iter().map(rest).collect::<Vec<_>>()
        };
        assert_eq!(rest(Some("acme[a-z_]{0,20}[ ]?="), "[0-9a-f]{32}"), ["(([_a-z])* ?=([0-9a-f]){15})"]);
        assert_eq!(rest(None, r"\bAKIA[A-Z0-9]{16}\b"), ["([0-9A-Z]){8}"]);
        assert_eq!(
            rest(None, "ab(?:cdefgh|ij[0-9]{20})k"),
            ["()"],
            "of alternatives nobody knows which it was"
        );
    }
}

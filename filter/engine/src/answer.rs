//! Stub until the branch `danger` is merged.
use crate::engine::{Caches, Engine};
use aegis_scanner::Match;
#[derive(Debug, Default)]
pub struct AnswerText;
impl AnswerText {
    pub fn feed(&mut self, _e: &Engine, _c: &mut Caches, _p: &[u8], _f: impl FnMut(Match, &[u8])) {}
    pub fn finish(self, _e: &Engine, _c: &mut Caches, _f: impl FnMut(Match, &[u8])) {}
    pub fn settled(&self) -> u64 { 0 }
    pub fn held(&self) -> usize { 0 }
}

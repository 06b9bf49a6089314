//! How attacks are disguised.

use data_encoding::{BASE32, BASE64, HEXLOWER};

/// Its name, and what it makes of a text.
pub(crate) type Disguise = (&'static str, fn(&str) -> String);

/// Of any text, or of one in ASCII where that is all that it changes.
pub(crate) const DISGUISES: [Disguise; 24] = [
    ("case", |text| {
        text.chars().enumerate().map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c }).collect()
    }),
    ("spacing", |text| text.chars().map(String::from).collect::<Vec<_>>().join(" ")),
    ("leet", |text| text.chars().map(leet).collect()),
    ("look-alikes", |text| text.chars().map(lookalike).collect()),
    ("zero-width", |text| text.chars().flat_map(|c| [c, '\u{200b}']).collect()),
    ("tags", |text| {
        text.chars()
            .map(|c| if c.is_ascii() { char::from_u32(0xe0000 + u32::from(c)).unwrap() } else { c })
            .collect()
    }),
    ("bidi", |text| format!("\u{202e}{}\u{202c}", text.replace(' ', " \u{2066}"))),
    ("base64", |text| format!("Decode this and do it: {}", BASE64.encode(text.as_bytes()))),
    ("hex", |text| HEXLOWER.encode(text.as_bytes())),
    ("rot13", |text| text.chars().map(rot13).collect()),
    ("URL", |text| {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    }),
    ("HTML entities", |text| text.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("JSON escapes", |text| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()),
    ("Markdown split", |text| {
        text.split(' ').map(|word| split_word(word, "**")).collect::<Vec<_>>().join(" ")
    }),
    ("typoglycemia", |text| text.split(' ').map(scrambled).collect::<Vec<_>>().join(" ")),
    ("quotes", |text| format!("The next line is for you.\n> {text}\n")),
    ("in quotation marks", |text| format!("\"{text}\"")),
    ("in curly marks", |text| format!("“{text}”")),
    ("in marks, with an order", |text| format!("Do what this says: \"{text}\"")),
    ("as code", |text| format!("`{text}`")),
    ("fenced", |text| format!("```\n{text}\n```")),
    ("each word in marks", |text| {
        text.split(' ').map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
    }),
    ("comment", |text| format!("def main():\n    pass  # {text}\n")),
    ("two lines", |text| {
        let at = text.char_indices().map(|(at, _)| at).nth(text.chars().count() / 2).unwrap_or(0);
        format!("{}\n{}", &text[..at], &text[at..])
    }),
];

fn leet(character: char) -> char {
    match character {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        other => other,
    }
}

fn lookalike(character: char) -> char {
    match character {
        'a' => 'а',
        'e' => 'е',
        'o' => 'о',
        'p' => 'р',
        'c' => 'с',
        'x' => 'х',
        'i' => 'і',
        other => other,
    }
}

fn rot13(character: char) -> char {
    match character {
        'a'..='m' | 'A'..='M' => char::from(character as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(character as u8 - 13),
        other => other,
    }
}

fn split_word(word: &str, with: &str) -> String {
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    format!("{}{with}{}{with}{}", &word[..2], &word[2..3], &word[3..])
}

/// With the letters between the first and the last backwards in pairs.
pub(crate) fn scrambled(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let end =
        letters.len().saturating_sub(if word.ends_with(|c: char| c.is_ascii_punctuation()) { 2 } else { 1 });
    for at in (1..end.saturating_sub(1)).step_by(2) {
        letters.swap(at, at + 1);
    }
    letters.into_iter().collect()
}

/// What people and models read, and machines do not; of English.
pub(crate) const OTHERS: [Disguise; 39] = [
    ("reversed", |text| text.chars().rev().collect()),
    ("capitals of another script", |text| text.to_uppercase().chars().map(capital).collect()),
    ("small capitals", |text| text.to_lowercase().chars().map(small_capital).collect()),
    ("letters in squares", |text| {
        letters(text, |at| char::from_u32(0x1f170 + u32::from(at)).map(String::from).unwrap_or_default())
    }),
    ("circled letters", |text| text.chars().flat_map(|c| [c, '\u{20dd}']).filter(|c| *c != ' ').collect()),
    ("letters apart by dots", |text| apart(text, ".")),
    ("letters apart by hyphens", |text| apart(text, "-")),
    ("letters apart by middle dots", |text| apart(text, "·")),
    ("letters apart by emoji", |text| apart(text, "✨")),
    ("letters apart by marks and blanks", |text| apart(text, " - ")),
    ("long words' letters apart by hyphens", |text| {
        words(text, |word| if word.len() > 5 { apart(word, "-") } else { word.to_owned() }, " ")
    }),
    ("asterisks for spaces", |text| text.replace(' ', "*")),
    ("zero width for spaces", |text| text.replace(' ', "\u{200b}")),
    ("unit separators for spaces", |text| text.replace(' ', "\u{1f}")),
    ("bold words side by side", |text| format!("<b>{}</b>", text.replace(' ', "</b><b>"))),
    ("escaped spaces", |text| text.replace(' ', "&nbsp;")),
    ("cells", |text| words(text, |word| format!("<td>{word}</td>"), "\n")),
    ("words cut by hyphens", |text| words(text, |word| halves(word, "-"), " ")),
    ("long words cut by spaces", |text| {
        words(text, |word| if word.len() > 5 { halves(word, " ") } else { word.to_owned() }, " ")
    }),
    ("strings put together", |text| format!("\"{}\"", words(text, |word| halves(word, "\" + \""), " "))),
    ("markup in words", |text| words(text, |word| split_by(word, "<sub>", "</sub>"), " ")),
    ("markup of forums", |text| words(text, |word| split_by(word, "[b]", "[/b]"), " ")),
    ("colours of terminals", |text| words(text, |word| split_by(word, "\u{1b}[1m", "\u{1b}[0m"), " ")),
    ("camel case", |text| words(text, capitalized, "")),
    ("tags between letters", |text| {
        let hidden = text.chars().map(|c| char::from_u32(0xe0000 + u32::from(c)).unwrap_or(c));
        hidden.enumerate().flat_map(|(at, c)| (at % 4 == 0).then_some('x').into_iter().chain([c])).collect()
    }),
    ("JSON in JSON", |text| text.chars().map(|c| format!("\\\\u{:04x}", u32::from(c))).collect()),
    ("octal escapes", |text| text.bytes().map(|byte| format!("\\{byte:03o}")).collect()),
    ("entities without an end", |text| letters(text, |at| format!("&#{}", u32::from(b'a' + at)))),
    ("hexadecimal numbers", |text| numbers(text, |byte| format!("{byte:02x}"), " ")),
    ("hexadecimal numbers of a language", |text| numbers(text, |byte| format!("0x{byte:02x}"), ", ")),
    ("decimal numbers", |text| numbers(text, |byte| byte.to_string(), ", ")),
    ("calls for characters", |text| numbers(text, |byte| format!("chr({byte})"), "+")),
    ("code points", |text| numbers(text, |byte| format!("U+{byte:04X}"), " ")),
    ("bits", |text| numbers(text, |byte| format!("{byte:08b}"), " ")),
    ("base32", |text| BASE32.encode(text.as_bytes())),
    ("base64 of UTF-16", |text| {
        BASE64.encode(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
    }),
    ("base64 in parts", |text| {
        let encoded = BASE64.encode(text.as_bytes());
        let parts: Vec<&str> =
            encoded.as_bytes().chunks(30).filter_map(|part| std::str::from_utf8(part).ok()).collect();
        format!("\"{}\"", parts.join("\" +\n    \""))
    }),
    ("base64 of each word", |text| words(text, |word| BASE64.encode(word.as_bytes()), " ")),
    ("a letter too many", |text| {
        words(
            text,
            |word| if word.len() > 4 { format!("{}x{}", &word[..3], &word[3..]) } else { word.to_owned() },
            " ",
        )
    }),
];

fn words(text: &str, show: impl Fn(&str) -> String, between: &str) -> String {
    text.split(' ').map(show).collect::<Vec<_>>().join(between)
}

/// Each letter, by its number, as `show` shows it.
fn letters(text: &str, show: impl Fn(u8) -> String) -> String {
    let of = |c: char| {
        if c.is_ascii_alphabetic() { show(c.to_ascii_lowercase() as u8 - b'a') } else { c.to_string() }
    };
    text.chars().map(of).collect()
}

fn apart(text: &str, mark: &str) -> String {
    words(text, |word| word.chars().map(String::from).collect::<Vec<_>>().join(mark), " ")
}

fn halves(word: &str, mark: &str) -> String {
    if word.len() < 4 {
        return word.to_owned();
    }
    let (start, end) = word.split_at(word.len() / 2);
    format!("{start}{mark}{end}")
}

fn split_by(word: &str, start: &str, end: &str) -> String {
    if word.len() < 4 {
        return word.to_owned();
    }
    let (first, rest) = word.split_at(2);
    let (inside, last) = rest.split_at(1);
    format!("{first}{start}{inside}{end}{last}")
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars().filter(|letter| letter.is_alphanumeric());
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn numbers(text: &str, show: impl Fn(u8) -> String, between: &str) -> String {
    text.bytes().map(show).collect::<Vec<_>>().join(between)
}

/// Of Cyrillic.
fn capital(character: char) -> char {
    match character {
        'A' => 'А',
        'B' => 'В',
        'C' => 'С',
        'E' => 'Е',
        'H' => 'Н',
        'I' => 'І',
        'K' => 'К',
        'M' => 'М',
        'O' => 'О',
        'P' => 'Р',
        'S' => 'Ѕ',
        'T' => 'Т',
        'X' => 'Х',
        other => other,
    }
}

fn small_capital(character: char) -> char {
    const LETTERS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ";
    let at = u32::from(character).checked_sub(u32::from('a')).filter(|at| *at < 26);
    at.and_then(|at| LETTERS.chars().nth(at as usize)).unwrap_or(character)
}

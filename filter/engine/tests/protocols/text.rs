//! Texts in two versions: as the upstream sends them, and as the client must receive them.

/// A piece of text.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) sent: String,
    pub(crate) shown: String,
    /// What the client gets if nothing is looked for but placeholders.
    pub(crate) restored: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Stays as it is.
    Same,
    /// A placeholder, and its value.
    Value,
    /// Something dangerous, and what stands in its place.
    Danger,
}

/// A text, or a part of a document with texts in it.
pub(crate) type Text = Vec<Segment>;

/// How characters of upstream texts are escaped that need not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// As PHP's encoder does it.
    Escaped,
}

pub(crate) fn same(text: impl Into<String>) -> Segment {
    let sent = text.into();
    Segment { shown: sent.clone(), restored: sent.clone(), sent, kind: Kind::Same }
}

/// A placeholder and its value.
pub(crate) fn value(sent: impl Into<String>, value: impl Into<String>) -> Segment {
    let shown = value.into();
    Segment { sent: sent.into(), restored: shown.clone(), shown, kind: Kind::Value }
}

/// Something dangerous, and what stands in its place.
pub(crate) fn danger(sent: impl Into<String>, shown: impl Into<String>) -> Segment {
    let sent = sent.into();
    Segment { restored: sent.clone(), sent, shown: shown.into(), kind: Kind::Danger }
}

pub(crate) fn sent(text: &[Segment]) -> String {
    text.iter().map(|segment| segment.sent.as_str()).collect()
}

/// What the client gets; `inspected` says whether dangers are looked for.
pub(crate) fn shown(text: &[Segment], inspected: bool) -> String {
    text.iter()
        .map(|segment| if inspected { segment.shown.as_str() } else { segment.restored.as_str() })
        .collect()
}

/// `text` as a JSON string. What is put in is escaped no more than it must be.
pub(crate) fn quote(text: &[Segment], style: Style) -> Text {
    let mut quoted = vec![same("\"")];
    for segment in text {
        quoted.push(match segment.kind {
            Kind::Same => same(escape(&segment.sent, style)),
            kind => Segment {
                sent: escape(&segment.sent, style),
                shown: escape(&segment.shown, Style::Plain),
                restored: restored(segment, style),
                kind,
            },
        });
    }
    quoted.push(same("\""));
    quoted
}

/// What is not put in is escaped as it was.
fn restored(segment: &Segment, style: Style) -> String {
    let is_same = segment.restored == segment.sent;
    escape(&segment.restored, if is_same { style } else { Style::Plain })
}

fn escape(text: &str, style: Style) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    if style == Style::Plain {
        return inner.to_owned();
    }
    let mut out = String::new();
    for character in inner.chars() {
        let mut units = [0; 2];
        match character {
            '/' => out.push_str("\\/"),
            '\0'..='\x7f' => out.push(character),
            _ => out.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    out
}

/// `template` with each `§` replaced by the next of `parts`.
pub(crate) fn fill(template: &str, parts: &[Text]) -> Text {
    let mut literals = template.split('§');
    let mut text = vec![same(literals.next().unwrap_or_default())];
    let mut count = 0;
    for (literal, part) in literals.zip(parts) {
        text.extend(part.iter().cloned());
        text.push(same(literal));
        count += 1;
    }
    assert_eq!((count, template.matches('§').count()), (parts.len(), parts.len()), "{template}");
    text
}

/// `text` in pieces that end at these offsets of what is sent, moved to the next character. What stands in place of a
/// segment stands where it begins.
pub(crate) fn cut(text: &[Segment], cuts: &[usize]) -> Vec<Text> {
    let mut pieces = vec![Text::new()];
    let mut at = 0;
    for segment in text {
        let (mut from, mut shown) = (0, Some((&segment.shown, &segment.restored)));
        let mut part = |range: std::ops::Range<usize>| {
            let sent = segment.sent.get(range).unwrap_or_default();
            match segment.kind {
                Kind::Same => same(sent),
                kind => {
                    let (first, empty) = (shown.take(), String::new());
                    let (shown, restored) = first.unwrap_or((&empty, &empty));
                    // What is dangerous and holds no value stays where it is.
                    let stays = segment.restored == segment.sent;
                    let restored = if stays { sent } else { restored };
                    Segment { sent: sent.into(), shown: shown.clone(), restored: restored.into(), kind }
                }
            }
        };
        for (offset, _) in segment.sent.char_indices() {
            if cuts.contains(&(at + offset)) {
                if offset > from {
                    pieces.last_mut().unwrap().push(part(from..offset));
                    from = offset;
                }
                pieces.push(Text::new());
            }
        }
        pieces.last_mut().unwrap().push(part(from..segment.sent.len()));
        at += segment.sent.len();
    }
    pieces
}

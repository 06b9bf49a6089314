#[test]
fn tmp_stats() {
    use std::collections::BTreeMap;
    let mut by: BTreeMap<String, [usize; 8]> = BTreeMap::new();
    let mut trig: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for file in ["injection.jsonl", "commands.jsonl", "unicode.jsonl"] {
        let rows = std::fs::read_to_string(format!("/work/shared/data/dev/{file}")).unwrap();
        for row in rows.lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            if row["label"] != "benign" {
                continue;
            }
            let text = row["text"].as_str().unwrap().as_bytes();
            let lang = row["lang"].as_str().unwrap().to_owned();
            let e = by.entry(lang.clone()).or_default();
            e[0] += text.len();
            for w in super::trigger::windows(text) {
                e[1] += w.len();
                e[2] += 1;
            }
            for at in memchr::memchr3_iter(b'%', b'&', b'\\', text) {
                if let Some((c, len)) = super::escape::escaped(&text[at..]) {
                    if super::escape::is_telling(&text[at..], c) {
                        *trig
                            .entry(lang.clone())
                            .or_default()
                            .entry(String::from_utf8_lossy(&text[at..at + len]).into_owned())
                            .or_default() += 1;
                    }
                }
            }
            for (i, c) in std::str::from_utf8(text).unwrap().char_indices() {
                let g = super::fold::guise(c);
                if g != super::fold::Guise::None {
                    let l = c.len_utf8();
                    if !super::trigger::windows(&text[i.saturating_sub(1)..(i + l + 1).min(text.len())])
                        .is_empty()
                    {
                        *trig.entry(lang.clone()).or_default().entry(format!("{g:?} {c}")).or_default() += 1;
                    }
                }
            }
            for r in super::run::runs(text) {
                e[3] += r.len();
                e[4] += 1;
                for v in super::decode::views(text, r) {
                    e[5] += v.bytes.len();
                    e[6] += 1;
                }
            }
        }
    }
    for (l, e) in by {
        println!(
            "{l} bytes {} windows {} n {} runs {} n {} decoded {} n {}",
            e[0], e[1], e[2], e[3], e[4], e[5], e[6]
        );
        let mut t: Vec<_> = trig.remove(&l).unwrap_or_default().into_iter().collect();
        t.sort_by_key(|x| std::cmp::Reverse(x.1));
        println!("   {:?}", &t[..t.len().min(14)]);
    }
}

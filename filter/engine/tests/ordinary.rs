//! Ordinary text that looks like something stays as it is: nothing here may be found by a rule that acts by default.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy.toml lifts it in #[test] functions only"
)]

use aegis_engine::{Engine, MasterKey, Site};
use aegis_policy::{CompiledPolicy, Direction, Slot, example};
use aegis_scanner::{Budget, Match};

/// What the text is, and the text with templates.
const ORDINARY: &[(&str, &str)] = &[
    ("git sha", "commit {hex:40}\nAuthor: somebody\n\n    Fix the build"),
    ("git sha", "Revert \"{hex:7}\" and cherry-pick {hex:12} onto main"),
    (
        "git blob",
        "index {hex:7}..{hex:7} 100644\n--- a/src/main.rs\n+++ b/src/main.rs\n@@ -12,7 +12,9 @@ fn main() {",
    ),
    ("uuid", "request {hex:8}-{hex:4}-4{hex:3}-9{hex:3}-{hex:12} took 12 ms"),
    ("uuid", "\"id\": \"{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}\", \"parent\": null"),
    ("digest", "sha256:{hex:64} image pulled; md5 {hex:32} archive.tar.gz"),
    ("lock file", "checksum = \"{hex:64}\"\nversion = \"1.2.3\"\nname = \"serde\""),
    (
        "lock file",
        "\"integrity\": \"sha512-{base64:86}==\", \"resolved\": \"https://registry.example/a/-/a-1.0.0.tgz\"",
    ),
    ("go sum", "golang.org/x/net v0.17.0 h1:{base64:43}="),
    ("epoch", "ts=1700000000 start=1700000000123 end=1716123456789012 nanos=1716123456789012345"),
    ("time", "2024-05-06T07:08:09.123Z up since 12:34:56, next at 2024-05-07 00:00:00+08:00"),
    ("date", "The meeting of 03/04/2024 moved to 5 June 2024; 2024年5月6日发布。"),
    ("version", "Upgraded from v1.2.3.4 to 10.0.19045.3803, needs glibc 2.31 and node >= 18.17.1"),
    ("version", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.6099.109 Safari/537.36"),
    ("price", "Total: $1,234.56, EUR 99.00, ¥12,800, 3 x 4,999.00 = 14,997.00 USD"),
    ("price", "总价1280.00元，优惠200元，运费12.50元，订单编号20240506"),
    ("product", "Part no. 12-3456-789 and SKU ABC-12345-XL, model WH-1000XM5, size 42"),
    ("product", "B08N5WRWNW on the shop, EAN 4006381333931, UPC 036000291452"),
    ("isbn", "ISBN 978-3-16-148410-0, ISBN-10 0-306-40615-2, ISSN 2049-3630, doi 10.1000/182"),
    ("line numbers", "src/main.rs:1234:56: error[E0308]: mismatched types at offset 0x7ffd5e8e3a10"),
    ("line numbers", "  File \"app.py\", line 128, in run\n    raise ValueError(code)\nValueError: 404"),
    ("colours", "color: #ff8800; background: #1e1e2e80; border: 1px solid rgb(12, 34, 56)"),
    ("image", "![chart](data:image/png;base64,iVBORw0KGgoAAAANSUhEUg{base64:200})"),
    ("image", "<img src=\"data:image/svg+xml;base64,{base64:120}\" width=\"640\" height=\"480\">"),
    ("code", "let token = tokenizer.next_token(); if token.kind == TokenKind::Ident { return Ok(token); }"),
    ("code", "const password = req.body.password; const apiKey = process.env.API_KEY;"),
    ("code", "password: str = Field(..., min_length=8)\ntoken: Optional[str] = None\nsecret_key: bytes"),
    ("code", "for (int i = 0; i < 1000000; i++) { sum += data[i] * 3.14159265358979; }"),
    ("code", "std::vector<std::pair<int, int>> v; a::b::c(); ad::fa::be(); 0xdeadbeef & 0xffffffff"),
    ("code", "@decorator\ndef handler(self, *args): return super().handler(*args)"),
    ("code", "SELECT name, address, phone FROM customers WHERE city = ? ORDER BY name LIMIT 100"),
    ("code", "address: 0x7ffe1234, phone: PhoneNumber, name: String, city: Text"),
    (
        "configuration",
        "name: Build Docker Image\non: push\nenv:\n  TOKEN: ${{ secrets.DEPLOY_TOKEN }}\n  PASSWORD: \"\"",
    ),
    (
        "configuration",
        "max_tokens: 4096\ntemperature: 0.7\napi_key: <your-api-key>\npassword: changeme-please",
    ),
    ("configuration", "kind: ConfigMap\ndata:\n  log_level: information\n  mode: production12"),
    ("configuration", "listen 127.0.0.1:8080; server 0.0.0.0; netmask 255.255.255.0; ::1 localhost"),
    ("log", "[12345.678901] usb 1-2: new high-speed USB device number 7 using xhci_hcd"),
    ("log", "GET /api/v2/items/1234567?page=12&size=100 200 5123 \"-\" 0.012"),
    ("log", "worker 17 processed 1048576 bytes in 2.345678 s (447.2 MB/s), queue=0, pid=31337"),
    ("table", "| 2019 | 1 234 567 | 12.5 % |\n| 2020 | 1 345 678 | 8.9 % |"),
    ("table", "id,width,height\n1001,1920,1080\n1002,2560,1440\n1003,3840,2160"),
    (
        "fractions",
        "loss=0.4111111111111111 [0.5105105105105100, -0.37828224631000512] lr=0.{digit:16} p=1.{digit:16}",
    ),
    ("numbers", "row 5021 6032 9804 4936 1957 8830; 17 63 69 11 55 29 19 95 23 16 08 02 28 02 42 62"),
    ("numbers", "02 04 06 12 34 56 78 90\n01.02.03.04.05.06.07 and 2341 2341 2346 5678"),
    (
        "fingerprint",
        "SHA1 Fingerprint=5E:CC:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}:{hex:2}",
    ),
    (
        "fingerprint",
        "MD5 5e-cc-{hex:2}-{hex:2}-{hex:2}-{hex:2}-{hex:2}-{hex:2}; serial number: 04:{hex:2}:{hex:2}:{hex:2}",
    ),
    ("image", "<img src=\"/assets/media/box.ico-{hex:32}.png\"> and icons/ico-{hex:32}.svg"),
    ("numbers", "@@ -1,2 +1,3 @@\n+1073741824\n-1065353216\n+9007199254740993"),
    ("numbers", "ids 4856042377419278489 81234567890123 EAN 4006381333931"),
    ("sections", "see 22.2.5.1 and 13.28.24.13, OID 1.3.6.1.4.1.311.21.20"),
    ("science", "pi = 3.14159265358979323846, c = 299792458 m/s, N = 6.02214076e23, 1.2e-10"),
    ("chess", "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7"),
    ("names", "Ada Lovelace and Alan Turing wrote the first programs; 李白和杜甫是唐代诗人。"),
    ("names", "我叫不出名字，也不知道他住在哪里。My name is on the list."),
    ("vendors", "SetSysctl = x; sumOfExposures = 12; rookTable = load(); <Camera kit=\"{hex:40}\">"),
    (
        "vendors",
        "sk-loading-indicator-wrapper hf_requiredCharacteristicTypesForDisplayMetadata npm_config_registry",
    ),
    ("vendors", "images/media_box/ico-large-arrow-left.png pk-button-primary fc-cache re_path"),
    ("prose", "Call 911 or 12345 in an emergency; the hotline 400-1234 is open 9-17, extension 12."),
    ("prose", "In 1984 about 2,500,000 people lived there, 12.5 per cent more than in 1974-1976."),
    ("chinese", "第12章第34节共5678字，第一千二百三十四页，编号为2024第056号文件。"),
];

#[test]
fn ordinary_text_stays() {
    let key = MasterKey::from_hex(&"77".repeat(32)).unwrap();
    let engine = Engine::new(&CompiledPolicy::default(), &key).unwrap();
    let mut caches = engine.caches();
    let mut wrong = Vec::new();
    // The engine does find something where there is something.
    let mut found: Vec<Match> = Vec::new();
    let secret = example::expand("ghp_{alnum:36}", "");
    let mut budget = Budget::default();
    let site = Site::of(Direction::Request, Slot::User);
    engine.detect(&mut caches, site, secret.as_bytes(), &mut budget, &mut found).unwrap();
    assert_eq!(found.len(), 1);
    for (what, text) in ORDINARY {
        // Other random digits must not change the result.
        for seed in ["a", "b", "c"] {
            let text = example::expand(text, seed);
            let mut found: Vec<Match> = Vec::new();
            let mut budget = Budget::default();
            engine.detect(&mut caches, site, text.as_bytes(), &mut budget, &mut found).unwrap();
            wrong.extend(found.iter().map(|one| {
                let at = |offset| usize::try_from(offset).unwrap();
                let value =
                    String::from_utf8_lossy(&text.as_bytes()[at(one.value)..at(one.end)]).into_owned();
                format!("{what}: {} {value}", engine.rule(one.rule).unwrap().id)
            }));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

use super::*;
use crate::redact::Media;

fn boundary() -> Boundary {
    let media = Media::of_content_type(Some("multipart/form-data; boundary=B"));
    let Ok(Media::Multipart(boundary)) = media else { panic!("{media:?}") };
    boundary
}

/// The texts of a body, with the slot of each.
fn read(body: &[u8]) -> Result<Vec<(Slot, String)>, RequestError> {
    let texts = texts(&boundary(), body)?;
    let text = |text: &Text| String::from_utf8(body[text.span.clone()].to_vec()).unwrap();
    Ok(texts.iter().map(|one| (one.slot, text(one))).collect())
}

fn problem(body: &[u8]) -> MultipartProblem {
    match read(body) {
        Err(RequestError::Multipart(error)) => error.problem,
        other => panic!("{}: {other:?}", body.escape_ascii()),
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0--\r\n--A\r\nsk@x.org";

#[test]
fn fields_and_text_files_are_read_and_binary_files_pass() {
    let head = concat!(
        "\r\n--B\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nline\r\ntwo\r\n",
        "--B  \r\ncontent-disposition: form-data; name=\"empty\"\r\n\r\n\r\n",
        "--B\r\ncontent-disposition: form-data; name=\"shared\"\r\n\r\n--B\r\n",
        "Content-Disposition: form-data; name=file; filename*=UTF-8''b.jsonl\r\n",
        "Content-Type: application/octet-stream\r\n\r\n",
        "{\"custom_id\":\"r1\"}\n\n[\"a\\u0062\"]\n\r\n",
        "--B\r\n\r\nno headers\r\n",
        "--B\r\ncontent-disposition: form-data; name=image; filename=a.txt\r\n\r\n",
    );
    let body = [head.as_bytes(), PNG, b"\r\n--B--\r\n"].concat();
    let expected = [
        (Slot::User, "line\r\ntwo"),
        (Slot::Document, "custom_id"),
        (Slot::Document, "r1"),
        (Slot::Document, "a\\u0062"),
        (Slot::User, "no headers"),
    ];
    let expected = expected.map(|(slot, text)| (slot, text.to_owned()));
    assert_eq!(read(&body).unwrap(), expected);
}

#[test]
fn what_says_that_it_is_text_has_to_be() {
    for head in [
        "content-disposition: form-data; name=x",
        "content-disposition: form-data; name=x; filename=x\r\nContent-Type: Text/CSV; charset=utf-16",
        "content-type: application/json",
    ] {
        for content in [&b"\xff\xfe"[..], b"a\0b\0", PNG] {
            let body = [b"--B\r\n", head.as_bytes(), b"\r\n\r\n", content, b"\r\n--B--"].concat();
            assert!(matches!(read(&body), Err(RequestError::NotUtf8(_))), "{head}");
        }
    }
    let pdf = b"--B\r\ncontent-disposition: form-data; name=x; filename=x\r\n\r\n%PDF-1.4 text\r\n--B--";
    assert_eq!(read(pdf).unwrap(), []);
}

#[test]
fn doubt_is_refused() {
    use MultipartProblem::{Delimiter, Encoding, End, Headers, Outside};
    for (body, expected) in [
        (&b""[..], End),
        (b"hello", End),
        (b"--B\r\n\r\nx", End),
        (b"--B\r\n\r\nx\r\n--B", Delimiter),
        (b"--B\r\n\r\nx\r\n--B-", Delimiter),
        (b"--B\n\nx\n--B--", Delimiter),
        (b"--B\r\n\r\nx\n--B--", Delimiter),
        (b"--B\r\n\r\nx --B\r\n\r\n--B--", Delimiter),
        (b"--B\r\n\r\nx\r\n--Bx\r\n\r\ny\r\n--B--", Delimiter),
        (b"--B\r\n\r\nx\r\n--B--\r\n--B--", Delimiter),
        (b"secret\r\n--B\r\n\r\nx\r\n--B--", Outside),
        (b"--B\r\n\r\nx\r\n--B--\r\nsecret", Outside),
        (b"--B\r\nname: x\r\nx\r\n--B--", Headers),
        (b"--B\r\nx\r\n\r\nx\r\n--B--", Headers),
        (b"--B\r\n\xff: x\r\n\r\nx\r\n--B--", Headers),
        (b"--B\r\nContent-Transfer-Encoding: Base64\r\n\r\neA==\r\n--B--", Encoding),
    ] {
        assert_eq!(problem(body), expected, "{}", body.escape_ascii());
    }
    assert_eq!(read(b"--B--").unwrap(), []);
    let part = b"--B\r\n\r\n\r\n".repeat(MAX_PARTS);
    assert_eq!(read(&[&part[..], b"--B--"].concat()).unwrap(), []);
    let body = [&part[..], b"--B\r\n\r\n\r\n--B--"].concat();
    assert_eq!(problem(&body), MultipartProblem::Parts);
}

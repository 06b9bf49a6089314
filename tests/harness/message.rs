//! HTTP/1.1 messages on a socket, read exactly as they come.

use std::io::{Error, ErrorKind, Read, Result};
use std::net::TcpStream;

/// The first line and the headers of a message, in the order received; names in lower case.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The first line.
    pub first_line: String,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
}

/// How long a message's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    /// Between two chunks.
    Chunks,
    /// Inside a chunk with so many bytes left.
    InChunk(u64),
    UntilClose,
    Ended,
}

/// A socket, or another source of bytes, with what was read ahead of its consumer.
#[derive(Debug)]
pub struct Reader<S = TcpStream> {
    stream: S,
    ahead: Vec<u8>,
    framing: Framing,
    /// What was asked for is the head alone.
    head_only: bool,
}

// === impl Head ===

impl Head {
    /// The first header named `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a header named `name` has this value in any case.
    fn says(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    fn framing(&self, default: Framing) -> Framing {
        if self.says("transfer-encoding", "chunked") {
            return Framing::Chunks;
        }
        match self.header("content-length").map(|length| length.parse().expect("a numeric content-length")) {
            Some(0) => Framing::Ended,
            Some(length) => Framing::Length(length),
            None => default,
        }
    }
}

// === impl Reader ===

impl Reader<TcpStream> {
    /// Whether there is something to read, be it the end, without waiting for it.
    pub fn has_input(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let nothing = self.stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).unwrap();
        !(self.ahead.is_empty() && nothing)
    }
}

impl<S: Read> Reader<S> {
    /// A reader of `stream`.
    pub fn new(stream: S) -> Reader<S> {
        Reader { stream, ahead: Vec::new(), framing: Framing::Ended, head_only: false }
    }

    /// Whether responses are to requests for the head alone.
    pub fn answers_have_no_body(&mut self, head_only: bool) {
        self.head_only = head_only;
    }

    /// The socket, for writing.
    pub fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Reads the head of a request; `None` if the peer closed instead.
    pub fn request_head(&mut self) -> Result<Option<Head>> {
        let Some(head) = self.head()? else { return Ok(None) };
        self.framing = head.framing(Framing::Ended);
        Ok(Some(head))
    }

    /// Reads the head of a response.
    pub fn response_head(&mut self) -> Result<Head> {
        let head = self.head()?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        let no_body = [" 204", " 304", " 100"].iter().any(|status| head.first_line.contains(status));
        self.framing =
            if no_body || self.head_only { Framing::Ended } else { head.framing(Framing::UntilClose) };
        Ok(head)
    }

    /// The next bytes of the body, as soon as there are some; `None` at its end.
    pub fn body_part(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            match self.framing {
                Framing::Ended => return Ok(None),
                Framing::Length(left) | Framing::InChunk(left) => {
                    let part = self.at_most(left)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
                    let left = left - part.len() as u64;
                    self.framing = match (self.framing, left) {
                        (Framing::InChunk(_), 0) => {
                            self.empty_line()?;
                            Framing::Chunks
                        }
                        (Framing::InChunk(_), left) => Framing::InChunk(left),
                        (_, 0) => Framing::Ended,
                        (_, left) => Framing::Length(left),
                    };
                    return Ok(Some(part));
                }
                Framing::Chunks => match self.chunk_size()? {
                    0 => {
                        while !self.line()?.is_empty() {}
                        self.framing = Framing::Ended;
                    }
                    size => self.framing = Framing::InChunk(size),
                },
                Framing::UntilClose => {
                    let part = self.at_most(u64::MAX)?;
                    if part.is_none() {
                        self.framing = Framing::Ended;
                    }
                    return Ok(part);
                }
            }
        }
    }

    /// The rest of the body.
    pub fn body(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(part) = self.body_part()? {
            body.extend(part);
        }
        Ok(body)
    }

    fn head(&mut self) -> Result<Option<Head>> {
        if self.ahead.is_empty() && !self.fill()? {
            return Ok(None);
        }
        let mut head = Head { first_line: self.line()?, headers: Vec::new() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(Some(head));
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| Error::other(format!("header {line:?}")))?;
            head.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn chunk_size(&mut self) -> Result<u64> {
        let line = self.line()?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(digits, 16).map_err(|_| Error::other(format!("chunk size {line:?}")))
    }

    fn empty_line(&mut self) -> Result<()> {
        let line = self.line()?;
        if line.is_empty() { Ok(()) } else { Err(Error::other(format!("{line:?} after a chunk"))) }
    }

    fn line(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(Error::other);
            }
            if !self.fill()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Up to `limit` bytes, at least one; `None` if the peer closed.
    fn at_most(&mut self, limit: u64) -> Result<Option<Vec<u8>>> {
        if self.ahead.is_empty() && !self.fill()? {
            return Ok(None);
        }
        let count = usize::try_from(limit).unwrap_or(usize::MAX).min(self.ahead.len());
        Ok(Some(self.ahead.drain(..count).collect()))
    }

    fn fill(&mut self) -> Result<bool> {
        let mut buffer = [0; 16384];
        let count = self.stream.read(&mut buffer)?;
        self.ahead.extend(&buffer[..count]);
        Ok(count > 0)
    }
}

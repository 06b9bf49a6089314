//! HTTP/1.1 messages on a socket, read with as little work as possible: both ends of the load must cost much less than
//! the proxy between them.

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::net::TcpStream;

/// A socket with what was read ahead.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
}

/// How long a body is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

const BUFFER: usize = 64 * 1024;

// === impl Wire ===

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Result<Wire> {
        stream.set_nodelay(true)?;
        Ok(Wire { stream, buffer: vec![0; BUFFER].into_boxed_slice(), at: 0, end: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes)
    }

    /// The socket, for somebody else to write to.
    pub(crate) fn writer(&self) -> Result<TcpStream> {
        self.stream.try_clone()
    }

    /// The head of the next message, with its empty line; `None` if the peer closed instead.
    pub(crate) fn head(&mut self) -> Result<Option<String>> {
        loop {
            let ahead = &self.buffer[self.at..self.end];
            if let Some(length) = ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&ahead[..length + 4]).into_owned();
                self.at += length + 4;
                return Ok(Some(head));
            }
            if self.fill()? == 0 {
                return if self.at == self.end { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Reads a body and hands over its parts as they come.
    pub(crate) fn body(&mut self, framing: Framing, mut part: impl FnMut(&[u8])) -> Result<()> {
        match framing {
            Framing::Length(length) => self.take(length, &mut part),
            Framing::Chunked => loop {
                let size = self.chunk_size()?;
                self.take(size, &mut part)?;
                self.take(2, &mut |_| {})?;
                if size == 0 {
                    return Ok(());
                }
            },
        }
    }

    fn chunk_size(&mut self) -> Result<usize> {
        loop {
            let ahead = &self.buffer[self.at..self.end];
            if let Some(length) = ahead.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&ahead[..length]);
                let size = usize::from_str_radix(line.trim_end(), 16)
                    .map_err(|_| Error::other(format!("chunk size {line:?}")))?;
                self.at += length + 1;
                return Ok(size);
            }
            self.fill_or_fail()?;
        }
    }

    fn take(&mut self, length: usize, part: &mut impl FnMut(&[u8])) -> Result<()> {
        let mut left = length;
        while left > 0 {
            if self.at == self.end {
                self.fill_or_fail()?;
            }
            let count = left.min(self.end - self.at);
            part(&self.buffer[self.at..self.at + count]);
            self.at += count;
            left -= count;
        }
        Ok(())
    }

    fn fill_or_fail(&mut self) -> Result<()> {
        if self.fill()? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn fill(&mut self) -> Result<usize> {
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.at..self.end, 0);
            (self.at, self.end) = (0, self.end - self.at);
        }
        let count = self.stream.read(&mut self.buffer[self.end..])?;
        self.end += count;
        Ok(count)
    }
}

/// The value of a header.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// How long the body behind `head` is.
pub(crate) fn framing(head: &str) -> Framing {
    match header(head, "content-length") {
        Some(length) => Framing::Length(length.parse().expect("a numeric content-length")),
        None if header(head, "transfer-encoding").is_some() => Framing::Chunked,
        None => Framing::Length(0),
    }
}

/// `part` as one HTTP chunk.
pub(crate) fn chunk(part: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat()
}

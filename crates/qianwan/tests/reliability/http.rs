//! A client that does what a phone does: one connection kept open, and an error where the other end is gone.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// So long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody at one address, signed in or not.
pub struct Client {
    address: SocketAddr,
    session: Option<String>,
    stream: Option<BufReader<TcpStream>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub cookie: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub fn new(address: SocketAddr, session: Option<&str>) -> Client {
        Client { address, session: session.map(str::to_owned), stream: None }
    }

    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask("GET", path, "zh-CN", b"")
    }

    pub fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.ask("POST", path, "zh-CN", body)
    }

    /// Asks; after an error the connection is gone, and the next question makes another.
    pub fn ask(&mut self, method: &str, path: &str, language: &str, body: &[u8]) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let cookie = self.session.as_deref().map(|token| format!("Cookie: qw_session={token}\r\n")).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept-Language: {language}\r\nX-Qianwan: 1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{cookie}\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        stream.get_mut().write_all(&request)?;
        let answer = read(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let cut_off = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off");
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(cut_off)?;
    let (mut length, mut cookie) = (None, None);
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(cut_off());
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok(),
            "set-cookie" => cookie = value.split(';').next().map(str::to_owned),
            _ => {}
        }
    }
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Answer { status, cookie, body })
}

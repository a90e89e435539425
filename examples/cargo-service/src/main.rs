//! A small HTTP service that says which version of it answers. The environment variable PORT names its port.

mod answer;

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use std::{env, fs, thread};

/// How long a silent client may keep a thread.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    end_on_sigterm();
    let port = env::var("PORT").unwrap_or_else(|_| "8080".into());
    let listener = TcpListener::bind(format!("0.0.0.0:{}", port))?;
    let host = fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_string();
    println!("{} {} listens at port {}", answer::NAME, answer::VERSION, port);
    for stream in listener.incoming().flatten() {
        let host = host.clone();
        thread::spawn(move || {
            if let Err(error) = serve(stream, &host) {
                eprintln!("serve a request: {}", error);
            }
        });
    }
    Ok(())
}

/// Reads one request and answers it.
fn serve(mut stream: TcpStream, host: &str) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while !lines.next().transpose()?.unwrap_or_default().is_empty() {} // the headers do not matter here

    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = answer::answer(path, host);
    if path != "/healthz" {
        println!("{} {}", request, status);
    }
    write!(
        stream,
        "HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        status, body.len(), body,
    )
}

extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(status: i32) -> !;
}

/// A container's first process gets no signals that it has no handler for.
fn end_on_sigterm() {
    extern "C" fn end(_: i32) {
        unsafe { _exit(0) }
    }
    const SIGTERM: i32 = 15;
    unsafe { signal(SIGTERM, end) };
}

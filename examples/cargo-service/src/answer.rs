//! What is answered to which request.

pub const NAME: &str = env!("CARGO_PKG_NAME");
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns the status line's words and the body, as JSON, for a path.
pub fn answer(path: &str, host: &str) -> (&'static str, String) {
    match path.split('?').next() {
        Some("/") => (
            "200 OK",
            format!("{{\"name\":\"{}\",\"version\":\"{}\",\"host\":\"{}\"}}\n", NAME, VERSION, host),
        ),
        Some("/healthz") => ("200 OK", "{\"status\":\"ok\"}\n".into()),
        _ => ("404 Not Found", "{\"error\":\"no such path\"}\n".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_answers() {
        let (status, body) = answer("/?x=1", "pod-1");
        assert_eq!(status, "200 OK");
        assert!(body.contains(VERSION) && body.contains("\"host\":\"pod-1\""), "{}", body);
    }

    #[test]
    fn health() {
        assert_eq!(answer("/healthz", "").0, "200 OK");
    }

    #[test]
    fn other_paths_are_not_found() {
        assert_eq!(answer("/other", "").0, "404 Not Found");
    }
}

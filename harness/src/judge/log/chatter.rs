//! Lines of a log that are not events.
//!
//! A log is what a whole test printed: other loggers, stack traces, comments. Whatever
//! does not look like that is an event, or a damaged one.

/// How loggers call their levels.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// Whether a line is about something else.
pub(super) fn is_chatter(line: &str) -> bool {
    let first = line.split_whitespace().next().unwrap_or_default();
    first.is_empty()
        || line.starts_with([' ', '\t', ';', '#'])
        || line.starts_with("Caused by:")
        || LEVELS.iter().any(|level| first.trim_matches(['[', ']', ':']).eq_ignore_ascii_case(level))
        || is_date(first)
        || is_exception(first)
}

/// As in `2015-06-01` or `10:20:30,123`.
fn is_date(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 2 && matches!(word.as_bytes().get(digits), Some(b'-' | b':' | b'/'))
}

/// As in `java.net.SocketTimeoutException:`.
fn is_exception(word: &str) -> bool {
    let name = word.trim_end_matches(':');
    name.contains('.') && ["Exception", "Error", "ExceptionInfo"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_loggers_write_is_chatter() {
        let chatter = [
            "",
            "WARN  jepsen.core - Process 3 indeterminate",
            "[INFO] starting",
            "2015-06-01 10:20:30,123 INFO x",
            "\tat clojure.lang.AFn.run(AFn.java:22)",
            "java.net.SocketTimeoutException: Read timed out",
            "Caused by: something",
            "; a comment",
        ];
        assert!(chatter.iter().all(|line| is_chatter(line)));
        let events =
            ["garbage", "1 :invoke :read nil", "{:process 1}", "INFOjepsen.util", "e.g.Exceptional x"];
        assert!(events.iter().all(|line| !is_chatter(line)));
    }
}

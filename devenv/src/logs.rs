//! Reading the end of a log file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Begins the line that is written at every start of a part.
pub(crate) const START: &str = "--- started by devenv";

/// How much of a file's end is looked at.
const WINDOW: u64 = 16 * 1024;

/// The last lines of a file since the last start, indented, for an error message.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let text = read_end(path).unwrap_or_else(|error| format!("(cannot be read: {error})"));
    let current = text
        .rsplit_once(START)
        .map_or(text.as_str(), |(_, current)| current);
    let all: Vec<&str> = current.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &all[all.len().saturating_sub(lines)..];
    if last.is_empty() {
        return "  | (empty)".to_owned();
    }
    last.iter()
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn read_end(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{START, tail};

    #[test]
    fn the_end_of_a_file() {
        let path = std::env::temp_dir().join(format!("devenv-tail-{}", std::process::id()));
        std::fs::write(&path, "one\n\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&path, 2), "  | two\n  | three");
        std::fs::write(&path, format!("one\n{START}\ntwo\n")).unwrap();
        assert_eq!(tail(&path, 2), "  | two");
        std::fs::write(&path, "").unwrap();
        assert_eq!(tail(&path, 2), "  | (empty)");
        std::fs::remove_file(&path).unwrap();
        assert!(tail(&path, 2).contains("cannot be read"));
    }
}

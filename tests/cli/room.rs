//! An empty folder in which the command runs, and what it said.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder in which the command runs and makes its temporary files.
pub(crate) struct Room(PathBuf);

impl Room {
    pub(crate) fn new() -> Room {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("selvedge-room-{}-{number}", std::process::id()));
        // One of the same number may have been killed before it could take its own away.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Room(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        let ours =
            |name: &str| name.starts_with("SELVEDGE_") || matches!(name, "NO_COLOR" | "CARGO_TARGET_DIR");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
            command.env_remove(name);
        }
        command.args(line).current_dir(&self.0).env("TMPDIR", &self.0).stdin(Stdio::null());
        command
    }

    /// Runs the command and returns its exit code, standard output and standard error.
    pub(crate) fn run(&self, line: &[&str]) -> (i32, String, String) {
        told(self.command(line).output().unwrap())
    }

    pub(crate) fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

pub(crate) fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

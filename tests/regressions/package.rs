//! A package of its own for each test, in which this test's binary runs as if it were that
//! package's, and what it says and keeps there.
//!
//! When a process dies here, the folder stays behind in the temporary ones.

use crate::ASKED;
use selvedge_harness::token::{Identity, Token};
use selvedge_harness::{Choice, Granularity};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A package of its own, in a folder that goes away with it.
pub(crate) struct Package(pub(crate) PathBuf);

impl Package {
    pub(crate) fn new() -> Package {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("selvedge-package-{}-{number}", std::process::id()));
        // One of the same number may have been killed before it could take its own away.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Package(path)
    }

    pub(crate) fn command(&self, subject: &str, kind: &str, variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", subject]).current_dir(&self.0).env_clear();
        command.env(ASKED, kind).env("CARGO_MANIFEST_DIR", &self.0).env("CARGO_PKG_NAME", "shop");
        // As temporary folder the package's: what else is left behind is seen as well.
        command.env("TMPDIR", &self.0).envs(variables.iter().copied());
        command
    }

    /// Runs a subject: whether it passed, and what it said.
    pub(crate) fn run(&self, subject: &str, kind: &str, variables: &[(&str, &str)]) -> (bool, String) {
        told(&self.command(subject, kind, variables).arg("--nocapture").output().unwrap())
    }

    /// The same where nobody asks to hear what a passing test says.
    pub(crate) fn run_unheard(
        &self,
        subject: &str,
        kind: &str,
        variables: &[(&str, &str)],
    ) -> (bool, String) {
        told(&self.command(subject, kind, variables).output().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("fixtures/regressions").join(NAME)
    }

    /// Every file, by its path in the package.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        walk(&self.0, &mut files);
        let mut names: Vec<String> = files
            .iter()
            .map(|file| file.strip_prefix(&self.0).unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn write(&self, text: &str) {
        fs::create_dir_all(self.file().parent().unwrap()).unwrap();
        fs::write(self.file(), text).unwrap();
    }
}

pub(crate) const NAME: &str = "lost-update-7ba2580f.txt";

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => walk(&path, files),
            path => files.push(path),
        }
    }
}

pub(crate) fn told(output: &Output) -> (bool, String) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

pub(crate) fn tokens(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("sv1:")).map(|line| line.split(' ').next().unwrap()).collect()
}

pub(crate) fn token(tasks: &[usize]) -> String {
    let schedule = tasks.iter().map(|&task| Choice::run(task)).collect();
    let identity = Identity::of("lost update");
    Token { identity, granularity: Granularity::Operation, schedule }.to_string()
}

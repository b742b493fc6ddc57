//! Is every feature that a user of Python knows answered in `docs/features.md`, and is each
//! path that is named there still where it is said to be?
//!
//! When a process dies, this is not concerned.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How many features each group has.
const GROUPS: [(&str, usize); 16] = [
    ("PROC", 22),
    ("POOL", 16),
    ("QUEUE", 12),
    ("CONN", 10),
    ("SYNC", 8),
    ("SHM", 5),
    ("MGR", 2),
    ("THR", 7),
    ("TQ", 5),
    ("OS", 13),
    ("SIG", 9),
    ("SOCK", 21),
    ("SRV", 4),
    ("MUX", 7),
    ("SCHED", 11),
    ("XT", 30),
];

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("packages lie in the workspace").join("docs")
}

/// The rows of the table: a feature's id and our answer to it.
fn rows() -> Vec<(String, String)> {
    let text = fs::read_to_string(docs().join("features.md")).unwrap();
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = text.lines().filter(|line| line.starts_with("| B-")).map(cells);
    rows.map(|cells| {
        assert_eq!(cells.len(), 6, "a row has four cells: {cells:?}");
        (cells[1].clone(), cells[3].clone())
    })
    .collect()
}

/// The paths of an answer, each with the file that it is linked to.
fn links(answer: &str) -> Vec<(&str, &str)> {
    let parts = answer.split("[`").skip(1);
    parts
        .map(|part| {
            let (path, rest) = part.split_once("`](").unwrap_or_else(|| panic!("{answer:?}"));
            (path, rest.split_once(')').unwrap().0)
        })
        .collect()
}

/// Whether a file defines something of this name, or is the module of this name.
fn defines(file: &Path, name: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    if file.with_extension("").components().any(|part| part.as_os_str() == name) {
        return true;
    }
    let after = |line: &str, word: &str| {
        line.strip_prefix(word).is_some_and(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end] == name
        })
    };
    let words = ["fn ", "const fn ", "struct ", "enum ", "trait ", "type ", "const ", "mod ", ""];
    text.lines().map(str::trim_start).any(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        // What comes without a word is a variant of an enum, which begins with its name.
        let is_variant = line.starts_with(|c: char| c.is_uppercase());
        words.iter().any(|word| (!word.is_empty() || is_variant) && after(line, word))
            || after(line, "macro_rules! ")
    })
}

#[test]
fn every_feature_has_one_row() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (id, _) in rows() {
        *found.entry(id).or_default() += 1;
    }
    let mut wanted = BTreeMap::new();
    for (group, count) in GROUPS {
        wanted.extend((1..=count).map(|number| (format!("B-{group}-{number:02}"), 1)));
    }
    assert_eq!(wanted.len(), 182);
    assert_eq!(found, wanted);
}

#[test]
fn every_row_has_an_answer_and_every_path_is_there() {
    let mut missing = Vec::new();
    for (id, answer) in rows() {
        let links = links(&answer);
        let elsewhere = ["`std::", "`nix::", "`serde_json`"].iter().any(|start| answer.contains(start));
        if links.is_empty() && !elsewhere {
            missing.push(format!("{id} has no answer: {answer:?}"));
        }
        for (path, file) in links {
            let name = path.rsplit("::").next().unwrap();
            if !defines(&docs().join(file), name) {
                missing.push(format!("{id}: there is no {name} in {file}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_name_that_is_not_there_is_noticed() {
    let file = docs().join("../src/process/process.rs");
    assert!(defines(&file, "join_timeout") && defines(&file, "Process"));
    assert!(!defines(&file, "join_time") && !defines(&file, "deamon"));
}

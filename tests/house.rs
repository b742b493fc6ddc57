//! The rules of the house that a machine can check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("packages lie in the workspace").to_owned()
}

/// Every Rust file under `folder`, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "{folder} has no sources");
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

const PACKAGES: [&str; 4] = ["src", "harness/src", "properties/src", "fixtures/src"];

fn all_sources() -> Vec<(String, String)> {
    PACKAGES.iter().flat_map(|folder| sources(folder)).collect()
}

/// The code of a file without comments and text in quotes, line by line.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

fn report(what: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{what}:\n  {}", offenders.join("\n  "));
}

/// `src <- harness <- properties <- fixtures`: no package depends on a later one.
#[test]
fn packages_never_depend_backwards() {
    let names = ["selvedge", "selvedge-harness", "selvedge-properties", "selvedge-fixtures"];
    let manifests = ["Cargo.toml", "harness/Cargo.toml", "properties/Cargo.toml", "fixtures/Cargo.toml"];
    for (rank, manifest) in manifests.iter().enumerate() {
        let text = fs::read_to_string(root().join(manifest)).unwrap();
        let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        for line in section.lines() {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            if let Some(other) = names.iter().position(|known| *known == name) {
                assert!(other < rank, "{manifest} depends on {name}");
            }
        }
    }
}

/// Inside a package, folders stand in an order, and `use crate::` only looks down.
fn folders_in_order(package: &str, order: &[&str], anywhere: &[&str]) {
    let mut offenders = Vec::new();
    for (name, text) in sources(package) {
        let inside = name.strip_prefix(package).unwrap().trim_start_matches('/');
        let folder = inside.split(['/', '.']).next().unwrap();
        let Some(rank) = order.iter().position(|known| *known == folder) else { continue };
        for line in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let other = order.iter().position(|known| *known == used);
                if other.is_some_and(|other| other > rank) && !anywhere.contains(&used) {
                    offenders.push(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    report(&format!("{package} depends backwards"), &offenders);
}

#[test]
fn folders_never_depend_backwards() {
    folders_in_order(
        "src",
        &[
            "sys", "platform", "shm", "raw", "sync", "channel", "signal", "process", "thread", "pool", "net",
            "manager",
        ],
        &[],
    );
}

/// What schedules, judges or searches knows operations, not primitives.
#[test]
fn the_core_names_no_primitive() {
    let mut offenders = Vec::new();
    for folder in ["kernel", "strategy", "judge", "shrink"] {
        for (name, text) in sources(&format!("harness/src/{folder}")) {
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code(text) {
                if line.contains("selvedge::sync") || line.contains("selvedge::raw") {
                    offenders.push(format!("{name}: {}", line.trim()));
                }
            }
        }
    }
    report("a primitive is named", &offenders);
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let long: Vec<String> = all_sources()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count(), text.lines().next().unwrap_or_default().to_owned()))
        .filter(|(_, lines, first)| *lines > 500 && !first.contains("long because"))
        .map(|(name, lines, _)| format!("{name}: {lines} lines"))
        .collect();
    report("too long", &long);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = all_sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!") && !text.starts_with("#![doc"))
        .map(|(name, _)| name)
        .collect();
    report("no module documentation", &silent);
}

/// Whether a line begins an unsafe block, function, implementation or trait.
fn is_unsafe(line: &str) -> bool {
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    words.contains(&"unsafe")
}

#[test]
fn unsafe_stands_where_it_may() {
    let allowed = [
        "src/platform/",
        "src/sys/",
        "src/shm/",
        "src/raw/",
        "src/sync/",
        "src/channel/",
        "harness/src/kernel/",
        "harness/src/engine/",
    ];
    let mut offenders = Vec::new();
    for (name, text) in all_sources() {
        if allowed.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let lines = code(&text).filter(|line| is_unsafe(line)).map(|line| format!("{name}: {}", line.trim()));
        offenders.extend(lines);
    }
    report("unsafe code outside its folders", &offenders);
}

/// `lib.rs` and `mod.rs` tell where things are; what they are stands in files of
/// their own. A few types that belong to a whole folder may stand in its `mod.rs`.
#[test]
fn module_files_are_maps() {
    let long: Vec<String> = all_sources()
        .into_iter()
        .filter(|(name, _)| name.ends_with("lib.rs"))
        .filter(|(_, text)| {
            code(text).any(|line| {
                line.trim_start().starts_with("pub fn ") || line.trim_start().starts_with("impl ")
            })
        })
        .map(|(name, _)| name)
        .collect();
    report("code in a map", &long);
}

/// The environment variables in the documentation of the command are those of the
/// table, and no other is read anywhere.
#[test]
fn the_environment_is_documented() {
    let table: BTreeSet<String> =
        selvedge_harness::program::VARIABLES.iter().map(|variable| variable.name.to_owned()).collect();
    let documentation = fs::read_to_string(root().join("harness/src/cli/mod.rs")).unwrap();
    let documented: BTreeSet<String> = documentation
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `SELVEDGE_"))
        .map(|rest| format!("SELVEDGE_{}", rest.split('`').next().unwrap()))
        .collect();
    assert_eq!(documented, table);
    let mut read = BTreeSet::new();
    for (_, text) in all_sources() {
        for part in text.split("\"SELVEDGE_").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_uppercase()).collect();
            if !name.is_empty() && part[name.len()..].starts_with('"') {
                read.insert(format!("SELVEDGE_{name}"));
            }
        }
    }
    assert!(read.is_subset(&table), "read but not in the table: {:?}", read.difference(&table));
}

/// Why a call may panic although nothing returns that as an error: std's would, or it is the
/// caller's own closure that did.
const AS_STD: [&str; 11] = [
    "no element `index`",
    "does not lie inside",
    "do not all have a place",
    "If `fill` panics",
    "If `work` does",
    "If `make` does",
    "If its function does",
    "is inside `work` already",
    "2^32 - 1 times",
    "released more permits than were taken",
    "the copy of a guard that its parent has",
];

/// As the crate's docs promise: what panics names the form that returns an error, or does as
/// std does.
#[test]
fn a_panic_has_a_form_that_returns_an_error() {
    let mut offenders = Vec::new();
    let mut seen = 0;
    for (name, text) in sources("src") {
        if name.starts_with("src/sys/") || name.starts_with("src/raw/") {
            continue;
        }
        for part in text.split("/// # Panics\n").skip(1) {
            seen += 1;
            let docs = part.lines().take_while(|line| line.trim_start().starts_with("///"));
            let why: String = docs.map(|line| line.trim_start().trim_start_matches("///")).collect();
            let why = why.split(" # ").next().unwrap_or_default().trim();
            if !why.contains("[`")
                && !why.starts_with("Never:")
                && !AS_STD.iter().any(|as_std| why.contains(as_std))
            {
                offenders.push(format!("{name}: {why}"));
            }
        }
    }
    assert!(seen > 30, "{seen} panics were found in the docs");
    report("these panic, and no form of theirs returns an error", &offenders);
}

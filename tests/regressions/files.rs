//! Files of kept schedules that are old, broken, cannot be written, or are written by several.
//!
//! When a process dies here, no test has asked for it.

use crate::package::*;
use selvedge_harness::token::{Identity, Token};
use selvedge_harness::{Choice, Granularity};
use std::fs;

#[test]
fn a_schedule_that_no_longer_fits_is_stale_and_fails_nothing() {
    let package = Package::new();
    let stale = token(&[0, 0, 1, 1]);
    package.write(&format!("{stale} # from before\n"));
    let (passed, said) = package.run("subject_declared", "other", &[]);
    assert!(passed, "{said}");
    let message = format!(
        "fixtures/regressions/{NAME}:1: stale: the schedule does not fit: at step 2 it names adder 0, which has ended; {stale}"
    );
    assert!(said.contains(&message), "{said}");
    let (passed, said) = package.run_unheard("subject_declared", "other", &[]);
    assert!(passed && said.contains(&message), "{said}");
    package.write(&token(&[0, 1, 1]));
    let (passed, said) = package.run("subject_declared", "fixed", &[]);
    assert!(passed, "{said}");
    assert!(
        said.contains(
            "at step 2 it names adder 1, which stands before `lock counter` (tests/regressions.rs:"
        ) && said.contains(") and cannot go on"),
        "{said}"
    );
    let endless: Vec<usize> = vec![0; 100_001];
    package.write(&token(&endless));
    let (passed, said) = package.run("subject_declared", "fixed", &[]);
    assert!(passed && said.contains("has 100001 steps, and 100000 is the most"), "{said}");
}

#[test]
fn a_broken_line_is_told_and_kept() {
    let package = Package::new();
    let stranger = Token {
        identity: Identity::of("another"),
        granularity: Granularity::Operation,
        schedule: vec![Choice::run(0)],
    };
    let (passing, stranger) = (token(&[0, 0, 1, 1]), stranger.to_string());
    // The last line was cut off: no line break, no whole token.
    let before =
        format!("# by hand\n\nhello\nsv1:!!\n{passing} # fine\n{stranger}\n{passing} and more\nsv1:TX0");
    package.write(&before);
    let (passed, said) = package.run("subject_declared", "racy", &[]);
    assert!(!passed && said.contains("an update was lost"), "{said}");
    for (line, why) in [
        (3, "the token `hello` does not begin with `sv1:`"),
        (4, "the token `sv1:!!` has a character at position 5"),
        (6, "the token belongs to another program than `lost update`"),
        (7, "the token `"),
        (8, "the token `sv1:TX0` is"),
    ] {
        let message = format!("warning: fixtures/regressions/{NAME}:{line}: {why}");
        assert!(said.contains(&message), "{message}\n{said}");
    }
    assert!(!said.contains(&format!("{NAME}:5:")), "{said}");
    let after = fs::read_to_string(package.file()).unwrap();
    let added = after.strip_prefix(&format!("{before}\n")).expect(&after);
    assert_eq!((added.lines().count(), tokens(added).len()), (1, 1), "{added}");
    // What a terminal would obey is not sent to one.
    package.write("\u{1b}[2Jgone\0\n");
    let (passed, said) = package.run("subject_declared", "fixed", &[]);
    assert!(passed && said.contains(&format!("{NAME}:1: the token ` [2Jgone ` does")), "{said:?}");
    // Not even what is no text at all is in the way.
    fs::write(package.file(), [0xFF, 0xFE, b'\n']).unwrap();
    let (passed, said) = package.run("subject_declared", "racy", &[]);
    assert!(!passed && said.contains(&format!("{NAME}:1: the token")), "{said}");
    assert_eq!(fs::read(package.file()).unwrap()[..3], [0xFF, 0xFE, b'\n']);
}

#[test]
fn a_file_that_cannot_be_written_hides_no_finding() {
    let package = Package::new();
    fs::create_dir_all(package.file()).unwrap();
    let (passed, said) = package.run("subject_declared", "racy", &[]);
    assert!(!passed && said.contains("an update was lost"), "{said}");
    assert!(said.contains("cannot be read") && said.contains("cannot be written"), "{said}");
    // Who opens a pipe without a writer waits for ever.
    fs::remove_dir(package.file()).unwrap();
    nix::unistd::mkfifo(&package.file(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (passed, said) = package.run("subject_declared", "racy", &[]);
    assert!(!passed && said.contains("an update was lost"), "{said}");
    assert!(said.contains(&format!("{NAME} cannot be read: it is no file")), "{said}");
    assert!(said.contains(&format!("{NAME} cannot be written: it is no file")), "{said}");
}

#[test]
fn a_file_from_another_system_is_read() {
    let package = Package::new();
    package.write(&format!("\u{feff}{} # by an editor\r\n\r\n# more\r\n", token(&[0, 1, 1, 0])));
    let (passed, said) = package.run("subject_declared", "once racy", &[]);
    assert!(!passed && said.contains(&format!("{NAME}:1 still fails")), "{said}");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn threads_and_processes_lose_nothing_and_write_nothing_twice() {
    let package = Package::new();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = package.command("subject_crowd", "racy", &[]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = fs::read_to_string(package.file()).unwrap();
    let all = tokens(&text);
    let mut distinct = all.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(all.len(), distinct.len(), "{text}");
    assert_eq!(text.lines().count(), all.len() + 2, "one head and whole lines:\n{text}");
    assert!(!all.is_empty() && all.iter().all(|token| token.parse::<Token>().is_ok()), "{text}");
}

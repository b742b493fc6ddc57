//! Do the shares of a run come to what the whole run comes to, whoever runs them, and is
//! what cannot be put together told apart?

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder in which the command runs.
struct Room(PathBuf);

impl Room {
    fn new() -> Room {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("selvedge-shards-{}-{number}", std::process::id()));
        // One of the same number may have been killed before it could take its own away.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Room(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs the command and returns its exit code, standard output and standard error.
    fn run(&self, line: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        command.args(line).current_dir(&self.0).env_clear().env("TMPDIR", &self.0);
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    /// Runs the shares of a run into files and returns their names.
    fn shares(&self, line: &[&str], of: u32) -> Vec<String> {
        (1..=of)
            .map(|number| {
                let (shard, file) = (format!("{number}/{of}"), format!("{number}.jsonl"));
                let share = [line, &["--shard", &shard, "--out", &file]].concat();
                let (_, _, err) = self.run(&share);
                assert_eq!(err, "", "{share:?}");
                file
            })
            .collect()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// What a run must come to, however it was divided.
fn essence(line: &Value) -> Vec<(&'static str, Value)> {
    const KEYS: [&str; 16] = [
        "scenario",
        "variant",
        "engine",
        "strategy",
        "seed",
        "executions",
        "complete",
        "violations",
        "first_violation",
        "outcomes",
        "min_switches",
        "min_preemptions",
        "steps",
        "violation",
        "replay",
        "verdict",
    ];
    KEYS.into_iter().map(|key| (key, line[key].clone())).collect()
}

fn merge(files: &[String]) -> Vec<&str> {
    let names = files.iter().map(String::as_str);
    ["merge", "--json"].into_iter().chain(names).collect()
}

#[test]
fn the_union_of_the_shares_is_the_whole_run() {
    let cases: &[(&[&str], &[u32])] = &[
        (&["explore", "bank", "--strategy", "random", "--executions", "2001", "--seed", "9"], &[1, 2, 3]),
        (&["explore", "ticket:clients=3,stock=2", "--executions", "500"], &[2, 7]),
        (&["explore", "ticket:clients=3,stock=2", "--exhaust"], &[2, 5]),
        (&["explore", "bank:deposits=1+1,withdrawals=1", "--exhaust", "--jobs", "3"], &[1, 4]),
        (&["explore", "ticket:clients=2,stock=1", "--engine", "real", "--executions", "100"], &[3]),
        (&["explore", "ticket:clients=2,stock=1", "--engine", "real", "--exhaust", "--jobs", "2"], &[2]),
        (&["explore", "ticket:clients=4,stock=2", "--strategy", "dfs:1", "--exhaust"], &[3]),
        // With kills, and fewer executions than shares.
        (&["explore", "crash-robust-mutex", "--engine", "sim", "--exhaust"], &[3]),
        (&["explore", "lost-update", "--strategy", "surw", "--executions", "3"], &[7]),
    ];
    for (line, shares) in cases {
        let room = Room::new();
        let (code, whole, err) = room.run(&[line, &["--json"][..]].concat());
        assert_eq!((code, &*err), (0, ""), "{line:?}");
        let whole = lines(&whole);
        for &of in *shares {
            let files = room.shares(line, of);
            let (code, merged, err) = room.run(&merge(&files));
            assert_eq!((code, &*err), (0, ""), "{line:?} {of}");
            let merged = lines(&merged);
            assert_eq!(whole.len(), merged.len());
            for (whole, merged) in whole.iter().zip(&merged) {
                assert_eq!(essence(whole), essence(merged), "{line:?} in {of} shares");
                assert_eq!(merged["shards"], of);
            }
            // In any order, and as text.
            let mut backwards: Vec<&str> = vec!["merge"];
            backwards.extend(files.iter().rev().map(String::as_str));
            let (code, text, _) = room.run(&backwards);
            assert_eq!(code, 0);
            let first = whole[0]["first_violation"].as_u64().unwrap();
            assert!(text.contains(&format!("first        execution {first}: ")), "{text}");
            assert!(text.contains("fails, as expected") && text.contains("holds, as expected"), "{text}");
        }
    }
}

/// A share that has come to its end is not all that there is, wherever that is told.
#[test]
fn what_is_complete_is_told_with_its_share() {
    let room = Room::new();
    let line = ["explore", "ticket:clients=2,stock=1", "--variant", "locked", "--exhaust"];
    let share = [&line[..], &["--shard", "1/2"]].concat();
    let (_, out, _) = room.run(&[&share[..], &["--report", "page"]].concat());
    assert!(out.contains("complete: every schedule of share 1/2\n"), "{out}");
    let page = fs::read_to_string(room.path("page/index.html")).unwrap();
    assert!(page.contains(">holds in all of share 1/2<"), "{page}");
    let (_, out, _) = room.run(&[&share[..], &["--json"]].concat());
    assert_eq!(lines(&out)[0]["shard"], "1/2");
    let (_, out, _) = room.run(&[&line[..], &["--json"]].concat());
    assert!(lines(&out)[0].get("shard").is_none(), "{out}");
    let files = room.shares(&line, 2);
    let (_, out, _) = room.run(&["merge", &files[0], &files[1]]);
    assert!(out.contains("complete: every schedule\n"), "{out}");
}

#[test]
fn workers_find_the_violation_that_one_finds() {
    let room = Room::new();
    for name in ["ticket:clients=4,stock=1", "bank:deposits=1+1,withdrawals=1"] {
        let line = ["explore", name, "--variant", "racy", "--exhaust", "--json", "--jobs"];
        let [one, three] = ["1", "3"].map(|jobs| {
            let (_, out, _) = room.run(&[&line[..], &[jobs]].concat());
            essence(&lines(&out)[0])
        });
        assert_eq!(one, three);
    }
}

#[test]
fn what_is_printed_can_be_merged_too() {
    let room = Room::new();
    let line = ["explore", "bank", "--variant", "racy", "--executions", "200", "--json"];
    let (_, whole, _) = room.run(&line);
    let files = ["1/2", "2/2"].map(|shard| {
        let (_, out, _) = room.run(&[&line[..], &["--shard", shard]].concat());
        assert_eq!(lines(&out)[0]["run"]["shard"], shard);
        let file = shard.replace('/', "-");
        fs::write(room.path(&file), out).unwrap();
        file
    });
    let (code, merged, _) = room.run(&merge(&files));
    assert_eq!(code, 0);
    assert_eq!(essence(&lines(&merged)[0]), essence(&lines(&whole)[0]));
}

#[test]
fn what_is_no_share_is_refused() {
    let room = Room::new();
    let shard = |text: &str, rest: &[&str]| {
        let (code, out, err) = room.run(&[&["explore", "bank", "--shard", text], rest].concat());
        assert_eq!((code, &*out), (2, ""), "{text} {rest:?}");
        err
    };
    for wrong in ["3/2", "0/2", "x", "1", "1/0", "/", "1/2/3"] {
        let message = format!(
            "selvedge: --shard: `{wrong}` is not k/n with k from 1 to n and n from 1 to 1000000, as in 1/4\n"
        );
        assert_eq!(shard(wrong, &[]), message);
    }
    assert!(shard("1/2", &["--time", "1s"]).contains("not a time"));
    assert!(shard("1/2", &["--strategy", "dfs"]).contains("(--exhaust)"));
    assert!(shard("1/2", &["--strategy", "dpor", "--exhaust"]).contains("dpor cannot be shared; dfs can"));
    // What is refused is no share: nothing is written down, and what was there stays.
    fs::write(room.path("kept"), "mine").unwrap();
    shard("1/2", &["--strategy", "dpor", "--exhaust", "--out", "kept"]);
    assert_eq!(fs::read_to_string(room.path("kept")).unwrap(), "mine");
    assert!(shard("1/2", &["--engine", "wild"]).contains("wild has no schedules to share"));
    let (code, _, err) = room.run(&["explore", "bank", "--out", "no/such/folder"]);
    assert_eq!(code, 2);
    assert!(err.contains("--out: the file no/such/folder cannot be written"), "{err}");
}

/// Two shares of `bank`, racy, with `extra`.
fn two(room: &Room, extra: &[&str]) -> [String; 2] {
    let line =
        [&["explore", "bank", "--executions", "100", "--seed", "1", "--strategy", "random"], extra].concat();
    let files = room.shares(&line, 2);
    [files[0].clone(), files[1].clone()]
}

#[test]
fn shares_of_different_runs_are_refused() {
    let room = Room::new();
    let [one, _] = two(&room, &["--variant", "racy"]);
    fs::rename(room.path(&one), room.path("first")).unwrap();
    let line = [
        "explore",
        "bank",
        "--executions",
        "100",
        "--seed",
        "1",
        "--strategy",
        "random",
        "--variant",
        "racy",
    ];
    let others: &[(&str, &str, &str)] = &[
        ("--seed", "2", "seed 2, not 1"),
        ("--executions", "101", "executions 101, not 100"),
        ("--strategy", "pos", "strategy pos, not random"),
        ("--variant", "locked", "variants locked, not racy"),
        ("bank", "ticket", "scenario ticket, not bank"),
    ];
    for (what, other, message) in others {
        let mut line: Vec<&str> = line.to_vec();
        let at = line.iter().position(|word| word == what).unwrap();
        line[if what.starts_with("--") { at + 1 } else { at }] = other;
        room.run(&[&line[..], &["--shard", "2/2", "--out", "other"]].concat());
        let (code, out, err) = room.run(&["merge", "first", "other"]);
        assert_eq!((code, &*out), (2, ""), "{err}");
        assert!(
            err.starts_with("selvedge: other is of another run than first: ") && err.contains(message),
            "{err}"
        );
    }
    let of_another_version = fs::read_to_string(room.path("first")).unwrap();
    let own = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(of_another_version.contains(&own), "{of_another_version}");
    fs::write(room.path("other"), of_another_version.replace(&own, "\"version\":\"0.0.9\"")).unwrap();
    let (code, _, err) = room.run(&["merge", "first", "other"]);
    assert!(code == 2 && err.contains("version of selvedge 0.0.9, not "), "{err}");
    room.run(&[&line[..], &["--shard", "2/3", "--out", "other"]].concat());
    let (code, _, err) = room.run(&["merge", "first", "other"]);
    assert_eq!(code, 2);
    assert!(err.contains("shares 3, not 2"), "{err}");
}

#[test]
fn missing_and_doubled_shares_are_named() {
    let room = Room::new();
    let line = ["explore", "bank", "--variant", "racy", "--executions", "60"];
    let files = room.shares(&line, 4);
    let (code, out, err) = room.run(&["merge", &files[1]]);
    assert_eq!((code, &*out), (3, ""));
    assert!(err.contains("inconclusive after 15 executions: shares 1/4, 3/4, 4/4 are missing"), "{err}");
    let (code, _, err) = room.run(&["merge", &files[0], &files[1], &files[3]]);
    assert_eq!(code, 3);
    assert!(err.contains("share 3/4 is missing"), "{err}");
    let (code, out, err) = room.run(&["merge", &files[0], &files[1], &files[0]]);
    assert_eq!((code, &*out), (2, ""));
    assert!(
        err.contains("share 1/4 of bank") && err.contains("is there twice: in 1.jsonl and in 1.jsonl"),
        "{err}"
    );
    // Cut off within its first line, or before it: as if it were not there, and said.
    let first = fs::read_to_string(room.path(&files[0])).unwrap();
    for (cut, said) in [(0, "head is empty"), (40, "head: the last line was cut off and is left out")] {
        fs::write(room.path("head"), &first[..cut]).unwrap();
        let (code, out, err) = room.run(&["merge", "head", &files[1], &files[2], &files[3]]);
        assert_eq!((code, &*out), (3, ""), "{err}");
        assert!(err.contains(said) && err.contains("share 1/4 is missing"), "{err}");
        let (code, _, err) = room.run(&["merge", "head"]);
        assert!(code == 2 && err.contains("there is no share of a run in these files"), "{err}");
    }
    // A line that is whole was not cut off.
    fs::write(room.path("head"), "hello\n").unwrap();
    let (code, _, err) = room.run(&["merge", "head"]);
    assert!(code == 2 && err.contains("head:1: this is no line of a share of a run"), "{err}");
    fs::create_dir(room.path("folder")).unwrap();
    let (code, _, err) = room.run(&["merge", "folder", &files[0]]);
    assert!(code == 2 && err.contains("folder cannot be read: Is a directory"), "{err}");
    let (code, _, err) = room.run(&["merge", "nowhere"]);
    assert_eq!(code, 2);
    assert!(err.contains("nowhere cannot be read"), "{err}");
    let (code, _, err) = room.run(&["merge"]);
    assert_eq!(code, 2);
    assert!(err.contains("<FILE>"), "{err}");
}

fn cut(path: &Path, keep: impl Fn(&str) -> usize) -> String {
    let text = fs::read_to_string(path).unwrap();
    let kept = &text[..keep(&text)];
    fs::write(path, kept).unwrap();
    text
}

#[test]
fn a_file_that_was_cut_off_is_used_up_to_its_last_whole_line() {
    let room = Room::new();
    let line = ["explore", "bank", "--variant", "locked", "--executions", "8000", "--strategy", "random"];
    let files = room.shares(&line, 2);
    // A head, a line for each slice of a thousand, a result.
    let text = fs::read_to_string(room.path(&files[1])).unwrap();
    assert_eq!(text.lines().count(), 1 + 8 + 1);
    let parsed = lines(&text);
    assert_eq!(parsed[0]["run"]["shard"], "2/2");
    assert_eq!(parsed[3]["tally"]["executions"], 1500);
    // In the middle of the sixth line: the fifth says 2,000 of this share's 4,000.
    let before = cut(&room.path(&files[1]), |text| text.match_indices('\n').nth(4).unwrap().0 + 40);
    let (code, out, err) = room.run(&merge(&files));
    assert_eq!(code, 3, "{out}");
    assert!(err.contains("2.jsonl: the last line was cut off and is left out"), "{err}");
    assert!(err.contains("ended early: 2.jsonl (share 2/2)"), "{err}");
    let merged = &lines(&out)[0];
    assert_eq!((&merged["executions"], &merged["verdict"]), (&6000.into(), &"inconclusive".into()));
    assert_eq!(merged["reason"], "ended early: 2.jsonl (share 2/2)");
    let (_, text, _) = room.run(&["merge", &files[0], &files[1]]);
    assert!(text.contains("undecided    ended early: 2.jsonl (share 2/2)\n"), "{text}");
    // Wherever it is cut: never a panic, never a verdict. Without its last newline alone it
    // is whole.
    for keep in (0..before.len() - 1).step_by(before.len() / 40) {
        fs::write(room.path(&files[1]), &before[..keep]).unwrap();
        let (code, _, err) = room.run(&["merge", &files[0], &files[1]]);
        assert_eq!(code, 3, "{keep}: {err}");
    }
    // What was damaged in the middle is told with its line.
    fs::write(room.path(&files[1]), before.replacen("\"tally\"", "\"tall\"", 1)).unwrap();
    let (code, _, err) = room.run(&["merge", &files[0], &files[1]]);
    assert_eq!(code, 2);
    assert!(err.contains("2.jsonl:2: this is no line of a share of a run"), "{err}");
}

#[test]
fn a_violation_counts_although_a_file_was_cut_off() {
    let room = Room::new();
    let line = ["explore", "bank", "--variant", "racy", "--executions", "4000", "--strategy", "random"];
    let (_, whole, _) = room.run(&[&line[..], &["--json"]].concat());
    let files = room.shares(&line, 2);
    cut(&room.path(&files[0]), |text| text.trim_end().rfind('\n').unwrap() + 1);
    cut(&room.path(&files[1]), |text| text.match_indices('\n').nth(2).unwrap().0 + 1);
    let (code, out, err) = room.run(&merge(&files));
    assert_eq!(code, 0, "{out}");
    assert!(err.contains("ended early: 1.jsonl (share 1/2), 2.jsonl (share 2/2)"), "{err}");
    let (merged, whole) = (&lines(&out)[0], &lines(&whole)[0]);
    assert_eq!(merged["first_violation"], whole["first_violation"]);
    assert_eq!(merged["verdict"], "fails, as expected");
    assert_eq!(merged["executions"], 3000);
}

/// Cut off between two variants a file looks whole: what it has of each is finished.
#[test]
fn a_variant_that_no_file_came_to_leaves_the_run_undecided() {
    let room = Room::new();
    let files = room.shares(&["explore", "bank", "--executions", "60", "--strategy", "random"], 2);
    let second = |text: &str| text.match_indices("{\"run\"").nth(1).unwrap().0;
    cut(&room.path(&files[1]), second);
    let (code, out, err) = room.run(&merge(&files));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("bank, locked: inconclusive after 30 executions: share 2/2 is missing"), "{err}");
    assert_eq!(lines(&out)[0]["verdict"], "fails, as expected");
    // In the middle of the line that begins the second.
    cut(&room.path(&files[0]), |text| second(text) + 40);
    let (code, out, err) = room.run(&merge(&files));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("inconclusive after 0 executions: shares 1/2, 2/2 are missing"), "{err}");
    assert_eq!((lines(&out).len(), &lines(&out)[0]["executions"]), (1, &60.into()), "{out}");
}

#[test]
fn what_came_before_the_cut_counts_although_a_variant_is_missing_after_it() {
    let room = Room::new();
    let files = room.shares(&["explore", "bank", "--executions", "4000", "--strategy", "random"], 2);
    // In the middle of the second line: the share says nothing of its later variants.
    let whole = cut(&room.path(&files[1]), |text| text.match_indices('\n').nth(2).unwrap().0 + 40);
    assert!(whole.contains("\"variant\":\"locked\""));
    let (code, out, err) = room.run(&merge(&files));
    assert_eq!(code, 3, "{out}");
    assert!(err.contains("bank, locked: inconclusive after 2000 executions: share 2/2 is missing"), "{err}");
    let merged = lines(&out);
    assert_eq!(merged.len(), 1, "{out}");
    assert_eq!((&merged[0]["variant"], &merged[0]["executions"]), (&"racy".into(), &3000.into()));
    assert_eq!(merged[0]["verdict"], "fails, as expected");
}

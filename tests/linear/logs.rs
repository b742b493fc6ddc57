//! `selvedge judge`, run for real on logs of both formats.

use selvedge_harness::judge::linear::spec::{Kv, Register, RegisterOp, RegisterRet};
use selvedge_harness::judge::linear::{Call, End, History, Judgement, Options, judge as judge_history};
use selvedge_harness::judge::log::{read_jepsen, read_kv};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

fn data(file: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "data", "logs", file].iter().collect();
    path.to_str().unwrap().to_owned()
}

/// Runs the command; its exit code, standard output and standard error.
fn judge(line: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_selvedge")).arg("judge").args(line).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn logs_are_judged() {
    for (file, model, code, says) in [
        ("register-ok.log", "register", 0, "60 operations, linearizable\n"),
        ("register-bad.log", "register", 1, "80 operations, not linearizable: no order explains "),
        ("kv-c10-ok.txt", "kv", 0, "120 operations, linearizable\n"),
        ("kv-c10-bad.txt", "kv", 1, "120 operations, not linearizable: of key "),
        ("kv-c50-ok.txt", "kv", 0, "250 operations, linearizable\n"),
    ] {
        let (exit, out, err) = judge(&[&data(file), "--model", model]);
        assert_eq!((exit, &*err), (code, ""), "{file}: {out}");
        assert!(out.contains(says), "{file}: {out}");
        assert_eq!(out.contains("the longest prefix that can be explained has"), code == 1, "{out}");
    }
}

#[test]
fn several_logs_end_with_the_worst() {
    let (ok, bad) = (data("register-ok.log"), data("register-bad.log"));
    let (exit, out, _) = judge(&[&ok, &bad, &ok, "--model", "register", "--json"]);
    assert_eq!(exit, 1);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<&str> = lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["holds", "broken", "holds"]);
    assert_eq!(lines[0]["operations"], 60);
}

#[test]
fn who_has_no_time_says_so() {
    let (exit, out, _) = judge(&[&data("kv-c10-ok.txt"), "--model", "kv", "--time", "0.000001ms"]);
    assert_eq!(exit, 3, "{out}");
    assert!(out.contains("inconclusive: the time was up"), "{out}");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let (file, other, missing) = (data("register-ok.log"), data("kv-c10-ok.txt"), data("nothing.log"));
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (line, message) in [
        (&["x", "--model", "registr"][..], "unknown model `registr`; did you mean `register`?".to_owned()),
        (
            &[&missing, "--model", "kv"],
            format!("{missing} cannot be read: No such file or directory (os error 2)"),
        ),
        (
            &["/dev/zero", "--model", "kv", "--memory", "1"],
            "/dev/zero is longer than 1 MB, the most that --memory allows".into(),
        ),
        (
            &[&file, "--model", "kv", "--memory", "0"],
            "--memory: `0` is not a whole number of megabytes from 1 to 2^44 - 1".into(),
        ),
        (
            &[&file, "--model", "kv", "--time", "5"],
            "--time: `5` is not a duration above 0 and up to 876000h, as in 500ms, 10s or 2m".into(),
        ),
        (
            &[manifest, "--model", "register"],
            format!("{manifest}: line 1: it is no event, as in `INFO  jepsen.util - 1 :invoke :write 3`"),
        ),
        (
            &[&other, "--model", "register"],
            format!("{other}: no operation of this model; use --model kv, which finds 120"),
        ),
        (
            &[&file, "--model", "kv"],
            format!("{file}: no operation of this model; use --model register, which finds 60"),
        ),
    ] {
        assert_eq!(judge(line), (2, String::new(), format!("selvedge: {message}\n")), "{line:?}");
    }
}

#[test]
fn a_log_without_operations_is_not_judged() {
    let (exit, out, _) = judge(&["/dev/null", "--model", "register"]);
    assert_eq!((exit, &*out), (4, "/dev/null: 0 operations, nothing to judge: the log has no operations\n"));
}

fn jepsen(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("INFO  jepsen.util - {line}\n").into_bytes()).collect()
}

#[test]
fn answers_of_all_kinds_are_understood() {
    use RegisterOp::{Cas, Read, Write};
    let log = jepsen(&[
        "0\t:invoke\t:read\tnil",
        "1 :invoke :write 3",
        ":nemesis\t:info\t:start\tnil",
        "0\t:ok\t:read\tnil",
        "1 :info :write :timed-out",
        "2 :invoke :cas [1 2]",
        "3 :invoke :cas [3, 4]",
        "2 :fail :cas [1 2]",
        "3 :ok :cas [3 4]",
        "0 :invoke :read nil",
        "0 :fail :read :timed-out",
        "0 :invoke :write -7",
        "0 :fail :write -7",
        "2 :invoke :cas [0 0]",
        "2 :fail :cas :timed-out",
        "3 :invoke :read nil",
    ]);
    let history = read_jepsen(&log).unwrap();
    let call = |client, op, at, end| Call { client, op, at, end };
    let returned = |at, ret| End::Returned { at, ret };
    assert_eq!(
        history.calls(),
        [
            call(0, Read, 1, returned(4, RegisterRet::Value(None))),
            call(1, Write(3), 2, End::Open),
            call(2, Cas(1, 2), 6, returned(8, RegisterRet::Swapped(false))),
            call(3, Cas(3, 4), 7, returned(9, RegisterRet::Swapped(true))),
            call(0, Read, 10, End::Open),
            call(2, Cas(0, 0), 14, End::Open),
            call(3, Read, 16, End::Open),
        ]
    );
}

#[test]
fn damaged_lines_are_named() {
    let begun = "1 :invoke :write 3";
    for (lines, message) in [
        (&["1 :invoke :wirte 3"][..], "line 1: unknown operation `:wirte`; did you mean `:write`?"),
        (&[begun, "1 :okay :write 3"], "line 2: unknown kind of event `:okay`; did you mean `:ok`?"),
        (&["1 :invoke :write"], "line 1: :write: the line ends where a value should be"),
        (&["1 :invoke :write x"], "line 1: :write: `x` is not a whole number of at most 64 bits"),
        (&["1 :invoke"], "line 1: the line ends before the operation"),
        (&["1 :invoke :cas [1]"], "line 1: :cas: not two numbers in brackets, as in [1 2]"),
        (&["1 :invoke :cas [1 2"], "line 1: :cas: a bracket without its closing one"),
        (&["1 :invoke :cas [1 2)"], "line 1: :cas: `)` stands where `]` should"),
        (&["-1 :invoke :read nil"], "line 1: `-1` is not the number of a process, 0 to 9223372036854775807"),
        (
            &["1 :invoke :write 9223372036854775808"],
            "line 1: :write: `9223372036854775808` is not a whole number of at most 64 bits",
        ),
        (&["1 :invoke :write \"3\""], "line 1: :write: \"3\" is not a whole number of at most 64 bits"),
        (&["1 :invoke :read 3"], "line 1: :read: `3` is not nil"),
        (
            &[begun, "1 :info :write 3", "1 :ok :write 3"],
            "line 3: process 1 gets an answer again after that of line 2",
        ),
        (
            &[begun, "1 :ok :write 3", "1 :ok :write 3"],
            "line 3: process 1 gets an answer again after that of line 2",
        ),
        // It crashed after it had its result.
        (
            &[begun, "1 :ok :write 3", "1 :info :write :crashed"],
            "line 3: process 1 gets an answer again after that of line 2",
        ),
        // One within another.
        (
            &[begun, "1 :invoke :read nil", "1 :ok :read nil", "1 :ok :write 3"],
            "line 2: process 1 begins an operation although that of line 1 has no answer",
        ),
        // A file of the first Macintosh has one line.
        (
            &["1 :invoke :write 3\rINFO  jepsen.util - 1 :ok :write 3"],
            "line 1: `INFO  jepsen.util - 1 :ok :write 3` follows the value",
        ),
        (&["1x :invoke :read nil"], "line 1: `1x` is not the number of a process, 0 to 9223372036854775807"),
        (&["1 :ok :write 3"], "line 1: process 1 gets an answer but asked for nothing"),
        (&[begun, "1 :ok :read 3"], "line 2: process 1 ends :read, but line 1 began :write"),
        (&[begun, begun], "line 2: process 1 begins an operation although that of line 1 has no answer"),
        (&[begun, "1 :ok :write 4"], "line 2: the answer is not to `write 3` (begun in line 1)"),
        (&[begun, "1 :ok :write 3 4"], "line 2: `4` follows the value (begun in line 1)"),
        (&["1 :invoke :cas [1 2] 3"], "line 1: `3` follows the value"),
        (&["1 :invoke :read nil nil"], "line 1: `nil` follows the value"),
    ] {
        assert_eq!(read_jepsen(&jepsen(lines)).unwrap_err().to_string(), message);
    }
    for line in [
        "from nobody",
        "INFO  jepsen.util 1\t:invoke\t:read\tnil",
        "INFO  jepsen.utl - 1\t:invoke\t:read\tnil",
        "INFO  jepsen.util - \t:invoke\t:read\tnil",
    ] {
        let log = format!("INFO  jepsen.util - 1\t:invoke\t:read\tnil\n{line}\n");
        let wrong = read_jepsen(log.as_bytes()).unwrap_err().to_string();
        assert!(wrong.starts_with("line 2: it is no event"), "{line}: {wrong}");
    }
    assert_eq!(read_jepsen(b"\n\xff\n").unwrap_err().to_string(), "line 2: the line is not UTF-8 text");
}

#[test]
fn damaged_maps_are_named() {
    for (log, message) in [
        (
            r#"{:process 0, :type :invoke, :f :got, :key "1"}"#,
            "line 1: unknown operation `:got`; did you mean `:get`?",
        ),
        (r#"{:process 0, :type :invoke, :f :get}"#, "line 1: :key is missing"),
        (
            r#"{:process 0, :type :invoke, :f :put, :key "1", :value nil}"#,
            "line 1: :put has no :value in quotes",
        ),
        (
            r#"{:process 0, :type :invoke, :f :put, :key "1", :value "x"#,
            "line 1: a bracket without its closing one",
        ),
        (
            r#"{:process 0, :type :ok, :f :get, :key "1", :value "x"}"#,
            "line 1: process 0 gets an answer but asked for nothing",
        ),
        (
            concat!(
                r#"{:process 0, :type :invoke, :f :get, :key "1", :value nil}"#,
                "\n",
                r#"{:process 0, :type :ok, :f :get, :key "1", :value ""}"#,
                "\n",
                r#"{:process 0, :type :info, :f :get, :key "1", :value :crashed}"#,
            ),
            "line 3: process 0 gets an answer again after that of line 2",
        ),
        (
            r#"{:process 99999999999999999999, :type :invoke, :f :get, :key "1", :value nil}"#,
            "line 1: :process: `99999999999999999999` is not what belongs there",
        ),
        (
            r#"{:process 0, :type :invoke, :f :get, :key "1", :value nil} {:process 1}"#,
            "line 1: `{:process 1}` follows the map",
        ),
        (r#"{"process" 0}"#, "line 1: a key of the map is not a keyword, as in :process"),
        (
            "{:process 0, :type :invoke, :f :get, :key \"1\", :value nil}\nINFO  jepsen.util - 1 :invoke :write 3",
            "line 2: it is an event of a register, and the log has events of strings by key as well",
        ),
        (
            "{:process 0, :type :invoke, :f :get, :key \"1\", :value nil]",
            "line 1: `]` stands where `}` should",
        ),
        (
            "{:process 0, :process 1, :type :invoke, :f :get, :key \"1\", :value nil}",
            "line 1: :process stands there twice",
        ),
        (
            "hello",
            "line 1: it is no event, as in `{:process 0, :type :invoke, :f :get, :key \"4\", :value nil}`",
        ),
    ] {
        assert_eq!(read_kv(log.as_bytes()).unwrap_err().to_string(), message);
    }
    for (answer, message) in [
        ("", "line 2: :value is missing (begun in line 1)"),
        (", :value x", "line 2: :value: `x` is neither in quotes nor nil (begun in line 1)"),
    ] {
        let log = format!(
            "{{:process 0, :type :invoke, :f :get, :key 1}}\n{{:process 0, :type :ok, :f :get, :key 1{answer}}}"
        );
        assert_eq!(read_kv(log.as_bytes()).unwrap_err().to_string(), message);
    }
    let nemesis = r#"{:process :nemesis, :type :info, :f :start, :value {:a [1 "}"]}}"#;
    assert!(read_kv(nemesis.as_bytes()).unwrap().calls().is_empty());
}

/// Text is what it is in whatever writing, and lines may end as on other systems, or not at all.
#[test]
fn writing_and_ends_of_lines_do_not_matter() {
    let log = [
        "{:process 0, :type :invoke, :f :append, :key \"ключ\", :value \"日本語 😀\"}",
        "{:process 0, :type :ok, :f :append, :key \"ключ\", :value \"日本語 😀\"}",
        "{:process 1, :type :invoke, :f :get, :key \"ключ\", :value nil}",
        "{:process 1, :type :ok, :f :get, :key \"ключ\", :value \"日本語 😀\"}",
    ];
    let judged = |text: &str| {
        let history = read_kv(text.as_bytes()).unwrap();
        assert_eq!(history.calls().len(), 2);
        judge_history(&Kv, &history, &Options::default())
    };
    assert_eq!(judged(&log.join("\r\n")), Judgement::Holds);
    assert_eq!(judged(&format!("\u{feff}{}\n", log.join("\n"))), Judgement::Holds);
    let cut =
        log.join("\n").replacen("日本語 😀\"}", "日本語\"}", 4).replacen("日本語\"}", "日本語 😀\"}", 2);
    assert!(matches!(judged(&cut), Judgement::Broken(_)), "a byte less was read");
}

/// A time at which one operation ended and another began belongs to both: they overlap. An
/// operation may take no time, and numbers may be as large as they get.
#[test]
fn equal_times_overlap() {
    let (least, most) = (Some(i64::MIN), Some(i64::MAX));
    let judged = |read_at: u64, read: Option<i64>| {
        let mut history = History::new();
        history.done(0, 1, RegisterOp::Write(i64::MIN), RegisterRet::Done, 1);
        history.done(usize::MAX, u64::MAX - 9, RegisterOp::Write(i64::MAX), RegisterRet::Done, u64::MAX - 5);
        history.done(2, read_at, RegisterOp::Read, RegisterRet::Value(read), read_at);
        judge_history(&Register, &history, &Options { monitors: false, ..Options::default() })
    };
    for (at, read, holds) in [
        (0, None, true),
        (0, least, false),
        (1, None, true),
        (1, least, true),
        (2, None, false),
        (u64::MAX - 9, least, true),
        (u64::MAX - 9, most, true),
        (u64::MAX - 5, least, true),
        (u64::MAX - 4, least, false),
        (u64::MAX - 4, most, true),
    ] {
        assert_eq!(judged(at, read) == Judgement::Holds, holds, "{read:?} at {at}");
    }
}

/// As many lines as a long test writes, and one read too late to be explained near the end.
#[test]
fn long_logs_are_judged() {
    let log = |wrong: bool| {
        let mut text = String::new();
        for round in 0..12_500_u32 {
            let (process, value) = (round % 20, round % 7);
            let late = if wrong && round == 12_000 { 1 } else { 0 };
            for (kind, op, value) in [
                (":invoke", ":write", value.to_string()),
                (":ok", ":write", value.to_string()),
                (":invoke", ":read", "nil".to_owned()),
                (":ok", ":read", (value + late).to_string()),
            ] {
                let _ = writeln!(text, "INFO  jepsen.util - {process}\t{kind}\t{op}\t{value}");
            }
        }
        text
    };
    let judged =
        |wrong| judge_history(&Register, &read_jepsen(log(wrong).as_bytes()).unwrap(), &Options::default());
    assert_eq!(judged(false), Judgement::Holds);
    assert!(matches!(judged(true), Judgement::Broken(stuck) if stuck.operation == Some(24_001)));
}

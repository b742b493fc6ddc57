//! Small things that a newcomer stumbles over, and what is said then.

use crate::room::{Room, told};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Stdio;

#[test]
fn a_parameter_written_as_an_option_is_told_where_it_belongs() {
    let room = Room::new();
    for (line, hint) in [
        (&["explore", "ticket", "--clients", "3"][..], "write ticket:clients=3"),
        (&["explore", "ticket:stock=1", "--client=3"], "write ticket:stock=1,clients=3"),
        (&["explore", "--clients", "ticket"], "write ticket:clients=ticket"),
        (&["census", "ticket", "--stock"], "write ticket:stock=N"),
    ] {
        let (code, out, err) = room.run(line);
        assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains("is a parameter of ticket: ") && err.trim_end().ends_with(hint), "{err}");
    }
    let (_, _, err) = room.run(&["explore", "ticket", "--bogus", "3"]);
    assert_eq!(err, "selvedge: unexpected argument '--bogus' found\n");
}

#[test]
fn a_fault_with_a_wrong_number_is_its_own_example() {
    let room = Room::new();
    let (code, _, err) = room.run(&["explore", "ticket", "--fault", "spurious:x"]);
    let message =
        "selvedge: fault spurious: `spurious:x` is not a whole number from 0 to 8, as in spurious:2\n";
    assert_eq!((code, &*err), (2, message));
}

#[test]
fn a_token_of_the_environment_may_have_a_page() {
    let room = Room::new();
    let token = crate::token(&room, "ticket", "racy");
    for line in [&["explore", "ticket", "--report", "page"][..], &["--report", "other"]] {
        let (code, out, err) = told(room.command(line).env("SELVEDGE_REPLAY", &token).output().unwrap());
        assert_eq!((code, &*err), (1, ""), "{out}");
        let page = room.path().join(line[line.len() - 1]).join("index.html");
        assert!(out.contains("\nreport       ") && page.exists(), "{out}");
        assert!(std::fs::read_to_string(page).unwrap().contains("ticket, racy"));
    }
    let line = ["explore", "ticket", "--report", "/proc/nowhere"];
    let (code, _, err) = told(room.command(&line).env("SELVEDGE_REPLAY", &token).output().unwrap());
    assert!(code == 2 && err.contains("the report folder /proc/nowhere cannot be written to"), "{err}");
}

#[test]
fn the_command_that_reproduces_is_called_as_this_one_was() {
    let room = Room::new();
    let token = crate::token(&room, "ticket", "racy");
    // Not by cargo, as far as it can tell.
    let output = room.command(&["replay", &token]).env_remove("CARGO").output().unwrap();
    let (_, out, _) = told(output);
    let line = out.lines().find_map(|line| line.strip_prefix("reproduce: ")).expect(&out);
    let (program, rest) = line.split_once(' ').unwrap();
    assert_eq!((program, rest), (env!("CARGO_BIN_EXE_selvedge"), &*format!("replay {token}")));
}

/// Thirty choices of thirty tasks, and a number of three digits for each of them; and the
/// same as it was written before lists were packed.
#[test]
fn long_lists_make_short_tokens() {
    use selvedge_harness::token::{Identity, Token};
    use selvedge_harness::{Choice, Granularity};
    let numbers = ["999"; 15].join("+");
    let name = format!("bank:deposits={numbers},withdrawals={numbers}");
    let case = selvedge_fixtures::catalogue().unwrap().parse(&name).unwrap().case("racy").unwrap();
    let schedule: Vec<Choice> = (0..30).map(Choice::run).collect();
    let token = |parameters: Vec<u8>| {
        let identity = Identity { parameters, ..case.identity() };
        Token { identity, granularity: Granularity::Operation, schedule: schedule.clone() }.to_string()
    };
    let one = case.identity().parameters.len();
    assert!(one <= 2 * 22, "{one} bytes");
    let half = format!("bank:deposits={numbers}");
    let half = selvedge_fixtures::catalogue().unwrap().parse(&half).unwrap().case("racy").unwrap();
    let schedule = (0..30).map(|step| Choice::run(step % 2)).collect();
    let short = Token { identity: half.identity(), granularity: Granularity::Operation, schedule };
    assert!(short.to_string().len() <= 60, "{short}");
    // Place, length, and each number twice over as a varint: how it was always read.
    let list =
        |place: u8| [vec![place, 15], [1998_u16; 15].map(|n| [n as u8 | 0x80, (n >> 7) as u8]).concat()];
    let before = [list(0).concat(), list(1).concat()].concat();
    let room = Room::new();
    for token in [token(case.identity().parameters), token(before)] {
        let (code, out, err) = room.run(&["show", &token]);
        assert!(code != 2 && !err.contains("parameters"), "{code}: {out}{err}");
        let line = ["explore", &name, "--variant", "racy"];
        let (code, _, err) = told(room.command(&line).env("SELVEDGE_REPLAY", &token).output().unwrap());
        assert!(code != 2, "{err}");
    }
}

/// Nobody can tidy up after SIGKILL; the next command that needs a folder does.
#[test]
fn what_a_killed_command_left_is_swept_by_the_next() {
    let room = Room::new();
    let line = ["explore", "ticket-file:clients=5", "--variant", "locked", "--time", "60s"];
    let mut child = room.command(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while room.is_empty() {
        std::thread::yield_now();
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    while !crate::processes(&room).is_empty() {
        std::thread::yield_now();
    }
    assert!(!room.is_empty(), "there is nothing to sweep");
    let (code, _, err) = room.run(&["explore", "ticket-file", "--variant", "locked", "--executions", "9"]);
    assert_eq!((code, &*err), (0, ""));
    assert!(room.is_empty(), "a folder is left");
}

#[test]
fn a_scenario_in_place_of_a_subcommand_is_explored_by_name() {
    let room = Room::new();
    for (word, message) in [
        ("ticket", "`ticket` is a scenario; did you mean `explore ticket`?"),
        ("ticket:clients=3", "`ticket:clients=3` is a scenario; did you mean `explore ticket:clients=3`?"),
        ("tickt", "`tickt` is no subcommand; did you mean `explore ticket`?"),
    ] {
        let (code, out, err) = room.run(&[word]);
        assert_eq!((code, &*out, err), (2, "", format!("selvedge: {message}\n")));
    }
    for (word, message) in [
        (
            "bank",
            "`bank` is one name too many: explore takes one scenario at a time; \
             selvedge without a subcommand explores all",
        ),
        (
            "bnak:deposits=1",
            "`bnak:deposits=1` is one name too many: explore takes one scenario at a time; \
             selvedge without a subcommand explores all",
        ),
        ("racy", "`racy` is a variant of ticket; give it as --variant racy"),
        ("whatever", "unexpected argument 'whatever' found; it is one too many, leave it out"),
    ] {
        let (code, out, err) = room.run(&["explore", "ticket", word]);
        assert_eq!((code, &*out, err), (2, "", format!("selvedge: {message}\n")));
    }
    let (_, _, err) = room.run(&["list", "bank"]);
    assert_eq!(err, "selvedge: `bank` is a scenario; did you mean `explore bank`?\n");
    // A slip in a subcommand stays one.
    let (code, _, err) = room.run(&["explor", "ticket"]);
    assert!(code == 2 && err.contains("'explore'"), "{err}");
}

#[test]
fn what_kills_do_is_promised_only_where_the_scenario_is_about_them() {
    let room = Room::new();
    let line = ["explore", "ticket", "--variant", "locked", "--kills", "1", "--executions", "300"];
    let (code, out, err) = room.run(&line);
    assert_eq!((code, &*err), (0, ""), "{out}");
    assert!(out.contains("fails; what these faults do to it is not promised"), "{out}");
    assert!(out.contains("control: without the kill the same schedule passes"), "{out}");
    // The census says the same.
    let (code, out, _) = room.run(&["census", "ticket", "--variant", "locked"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("breaks; what kills do to it is not promised"), "{out}");
    // What fails without a kill as well is a surprise, whatever else was asked for.
    let line = ["explore", "ticket:clients=1", "--variant", "racy", "--kills", "1", "--executions", "5"];
    let (_, out, _) = room.run(&line);
    assert!(!out.contains("not promised"), "{out}");
}

/// Whoever explores runs the schedule of the environment alone; a census cannot.
#[test]
fn a_census_refuses_the_schedule_of_the_environment() {
    let room = Room::new();
    let token = crate::token(&room, "ticket", "racy");
    let line = ["census", "ticket", "--variant", "locked"];
    let (code, out, err) = told(room.command(&line).env("SELVEDGE_REPLAY", &token).output().unwrap());
    let message = "selvedge: SELVEDGE_REPLAY names one schedule, and a census kills in many schedules; \
                   unset it, or use `selvedge replay TOKEN`\n";
    assert_eq!((code, &*out, &*err), (2, "", message));
    // What is given a token has no use for that of the environment.
    let other = crate::token(&room, "bank:deposits=1,withdrawals=2", "racy");
    for command in ["replay", "shrink", "show"] {
        let run = || room.command(&[command, &token, "--json"]).env("SELVEDGE_REPLAY", &other).output();
        let (_, out, err) = told(run().unwrap());
        assert_eq!((&crate::json(&out)["scenario"], &*err), (&"ticket".into(), ""), "{command}");
    }
}

/// Whatever names a place for what comes out, and whenever that place turns out to be full.
#[test]
fn a_place_that_cannot_be_written_to_is_told_in_one_way() {
    let room = Room::new();
    let token = crate::token(&room, "ticket", "racy");
    std::fs::create_dir(room.path().join("full")).unwrap();
    std::os::unix::fs::symlink("/dev/full", room.path().join("full/index.html")).unwrap();
    let explore = ["explore", "ticket", "--variant", "racy", "--executions", "9"];
    for (line, what) in [
        (&[&explore[..], &["--out", "/dev/full"]].concat()[..], "--out: the file /dev/full"),
        (&[&explore[..], &["--report", "full"]].concat(), "the report full/index.html"),
        (&["show", &token, "--html", "/dev/full"], "the page /dev/full"),
    ] {
        let (code, _, err) = room.run(line);
        let message =
            format!("selvedge: {what} cannot be written to: No space left on device (os error 28)\n");
        assert_eq!((code, err), (2, message), "{line:?}");
    }
    for line in [&["list"][..], &explore, &["replay", &token], &["census", "ticket", "--variant", "locked"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = room.command(line).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let (code, _, err) = told(output);
        let message =
            "selvedge: standard output cannot be written to: No space left on device (os error 28)\n";
        assert_eq!((code, &*err), (2, message), "{line:?}");
    }
}

#[test]
fn no_time_at_all_is_refused() {
    let room = Room::new();
    let (code, _, err) = room.run(&["explore", "ticket", "--time", "0s"]);
    let message =
        "selvedge: --time: `0s` is not a duration above 0 and up to 876000h, as in 500ms, 10s or 2m\n";
    assert_eq!((code, &*err), (2, message));
    let line = room.command(&["explore", "ticket"]).env("SELVEDGE_TIME", "0s").output().unwrap();
    let (code, _, err) = told(line);
    assert!(code == 2 && err.contains("SELVEDGE_TIME: `0s` is not a duration above 0"), "{err}");
}

#[test]
fn more_time_than_anybody_has_is_refused() {
    let room = Room::new();
    let form = "a duration above 0 and up to 876000h, as in 500ms, 10s or 2m";
    let census = ["census", "ticket", "--variant", "locked", "--exhaust", "--time"];
    for line in [&["explore", "ticket", "--time"][..], &census, &["--time"], &["list", "--timeout"]] {
        let (code, out, err) = room.run(&[line, &["99999999999m"]].concat());
        let option = line[line.len() - 1];
        let message = format!("selvedge: {option}: `99999999999m` is not {form}\n");
        assert_eq!((code, &*out, err), (2, "", message), "{line:?}");
    }
    let (code, _, err) = room.run(&[&census[..], &["876000h"]].concat());
    assert_eq!((code, &*err), (0, ""));
}

/// A fault that is named with 0 is as one that is not named.
#[test]
fn none_of_a_fault_is_said_in_one_way() {
    let room = Room::new();
    let line =
        ["explore", "crash-robust-mutex", "--engine", "sim", "--variant", "racy", "--exhaust", "--json"];
    for none in [&["--kills", "0"][..], &["--fault", "kills:0"], &["--fault", "eintr:0"]] {
        let (code, out, err) = room.run(&[&line[..], none].concat());
        assert_eq!((code, &*err), (1, ""), "{none:?}");
        let object = crate::json(&out);
        assert!(object["faults"].is_null() && object["violations"] == 0, "{none:?}: {object}");
    }
}

#[test]
fn the_report_lands_where_cargo_builds() {
    let room = Room::new();
    let target = room.path().join("elsewhere");
    let mut command = room.command(&["--executions", "3", "--engine", "sim"]);
    let (_, out, err) = told(command.env("CARGO_TARGET_DIR", &target).output().unwrap());
    let page = target.join("selvedge-report/index.html");
    assert!(page.exists() && out.contains(page.to_str().unwrap()), "{out}{err}");
    // So few executions find too little: what is told first is the first such verdict.
    let unexpected = |line: &&str| line.contains("expected to") && !line.contains("verdicts");
    let row = out.lines().find(unexpected).expect(&out);
    let scenario = row.split_whitespace().next().unwrap();
    let told = out.split("the first surprise\n").nth(1).expect(&out);
    assert!(told.contains(scenario), "{scenario}: {told}");
}

//! Is everything that is wrong with a line told in one line, with what would be right?

use crate::room::{Room, told};
use std::fs;

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let room = Room::new();
    fs::write(room.path().join("file"), "").unwrap();
    fs::create_dir_all(room.path().join("taken/index.html")).unwrap();
    let wrong: &[(&[&str], &str)] = &[
        (&["explore", "tiket"], "unknown scenario `tiket`; did you mean `ticket`?"),
        (&["explore", "ticket:client=3"], "unknown parameter `client`; did you mean `clients`?"),
        (&["explore", "ticket:clients=0"], "parameter clients: `0` is not a whole number from 1 to 500"),
        (&["explore", "ticket:clients=2,clients=3"], "parameter clients is given twice"),
        (&["explore", "ticket:clients"], "parameter of ticket: `clients` is not name=value, as in clients=3"),
        (
            &["explore", "ticket:racy"],
            "`racy` is a variant of ticket, not a parameter; give it as --variant racy",
        ),
        (
            &["explore", "two-locks:ordered"],
            "`ordered` is a variant of two-locks, not a parameter; give it as --variant ordered",
        ),
        (&["explore", "two-locks:n=1"], "`two-locks` has no parameters, so `n` is unknown"),
        (&["explore", "ticket", "--variant", "lockd"], "unknown variant `lockd`; did you mean `locked`?"),
        (&["explore", "ticket", "--engine", "reel"], "unknown engine `reel`; did you mean `real`?"),
        (&["explore", "ticket", "--strategy", "dsf"], "unknown strategy `dsf`; did you mean `dfs`?"),
        (
            &["explore", "ticket", "--strategy", "pct:0"],
            "strategy pct: `0` is not a whole number of ordering constraints from 1 to 64, as in pct:2",
        ),
        (
            &["explore", "ticket", "--strategy", "delay:x"],
            "strategy delay: `x` is not a whole number of delays from 0 to 64, as in delay:2",
        ),
        (&["explore", "ticket", "--strategy", "surv"], "unknown strategy `surv`; did you mean `surw`?"),
        (
            &["explore", "ticket", "--time", "5"],
            "--time: `5` is not a duration above 0 and up to 876000h, as in 500ms, 10s or 2m",
        ),
        (
            &["explore", "ticket", "--executions", "0"],
            "--executions: `0` is not a whole number from 1 to 2^64 - 1",
        ),
        (&["explore", "ticket", "--jobs", "x"], "--jobs: `x` is not a whole number from 1 to 1024"),
        (
            &["explore", "ticket", "--seed", "-1"],
            "--seed: `-1` is not a whole number from 0 to 2^64 - 1, or 0x and up to 16 hexadecimal digits",
        ),
        (
            &["explore", "ticket", "--seed", "-"],
            "--seed: `-` is not a whole number from 0 to 2^64 - 1, or 0x and up to 16 hexadecimal digits",
        ),
        (
            &["explore", "ticket", "--exhaust", "--strategy", "random"],
            "random never comes to an end; --exhaust goes with dfs or dpor",
        ),
        (
            &["explore", "ticket", "--exhaust", "--time", "1s"],
            "the argument '--exhaust' cannot be used with '--time <DUR>'; leave one out",
        ),
        (
            &["explore", "ticket", "--report", "file"],
            "the report folder file cannot be written to: File exists (os error 17)",
        ),
        (
            &["explore", "ticket", "--report", "taken"],
            "the report folder taken cannot be written to: Is a directory (os error 21)",
        ),
        (
            &["--report", "/proc/nowhere"],
            "the report folder /proc/nowhere cannot be written to: No such file or directory (os error 2)",
        ),
        (&["explore", "nope"], "unknown scenario `nope`; `selvedge list` shows them all"),
        (&["census", "nope"], "unknown scenario `nope`; `selvedge list` shows them all"),
        (
            &["explore", "ticket", "--variant", "x"],
            "unknown variant `x`; there are racy, wrong-fix and locked",
        ),
        (&["explore", "ticket", "--engine", "x"], "unknown engine `x`; there are sim, real and wild"),
        (
            &["explore", "ticket", "--fault", "foo"],
            "unknown fault `foo`; there are kills, signals, eintr, short_io, spurious, timeouts, drift and wake_any",
        ),
        (
            &["explore", "ticket", "--strategy", "chess"],
            "unknown strategy `chess`; there are portfolio, random, pct:d, pos, urw, surw, delay:d, dfs, dfs:p \
             and dpor",
        ),
        (
            &["explore", "ticket", "--strategy", "random:3"],
            "strategy random takes no number, so `random:3` is none; say random",
        ),
        (
            &["explore", "ticket", "--strategy", "replay"],
            "replay runs one schedule and is no strategy to ask for by name; use `selvedge replay TOKEN`, or \
             SELVEDGE_REPLAY=TOKEN for a test",
        ),
        (
            &["frobnicate"],
            "unrecognized subcommand 'frobnicate'; there are list, explore, merge, census, replay, shrink, show, judge",
        ),
        (&["explore"], "the following required arguments were not provided: <NAME[:k=v,..]>"),
        (&["replay", "hello"], "the token `hello` does not begin with `sv1:`"),
        (&["show", "sv1:AAAA"], "the token `sv1:AAAA` is damaged: its check sum does not match"),
        (
            &["show", "sv1:BHctQlFAA"],
            "the token `sv1:BHctQlFAA` is cut off or damaged: it does not end with a whole byte",
        ),
    ];
    for (line, message) in wrong {
        let (code, out, err) = room.run(line);
        assert_eq!((code, &*out, err.trim_end()), (2, "", &*format!("selvedge: {message}")), "{line:?}");
    }
}

/// A number that is none, or none of those that may stand there, is told with all that may.
#[test]
fn numbers_are_refused_with_their_range() {
    let room = Room::new();
    let (seed, executions) = (
        "a whole number from 0 to 2^64 - 1, or 0x and up to 16 hexadecimal digits",
        "a whole number from 1 to 2^64 - 1",
    );
    let options: &[(&str, &str, &str)] = &[
        ("--seed", "--seed", seed),
        ("--executions", "--executions", executions),
        ("--jobs", "--jobs", "a whole number from 1 to 1024"),
        ("--kills", "--kills", "a whole number from 0 to 8"),
        ("--shard", "--shard", "k/n with k from 1 to n and n from 1 to 1000000, as in 1/4"),
    ];
    for (option, what, form) in options {
        for wrong in
            ["", "-1", "+1", "1.5", " 1", "1e3", "0x1_0", "99999999999999999999", "0x10000000000000000"]
        {
            let (code, out, err) = room.run(&["explore", "ticket", &format!("{option}={wrong}")]);
            assert_eq!(
                (code, &*out, &*err),
                (2, "", &*format!("selvedge: {what}: `{wrong}` is not {form}\n"))
            );
        }
    }
    for (name, form) in [("SELVEDGE_SEED", seed), ("SELVEDGE_EXECUTIONS", executions)] {
        for wrong in ["", "-1", "+1", "1.5", "99999999999999999999"] {
            let (code, out, err) =
                told(room.command(&["explore", "ticket"]).env(name, wrong).output().unwrap());
            assert_eq!(
                (code, &*out, &*err),
                (2, "", &*format!("selvedge: {name}: `{wrong}` is not {form}\n"))
            );
        }
    }
    for wrong in ["ticket:clients=2.5", "ticket:clients=+3", "ticket:clients=99999999999999999999"] {
        let (code, _, err) = room.run(&["explore", wrong]);
        assert!(code == 2 && err.ends_with("is not a whole number from 1 to 500\n"), "{err}");
    }
    // The most that there is.
    let (code, _, err) =
        room.run(&["explore", "ticket", "--seed", "0xFFFFFFFFFFFFFFFF", "--executions", "3"]);
    assert!(matches!(code, 0 | 1) && err.is_empty(), "{err}");
}

/// A name is looked for in the same way wherever it stands.
#[test]
fn a_name_in_the_environment_is_told_as_one_on_the_line() {
    let room = Room::new();
    for (option, name, wrong) in [
        ("--strategy", "SELVEDGE_STRATEGY", "dfss"),
        ("--strategy", "SELVEDGE_STRATEGY", "pct:0"),
        ("--strategy", "SELVEDGE_STRATEGY", "chess"),
        ("--strategy", "SELVEDGE_STRATEGY", "replay"),
        ("--engine", "SELVEDGE_ENGINE", "reel"),
        ("--engine", "SELVEDGE_ENGINE", ""),
    ] {
        let (code, _, by_option) = room.run(&["explore", "ticket", &format!("{option}={wrong}")]);
        let line = room.command(&["explore", "ticket"]).env(name, wrong).output().unwrap();
        let (other, _, by_variable) = told(line);
        assert_eq!((code, other), (2, 2), "{by_option}{by_variable}");
        assert_eq!(by_variable, by_option.replacen("selvedge: ", &format!("selvedge: {name}: "), 1));
        assert!(wrong != "dfss" || by_option.contains("did you mean `dfs`?"), "{by_option}");
    }
    let line = room.command(&["explore", "ticket"]).env("SELVEDGE_REPLAY", "hello").output().unwrap();
    let (code, _, err) = told(line);
    assert_eq!(
        (code, &*err),
        (2, "selvedge: SELVEDGE_REPLAY: the token `hello` does not begin with `sv1:`\n")
    );
}

#[test]
fn what_is_long_is_told_in_a_short_line() {
    let long = "7+".repeat(20_000);
    for line in [["explore", &*long], ["explore", &*format!("bank:deposits={long}")]] {
        let (code, _, err) = Room::new().run(&line);
        assert_eq!((code, err.lines().count()), (2, 1), "{err}");
        assert!(err.len() < 250 && err.contains("7+7+7") && err.contains("...`"), "{err}");
    }
}

/// Options that mean nothing beside one another are refused, not left unheard.
#[test]
fn what_does_not_go_together_is_refused() {
    let room = Room::new();
    let wrong: &[(&[&str], &str)] = &[
        (
            &["--engine", "wild", "--strategy", "dpor"],
            "--strategy dpor: in wild the operating system decides; use --engine sim or --engine real",
        ),
        (
            &["--engine", "wild", "--seed", "7"],
            "--seed 7: in wild nothing comes from a seed; use --engine sim or --engine real",
        ),
        (&["--engine", "wild", "--jobs", "2"], "--jobs 2: wild runs one execution at a time; leave it out"),
        (
            &["--engine", "wild", "--exhaust"],
            "--exhaust needs a scheduler; use --engine sim or --engine real",
        ),
        (
            &["--engine", "wild", "--kills", "1"],
            "wild has no scheduling points at which anything could go wrong; faults need sim or real",
        ),
        (
            &["--engine", "wild", "--shard", "1/2"],
            "shard 1/2: wild has no schedules to share; use sim or real",
        ),
        (
            &["--strategy", "dfs", "--seed", "7"],
            "--seed 7: dfs draws nothing; leave it out, or use a strategy such as random",
        ),
        (
            &["--exhaust", "--seed", "7"],
            "--seed 7: dfs draws nothing; leave it out, or use a strategy such as random",
        ),
        (
            &["--strategy", "dpor", "--jobs", "2"],
            "--jobs 2: dpor has one worker; leave it out, or use dfs, which shares its work",
        ),
        (&["--strategy", "dpor", "--shard", "1/2"], "shard 1/2: dpor cannot be shared; dfs can"),
        (
            &["--strategy", "dfs", "--shard", "1/2", "--executions", "9"],
            "shard 1/2: dfs is shared by its subtrees and not by a number of executions; ask for every schedule \
             (--exhaust)",
        ),
        (
            &["--shard", "1/2", "--time", "1s"],
            "shard 1/2: a share of a run needs a number of executions that all shares know, or every schedule; not \
             a time",
        ),
        (
            &["--kills", "1", "--fault", "eintr,kills:2"],
            "--kills 1: --fault names kills as well; leave one out",
        ),
        (
            &["--kills", "0", "--victim", "client"],
            "--victim client: 0 kills kill nobody; leave out one of the two",
        ),
        (
            &["--fault", "eintr,kills:0", "--victim", "client"],
            "--victim client: 0 kills kill nobody; leave out one of the two",
        ),
        (&["--kills", "0", "--fault", "kills:0"], "--kills 0: --fault names kills as well; leave one out"),
        (&["--fault", "eintr,eintr"], "fault eintr is given twice"),
        (
            &["--executions", "5", "--time", "1s"],
            "the argument '--executions <N>' cannot be used with '--time <DUR>'; leave one out",
        ),
    ];
    for (options, message) in wrong {
        let line: Vec<&str> = ["explore", "ticket"].iter().chain(*options).copied().collect();
        let (code, out, err) = room.run(&line);
        assert_eq!((code, &*out, err.trim_end()), (2, "", &*format!("selvedge: {message}")), "{options:?}");
    }
    let wrong: &[(&[&str], &str)] = &[
        (
            &["--engine", "wild", "--strategy", "random"],
            "--strategy random: in wild the operating system decides; use --engine sim or --engine real",
        ),
        (
            &["census", "ticket", "--engine", "wild"],
            "wild has no kill points; use --engine sim or --engine real",
        ),
        (
            &["census", "ticket", "--strategy", "dfs"],
            "unexpected argument '--strategy' found; --strategy is an option of explore",
        ),
        (
            &["census", "ticket", "--kills", "2"],
            "unexpected argument '--kills' found; --kills is an option of explore",
        ),
        (
            &["census", "ticket", "--time", "1s"],
            "--time: the census along one run is complete by itself; give it a bound together with --exhaust",
        ),
        (
            &["replay", "sv1:AAAA", "--jobs", "2"],
            "unexpected argument '--jobs' found; --jobs is an option of explore",
        ),
        (
            &["merge", "x", "--engine", "sim"],
            "unexpected argument '--engine' found; --engine is an option of explore, census, replay, shrink",
        ),
    ];
    for (line, message) in wrong {
        let (code, out, err) = room.run(line);
        assert_eq!((code, &*out, err.trim_end()), (2, "", &*format!("selvedge: {message}")), "{line:?}");
    }
    let run = |line: &[&str]| {
        crate::room::told(
            room.command(line)
                .env("SELVEDGE_REPLAY", crate::token(&room, "ticket", "racy"))
                .output()
                .unwrap(),
        )
    };
    for line in [&["explore", "ticket", "--executions", "5"][..], &["--executions", "5"]] {
        let message =
            "--executions means nothing while SELVEDGE_REPLAY names the one schedule to run; unset that";
        assert_eq!(run(line).2.trim_end(), format!("selvedge: {message}"), "{line:?}");
    }
    assert!(room.is_empty());
}

/// What looks like the above and has a meaning.
#[test]
fn what_goes_together_is_not_refused() {
    let room = Room::new();
    for options in [
        &["--engine", "wild", "--executions", "3", "--jobs", "1"][..],
        &["--strategy", "dfs:1", "--jobs", "2"],
        &["--strategy", "dpor", "--jobs", "1"],
        &["--exhaust", "--shard", "1/2"],
        &["--executions", "64", "--shard", "1/2", "--seed", "7"],
        &["--fault", "kills,eintr:2", "--victim", "client", "--executions", "9"],
    ] {
        let line: Vec<&str> = ["explore", "ticket:clients=2,stock=1", "--variant", "racy"]
            .iter()
            .chain(options)
            .copied()
            .collect();
        let (code, _, err) = room.run(&line);
        assert_ne!(code, 2, "{options:?}: {err}");
    }
    let (code, _, err) =
        room.run(&["census", "crash-publish", "--exhaust", "--time", "9s", "--victim", "writer"]);
    assert_ne!(code, 2, "{err}");
}

//! Is everything that is printed as text there for machines as well? And does the text of
//! `explore` show what a failing test shows?

use crate::room::{Room, json};
use crate::token;
use selvedge_fixtures::catalogue;
use serde_json::Value;

#[test]
fn the_list_is_there_for_machines() {
    let (code, out, _) = Room::new().run(&["list", "--json"]);
    let lines: Vec<Value> = out.lines().map(json).collect();
    let catalogue = catalogue().unwrap();
    assert_eq!((code, lines.len()), (0, catalogue.scenarios().len()));
    for (line, scenario) in lines.iter().zip(catalogue.scenarios()) {
        assert_eq!(line["scenario"], scenario.name);
        assert_eq!(line["variants"].as_array().unwrap().len(), scenario.variants.len());
        assert_eq!(line["variants"][0]["name"], scenario.variants[0].name);
        assert_eq!(line["parameters"].as_array().unwrap().len(), scenario.parameters.len());
        assert_eq!(line["laws"].as_array().unwrap().len(), scenario.laws.len());
    }
}

#[test]
fn tokens_speak_json() {
    let room = Room::new();
    let token = token(&room, "ticket:clients=3,stock=2", "racy");
    let (code, out, err) = room.run(&["replay", &token, "--json"]);
    let replayed = json(&out);
    assert_eq!((code, &*err, &replayed["verdict"]), (1, "", &Value::from("breaks a law")));
    assert_eq!(
        (&replayed["scenario"], &replayed["replay"]),
        (&"ticket:clients=3,stock=2".into(), &token.clone().into())
    );
    let (code, out, _) = room.run(&["shrink", &token, "--json"]);
    let shrunk = json(&out);
    assert_eq!((code, &shrunk["proved_minimal"]), (0, &Value::from(true)));
    assert!(shrunk["switches_before"].as_u64() >= shrunk["min_switches"].as_u64(), "{shrunk}");
    let (code, out, _) = room.run(&["show", &token, "--json"]);
    let shown = json(&out);
    let trace = shown["trace"].as_array().unwrap();
    assert_eq!((code, trace.len() as u64), (0, shown["steps"].as_u64().unwrap()));
    let first = &trace[0];
    assert_eq!(
        (&first["step"], &first["operation"], &first["object"]),
        (&1.into(), &"get".into(), &"left".into())
    );
    assert!(first["task"].as_str().unwrap().starts_with("client "), "{first}");
    assert!(first["place"].as_str().unwrap().contains(".rs:"), "{first}");
}

#[test]
fn what_does_not_fit_is_told_to_machines_with_its_reason() {
    use selvedge_harness::token::Token;
    use selvedge_harness::{Choice, Granularity};
    let room = Room::new();
    let case = catalogue().unwrap().parse("ticket").unwrap().case("racy").unwrap();
    let schedule = vec![Choice::run(0); 3];
    let token =
        Token { identity: case.identity(), granularity: Granularity::Operation, schedule }.to_string();
    for command in ["replay", "shrink", "show"] {
        let (code, out, err) = room.run(&[command, &token, "--json"]);
        let line = json(&out);
        assert_eq!((code, &line["verdict"]), (3, &Value::from("inconclusive")), "{command}");
        let why = line["reason"].as_str().unwrap();
        assert!(why.contains("does not fit") && why.contains("client 0"), "{why}");
        assert!(err.contains("does not fit"), "{err}");
    }
}

#[test]
fn a_finding_is_shown_as_a_test_shows_it() {
    let room = Room::new();
    let line = ["explore", "two-locks", "--variant", "racy", "--executions", "200"];
    let (code, out, _) = room.run(&line);
    assert_eq!(code, 0, "{out}");
    let token = out.lines().find_map(|line| line.strip_prefix("replay ")).unwrap().trim();
    let (_, told, _) = room.run(&["replay", token]);
    let table = |text: &str| -> Vec<String> {
        let rows = text.lines().skip_while(|line| !line.contains(" │ ")).take_while(|line| !line.is_empty());
        rows.map(str::to_owned).collect()
    };
    assert!(table(&out).len() > 4, "{out}");
    assert_eq!(table(&out), table(&told), "{out}\n{told}");
    assert!(out.contains("cycle: "), "{out}");
    assert!(!out.contains('\x1b'), "no colours off a terminal");
}

/// Text names tasks as JSON does, also where only the operating system schedules.
#[test]
fn tasks_have_names_everywhere() {
    let room = Room::new();
    let line = ["explore", "crash-publish", "--variant", "racy", "--executions", "100"];
    let (_, out, _) = room.run(&line);
    let first = out.lines().find(|line| line.starts_with("first ")).unwrap();
    assert!(first.contains("reader panicked") && !out.contains("task 1"), "{out}");
}

/// Also what a scenario brings about by itself, and what a schedule has.
#[test]
fn what_may_go_wrong_is_told() {
    let room = Room::new();
    let told = |line: &[&str]| {
        let (code, out, err) = room.run(&[line, &["--json"]].concat());
        assert!(code < 2 && err.is_empty(), "{line:?}: {err}");
        let object = json(out.lines().next().unwrap());
        (object["faults"].clone(), object["victims"].clone(), object["replay"].clone())
    };
    let line = ["explore", "ticket", "--variant", "locked", "--executions", "20"];
    let asked = [&line[..], &["--fault", "eintr:2,kills", "--victim", "client"]].concat();
    let (faults, victims, _) = told(&asked);
    assert_eq!((faults, victims), ("kills,eintr:2".into(), vec!["client"].into()));
    let (_, out, _) = room.run(&asked);
    assert!(out.contains("\nfaults       kills,eintr:2; who may be killed: client\n"), "{out}");
    assert_eq!(told(&[&line[..], &["--fault", "drift"]].concat()).0, "timeouts,drift");
    let (faults, victims, _) = told(&line);
    assert!(faults.is_null() && victims.is_null(), "{faults} {victims}");
    assert!(!room.run(&line).1.contains("\nfaults "));
    let crash = ["explore", "crash-robust-mutex", "--engine", "sim", "--exhaust", "--variant", "racy"];
    let (faults, _, token) = told(&crash);
    assert_eq!(faults, "kills");
    assert_eq!(told(&["replay", token.as_str().unwrap()]).0, "kills");
}

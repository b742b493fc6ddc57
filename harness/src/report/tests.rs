//! Messages of recordings made by hand: what real programs rarely come out with.

use super::*;
use crate::engine::Engine;
use crate::fault::Faults;
use crate::judge::{CriticalPair, Later, Object, Pending, Place, Recording, Step, TaskRecord, Verdict};
use crate::kernel::{Choice, Granularity, Outcome, Role};
use crate::program::{Finding, Found, Report, Shard, Swap, Tally};
use crate::strategy::Strategy;
use selvedge::platform::Kind;

fn place(line: u32) -> Place {
    Place { file: "shop/src/stock.rs".to_owned(), line, column: 5 }
}

/// A step of a task: kind, name, object, value.
fn step(task: usize, kind: Kind, name: &str, object: usize, value: Option<u64>) -> Step {
    let outcome = Outcome::Run;
    let place = place(10 + task as u32);
    Step {
        task,
        outcome,
        kind,
        name: name.to_owned(),
        object: Some(object),
        also: None,
        place,
        value,
        part: None,
        inside: false,
    }
}

fn recording(tasks: usize, objects: &[&str], steps: Vec<Step>, verdict: Verdict) -> Recording {
    let task = |number: usize| TaskRecord {
        name: format!("client {number}"),
        role: Role::Process,
        status: Some(0),
        pending: None,
        helps: false,
    };
    // Nobody waits for anybody in these.
    let left = |&at: &usize| {
        let task = steps[at].task;
        steps.get(at + 1).is_some_and(|next| next.task != task)
            && steps[at + 1..].iter().any(|step| step.task == task)
    };
    Recording {
        tasks: (0..tasks).map(task).collect(),
        preemptions: (0..steps.len()).filter(left).collect(),
        objects: objects.iter().map(|name| Object { name: (*name).to_owned(), task: None }).collect(),
        schedule: steps.iter().map(|step| Choice::run(step.task)).collect(),
        steps,
        verdict,
        label: String::new(),
    }
}

fn law() -> Verdict {
    Verdict::Law { message: "oversold".to_owned(), place: place(99) }
}

fn report(recording: Recording) -> Report {
    let verdict = recording.verdict.clone();
    let schedule = recording.schedule.clone();
    let found = Found { index: 6, schedule: schedule.clone(), verdict, label: String::new() };
    let finding = Finding {
        found: found.clone(),
        switches: recording.switches(),
        preemptions: 1,
        proved_minimal: true,
        shrink_executions: 12,
        ends_if_fair: None,
        recording,
        token: "sv1:AB".to_owned(),
        schedule,
        control: None,
        swap: Some(swapped(1, 3)),
    };
    let tally = Tally { executions: 7, violations: 1, first: Some(found), seconds: 0.5, ..Tally::default() };
    Report {
        program: "ticket".to_owned(),
        engine: Engine::Sim,
        strategy: Strategy::Random,
        granularity: Granularity::Operation,
        seed: 3,
        faults: Faults::none(),
        shard: Shard::WHOLE,
        tasks: Vec::new(),
        tally,
        finding: Some(finding),
    }
}

/// These two steps, the other way round, pass.
fn swapped(first: usize, second: usize) -> Swap {
    let pair = CriticalPair { first, second: Later::Step(second) };
    Swap::Passes { pair, schedule: Vec::new(), token: "sv1:CD".to_owned() }
}

/// Two clients read before either writes.
fn stale_read() -> Recording {
    let steps = vec![
        step(0, Kind::Acquire, "lock", 1, Some(0)),
        step(0, Kind::Read, "get", 0, Some(1)),
        step(1, Kind::Read, "get", 0, Some(1)),
        step(1, Kind::Write, "set", 0, Some(0)),
        step(0, Kind::Write, "set", 0, Some(u64::MAX)),
        step(0, Kind::Release, "unlock", 1, Some(0)),
    ];
    recording(2, &["left", "stock"], steps, law())
}

/// The message without the line that names this process.
fn body(report: &Report) -> String {
    let text = failure(report).unwrap();
    assert_eq!(text.lines().last().unwrap().split(' ').next(), Some("reproduce:"));
    text.rsplit_once("\n\n").unwrap().0.to_owned()
}

const STALE: &str = "\
ticket: law broken after 6 steps: oversold (shop/src/stock.rs:99)

  found      in execution 7, seed 3, strategy random, engine sim
  shrunk     to 2 context switches, 1 preemption; proved minimal (12 executions)

    step   client 0                      client 1
       1 │ lock stock                  │               │ shop/src/stock.rs:10
  *    2 │ get left -> 1               │               │ shop/src/stock.rs:10
         │ ~~ preempted, holds [stock] │
       3 │                             │ get left -> 1 │ shop/src/stock.rs:11
  *    4 │                             │ set left = 0  │ shop/src/stock.rs:11
       5 │ set left = -1               │               │ shop/src/stock.rs:10
       6 │ unlock stock                │               │ shop/src/stock.rs:10
       ✗ │ oversold                                      shop/src/stock.rs:99

  critical pair: client 0: get left -> 1 at step 2 (shop/src/stock.rs:10)
           then  client 1: set left = 0 at step 4 (shop/src/stock.rs:11)
                 swapped, it passes";

#[test]
fn the_whole_message() {
    assert_eq!(body(&report(stale_read())), STALE);
}

/// What no run has shown is not said.
#[test]
fn a_pair_is_only_told_if_its_swap_passed() {
    let told = |swap: Option<Swap>| {
        let mut report = report(stale_read());
        report.finding.as_mut().unwrap().swap = swap;
        let page = html(&[Entry::new("ticket", &report)]);
        let line = json(&report, "ticket", "racy", "found");
        let text = body(&report);
        for text in [&text, &page, &line] {
            assert!(!text.contains("swapped, it passes") && !text.contains("sv1:CD"), "{text}");
        }
        assert!(!text.contains("  * ") && !page.contains("class=\"step critical\""), "{text}");
        assert!(line.contains("\"critical_pair\":null"), "{line}");
        assert_eq!(page.contains("no critical pair"), text.contains("no critical pair"));
        text
    };
    let none = |tried, all| told(Some(Swap::None { tried, all }));
    assert!(none(3, true).contains("no critical pair: no single swap makes it pass (3 pairs)"));
    assert!(none(3, false).contains("no single swap of the 3 pairs that were tried makes it pass"));
    assert!(none(0, true).contains("no two operations could have been swapped"));
    let always = told(Some(Swap::Always { schedules: 2 }));
    assert!(always.contains("it fails in every schedule (2 schedules that differ)"), "{always}");
    let only = told(Some(Swap::Always { schedules: 1 }));
    assert!(only.contains("it fails in every schedule (there is only one), so"), "{only}");
    assert!(!told(None).contains("critical"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let report = report(stale_read());
    let (plain, coloured) = (explain(&report, Style::Plain).unwrap(), explain(&report, Style::Ansi).unwrap());
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    let trimmed = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(trimmed(&stripped), trimmed(&plain));
    assert_ne!(plain, coloured);
}

#[test]
fn wide_names_keep_the_columns() {
    let mut recording = stale_read();
    recording.objects[0].name = "在庫".to_owned();
    recording.tasks[0].name = "客 0".to_owned();
    let text = lanes(&recording, Style::Plain);
    let column = |line: &str, rule: usize| {
        let at = line.match_indices('│').nth(rule).map(|(at, _)| at);
        at.map(|at| style::width(&line[..at]))
    };
    let lines: Vec<&str> = text.lines().skip(1).filter(|line| line.contains("stock.rs")).collect();
    for line in lines.iter().filter(|line| !line.contains('✗')) {
        assert_eq!(column(line, 1), column(lines[0], 1), "{text}");
        assert_eq!(column(line, 2), column(lines[0], 2), "{text}");
    }
}

#[test]
fn hostile_names_stay_in_their_row() {
    let mut recording = stale_read();
    recording.objects[0].name = "a\nb\x1b[2J".to_owned();
    let text = lanes(&recording, Style::Plain);
    assert_eq!(text.lines().count(), 9, "{text}");
    assert!(!text.contains('\x1b') && text.contains("a\\nb\\u{1b}[2J"));
}

#[test]
fn timeouts_and_refusals_are_words() {
    let mut late = step(0, Kind::Acquire, "lock", 0, Some(u64::MAX));
    late.outcome = Outcome::TimeOut;
    let steps = vec![
        late,
        step(0, Kind::TryAcquire, "try_lock", 0, Some(u64::MAX)),
        step(0, Kind::TryAcquire, "try_lock", 0, Some(0)),
        step(0, Kind::ReadWrite, "compare_exchange", 0, Some(u64::MAX)),
        step(0, Kind::Wait, "wait", 1, None),
        step(0, Kind::Write, "set", 1, Some(0)),
    ];
    let text = lanes(&recording(1, &["stock", "ready"], steps, Verdict::Livelock { steps: 5 }), Style::Plain);
    for part in [
        "lock stock: timed out",
        "try_lock stock -> refused",
        "try_lock stock -> taken",
        "compare_exchange stock -> refused",
        "wait ready (never finished)",
        "set ready  ",
        "✗ │ still running after 5 steps",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn long_recordings_show_what_matters() {
    let mut steps: Vec<Step> = (0..5000).map(|_| step(0, Kind::Read, "get", 1, Some(0))).collect();
    steps.push(step(0, Kind::Read, "get", 0, Some(1)));
    steps.push(step(1, Kind::Write, "set", 0, Some(0)));
    steps.extend((0..5000).map(|_| step(0, Kind::Read, "get", 1, Some(0))));
    let mut report = report(recording(2, &["left", "sold"], steps, law()));
    let finding = report.finding.as_mut().unwrap();
    finding.swap = Some(swapped(5000, 5001));
    let text = lanes_of(finding, Style::Plain);
    assert!(text.lines().count() < 60, "{text}");
    assert!(text.contains("* 5001 │ get left -> 1") && text.contains("* 5002 │"), "{text}");
    assert!(text.contains("steps 7 to 4995: client 0"), "{text}");
}

#[test]
fn long_recordings_show_what_each_line_did() {
    let placed = |task, line, value| {
        let mut step = step(task, Kind::Read, "recv", 0, Some(value));
        step.place.line = line;
        step
    };
    let mut steps: Vec<Step> = (0..100).map(|_| placed(0, 1, 0)).collect();
    steps.extend([placed(1, 2, 21), placed(1, 2, 22), placed(1, 2, 23), placed(0, 3, 31)]);
    steps.extend((0..100).map(|_| placed(0, 1, 0)));
    let mut recording = recording(2, &["stream"], steps, law());
    recording.preemptions.clear();
    let text = lanes(&recording, Style::Plain);
    for shown in ["101 │", "recv stream -> 21", "recv stream -> 23", "recv stream -> 31"] {
        assert!(text.contains(shown), "no `{shown}` in\n{text}");
    }
}

#[test]
fn seven_lanes_of_long_names_fit_in_a_line() {
    let mut steps = Vec::new();
    for task in 0..9 {
        steps.push(step(task, Kind::Read, "get", 0, Some(1)));
    }
    for task in 0..9 {
        steps.push(step(task, Kind::ReadWrite, "compare_exchange", 0, Some(task as u64)));
    }
    let mut recording = recording(9, &["a rather long name of an object"], steps, law());
    for task in &mut recording.tasks {
        task.name = task.name.replace("client", "customer");
    }
    let text = lanes(&recording, Style::Plain);
    assert!(text.lines().all(|line| style::width(line) <= lanes::LINE), "{text}");
    assert!(text.contains("customer 6 .. customer 8, 3 preemptions"), "{text}");
}

#[test]
fn a_large_deadlock_is_summed_up() {
    let count = 40;
    let steps = (0..count).map(|task| step(task, Kind::Acquire, "lock", task, Some(0))).collect();
    let names: Vec<String> = (0..count).map(|fork| format!("fork {fork}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut recording = recording(count, &names, steps, Verdict::Deadlock);
    for (number, task) in recording.tasks.iter_mut().enumerate() {
        task.status = None;
        task.pending = Some(Pending {
            kind: Kind::Acquire,
            name: "lock".to_owned(),
            object: Some((number + 1) % count),
            place: place(7),
            inside: false,
            enabled: false,
        });
    }
    let text = body(&report(recording));
    assert!(text.contains("client 0 .. client 39 wait for each other"), "{text}");
    assert!(text.contains("and 32 more tasks: client 8 .. client 39"), "{text}");
    assert!(text.contains("-> (33 more) -> client 39 -> client 0"), "{text}");
    assert!(text.lines().count() < 60, "{text}");
}

#[test]
fn an_unscheduled_finding_has_no_token() {
    let wild = Report { engine: Engine::Wild, finding: None, ..report(stale_read()) };
    let text = failure(&wild).unwrap();
    assert!(
        text.contains("oversold") && text.contains("unscheduled") && !text.contains("reproduce:"),
        "{text}"
    );
}

#[test]
fn a_schedule_that_was_not_shrunk_is_counted_as_it_is() {
    let mut report = report(stale_read());
    let finding = report.finding.as_mut().unwrap();
    (finding.preemptions, finding.shrink_executions) = (0, 0);
    let value: serde_json::Value = serde_json::from_str(&json(&report, "ticket", "racy", "found")).unwrap();
    assert_eq!(value["min_preemptions"], 1);
}

#[test]
fn json_is_one_line_with_every_field() {
    let line = json(&report(stale_read()), "ticket", "racy", "found");
    assert!(!line.contains('\n'));
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    let expected = serde_json::json!({
        "scenario": "ticket", "variant": "racy", "engine": "sim", "strategy": "random", "seed": 3, "faults": null,
        "executions": 7, "blocked": 0, "complete": false, "violations": 1, "first_violation": 7, "outcomes": {},
        "min_switches": 2, "min_preemptions": 1, "proved_minimal": true, "steps": 0, "seconds": 0.5,
        "executions_per_second": 14.0, "replay": "sv1:AB", "verdict": "found", "reason": null,
        "violation": "ticket: law broken after 6 steps: oversold (shop/src/stock.rs:99)",
        "critical_pair": {
            "first": "client 0: get left -> 1 at step 2 (shop/src/stock.rs:10)",
            "second": "client 1: set left = 0 at step 4 (shop/src/stock.rs:11)",
            "passes": "sv1:CD",
        },
    });
    assert_eq!(value, expected);
}

#[test]
fn the_page_escapes_everything() {
    let mut recording = stale_read();
    recording.objects[0].name = "<script>alert('x')</script>".to_owned();
    recording.tasks[1].name = "a&b \"{{findings}}\"".to_owned();
    let report = report(recording);
    let page = html(&[Entry::new("ticket <racy>", &report), Entry::new("ticket locked", &report)]);
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(page.contains("ticket &lt;racy&gt;") && page.contains("a&amp;b &quot;{{findings}}&quot;"));
    for (open, close) in
        [("<table", "</table>"), ("<tr", "</tr>"), ("<td", "</td>"), ("<section", "</section>")]
    {
        let opened = page.matches(&format!("{open} ")).count() + page.matches(&format!("{open}>")).count();
        assert_eq!(opened, page.matches(close).count(), "{open}");
    }
    assert_eq!(page.matches("<tr class=\"step critical\"").count(), 4);
    assert!(!page.contains("http"), "the page loads nothing");
}

#[test]
fn the_page_knows_what_was_expected() {
    let report = Report {
        finding: report(stale_read()).finding.map(|finding| Finding { proved_minimal: false, ..finding }),
        ..report(stale_read())
    };
    let page = html(&[Entry::new("ticket, racy", &report).judged("fails, as expected", true)]);
    assert!(
        page.contains("<td class=\"good\">law broken<br><small>fails, as expected</small></td>"),
        "{page}"
    );
    assert!(page.contains("<section id=\"f0\" class=\"expected\">"));
    assert!(page.contains("<td class=\"n\">2?</td>"), "the mark of an unproved minimum");
    let page = html(&[Entry::new("ticket, locked", &report).judged("FAILS, expected to hold", false)]);
    assert!(page.contains("<td class=\"bad\">law broken<br><small>FAILS, expected to hold</small></td>"));
    assert!(page.contains("<section id=\"f0\">"));
}

#[test]
fn what_was_not_decided_has_a_reason() {
    let mut report = report(stale_read());
    report.tally.inconclusive = report.tally.first.take();
    if let Some(found) = &mut report.tally.inconclusive {
        found.verdict = Verdict::Broken("the set-up panicked".to_owned());
    }
    let value: serde_json::Value =
        serde_json::from_str(&json(&report, "ticket", "racy", "inconclusive")).unwrap();
    assert_eq!(value["reason"], "execution 7: the set-up panicked");
}

//! Do managers keep their laws under every schedule, and while somebody is killed?
//!
//! In fibers and in processes under the scheduler; natively with SIGKILL at moments of the
//! kernel's choice, of clients and of the server.

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;

/// Two clients count in a dict, by `count`.
fn counting(count: fn(&Dict)) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let mut manager = Manager::start().unwrap();
        let dict = manager.dict::<String, u32>().unwrap();
        dict.insert("hits", &0).unwrap();
        let clients = [(); 2].map(|()| {
            let dict = dict.clone();
            Process::spawn(move || count(&dict))
        });
        let killed = clients.into_iter().filter(|client| !client.join().unwrap().success()).count();
        let hits = dict.get("hits").unwrap().unwrap();
        assert!(hits as usize + killed >= 2, "an update was lost: {hits}");
        assert!(hits <= 2, "an update was made twice: {hits}");
        manager.shutdown().unwrap();
    })
}

type Dict = selvedge::manager::Dict<String, u32, selvedge_harness::Checked>;

fn in_two_steps(dict: &Dict) {
    let hits = dict.get("hits").unwrap().unwrap();
    dict.insert("hits", &(hits + 1)).unwrap();
}

fn at_once(dict: &Dict) {
    dict.update("hits", |hits| hits.map(|hits| hits + 1)).unwrap();
}

fn is_sound(program: impl Fn() -> AnyProgram, kills: u8) -> bool {
    let mut sound = true;
    for (engine, executions) in [(Engine::Sim, 60), (Engine::Real, 20)] {
        let config = Config { shrink: false, ..Config::default() }.engine(engine);
        let config = config.executions(executions).faults(Faults::kills(kills)).ignore_environment();
        let begin = std::time::Instant::now();
        let tally = program().check("law", &config).unwrap().tally;
        println!(
            "{engine:?} {kills}: {:?} {:?} {}",
            begin.elapsed(),
            tally.first.as_ref().map(|f| &f.verdict),
            tally.executions
        );
        assert_eq!(tally.inconclusive, None, "{engine:?}");
        sound &= tally.first.is_none();
    }
    sound
}

#[test]
fn updates_of_one_step_are_all_counted() {
    assert!(is_sound(|| counting(at_once), 0));
}

#[test]
fn updates_of_two_steps_are_lost() {
    assert!(!is_sound(|| counting(in_two_steps), 0));
}

//! Is every mutant caught, by the check that `docs/mutants.md` names, and what is like it but
//! sound not?

use selvedge_harness::Verdict;
use selvedge_harness::prelude::*;
use selvedge_properties::mutant::{mutex, queue, semaphore};
use selvedge_properties::program::{Caught, Subject, hunt};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Programs until a mutant counts as having survived, and those that the sound one must pass.
const PROGRAMS: (u32, u32) = (400, 40);

/// How each program is explored: by the default strategy, every access a step.
fn way() -> [Config; 1] {
    [Config::default().granularity(Granularity::Word).executions(100).ignore_environment()]
}

/// `mutex::check_then_take`: where a mutant stands.
fn place<T>() -> String {
    let path = std::any::type_name::<T>();
    let path = path.rsplit('<').next().unwrap().trim_end_matches('>');
    let mut parts = path.split("::").skip_while(|part| *part != "mutant").skip(1);
    format!("{}::{}", parts.next().unwrap(), parts.next().unwrap())
}

/// Which check caught it.
fn check<T: Subject>(caught: &Caught<T>) -> &'static str {
    match &caught.report.finding.as_ref().expect("it was explained").recording.verdict {
        Verdict::Law { message, .. } if message.contains("that nobody can go on") => "stuck",
        Verdict::Law { .. } => "history",
        Verdict::Livelock { .. } => "livelock",
        other => panic!("an unforeseen check: {other}"),
    }
}

/// The mutants of the table, each with the checks that catch it.
fn table() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mutants.md");
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`').to_owned(), cells[3].to_owned())
    })
    .collect()
}

/// A mutant must be caught as the table says.
fn dies<T: Subject>() {
    let name = place::<T>();
    let caught = match hunt::<T>(PROGRAMS.0, &way()) {
        Ok(counts) => panic!("{name} survived {counts:?}"),
        Err(caught) => caught,
    };
    println!("{name} in program {}\n{caught}\n", caught.programs);
    let rows = table();
    let (_, checks) = rows.iter().find(|row| row.0 == name).expect("docs/mutants.md lists every mutant");
    assert!(checks.split(", ").any(|known| known == check(&caught)), "{name}: {checks}\n{caught}");
}

/// What a mutant would be without its mistake must not be caught.
fn lives<T: Subject>() {
    if let Err(caught) = hunt::<T>(PROGRAMS.1, &way()) {
        panic!("{} is sound, but\n{caught}", place::<T>());
    }
}

macro_rules! mutants {
    ($($test:ident: $module:ident::$subject:ident of $($mutant:ident)*;)*) => {
        $(#[test]
        fn $test() {
            lives::<$module::$subject<$module::Sound>>();
            $(dies::<$module::$subject<$module::$mutant>>();)*
        })*

        fn all() -> BTreeSet<String> {
            BTreeSet::from([$($(place::<$module::$subject<$module::$mutant>>()),*),*])
        }
    };
}

mutants! {
    of_mutexes: mutex::OfLock of CheckThenTake ErasedMark ForgottenSleepers;
    of_semaphores: semaphore::OfPermits of CheckThenTake EarlyLook OneTooMany WokenOnce;
    of_queues: queue::OfBuffer of FirstItemOnly LookAndTake OneTooMany SilentClose SingleLook;
}

#[test]
fn the_table_lists_every_mutant() {
    let listed: BTreeSet<String> = table().into_iter().map(|row| row.0).collect();
    assert_eq!(listed, all());
    for primitive in all().iter().filter_map(|name| name.split("::").next()) {
        let count = all().iter().filter(|name| name.starts_with(&format!("{primitive}::"))).count();
        assert!(count >= 3, "{primitive} has {count} mutants");
    }
}

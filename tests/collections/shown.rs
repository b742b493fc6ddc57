//! Can a vector, an arena and a map be the state of a declared program, and does its trace
//! show the values that they came to?
//!
//! The programs read and then write, so that an addition is lost: there is a trace to look at.

use selvedge::sync::At;
use selvedge_harness::prelude::*;
use selvedge_harness::report::failure;

shareable! {
    struct Room { arena: Arena<i64>, at: At<i64> }
}

shareable! {
    struct Book { pages: SharedMap<u8, u32> }
}

/// What a program that must fail says.
fn said<S: selvedge::Shareable + Send>(program: Program<S>, engine: Engine) -> String {
    let config = Config::default().engine(engine).executions(200).ignore_environment();
    let text = failure(&program.check(&config).unwrap()).expect("an addition can be lost");
    println!("{text}");
    text
}

#[test]
fn a_vector_in_a_programs_state_shows_its_elements() {
    let program = || {
        let vector = || {
            let vector = SharedVec::<u32>::new(2).unwrap();
            vector.push(41).unwrap();
            vector
        };
        Program::new("vector", vector)
            .tasks("adder", 2, |vector, _| {
                let before = vector.get(0).unwrap();
                vector.set(0, before + 1).unwrap();
            })
            .finally(|vector| assert_eq!(vector.to_vec(), [43]))
    };
    for engine in [Engine::Sim, Engine::Real] {
        let text = said(program(), engine);
        assert!(text.contains("-> 41") && text.contains("= 42"), "{text}");
    }
}

#[test]
fn an_arena_in_a_programs_state_shows_its_values() {
    let program = || {
        let room = || {
            let arena = Arena::new(2).unwrap();
            let at = arena.insert(41).unwrap();
            Room { arena, at }
        };
        Program::new("arena", room)
            .tasks("adder", 2, |room, _| {
                let before = room.arena.get(room.at).unwrap();
                room.arena.set(room.at, before + 1).unwrap();
            })
            .finally(|room| assert_eq!(room.arena.to_vec(), [(room.at, 43)]))
    };
    for engine in [Engine::Sim, Engine::Real] {
        let text = said(program(), engine);
        assert!(text.contains("-> 41") && text.contains("= 42"), "{text}");
    }
}

#[test]
fn a_map_in_a_programs_state_shows_its_values() {
    let program = || {
        let book = || {
            let pages = SharedMap::new(2).unwrap();
            pages.insert(1, 41).unwrap();
            Book { pages }
        };
        Program::new("map", book)
            .tasks("adder", 2, |book, _| {
                let before = book.pages.get(&1).unwrap();
                book.pages.insert(1, before + 1).unwrap();
            })
            .finally(|book| assert_eq!(book.pages.get(&1), Some(43)))
    };
    for engine in [Engine::Sim, Engine::Real] {
        let text = said(program(), engine);
        assert!(text.contains("-> 41") && text.contains("= 42"), "{text}");
    }
}

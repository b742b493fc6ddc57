//! Does the README show this program and its real output?

use selvedge_harness::prelude::*;

fn never_oversells() {
    Program::new("tickets", || (Value::new(1), Value::new(0)))
        .tasks("client", 2, |(left, sold), _| {
            if left.get() > 0 {
                left.set(0);
                sold.fetch_add(1);
            }
        })
        .finally(|(_, sold)| assert!(sold.get() <= 1, "oversold"))
        .name("left", |(left, _)| left)
        .name("sold", |(_, sold)| sold)
        .explore(&Config::default())
        .unwrap();
}

/// The program above is the README's, and this is what it says: the test below runs
/// it in a process of its own and compares. It fails as well for who pastes the README's
/// last line.
mod tickets {
    fn is_pasted(token: &str) -> bool {
        include_str!("../README.md").contains(&format!("SELVEDGE_REPLAY={token} "))
    }

    #[test]
    fn never_oversells() {
        let pasted = std::env::var("SELVEDGE_REPLAY").is_ok_and(|token| is_pasted(&token));
        if pasted || std::env::var_os("README_SHOW_THE_FAILURE").is_some() {
            super::never_oversells();
        }
    }
}

/// The fenced blocks of the README, with the word after the fence.
fn blocks() -> Vec<(String, String)> {
    let readme = include_str!("../README.md");
    let parts = readme.split("```").skip(1).step_by(2);
    parts
        .filter_map(|part| part.split_once('\n'))
        .map(|(word, text)| (word.to_owned(), text.to_owned()))
        .collect()
}

#[test]
fn the_readme_shows_this_program_and_its_real_output() {
    let blocks = blocks();
    let code = &blocks.iter().find(|(word, _)| word.starts_with("rust")).expect("a Rust block").1;
    let here = include_str!("readme.rs");
    for line in code.lines().filter(|line| !line.trim_start().starts_with('#')) {
        assert!(here.contains(line), "not in this file: {line}");
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tickets::never_oversells", "--nocapture"])
        .env("README_SHOW_THE_FAILURE", "1")
        .env("RUST_BACKTRACE", "0")
        .env("SELVEDGE_PERSIST", "off")
        .env_remove("SELVEDGE_REPLAY")
        .env_remove("SELVEDGE_SEED")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let start = text.find("tickets: ").expect(&text);
    let end = text.find("\nnote: ").unwrap_or(text.len());
    let shown = &blocks.iter().find(|(word, _)| word == "text").expect("a text block").1;
    assert_eq!(
        shown.trim_end(),
        text[start..end].trim_end(),
        "the README shows something else:\n{}",
        &text[start..end]
    );
}

//! The command that reproduces a finding.
//!
//! What runs is read from the process itself: cargo and nextest tell the package by an
//! environment variable, the name of the executable tells the target, and its arguments or the
//! stack tell the test; the command line says itself that it is one, whatever its
//! executable is called. Where the target is missing, the command line as it was given is the
//! best that can be said; where the test is, all tests of the target: those to which the token
//! does not belong run as usual.

use super::caller::Caller;
use crate::engine::Engine;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

static IS_COMMAND: AtomicBool = AtomicBool::new(false);

/// What is known about the running process.
#[derive(Clone, Debug, Default)]
struct Surroundings {
    package: Option<String>,
    manifest: Option<PathBuf>,
    executable: PathBuf,
    arguments: Vec<String>,
    /// The path of the running test.
    test: Option<String>,
    /// Cargo started it, or something that cargo started.
    by_cargo: bool,
    /// It is the command line, which replays by a subcommand.
    is_command: bool,
}

/// Says that this process is the command line.
pub(crate) fn by_command_line() {
    IS_COMMAND.store(true, Ordering::Relaxed);
}

/// `reproduce: SELVEDGE_REPLAY=... cargo test ...`, for the process that runs this.
pub fn reproduce(token: &str, engine: Engine) -> String {
    format!("reproduce: {}", command(token, engine))
}

/// The same without the word before it.
pub(super) fn command(token: &str, engine: Engine) -> String {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let is_command = IS_COMMAND.load(Ordering::Relaxed);
    let surroundings = Surroundings {
        package: std::env::var("CARGO_PKG_NAME").ok(),
        manifest: std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
        executable: std::env::current_exe().unwrap_or_default(),
        test: exact(&arguments).or_else(|| if is_command { None } else { Caller::test() }),
        arguments,
        by_cargo: std::env::var_os("CARGO").is_some(),
        is_command,
    };
    surroundings.command(token, engine)
}

impl Surroundings {
    fn command(&self, token: &str, engine: Engine) -> String {
        let real = if engine == Engine::Real { "SELVEDGE_ENGINE=real " } else { "" };
        let stem =
            self.executable.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        if self.is_command {
            let real = if engine == Engine::Real { " --engine real" } else { "" };
            return format!("{} replay {token}{real}", self.tool(&stem));
        }
        let hashed = stem
            .rsplit_once('-')
            .filter(|(_, hash)| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let target = match (&self.package, hashed) {
            (Some(package), Some((name, _))) => self.target(package, name).map(|target| (package, target)),
            _ => None,
        };
        if let Some(package) = &self.package
            && self.is_doc_test()
        {
            return format!("{real}SELVEDGE_REPLAY={token} cargo test -p {package} --doc");
        }
        let Some((package, target)) = target else {
            let words: Vec<String> = self.arguments.iter().map(|argument| quote(argument)).collect();
            return format!("{real}SELVEDGE_REPLAY={token} {}", words.join(" "));
        };
        let exact = self.test.as_ref().map_or_else(String::new, |test| format!("--exact {} ", quote(test)));
        // One that is ignored unless it is asked for is asked for again.
        let asks = |argument: &&str| self.arguments.iter().any(|given| given == argument);
        let ignored = ["--ignored", "--include-ignored"].iter().find(|argument| asks(argument));
        let ignored = ignored.map_or_else(String::new, |argument| format!("{argument} "));
        format!(
            "{real}SELVEDGE_REPLAY={token} cargo test -p {package} {target} -- {exact}{ignored}--nocapture"
        )
    }

    /// Whether this is a doc test: rustdoc makes its executable in a folder of its own, and removes
    /// both. Which one it is nobody tells; the others refuse the token.
    fn is_doc_test(&self) -> bool {
        let folder = self.executable.parent().and_then(|folder| folder.file_name());
        folder.is_some_and(|folder| folder.to_string_lossy().starts_with("rustdoctest"))
    }

    /// How the command line is called: through cargo if that runs it where it built it,
    /// since then it need not be on the path.
    fn tool(&self, stem: &str) -> String {
        let profile = self.executable.parent().filter(|_| self.by_cargo);
        let profile = profile.and_then(|folder| {
            // The mark that cargo leaves in its target folder; below that may stand a
            // folder for the machine that was built for.
            let mut above = folder.ancestors().skip(1).take(2);
            let built = above.any(|above| {
                above.ends_with("target")
                    || above.join("CACHEDIR.TAG").exists() && above.join(".rustc_info.json").exists()
            });
            folder.file_name().filter(|_| built)
        });
        // The one that cargo runs by itself here; others are named.
        let bin = if stem == "selvedge" { String::new() } else { format!(" --bin {}", quote(stem)) };
        match profile.map(|name| name.to_string_lossy().into_owned()).as_deref() {
            // As it was called: a path if it was one, for what is not where commands are found.
            None => quote(self.arguments.first().map_or(stem, String::as_str)),
            Some("debug") => format!("cargo run{bin} --"),
            Some("release") => format!("cargo run --release{bin} --"),
            Some(profile) => format!("cargo run --profile {}{bin} --", quote(profile)),
        }
    }

    /// The options of cargo that select the target with this crate name. Several targets
    /// may have it, and nothing tells which one runs: then all of them are named, since
    /// those that have no test of the name do nothing.
    fn target(&self, package: &str, name: &str) -> Option<String> {
        let folder = self.executable.parent()?.file_name()?.to_string_lossy();
        if folder == "examples" {
            return Some(format!(
                "--example {}",
                self.source("examples", name).unwrap_or_else(|| name.to_owned())
            ));
        }
        if folder != "deps" {
            return None;
        }
        let own = name == package.replace('-', "_");
        let has = |file: &str| self.manifest.as_ref().is_some_and(|manifest| manifest.join(file).exists());
        let in_folder =
            |(option, folder): (&str, &str)| self.source(folder, name).map(|file| format!("{option} {file}"));
        let mut options = Vec::new();
        if own && has("src/lib.rs") {
            options.push("--lib".to_owned());
        }
        if own && has("src/main.rs") {
            options.push(format!("--bin {package}"));
        }
        options.extend([("--test", "tests"), ("--bin", "src/bin")].into_iter().filter_map(in_folder));
        if options.is_empty() {
            let rarer = [("--example", "examples"), ("--bench", "benches")].into_iter().find_map(in_folder);
            // Cargo.toml says where it lies; to cargo `?` is any character, a hyphen too.
            let any = || quote(&name.replace('_', "?"));
            let unseen = || if own { "--lib".to_owned() } else { format!("--test {}", any()) };
            options.push(rarer.unwrap_or_else(unseen));
        }
        Some(options.join(" "))
    }

    /// The name of the target in `folder` whose crate is called `name`: crate names have
    /// underscores where targets may have hyphens.
    fn source(&self, folder: &str, name: &str) -> Option<String> {
        let entries = std::fs::read_dir(self.manifest.as_ref()?.join(folder)).ok()?;
        let names = entries.flatten().filter_map(|entry| {
            let path = entry.path();
            let is_target =
                path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists();
            is_target.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).flatten()
        });
        names.into_iter().find(|stem| stem.replace('-', "_") == name)
    }
}

/// The test named on the command line, if `--exact` says that it is one and there is no other.
fn exact(arguments: &[String]) -> Option<String> {
    const WITH_VALUE: [&str; 7] =
        ["--test-threads", "--skip", "--format", "--color", "--logfile", "--shuffle-seed", "-Z"];
    if !arguments.iter().any(|argument| argument == "--exact") {
        return None;
    }
    let mut named = Vec::new();
    let mut arguments = arguments.iter().skip(1);
    while let Some(argument) = arguments.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            arguments.next();
        } else if !argument.starts_with('-') {
            named.push(argument);
        }
    }
    named.first().filter(|_| named.len() == 1).map(|test| (*test).clone())
}

/// A word as a shell reads it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(executable: &str, test: Option<&str>, arguments: &[&str]) -> Surroundings {
        Surroundings {
            package: Some("my-shop".to_owned()),
            manifest: None,
            executable: PathBuf::from(executable),
            arguments: [executable].iter().chain(arguments).map(|&word| word.to_owned()).collect(),
            test: test.map(str::to_owned),
            by_cargo: true,
            is_command: false,
        }
    }

    #[test]
    fn a_test_is_run_alone() {
        let process = process("/t/debug/deps/races-0123456789abcdef", Some("stock::oversells"), &[]);
        let expected = "SELVEDGE_REPLAY=sv1:AB cargo test -p my-shop --test races -- --exact stock::oversells --nocapture";
        assert_eq!(process.command("sv1:AB", Engine::Sim), expected);
        assert_eq!(process.command("sv1:AB", Engine::Real), format!("SELVEDGE_ENGINE=real {expected}"));
    }

    #[test]
    fn a_test_is_named_by_the_arguments() {
        let named = |arguments: &[&str]| {
            exact(&[&["races"], arguments].concat().iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
        };
        let own = Some("oversells".to_owned());
        assert_eq!(named(&["--test-threads", "1", "--exact", "oversells", "--nocapture"]), own);
        assert_eq!(named(&["oversells", "--exact", "--skip", "other"]), own);
        // A part of a name, and one of several.
        assert_eq!(named(&["--test-threads=1", "over"]), None);
        assert_eq!(named(&["--exact", "oversells", "undersells"]), None);
    }

    #[test]
    fn all_tests_are_run_where_it_is_not_known_which() {
        let process = process("/t/debug/deps/races-0123456789abcdef", None, &["over"]);
        let expected = "SELVEDGE_REPLAY=sv1:AB cargo test -p my-shop --test races -- --nocapture";
        assert_eq!(process.command("sv1:AB", Engine::Sim), expected);
    }

    #[test]
    fn a_test_that_is_usually_ignored_is_not() {
        for argument in ["--ignored", "--include-ignored"] {
            let process = process("/t/debug/deps/races-0123456789abcdef", Some("oversells"), &[argument]);
            let expected = format!("--test races -- --exact oversells {argument} --nocapture");
            assert!(process.command("sv1:AB", Engine::Sim).ends_with(&expected));
        }
    }

    #[test]
    fn unit_tests_are_in_the_library() {
        let process = process("/t/debug/deps/my_shop-0123456789abcdef", Some("tests::oversells"), &[]);
        assert!(
            process.command("sv1:AB", Engine::Sim).contains(" -p my-shop --lib -- --exact tests::oversells ")
        );
    }

    #[test]
    fn targets_of_the_same_name_are_all_selected() {
        let manifest = std::env::temp_dir().join(format!("selvedge-targets-{}", std::process::id()));
        let mut process = process("/t/debug/deps/my_shop-0123456789abcdef", Some("oversells"), &[]);
        process.manifest = Some(manifest.clone());
        for (file, selected) in [
            ("src/main.rs", " --bin my-shop -- "),
            ("src/lib.rs", " --lib --bin my-shop -- "),
            ("tests/my_shop.rs", " --lib --bin my-shop --test my_shop -- "),
        ] {
            let file = manifest.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "").unwrap();
            let command = process.command("sv1:AB", Engine::Sim);
            assert!(command.contains(selected), "{command}");
        }
        std::fs::remove_dir_all(&manifest).unwrap();
    }

    #[test]
    fn an_example_is_told_by_its_folder() {
        let process = process("/t/debug/examples/demo-0123456789abcdef", None, &[]);
        assert!(process.command("sv1:AB", Engine::Sim).contains(" --example demo "));
    }

    #[test]
    fn a_test_that_lies_elsewhere_may_have_hyphens() {
        let process = process("/t/debug/deps/odd_name-0123456789abcdef", Some("oversells"), &[]);
        assert!(process.command("sv1:AB", Engine::Sim).contains(" --test 'odd?name' -- --exact oversells "));
    }

    #[test]
    fn a_doc_test_is_run_by_cargo() {
        let process = process("/tmp/rustdoctestAbC/rust_out", None, &[]);
        assert_eq!(
            process.command("sv1:AB", Engine::Sim),
            "SELVEDGE_REPLAY=sv1:AB cargo test -p my-shop --doc"
        );
    }

    #[test]
    fn other_executables_are_run_as_they_were() {
        let process = process("/x/rust_out", None, &["two words", "it's"]);
        assert_eq!(
            process.command("sv1:AB", Engine::Sim),
            r"SELVEDGE_REPLAY=sv1:AB /x/rust_out 'two words' 'it'\''s'"
        );
    }

    #[test]
    fn the_command_runs_again_as_it_was_run() {
        let tool = |executable: &str, by_cargo| {
            let process = process(executable, None, &["explore", "x"]);
            let tool = Surroundings { by_cargo, is_command: true, ..process };
            tool.command("sv1:AB", Engine::Sim)
        };
        assert_eq!(tool("/x/target/release/selvedge", true), "cargo run --release -- replay sv1:AB");
        assert_eq!(tool("/x/target/debug/selvedge", true), "cargo run -- replay sv1:AB");
        assert_eq!(
            tool("/x/target/x86_64-y/small/selvedge", true),
            "cargo run --profile small -- replay sv1:AB"
        );
        assert_eq!(tool("/x/target/release/selvedge", false), "/x/target/release/selvedge replay sv1:AB");
        // One with scenarios of its own may have any name.
        assert_eq!(tool("/x/target/debug/shop", true), "cargo run --bin shop -- replay sv1:AB");
        assert_eq!(tool("/x/shop", false), "/x/shop replay sv1:AB");
        // Called by its name alone, it is found where commands are found.
        let called = |name: &str| Surroundings {
            arguments: vec![name.to_owned(), "explore".to_owned()],
            is_command: true,
            ..process("/usr/bin/selvedge", None, &[])
        };
        assert_eq!(called("selvedge").command("sv1:AB", Engine::Sim), "selvedge replay sv1:AB");
        let real = called("../my bin/selvedge").command("sv1:AB", Engine::Real);
        assert_eq!(real, "'../my bin/selvedge' replay sv1:AB --engine real");
    }
}

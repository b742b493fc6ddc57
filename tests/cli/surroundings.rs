//! What does the command say where it cannot have what it needs of its surroundings? One line
//! that names the thing, a code that tells whose fault it is, and an end.

use crate::room::{Room, told};
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs `script` in the room by sh(1), with the command as `$0`; it has to come to an end.
fn shell(room: &Room, script: &str) -> (i32, String, String) {
    let own = room.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(own.get_program()).current_dir(room.path()).stdin(Stdio::null());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    // All of them say little, so the pipes hold it.
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{script}: hangs");
        }
        std::thread::yield_now();
    }
    told(child.wait_with_output().unwrap())
}

/// Programs with files, whoever makes them, in each engine; others need no folder.
#[test]
fn a_folder_for_temporary_files_is_asked_for_by_its_variable() {
    let room = Room::new();
    let file = room.path().join("file");
    fs::write(&file, "").unwrap();
    let run = |line: &[&str], folder: &str| -> Output {
        room.command(line).env("TMPDIR", folder).output().unwrap()
    };
    let missing = room.path().join("missing");
    for (folder, why) in [
        (missing.to_str().unwrap(), "No such file or directory (os error 2)"),
        (file.to_str().unwrap(), "Not a directory (os error 20)"),
        ("/proc", "No such file or directory (os error 2)"),
    ] {
        let wanted = format!(
            "selvedge: TMPDIR: the folder for temporary files, {folder}, cannot be written to: {why}; name one \
             that can\n"
        );
        for line in [
            // Made by the set-up; by a task; by neither, and asked for before anything is run.
            &["explore", "ticket-file:clients=2", "--executions", "9"][..],
            &["explore", "ticket-file:clients=2", "--executions", "9", "--json"],
            &["explore", "tftp", "--executions", "9"],
            &["census", "ticket-file:clients=2"],
            &["census", "ticket-file:clients=2", "--exhaust"],
            &["--executions", "9"],
        ] {
            for engine in ["sim", "real", "wild"] {
                if engine == "wild" && !line.contains(&"explore") {
                    continue;
                }
                let (code, out, err) = told(run(&[line, &["--engine", engine]].concat(), folder));
                assert_eq!((code, &*out, &*err), (2, "", &*wanted), "{line:?} in {engine}");
            }
        }
        let (code, _, err) = told(run(&["explore", "ticket", "--executions", "9"], folder));
        assert!(code < 2 && err.is_empty(), "{err}");
    }
    for name in ["ticket-file:clients=2", "tftp"] {
        let token = crate::token(&room, name, "racy");
        for command in ["replay", "shrink"] {
            let (code, out, err) = told(run(&[command, &token], "/proc"));
            assert_eq!((code, &*out), (2, ""), "{err}");
            assert!(err.starts_with("selvedge: TMPDIR: the folder for temporary files, /proc, "), "{err}");
        }
    }
}

/// Too few to explore with, and enough: in between nothing waits for what cannot come.
#[test]
fn too_few_descriptors_are_told() {
    let room = Room::new();
    for most in 4..12 {
        for engine in ["sim", "real", "wild"] {
            let script = format!(
                "ulimit -n {most}; \
                 exec $0 explore ticket:clients=3 --variant locked --executions 9 --engine {engine}"
            );
            let (code, _, err) = shell(&room, &script);
            // The loader of programs needs some, too, and has a code of its own; and who works for
            // the command may have none left in the moment in which its supervisor has none.
            let is_told = code == 0 && err.is_empty()
                || matches!(code, 70 | 127)
                    && (1..3).contains(&err.lines().count())
                    && err.lines().all(|line| line.contains("rror 24"));
            assert!(is_told, "{most} in {engine}: {code}, {err}");
        }
    }
}

#[test]
fn too_little_memory_is_told() {
    let room = Room::new();
    for (options, what) in [
        ("--engine sim", "mapping an arena: Cannot allocate memory (os error 12)"),
        ("--engine real", "the controller of the real engine could not map its arena: ENOMEM: Out of memory"),
        // Before any of them begins.
        (
            "--engine sim --jobs 1024",
            "starting a thread for fibers: Resource temporarily unavailable (os error 11)",
        ),
    ] {
        let script =
            format!("ulimit -v 200000; exec $0 explore ticket --variant locked --executions 9999 {options}");
        let (code, out, err) = shell(&room, &script);
        assert_eq!((code, &*out, &*err), (70, "", &*format!("selvedge: {what}\n")), "{options}");
    }
}

#[test]
fn nothing_else_is_missed() {
    let room = Room::new();
    let line = "explore ticket --variant locked --executions 9";
    for script in [
        format!("unset HOME PATH LANG; exec $0 {line}"),
        format!("exec $0 {line} <&- >&- 2>&-"),
        format!("mkdir gone; cd gone; rmdir ../gone; exec $0 {line} --engine real"),
    ] {
        let (code, _, err) = shell(&room, &script);
        assert_eq!((code, &*err), (0, ""), "{script}");
    }
    let (code, _, err) = shell(&room, &format!("exec $0 {line} >/dev/full"));
    let full = "standard output cannot be written to: No space left on device (os error 28)";
    assert_eq!((code, &*err), (2, &*format!("selvedge: {full}\n")));
    let (code, _, err) = shell(&room, "mkdir gone; cd gone; rmdir ../gone; exec $0 --executions 9");
    let gone =
        "the report folder selvedge-report cannot be written to: No such file or directory (os error 2)";
    assert_eq!((code, &*err), (2, &*format!("selvedge: {gone}\n")));
    assert!(room.is_empty());
}

//! The three ways in which a process begins.
//!
//! When a process dies here, a test asked for it.

use rusty_fork::rusty_fork_test;
use selvedge::process::{StartMethod, set_start_method, start_method};
use selvedge::{Connection, Error, ExitStatus, Process, active_children, current_process, entry, exit, pipe};
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

entry! {
    /// Tells who it is, and what it was given.
    static TELL((tell, number): (Connection, u32)) {
        let me = current_process();
        let parent = me.parent().map(|parent| parent.pid);
        let key = me.authkey().as_bytes().to_vec();
        tell.send(&(me.name(), me.is_daemon(), parent, key, start_method(), number)).unwrap();
    }
}

entry! {
    /// Tells whether it has the descriptor with this number, and how many there are.
    static LOOK((tell, fd): (Connection, i32)) {
        let has = std::path::Path::new(&format!("/proc/self/fd/{fd}")).exists();
        // One of them is that by which the folder is read.
        let count = std::fs::read_dir("/proc/self/fd").unwrap().count() - 1;
        tell.send(&(has, count)).unwrap();
    }
}

entry! {
    /// Ends as it is told.
    static END(how: Option<i32>) {
        match how {
            Some(code @ 0..) => exit(code),
            Some(_) => loop {
                selvedge::sleep(LONG);
            },
            None => panic!("told to panic"),
        }
    }
}

entry! {
    /// Passes on what it was given to a child of its own, and tells both numbers.
    static PASS_ON(tell: Connection) {
        tell.send(&1_u32).unwrap();
        let mut grandchild = Process::entry(&LAST, tell).method(start_method());
        grandchild.start().unwrap();
        assert!(grandchild.join().unwrap().success());
    }
}

entry! {
    static LAST(tell: Connection) {
        tell.send(&2_u32).unwrap();
    }
}

fn each(test: impl Fn(StartMethod)) {
    StartMethod::ALL.into_iter().for_each(test);
}

fn begin<T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static>(
    method: StartMethod,
    entry: &'static selvedge::process::Entry<T>,
    argument: T,
) -> Process {
    let mut child = Process::entry(entry, argument).method(method);
    child.start().unwrap();
    child
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_mpproc_02_a_child_knows_who_it_is_however_it_began() {
        each(|method| {
            let (mut told, tell) = pipe(false).unwrap();
            let mut child = Process::entry(&TELL, (tell, 7)).name("named").daemon(true).method(method);
            child.start().unwrap();
            let (name, daemon, parent, key, seen, number) =
                told.recv::<(String, bool, Option<u32>, Vec<u8>, StartMethod, u32)>().unwrap();
            assert!(child.join().unwrap().success(), "{method}");
            assert_eq!((name.as_str(), daemon, parent, number), ("named", true, Some(std::process::id()), 7));
            assert_eq!((key.as_slice(), seen), (current_process().authkey().as_bytes(), StartMethod::Fork));
            assert!(active_children().is_empty());
            assert!(matches!(told.recv::<u8>(), Err(Error::EndOfFile)), "a copy of the end is somewhere: {method}");
        });
    }

    #[test]
    fn c_mpproc_07_every_end_is_told_however_it_began() {
        each(|method| {
            let (code, panic, idle) = (begin(method, &END, Some(23)), begin(method, &END, None), begin(method, &END, Some(-1)));
            assert_eq!(code.join().unwrap(), ExitStatus::Code(23), "{method}");
            assert_eq!(panic.join().unwrap(), ExitStatus::Code(101), "{method}");
            assert_eq!(panic.panic_message().as_deref(), Some("told to panic"), "{method}");
            assert!(idle.is_alive() && idle.join_timeout(Duration::from_millis(1)).unwrap().is_none());
            idle.kill().unwrap();
            assert_eq!(idle.join().unwrap(), ExitStatus::Signal(9), "{method}");
            assert!(!idle.is_alive() && idle.kill().is_ok());
        });
    }

    #[test]
    fn c_mpproc_22_only_a_forked_child_inherits_descriptors() {
        let file = File::open("/dev/null").unwrap();
        // As high as nobody else is, and not marked to be closed.
        // SAFETY: the call copies a descriptor to a number that nobody uses.
        let high = unsafe { nix::libc::fcntl(file.as_raw_fd(), nix::libc::F_DUPFD, 500) };
        assert!(high >= 500);
        each(|method| {
            let (mut told, tell) = pipe(false).unwrap();
            let child = begin(method, &LOOK, (tell, high));
            let (has, count) = told.recv::<(bool, usize)>().unwrap();
            child.join().unwrap();
            assert_eq!(has, method == StartMethod::Fork, "{method}");
            // The standard streams, the pipe it was given, and the way to report a panic.
            assert!(has || count <= 5, "{method}: {count} descriptors");
        });
    }

    #[test]
    fn c_mpproc_23_a_child_never_comes_to_main() {
        // What this process does first, a child that came to `main` would do again.
        let (mut seen, out) = std::io::pipe().unwrap();
        let parent = Process::spawn(move || {
            nix::unistd::dup2_stdout(&out).unwrap();
            drop(out);
            println!("123");
            each(|method| assert!(begin(method, &END, Some(0)).join().unwrap().success()));
        });
        let mut text = String::new();
        seen.read_to_string(&mut text).unwrap();
        assert!(parent.join().unwrap().success());
        assert_eq!(text, "123\n");
        // A closure cannot go where nothing of this process is.
        for method in [StartMethod::Spawn, StartMethod::ForkServer] {
            let mut closure = Process::new(|| ()).method(method).name("lost");
            let error = closure.start().unwrap_err();
            assert!(matches!(error, Error::NeedsEntry { .. }));
            assert!(error.to_string().starts_with("process lost runs a closure, which "), "{error}");
            let mut closure = closure.method(StartMethod::Fork);
            closure.start().unwrap();
            assert!(closure.join().unwrap().success(), "it can be tried again");
        }
    }

    #[test]
    fn c_mpproc_24_a_start_method_is_chosen_once() {
        assert_eq!(start_method(), StartMethod::Fork);
        let texts = StartMethod::ALL.map(|method| method.to_string());
        assert_eq!(texts, ["fork", "spawn", "forkserver"]);
        assert_eq!("spawn".parse::<StartMethod>().unwrap(), StartMethod::Spawn);
        let error = "thread".parse::<StartMethod>().unwrap_err().to_string();
        assert!(error.ends_with("must be fork, spawn or forkserver"), "{error}");
        set_start_method(StartMethod::Spawn, false).unwrap();
        let error = set_start_method(StartMethod::Fork, false).unwrap_err().to_string();
        assert!(error.contains("spawn, which was chosen before"), "{error}");
        for method in StartMethod::ALL {
            set_start_method(method, true).unwrap();
            let (mut told, tell) = pipe(false).unwrap();
            let mut child = Process::entry(&TELL, (tell, 0));
            child.start().unwrap();
            let seen = told.recv::<(String, bool, Option<u32>, Vec<u8>, StartMethod, u32)>().unwrap().4;
            assert_eq!((seen, child.join().unwrap().success()), (method, true));
        }
    }

    #[test]
    fn c_mpproc_26_a_child_passes_on_what_it_was_given() {
        each(|method| {
            set_start_method(method, true).unwrap();
            let (mut told, tell) = pipe(false).unwrap();
            let child = begin(method, &PASS_ON, tell);
            let mut numbers = [told.recv::<u32>().unwrap(), told.recv::<u32>().unwrap()];
            numbers.sort_unstable();
            assert_eq!(numbers, [1, 2]);
            assert!(child.join().unwrap().success());
            assert!(matches!(told.recv::<u32>(), Err(Error::EndOfFile)), "{method}");
        });
    }

    #[test]
    fn c_mpproc_27_the_death_of_a_fork_server_is_survived() {
        // A shell has what it runs in the background ignore SIGINT, and so would the server.
        let interrupt = selvedge::signal::Signal::SIGINT;
        selvedge::Signals::set(interrupt, selvedge::signal::Action::Default).unwrap();
        for signal in [nix::sys::signal::Signal::SIGINT, nix::sys::signal::Signal::SIGKILL] {
            assert_eq!(begin(StartMethod::ForkServer, &END, Some(3)).join().unwrap(), ExitStatus::Code(3));
            let running = begin(StartMethod::ForkServer, &END, Some(-1));
            let server = servers();
            assert_eq!(server.len(), 1, "there is one server");
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(server[0].cast_signed()), signal).unwrap();
            selvedge::sys::death::await_death(server[0]);
            // Its child runs on; how that ends nobody knows.
            assert!(running.is_alive());
            running.kill().unwrap();
            assert_eq!(running.join().unwrap(), ExitStatus::Unknown);
            assert_eq!(begin(StartMethod::ForkServer, &END, Some(4)).join().unwrap(), ExitStatus::Code(4));
            assert_ne!(servers(), server);
        }
    }

    #[test]
    fn c_mpproc_27_a_start_that_its_server_does_not_survive_says_so() {
        use nix::sys::signal::{Signal, kill};
        assert_eq!(begin(StartMethod::ForkServer, &END, Some(3)).join().unwrap(), ExitStatus::Code(3));
        let server = nix::unistd::Pid::from_raw(servers()[0].cast_signed());
        kill(server, Signal::SIGSTOP).unwrap();
        let starter = nix::unistd::gettid();
        let killer = std::thread::spawn(move || {
            // Until the order is sent, and the answer waited for.
            let waits = [nix::libc::SYS_recvmsg, nix::libc::SYS_poll, nix::libc::SYS_ppoll].map(|call| format!("{call} "));
            let call = || std::fs::read_to_string(format!("/proc/self/task/{starter}/syscall")).unwrap();
            while !waits.iter().any(|wait| call().starts_with(wait)) {
                std::thread::yield_now();
            }
            kill(server, Signal::SIGKILL).unwrap();
        });
        let mut child = Process::entry(&END, Some(4)).method(StartMethod::ForkServer);
        let error = child.start().unwrap_err().to_string();
        assert!(error.contains("it died before it answered"), "{error}");
        killer.join().unwrap();
        // What was not started can be tried again.
        child.start().unwrap();
        assert_eq!(child.join().unwrap(), ExitStatus::Code(4));
    }
}

/// The children of this process that are fork servers and run.
fn servers() -> Vec<u32> {
    let me = std::process::id();
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|pid: &u32| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let child = fields.get(1).is_some_and(|parent| *parent == me.to_string()) && fields[0] != "Z";
        child && line.contains("fork_server")
    })
    .collect()
}

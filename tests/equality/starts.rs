//! How other tasks begin: what they get from the one that starts them, and what it does with them
//! in the end.

use super::objects::{Own, SHORT};
use super::rows::{Row, closure, named};
use selvedge::Error;
use selvedge_harness::prelude::*;
use std::os::unix::net::UnixStream;

/// Starts a task that does a job.
pub(crate) type Start = Row<fn(Job, &mut Own) -> Result<(), Error>>;

/// What another task does.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// What a task gets from the one that starts it.
pub(crate) type Luggage = Row<fn(&mut Own) -> Result<Own, Error>>;

fn process(job: Job) -> Process {
    Process::new(job).despite_threads()
}

/// Processes.
pub(crate) const PROCESSES: &[Start] = named! { (job, own)
    "process, joined" => {
        let mut process = process(job);
        process.start()?;
        process.join().map(drop)
    };
    "process, joined in the end" => {
        let mut process = process(job);
        process.start()?;
        own.processes.push(process);
        Ok(())
    };
    "process, joined for a while" => {
        let mut process = process(job);
        process.start()?;
        _ = process.join_timeout(SHORT);
        own.processes.push(process);
        Ok(())
    };
    "process, asked for" => {
        let mut process = process(job);
        process.start()?;
        _ = process.is_alive();
        own.processes.push(process);
        Ok(())
    };
    "process, dropped" => process(job).start();
    "process, detached" => {
        let mut process = process(job);
        process.start()?;
        process.detach()
    };
    "process, killed" => {
        let mut process = process(job);
        process.start()?;
        process.kill()?;
        process.join().map(drop)
    };
    "process, terminated" => {
        let mut process = process(job);
        process.start()?;
        process.terminate()?;
        own.processes.push(process);
        Ok(())
    };
    "process, signalled" => {
        let mut process = process(job);
        process.start()?;
        process.signal(Signal::SIGUSR1)?;
        own.processes.push(process);
        Ok(())
    };
    "daemon" => {
        let mut process = process(job).daemon(true);
        process.start()?;
        own.processes.push(process);
        Ok(())
    };
    "daemon, dropped" => process(job).daemon(true).start();
};

/// Threads.
pub(crate) const THREADS: &[Start] = named! { (job, own)
    "thread, joined" => {
        _ = thread::spawn(job).join();
        Ok(())
    };
    "thread, joined in the end" => {
        own.threads.push(thread::spawn(job));
        Ok(())
    };
    "thread, joined for a while" => {
        if let Err(thread) = thread::spawn(job).join_timeout(SHORT) {
            own.threads.push(thread);
        }
        Ok(())
    };
    "thread, asked for" => {
        let thread = thread::spawn(job);
        _ = thread.is_finished();
        own.threads.push(thread);
        Ok(())
    };
    "thread, detached" => {
        drop(thread::spawn(job));
        Ok(())
    };
    "thread as an object, joined" => {
        let mut thread = thread::Thread::new(job).name("object");
        thread.start()?;
        _ = thread.join_timeout(SHORT)?;
        thread.join().map(drop)
    };
    "daemon thread" => thread::Thread::new(job).daemon(true).start();
    "timer" => {
        let mut timer = thread::Timer::new(SHORT, job);
        timer.start()?;
        timer.join().map(drop)
    };
    "timer, cancelled" => {
        let mut timer = thread::Timer::new(SHORT, job);
        timer.start()?;
        step();
        timer.cancel();
        timer.join().map(drop)
    };
    "agenda" => {
        let agenda = thread::Agenda::new();
        agenda.enter(SHORT, 0, job);
        agenda.run();
        Ok(())
    };
};

/// What any task can get.
pub(crate) const LUGGAGE: &[Luggage] = named! { (own)
    "with nothing" => Ok(Own::default());
    "with a pipe" => {
        let (near, far) = pipe(true)?;
        own.connection = Some(near);
        Ok(Own { connection: Some(far), ..Own::default() })
    };
    "with the writing end of a pipe" => {
        let (reader, writer) = pipe(false)?;
        own.connection = Some(reader);
        Ok(Own { connection: Some(writer), ..Own::default() })
    };
    "with a socket" => {
        let (near, far) = UnixStream::pair().unwrap();
        own.socket = Some(Stream::new(near));
        Ok(Own { socket: Some(Stream::new(far)), ..Own::default() })
    };
    "with a receiver" => {
        let (sender, receiver) = spsc(2)?;
        own.sender = Some(sender);
        Ok(Own { receiver: Some(receiver), ..Own::default() })
    };
    "with a sender" => {
        let (sender, receiver) = spsc(2)?;
        own.receiver = Some(receiver);
        Ok(Own { sender: Some(sender), ..Own::default() })
    };
};

/// What only a thread can get, from another one of its process.
pub(crate) const AMONG_THREADS: &[Luggage] = named! { (own)
    "with the lock on the heap" => Ok(Own { lock: Some(own.lock()), ..Own::default() });
};

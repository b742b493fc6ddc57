//! Runs executions of one program on one side, so that a profiler or an instruction
//! counter sees nothing else: `one SIDE PROGRAM EXECUTIONS`.

use selvedge_bench::subject::{Side, Subject, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match parse(&words) {
        Ok((side, subject, executions)) => {
            println!("{}", run(side, subject, executions));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("one: {message}");
            ExitCode::from(2)
        }
    }
}

fn parse(words: &[String]) -> Result<(Side, Subject, u64), String> {
    let [side, subject, executions] = words else {
        return Err("wants three words, as in: one static i 1000".to_owned());
    };
    let executions = executions.parse().ok().filter(|&number: &u64| number > 0);
    let executions = executions.ok_or("executions are a number of at least 1, as in 1000")?;
    Ok((Side::named(side)?, Subject::named(subject)?, executions))
}

//! What a program is called that was given no name: after the function whose code it is.
//!
//! Called for dynamic programs. Tokens and kept schedules belong to a program by its name, so
//! it must stay when lines are added above, and differ from that of any other program.
//!
//! | what is explored | its name |
//! |---|---|
//! | a closure | the path of the function in which it stands: `shop::tests::never_oversells` |
//! | a function | its path |
//! | something behind a pointer, in a test | the file and the name of the test's thread |
//! | the same elsewhere | file and line |
//!
//! 1. Of several explorations in one function the second to come is called `... (2)`, and so on:
//!    the compiler does not say which closure of a function it is.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Where a call stands: file, line and column.
type Site = (&'static str, u32, u32);

/// The name of the program `F` that is explored at `site`.
pub(super) fn name_of<F>(site: &'static Location<'static>) -> String {
    static SITES: LazyLock<Mutex<HashMap<String, Vec<Site>>>> = LazyLock::new(Mutex::default);
    let thread = std::thread::current();
    let name = base(std::any::type_name::<F>(), thread.name(), site);
    let mut sites = SITES.lock().unwrap_or_else(PoisonError::into_inner);
    let sites = sites.entry(name.clone()).or_default();
    let site = (site.file(), site.line(), site.column());
    let number = sites.iter().position(|&known| known == site).unwrap_or_else(|| {
        sites.push(site);
        sites.len() - 1
    });
    if number == 0 { name } else { format!("{name} ({})", number + 1) }
}

fn base(code: &str, thread: Option<&str>, site: &Location<'_>) -> String {
    const CLOSURE: &str = "::{{closure}}";
    let path = code.trim_start_matches('&');
    let is_path = path.chars().all(|c| c.is_alphanumeric() || "_:".contains(c));
    if path.ends_with(CLOSURE) || is_path {
        return path.trim_end_matches(CLOSURE).to_owned();
    }
    match thread {
        Some(test) if test != "main" => format!("{} {test}", site.file()),
        _ => format!("{}:{}", site.file(), site.line()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name<F: Fn()>(_: &F, site: &'static Location<'static>) -> String {
        name_of::<F>(site)
    }

    fn here() {}

    #[test]
    fn a_program_is_called_after_its_function() {
        let own = "selvedge_harness::program::named::tests";
        let (first, second) = (|| (), || ());
        let test = format!("{own}::a_program_is_called_after_its_function");
        let [one, two] = [0, 1].map(|column| if column == 0 { Location::caller() } else { other() });
        assert_eq!(name(&first, one), test);
        // Another place in the same function; and again the first one.
        assert_eq!(name(&second, two), format!("{test} (2)"));
        assert_eq!(name(&first, one), test);
        assert_eq!(name(&here, one), format!("{own}::here"));
        assert_eq!(name(&&here, one), format!("{own}::here"));
    }

    #[track_caller]
    fn other() -> &'static Location<'static> {
        Location::caller()
    }

    #[test]
    fn what_is_behind_a_pointer_is_called_after_its_test() {
        let behind: Box<dyn Fn()> = Box::new(|| ());
        let site = Location::caller();
        let test = std::thread::current().name().unwrap().to_owned();
        assert_eq!(name(&behind, site), format!("{} {test}", site.file()));
        assert_eq!(base("fn()", Some("main"), site), format!("{}:{}", site.file(), site.line()));
    }
}

//! A type's name as those write it who use the type.
//!
//! Called by [`header`](super::header) and by whatever refuses memory because of its type.
//!
//! 1. The names of other crates stay as they are: two types of a program may differ by their
//!    modules alone.
//!
//! When a process dies here, there is nothing to lose.

/// Crates whose types are known by their last names.
const KNOWN: [&str; 4] = ["selvedge::", "core::", "alloc::", "std::"];

/// `name` without the modules of this crate and of the standard library, and without the
/// platform `platform`, which nobody writes: `Shared<Value<u32>>`.
pub(super) fn spelled(name: &str, platform: &str) -> String {
    let mut spelled = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let end = rest.find(|c| is_path(c) != rest.starts_with(is_path)).unwrap_or(rest.len());
        let (word, next) = rest.split_at(end);
        rest = next;
        if word == platform {
            // It is the only parameter, or one of several.
            match spelled.strip_suffix(", ") {
                Some(before) => spelled.truncate(before.len()),
                None => rest = rest.strip_prefix(", ").unwrap_or(rest),
            }
            continue;
        }
        let known = KNOWN.iter().any(|known| word.starts_with(known));
        let last = word.rsplit("::").next().filter(|_| known);
        spelled.push_str(last.unwrap_or(word));
    }
    spelled.replace("<>", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_they_are_written() {
        for (given, expected) in [
            ("u32", "u32"),
            ("[core::option::Option<(u8, alloc::string::String)>; 3]", "[Option<(u8, String)>; 3]"),
            ("selvedge::shm::memory::SharedMemory<selvedge::platform::native::Native>", "SharedMemory"),
            ("selvedge::a::Vec<shop::Item<u8>, selvedge::platform::native::Native>", "Vec<shop::Item<u8>>"),
            ("selvedge::a::B<selvedge::platform::native::Native, selvedge::c::D>", "B<D>"),
            ("&'static str", "&'static str"),
        ] {
            assert_eq!(spelled(given, "selvedge::platform::native::Native"), expected);
            let other = given.replace("selvedge::platform::native::Native", "shop::Checked");
            assert_eq!(spelled(&other, "shop::Checked"), expected);
        }
    }
}

//! Rows of the tables that programs are drawn from: something to do, under the name by which a
//! program is shown.

use std::fmt;

/// A row.
#[derive(Clone, Copy)]
pub(crate) struct Row<F> {
    pub(crate) name: &'static str,
    pub(crate) run: F,
}

impl<F> fmt::Debug for Row<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A closure over the names that a table gives its rows, which need not use them.
macro_rules! closure {
    (($($name:ident),*) $code:expr) => {
        |$($name),*| {
            $(_ = &$name;)*
            $code
        }
    };
}

/// A table whose rows are named by what they do: each expression is a row.
macro_rules! named_by_code {
    ($names:tt $($code:expr;)*) => {
        &[$(Row { name: stringify!($code), run: closure!($names _ = $code) }),*]
    };
}

/// A table whose rows have names.
macro_rules! named {
    ($names:tt $($name:expr => $code:expr;)*) => {
        &[$(Row { name: $name, run: closure!($names $code) }),*]
    };
}

pub(crate) use {closure, named, named_by_code};

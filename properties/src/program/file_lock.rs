//! Programs over a lock on a file; what they are run on stands with its
//! [mutants](crate::mutant::file_lock).

use super::subject::Generate;
use crate::spec::{FileLock, FileLockOp};
use proptest::prelude::*;

impl Generate for FileLock {
    fn ops() -> BoxedStrategy<FileLockOp> {
        prop_oneof![
            1 => Just(FileLockOp::TryRead),
            1 => Just(FileLockOp::TryRaise),
            3 => Just(FileLockOp::Read),
            4 => Just(FileLockOp::Raise),
        ]
        .boxed()
    }
}

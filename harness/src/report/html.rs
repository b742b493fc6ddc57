//! stub
use crate::program::Report;
/// Page
pub fn html(_: &[(&str, &Report)]) -> String { String::new() }

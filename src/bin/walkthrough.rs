//! The whole walk.
fn main() {}

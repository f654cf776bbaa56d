//! The test kit: builders, a fake clock, `TestApp`.

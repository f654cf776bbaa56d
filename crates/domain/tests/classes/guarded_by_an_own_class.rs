use domain::{Grant, Guarded};

struct Leaky(String);

impl Guarded for Leaky {
    type Value = String;
    const CLASS: &'static str = "confidential";
    fn guard(value: String) -> Self {
        Self(value)
    }
    fn value(&self, _: &Grant) -> &String {
        &self.0
    }
}

fn main() {}

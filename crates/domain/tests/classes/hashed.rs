fn hash(_: impl std::hash::Hash) {}

fn main() {
    hash(domain::Confidential::new(String::new()));
    hash(domain::Restricted::new(String::new()));
}

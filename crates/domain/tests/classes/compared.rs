fn main() {
    let _ = domain::Confidential::new(String::new()) == domain::Confidential::new(String::new());
    let _ = domain::Restricted::new(String::new()) == domain::Restricted::new(String::new());
}

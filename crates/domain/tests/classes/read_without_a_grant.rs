fn main() {
    let _ = domain::Confidential::new(String::new()).reveal();
    let _ = domain::Restricted::new(String::new()).reveal();
}

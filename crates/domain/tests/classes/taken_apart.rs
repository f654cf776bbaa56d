fn main() {
    let _ = domain::Confidential::new(String::new()).0;
    let domain::Restricted(_inner) = domain::Restricted::new(String::new());
}

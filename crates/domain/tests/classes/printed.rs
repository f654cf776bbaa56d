fn main() {
    println!("{}", domain::Confidential::new(String::new()));
    println!("{}", domain::Restricted::new(String::new()));
}

fn write(_: impl serde::Serialize) {}

fn main() {
    write(domain::Confidential::new(String::new()));
    write(domain::Restricted::new(String::new()));
}

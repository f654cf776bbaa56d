//! An operator's own list of passwords that leaked, in the text form that "Pwned Passwords" is
//! published in: a line for each, `SHA1:count`, sorted. It may have tens of gigabytes: it is
//! searched where it lies.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use zeroize::Zeroizing;

/// Longest line, in bytes: a hash, a count, a line end.
const MAX_LINE_BYTES: usize = 96;
/// Hex digits of a whole SHA-1.
const HASH_DIGITS: usize = 40;
/// Fewest hex digits of a line's hash, where the operator cut them off: with fewer, good passwords
/// would be refused by chance.
const MIN_HASH_DIGITS: usize = 16;
/// Lines looked at, all over the file, before it is believed to be sorted.
const SAMPLES: u64 = 64;

/// A sorted file of hashes.
#[derive(Debug, Clone)]
pub struct BreachedPasswords {
    path: PathBuf,
}

/// A line of the file: where it begins and ends, and its hash.
struct Line {
    begin: u64,
    end: u64,
    hash: Vec<u8>,
}

impl BreachedPasswords {
    /// Looks whether a file has the right form. The error says what is wrong.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut last: Option<Vec<u8>> = None;
        for sample in 0..=SAMPLES {
            // The last byte belongs to the last line.
            let at = length.saturating_sub(1) / SAMPLES * sample;
            let hash = line_at(&mut file, at, length)?.hash;
            if last.is_some_and(|last| compare(&last, &hash) == Ordering::Greater) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the lines are not sorted by their hashes",
                ));
            }
            last = Some(hash);
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Whether a password is in the file. Reads a few dozen lines.
    pub fn contains(&self, password: &str) -> io::Result<bool> {
        // What the list is made of (it names passwords and protects nothing).
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let mut wanted = Zeroizing::new(String::with_capacity(HASH_DIGITS));
        for byte in hash.as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(wanted, "{byte:02X}");
        }
        let mut file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        // The line, if there is one, begins in here.
        let (mut low, mut high) = (0, length);
        while low < high {
            let line = line_at(&mut file, low + (high - low) / 2, length)?;
            match compare(&line.hash, wanted.as_bytes()) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = line.end,
                Ordering::Greater => high = line.begin,
            }
        }
        Ok(false)
    }
}

/// By the digits that both have.
fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let digits = one.len().min(other.len());
    one[..digits].cmp(&other[..digits])
}

/// The line that has the byte at `at`.
fn line_at(file: &mut File, at: u64, length: u64) -> io::Result<Line> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "a line is not SHA1:count in hex digits");
    let reach = MAX_LINE_BYTES as u64;
    let (begin, end) = (at.saturating_sub(reach), length.min(at.saturating_add(reach)));
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::with_capacity(2 * MAX_LINE_BYTES);
    file.take(end - begin).read_to_end(&mut bytes)?;
    let inside = usize::try_from(at - begin).map_err(|_| wrong())?;
    let (before, behind) = bytes.split_at_checked(inside).ok_or_else(wrong)?;
    let first = match before.iter().rposition(|byte| *byte == b'\n') {
        Some(line_end) => line_end + 1,
        None if begin == 0 => 0,
        None => return Err(wrong()),
    };
    let last = match behind.iter().position(|byte| *byte == b'\n') {
        Some(line_end) => inside + line_end + 1,
        None if end == length => bytes.len(),
        None => return Err(wrong()),
    };
    let line = bytes.get(first..last).unwrap_or_default();
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let stops = line.get(digits).is_none_or(|byte| matches!(byte, b':' | b'\r' | b'\n'));
    if !stops || !(MIN_HASH_DIGITS..=HASH_DIGITS).contains(&digits) {
        return Err(wrong());
    }
    let offset = |inside: usize| begin + u64::try_from(inside).unwrap_or(u64::MAX);
    Ok(Line { begin: offset(first), end: offset(last), hash: line[..digits].to_ascii_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that the test takes away with it.
    struct Listed(PathBuf);

    impl Listed {
        fn of(name: &str, text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("breached-{}-{name}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }

        fn open(&self) -> io::Result<BreachedPasswords> {
            BreachedPasswords::open(&self.0)
        }
    }

    impl Drop for Listed {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn sha1(text: &str) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        hash.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02X}"))
    }

    fn lines(digits: usize, line_end: &str, of: impl Iterator<Item = String>) -> String {
        let mut lines: Vec<String> = of
            .enumerate()
            .map(|(count, text)| format!("{}:{}{line_end}", &sha1(&text)[..digits], count * 977))
            .collect();
        lines.sort_unstable();
        lines.concat()
    }

    #[test]
    fn each_password_of_a_list_is_found_and_no_other() {
        let every = || (0..500).map(|number| format!("leaked {number}"));
        for (name, digits, line_end) in [("published", 40, "\r\n"), ("plain", 40, "\n"), ("cut", 16, "\n")] {
            let file = Listed::of(name, &lines(digits, line_end, every()));
            let list = file.open().unwrap();
            for text in every() {
                assert!(list.contains(&text).unwrap(), "{name}: {text}");
            }
            for number in 0..500 {
                assert!(!list.contains(&format!("never leaked {number}")).unwrap(), "{name}: {number}");
            }
        }
    }

    #[test]
    fn the_published_hash_of_a_known_password_is_found() {
        // FIPS 180-4's SHA-1 of "password", as the published list has it.
        let file = Listed::of("known", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365\r\n");
        let list = file.open().unwrap();
        assert!(list.contains("password").unwrap());
        assert!(!list.contains("Password").unwrap());
    }

    #[test]
    fn what_is_no_such_list_is_refused() {
        let sorted = lines(40, "\n", (0..200).map(|number| number.to_string()));
        let backwards: String = sorted.lines().rev().flat_map(|line| [line, "\n"]).collect();
        let cases = [
            ("empty", String::new()),
            ("words", "password\n123456\n".repeat(50)),
            ("one line", "a".repeat(5_000)),
            ("digits", format!("{}:1\n", &sha1("x")[..15])),
            ("longer", format!("{}00:1\n", sha1("x"))),
            ("backwards", backwards),
        ];
        for (name, text) in cases {
            assert!(Listed::of(name, &text).open().is_err(), "{name}");
        }
        assert!(BreachedPasswords::open(Path::new("/nowhere/at/all")).is_err());
    }

    #[test]
    fn a_list_that_went_away_is_an_error_not_a_no() {
        let file = Listed::of("gone", &lines(40, "\n", ["x".to_owned()].into_iter()));
        let list = file.open().unwrap();
        std::fs::remove_file(&file.0).unwrap();
        assert!(list.contains("x").is_err());
    }
}

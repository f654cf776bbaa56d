//! What a process has cost so far, as Linux counts it (proc(5)).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::Result;

/// Processor time of all live threads of a process. Its threads must not end between two
/// looks: what an ended thread cost is no longer seen.
pub fn time_of(process: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // `schedstat`: nanoseconds on the processor, nanoseconds waiting, slices.
        let text = match fs::read_to_string(thread?.path().join("schedstat")) {
            Ok(text) => text,
            // It ended while we looked.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        sum += Duration::from_nanos(text.split(' ').next().unwrap_or_default().trim().parse()?);
    }
    Ok(sum)
}

/// Processor time of a process with all threads that it ever had, to the hundredth of a second.
pub fn whole_time_of(process: u32) -> Result<Duration> {
    /// What the kernel counts in for programs, on every machine that we build for (time(7)).
    const TICKS_PER_SECOND: u64 = 100;
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may hold anything; behind it the first field is the third (proc(5)).
    let (_, fields) = text.rsplit_once(')').ok_or("no name in the process's status")?;
    let field = |number: usize| fields.split_ascii_whitespace().nth(number - 3).unwrap_or_default();
    let ticks = field(14).parse::<u64>()? + field(15).parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Processor time of several processes.
pub fn time_of_all(processes: &[u32]) -> Result<Duration> {
    processes.iter().map(|process| time_of(*process)).sum()
}

/// Resident memory of a process, in bytes.
pub fn resident_bytes(process: u32) -> Result<u64> {
    let path = PathBuf::from(format!("/proc/{process}/status"));
    resident_in(&fs::read_to_string(path)?).ok_or_else(|| "no VmRSS in the process's status".into())
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t  2048 kB\nThreads:\t1\n"), Some(2 * 1024 * 1024));
        assert_eq!(resident_in("Name:\tx\n"), None);
    }

    #[test]
    fn a_process_that_works_costs_more_and_more() {
        let before = time_of(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while time_of(std::process::id()).unwrap() <= before {
            sum = (0..100_000_u64).fold(sum, |sum, one| std::hint::black_box(sum ^ one));
        }
        assert!(time_of_all(&[std::process::id()]).unwrap() > before);
        let (whole, moment) = (whole_time_of(std::process::id()).unwrap(), Duration::from_millis(50));
        assert!(whole + moment > before, "what ended counts, too: {whole:?}, {before:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(time_of(u32::MAX).is_err() && whole_time_of(u32::MAX).is_err());
        assert!(resident_bytes(u32::MAX).is_err());
    }
}

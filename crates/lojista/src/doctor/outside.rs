//! Checks that ask the outside world: channels, the clock against theirs, the way in.

use std::time::Duration;

use app::backup::depot::try_out;
use channels::market::ChannelConfig;
use connect::{Answer, BaseUrl, CallSpec, ChannelError, Outbound};
use domain::{Clock as _, Entropy as _, Timestamp};
use http::Method;
use url::Url;
use vault::OsEntropy;

use super::Finding;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::config::server::is_this_machine;
use crate::failure::Failure;
use crate::house;

/// A clock this far off deserves a word.
const CLOCK_WARN: Duration = Duration::from_secs(30);
/// A clock this far off breaks tokens and signatures.
const CLOCK_FAIL: Duration = Duration::from_mins(5);

/// Every configured channel, and the clock against that of the first one that answers.
pub(super) async fn channels(config: &Config) -> Result<Vec<Finding>, Failure> {
    const CHECK: &str = "channel";
    if config.channels.is_empty() {
        let mend =
            "register an application with a marketplace and set what docs/configuration.md names for it";
        return Ok(vec![Finding::warn(CHECK, "no channel is configured", mend)]);
    }
    let outbound = house::outbound()?;
    let (mut findings, mut clocks) = (Vec::new(), Vec::new());
    for channel in &config.channels {
        let name = channel.kind().label();
        findings.push(match knock(&outbound, channel.as_ref()).await {
            Ok(answer) => {
                clocks.push(clock(&answer));
                if answer.status().is_server_error() {
                    let says = format!("{name} answers {}", answer.status().as_u16());
                    Finding::warn(CHECK, says, "wait: the platform has trouble of its own")
                } else {
                    Finding::ok(CHECK, format!("{name} answers"))
                }
            }
            Err(error) => {
                let mend = "look at network, name service and firewall of this machine";
                Finding::fail(CHECK, format!("{name}: {error}"), mend)
            }
        });
    }
    findings.extend(clocks.into_iter().next());
    Ok(findings)
}

/// Any answer will do, a refusal too: nobody signs in here.
async fn knock(outbound: &Outbound, channel: &dyn ChannelConfig) -> Result<Answer, ChannelError> {
    outbound.call(CallSpec::new("doctor", Method::GET, channel.api_base(), &[""])).await
}

fn clock(answer: &Answer) -> Finding {
    const CHECK: &str = "clock";
    const MEND: &str = "let the machine set its clock by NTP (timedatectl set-ntp true)";
    let theirs = answer.header("date").and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    let Some(theirs) = theirs.map(|zoned| Timestamp::from_millis(zoned.timestamp().as_millisecond())) else {
        return Finding::warn(CHECK, "not compared: the channel tells no time", MEND);
    };
    judge_clock(SystemClock.now(), theirs)
}

fn judge_clock(ours: Timestamp, theirs: Timestamp) -> Finding {
    const CHECK: &str = "clock";
    const MEND: &str = "let the machine set its clock by NTP (timedatectl set-ntp true)";
    let off = ours.since(theirs).max(theirs.since(ours));
    let says = format!("{} s from the channel's", off.as_secs());
    if off >= CLOCK_FAIL {
        Finding::fail(CHECK, says, MEND)
    } else if off >= CLOCK_WARN {
        Finding::warn(CHECK, says, MEND)
    } else {
        Finding::ok(CHECK, says)
    }
}

/// Whether others can come in.
pub(super) async fn public_address(config: &Config) -> Result<Finding, Failure> {
    const CHECK: &str = "public address";
    let address = config.server.public_url(config.server.listen);
    if Url::parse(&address).is_ok_and(|url| is_this_machine(&url)) {
        let mend = "set LOJISTA_PUBLIC_URL for real marketplaces; a sandbox needs none";
        return Ok(Finding::warn(CHECK, format!("{address} is reached from this machine only"), mend));
    }
    let base = match BaseUrl::parse(&address) {
        Ok(base) => base,
        Err(error) => {
            let mend = "marketplaces call from the internet: use a public name";
            return Ok(Finding::fail(CHECK, format!("{address}: {error}"), mend));
        }
    };
    let call = CallSpec::new("doctor", Method::GET, &base, &["health"]);
    Ok(match house::outbound()?.call(call).await {
        Ok(answer) if answer.status().is_success() => Finding::ok(CHECK, format!("{address} answers")),
        Ok(answer) => Finding::warn(
            CHECK,
            format!("{address} answers {}", answer.status().as_u16()),
            "start the shop, and see that the proxy leads to where it listens",
        ),
        Err(error) => Finding::warn(
            CHECK,
            format!("{address} was not reached from here: {error}"),
            "see that its name leads to the proxy and the proxy to where the shop listens",
        ),
    })
}

/// Whether the place for backups can be written to, listed, read and deleted from.
pub(super) async fn backups(config: &Config) -> Result<Vec<Finding>, Failure> {
    const CHECK: &str = "backups";
    let Some(place) = &config.backup.place else { return Ok(Vec::new()) };
    let depot = place.depot()?;
    let tried = tokio::task::spawn_blocking(move || {
        let troubles = try_out(&*depot, OsEntropy.below(u64::MAX));
        (depot.place(), troubles)
    });
    let (shown, troubles) =
        tried.await.map_err(|error| Failure::at("the place for backups cannot be looked at", error))?;
    if troubles.is_empty() {
        return Ok(vec![Finding::ok(CHECK, format!("{shown}: written, listed, read and deleted"))]);
    }
    let mend = "see the sentence before; backups fail or are not thinned out until then";
    Ok(troubles.iter().map(|trouble| Finding::fail(CHECK, trouble.to_string(), mend)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_clock_may_be_a_little_off_in_either_direction_and_no_more() {
        let theirs = Timestamp::from_millis(1_000_000_000);
        let off = |seconds| Duration::from_secs(seconds);
        let states = [0, 29, 30, 299, 300].map(|seconds| {
            let (late, early) = (theirs.plus(off(seconds)), theirs.minus(off(seconds)));
            assert_eq!(judge_clock(late, theirs).state, judge_clock(early, theirs).state);
            judge_clock(late, theirs).state
        });
        assert_eq!(states, [State::Ok, State::Ok, State::Warn, State::Warn, State::Fail]);
    }
}

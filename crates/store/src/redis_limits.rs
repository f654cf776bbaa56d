//! Limits in Redis (or Valkey), for installations of several nodes: one script, which the server
//! runs alone, so that all nodes together are exact.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::limit::Taken;
use redis::{
    Client, Cmd, Connection, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo as _,
    RedisError,
};
use url::{Host, Url};

use crate::limits::{Wanted, millis};

/// Time to connect, and for an answer. A sign-in waits for it, so it is short.
pub const REDIS_DEADLINE: Duration = Duration::from_millis(500);
/// A server that did not answer is left alone for this long.
pub const REDIS_REST: Duration = Duration::from_secs(5);
/// Before each key, for who shares the server.
const PREFIX: &str = "lojista:limit:";

/// `domain::Limit::take` for each key, and all of them or none. ARGV: now, then for each key
/// its `every` and its slack, in milliseconds. Answers the longest wait, 0 for allowed.
const SCRIPT: &str = r"
local now, wait, kept = tonumber(ARGV[1]), 0, {}
for at, key in ipairs(KEYS) do
  local every, slack = tonumber(ARGV[2 * at]), tonumber(ARGV[2 * at + 1])
  local from = math.max(tonumber(redis.call('GET', key) or '0'), now)
  if from - now > slack then
    wait = math.max(wait, from - now - slack)
  end
  kept[at] = from + every
end
if wait > 0 then
  return wait
end
for at, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', kept[at]), 'PX', string.format('%.0f', kept[at] - now))
end
return 0
";

/// Moves what is kept of each key back. ARGV: now, then for each key by how much, in milliseconds.
/// A key that is gone came back by itself.
const BACK: &str = r"
local now = tonumber(ARGV[1])
for at, key in ipairs(KEYS) do
  local kept = tonumber(redis.call('GET', key) or '0') - tonumber(ARGV[at + 1])
  if kept > now then
    redis.call('SET', key, string.format('%.0f', kept), 'PX', string.format('%.0f', kept - now))
  else
    redis.call('DEL', key)
  end
end
return 0
";

/// Why an address of Redis is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisUrlError {
    /// No address of Redis.
    #[error("an address that begins with rediss:// (or redis:// on this machine)")]
    NotAnAddress,
    /// In clear over a network.
    #[error(
        "rediss://: what is sent to {host} would travel in clear; if that network is yours alone, name the host in LOJISTA_REDIS_PLAINTEXT_HOST"
    )]
    Plaintext {
        /// Where it would go.
        host: String,
    },
    /// A certificate that nobody looks at.
    #[error("an address without #insecure: the server's certificate is always checked")]
    Unchecked,
}

/// Redis does not answer.
#[derive(Debug)]
pub struct Away {
    /// What went wrong.
    pub error: String,
    /// Whether it answered before.
    pub is_news: bool,
}

/// The limits in Redis.
pub struct RedisLimits {
    client: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    /// When it failed last, while it has not answered since.
    away_since: Option<Timestamp>,
}

/// Shows no address: it holds a password.
impl fmt::Debug for RedisLimits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RedisLimits(…)")
    }
}

impl RedisLimits {
    /// Checks an address; connects with the first limit that is taken. Over a network only by
    /// TLS, unless `plaintext_host` is the address's host.
    pub fn new(address: &str, plaintext_host: Option<&str>) -> Result<Self, RedisUrlError> {
        let url = Url::parse(address).map_err(|_| RedisUrlError::NotAnAddress)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(RedisUrlError::NotAnAddress)?;
        match url.scheme() {
            "rediss" if url.fragment().is_some() => return Err(RedisUrlError::Unchecked),
            // The client takes the process's choice of ciphers, and nobody else may have made one. A
            // second choice is refused, and the first one is as good.
            "rediss" => drop(rustls::crypto::aws_lc_rs::default_provider().install_default()),
            "redis" if is_this_machine(&url) || plaintext_host == Some(host) => {}
            "redis" => return Err(RedisUrlError::Plaintext { host: host.to_owned() }),
            _ => return Err(RedisUrlError::NotAnAddress),
        }
        let info: ConnectionInfo = address.into_connection_info().map_err(|_| RedisUrlError::NotAnAddress)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(RedisUrlError::Unchecked);
        }
        let client = Client::open(info).map_err(|_| RedisUrlError::NotAnAddress)?;
        Ok(Self { client, state: Mutex::default() })
    }

    /// Takes one go of each, or none. Blocks.
    pub fn take(&self, wanted: &[Wanted], now: Timestamp) -> Result<Taken, Away> {
        let mut call = redis::cmd("EVAL");
        call.arg(SCRIPT).arg(wanted.len()).arg(keys(wanted)).arg(now.as_millis());
        for it in wanted {
            call.arg(millis(it.limit.every)).arg(millis(it.limit.slack()));
        }
        let wait: i64 = self.ask(&call, true, now)?;
        let wait = u64::try_from(wait).unwrap_or_default();
        Ok(if wait == 0 { Taken::Allowed } else { Taken::Wait(Duration::from_millis(wait)) })
    }

    /// Hands back what was taken so long ago. Blocks.
    pub fn hand_back(&self, wanted: &[Wanted], elapsed: Duration, now: Timestamp) -> Result<(), Away> {
        let mut call = redis::cmd("EVAL");
        call.arg(BACK).arg(wanted.len()).arg(keys(wanted)).arg(now.as_millis());
        for it in wanted {
            call.arg(millis(it.limit.back_after(elapsed)));
        }
        // Sent twice it could give twice.
        self.ask::<i64>(&call, false, now).map(|_| ())
    }

    /// How long whoever wants a go of each has to wait, if at all. Blocks.
    pub fn wait(&self, wanted: &[Wanted], now: Timestamp) -> Result<Option<Duration>, Away> {
        let mut call = redis::cmd("MGET");
        call.arg(keys(wanted));
        let kept: Vec<Option<i64>> = self.ask(&call, true, now)?;
        let waits = wanted
            .iter()
            .zip(kept)
            .map(|(it, kept)| it.limit.take(kept.map(Timestamp::from_millis), now).err());
        Ok(waits.max().flatten())
    }

    /// Calls the server; over a new connection if the one that was there is closed and the call may
    /// be made twice.
    fn ask<T: FromRedisValue>(&self, call: &Cmd, twice_is_fine: bool, now: Timestamp) -> Result<T, Away> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.away_since.is_some_and(|since| now.since(since) < REDIS_REST) {
            return Err(Away { error: "it did not answer a moment ago".to_owned(), is_news: false });
        }
        // A connection that the server closed meanwhile looks good until it is used.
        let may_repeat = twice_is_fine && state.connection.is_some();
        let answer = match self.run(&mut state, call) {
            Err(error) if may_repeat && error.is_connection_dropped() => {
                state.connection = None;
                self.run(&mut state, call)
            }
            answer => answer,
        };
        match answer {
            Ok(answer) => {
                state.away_since = None;
                Ok(answer)
            }
            Err(error) => {
                let is_news = state.away_since.is_none();
                *state = State { connection: None, away_since: Some(now) };
                Err(Away { error: error.category().to_owned(), is_news })
            }
        }
    }

    fn run<T: FromRedisValue>(&self, state: &mut State, call: &Cmd) -> Result<T, RedisError> {
        let connection = match &mut state.connection {
            Some(connection) => connection,
            empty @ None => {
                let made = self.client.get_connection_with_timeout(REDIS_DEADLINE)?;
                made.set_read_timeout(Some(REDIS_DEADLINE))?;
                made.set_write_timeout(Some(REDIS_DEADLINE))?;
                empty.insert(made)
            }
        };
        call.query(connection)
    }
}

fn keys(wanted: &[Wanted]) -> Vec<Vec<u8>> {
    wanted.iter().map(|it| [PREFIX.as_bytes(), &it.subject].concat()).collect()
}

fn is_this_machine(url: &Url) -> bool {
    // The scheme is none that the URL standard knows: hosts are texts.
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, plaintext_host: Option<&str>) -> Option<RedisUrlError> {
        RedisLimits::new(address, plaintext_host).err()
    }

    #[test]
    fn in_clear_only_on_this_machine_or_to_the_host_that_was_named() {
        for fine in [
            "redis://127.0.0.1:6379/",
            "redis://localhost",
            "redis://[::1]:7000",
            "rediss://cache.example:6380/1",
        ] {
            assert_eq!(refused(fine, None), None, "{fine}");
        }
        let clear = Some(RedisUrlError::Plaintext { host: "cache.internal".to_owned() });
        assert_eq!(refused("redis://cache.internal:6379", None), clear);
        assert_eq!(refused("redis://cache.internal:6379", Some("other.internal")), clear);
        assert_eq!(refused("redis://cache.internal:6379", Some("cache.internal")), None);
    }

    #[test]
    fn a_certificate_is_always_checked() {
        assert_eq!(refused("rediss://cache.example#insecure", None), Some(RedisUrlError::Unchecked));
    }

    #[test]
    fn what_is_no_redis_is_refused() {
        for wrong in
            ["", "cache.example", "https://cache.example", "redis+unix:///run/redis.sock", "redis://"]
        {
            assert_eq!(refused(wrong, None), Some(RedisUrlError::NotAnAddress), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_not_shown() {
        let shown = format!("{:?}", RedisLimits::new("redis://:geheim@127.0.0.1", None).unwrap());
        assert!(!shown.contains("geheim"), "{shown}");
    }
}

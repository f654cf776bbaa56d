//! When and how the program is ended.

use std::time::{Duration, Instant};

use app::steps;
use domain::{Entropy as _, SeededEntropy};
use sandbox::Manifest;

use super::Point;
use super::house::{House, Owner};
use super::verdict::Verdict;
use crate::bench::Result;
use crate::bench::program::Program;

/// The longest wait for a program to come to its point: what others killed before it had in
/// hand comes back when their leases end, and a point may want several passes.
const POINT_LIMIT: Duration = Duration::from_mins(5);
/// Between two looks at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Passings of a step at which a program is ended, at most.
const MOST_PASSES: u64 = 4;
/// Of so many kills beyond one for each point ...
const KILLS_IN_ALL: u64 = 2;
/// ... so many are at a moment of chance.
const KILLS_AT_CHANCE: u64 = 1;

/// How a program is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kill {
    /// At a moment of chance, from outside.
    AtChance(Duration),
    /// At a step, by itself.
    At { step: &'static str, pass: u32 },
}

impl Kill {
    /// The kills of a run: first one at each point, then half of them at chance.
    pub(super) fn plan(kills: u32, mean_life: Duration, chance: &SeededEntropy) -> Vec<Self> {
        let longest = u64::try_from(2 * mean_life.as_millis()).unwrap_or(u64::MAX);
        let at_chance = || Self::AtChance(Duration::from_millis(chance.below(longest)));
        let mut points = steps::ALL.into_iter().cycle();
        let mut plan = Vec::new();
        for kill in 0..usize::try_from(kills).unwrap_or(usize::MAX) {
            let once_each = kill < steps::ALL.len();
            if !once_each && chance.below(KILLS_IN_ALL) < KILLS_AT_CHANCE {
                plan.push(at_chance());
            } else if let Some(step) = points.next() {
                plan.push(Self::At { step, pass: passes(step, chance) });
            }
        }
        plan
    }
}

/// A pair of tokens is renewed once in hours: there is no second passing to wait for.
fn passes(step: &str, chance: &SeededEntropy) -> u32 {
    let passes = if step == steps::TOKEN_RENEWED { 1 } else { 1 + chance.below(MOST_PASSES) };
    u32::try_from(passes).unwrap_or(1)
}

/// Ends programs, and does what people do after it.
pub(super) struct Killer<'a> {
    pub(super) house: &'a House,
    pub(super) owner: &'a Owner,
    pub(super) manifest: &'a Manifest,
}

impl Killer<'_> {
    pub(super) async fn kill(&self, number: usize, kill: Kill, verdict: &mut Verdict) -> Result<()> {
        match kill {
            Kill::AtChance(after) => {
                let mut program = self.house.start()?;
                // From the first instant on: starting is as dangerous as running.
                tokio::time::sleep(after).await;
                if let Some(status) = program.ended()? {
                    verdict.wrong(format!("the program ended by itself before kill {number}: {status}"));
                }
                program.kill()?;
                verdict.count("a moment of chance");
            }
            Kill::At { step, pass } => {
                let renewing = step == steps::TOKEN_RENEWED;
                if renewing {
                    self.let_tokens_end().await?;
                }
                let program = self.house.start_until(&Point::new(step, pass))?;
                if came_to_its_point(program).await? {
                    verdict.count(step);
                } else {
                    verdict.wrong(format!("the program never came to kill {number}, \"{step}\""));
                }
                if renewing {
                    self.consent_again().await?;
                }
            }
        }
        Ok(())
    }

    /// Every account's token counts as ended, as when the platform had refused it.
    async fn let_tokens_end(&self) -> Result<()> {
        let stage = self.house.as_owner(self.owner, self.manifest).await?;
        let now = stage.app.clock().now();
        stage
            .app
            .organization(stage.organization)
            .write(move |tenant| {
                for connection in tenant.connections()? {
                    tenant.expire_access(connection.id, connection.token_version, now)?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// The pair that the program got and could not keep is lost, and the one it kept is
    /// spent: the owner has to say yes again.
    async fn consent_again(&self) -> Result<()> {
        let sandbox = self.manifest.api_url.trim_start_matches("http://").parse()?;
        let stage = self.house.as_owner(self.owner, self.manifest).await?;
        for seller in &self.manifest.sellers {
            stage.authorize(sandbox, seller.user_id).await?;
        }
        Ok(())
    }
}

/// Waits until the program has killed itself; kills it when it never does.
async fn came_to_its_point(mut program: Program) -> Result<bool> {
    use std::os::unix::process::ExitStatusExt as _;

    let begun = Instant::now();
    while begun.elapsed() < POINT_LIMIT {
        if let Some(status) = program.ended()? {
            return Ok(status.signal() == Some(rustix::process::Signal::KILL.as_raw()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    program.kill()?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_point_is_tried_before_chance_has_a_say() {
        let plan = Kill::plan(40, Duration::from_secs(1), &SeededEntropy::new(1));
        let begin: BTreeSet<&str> = plan
            .iter()
            .take(steps::ALL.len())
            .filter_map(|kill| if let Kill::At { step, .. } = kill { Some(*step) } else { None })
            .collect();
        assert_eq!(begin, BTreeSet::from(steps::ALL));
        assert_eq!(plan.len(), 40);
        assert!(plan.iter().any(|kill| matches!(kill, Kill::AtChance(_))));
    }
}

//! How a new version of a policy begins to act.

use crate::api::ApiError;
use aegis_model::{Bounds, Candidate, Rollout, Stage, is_name};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How a version is to act.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Trial {
    /// `enforce` (at once), `shadow`, `canary` (for a share of the tokens) or `group` (on the Envoys of a group).
    pub(super) stage: Option<String>,
    /// Of a canary, in percent; with up to two decimals.
    pub(super) percent: Option<f64>,
    /// Of a group, its name.
    pub(super) group: Option<String>,
    /// Taken back after so many requests under the new version at the earliest.
    pub(super) min_requests: Option<u32>,
    /// Taken back if of 10,000 requests so many more are refused than under the old version.
    pub(super) more_blocks: Option<u16>,
    /// Taken back if of 10,000 requests so many more end in an error of the gateway's own.
    pub(super) more_errors: Option<u16>,
    /// Taken back if more VMs than this had to be started again.
    pub(super) vm_reloads: Option<u32>,
    /// Taken back if the filter takes so many milliseconds more per request.
    pub(super) more_milliseconds: Option<u32>,
}

// === impl Trial ===

impl Trial {
    /// What acts when `version` begins as this says and `known` is what acts now.
    pub(super) fn rollout(&self, version: u32, known: Option<&Rollout>) -> Result<Rollout, ApiError> {
        let stage = self.stage()?;
        let (Some(stage), Some(known)) = (stage, known) else {
            let previous = known.filter(|known| known.live != version).map(|known| known.live);
            let previous = previous.or_else(|| known.and_then(|known| known.previous));
            return Ok(Rollout { previous, ..Rollout::only(version) });
        };
        if known.live == version {
            return Err(ApiError::Conflict(format!("version {version} acts already")));
        }
        let candidate = Candidate { version, stage, bounds: self.bounds() };
        Ok(Rollout { previous: known.previous, candidate: Some(candidate), ..Rollout::only(known.live) })
    }

    /// `None` for everybody and at once.
    fn stage(&self) -> Result<Option<Stage>, ApiError> {
        let invalid = |detail: &str| Err(ApiError::InvalidRequest(detail.to_owned()));
        match (self.stage.as_deref().unwrap_or("enforce"), self.percent, &self.group) {
            ("enforce", None, None) if self.is_bounded() => {
                invalid("bounds are for a version on trial; the stage enforce has none")
            }
            ("enforce", None, None) => Ok(None),
            ("shadow", None, None) => Ok(Some(Stage::Shadow)),
            ("canary", Some(percent), None) if (0.01..=100.0).contains(&percent) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 10,000")]
                let share = (percent * 100.0).round() as u16;
                Ok(Some(Stage::Canary { share }))
            }
            ("canary", ..) => invalid("a canary needs percent, 0.01 to 100, and nothing else"),
            ("group", None, Some(group)) if is_name(group) => Ok(Some(Stage::Group { group: group.clone() })),
            ("group", ..) => invalid("the stage group needs group, the name of a group of Envoys"),
            _ => invalid("stage must be enforce, shadow, canary with percent, or group with group"),
        }
    }

    /// Whether it says when the version is taken back.
    fn is_bounded(&self) -> bool {
        let Trial {
            stage: _, percent: _, group: _, min_requests, more_blocks, more_errors, vm_reloads, ..
        } = self;
        let counts = [*min_requests, *vm_reloads, self.more_milliseconds];
        counts.iter().any(Option::is_some) || more_blocks.or(*more_errors).is_some()
    }

    fn bounds(&self) -> Bounds {
        let default = Bounds::default();
        Bounds {
            min_requests: self.min_requests.unwrap_or(default.min_requests),
            more_blocks: self.more_blocks.unwrap_or(default.more_blocks),
            more_errors: self.more_errors.unwrap_or(default.more_errors),
            vm_reloads: self.vm_reloads.unwrap_or(default.vm_reloads),
            more_milliseconds: self.more_milliseconds.unwrap_or(default.more_milliseconds),
        }
    }
}

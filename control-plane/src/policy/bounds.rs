//! When a version on trial is taken back by itself, on the command line.

use aegis_model::Bounds;
use clap::Args;

/// When a version on trial is taken back by itself. The names are those of the API.
#[derive(Debug, Default, Args)]
#[command(
    next_help_heading = "How much worse a version on trial may be; what is more takes it back by itself"
)]
pub(super) struct BoundsArgs {
    /// Requests under the new version before it is judged; VMs that end count at once [default: 200].
    #[arg(long, value_name = "REQUESTS")]
    min_requests: Option<u32>,
    /// More requests, of 10,000, that it may refuse than the old version [default: 500].
    #[arg(long, value_name = "OF_10000", value_parser = clap::value_parser!(u16).range(..=10_000))]
    more_blocks: Option<u16>,
    /// More requests, of 10,000, that may end in an error of the gateway's own [default: 100].
    #[arg(long, value_name = "OF_10000", value_parser = clap::value_parser!(u16).range(..=10_000))]
    more_errors: Option<u16>,
    /// VMs that may have to be started again since the trial began, on all Envoys together [default: 0].
    #[arg(long, value_name = "VMS")]
    vm_reloads: Option<u32>,
    /// Milliseconds more that the filter may hold a request, on average [default: 50].
    #[arg(long, value_name = "MILLISECONDS")]
    more_milliseconds: Option<u32>,
}

// === impl BoundsArgs ===

impl BoundsArgs {
    /// What is given, as a part of the API's query: `&<name>=<value>` each.
    pub(super) fn query(&self) -> String {
        let BoundsArgs { min_requests, more_blocks, more_errors, vm_reloads, more_milliseconds } = self;
        let given = [
            ("min_requests", *min_requests),
            ("more_blocks", more_blocks.map(u32::from)),
            ("more_errors", more_errors.map(u32::from)),
            ("vm_reloads", *vm_reloads),
            ("more_milliseconds", *more_milliseconds),
        ];
        given.iter().filter_map(|(name, value)| Some(format!("&{name}={}", (*value)?))).collect()
    }
}

/// Bounds as `policy list` shows them, with the names that one sets them by.
pub(super) fn shown(bounds: &Bounds) -> String {
    let Bounds { min_requests, more_blocks, more_errors, vm_reloads, more_milliseconds } = bounds;
    format!(
        "min_requests={min_requests} more_blocks={more_blocks}/10000 more_errors={more_errors}/10000 \
         vm_reloads={vm_reloads} more_milliseconds={more_milliseconds}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, FromArgMatches as _};

    fn command() -> Command {
        BoundsArgs::augment_args(Command::new("apply"))
    }

    #[test]
    fn the_help_says_what_happens_without_them() {
        let Bounds { min_requests, more_blocks, more_errors, vm_reloads, more_milliseconds } =
            Bounds::default();
        let help = command().render_help().to_string();
        for (flag, default) in [
            ("--min-requests", min_requests),
            ("--more-blocks", more_blocks.into()),
            ("--more-errors", more_errors.into()),
            ("--vm-reloads", vm_reloads),
            ("--more-milliseconds", more_milliseconds),
        ] {
            let (_, text) = help.split_once(flag).unwrap();
            let (_, shown) = text.split_once("[default: ").unwrap();
            assert!(shown.starts_with(&format!("{default}]")), "{flag}: {help}");
        }
    }

    #[test]
    fn only_what_is_given_is_asked_for() {
        let parse = |line: &str| {
            let matches = command().try_get_matches_from(line.split(' '))?;
            BoundsArgs::from_arg_matches(&matches).map(|args| args.query())
        };
        assert_eq!(parse("apply").unwrap(), "");
        let line = "apply --min-requests 20 --more-blocks 0 --more-errors 10000 --vm-reloads 3 --more-milliseconds 5";
        assert_eq!(
            parse(line).unwrap(),
            "&min_requests=20&more_blocks=0&more_errors=10000&vm_reloads=3&more_milliseconds=5"
        );
        for wrong in
            ["--more-blocks 10001", "--more-errors -1", "--min-requests 5%", "--more-milliseconds 5ms"]
        {
            assert!(parse(&format!("apply {wrong}")).is_err(), "{wrong}");
        }
    }
}

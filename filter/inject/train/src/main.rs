//! `make train`: weights for `aegis-inject`, and a report of what they are worth.
//!
//! Everything is made from files of the project and, if `AEGIS_EVAL_DATA` names them, labelled texts of others. The
//! same input makes the same weights.

mod card;
mod corpus;
mod counts;
mod example;
mod final_model;
mod folds;
mod grammar;
mod labelled;
mod learn;
mod measure;
mod report;
mod rng;
mod vocabulary;
mod written;

use aegis_inject::{Detector, Parts, Scratch};
use anyhow::Context as _;
use clap::Parser;
use example::Example;
use grammar::Grammars;
use std::path::PathBuf;
use std::{env, fs};

/// Trains the weights of `aegis-inject`.
#[derive(Debug, Parser)]
struct Args {
    /// The folder of the crate.
    #[arg(long, default_value = "filter/inject")]
    folder: PathBuf,
    /// Leave out the folds over techniques, which take longest.
    #[arg(long)]
    quick: bool,
    /// Print texts of labelled sources that a model without that source gets wrong.
    #[arg(long)]
    errors: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let grammars = Grammars::read(&args.folder)?;
    let mut texts = corpus::texts(&grammars)?;
    texts.extend(written::texts(&args.folder, &grammars)?);
    let mut data = None;
    if let Some(folder) = env::var_os("AEGIS_EVAL_DATA") {
        let (labelled, digest) = labelled::texts(&PathBuf::from(folder))?;
        texts.extend(labelled);
        data = Some(digest);
    } else {
        eprintln!("AEGIS_EVAL_DATA is not set: training from the project's own texts alone");
    }
    let blank: &'static [u8] = Box::leak(Parts::blank().write().into_boxed_slice());
    let detector = Detector::with_weights(blank)?;
    let mut scratch = Scratch::default();
    let examples: Vec<Example> =
        texts.into_iter().map(|text| Example::new(&detector, &mut scratch, text)).collect();
    eprintln!("{} texts", examples.len());
    let mut report = folds::sources(&examples, args.errors.as_deref());
    report.push_str(&folds::hands(&examples));
    if !args.quick {
        report.push_str(&folds::techniques(&examples));
    }
    let model = final_model::train(&examples, final_model::digest(&args.folder, data.as_deref())?);
    report.push_str(&model.report);
    print!("{report}");
    fs::write(args.folder.join("weights.bin"), model.parts.write()).context("weights.bin")?;
    let card = card::card(&examples, &model.parts, data.as_deref(), &report);
    if !args.quick {
        fs::write(args.folder.join("MODEL.md"), card).context("MODEL.md")?;
    }
    Ok(())
}

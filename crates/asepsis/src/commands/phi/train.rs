//! `asepsis phi train`: goes on from the shipped weights with a site's corrected notes.

use std::time::Instant;

use anyhow::{Context, bail};
use asepsis_phi::training::{self, Model, TrainingSet};
use asepsis_phi::{Engine, Language};
use aws_lc_rs::digest::{SHA256, digest};

use super::corrected::{self, Corrected};
use super::figures::Figures;
use crate::args::PhiTrain;
use crate::model;
use crate::output;

/// From fewer notes little is learnt, and on fewer held out little can be told.
const FEW: usize = 20;
const FEW_HELD: usize = 5;

pub(super) fn run(train: &PhiTrain) -> anyhow::Result<u8> {
    let began = Instant::now();
    model::may_write(&train.out, train.force)?;
    let (base, language) = base(train)?;
    let notes = corrected::read(&train.add)?;
    let (held, rest) = split(&notes, train.hold_out);
    if rest.is_empty() {
        bail!("{} is too little to hold a part out; add notes, or give --hold-out 0", texts(notes.len()));
    }
    let marks: usize = notes.iter().map(|n| n.labelled.spans.len()).sum();
    output::line(&format!(
        "{} with {marks} marks, language {language}. Held out, by a hash of their ids: {}.",
        texts(notes.len()),
        held.len()
    ))?;
    warn(notes.len(), held.len());

    let learn = |notes: &[&Corrected]| {
        let mut set = TrainingSet::new(language);
        notes.iter().for_each(|note| set.add(&note.example));
        set.adapt(&base)
    };
    let mut weights = None;
    if !held.is_empty() {
        let builder = || Engine::builder().language(language).profile(train.profile);
        let before = Figures::of(&model::engine(builder(), train.model.as_deref())?, &held);
        let learnt = learn(&rest);
        let after = Figures::of(&builder().model(learnt.clone()).build()?, &held);
        output::line(&format!(
            "\nMeasured on what was held out, trained on the other {}, profile {}:",
            rest.len(),
            train.profile
        ))?;
        for line in before.beside(&after) {
            output::line(&line)?;
        }
        output::line("")?;
        if after.leak() > before.leak() {
            output::remark("More stays visible than before: look at the corrections before these weights are used.");
        }
        weights = train.keep_held_out.then_some(learnt);
    }
    let (weights, on) = match weights {
        Some(weights) => (weights, format!("the {} that were not held out, as measured", texts(rest.len()))),
        None if held.is_empty() => (learn(&rest), format!("all {}; nothing was measured", texts(notes.len()))),
        None => {
            let all: Vec<&Corrected> = notes.iter().collect();
            (learn(&all), format!("all {}, those held out too", texts(notes.len())))
        }
    };
    model::write(&train.out, &weights, train.force)?;
    let out = output::harmless(&train.out.display().to_string()).into_owned();
    output::line(&format!("{out} is trained on {on}. It took {:.1} s.", began.elapsed().as_secs_f64()))?;
    output::line(
        "It may hold traces of names: keep it as you keep the notes.\n\nTo use it, write into asepsis.toml:\n",
    )?;
    output::line(&format!("[inspect]\nmodel_file = {}\n", toml::Value::String(train.out.display().to_string())))?;
    output::line(&format!("To try it: asepsis scan --model {out} NOTES"))?;
    Ok(0)
}

/// The weights to go on from, and their language.
fn base(train: &PhiTrain) -> anyhow::Result<(Model, Language)> {
    let Some(path) = &train.model else {
        let language = train.language.unwrap_or_default();
        return Ok((training::shipped(language), language));
    };
    let (model, language) = training::read_model(&model::read(path)?).with_context(|| path.display().to_string())?;
    if let Some(asked) = train.language.filter(|asked| *asked != language) {
        bail!(
            "{} is a model for {language}, and --language asks for {asked}; leave one of the two out",
            path.display()
        );
    }
    Ok((model, language))
}

/// What is held out, and the rest: the notes whose ids have the smallest hashes. So a note stays where it is as long as
/// the share of the others does, in whatever order they come.
fn split(notes: &[Corrected], share: f64) -> (Vec<&Corrected>, Vec<&Corrected>) {
    let hash = |i: &usize| digest(&SHA256, notes[*i].labelled.id.as_bytes()).as_ref().to_vec();
    let mut order: Vec<usize> = (0..notes.len()).collect();
    order.sort_by_cached_key(hash);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let count = (notes.len() as f64 * share).ceil() as usize;
    let mut held = vec![false; notes.len()];
    order[..count].iter().for_each(|&i| held[i] = true);
    let part = |which: bool| notes.iter().zip(&held).filter(|(_, h)| **h == which).map(|(n, _)| n).collect();
    (part(true), part(false))
}

fn warn(notes: usize, held: usize) {
    if notes < FEW {
        output::remark(&format!("{} is little to learn from; correct {FEW} or more.", texts(notes)));
    }
    if held < FEW_HELD {
        output::remark(&format!("{} held out is too little to tell by; the figures are a hint at most.", texts(held)));
    }
}

/// "1 text", "3 texts"
fn texts(n: usize) -> String {
    format!("{n} {}", if n == 1 { "text" } else { "texts" })
}

//! `asepsis`: the security plane between a healthcare organisation and the AI it uses.
//!
//! Exit codes: 0 done, nothing found; 1 identifiers or hostile text found, or a log that is not intact; 2 wrong use, or it could not be
//! done; 3 refused by policy or because something cannot be inspected.

mod act;
mod args;
mod batch;
mod commands;
mod config;
mod degraded;
mod failing;
mod harden;
mod home;
mod model;
mod notices;
mod output;
mod people;
mod registers;
mod reload;
mod roots;
mod runtime;

use std::process::ExitCode;

use args::{Arguments, Command};
use clap::Parser;

/// Measured with the bench: a third less CPU time a request than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    failing::say_nothing_of_content();
    let arguments = Arguments::parse();
    output::start_log();
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::error(&error);
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let config = arguments.config;
    if arguments.command.holds_secrets() {
        harden::harden();
    }
    match arguments.command {
        Command::Demo(demo) => commands::demo::run(&demo),
        Command::Init(init) => commands::init::run(&init),
        Command::Serve => commands::serve::run(&config),
        Command::Check => commands::check::run(&config),
        Command::Key(key) => commands::key::run(&config, &key),
        Command::User(user) => commands::user::run(&config, &user),
        Command::Training(training) => commands::training::run(&config, &training),
        Command::Rules(rules) => commands::rules::run(&config, &rules),
        Command::Emergency(emergency) => commands::emergency::run(&config, &emergency),
        Command::Release(release) => commands::release::run(&config, &release),
        Command::Concern(concern) => commands::concern::run(&config, &concern),
        Command::Device(device) => commands::device::run(&config, &device),
        Command::Keys(keys) => commands::keys::run(&config, &keys),
        Command::Vault(vault) => commands::vault::run(&config, &vault),
        Command::Policy(policy) => commands::policy::run(&config, &policy),
        Command::Statement(statement) => {
            commands::statement::run(&registers::joined_blocking(&config::Config::read(&config)?)?, &statement)
        }
        Command::Vendor(vendors) => commands::vendor::run(&config, &vendors.action),
        Command::System(systems) => commands::system::run(&config, &systems.action),
        Command::Agreement(agreements) => commands::agreement::run(&config, &agreements.action),
        Command::Register(register) => commands::register::run(&config, &register),
        Command::Stop(stop) => commands::stop::run(&config, &stop),
        Command::Assess(assess) => commands::assess::run(&config, &assess),
        Command::Evidence(evidence) => commands::evidence::run(&config, &evidence),
        Command::Card(card) => commands::card::run(&config, &card),
        Command::Caiq(caiq) => commands::caiq::run(&config, &caiq),
        Command::Probe(probe) => commands::probe::run(&config, &probe),
        Command::Audit(audit) => commands::audit::run(&config, &audit),
        Command::Doctor => commands::doctor::run(&config),
        Command::Backup(backup) => commands::backup::run(&config, &backup),
        Command::Store(store) => commands::store::run(&config, &store),
        Command::Witness(witness) => commands::witness::run(&witness),
        Command::Unlisted => commands::unlisted::run(&config),
        Command::Scan(scan) => commands::scan::run(&scan),
        Command::Deid(deid) => commands::deid::run(&config, &deid),
        Command::Reid(reid) => commands::reid::run(&config, &reid),
        Command::Guard(guard) => commands::guard::run(&config, &guard),
        Command::Gate(gate) => commands::gate::run(&gate),
        Command::Phi(phi) => commands::phi::run(&phi),
        Command::Presidio(presidio) => commands::presidio::run(&presidio),
        Command::Standin(standin) => commands::standin::run(&standin),
    }
}

//! Proves that policies never allow what must never happen, and says what they newly permit.
//!
//! Policies and what is claimed of them are translated to logic by Cedar's own symbolic compiler, whose translation is verified in
//! Lean, and cvc5 looks for a request that breaks the claim: over all requests that the schema allows, not over examples. What
//! comes back is a proof, or the request.
//!
//! The solver is a program of its own (Debian's package `cvc5`, or the path in the variable `CVC5`); nothing of it is needed to
//! decide. Claims are about the policies that decide: an error in a policy and an obligation that nobody carries out refuse
//! besides.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::str::FromStr;

use asepsis_policy::{Pack, Policy};
use cedar_policy::{ActionConstraint, EntityUid, PolicyId, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet, Env};
use tokio::process::Command;

/// The actions of which [`Prover::richer`] tells what they newly permit.
pub const ACTIONS: [&str; 8] =
    ["identified", "limited", "pseudonymised", "deidentified", "restore", "reveal", "call_tool", "command_device"];

/// How long the solver may think about one question, in milliseconds.
const TIME: &str = "--tlimit=60000";

/// What permits everything: a claim is this without what it forbids.
const ALL: &str = "@id(\"all\") permit (principal, action, resource);";

/// Proves claims with cvc5.
pub struct Prover {
    program: PathBuf,
    runtime: tokio::runtime::Runtime,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub enum Finding {
    /// No request that the policies allow breaks it.
    Proved {
        /// Its name.
        claim: String,
        /// What it says.
        states: String,
    },
    /// There is a request that the policies allow and that breaks it.
    Refuted {
        /// Its name.
        claim: String,
        /// What it says.
        states: String,
        /// The action that is allowed.
        action: String,
        /// The request, with all that is known in it.
        example: String,
    },
}

/// Why nothing can be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// There is no solver.
    #[error("the solver {} cannot be started ({source}); install cvc5 (on Debian: apt-get install cvc5), or name it in CVC5", .program.display())]
    NoSolver {
        /// What was tried.
        program: PathBuf,
        /// Why it did not start.
        source: std::io::Error,
    },
    /// A claim is no Cedar, does not fit the schema, or the solver did not come to an end.
    #[error("{place}: {message}")]
    Failed {
        /// The claim, or the action.
        place: String,
        /// What is wrong.
        message: String,
    },
}

impl Prover {
    /// The solver that is installed.
    ///
    /// # Errors
    /// If there is none.
    pub fn find() -> Result<Self, ProofError> {
        let program = PathBuf::from(std::env::var_os("CVC5").unwrap_or_else(|| "cvc5".into()));
        let no = |source| ProofError::NoSolver { program: program.clone(), source };
        let mut command = std::process::Command::new(&program);
        let ran = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().map_err(no)?;
        if !ran.success() {
            return Err(no(std::io::Error::other("it does not tell its version")));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no)?;
        Ok(Self { program, runtime })
    }

    /// Every claim of the pack's `invariants.cedar` files, proved or refuted.
    ///
    /// # Errors
    /// If a claim cannot be read, or the solver comes to no end.
    pub fn invariants(&self, pack: &Pack, policy: &Policy) -> Result<Vec<Finding>, ProofError> {
        let mut findings = Vec::new();
        for source in pack.invariants() {
            let claims = PolicySet::from_str(&source.text).map_err(failed(&source.name))?;
            let mut claims: Vec<_> = claims.policies().collect();
            claims.sort_by_key(|claim| number(claim.id()));
            for claim in claims {
                let name = claim.annotation("id").unwrap_or_default().to_owned();
                let states = claim.annotation("states").unwrap_or_default().to_owned();
                let mut bound = PolicySet::from_str(ALL).map_err(failed(&name))?;
                bound.add(claim.new_id(PolicyId::new("claim"))).map_err(failed(&name))?;
                let (deciding, schema) = policy.deciding();
                let mut broken = None;
                let envs: Vec<RequestEnv> = schema.request_envs().filter(|env| concerns(claim, env)).collect();
                if envs.is_empty() {
                    // A claim about nothing would always hold.
                    return Err(failed(&name)("the claim is about no action of the schema"));
                }
                for env in envs {
                    if let Some(example) = self.breaks(deciding, &bound, &env, schema).map_err(failed(&name))? {
                        broken = Some((env.action().to_string(), example));
                        break;
                    }
                }
                findings.push(match broken {
                    None => Finding::Proved { claim: name, states },
                    Some((action, example)) => {
                        Finding::Refuted { claim: name, states, action, example: example.to_string() }
                    }
                });
            }
        }
        Ok(findings)
    }

    /// A request for the action that the new policies permit and the old ones do not; `None` where there is none, which is
    /// proved.
    ///
    /// # Errors
    /// If the solver comes to no end.
    pub fn richer(&self, old: &Policy, new: &Policy, action: &str) -> Result<Option<String>, ProofError> {
        let (policies, schema) = new.deciding();
        for env in schema.request_envs().filter(|env| env.action().id().unescaped() == action) {
            let example = self.breaks(policies, old.deciding().0, &env, schema).map_err(failed(action))?;
            if let Some(example) = example {
                return Ok(Some(example.to_string()));
            }
        }
        Ok(None)
    }

    /// A request that the policies allow and the bound does not.
    fn breaks(
        &self,
        policies: &PolicySet,
        bound: &PolicySet,
        env: &RequestEnv,
        schema: &Schema,
    ) -> Result<Option<Env>, Box<cedar_policy_symcc::err::Error>> {
        let policies = CompiledPolicySet::compile(policies, env, schema).map_err(Box::new)?;
        let bound = CompiledPolicySet::compile(bound, env, schema).map_err(Box::new)?;
        self.runtime.block_on(async {
            let solver = LocalSolver::from_command(Command::new(&self.program).args(["--lang", "smt", TIME]))
                .map_err(|error| Box::new(error.into()))?;
            let mut compiler = CedarSymCompiler::new(solver).map_err(Box::new)?;
            compiler.check_implies_with_counterexample_opt(&policies, &bound).await.map_err(Box::new)
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proved { claim, states } => write!(f, "proved   {claim}: {states}"),
            Self::Refuted { claim, states, action, example } => {
                write!(f, "REFUTED  {claim}: {states}\n    {action} is allowed, for example:\n{example}")
            }
        }
    }
}

/// Whether a claim is about requests for this action. (Cedar's own `get_valid_request_envs` knows no groups of actions.)
fn concerns(claim: &cedar_policy::Policy, env: &RequestEnv) -> bool {
    let action = env.action();
    let disclosure = ["identified", "limited", "pseudonymised", "deidentified"].contains(&action.id().unescaped());
    let is = |uid: &EntityUid| uid == action || (disclosure && uid.id().unescaped() == "disclose");
    match claim.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => is(&uid),
        ActionConstraint::In(uids) => uids.iter().any(is),
    }
}

fn failed<E: fmt::Display>(place: &str) -> impl FnOnce(E) -> ProofError + use<E> {
    let place = place.to_owned();
    move |error| ProofError::Failed { place, message: error.to_string() }
}

/// The place of a policy in its file, which Cedar gives it as a name.
fn number(id: &PolicyId) -> usize {
    id.to_string().trim_start_matches("policy").parse().unwrap_or(usize::MAX)
}

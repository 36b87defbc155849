//! AI systems as Cedar sees them, kept from one decision to the next: making them anew is a third of a decision.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use cedar_policy::Entities;

use crate::PolicyError;
use crate::inputs::{Contract, Inputs};
use crate::vendor::Status;

/// Systems that are kept; where they are more, all are forgotten.
const MOST: usize = 1024;

/// Systems, with all that stands around them, by id.
#[derive(Default)]
pub(crate) struct Surroundings {
    kept: Mutex<HashMap<String, (Part, Entities)>>,
}

/// What of a decision's inputs is about the system. Facts begin and end, so that the same system of the same register has more
/// than one of these.
struct Part {
    /// The register, whose grants these are.
    register: u64,
    vendor: String,
    contracts: [Option<Contract>; 3],
    statuses: [Option<Status>; 2],
    stopped: bool,
    retention_days: Option<u32>,
    trains_on_data: Option<bool>,
    regions: Option<BTreeSet<String>>,
    patient_facing: Option<bool>,
    zones: BTreeSet<String>,
}

impl Part {
    fn of(register: u64, inputs: &Inputs) -> Self {
        Self {
            register,
            vendor: inputs.vendor.clone(),
            contracts: [inputs.baa.clone(), inputs.dua.clone(), inputs.qsoa.clone()],
            statuses: [inputs.vendor_status, inputs.system_status],
            stopped: inputs.stopped,
            retention_days: inputs.retention_days,
            trains_on_data: inputs.trains_on_data,
            regions: inputs.regions.clone(),
            patient_facing: inputs.patient_facing,
            zones: inputs.zones.clone(),
        }
    }

    fn is_of(&self, register: u64, inputs: &Inputs) -> bool {
        let [baa, dua, qsoa] = &self.contracts;
        self.register == register
            && self.vendor == inputs.vendor
            && (baa, dua, qsoa) == (&inputs.baa, &inputs.dua, &inputs.qsoa)
            && self.statuses == [inputs.vendor_status, inputs.system_status]
            && self.stopped == inputs.stopped
            && self.retention_days == inputs.retention_days
            && self.trains_on_data == inputs.trains_on_data
            && self.regions == inputs.regions
            && self.patient_facing == inputs.patient_facing
            && self.zones == inputs.zones
    }
}

impl Surroundings {
    /// The system as it is at the moment of these inputs; made where it is not kept.
    pub(crate) fn of(
        &self,
        register: u64,
        inputs: &Inputs,
        make: impl FnOnce() -> Result<Entities, PolicyError>,
    ) -> Result<Entities, PolicyError> {
        {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, entities)) = kept.get(&inputs.system).filter(|(part, _)| part.is_of(register, inputs)) {
                return Ok(entities.clone());
            }
        }
        let entities = make()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(inputs.system.clone(), (Part::of(register, inputs), entities.clone()));
        Ok(entities)
    }
}

# The rules of the pack us-provider, written a second time and otherwise: what is asked is what stands in the way. Tests compare
# every answer with that of the Cedar policies.
package asepsis

import rego.v1

default identified := false

default limited := false

default pseudonymised := false

default deidentified := false

default restore := false

in_force(agreement) if {
	agreement.state == "signed"
	agreement.effective <= input.now
	input.now < agreement.expires
}

emergency if {
	input.break_glass
	"ETREAT" in input.purposes
}

labelled(codes) if {
	some label in input.kinds
	label in codes
}

authorised(what) if what in input.authorizations

# === The ladder ===

granted if {
	input.purpose != "UNKNOWN"
	input.purpose_granted
}

care if {
	some purpose in ["TREAT", "HPAYMT", "HOPERAT"]
	purpose in input.purposes
}

study if {
	some purpose in ["HRESCH", "PUBHLTH", "HOPERAT"]
	purpose in input.purposes
}

reachable if granted

reachable if {
	emergency
	input.role_granted
}

for_care if {
	granted
	care
}

for_care if {
	emergency
	input.role_granted
}

theft if {
	some class in input.classes
	class in {"SSN", "ACCOUNT", "HEALTH_PLAN", "LICENSE"}
}

# === What stands in the way of anything ===

barred contains "stopped" if input.stopped

barred contains "system" if not input.system_status in {"approved", "lapsed"}

barred contains "vendor" if not input.vendor_status in {"approved", "lapsed"}

barred contains "credentials" if not input.credentials == false

barred contains "injection" if not calm

calm if input.injection < input.limits.injection

barred contains "zone" if {
	count(input.zones) > 0
	not input.zone in input.zones
}

# === What stands in the way of health information ===

held contains "lapsed" if "lapsed" in {input.system_status, input.vendor_status}

held contains "trains" if not input.trains_on_data == false

held contains "region" if {
	count(input.limits.regions) > 0
	not at_home
}

at_home if {
	count(input.regions) > 0
	every region in input.regions { region in input.limits.regions }
}

held contains "crowd" if {
	not few
	not emergency
}

few if input.individuals <= input.limits.individuals

held contains "unlabelled" if not input.kinds

held contains "psychotherapy" if {
	labelled({"PSYTHPN", "HIPAAPsyNotes"})
	not authorised("PSYTHPN")
}

held contains "part2" if {
	labelled({"SUD", "42CFRPart2"})
	not authorised("42CFRPart2")
	not in_force(input.qsoa)
	not emergency
}

held contains "self-pay" if {
	labelled({"HIPAASelfPay"})
	not care_only
}

care_only if {
	input.purpose != "UNKNOWN"
	not "HPAYMT" in input.purposes
	not "HOPERAT" in input.purposes
}

held contains "training" if {
	not input.training == true
	not emergency
}

held contains "attestation" if {
	not input.attestation == true
	not emergency
}

held contains "device" if {
	not input.managed_device == true
	not emergency
}

held contains purpose if {
	some purpose in {"HMARKT", "MODELTRAIN"}
	purpose in input.purposes
	not authorised(purpose)
}

free if {
	count(barred) == 0
	count(held) == 0
}

# === The answers ===

identified if {
	free
	for_care
	in_force(input.baa)
	input.retention_days <= input.limits.retention_days
	not theft
}

limited if {
	free
	granted
	study
	in_force(input.dua)
}

pseudonymised if {
	free
	reachable
	in_force(input.baa)
}

claims if input.full_assurance

claims if input.first_layer_accepted

deidentified if {
	count(barred) == 0
	input.role_granted
	claims
}

restore if {
	input.may_restore
	not input.stopped
	input.managed_device == true
	seen_to
}

# What a patient reads: a person reads it first, or the required wording goes with it.
seen_to if input.reviewed == true

seen_to if {
	input.patient_facing == false
	input.purpose != "UNKNOWN"
	not "PATRQT" in input.purposes
}

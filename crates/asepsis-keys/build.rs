//! With the feature `fips`, refuses to be built with anything but the certified line of AWS-LC.

/// The releases of `aws-lc-fips-sys` that build AWS-LC FIPS 3.x, whose certificate is in force. 0.14 builds 4.x, which
/// is not certified yet.
const CERTIFIED: &str = "aws_lc_fips_0_13_";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_FIPS").is_none() {
        return;
    }
    // aws-lc-rs tells those that depend on it which library it was built with.
    let built_with: Vec<String> =
        std::env::vars().filter(|(name, _)| name.starts_with("DEP_AWS_LC_RS_")).map(|(_, value)| value).collect();
    assert!(
        built_with.iter().any(|value| value.contains(CERTIFIED)),
        "the feature `fips` needs the certified line of AWS-LC: run `cargo update -p aws-lc-rs --precise 1.17.4`, as docs/keys.md \
         says, and build again"
    );
}

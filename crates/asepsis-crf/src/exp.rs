/// The exponential function to about five digits, the same to the bit everywhere.
///
/// 2^f is a polynomial on -0.5..0.5 (Taylor coefficients of ln 2), 2^i goes into the exponent's bits.
pub(crate) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    /// 1.5 * 2^23: adding and taking it away rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let t = x.clamp(-80.0, 80.0) * LOG2_E;
    let whole = (t + ROUND) - ROUND;
    let f = t - whole;
    let p = 1.0
        + f * (std::f32::consts::LN_2
            + f * (0.240_226_5
                + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_355_8 + f * 0.000_154_035_3)))));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the clamp keeps it within -116..116")]
    let scale = f32::from_bits((((whole as i32) + 127) << 23) as u32);
    p * scale
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn it_is_the_exponential_function() {
        for i in -800..=800 {
            let x = f64::from(i) / 10.0;
            let ratio = f64::from(exp(x as f32)) / (f64::from(x as f32)).exp();
            assert!((ratio - 1.0).abs() < 1e-5, "exp({x}) is off by {ratio}");
        }
        assert!(exp(-1e9) > 0.0 && exp(1e9).is_finite());
    }
}

//! Declarations of CSS by which nothing is shown.

/// Whether declarations, in small letters and without white space, hide what they are for.
pub(super) fn hides(packed: &str) -> bool {
    const STYLES: [&str; 9] = [
        "display:none",
        "visibility:hidden",
        "visibility:collapse",
        "mso-hide:all",
        "max-height:0",
        "clip:rect(0",
        "color:transparent",
        "scale(0)",
        "clip-path:inset(100%",
    ];
    STYLES.iter().any(|style| packed.contains(style))
        || ["font-size:", "opacity:", ";height:0;width:", ";width:0;height:"].iter().any(|p| is_nothing(packed, p))
        || ["text-indent:-", "left:-", "top:-", "right:-"].iter().any(|p| is_far(packed, p))
}

/// Whether a property is set to zero or next to it.
fn is_nothing(packed: &str, property: &str) -> bool {
    packed.match_indices(property).any(|(i, _)| {
        let (number, unit) = number(&packed[i + property.len()..]);
        match number {
            Some(n) if property == "font-size:" => {
                n < 0.1 || n <= 1.0 && (unit.starts_with("px") || unit.starts_with("pt"))
            }
            Some(n) => n < 0.05,
            None => false,
        }
    })
}

/// Whether something is moved out of what is looked at: further than a screen, not by a margin.
fn is_far(packed: &str, property: &str) -> bool {
    packed.match_indices(property).any(|(i, _)| {
        let own = !packed[..i].ends_with('-');
        own && number(&packed[i + property.len()..]).0.is_some_and(|n| n >= 500.0)
    })
}

/// The number at the beginning, and what follows it.
fn number(value: &str) -> (Option<f32>, &str) {
    let len = value.bytes().take(8).take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    (value[..len].parse().ok(), &value[len..])
}

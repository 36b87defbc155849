//! What must hold for any input, for the fuzz targets of the repository's folder `fuzz`: it is only built for them and for tests.

use crate::site::{Site, SitePattern};

/// Whether a pattern learned from `examples` compiles and finds each of them.
pub fn site_pattern(pattern: SitePattern, examples: &[&str]) -> bool {
    let Ok(site) = Site::new(&[pattern]) else { return false };
    examples.iter().all(|e| site.is_found(e.trim()))
}
